/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * first_bytes.h - the bytes that a text may begin with which a PCRE2 pattern matches
 *
 * PCRE2 works them out for patterns that may match anywhere; ours match whole texts, so the pattern
 * is compiled for this without PCRE2_ANCHORED, and its answer holds for the text's first byte.
 */
#pragma once
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdbool.h>
#include <stdint.h>

struct first_bytes {
	uint64_t set[4]; /* a bit for each byte */
};

/* Of CODE, compiled without PCRE2_ANCHORED: all bytes, where PCRE2 does not know. If the empty text
 * matches, PCRE2 never knows. */
void first_bytes_of(const pcre2_code *code, struct first_bytes *ret);

static inline bool
first_bytes_has(const struct first_bytes *f, unsigned char c)
{
	return f->set[c / 64] >> c % 64 & 1;
}
