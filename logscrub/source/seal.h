/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * seal.h - what stands before a place in a file, as a short hash by which the place is known again
 *
 * SipHash-2-4 (libsodium), cut to 32 bits, under a key that is derived from the key of the day on
 * which the seal was made: once that is destroyed, nobody can find out by trying what stood there.
 * A throw-away key, which the next start does not have, seals nothing.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/span.h"

struct keyring;
struct seal_key;

/* Borrows K. The caller owns *ret. EX_OSERR (memory). */
int seal_key_new(struct keyring *k, struct seal_key **ret, struct err *e);
struct seal_key *seal_key_free(struct seal_key *s);
DEFINE_CLEANUP(struct seal_key, seal_key_free)

/* The seal of TEXT under the key of DAY. False: the day has no key that lasts. Cheap for the day
 * asked last. */
bool seal_key_hash(struct seal_key *s, int32_t day, struct span text, uint32_t *ret);
