/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * transform.h - what a rule does to one field's value
 *
 * A transform is a function from the value (escapes undone) to the text that is written. Each is
 * idempotent: given its own output it gives the same bytes. What a transform cannot read becomes
 * "-": nothing passes because it was not understood.
 *
 *   keep              as it stands
 *   pseudonym         203.0.113.7            ip4:mzxw6ytboi4dgnbv (render = "address": an address);
 *                     a list "a, b"          each by itself
 *   prefix-pseudonym  2001:db8:1:2::3        net6:…/ip6:…         (IPv4: as pseudonym)
 *   pseudonym-id      any identifier         id:mzxw6ytboi4dgnbv
 *   truncate          203.0.113.77           203.0.113.0          (24 bits; IPv6 48)
 *   last4             +4915112345678         ***5678              (shorter than 7 digits: -)
 *   host-only         https://a.example/b?c  https://a.example
 *   method+path       GET /b/abc?x=1 HTTP/2  GET /b/:id HTTP/2    (no query, fragment; by masks)
 *   path              /b/abc?x=1             /b/:id               (the same for a bare URI)
 *   browser-family    Mozilla/5.0 …          Firefox/128 Linux    (family, major version, OS family)
 *   coarse-time       24/Nov/2026:01:40:29   24/Nov/2026:01:00:00 (1 h; the same shape and length)
 *   class             404                    4xx
 *   redact            from 203.0.113.7, a@b.example               from ip4:…, [email]
 *   one-of            info, warn: as they stand; anna: -          (by a list of values)
 *   words             room 7 of anna is full   room - is full       (by a list of words)
 *   number            12.5                   12.5                 (up to 9 digits and a fraction)
 *   flag              true                   true                 (true or false)
 *
 * None allocates per value once its buffers have grown.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/conf/conf.h"
#include "base/err.h"
#include "record/detect/detect.h"

struct pseudonym;
struct timestamp;

/* What all transforms of a run share; borrowed. */
struct transform_env {
	struct pseudonym *pseudonym;
	struct timestamp *timestamp; /* of the store */
	int32_t day;                 /* of the record at hand: set before each record */
	uint64_t hits[DETECT_TYPES]; /* counted up by redact and pseudonym */
};

struct transform; /* compiled from one struct conf_reduce */

/* Compiles D for a store. Fails with EX_CONFIG at its place (unknown name, bad mask, …). */
int transform_new(const struct conf_reduce *d, const struct conf_store *s, struct transform **ret,
	struct err *e);
struct transform *transform_free(struct transform *t);
DEFINE_CLEANUP(struct transform, transform_free)

const char *transform_name(const struct transform *t);
bool transform_is_keep(const struct transform *t);
bool transform_remembers(const struct transform *t); /* can transform_recall() know anything? */

#define TRANSFORM_KEY_MAX 80 /* bytes of a key that is made */

/* By what a value may be known from the last time. Borrows the value, and is not moved. */
struct transform_key {
	struct span text, tail;
	uint64_t hash;
	char made[TRANSFORM_KEY_MAX]; /* where TEXT is no part of the value */
};

/* The same as transform_apply(), where it is known from the last time what becomes of VALUE: then true.
 * VALUE may be a field as it stands in its line, with whatever escapes it has: those that have any
 * are not known. KEY is transform_key()'s, which has what is known brought near: if that is done for
 * all fields of a line before the first is recalled, none of them has to wait. */
void transform_key(const struct transform *t, const struct transform_env *env, struct span value,
	struct transform_key *ret);
bool transform_recall(const struct transform *t, struct transform_env *env,
	const struct transform_key *key, struct buf *out);

/* The same for who puts it down himself: what stands before KEY's tail, which is the value's own end. SPAN_NONE:
 * it is not known. Up to TRANSFORM_KNOWN_MAX bytes; TRANSFORM_BEHIND more may be read. Borrowed until
 * transform_apply(). */
#define TRANSFORM_KNOWN_MAX 254
#define TRANSFORM_BEHIND    15
struct span transform_known(
	const struct transform *t, struct transform_env *env, const struct transform_key *key);

/* Appends what becomes of VALUE to OUT. Returns 0, or -1 with E filled where a key could not be had
 * (then the record must not be written). VALUE does not overlap OUT. */
int transform_apply(const struct transform *t, struct transform_env *env, struct span value,
	struct buf *out, struct err *e);
