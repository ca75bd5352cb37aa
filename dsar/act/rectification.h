/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * rectification.h - what is to stand in the fields of a case's finds instead, and how far that has come (R16)
 *
 * The officer says for one find which field gets which value; a plan says of each what is done with it. Its text,
 * one a line, by find and field,
 *
 *   sparsam-rectification-1 NUMBER
 *   set ID DIGEST FIELD SHA256               of the value
 *   statement ID DIGEST FIELD SHA256 GROUND  not changed where it lies: the value is attached as a statement
 *
 * is hashed (SHA-256), and that hash is what gets approved, as an erasure's (erasure.h). One that has begun goes on
 * by what it has written down: a find is known by its record's digest, as it was and as it becomes.
 *
 * Where a store's records stay as they were written (text logs), or a hold or a law keeps the record as it is, the
 * value is attached to the record as a statement instead: by its digest, so that every later search finds it.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "dsar/act/erasure.h"
#include "record/key/digest.h"

struct registry;

/* A field's name that stands for the record as a whole: its value is a statement about it. */
#define RECTIFY_WHOLE "*"

enum rectify_fate {
	RECTIFY_SET,   /* to be set */
	RECTIFY_STATE, /* to be attached as a statement, GROUND says why */
	RECTIFY_DONE,  /* set by us */
	RECTIFY_STATED,
	RECTIFY_FATES
};

struct rectify_item {
	int64_t find;
	char *store, *field, *value; /* owned */
	uint8_t digest[RECORD_DIGEST_LEN];
	uint8_t becomes[RECORD_DIGEST_LEN]; /* of the record with all values of its find */
	enum rectify_fate fate;
	char *ground; /* owned; "" */
};

struct rectification {
	char number[16];
	enum erasure_state state;
	struct rectify_item *item; /* by find and field */
	size_t n, max;
	char hash[SHA256_HEX];
	int64_t made_us, begun_us, ended_us; /* 0: not yet */
};

void rectification_init(struct rectification *x, const char *number);
void rectification_release(struct rectification *x); /* wipes */

/* Reads the case's, of what lies on this machine. 1: there is none. */
int rectification_read(
	struct registry *r, const char *number, struct rectification *ret, struct err *e);

/* Reads what is wished of finds of NODE, NULL: of all machines; of OPEN only what is not carried out. Of another machine
 * there is no state here: what it does is known by its answers to orders. */
int rectification_wishes(struct registry *r, const char *number, const char *node, bool open,
	struct rectification *ret, struct err *e);

/* Keeps what became of item I of another machine. Within a transaction. */
int rectification_put(
	struct registry *r, const char *number, const struct rectify_item *i, struct err *e);

/* What is to stand in FIELD of find F. A plan that was made of others is none any more; what was carried out stays so, and
 * more may follow. EX_NOPERM: one has begun. In a transaction of the caller's. */
int rectification_wish(struct registry *r, const char *number, const struct find *f,
	const char *field, struct span value, struct err *e);

/* Takes that back. EX_USAGE: nobody has asked for it. */
int rectification_drop(
	struct registry *r, const char *number, int64_t find, const char *field, struct err *e);

/* Puts the text of X's plan into OUT, which it readies, and sets x->hash. */
int rectification_text(struct rectification *x, struct buf *out, struct err *e);

/* Keeps X: state, times, hash, and its items' fates, digests and grounds. */
int rectification_update(struct registry *r, const struct rectification *x, struct err *e);

size_t rectification_count(const struct rectification *x, enum rectify_fate f);
const char *rectify_fate_name(enum rectify_fate f); /* "set", "statement", "done", "attached" */

/* --- statements ------------------------------------------------------------------------------- */

/* Attaches TEXT to the record of that digest, on behalf of case NUMBER; said again, it is there once. */
int statement_attach(struct registry *r, const char *number,
	const uint8_t digest[RECORD_DIGEST_LEN], const char *field, const char *text,
	int64_t now_us, struct err *e);

#define STATEMENTS_MAX (1u << 20)

/* Appends what was attached to the record of that digest, one a line: "FIELD: text", or the text. */
int statements_of(struct registry *r, const uint8_t digest[RECORD_DIGEST_LEN], struct buf *out,
	struct err *e);
