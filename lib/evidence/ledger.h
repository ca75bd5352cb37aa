/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ledger.h - the append-only account of everything that was held, dropped or answered
 *
 * One SQLite file, state_dir/ledger.db. Each entry carries the SHA-256 of the one before it, so
 * that an edit, a gap or another order shows; triggers refuse UPDATE and DELETE to whoever uses
 * SQL; the newest hash (the head) is signed at the end of each run by the node's OpenPGP key
 * (evidence/sign.h), so that a rewritten chain does not pass either; and a head kept elsewhere
 * shows what was cut off.
 *
 * hash = SHA-256(canonical bytes) with, in UTF-8, one a line, each ended by LF:
 *   "sparsam-ledger-1", the sequence number, the previous hash (64 hex digits; zeros for the
 *   first), the time (RFC 3339, UTC, microseconds, "Z"), the kind, then the entry's data as
 *   canonical JSON (keys sorted, no blanks; RFC 8785 for what we use: strings, integers, booleans, null)
 *
 * An auditor repeats that with sqlite3 and sha256sum alone. The ledger holds no personal data:
 * names of stores and rules, counts, times, hashes. Entries with a before and an after ("plan" and
 * "result") are two. File format: sparsam-ledger(5).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/conf/conf.h"
#include "base/err.h"

#define LEDGER_HASH_LEN 32

struct ledger;

struct ledger_entry {
	uint64_t seq; /* from 1, without a gap */
	int64_t time_us;
	const char *kind; /* "init", "run", "plan", "act", "result", "hold", "keys", "refusal", … */
	const char *data; /* canonical JSON */
	uint8_t prev[LEDGER_HASH_LEN], hash[LEDGER_HASH_LEN];
};

/* Opens state_dir/ledger.db of C. The caller owns *ret. Fails with EX_CONFIG (there is none: say
 * `retention init`), EX_TEMPFAIL (locked), EX_DATAERR (damaged, or its newest entry does not hash). */
int ledger_open(const struct conf *c, bool writable, struct ledger **ret, struct err *e);
/* Makes it, with nothing in it. EX_CANTCREAT: there is one already. */
int ledger_init(const struct conf *c, struct ledger **ret, struct err *e);
struct ledger *ledger_free(struct ledger *l);
DEFINE_CLEANUP(struct ledger, ledger_free)

/* Opens the copy of a ledger at PATH, read only, without a look at its entries. */
int ledger_open_copy(const char *path, struct ledger **ret, struct err *e);

/* Writes a whole copy to PATH, which must not be there yet. */
int ledger_copy(struct ledger *l, const char *path, struct err *e);

/* Adds an entry; DATA (an object of strings, integers, booleans, and arrays and objects of them) is
 * given away, also on failure. Durable on return: what it announces may be done then. *ret_seq may
 * be NULL. EX_IOERR, EX_CANTCREAT (disk full): then the act must not happen. */
int ledger_append(struct ledger *l, int64_t now_us, const char *kind, json_t *data,
	uint64_t *ret_seq, struct err *e);

/* Several entries as one on the disk: what is appended in between is durable when ledger_commit() returns 0, and
 * nothing of it is there after ledger_undo(). Nobody else can append meanwhile. */
int ledger_begin(struct ledger *l, struct err *e);
int ledger_commit(struct ledger *l, struct err *e);
void ledger_undo(struct ledger *l);

/* Does each entry hash, and follow the one before it? EX_DATAERR: the first that does not. */
int ledger_check(struct ledger *l, struct err *e);

/* The newest entry, borrowed until the next call. 1: the ledger is empty. */
int ledger_head(struct ledger *l, const struct ledger_entry **ret, struct err *e);

/* Calls SEEN for each entry from SEQ on, in order. SEEN returns 1 to end early. */
typedef int ledger_seen(void *ctx, const struct ledger_entry *en, struct err *e);
int ledger_read(struct ledger *l, uint64_t seq, ledger_seen *seen, void *ctx, struct err *e);

/* The same from the newest entry back to the first. */
int ledger_read_back(struct ledger *l, ledger_seen *seen, void *ctx, struct err *e);

/* Calls SEEN for the newest entry of KIND; 1: there is none. */
int ledger_last(struct ledger *l, const char *kind, ledger_seen *seen, void *ctx, struct err *e);

/* Signs the newest entry's hash (evidence/sign.h) over "sparsam-head-1 SEQ HASH LF", and keeps the
 * signature. 1: it is signed already, or there is no entry. */
struct sign;
int ledger_sign(struct ledger *l, struct sign *s, struct err *e);

struct ledger_head {
	uint64_t seq;
	uint8_t hash[LEDGER_HASH_LEN];
	struct span signature; /* armoured, detached */
};
typedef int ledger_head_seen(void *ctx, const struct ledger_head *h, struct err *e);
int ledger_heads(struct ledger *l, ledger_head_seen *seen, void *ctx, struct err *e);

/* The canonical bytes of EN, whose `hash` need not be set, and their SHA-256. */
int ledger_canonical(const struct ledger_entry *en, struct buf *out, struct err *e);
void ledger_hash(const struct buf *canonical, uint8_t ret[LEDGER_HASH_LEN]);
