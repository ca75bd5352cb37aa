/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * detect_scan-private.h - what the candidate passes share, so that they cannot differ
 */
#pragma once
#include "record/detect/detect_scan.h"

/* Tables indexed by a byte's low and high half; a byte is in class c if both have bit c. Bytes from
 * 0x80 on are in none.
 *
 * FIRST and SECOND: a pair is a candidate if the first byte's classes and the second's share a bit:
 *   0x01  key letter of rows 4, 6 [dDeEfFgGhHlLmMnN]      and [=:>]
 *   0x02  key letter of rows 5, 7 [pPrRsStTwWyY]          and [=:>]
 *   0x04  ["' ]                                           and [=:>]
 *   0x08  [;] (of "&amp;")                                 and [#]
 *   0x10  the end of a field like user[password]          and [=]
 *   0x20  [%]                                             and [2345]
 *   0x40  [&\\] (and [,V])                                and [#ux] (and some more)
 *   0x80  [+]                                             and [1-9]
 */
#define FIRST_LO                                                                                   \
	{                                                                                          \
		0x06, 0, 0x06, 0x02, 0x03, 0x21, 0x41, 0x07, 0x01, 0x02, 0, 0x88, 0x41, 0x11,      \
			0x01, 0                                                                    \
	}
#define FIRST_HI                                                                                   \
	{                                                                                          \
		0, 0, 0xe4, 0x08, 0x01, 0x52, 0x01, 0x02, 0, 0, 0, 0, 0, 0, 0, 0                   \
	}
#define SECOND_LO                                                                                  \
	{                                                                                          \
		0, 0x80, 0xa0, 0xe8, 0xa0, 0xe0, 0x80, 0x80, 0xc0, 0x80, 0x07, 0, 0, 0x17, 0x07, 0 \
	}
#define SECOND_HI                                                                                  \
	{                                                                                          \
		0, 0, 0x48, 0xb7, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0                            \
	}

/* KIND: a byte's part in a longer shape, or a candidate by itself. */
#define KIND_LETTER 0x80 /* a to f */
#define KIND_DIGIT  0x40
#define KIND_SIGN   0x20 /* . - :, and for the tables' sake * = > */
#define KIND_ZERO   0x10
#define KIND_SOLO   SCAN_SOLO
#define KIND_LO                                                                                    \
	{                                                                                          \
		0x58, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0x40, 0x40, 0x40, 0x28, 0, 0, 0x20,      \
			0x20, 0                                                                    \
	}
#define KIND_HI                                                                                    \
	{                                                                                          \
		0, 0, 0x20, 0x70, 0x88, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0                         \
	}

/* One bit a byte of a window. */
struct scan_bits {
	uint64_t hit, hex, digit, sign, zero;
};

/* Bits that follow one of X by 2 to 5. */
static inline uint64_t
scan_near(uint64_t x)
{
	uint64_t two = x << 2 | x << 3;

	return two | two << 2;
}

/* The window's candidates. Nothing here looks back over 12 bytes. */
static inline uint64_t
scan_shapes(const struct scan_bits *b, const struct scan_want *want)
{
	uint64_t sign1 = b->sign & b->hex << 1;
	uint64_t sign2 = sign1 & scan_near(sign1);
	uint64_t sign3 = sign2 & scan_near(sign2);
	uint64_t chain = (b->hex & sign3 << 1) | (b->sign & b->sign << 1);
	uint64_t zero = (b->zero & ~(b->digit << 1)) << 2 & b->digit << 1 & b->digit;

	return b->hit | (chain & want->chain) | (zero & want->zero);
}
