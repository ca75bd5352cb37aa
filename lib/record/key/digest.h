/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * digest.h - what a record is known by, wherever it has moved since
 *
 * BLAKE2b-256 of its store's name, its time and its text, each with its length before it; of what has
 * no text (a row too large to be read), of its place, offset and size in its stead; of a row of a database its
 * own columns, and not the rows that hang on it. So a list of digests names records that somebody has looked at, and nothing that came later.
 *
 * It has no key: who knows a record's text can tell whether it is in a list. Lists are sealed, or
 * lie where the records themselves may be read.
 */
#pragma once
#include <stdint.h>

struct record;

#define RECORD_DIGEST_LEN 32

void record_digest(const struct record *r, uint8_t ret[RECORD_DIGEST_LEN]);
