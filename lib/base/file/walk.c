/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file/walk-private.h"

#define ALWAYS (O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)

static atomic_bool fallback_forced;

void
walk_force_fallback(bool yes)
{
	fallback_forced = yes;
}

int
walk_mount(int dirfd, const char *name, uint64_t *ret)
{
	const int flags = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
	struct statx stx;
	struct stat st;

	if (statx(dirfd, name, flags, STATX_MNT_ID, &stx) == 0 && (stx.stx_mask & STATX_MNT_ID)) {
		*ret = stx.stx_mnt_id;
		return 0;
	}
	if (fstatat(dirfd, name, &st, flags) < 0)
		return -1;
	*ret = st.st_dev;
	return 0;
}

static struct timespec
time_of(struct statx_timestamp t)
{
	return (struct timespec){ .tv_sec = t.tv_sec, .tv_nsec = t.tv_nsec };
}

int
walk_stat(int dirfd, const char *name, struct stat *ret_st, uint64_t *ret_mount)
{
	const int flags = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
	const unsigned wanted = STATX_BASIC_STATS | STATX_MNT_ID;
	struct statx x;

	if (statx(dirfd, name, flags, wanted, &x) < 0 || (x.stx_mask & wanted) != wanted)
		return fstatat(dirfd, name, ret_st, flags) < 0 ? -1
							       : walk_mount(dirfd, name, ret_mount);
	*ret_st = (struct stat){ .st_dev = makedev(x.stx_dev_major, x.stx_dev_minor),
		.st_ino = x.stx_ino,
		.st_mode = x.stx_mode,
		.st_nlink = x.stx_nlink,
		.st_uid = x.stx_uid,
		.st_gid = x.stx_gid,
		.st_rdev = makedev(x.stx_rdev_major, x.stx_rdev_minor),
		.st_size = (off_t)x.stx_size,
		.st_blksize = (blksize_t)x.stx_blksize,
		.st_blocks = (blkcnt_t)x.stx_blocks,
		.st_atim = time_of(x.stx_atime),
		.st_mtim = time_of(x.stx_mtime),
		.st_ctim = time_of(x.stx_ctime) };
	*ret_mount = x.stx_mnt_id;
	return 0;
}

/* Opens the one component NAME below *DIR, with openat2's answers. */
static int
component_open(int dir, const char *name, int flags, mode_t mode, uint64_t mount)
{
	cleanup_fd int fd = openat(dir, name, flags | ALWAYS, mode);
	struct stat st;
	uint64_t its_mount;

	if (fd < 0) {
		/* O_DIRECTORY tells of a link as "not a directory" */
		if (errno == ENOTDIR && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			errno = S_ISLNK(st.st_mode) ? ELOOP : ENOTDIR;
		return -1;
	}
	if (walk_mount(fd, "", &its_mount) < 0)
		return -1;
	if (its_mount != mount) {
		errno = EXDEV;
		return -1;
	}
	return fd_take(&fd);
}

/* The fallback. What openat2 would do in one call is done component by component; each is held by
 * its descriptor, so that nobody can swap it meanwhile. */
static int
open_by_component(int dirfd, const char *name, int flags, mode_t mode)
{
	cleanup_fd int dir = openat(dirfd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	uint64_t mount;
	char part[NAME_MAX + 1];

	if (dir < 0 || walk_mount(dir, "", &mount) < 0)
		return -1;
	for (;;) {
		const size_t n = strcspn(name, "/");
		const char *rest = name + n + strspn(name + n, "/");
		int fd;

		if (n > NAME_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(part, name, n);
		part[n] = '\0';
		if (name[n] == '\0')
			return component_open(dir, part, flags, mode, mount);
		if (*rest == '\0') /* "name/" */
			return component_open(dir, part, flags | O_DIRECTORY, mode, mount);
		fd = component_open(dir, part, O_PATH | O_DIRECTORY, 0, mount);
		if (fd < 0)
			return -1;
		(void)close(dir); /* only a place */
		dir = fd;
		name = rest;
	}
}

#define BENEATH (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV)
#define INSIDE  (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)

int
walk_openat2(int dirfd, const char *name, int flags, mode_t mode, uint64_t resolve)
{
	const struct open_how how = {
		/* with O_PATH it takes nothing that has no meaning there */
		.flags = (uint64_t)(flags & O_PATH ? flags & ~O_NONBLOCK : flags),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = resolve,
	};
	long fd = -1;

	if (fallback_forced) {
		errno = ENOSYS;
		return -1;
	}
	/* EAGAIN: something was renamed on the way, the kernel could not be sure */
	for (int i = 0; i < 100; i++) {
		fd = syscall(SYS_openat2, dirfd, name, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return (int)fd;
}

static int
open_beneath(int dirfd, const char *name, int flags, mode_t mode)
{
	struct stat st;
	int fd;

	fd = walk_openat2(dirfd, name, flags | ALWAYS, mode, BENEATH);
	if (fd < 0 && errno == ENOSYS)
		return open_by_component(dirfd, name, flags, mode);
	if (fd < 0 && errno == ENOTDIR && (flags & O_DIRECTORY)) {
		/* so it tells of a link, too */
		cleanup_fd int place = walk_openat2(dirfd, name, O_PATH | ALWAYS, 0, BENEATH);

		errno = place >= 0 && fstat(place, &st) == 0 && S_ISLNK(st.st_mode) ? ELOOP
										    : ENOTDIR;
	}
	return fd;
}

static bool
name_goes_up(const char *name)
{
	for (const char *p = name; *p; p += strcspn(p, "/")) {
		p += strspn(p, "/");
		if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || p[2] == '\0'))
			return true;
	}
	return false;
}

int
walk_failed(const char *name, int errnum, struct err *e)
{
	const char *what = N_("cannot open");

	switch (errnum) {
	case ELOOP:
		return err_fail(
			e, EX_NOPERM, 0, N_("will not follow a symbolic link"), NULL, "%s", name);
	case EXDEV:
		return err_fail(
			e, EX_NOPERM, 0, N_("will not cross into another mount"), NULL, "%s", name);
	case ENXIO: /* a FIFO without a reader, a socket */
		return err_fail(e, EX_NOPERM, 0, N_("no regular file"), NULL, "%s", name);
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG:
		return err_fail(e, EX_NOINPUT, errnum, what, NULL, "%s", name);
	case EACCES:
	case EPERM:
		return err_fail(e, EX_NOPERM, errnum, what,
			N_("give the user of this program the right to it"), "%s", name);
	case EEXIST:
	case EROFS:
	case ENOSPC:
	case EDQUOT:
		return err_fail(e, EX_CANTCREAT, errnum, what, NULL, "%s", name);
	default:
		return err_fail(e, EX_IOERR, errnum, what, NULL, "%s", name);
	}
}

int
walk_open(int dirfd, const char *name, int flags, mode_t mode, struct stat *ret_st, struct err *e)
{
	cleanup_fd int fd = -1;
	struct stat st;

	if (*name == '/' || name_goes_up(name))
		return err_fail(e, EX_NOPERM, 0, N_("will not leave the folder"), NULL, "%s", name);
	fd = open_beneath(dirfd, name, flags, mode);
	if (fd < 0 || fstat(fd, &st) < 0)
		return walk_failed(name, errno, e);
	if (flags & O_DIRECTORY ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
		return walk_failed(name, ENXIO, e);
	if (ret_st)
		*ret_st = st;
	return fd_take(&fd);
}

int
walk_open_inside(int rootfd, const char *path, int flags, struct stat *ret_st, struct err *e)
{
	cleanup_fd int fd = -1;
	struct stat st;

	flags |= O_CLOEXEC | (flags & O_PATH ? 0 : O_NONBLOCK | O_NOCTTY);
	fd = walk_openat2(rootfd, path, flags, 0, INSIDE);
	if (fd < 0 && errno == ENOSYS)
		fd = walk_inside_by_component(rootfd, path, flags);
	if (fd < 0 || fstat(fd, &st) < 0)
		return walk_failed(path, errno, e);
	if (!(flags & O_PATH) &&
		(flags & O_DIRECTORY ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode)))
		return walk_failed(path, ENXIO, e);
	if (ret_st)
		*ret_st = st;
	return fd_take(&fd);
}

int
walk_open_parent(const char *path, const char **ret_name, struct err *e)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char dir[PATH_MAX];
	int fd;

	if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return err_fail(e, EX_NOINPUT, 0, N_("not the name of a file"), NULL, "%s", path);
	if (!slash)
		strcpy(dir, ".");
	else if (slash == path)
		strcpy(dir, "/");
	else if ((size_t)(slash - path) >= sizeof(dir))
		return walk_failed(path, ENAMETOOLONG, e);
	else
		*(char *)mempcpy(dir, path, (size_t)(slash - path)) = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return walk_failed(dir, errno, e);
	*ret_name = name;
	return fd;
}
