/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hold.h - an incident's claim on records that are past their period
 *
 * A hold keeps what its scope covers until it is released, expires, or meets the legal ceiling of
 * its store. Holds overlap: a record is free when all that cover it are gone. What cannot be
 * decided is held: a damaged hold file means that nothing may be erased.
 *
 * The holds of a node are one SQLite file, state_dir/hold/holds.db, mode 0600. Whoever adds a hold
 * takes it exclusively; whoever erases takes it shared, step by step, and reads it anew: once
 * hold_add() has returned, no run erases what the hold covers, also one already under way.
 *
 * A hold of single records is no incident's: it keeps what an answer is about until it is out, and what a
 * person wants restricted instead of erased (GDPR Art. 18). Its end is that answer's or hers, so its
 * stores' ceilings do not bound it.
 *
 * An identifier in a scope (an address, a name) is sealed under the wrapping key (record/key/wrapkey.h)
 * and never listed. Ended holds stay on record, without it.
 *
 * Times are microseconds since 1970-01-01 UTC; ranges include `from` and exclude `to`. One thread
 * per `struct holds`. Source: GDPR Art. 17(3)(e), 18(1)(c). File format: sparsam-holds(5).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/conf/conf.h"
#include "base/err.h"
#include "base/span.h"
#include "store/selector.h"
#include "store/store.h"

struct record;
struct holds; /* the open hold file */

#define HOLD_FOR_EVER INT64_C(253402300799000000) /* the end of the year 9999 */

enum hold_end { HOLD_IN_FORCE, HOLD_RELEASED, HOLD_EXPIRED };

enum hold_match {
	HOLD_ALL, /* every record of the stores and times */
	HOLD_PATTERN, /* PCRE2 on the record's text, as it stands and in its other forms (hold_text.h) */
	/* the text contains it, in either case and any encoding (hold_text.h); a part is enough. Of an
	 * address: in any form, or its day's token */
	HOLD_IDENTIFIER,
	HOLD_RECORDS /* these records: their digests (record/key/digest.h), one behind the other */
};

struct hold {                    /* one claim; its pointers are borrowed from its `struct holds` */
	uint64_t id;             /* from 1, never used twice on a node */
	const char *incident;    /* the operator's reference, UTF-8, 1 to 64 bytes */
	const char *reason;      /* 1 to 200 bytes */
	const char *owner;       /* who answers for it */
	struct conf_list stores; /* names */
	int64_t from_us, to_us;  /* record times covered */
	enum hold_match match;
	int64_t created_us, expires_us; /* never later than the least ceiling of its stores */
	enum hold_end end;
	int64_t ended_us; /* 0: in force */
};

/* Opens the hold file below C's state_dir. The caller owns *ret and ends it with holds_free(). A
 * file that is not there is made where WRITABLE, and otherwise no hold at all. Fails with
 * EX_NOPERM, EX_TEMPFAIL (locked), EX_DATAERR (damaged: then nothing may be erased). */
int holds_open(const struct conf *c, bool writable, struct holds **ret, struct err *e);
struct holds *holds_free(struct holds *h);
DEFINE_CLEANUP(struct holds, holds_free)

/* Takes the file shared for one step of an erasure, and reads it anew if it has changed. */
int holds_lock(struct holds *h, struct err *e);
void holds_unlock(struct holds *h);

/* Carries P out in S under that lock, so that a hold that was added since the step before counts for this one;
 * as store_act(). H may be NULL, where no holds are kept. */
int holds_act(struct holds *h, struct store *s, const struct plan_step *p,
	const struct selector *which, struct store_result *ret, struct err *e);

/* Adds a hold and gives it an id. MATCH is the pattern, identifier or digests (wiped by the caller).
 * Fails with EX_NOPERM past a store's ceiling (hold_max), EX_USAGE (unknown store, no reason, no owner,
 * expiry in the past), EX_DATAERR (bad pattern). Durable on return. */
int hold_add(struct holds *h, const struct hold *d, struct span match, int64_t now_us,
	uint64_t *ret_id, struct err *e);

/* EX_NOPERM past the ceiling, counted from when the hold began. 1: there is no such hold in force. */
int hold_extend(struct holds *h, uint64_t id, int64_t expires_us, int64_t now_us, struct err *e);
int hold_release(struct holds *h, uint64_t id, int64_t now_us, struct err *e);

/* Ends those that have expired by NOW_US; *ret_n is how many. */
int holds_expire(struct holds *h, int64_t now_us, size_t *ret_n, struct err *e);

/* All holds, ended ones too, by id; borrowed until the next call that reads anew. */
size_t holds_list(const struct holds *h, const struct hold **ret);

/* Writes a whole copy to PATH, which must not be there yet. What holds look for stays sealed. */
int holds_copy(struct holds *h, const char *path, struct err *e);

/* The highest number that was ever given, or reserved; 0: none. */
int holds_last(struct holds *h, uint64_t *ret, struct err *e);

/* No hold that is to come gets ID, or one before it. */
int holds_reserve(struct holds *h, uint64_t id, struct err *e);

/* "Is it held at NOW_US?", for selectors; borrowed from H, which must outlive it. Allocates
 * nothing per record whose text is ASCII. holds_ask_one(): by hold ID alone. */
const struct select_question *holds_ask(struct holds *h, int64_t now_us);
const struct select_question *holds_ask_one(struct holds *h, uint64_t id);

/* Calls SEEN with the id of each hold in force at NOW_US that covers R. */
void holds_each(struct holds *h, const struct record *r, int64_t now_us,
	void (*seen)(void *ctx, uint64_t id), void *ctx);

/* How many holds in force cover STORE, or may. */
size_t holds_of_store(const struct holds *h, const char *store, int64_t now_us);
