/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * erasure.h - what an erasure does with each find of a case, and how far it has come
 *
 * The plan is made of finds, not of files and tables: what a log is called, and which technique reaches
 * a line in it, may be another tomorrow; which record goes may not. Its text, one a line,
 *
 *   sparsam-erasure-1 NUMBER
 *   store NAME                         in the order of the acts (erase_after)
 *   erase ID DIGEST                    finds by their id
 *   keep ID DIGEST UNTIL GROUND        UNTIL in microseconds, "-": not known
 *   exclude ID DIGEST                  the DPO's decision: it is not about the person
 *   missing ID DIGEST                  it is not there any more, or not as it was looked at
 *
 * is hashed (SHA-256), and that hash is what gets approved; the signature is over the text. An erasure that
 * has begun goes on by what it has written down, whatever the stores look like by now.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "dsar/search/find.h"
#include "record/key/digest.h"
#include "record/key/sha256.h"

struct conf;
struct conf_store;
struct record;
struct registry;

#define ERASURE_UNKNOWN INT64_MAX /* until when: nobody can say */

enum erasure_fate {
	ERASURE_MISSING,
	ERASURE_ERASE,
	ERASURE_KEEP,
	ERASURE_EXCLUDE,
	ERASURE_GONE, /* erased by us */
	ERASURE_FATES
};

struct erasure_item {
	int64_t find;
	uint64_t n;          /* records of the find */
	char *store, *place; /* owned by the erasure */
	uint8_t digest[RECORD_DIGEST_LEN];
	enum erasure_fate fate;
	char *ground; /* owned; KEEP: "hold 3 (T-1)", "Section 147 AO (books)" */
	int64_t until_us;
};

/* Of a plan, a rectification's too. */
enum erasure_state { ERASURE_PLANNED, ERASURE_BEGUN, ERASURE_DONE };
const char *erasure_state_name(enum erasure_state s); /* "planned", "begun", "done" */

/* The state that the register has as N. What cannot be read has begun: it is not planned anew over what is half done. */
enum erasure_state erasure_state_of(int n);

struct erasure {
	char number[16];
	enum erasure_state state;
	struct erasure_item *item; /* in the order of the plan */
	size_t n, max;
	char hash[SHA256_HEX];
	int64_t made_us, begun_us, ended_us; /* 0: not yet */
	uint64_t hold;                       /* that restricts what had to be kept; 0: none */
	size_t *by_digest;                   /* sorted: places in `item` */
};

void erasure_init(struct erasure *x, const char *number);
void erasure_release(struct erasure *x); /* wipes */

/* Adds what F is to be done with, in the order in which stores are erased. */
int erasure_add(struct erasure *x, const struct find *f, enum erasure_fate fate, struct err *e);

/* The item whose record R is, or NULL. Once the erasure has BEGUN, a folder of which a part is gone is still
 * known, by its place. Items must not be added any more. */
struct erasure_item *erasure_item_of(const struct erasure *x, const struct record *r);

/* The same of a record of S that lies at PLACE and has that digest. */
struct erasure_item *erasure_item_by(const struct erasure *x, const struct conf_store *s,
	const char *place, const uint8_t digest[RECORD_DIGEST_LEN]);

/* Puts the text of X's plan into OUT, and sets x->hash. */
int erasure_text(struct erasure *x, struct buf *out, struct err *e);

/* Keeps X as the case's plan, in the place of one that has not begun. EX_NOPERM: one has. */
int erasure_write(struct registry *r, struct erasure *x, int64_t now_us, struct err *e);

/* Reads the case's plan. 1: there is none. */
int erasure_read(struct registry *r, const char *number, struct erasure *ret, struct err *e);

/* Keeps what has become of it: its state and times, and its items' fates. */
int erasure_update(struct registry *r, const struct erasure *x, struct err *e);

/* Takes away what the case's erasure does not wait for any more: all but the records that it had to keep. What is left goes
 * on without the case (`dsar erase --due`). Within a transaction. */
int erasure_shrink(struct registry *r, const char *number, struct err *e);

/* The same, and the erasure itself where it waits for nothing. */
int erasure_forget(struct registry *r, const char *number, struct err *e);

const char *erasure_fate_name(
	enum erasure_fate f); /* "missing", "erase", "keep", "exclude", "gone" */
size_t erasure_count(const struct erasure *x, enum erasure_fate f);
