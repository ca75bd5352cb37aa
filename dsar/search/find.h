/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * find.h - a record that was found to be about the person, as the register keeps it until its case closes
 *
 * A find is known again by its record's digest (record/key/digest.h), wherever that has moved since: of the store's name, the
 * record's time and its text (for files, which have none, of their place and size). So an erasure asks
 * of each record "was this one looked at and approved?" and takes nothing that came later. Records of the same store, time
 * and text are one find, with their number and all their places: nobody could decide them apart, they are
 * given as often as they are stored, and are erased together.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"
#include "record/key/digest.h"

struct record;
struct registry;

enum find_decision {
	FIND_OPEN,    /* nobody has looked at it */
	FIND_KEEP,    /* goes into the answer as it is */
	FIND_BLACKEN, /* … without what its blackenings cover */
	FIND_EXCLUDE, /* is not about her, or must not be given; with a ground */
	FIND_DECISIONS
};

struct find {
	int64_t id;       /* 0: it gets one when it is added */
	const char *node; /* the machine that has found it (order.h); NULL or "": this one */
	const char *store, *place; /* place: personal (a folder's or file's name may be) */
	uint64_t offset;
	int64_t time_us;  /* RECORD_NO_TIME: it has none */
	struct span text; /* as it is stored; SPAN_NONE: a file or unit, given as it is */
	uint64_t size;    /* bytes in its place */
	uint64_t n;       /* its records; 0: one */
	int64_t searched_us; /* to add: when the search began that has seen it; 0: none, N is all of them */
	bool again; /* … it may be a copy of one that search has seen (record.h): not counted */
	uint8_t digest[RECORD_DIGEST_LEN];
	int64_t identifier; /* by which it was found first (subject.h) */
	bool own; /* by a declared field and a path that never left the person's own key */
	enum find_decision decision;
	const char *ground; /* of the decision; "" */
};

/* Was F found by this machine? Another's records are for that one to read, keep and erase. */
bool find_is_here(const struct find *f);

/* Adds F to case NUMBER; one of that node and digest that is there keeps its id and decision, and is told where it
 * lies now; of what one search adds, each other place is another record. 1: that search has added it from there
 * already. *ret_id may be NULL. */
int find_add(struct registry *r, const char *number, const struct find *f, int64_t *ret_id,
	struct err *e);

/* Find ID's record was changed by us, into what F says of its time, text, size and digest. What was blackened of it is to
 * be looked at again. Call it within a transaction. */
int find_became(
	struct registry *r, const char *number, int64_t id, const struct find *f, struct err *e);

/* Calls SEEN for each find of case NUMBER, by store, time and id; of STORE alone where it is not NULL. F
 * and what it points to are borrowed until SEEN returns; 1 from it ends early. */
typedef int find_seen(void *ctx, const struct find *f, struct err *e);
int finds_each(struct registry *r, const char *number, const char *store, find_seen *seen,
	void *ctx, struct err *e);

/* How many records case NUMBER's finds of NODE have beyond the first of each, and the bytes of their texts. */
int finds_repeated(struct registry *r, const char *number, const char *node, uint64_t *ret_n,
	uint64_t *ret_bytes, struct err *e);

/* Decides find ID, and keeps what was decided before, so that it can be undone. EX_USAGE: the case has no
 * such find. Call it within a transaction. */
int find_decide(struct registry *r, const char *number, int64_t id, enum find_decision d,
	const char *ground, int64_t now_us, struct err *e);

/* Takes back the newest decision of the case, or (ID not 0) of that find; *ret_id (may be NULL) says of
 * which. 1: there is none. Call it within a transaction. */
int find_undo(struct registry *r, const char *number, int64_t id, int64_t *ret_id, struct err *e);

/* Calls SEEN for each place of F, as finds_each() gives it; 1 from it ends early. */
typedef int find_place(void *ctx, const char *place, uint64_t offset);
int find_places(
	struct registry *r, const struct find *f, find_place *seen, void *ctx, struct err *e);

const char *find_decision_name(enum find_decision d); /* "open", "keep", "blacken", "exclude" */

/* What a store has answered in the newest search of a case. */
enum store_answer {
	ANSWER_FOUND,
	ANSWER_NOTHING, /* searched to its end, nothing found: said, too */
	ANSWER_ABSENT,  /* its product is not on this machine */
	ANSWER_FAILED,  /* could not be searched: blocks "complete", and is named */
	STORE_ANSWERS
};

/* Beginnings of notes that say more than why a search failed. */
#define NOTE_PART "part of " /* … STORE: its records are that one's, and were found there */
#define NOTE_KEYS                                                                                  \
	"keys destroyed before " /* … DAY: tokens of days before it are nobody's any more */

struct answer_of_store {
	const char *node; /* NULL or "": this machine */
	const char *store;
	enum store_answer answer;
	uint64_t n_found, n_read; /* records; bytes read */
	const char *note;         /* "keys destroyed before 2026-11-20", why it failed; "" */
	int64_t begun_us, ended_us;
};

/* What case NUMBER's newest search says of one store, by its node and name; those of NODE are cleared before what
 * a search of that node says is put there. */
int answer_put(
	struct registry *r, const char *number, const struct answer_of_store *a, struct err *e);
int answers_clear(struct registry *r, const char *number, const char *node, struct err *e);
typedef int answer_seen(void *ctx, const struct answer_of_store *a, struct err *e);
int answers_each(
	struct registry *r, const char *number, answer_seen *seen, void *ctx, struct err *e);

const char *store_answer_name(enum store_answer a); /* "found", "nothing", "absent", "failed" */
