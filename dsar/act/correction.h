/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * correction.h - what was set right, so that a backup that is brought back does not make it wrong again
 *
 * Beside each rectification that was carried out lies, for as long as a backup may have the old value (dsar {
 * backup_period = … }, as tombstones), a keyed hash of the record as it was with one field and its old value, and the
 * new value, sealed (libsodium's secretbox). The keys are made of state_dir/tombstone.key, which is root's and lies apart
 * from the register: without it neither says anything.
 *
 * A record comes back as it was, and is known by its digest; a row may come back as it was earlier, and is known by the
 * identifier that it gives (a subject and a link of one field) where it is older than the rectification. Where the value
 * was set back later, the earlier one is forgotten.
 *
 * Source: GDPR Art. 5(1)(d), 16.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "record/key/digest.h"
#include "store/store.h"

struct conf;
struct corrections;
struct record;
struct registry;

/* Opens the key, makes it where there is none, and reads what is in force at NOW_US. The caller owns *ret. EX_NOPERM: not
 * root; EX_DATAERR: the key is damaged. */
int corrections_open(const struct conf *c, struct registry *r, int64_t now_us,
	struct corrections **ret, struct err *e);
struct corrections *corrections_free(struct corrections *c); /* wipes */
DEFINE_CLEANUP(struct corrections, corrections_free)

/* Deletes what is past its time, of tombstones, too. */
int corrections_expire(struct registry *r, int64_t now_us, struct err *e);

/* Before the N fields V of record WAS are set, by which it gets the digest BECOMES, on behalf of case NUMBER. A
 * transaction of its own. */
int corrections_add(struct corrections *c, const char *number, const struct record *was,
	const uint8_t becomes[RECORD_DIGEST_LEN], const struct store_value *v, size_t n,
	int64_t now_us, struct err *e);

/* Takes back what was added at NOW_US of a record of STORE, whose values it has refused. */
int corrections_drop(struct corrections *c, const char *number, const char *store, int64_t now_us,
	struct err *e);

/* Has R an old value again? */
bool corrections_cover(struct corrections *c, const struct record *r);

#define CORRECTION_FIELDS_MAX 32

/* What is to stand in a record instead. */
struct correction {
	char number[16]; /* the case */
	uint8_t digest[RECORD_DIGEST_LEN];
	struct store_value v[CORRECTION_FIELDS_MAX]; /* fields borrowed, values owned */
	size_t n;
};

/* … in R. EX_DATAERR: what was sealed cannot be opened. */
int corrections_of(
	struct corrections *c, const struct record *r, struct correction *ret, struct err *e);
void correction_release(struct correction *x); /* wipes */

/* Is there any for records of STORE? */
bool corrections_concern(const struct corrections *c, const char *store);
