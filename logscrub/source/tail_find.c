/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/source/tail_find.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/file/walk.h"

static uint64_t
nanoseconds(const struct statx_timestamp *t)
{
	return (uint64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

/* Of NAME below DIRFD, or of DIRFD itself (""). False: not there, or no regular file. */
static bool
identify(int dirfd, const char *name, struct tail_id *ret, uint64_t *ret_changed_ns)
{
	struct statx x;

	if (statx(dirfd, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW,
		    STATX_TYPE | STATX_INO | STATX_MTIME | STATX_BTIME, &x) < 0 ||
		!S_ISREG(x.stx_mode))
		return false;
	*ret = (struct tail_id){ .dev = makedev(x.stx_dev_major, x.stx_dev_minor),
		.ino = x.stx_ino,
		.birth = x.stx_mask & STATX_BTIME ? nanoseconds(&x.stx_btime) : 0 };
	*ret_changed_ns = nanoseconds(&x.stx_mtime);
	return true;
}

int
tail_id_of(int fd, struct tail_id *ret, uint64_t *ret_changed_ns, struct err *e)
{
	if (identify(fd, "", ret, ret_changed_ns))
		return 0;
	return err_fail(e, EX_IOERR, errno, N_("cannot look at file"), NULL, NULL);
}

/* A device number may be another one after a boot; inode and birth together are enough. */
bool
tail_id_equal(const struct tail_id *a, const struct tail_id *b)
{
	if (a->ino != b->ino || a->birth != b->birth)
		return false;
	return a->birth != 0 || a->dev == b->dev;
}

bool
tail_is_sibling(const char *base, const char *name)
{
	size_t n = strlen(base);
	const char *suffix = name + n;

	if (strncmp(base, name, n) != 0 || (*suffix != '.' && *suffix != '-'))
		return false;
	return strspn(suffix, "0123456789._-") == strlen(suffix) &&
	       strpbrk(suffix, "0123456789") != NULL;
}

/* The file must still be the one that was looked at. */
static int
open_checked(int dirfd, const char *name, const struct tail_id *id)
{
	cleanup_fd int fd = walk_open(dirfd, name, O_RDONLY, 0, NULL, NULL);
	struct tail_id found;
	uint64_t changed_ns;

	if (fd < 0 || !identify(fd, "", &found, &changed_ns) || !tail_id_equal(&found, id))
		return -1;
	return fd_take(&fd);
}

static void
closedirp(DIR **d)
{
	if (*d)
		(void)closedir(*d); /* only read from */
}

/* Names in the folder of PATH; *ret_base points into PATH. */
static DIR *
open_folder(const char *path, const char **ret_base)
{
	cleanup_fd int fd = walk_open_parent(path, ret_base, NULL);
	cleanup_fd int own = fd >= 0 ? openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	DIR *d = own >= 0 ? fdopendir(own) : NULL; /* the parent may be open as O_PATH */

	if (d)
		(void)fd_take(&own);
	return d;
}

int
tail_find_same(const char *path, const struct tail_id *id)
{
	const char *base;
	CLEANUP(closedirp) DIR *d = open_folder(path, &base);
	const struct dirent *de;

	while (d && (de = readdir(d)) != NULL) {
		struct tail_id found;
		uint64_t changed_ns;

		if (de->d_ino == id->ino && identify(dirfd(d), de->d_name, &found, &changed_ns) &&
			tail_id_equal(&found, id))
			return open_checked(dirfd(d), de->d_name, id);
	}
	return -1;
}

int
tail_find_next(const char *path, const struct tail_id *id, uint64_t changed_ns)
{
	const char *base;
	CLEANUP(closedirp) DIR *d = open_folder(path, &base);
	const struct dirent *de;
	char best[NAME_MAX + 1] = "";
	uint64_t best_key = 0;
	struct tail_id best_id = { 0 };

	while (d && (de = readdir(d)) != NULL) {
		struct tail_id found;
		uint64_t key, after = id->birth ? id->birth : changed_ns;

		if ((strcmp(de->d_name, base) != 0 && !tail_is_sibling(base, de->d_name)) ||
			!identify(dirfd(d), de->d_name, &found, &key) || tail_id_equal(&found, id))
			continue;
		if (id->birth && found.birth)
			key = found.birth;
		/* a path that is younger than all counts even where the clock stood still */
		if (key < after || (best[0] && key >= best_key))
			continue;
		best_key = key;
		best_id = found;
		memcpy(best, de->d_name, strlen(de->d_name) + 1);
	}
	return best[0] ? open_checked(dirfd(d), best, &best_id) : -1;
}
