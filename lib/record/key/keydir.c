/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/key/keydir.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file/walk.h"
#include "record/key/keydir-private.h"

/* Magic, nonce, box. The day is sealed in with the key: a file that was renamed is no key. */
#define MAGIC     "sparsam-key\001" /* the last byte is the version */
#define MAGIC_LEN (sizeof(MAGIC) - 1)
#define PLAIN_LEN (DAY_LEN + KEY_LEN)
#define BOX_AT    (MAGIC_LEN + crypto_secretbox_NONCEBYTES)
#define FILE_LEN  (BOX_AT + crypto_secretbox_MACBYTES + PLAIN_LEN)

static const char cachedir_tag[] =
	"Signature: 8a477f597d28d172789f06886806bc55\n"
	"# The daily keys of sparsam. A copy of them in a backup would undo their destruction.\n"
	"# See https://bford.info/cachedir/ and sparsam-keys(5).\n";

struct keydir *
keydir_free(struct keydir *d)
{
	if (d)
		fd_closep(&d->fd);
	free(d);
	return NULL;
}

/* Makes PATH and the folder above it; PATH gets that one's owner. */
static int
folder_make(const char *path, struct err *e)
{
	cleanup_mem char *above = NULL;
	const char *slash = strrchr(path, '/');
	struct stat st;

	above = slash ? strndup(path, slash > path ? (size_t)(slash - path) : 1) : strdup(".");
	if (!above)
		return err_memory(e);
	if (mkdir(above, 0755) < 0 && errno != EEXIST)
		return err_fail(e, EX_CANTCREAT, errno, N_("cannot make the state folder"), NULL,
			"%s", above);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_fail(
			e, EX_CANTCREAT, errno, N_("cannot make the key folder"), NULL, "%s", path);
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

int
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

int
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
	size_t n = 0;
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

/* Is DAY's key destroyed? -1 where that cannot be read. */
static int
day_is_destroyed(const struct keydir *d, int32_t day, struct err *e)
{
	int32_t before;

	if (keydir_destroyed(d, &before, e) < 0)
		return -1;
	return day < before;
}

/* Makes DAY's key, unless somebody else does meanwhile, and reads it back. 1: it is gone again. */
static int
key_make(const struct keydir *d, int32_t day, const char *name, const uint8_t wrap[KEY_LEN],
	uint8_t ret[KEY_LEN], struct err *e)
{
	uint8_t key[KEY_LEN], file[FILE_LEN];
	int rc;

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

int
keydir_make(const struct keydir *d, int32_t day, const uint8_t wrap[KEY_LEN], uint8_t ret[KEY_LEN],
	struct err *e)
{
	char name[NAME_LEN + 1];
	int rc;

	if (key_name(day, name, e) < 0)
		return -1;
	rc = day_is_destroyed(d, day, e);
	if (rc != 0)
		return rc;
	rc = keydir_read(d, day, wrap, ret, e);
	if (rc > 0)
		rc = key_make(d, day, name, wrap, ret, e);
	/* A file that goes wrong while its day is destroyed is no failure. */
	return rc < 0 && day_is_destroyed(d, day, NULL) > 0 ? 1 : rc;
}
