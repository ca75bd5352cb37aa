/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * walk.h - paths by directory descriptor, never through a symbolic link
 *
 * openat2(2) with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV; where it says ENOSYS
 * (valgrind 3.19, some seccomp filters) component by component, with the same answers. ".." is
 * refused before either.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"

/* Opens NAME (relative) below DIRFD: always O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK besides FLAGS, then
 * fstat: a regular file (or, with O_DIRECTORY, a directory). Returns the descriptor, owned by the
 * caller; -1: EX_NOINPUT, EX_NOPERM, EX_NOPERM with "a symbolic link" for one on the way. *ret_st
 * may be NULL. */
int walk_open(
	int dirfd, const char *name, int flags, mode_t mode, struct stat *ret_st, struct err *e);

/* Opens the folder of PATH (absolute, or from the working directory) for use as DIRFD, and gives
 * the last component, which points into PATH. Links above the folder are the administrator's matter
 * and are followed. */
int walk_open_parent(const char *path, const char **ret_name, struct err *e);

/* Opens the folder PATH (absolute) for reading. Links on the way are followed if they belong to root or to
 * us: whoever owns a folder above could lead us anywhere by another one. EX_NOINPUT, EX_NOPERM, EX_IOERR;
 * EX_NOPERM without an errno: such a link. */
int walk_open_folder(const char *path, struct err *e);

/* Opens PATH as a process would whose root folder is ROOTFD: links are followed, but an absolute one
 * begins at ROOTFD and ".." never leads above it, so that nothing outside is reached, whatever the
 * tree holds. For reading a tree that others arranged, where sites-enabled/ is full of links and
 * /var/log is a mount: both are right there. Otherwise as walk_open(), with O_PATH in FLAGS for
 * anything, not only regular files. Fails with EX_NOINPUT, EX_NOPERM, EX_IOERR. */
int walk_open_inside(int rootfd, const char *path, int flags, struct stat *ret_st, struct err *e);

/* Which mount NAME below DIRFD ("": DIRFD itself) lies on, a link not followed: by its number, since a
 * device can be mounted twice, and a btrfs subvolume or a file of an overlay has a device number of
 * its own; by its device where the kernel (before 5.8) does not tell. -1: errno. */
int walk_mount(int dirfd, const char *name, uint64_t *ret);

/* fstatat() and walk_mount() in one call, where the kernel has it. -1: errno. */
int walk_stat(int dirfd, const char *name, struct stat *ret_st, uint64_t *ret_mount);

/* For tests: behave as if openat2 said ENOSYS. */
void walk_force_fallback(bool yes);
