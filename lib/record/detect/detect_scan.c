/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * detect_scan.c - the candidate pass without SIMD: the twin that the others are tested against
 */
#include "record/detect/detect_scan.h"

#include "record/detect/detect_scan-private.h"

/* Both halves of a byte agree on its classes; bytes from 0x80 on have none. */
static inline uint8_t
classes(const uint8_t lo[16], const uint8_t hi[16], uint8_t c)
{
	return c < 0x80 ? lo[c & 15] & hi[c >> 4] : 0;
}

/* Reads N bytes at P, of which BEFORE is the byte before the first. */
static struct scan_bits
read_window(const uint8_t *p, size_t n, uint8_t before, const struct scan_want *want)
{
	static const uint8_t first_lo[16] = FIRST_LO, first_hi[16] = FIRST_HI;
	static const uint8_t second_lo[16] = SECOND_LO, second_hi[16] = SECOND_HI;
	static const uint8_t kind_lo[16] = KIND_LO, kind_hi[16] = KIND_HI;
	struct scan_bits b = { 0 };

	for (size_t i = 0; i < n; i++) {
		uint8_t c = p[i], kind = classes(kind_lo, kind_hi, c);
		uint8_t pair = classes(first_lo, first_hi, before) & want->pairs &
			       classes(second_lo, second_hi, c);
		uint64_t bit = UINT64_C(1) << i;

		if (pair || kind & want->solo)
			b.hit |= bit;
		if (kind & (KIND_DIGIT | KIND_LETTER))
			b.hex |= bit;
		if (kind & KIND_DIGIT)
			b.digit |= bit;
		if (kind & KIND_SIGN)
			b.sign |= bit;
		if (kind & KIND_ZERO)
			b.zero |= bit;
		before = c;
	}
	return b;
}

unsigned
scan_scalar(const char *p, size_t len, const struct scan_want *want, uint64_t *map)
{
	unsigned n = scan_windows(len);

	for (unsigned k = 0; k < n; k++) {
		size_t at = (size_t)k * SCAN_STRIDE;
		size_t left = len - at < SCAN_WINDOW ? len - at : SCAN_WINDOW;
		struct scan_bits b = read_window(
			(const uint8_t *)p + at, left, k > 0 ? (uint8_t)p[at - 1] : ' ', want);

		map[k] = scan_shapes(&b, want);
		if (k > 0)
			map[k] &= ~UINT64_C(0) << SCAN_BACK;
	}
	return n;
}
