/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tombstone.h - what was erased, so that a backup that is brought back does not bring it back
 *
 * A tombstone is a hash of a record's digest, or of an identifier as a store has it, under a key that
 * lies apart from the register (state_dir/tombstone.key, 0600, root's): it says "this one" to whoever
 * has the record before him and the key, and nothing to anybody else. It is written before the act and
 * lives until the last backup is gone (dsar { backup_period = … }), not longer; where that is not declared,
 * for a year.
 *
 * A record comes back as it was, and is known by its digest; a row may come back as it was earlier, and
 * is known by its fields. What is younger than the erasure is nobody's backup: it is let alone.
 *
 * Source: GDPR Art. 5(1)(e), 17; EDPB, coordinated action on erasure (10.2.2026).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/span.h"

struct buf;
struct conf;
struct conf_subject;
struct record;
struct registry;
struct tombstones;

/* The key itself, made where there is none, for what else says "this one" (correction.h). */
#define TOMBSTONE_KEY_LEN 32
int tombstone_key(const struct conf *c, uint8_t ret[TOMBSTONE_KEY_LEN], struct err *e);

/* When the last backup of before NOW_US is gone. */
int64_t tombstone_until_us(const struct conf *c, int64_t now_us);

/* Opens the key, makes it where there is none, and reads what is in force at NOW_US; what is past its time is
 * deleted. The caller owns *ret. EX_NOPERM: not root; EX_DATAERR: the key is damaged. */
int tombstones_open(const struct conf *c, struct registry *r, int64_t now_us,
	struct tombstones **ret, struct err *e);
struct tombstones *tombstones_free(struct tombstones *t); /* wipes */
DEFINE_CLEANUP(struct tombstones, tombstones_free)

/* "record": a digest; or the kind of an identifier, as its store has it. */
struct tombstone {
	const char *number, *store, *kind;
	struct span value;
	int64_t erased_us;
};

/* Does B name people by something that is theirs alone: an address, an id? Not a name, which others have, nor what
 * was theirs for a time. */
bool tombstone_fits(const struct conf_subject *b);

/* VALUE, of B's kind, as a field of B has it: what a tombstone is made of. Appends to OUT; -1: there is none. */
int tombstone_form(const struct conf_subject *b, struct span value, struct buf *out);

/* Within a transaction of the register. One that is there is renewed. */
int tombstone_add(struct tombstones *t, const struct tombstone *s, struct err *e);

/* Was R erased, or what one of its fields names, after R's time? Allocates nothing per record. */
bool tombstones_cover(struct tombstones *t, const struct record *r);

/* Is there any for records of STORE? */
bool tombstones_concern(const struct tombstones *t, const char *store);
