/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * mount.h - on which file system a folder lies, and where in it
 *
 * Told so that it stays the same over boots and in a unit's own mount namespace, where systemd binds
 * folders onto themselves: not by mount points, device or mount numbers, but by the file system (its
 * type and what it was mounted from; of a disk, whose name may change, the kernel's id, which ext4
 * and btrfs take from their UUID) and by the folder's path within it. Another file system over a
 * folder, one that is missing, and another folder bound there all differ.
 * Source: proc_pid_mountinfo(5), statfs(2).
 */
#pragma once
#include <limits.h>

#include "base/err.h"

#define MOUNT_TYPE_MAX  64
#define MOUNT_WHERE_MAX (3 * PATH_MAX + MOUNT_TYPE_MAX)

struct mount {
	char type[MOUNT_TYPE_MAX];   /* "ext4" */
	char where[MOUNT_WHERE_MAX]; /* "ext4 5f3a… /var/log": type, file system, path in it */
};

/* Of the folder FD, open for reading or with O_PATH. Fails with EX_OSFILE: /proc does not tell. */
int mount_of(int fd, struct mount *ret, struct err *e);
