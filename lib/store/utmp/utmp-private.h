/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * utmp-private.h - what the files of the utmp driver share
 *
 *   utmp.c       the driver: which files, what a plan says of each; what a hold covers, copied
 *   utmp_file.c  one file's records
 *   utmp_act.c   a step carried out: unlinked, rewritten, cut, blanked
 *
 * wtmp, btmp: records of struct utmp, one behind the other (utmp(5)). lastlog: one record a user, at
 * uid times its size, in a file that is mostly a hole (lastlog(8)). Whoever writes opens the file by
 * its name, adds one record and closes it: libc under a lock of fcntl(2), sshd without one. So a file
 * that the store names without a pattern may be opened at any moment, and is changed in place alone.
 */
#pragma once
#include <sys/stat.h>
#include <utmp.h>

#include "base/file/input.h"
#include "store/place.h"
#include "store/store-private.h"

struct utmp_store {
	struct store store; /* first */
	struct conf_list paths;
	char *copies; /* the pattern of the holds' copies, the last of `paths`; NULL: no state_dir */
	bool lastlog;
};

bool utmp_is_copy(const struct utmp_store *t, const char *path);

/* May somebody open PATH by its name and write to it? */
bool utmp_is_live(const struct utmp_store *t, const char *path);

/* All that is known of a file unread: nothing in it is younger than its last write. */
struct select_block utmp_block(const struct utmp_store *t, const char *path, const struct stat *st);

/* --- one file --------------------------------------------------------------------------------- */

union utmp_record {
	struct utmp utmp;
	struct lastlog lastlog;
	char bytes[sizeof(struct utmp) + sizeof(struct lastlog)];
};

struct utmp_file {
	const struct utmp_store *t;
	const char *path;
	struct input *in; /* of a packed file; NULL: read at its place */
	int fd;           /* owned */
	int64_t mtime_us;
	size_t size; /* of a record */
	uint64_t at; /* of the record in hand */
	union utmp_record raw;
	char text[UT_NAMESIZE + UT_LINESIZE + UT_HOSTSIZE + 128];
	uint64_t next;
};

/* Reads FD (given away, also on failure), whose stat is ST. Ended with utmp_file_release(). */
int utmp_file_open(struct utmp_file *f, const struct utmp_store *t, int fd, const char *path,
	const struct stat *st, struct err *e);
void utmp_file_release(struct utmp_file *f);

/* 0: *ret is the next record that is not blank, borrowed until the next call; 1: the end, also of what
 * is less than a record; -1: EX_DATAERR (damaged), EX_IOERR. */
int utmp_file_next(struct utmp_file *f, struct record *ret, struct err *e);

/* The same for the record at AT, whatever has been read; 1: it is blank by now, or not there. */
int utmp_file_again(struct utmp_file *f, uint64_t at, struct record *ret);

/* --- acts ------------------------------------------------------------------------------------- */

int utmp_act(struct store *s, const struct plan_step *step, const struct selector *which,
	struct store_result *ret, struct err *e);
