/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * journal-private.h - what the files of the journal driver share
 *
 *   journal.c         the driver: which files, what a plan says of each
 *   journal_file.c    one file's header, and its entries as records
 *   journal_seek.c    which entries have a text, or a field's value
 *   journal_age.c     how old its oldest entry is, without reading it twice a day
 *   journal_rotate.c  journald is asked to let go of a file
 *   journal_write.c   a file without what goes, checked, in the old one's place
 *   journal_verify.c  … and what journalctl says of it
 *   journal_act.c     a step carried out; what a hold covers, copied to its folder
 *
 * What a field says of its entries (whose they are, whether it may matter to who asks) is found when it is met
 * first, and a text is put together only for who asks for it (record_text()).
 *
 * An entry is a record of the store that claims it (record/claim.h), or of the one that its field
 * SPARSAM_STORE names; so holds and periods of that store apply to it. Each file is read for itself, by
 * journal_map.h, and copied by journal_collect.h.
 */
#pragma once
#include "base/buf.h"
#include "record/claim.h"
#include "store/journal/journal_collect.h"
#include "store/place.h"
#include "store/store-private.h"

struct needles;
struct signs;

#define JOURNAL_SCRATCH ".sparsam-new" /* a folder beside the files, for what is being written */

struct journal {
	struct store store;                /* first */
	struct conf_list paths, leftovers; /* files; folders of ours that a killed run has left */
	char **own;                        /* those of their strings that are ours */
	size_t n_own;
	const char *copies; /* the pattern of the holds' copies; NULL: no state_dir */
	struct copies
		*there; /* what they hold, as the last plan or act has found it; NULL: not known */
	struct claims *claims;
	struct buf text; /* of the record at hand */
};

/* --- one file --------------------------------------------------------------------------------- */

/* systemd.io/JOURNAL_FILE_FORMAT: times are realtime, in microseconds. */
struct journal_header {
	uint8_t state, seqnum_id[16];
	bool sealed;
	uint64_t n_entries, head_seqnum, head_us, tail_us;
};

/* 0; -1: it is no journal. */
int journal_header(int fd, struct journal_header *ret);

/* Is FD a file that nobody appends to any more: archived, put aside (NAME.journal~), or closed? */
bool journal_is_closed(int fd, const char *name, const struct journal_header *h);

struct jfile;

/* Opens the file P of J. 0: *ret is the caller's; 1: it is torn or cannot be opened, which is told. */
int jfile_open(struct journal *j, const struct place *p, struct jfile **ret, struct err *e);
struct jfile *jfile_free(struct jfile *f);
DEFINE_CLEANUP(struct jfile, jfile_free)

/* Leaves out, from now on, what cannot be selected for its time or its marks. WHICH is borrowed. */
void jfile_reach(struct jfile *f, const struct selector *which);

/* Leaves out what has neither one of NEEDLES nor one of SIGNS (SIGN_EQUAL, byte for byte; may be NULL), unread. Both are
 * borrowed for the call. A file that cannot be looked through as it lies is read entry by entry, as before. */
void jfile_seek(struct jfile *f, const struct needles *needles, const struct signs *signs);

/* Entries by their offsets, going up. -1: they are not known. */
struct journal_seek {
	uint64_t *v;
	size_t n, max;
};
int journal_seek(struct journal_seek *s, struct journal_map *m, const struct needles *needles,
	const struct signs *signs);
void journal_seek_release(struct journal_seek *s);

/* Leaves out, too, what is of US or later: it is not read to know whose it is. */
void jfile_before(struct jfile *f, int64_t us);

/* 0: *ret is the next record, valid until the next call; 1: the end; 2: damaged here, which is told. */
int jfile_next(struct jfile *f, struct record *ret, struct err *e);

uint64_t jfile_passed(const struct jfile *f); /* entries that jfile_reach() left out */
const struct journal_header *jfile_header(const struct jfile *f);
int jfile_fd(const struct jfile *f);

/* The same for whoever goes through the entries himself (struct journal_judge): what a field says, and two
 * together; is EN, with MARKS, within what jfile_reach() left; EN, of which ALL is said, as a record (-1: damaged). */
struct journal_map *jfile_map(struct jfile *f);
void jfile_says(void *f, struct span data, struct journal_says *ret);
uint32_t jfile_join(void *f, uint32_t a, uint32_t b);
bool jfile_reaches(struct jfile *f, const struct journal_entry *en, uint64_t marks);
int jfile_record(struct jfile *f, const struct journal_entry *en, const struct journal_says *all,
	struct record *ret);

/* Was the record at hand found to be damaged since it was given, when its text was asked for? */
bool jfile_is_broken(const struct jfile *f);

/* Tells, once, that F is damaged, and how (a fixed text). */
void jfile_damaged(struct jfile *f, const char *how);

/* What tells the record at hand from all others, also in another file: boot, times, hash. */
struct span jfile_key(struct jfile *f);

/* The time of the oldest entry of the file P, by what was found today (store/known.h) or by each entry's time alone. */
#define JOURNAL_AGE_UNKNOWN (INT64_MIN + 1) /* it cannot be read to its end */
int64_t journal_age(const struct journal *j, const struct place *p);

/* --- journald --------------------------------------------------------------------------------- */

/* Can whoever writes the file PATH be asked to rotate? */
bool journal_can_rotate(const char *path);

/* Asks it to. Fails with EX_UNAVAILABLE, EX_TEMPFAIL (no answer). */
int journal_rotate(const char *path, struct err *e);

/* --- a new file ------------------------------------------------------------------------------- */

struct jwrite;

/* Judges all entries of F and, where some go and some stay (ALWAYS: where some stay), writes those that stay
 * to a new file in a scratch folder below DIRFD (borrowed; locked meanwhile), which has been looked at. 0:
 * *ret_done says what came of it; *ret is the new file, the caller's, or NULL; without a jwrite_commit() nothing
 * is left of it. 1: F is damaged, which is told. */
int jwrite_collect(struct jfile *f, int dirfd, const struct journal_judge *judge, bool always,
	struct jwrite **ret, struct journal_collected *ret_done, struct err *e);
struct jwrite *jwrite_free(struct jwrite *w);
DEFINE_CLEANUP(struct jwrite, jwrite_free)

/* Ends the file: with what belongs to F, whose stat is FROM, approved by journalctl, on the disk. ARCHIVE: of
 * journald's, whose vacuum goes by the time that it was made. 1: journalctl passes neither it nor F, which is told. */
int jwrite_finish(
	struct jwrite *w, struct jfile *f, const struct stat *from, bool archive, struct err *e);

int jwrite_fd(const struct jwrite *w);

/* Gives it the name NAME in the folder, durably; of a file that is there when REPLACE, else one that is free:
 * 1 where it is not. */
int jwrite_commit(struct jwrite *w, const char *name, bool replace, struct err *e);

/* The name that journald would give it as an archive of OLD: "system@ID-SEQNUM-TIME.journal"; OLD itself
 * where that is no name of journald's. */
void jwrite_name(const struct jwrite *w, const char *old, char *ret, size_t size);

/* What a killed run has left in the folder NAME of DIRFD, in bytes; takes it away: 1 where it is not there any more. */
uint64_t journal_leftover_bytes(int dirfd, const char *name);
int journal_leftover_remove(int dirfd, const char *path, struct err *e);

/* Does `journalctl --verify` pass the file FD? 0 yes; 1 no; 2 it is older than the file and cannot tell.
 * EX_UNAVAILABLE: it cannot be asked. */
int journal_verify(int fd, struct err *e);

/* --- acts ------------------------------------------------------------------------------------- */

/* Reads J's copies into *RET, which the caller owns: copies_have() of jfile_key(). */
int journal_copies(struct journal *j, struct copies **ret, struct err *e);

/* The same for J->there: an entry that lies in a copy is told as `copied`. */
int journal_know_copies(struct journal *j, struct err *e);

bool journal_is_copy(const struct journal *j, const char *path);

/* May entries be dropped from a sealed file (option break_seal)? Tells either way. */
bool journal_seal_may_break(const struct journal *j, const char *path);

/* SELECTOR's answer for all entries of a file, whichever stores they are of, none of them older than FROM_US. */
enum select_answer journal_block(const struct journal *j, const struct selector *which,
	const char *path, const struct stat *st, const struct journal_header *h, int64_t from_us);

int journal_act(struct store *s, const struct plan_step *step, const struct selector *which,
	struct store_result *ret, struct err *e);
int journal_keep(struct store *s, const struct selector *which, int dirfd, const char *name,
	uint64_t *ret_n, struct err *e);
