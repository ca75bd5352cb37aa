/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * textlog-private.h - what the files of the textlog driver share
 *
 *   textlog.c          the driver: which files, what a plan says of each
 *   textlog_entries.c  a file's bytes, entry by entry, each with its time
 *   textlog_writer.c   who has a file open, and how it writes
 *   textlog_act.c      a step carried out: unlinked, rewritten, cut, blanked
 */
#pragma once
#include "record/reader.h"
#include "store/place.h"
#include "store/store-private.h"

struct input;

enum textlog_anchor {
	ANCHOR_MTIME, /* records without a time are as old as the file's last write at the most … */
	ANCHOR_BIRTH /* … or count seconds from when the file was made: "17: …" (coturn) */
};

struct textlog {
	struct store store; /* first */
	struct reader *reader;
	struct conf_list paths; /* those declared, and the store's own sinks' */
	char **own;             /* the strings of `paths` that are ours */
	size_t n_own;
	enum textlog_anchor anchor;
};

/* --- entries ---------------------------------------------------------------------------------- */

struct entry_span {
	uint64_t start;   /* byte of the unpacked file where it begins … */
	struct span text; /* … and all of it, line ends included; borrowed until the next one */
	int64_t time_us;
	bool timed; /* by itself; else by the entry it follows or the anchor */
};

struct entries;

/* Reads FD (given away) as a file of T, whose stat is ST. Lines that begin nothing and have no time
 * belong to the entry before them; those at the head to the first that has one. The caller owns
 * *ret. */
int entries_open(struct textlog *t, int fd, const struct stat *st, const char *path,
	struct entries **ret, struct err *e);

/* 0: *ret is the next one; 1: the end; -1: EX_DATAERR (damaged, after all that was readable),
 * EX_IOERR, EX_OSERR. Several calls make one entry of more than 1 MiB, each part with its time. */
int entries_next(struct entries *en, struct entry_span *ret, struct err *e);
const char *entries_filter(const struct entries *en); /* "", "gzip", … after the first one */
struct entries *entries_free(struct entries *en);
DEFINE_CLEANUP(struct entries, entries_free)

/* As a record, for selectors. */
struct record entry_record(const struct textlog *t, const struct entry_span *en, const char *path);

/* --- writers ---------------------------------------------------------------------------------- */

enum textlog_writer {
	WRITER_NONE,    /* nobody writes: a lease could be had */
	WRITER_APPENDS, /* all who write do it by O_APPEND */
	WRITER_SEEKS,   /* somebody writes without O_APPEND */
	WRITER_UNKNOWN  /* somebody writes, and /proc does not show who */
};

/* Looks at FD, open for reading, and through /proc. */
enum textlog_writer textlog_writer(int fd, const struct stat *st);

/* Calls SEEN for each unlinked file of T's paths that some process still has open. */
void textlog_deleted(struct textlog *t, const struct conf_list *paths);

/* --- acts ------------------------------------------------------------------------------------- */

int textlog_act(struct store *s, const struct plan_step *step, const struct selector *which,
	struct store_result *ret, struct err *e);
/* Can the head of FD's file be taken out (FALLOC_FL_COLLAPSE_RANGE: ext4, xfs)? */
bool textlog_collapses(int fd);
