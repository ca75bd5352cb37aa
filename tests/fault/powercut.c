/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * powercut IMAGE FOLDER - a disk whose power can be cut
 *
 * Serves IMAGE as FOLDER/disk.img, for a loop device. Like a disk it has a cache that forgets: what
 * was written since the last flush (the loop device's fsync) is not in IMAGE yet. "SEED N" written
 * to FOLDER/cut cuts the power at the Nth write from then on (0: at once). IMAGE then has what was
 * flushed and, by SEED, some of the rest: none, all, some writes whole, or some sectors of some. A
 * line on standard output says so, and every further request fails with EIO.
 *
 * Runs until FOLDER is unmounted. The kernel is served one request at a time.
 */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define SECTOR 512u /* the greatest unit that every disk writes whole or not at all */

#ifndef PR_SET_IO_FLUSHER
#define PR_SET_IO_FLUSHER 57
#endif

struct written {
	char *data; /* owned */
	size_t len;
	off_t at;
};

/* How much of what was not flushed the image gets. */
enum fate { NONE, ALL, FIRST, SOME, SECTORS, N_FATES };
static const char *const fate_names[] = { "none", "all", "the first", "some", "sectors of some" };

static struct disk {
	int fd;
	off_t size;
	char *now; /* with what is not flushed: pages written to are ours, the others the image's */
	struct written *cache;
	size_t n, max;
	uint64_t random, n_flushes;
	long left; /* writes until the power is cut; -1: it stays */
	bool off;
} disk = { .left = -1 };

/* xorshift64*: the same cut for the same seed, on every machine. */
static uint64_t
disk_random(uint64_t below)
{
	disk.random ^= disk.random >> 12;
	disk.random ^= disk.random << 25;
	disk.random ^= disk.random >> 27;
	return (disk.random * UINT64_C(0x2545f4914f6cdd1d) >> 33) % below;
}

static int
image_put(const char *data, size_t len, off_t at)
{
	return pwrite(disk.fd, data, len, at) == (ssize_t)len ? 0 : -EIO;
}

static void
cache_clear(void)
{
	while (disk.n > 0)
		free(disk.cache[--disk.n].data);
}

/* Each sector of W survives or not. */
static int
put_sectors(const struct written *w, size_t *n_kept)
{
	int rc = 0;

	for (size_t i = 0; i < w->len && rc == 0; i += SECTOR) {
		size_t len = w->len - i < SECTOR ? w->len - i : SECTOR;

		if (disk_random(2) == 0)
			continue;
		rc = image_put(w->data + i, len, w->at + (off_t)i);
		++*n_kept;
	}
	return rc;
}

/* What the image holds of a sector is what was flushed or any write since: for that it is enough to
 * lose some and put the others in order. */
static int
disk_cut(void)
{
	enum fate fate = (enum fate)disk_random(N_FATES);
	size_t first = disk.n > 0 ? disk_random(disk.n) : 0;
	size_t n_whole = 0, n_sectors = 0;
	int rc = 0;

	for (size_t i = 0; i < disk.n && rc == 0; i++) {
		const struct written *w = &disk.cache[i];
		bool lucky = disk_random(2) == 0;

		if (fate == ALL || (fate == FIRST && i < first) || (fate >= SOME && lucky)) {
			rc = image_put(w->data, w->len, w->at);
			n_whole++;
		} else if ((fate == FIRST && i == first) || fate == SECTORS) {
			rc = put_sectors(w, &n_sectors);
		}
	}
	printf("cut: %llu flushes, %zu writes since; kept %s: %zu whole, %zu sectors\n",
		(unsigned long long)disk.n_flushes, disk.n, fate_names[fate], n_whole, n_sectors);
	fflush(stdout);
	cache_clear();
	disk.off = true;
	return rc;
}

static int
disk_write(const char *data, size_t len, off_t at)
{
	struct written w = { .len = len, .at = at };

	if (at < 0 || at > disk.size || len > (size_t)(disk.size - at))
		return -ENOSPC;
	if (disk.n == disk.max) {
		size_t max = disk.max ? 2 * disk.max : 64;
		struct written *grown = reallocarray(disk.cache, max, sizeof(w));

		if (!grown)
			return -ENOMEM;
		disk.cache = grown;
		disk.max = max;
	}
	w.data = malloc(len);
	if (!w.data)
		return -ENOMEM;
	memcpy(w.data, data, len);
	memcpy(disk.now + at, data, len);
	disk.cache[disk.n++] = w;
	return 0;
}

static int
disk_flush(void)
{
	int rc = 0;

	for (size_t i = 0; i < disk.n && rc == 0; i++)
		rc = image_put(disk.cache[i].data, disk.cache[i].len, disk.cache[i].at);
	cache_clear();
	disk.n_flushes++;
	return rc;
}

static int
disk_open(const char *image)
{
	struct stat st;

	disk.fd = open(image, O_RDWR | O_CLOEXEC);
	if (disk.fd < 0 || fstat(disk.fd, &st) < 0)
		return -1;
	disk.size = st.st_size;
	disk.now = mmap(NULL, (size_t)disk.size, PROT_READ | PROT_WRITE, MAP_PRIVATE, disk.fd, 0);
	return disk.now == MAP_FAILED ? -1 : 0;
}

/* --- the two files ---------------------------------------------------------------------------- */

static bool
is_disk(const char *path)
{
	return strcmp(path, "/disk.img") == 0;
}

static bool
is_switch(const char *path)
{
	return strcmp(path, "/cut") == 0;
}

/* Small ones, so that the power can go in the middle of what was one for the file system. */
static void *
begin(struct fuse_conn_info *kernel, struct fuse_config *config)
{
	(void)config;
	kernel->max_write = 4096;
	return NULL;
}

static int
get_attr(const char *path, struct stat *st, struct fuse_file_info *fi)
{
	(void)fi;
	*st = (struct stat){ .st_mode = S_IFREG | 0600, .st_nlink = 1 };
	if (strcmp(path, "/") == 0)
		st->st_mode = S_IFDIR | 0700;
	else if (is_disk(path))
		st->st_size = disk.size;
	else if (!is_switch(path))
		return -ENOENT;
	return 0;
}

static int
read_dir(const char *path, void *to, fuse_fill_dir_t fill, off_t at, struct fuse_file_info *fi,
	enum fuse_readdir_flags flags)
{
	(void)path, (void)at, (void)fi, (void)flags;
	return fill(to, "disk.img", NULL, 0, 0) || fill(to, "cut", NULL, 0, 0) ? -ENOMEM : 0;
}

/* Nothing of it is to stay in the kernel's cache, which would survive the cut. */
static int
open_file(const char *path, struct fuse_file_info *fi)
{
	fi->direct_io = 1;
	return is_disk(path) || is_switch(path) ? 0 : -ENOENT;
}

/* A shell opens the switch with O_TRUNC. */
static int
cut_short(const char *path, off_t size, struct fuse_file_info *fi)
{
	(void)size, (void)fi;
	return is_switch(path) ? 0 : -EPERM;
}

static int
read_file(const char *path, char *to, size_t len, off_t at, struct fuse_file_info *fi)
{
	(void)fi;
	if (!is_disk(path) || at < 0 || at >= disk.size)
		return 0;
	if (disk.off)
		return -EIO;
	if (len > (size_t)(disk.size - at))
		len = (size_t)(disk.size - at);
	memcpy(to, disk.now + at, len);
	return (int)len;
}

static int
arm(const char *text, size_t len)
{
	char line[64] = "";
	unsigned long long seed;

	if (len >= sizeof(line))
		return -EINVAL;
	memcpy(line, text, len);
	if (sscanf(line, "%llu %ld", &seed, &disk.left) != 2 || disk.left < 0)
		return -EINVAL;
	disk.random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1; /* never 0 */
	return disk.left == 0 ? disk_cut() : 0;
}

static int
write_file(const char *path, const char *data, size_t len, off_t at, struct fuse_file_info *fi)
{
	int rc;

	(void)fi;
	if (disk.off)
		return -EIO;
	rc = is_disk(path) ? disk_write(data, len, at) : arm(data, len);
	if (rc == 0 && is_disk(path) && disk.left > 0 && --disk.left == 0) {
		(void)disk_cut();
		return -EIO; /* it may be there all the same */
	}
	return rc < 0 ? rc : (int)len;
}

static int
sync_file(const char *path, int data_only, struct fuse_file_info *fi)
{
	(void)path, (void)data_only, (void)fi;
	return disk.off ? -EIO : disk_flush();
}

static const struct fuse_operations operations = { .init = begin,
	.getattr = get_attr,
	.readdir = read_dir,
	.open = open_file,
	.truncate = cut_short,
	.read = read_file,
	.write = write_file,
	.fsync = sync_file };

int
main(int argc, char **argv)
{
	char foreground[] = "-f", one_thread[] = "-s";
	char *args[] = { argv[0], foreground, one_thread, argc == 3 ? argv[2] : NULL, NULL };

	if (argc != 3) {
		fprintf(stderr, "usage: powercut IMAGE FOLDER\n");
		return EX_USAGE;
	}
	if (disk_open(argv[1]) < 0) {
		perror(argv[1]);
		return EX_NOINPUT;
	}
	/* Memory is never won by writing to ourselves; for this a privilege is needed. */
	(void)prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0);
	return fuse_main(4, args, &operations, NULL) == 0 ? 0 : EX_OSERR;
}
