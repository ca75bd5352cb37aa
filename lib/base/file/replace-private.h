/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * replace-private.h - what the files of replace.h share
 *
 *   replace.c        the new file, and how it takes the name
 *   replace_aside.c  the old file, until nobody writes to it any more
 */
#pragma once
#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/file/replace.h"

/* ".NAME.sparsam-INODE-SIZE" (hexadecimal): where the file NAME, whose stat is OLD, is set aside. False: too
 * long. */
bool replace_aside_name(const char *name, const struct stat *old, char ret[NAME_MAX + 1]);

/* replace_finish() of all that was left of the file NAME. 1: something is left of others. */
int replace_finish_all(int dirfd, const char *name, struct err *e);

/* Does somebody have the file FD (open for reading alone) open for writing? EX_TEMPFAIL; EX_NOPERM. NAME
 * is for messages. */
int replace_writer_check(int fd, const char *name, struct err *e);
/* The same, once who came late has had his time. */
int replace_writer_wait(int fd, const char *name, struct err *e);

/* Appends the bytes FROM to TO of OLD_FD to NEW_FD, to which others may append. */
int replace_tail_append(
	int old_fd, int new_fd, off_t from, off_t to, const char *name, struct err *e);

/* ASIDE in the folder DIRFD, which FD has open for reading, was set aside: what came to it since goes to its
 * name, and it goes. EX_TEMPFAIL: somebody still writes to it; then what is not new in it is gone, and
 * the rest waits for replace_finish(). */
int replace_aside_end(int dirfd, const char *aside, int fd, struct err *e);
