/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * detect_scan.c - the candidate pass without SIMD: the twin that the others are tested against
 */
#include "record/detect_scan.h"

#include <string.h>

#include "record/detect_scan-private.h"

/* Both halves of a byte agree on its classes; bytes from 0x80 on have none. */
static inline uint8_t
classes(const uint8_t lo[16], const uint8_t hi[16], uint8_t c)
{
	return c < 0x80 ? lo[c & 15] & hi[c >> 4] : 0;
}

static uint32_t
scan_block(const uint8_t *p, size_t n, uint8_t *last, struct scan_kinds *kinds,
	const struct scan_want *want)
{
	static const uint8_t first_lo[16] = FIRST_LO, first_hi[16] = FIRST_HI;
	static const uint8_t second_lo[16] = SECOND_LO, second_hi[16] = SECOND_HI;
	static const uint8_t kind_lo[16] = KIND_LO, kind_hi[16] = KIND_HI;
	uint32_t digit = 0, letter = 0, sep = 0, colon = 0, zero = 0, pair = 0;

	for (size_t i = 0; i < n; i++) {
		uint8_t c = p[i], kind = classes(kind_lo, kind_hi, c);
		uint8_t hit = classes(first_lo, first_hi, *last) & classes(second_lo, second_hi, c);
		uint32_t bit = UINT32_C(1) << i;

		if (kind & KIND_DIGIT)
			digit |= bit;
		if (kind & KIND_LETTER)
			letter |= bit;
		if (kind & KIND_SEP)
			sep |= bit;
		if (kind & KIND_COLON)
			colon |= bit;
		if (kind & KIND_ZERO)
			zero |= bit;
		if ((hit & want->pairs) || (c == '@' && want->at) ||
			(c == 'J' && *last == 'y' && want->jwt))
			pair |= bit;
		*last = c;
	}
	scan_kinds_push(kinds, digit, letter, sep, colon, zero);
	return pair | scan_shapes(kinds, want);
}

void
scan_scalar(const char *p, size_t len, const struct scan_want *want, uint64_t *map)
{
	struct scan_kinds kinds = { 0 };
	uint8_t last = ' ';

	for (size_t at = 0; at < len; at += 64) {
		size_t n = len - at < 64 ? len - at : 64;
		size_t low = n < 32 ? n : 32;
		uint64_t bits;

		bits = scan_block((const uint8_t *)p + at, low, &last, &kinds, want);
		if (n > 32)
			bits |= (uint64_t)scan_block(
					(const uint8_t *)p + at + 32, n - 32, &last, &kinds, want)
				<< 32;
		map[at / 64] = bits;
	}
}
