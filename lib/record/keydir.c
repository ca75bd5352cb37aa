/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/keydir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/walk.h"
#include "record/day.h"

#define MAGIC     "sparsam-key\001" /* the last byte is the version */
#define MAGIC_LEN (sizeof(MAGIC) - 1)
#define DAY_LEN   (DAY_TEXT_MAX - 1)
#define PLAIN_LEN (DAY_LEN + KEY_LEN) /* the day is sealed in: a file that was renamed is no key   \
				       */
#define BOX_AT   (MAGIC_LEN + crypto_secretbox_NONCEBYTES)
#define FILE_LEN (BOX_AT + crypto_secretbox_MACBYTES + PLAIN_LEN)

#define NAME_LEN       (DAY_LEN + 4) /* YYYY-MM-DD.key */
#define DESTROYED      "destroyed"
#define DESTROYED_HEAD "before "

static const char cachedir_tag[] =
	"Signature: 8a477f597d28d172789f06886806bc55\n"
	"# The daily keys of sparsam. A copy of them in a backup would undo their destruction.\n"
	"# See https://bford.info/cachedir/ and sparsam-keys(5).\n";

struct keydir {
	int fd;
	struct stat st;
};

struct keydir *
keydir_free(struct keydir *d)
{
	if (d)
		fd_closep(&d->fd);
	free(d);
	return NULL;
}

/* Makes PATH and the folder above it, which belongs to the same owner as what it lies in. */
static int
folder_make(const char *path, struct err *e)
{
	cleanup_mem char *above = strdup(path);
	struct stat st;
	char *slash;

	if (!above)
		return err_memory(e);
	slash = strrchr(above, '/');
	if (slash && slash != above) {
		*slash = '\0';
		if (mkdir(above, 0755) < 0 && errno != EEXIST)
			return err_fail(e, EX_CANTCREAT, errno, N_("cannot make the state folder"),
				NULL, "%s", above);
	} else {
		(void)strcpy(above, slash ? "/" : ".");
	}
	if (mkdir(path, 0700) < 0)
		return errno == EEXIST
			       ? 0
			       : err_fail(e, EX_CANTCREAT, errno, N_("cannot make the key folder"),
					 NULL, "%s", path);
	/* Root may come before the service does, which must be able to use the folder then. */
	if (geteuid() == 0 && (stat(above, &st) < 0 || lchown(path, st.st_uid, st.st_gid) < 0))
		return err_fail(e, EX_CANTCREAT, errno, N_("cannot give the key folder away"), NULL,
			"%s", path);
	return 0;
}

/* Opens PATH itself: not below something, for it may be a mount point (StateDirectory= makes one).
 */
static int
folder_open(struct keydir *d, const char *path, struct err *e)
{
	d->fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (d->fd < 0)
		return err_fail(e, errno == ENOENT ? EX_NOINPUT : EX_NOPERM, errno,
			N_("cannot open the key folder"), NULL, "%s", path);
	if (fstat(d->fd, &d->st) < 0)
		return err_fail(
			e, EX_IOERR, errno, N_("cannot read the key folder"), NULL, "%s", path);
	if (d->st.st_mode & 077)
		return err_fail(e, EX_NOPERM, 0, N_("others may enter the key folder"),
			N_("set its mode to 0700"), "%s", path);
	if (d->st.st_uid != geteuid() && geteuid() != 0)
		return err_fail(e, EX_NOPERM, 0, N_("the key folder belongs to somebody else"),
			NULL, "%s", path);
	return 0;
}

int
keydir_open(const char *path, bool make, struct keydir **ret, struct err *e)
{
	CLEANUP(keydir_freep) struct keydir *d = calloc(1, sizeof(*d));
	struct err tag;

	if (!d)
		return err_memory(e);
	d->fd = -1;
	if (make && access(path, F_OK) < 0 && folder_make(path, e) < 0)
		return -1;
	if (folder_open(d, path, e) < 0)
		return -1;
	/* Without the tag the folder works as well; a full disk shows when a key is made. */
	if (make)
		(void)file_put_new(d->fd, "CACHEDIR.TAG", cachedir_tag, sizeof(cachedir_tag) - 1,
			&d->st, &tag);
	*ret = TAKE(d);
	return 0;
}

/* Reads the file NAME up to N bytes. 0, with *ret_n; 1: it is not there. */
static int
file_get(int dirfd, const char *name, void *p, size_t n, size_t *ret_n, struct err *e)
{
	struct err why;
	cleanup_fd int fd = walk_open(dirfd, name, O_RDONLY, 0, NULL, &why);
	ssize_t got;

	if (fd < 0 && why.errnum == ENOENT)
		return 1;
	if (fd < 0) {
		if (e)
			*e = why;
		return -1;
	}
	got = pread(fd, p, n, 0);
	if (got < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot read"), NULL, "%s", name);
	*ret_n = (size_t)got;
	return 0;
}

/* Fills FD with P and has it on the disk. */
static int
file_fill(int fd, const void *p, size_t n, const struct stat *owner)
{
	if (geteuid() == 0 && fchown(fd, owner->st_uid, owner->st_gid) < 0)
		return -1;
	for (size_t done = 0; done < n;) {
		ssize_t w = pwrite(fd, (const char *)p + done, n - done, (off_t)done);

		if (w < 0 && errno != EINTR)
			return -1;
		done += w > 0 ? (size_t)w : 0;
	}
	return fsync(fd);
}

int
file_put_new(int dirfd, const char *name, const void *p, size_t n, const struct stat *owner,
	struct err *e)
{
	cleanup_fd int fd = -1;
	char temp[64];
	int rc = 0;

	(void)snprintf(temp, sizeof(temp), ".%.40s.%08x", name, randombytes_random());
	fd = walk_open(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL, 0600, NULL, e);
	if (fd < 0)
		return -1;
	if (file_fill(fd, p, n, owner) < 0)
		rc = err_fail(e, EX_IOERR, errno, N_("cannot write"), NULL, "%s", name);
	else if (linkat(dirfd, temp, dirfd, name, 0) < 0)
		rc = errno == EEXIST ? 1
				     : err_fail(e, EX_CANTCREAT, errno, N_("cannot write"), NULL,
					       "%s", name);
	/* What a kill leaves behind goes with its day (keydir_destroy_before()). */
	(void)unlinkat(dirfd, temp, 0);
	if (rc == 0 && fsync(dirfd) < 0)
		rc = err_fail(e, EX_IOERR, errno, N_("cannot write"), NULL, "%s", name);
	return rc;
}

static void
key_seal(const char *name, const uint8_t wrap[KEY_LEN], const uint8_t key[KEY_LEN],
	uint8_t ret[FILE_LEN])
{
	uint8_t plain[PLAIN_LEN];

	memcpy(plain, name, DAY_LEN);
	memcpy(plain + DAY_LEN, key, KEY_LEN);
	memcpy(ret, MAGIC, MAGIC_LEN);
	randombytes_buf(ret + MAGIC_LEN, crypto_secretbox_NONCEBYTES);
	crypto_secretbox_easy(ret + BOX_AT, plain, sizeof(plain), ret + MAGIC_LEN, wrap);
	sodium_memzero(plain, sizeof(plain));
}

static bool
key_unseal(const char *name, const uint8_t wrap[KEY_LEN], const uint8_t *file, size_t n,
	uint8_t ret[KEY_LEN])
{
	uint8_t plain[PLAIN_LEN];
	bool good;

	if (n != FILE_LEN || memcmp(file, MAGIC, MAGIC_LEN) != 0)
		return false;
	good = crypto_secretbox_open_easy(
		       plain, file + BOX_AT, FILE_LEN - BOX_AT, file + MAGIC_LEN, wrap) == 0 &&
	       memcmp(plain, name, DAY_LEN) == 0;
	if (good)
		memcpy(ret, plain + DAY_LEN, KEY_LEN);
	sodium_memzero(plain, sizeof(plain));
	return good;
}

/* The name of DAY's file. */
static int
key_name(int32_t day, char ret[NAME_LEN + 1], struct err *e)
{
	if (!day_format(day, ret))
		return err_fail(e, EX_DATAERR, 0, N_("a day without a name"), NULL, NULL);
	memcpy(ret + DAY_LEN, ".key", 5);
	return 0;
}

int
keydir_read(const struct keydir *d, int32_t day, const uint8_t wrap[KEY_LEN], uint8_t ret[KEY_LEN],
	struct err *e)
{
	uint8_t file[FILE_LEN + 1];
	char name[NAME_LEN + 1];
	size_t n;
	int rc;

	if (key_name(day, name, e) < 0)
		return -1;
	rc = file_get(d->fd, name, file, sizeof(file), &n, e);
	if (rc < 0)
		return err_within(e, "key folder");
	if (rc > 0)
		return 1;
	if (!key_unseal(name, wrap, file, n, ret))
		return err_fail(e, EX_DATAERR, 0,
			N_("a daily key does not open under the wrapping key"),
			N_("give back the wrapping key it was made with, or destroy the keys of "
			   "that time with \"logscrub keys --destroy-before\""),
			"%s", name);
	return 0;
}

int
keydir_destroyed(const struct keydir *d, int32_t *ret_before, struct err *e)
{
	char text[64];
	size_t n, head = strlen(DESTROYED_HEAD);
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

/* Is DAY's key destroyed? -1 where that cannot be read. */
static int
day_is_destroyed(const struct keydir *d, int32_t day, struct err *e)
{
	int32_t before;

	if (keydir_destroyed(d, &before, e) < 0)
		return -1;
	return day < before;
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

/* Overwrites the file NAME and unlinks it. What is no regular file holds no key: only unlinked. */
static int
file_destroy(int dirfd, const char *name, struct err *e)
{
	cleanup_fd int fd = -1;
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0
				       : err_fail(e, EX_IOERR, errno, N_("cannot destroy a key"),
						 NULL, "%s", name);
	if (S_ISREG(st.st_mode)) {
		fd = walk_open(dirfd, name, O_WRONLY, 0, &st, e);
		if (fd < 0)
			return -1;
		if (file_overwrite(fd, st.st_size) < 0)
			return err_fail(
				e, EX_IOERR, errno, N_("cannot overwrite a key"), NULL, "%s", name);
	}
	if ((unlinkat(dirfd, name, 0) < 0 && errno != ENOENT) || fsync(dirfd) < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot destroy a key"), NULL, "%s", name);
	return 0;
}

int
keydir_make(const struct keydir *d, int32_t day, const uint8_t wrap[KEY_LEN], uint8_t ret[KEY_LEN],
	struct err *e)
{
	uint8_t key[KEY_LEN], file[FILE_LEN];
	char name[NAME_LEN + 1];
	int rc;

	if (key_name(day, name, e) < 0)
		return -1;
	rc = day_is_destroyed(d, day, e);
	if (rc == 0)
		rc = keydir_read(d, day, wrap, ret, e);
	else
		return rc;
	if (rc <= 0)
		return rc;
	randombytes_buf(key, sizeof(key));
	key_seal(name, wrap, key, file);
	sodium_memzero(key, sizeof(key));
	if (file_put_new(d->fd, name, file, sizeof(file), &d->st, e) < 0)
		return err_within(e, "key folder");
	/* Who destroys this day marks it first and looks for files then: either it finds ours, or
	 * we find its mark. */
	rc = day_is_destroyed(d, day, e);
	if (rc > 0 && file_destroy(d->fd, name, e) < 0)
		return -1;
	return rc != 0 ? rc : keydir_read(d, day, wrap, ret, e);
}

/* Puts the mark forward to DAY; it never goes back. */
static int
mark_put(const struct keydir *d, int32_t day, struct err *e)
{
	char text[sizeof(DESTROYED_HEAD) + DAY_TEXT_MAX] = DESTROYED_HEAD, temp[32];
	cleanup_fd int fd = -1;
	size_t n = strlen(text);
	int32_t before;

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
keydir_destroy_before(const struct keydir *d, int32_t day, unsigned *ret_n, struct err *e)
{
	/* The lock goes with the descriptor; it belongs to this open, not to the process. */
	cleanup_fd int lock = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

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
