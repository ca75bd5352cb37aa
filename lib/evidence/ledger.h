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
 *   canonical JSON (keys sorted, no blanks; RFC 8785 for what we use: strings, integers, booleans)
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

#include "base/cleanup.h"
#include "base/conf.h"
#include "base/err.h"

#define LEDGER_HASH_LEN 32

struct ledger;

struct ledger_entry {
	uint64_t seq; /* from 1, without a gap */
	int64_t time_us;
	const char
		*kind; /* "init", "run", "plan", "act", "result", "hold", "refusal", "config", … */
	const char *data; /* canonical JSON */
	uint8_t prev[LEDGER_HASH_LEN], hash[LEDGER_HASH_LEN];
};

/* Opens state_dir/ledger.db of C. The caller owns *ret. Fails with EX_CONFIG (there is none: say
 * `retention init`), EX_TEMPFAIL (locked), EX_DATAERR (damaged, or its last entries do not chain). */
int ledger_open(const struct conf *c, bool writable, struct ledger **ret, struct err *e);
int ledger_init(const struct conf *c, struct ledger **ret, struct err *e);
struct ledger *ledger_free(struct ledger *l);
DEFINE_CLEANUP(struct ledger, ledger_free)

/* Adds an entry; DATA (an object of strings, integers and booleans) is given away. Durable on
 * return: what it announces may be done then. *ret_seq may be NULL. EX_IOERR, EX_CANTCREAT (disk full): then
 * the act must not happen. */
int ledger_append(struct ledger *l, int64_t now_us, const char *kind, json_t *data,
	uint64_t *ret_seq, struct err *e);

/* The newest entry, borrowed until the next call. 1: the ledger is empty. */
int ledger_head(struct ledger *l, const struct ledger_entry **ret, struct err *e);

/* Calls SEEN for each entry from SEQ on. SEEN returns 1 to end early. */
typedef int ledger_seen(void *ctx, const struct ledger_entry *en, struct err *e);
int ledger_read(struct ledger *l, uint64_t seq, ledger_seen *seen, void *ctx, struct err *e);
