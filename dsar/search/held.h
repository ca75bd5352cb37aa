/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * held.h - holds of single records on behalf of a case, by their digests (evidence/hold.h, HOLD_RECORDS)
 *
 * Three things hold a case's records, each under a reason of its own: an answer until it is out (keep.h), a
 * restriction that the person wants (restrict.c), a law that an erasure had to obey (erase.c). The hold's
 * incident is the case's number. The node's ledger has each before it begins, its number once it has begun, and
 * before it ends.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "record/key/digest.h"

struct conf;
struct hold;
struct session;

struct held {
	const struct conf *conf;
	struct buf digests;
	const char **store; /* of the configuration: names, each once */
	size_t n_stores;
};

/* Nothing is gathered as yet. Ended by held_release() either way. */
int held_init(struct held *h, const struct conf *c, struct err *e);
void held_release(struct held *h);

/* One more record, of STORE; one that is declared no more has none to hold. */
void held_add(struct held *h, const char *store, const uint8_t digest[RECORD_DIGEST_LEN]);
size_t held_count(const struct held *h);

/* Holds what was gathered for case NUMBER. Fails as hold_add() does. */
int held_keep(struct session *s, const struct held *h, const char *number, const char *reason,
	int64_t expires_us, uint64_t *ret_id, struct err *e);

/* What holds of case NUMBER are in force hold H's records from now on as well, under the same reasons, until each ends. */
int held_also(struct session *s, const struct held *h, const char *number, struct err *e);

/* Is D in force, of ours and under REASON? */
bool held_is(const struct hold *d, const char *reason);

/* The hold of case NUMBER under REASON that is in force; 0: there is none. */
uint64_t held_find(const struct session *s, const char *number, const char *reason);

int held_end(struct session *s, const char *number, uint64_t id, struct err *e);

/* Ends all of case NUMBER under REASON but hold BUT (0: all): one that was ended in between may have left two. */
int held_end_others(
	struct session *s, const char *number, const char *reason, uint64_t but, struct err *e);
