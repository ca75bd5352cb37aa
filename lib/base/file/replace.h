/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * replace.h - put a new content in a closed file's place, or leave it as it was
 *
 * Temporary file in the same folder, write, owner, mode, ACL, xattrs, times, fsync, rename, fsync
 * of the folder. Killed at any point, the name has either the old content or the new. Two files may be
 * left: ".NAME.sparsam-new", unfinished, and ".NAME.sparsam-INODE-SIZE", the old file with the lines of who
 * opened it at the last moment; replace_finish() ends both. Sources: rename(2), fsync(2), acl(5).
 */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/err.h"

struct replace;
struct stat;

/* The folder in which this run has looked for what killed ones left, and nothing is left; {0} at first. */
struct replace_folder {
	dev_t dev;
	ino_t ino;
};

/* Begins to replace the file NAME below DIRFD (borrowed), once what was left of it is dealt with: where CLEAN, which
 * lives until the end, says that nothing is left in the folder, it is not read again (NULL: it is). Refuses (EX_NOPERM) a link, a file with
 * several links, one that is no regular file, and (EX_TEMPFAIL) one that some process has open for
 * writing (fcntl F_SETLEASE: this takes the file's owner or CAP_LEASE) or is replacing, too
 * (flock). EX_NOINPUT: there is none. */
int replace_begin(int dirfd, const char *name, struct replace_folder *clean, struct replace **ret,
	struct err *e);

int replace_old_fd(const struct replace *r); /* to read from */
int replace_new_fd(const struct replace *r); /* to write to */

/* Makes it so. EX_TEMPFAIL if the old file has changed meanwhile (inode, size, mtime) or is written
 * to by now; EX_CANTCREAT, EX_NOPERM if the new one cannot be made like it. Lines of a program that
 * opens, appends and closes just then are appended to the new file. If it does not close it, EX_TEMPFAIL
 * too: the new file has the name, and its lines wait for replace_finish(). */
int replace_commit(struct replace *r, struct err *e);

/* Removes the closed file NAME, whose stat was ST, without losing a line of who opened it just then: the
 * file is there again with those alone. EX_TEMPFAIL: it is another one by now, or still written to. */
int replace_remove(int dirfd, const char *name, const struct stat *st, struct err *e);

/* Ends what a killed run has left under the name LEFT in the folder DIRFD: lines that came late go to the
 * file that has the name now. 1: it is no such name. EX_TEMPFAIL: it is in use; EX_NOPERM. */
int replace_finish(int dirfd, const char *left, struct err *e);

/* Gives the file TO_FD the owner, mode, ACL, xattrs and times of FROM_FD, whose stat is FROM. NAME is for
 * messages. EX_CANTCREAT, EX_NOPERM. */
int file_dress(int from_fd, const struct stat *from, int to_fd, const char *name, struct err *e);

/* Can the head of FD's file be taken out (FALLOC_FL_COLLAPSE_RANGE: ext4, xfs)? */
bool file_collapses(int fd);

/* Without a commit before: nothing happened. */
struct replace *replace_free(struct replace *r);
DEFINE_CLEANUP(struct replace, replace_free)
