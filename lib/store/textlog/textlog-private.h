/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * textlog-private.h - what the files of the textlog driver share
 *
 *   textlog.c          the driver: which files, what a plan says of each
 *   textlog_entries.c  a file's bytes, entry by entry, each with its time
 *   textlog_writer.c   who has a file open, and how it writes
 *   textlog_act.c      a step carried out: unlinked, rewritten, cut, blanked
 *   textlog_keep.c     what a hold covers, copied to its folder
 *   textlog_finding.c  what reading a file has found
 *   textlog_left.c     what a run that was ended has left beside the files
 */
#pragma once
#include "base/file/replace.h"
#include "record/format/reader.h"
#include "store/known.h"
#include "store/place.h"
#include "store/store-private.h"

struct entries;
struct entry_span;
struct input;

enum textlog_anchor {
	ANCHOR_MTIME, /* records without a time are as old as the file's last write at the most … */
	ANCHOR_BIRTH /* … or count seconds from when the file was made: "17: …" (coturn) */
};

struct textlog {
	struct store store; /* first */
	struct reader *reader;
	struct conf_list paths; /* those declared, the store's own sinks', and the holds' copies */
	char **own;             /* the strings of `paths` that are ours */
	size_t n_own;
	const char *copies; /* the pattern of the copies, one of `own`; NULL: no state_dir */
	enum textlog_anchor anchor;
	bool empty_goes; /* a file of which nothing is left */
	struct replace_folder clean;
};

/* Is PATH one of the holds' copies? Then its mtime is the anchor of the file that it is of. */
bool textlog_is_copy(const struct textlog *t, const char *path);

/* All that is known of P unread: nothing in it is younger than its last write. */
struct select_block textlog_block(const struct textlog *t, const char *path, const struct stat *st);

/* From when on nothing in PATH can be selected, whatever it is: for entries_pass(). */
int64_t textlog_bound(const struct textlog *t, const struct selector *which, const char *path);

/* Opens P. 0, or 1 where it cannot be read: that is told. */
int textlog_open_place(
	const struct textlog *t, const struct place *p, struct entries **ret, struct err *e);

/* What reading P has found, now or before (known.h); not of copies. */
struct textlog_finding {
	struct known_id id; /* before it was read */
	bool looked;
	int fd; /* of its own, or -1 */
	struct known_file file;
};

/* Begins to find. True: it is known already, and what P has grown by was read. */
bool textlog_finding_begin(
	const struct textlog *t, const struct place *p, struct textlog_finding *ret);
/* One entry more. */
void textlog_finding_see(struct textlog_finding *f, const struct entry_span *one);
/* All of EN was read. */
void textlog_finding_end(
	const struct textlog *t, struct textlog_finding *f, const struct entries *en);
/* Forgets what is known: it is read all the same. */
void textlog_finding_clear(struct textlog_finding *f);
void textlog_finding_release(struct textlog_finding *f);

/* --- entries ---------------------------------------------------------------------------------- */

struct entry_span {
	uint64_t start;   /* byte of the unpacked file where it begins … */
	struct span text; /* … and all of it, line ends included; borrowed until the next one */
	int64_t time_us;
	bool timed; /* by itself; else by the entry it follows or the anchor */
};

/* Reads FD (given away) as a file of T, whose stat is ST, from byte FROM on, which is 0 or that of a line
 * end in a plain file. Lines that begin nothing and have no time
 * belong to the entry before them; those at the head to the first that has one. The caller owns
 * *ret. */
int entries_open(struct textlog *t, int fd, uint64_t from, const struct stat *st, const char *path,
	struct entries **ret, struct err *e);

/* 0: *ret is the next one; 1: the end; -1: EX_DATAERR (damaged, after all that was readable),
 * EX_IOERR, EX_OSERR. Several calls make one entry of more than 1 MiB, each part with its time. */
int entries_next(struct entries *en, struct entry_span *ret, struct err *e);

/* Passes over entries of BOUND_US or later, by a glance at each line (reader_glance()), and gives them as
 * one span, with the time of the last one; *ret_n: how many, which is 0 where the next one may be older, or
 * has to be read to know. None that is older is ever passed over, in whatever order they stand. Lines
 * that only look like entries may be counted. */
void entries_pass(struct entries *en, int64_t bound_us, struct entry_span *ret, uint64_t *ret_n);
/* entries_next() behind all that can be passed over; *N grows by how many those were. */
int entries_next_before(
	struct entries *en, int64_t bound_us, uint64_t *n, struct entry_span *ret, struct err *e);
/* Moves on to the entry in which one of NEEDLES stands first, where that can be told without reading those before
 * it; the entries from there on are the same as ever. */
struct needles;
void entries_skip(struct entries *en, const struct needles *needles);
int64_t entries_anchor_us(const struct entries *en);
uint64_t entries_start(const struct entries *en); /* before the first: behind a hole at the head */
bool entries_at_end(const struct entries *en);    /* the last one given was the file's last */
/* How many bytes were given, unpacked, and how many up to the last line end among them. */
uint64_t entries_len(const struct entries *en);
uint64_t entries_len_whole(const struct entries *en);
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

/* --- copies ----------------------------------------------------------------------------------- */

int textlog_keep(struct store *s, const struct selector *which, int dirfd, const char *name,
	uint64_t *ret_n, struct err *e);

/* --- what is left ------------------------------------------------------------------------------ */

/* Adds a step to PLAN for each file that base/file/replace.h has left beside those of T. */
int textlog_left_plan(struct textlog *t, struct plan *plan, struct err *e);
/* Carries STEP out, if it is such a one. 1: it is none. */
int textlog_left_act(const struct textlog *t, const struct plan_step *step, struct err *e);

/* --- acts ------------------------------------------------------------------------------------- */

int textlog_act(struct store *s, const struct plan_step *step, const struct selector *which,
	struct store_result *ret, struct err *e);
