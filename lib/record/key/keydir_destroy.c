/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/file/walk.h"
#include "record/key/keydir-private.h"

#define DESTROYED      "destroyed"
#define DESTROYED_HEAD "before "

int
keydir_destroyed(const struct keydir *d, int32_t *ret_before, struct err *e)
{
	char text[64];
	size_t n = 0, head = strlen(DESTROYED_HEAD);
	int rc = file_get(d->fd, DESTROYED, text, sizeof(text), &n, e);

	if (rc < 0)
		return err_within(e, "key folder");
	if (rc > 0) {
		*ret_before = INT32_MIN;
		return 0;
	}
	if (n != head + DAY_LEN + 1 || memcmp(text, DESTROYED_HEAD, head) != 0 ||
		text[n - 1] != '\n' || !day_parse(span_of(text + head, DAY_LEN), ret_before))
		return err_fail(e, EX_DATAERR, 0, N_("the mark of destroyed keys is damaged"),
			N_("write into it: before YYYY-MM-DD, the oldest day whose key may live"),
			"%s", DESTROYED);
	return 0;
}

/* Overwrites FD's N bytes. */
static int
file_overwrite(int fd, off_t n)
{
	uint8_t noise[4096];
	size_t len;

	for (off_t at = 0; at < n; at += (off_t)len) {
		len = n - at < (off_t)sizeof(noise) ? (size_t)(n - at) : sizeof(noise);
		randombytes_buf(noise, len);
		if (pwrite(fd, noise, len, at) != (ssize_t)len)
			return -1;
	}
	return fsync(fd);
}

int
file_destroy(int dirfd, const char *name, struct err *e)
{
	cleanup_fd int fd = -1;
	struct stat st;
	struct err why;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0
				       : err_fail(e, EX_IOERR, errno, N_("cannot destroy a key"),
						 NULL, "%s", name);
	if (S_ISREG(st.st_mode)) {
		fd = walk_open(dirfd, name, O_WRONLY, 0, &st, &why);
		if (fd < 0 && why.errnum == ENOENT)
			return 0; /* who made it was quicker */
		if (fd < 0) {
			if (e)
				*e = why;
			return -1;
		}
		if (file_overwrite(fd, st.st_size) < 0)
			return err_fail(
				e, EX_IOERR, errno, N_("cannot overwrite a key"), NULL, "%s", name);
	}
	if ((unlinkat(dirfd, name, 0) < 0 && errno != ENOENT) || fsync(dirfd) < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot destroy a key"), NULL, "%s", name);
	return 0;
}

/* Puts the mark forward to DAY; it never goes back. */
static int
mark_put(const struct keydir *d, int32_t day, struct err *e)
{
	char text[sizeof(DESTROYED_HEAD) + DAY_TEXT_MAX] = DESTROYED_HEAD, temp[32];
	cleanup_fd int fd = -1;
	size_t n = strlen(text);
	int32_t before = INT32_MIN;

	if (keydir_destroyed(d, &before, e) < 0)
		return -1;
	if (day <= before)
		return 0;
	if (!day_format(day, text + n))
		return err_fail(e, EX_DATAERR, 0, N_("a day without a name"), NULL, NULL);
	n += DAY_LEN;
	text[n++] = '\n';
	(void)snprintf(temp, sizeof(temp), ".%s.new", DESTROYED); /* ours alone: under the lock */
	fd = walk_open(d->fd, temp, O_WRONLY | O_CREAT | O_TRUNC, 0600, NULL, e);
	if (fd < 0)
		return -1;
	if (file_fill(fd, text, n, &d->st) < 0 || renameat(d->fd, temp, d->fd, DESTROYED) < 0 ||
		fsync(d->fd) < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot write"), NULL, "%s", DESTROYED);
	return 0;
}

/* The day that the file NAME belongs to: a key, or (ret_temp) what a kill left of making one. */
static bool
name_day(const char *name, int32_t *ret_day, bool *ret_temp)
{
	size_t n = strlen(name);

	*ret_temp = name[0] == '.';
	name += *ret_temp;
	n -= *ret_temp;
	return n >= NAME_LEN && memcmp(name + DAY_LEN, ".key", 4) == 0 &&
	       (*ret_temp ? name[NAME_LEN] == '.' : n == NAME_LEN) &&
	       day_parse(span_of(name, DAY_LEN), ret_day);
}

static void
closedirp(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

/* A reader of its own, at the beginning. NULL with E filled. */
static DIR *
folder_read(const struct keydir *d, struct err *e)
{
	int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		(void)err_fail(e, EX_IOERR, errno, N_("cannot read the key folder"), NULL, NULL);
		fd_closep(&fd);
	}
	return dir;
}

/* Destroys every file of a day before DAY. *ret_n counts keys. */
static int
keys_destroy(const struct keydir *d, int32_t day, unsigned *ret_n, struct err *e)
{
	CLEANUP(closedirp) DIR *dir = folder_read(d, e);
	const struct dirent *ent;
	unsigned n = 0;
	bool temp;
	int32_t of;

	if (!dir)
		return -1;
	while ((errno = 0, ent = readdir(dir))) {
		if (!name_day(ent->d_name, &of, &temp) || of >= day)
			continue;
		if (file_destroy(d->fd, ent->d_name, e) < 0)
			return -1;
		n += !temp;
	}
	if (errno != 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot read the key folder"), NULL, NULL);
	*ret_n = n;
	return 0;
}

int
keydir_check_destroy(int32_t day, struct err *e)
{
	if (day > day_today() + 1)
		return err_fail(e, EX_NOPERM, 0, N_("refused to destroy the keys of days to come"),
			N_("give today's date or an earlier one"), NULL);
	return 0;
}

int
keydir_destroy_before(const struct keydir *d, int32_t day, unsigned *ret_n, struct err *e)
{
	cleanup_fd int lock = -1; /* the lock goes with it: it belongs to this very open */

	if (keydir_check_destroy(day, e) < 0)
		return -1;
	lock = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot lock the key folder"), NULL, NULL);
	if (mark_put(d, day, e) < 0)
		return -1;
	return keys_destroy(d, day, ret_n, e);
}

static int
day_compare(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return x < y ? -1 : x > y;
}

int
keydir_list(const struct keydir *d, keydir_seen *seen, void *ctx, struct err *e)
{
	CLEANUP(closedirp) DIR *dir = folder_read(d, e);
	cleanup_mem int32_t *days = NULL;
	const struct dirent *ent;
	size_t n = 0;
	int32_t day;
	bool temp;

	if (!dir)
		return -1;
	while ((errno = 0, ent = readdir(dir))) {
		if (!name_day(ent->d_name, &day, &temp) || temp)
			continue;
		if ((n & (n - 1)) == 0) { /* room doubles at each power of two */
			int32_t *more = reallocarray(days, n ? 2 * n : 1, sizeof(*days));

			if (!more)
				return err_memory(e);
			days = more;
		}
		days[n++] = day;
	}
	if (errno != 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot read the key folder"), NULL, NULL);
	if (n > 0)
		qsort(days, n, sizeof(*days), day_compare);
	for (size_t i = 0; i < n; i++)
		seen(ctx, days[i]);
	return 0;
}

/* Is the disk that DEV lies on known to rotate? A partition has its disk one folder up. */
static bool
device_rotates(dev_t dev)
{
	static const char *const queue[] = { "queue", "../queue" };

	for (size_t i = 0; i < sizeof(queue) / sizeof(queue[0]); i++) {
		char path[80];
		cleanup_stdio FILE *f = NULL;

		(void)snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s/rotational", major(dev),
			minor(dev), queue[i]);
		f = fopen(path, "re");
		if (f)
			return fgetc(f) == '1';
	}
	return false;
}

bool
keydir_clears(const struct keydir *d)
{
	struct statfs fs;

	if (fstatfs(d->fd, &fs) < 0)
		return false;
	if (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC)
		return true;
	return (fs.f_type == EXT4_SUPER_MAGIC || fs.f_type == XFS_SUPER_MAGIC) &&
	       device_rotates(d->st.st_dev);
}
