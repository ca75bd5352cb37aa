/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * needles-private.h - the pass over a text, in its forms
 *
 * A filter says of 64 positions where a window may begin: for each of the window's bytes, and for both
 * halves of it, a table of 16 bytes says which of eight buckets have such a byte in that place. Source:
 * Teddy, of Hyperscan (Langdale; Intel, BSD licence), as its description in aho-corasick has it.
 */
#pragma once
#include <stdint.h>

#include "base/span.h"

#define NEEDLE_WINDOW 4
#define NEEDLE_BLOCK  64

struct needle_filter {
	uint8_t lo[NEEDLE_WINDOW][16], hi[NEEDLE_WINDOW][16];
} __attribute__((aligned(16)));

/* The first block from *AT on with a position where one may begin, with its bits; *AT is moved to it. 0: none up to
 * LEN, and *AT is behind the last block that could be looked at. */
typedef uint64_t needle_skip(const struct needle_filter *f, const char *p, size_t len, size_t *at);
needle_skip needle_skip_scalar, needle_skip_avx2;

/* The same, where there are few windows: their second half is asked first, and in most blocks nothing passes it. With
 * many the processor would guess wrongly too often. */
#define NEEDLE_FEW 8
needle_skip needle_skip_few_avx2;
