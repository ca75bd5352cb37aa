/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * detect_scan-private.h - what the candidate passes share, so that they cannot differ
 */
#pragma once
#include "record/detect_scan.h"

/* Tables indexed by a byte's low and high half; a byte is in class c if both have bit c. Bytes from
 * 0x80 on are in none.
 *
 * FIRST and SECOND: a pair is a candidate if the first byte's classes and the second's share a bit:
 *   0x01  key letter of rows 4, 6 [dDeEfFgGhHlLmMnN]      and [=:>]
 *   0x02  key letter of rows 5, 7 [pPrRsStTwWyY]          and [=:>]
 *   0x04  ["2] (the end of \x22, %22)                     and [=:>]
 *   0x08  [']                                             and [=:>]
 *   0x10  []] and the rest of a field like user[password] and [=]
 *   0x20  [%]                                             and [2345]
 *   0x40  [&\\] (and [,V])                                and [#ux] (and some more)
 *   0x80  [+]                                             and [1-9]
 */
#define FIRST_LO                                                                                   \
	{                                                                                          \
		0x02, 0, 0x06, 0x02, 0x03, 0x21, 0x41, 0x0b, 0x01, 0x02, 0, 0x80, 0x41, 0x11,      \
			0x01, 0                                                                    \
	}
#define FIRST_HI                                                                                   \
	{                                                                                          \
		0, 0, 0xec, 0x04, 0x01, 0x52, 0x01, 0x02, 0, 0, 0, 0, 0, 0, 0, 0                   \
	}
#define SECOND_LO                                                                                  \
	{                                                                                          \
		0, 0x80, 0xa0, 0xe0, 0xa0, 0xe0, 0x80, 0x80, 0xc0, 0x80, 0x0f, 0, 0, 0x1f, 0x0f, 0 \
	}
#define SECOND_HI                                                                                  \
	{                                                                                          \
		0, 0, 0x40, 0xbf, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0                            \
	}

/* KIND: a byte's part in a longer shape. */
#define KIND_DIGIT  0x80
#define KIND_LETTER 0x40 /* a to f */
#define KIND_SEP    0x20 /* . - */
#define KIND_COLON  0x10
#define KIND_ZERO   0x08
#define KIND_LO                                                                                    \
	{                                                                                          \
		0x88, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0x80, 0x80, 0x80, 0x10, 0, 0, 0x20,      \
			0x20, 0                                                                    \
	}
#define KIND_HI                                                                                    \
	{                                                                                          \
		0, 0, 0x20, 0x98, 0x40, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0                         \
	}

/* One bit a byte: the upper half speaks of 32 bytes, the lower of the 32 before them. */
struct scan_kinds {
	uint64_t hex, sep, colon, digit, zero;
};

static inline void
scan_kinds_push(struct scan_kinds *k, uint32_t digit, uint32_t letter, uint32_t sep, uint32_t colon,
	uint32_t zero)
{
	k->hex = k->hex >> 32 | (uint64_t)(digit | letter) << 32;
	k->sep = k->sep >> 32 | (uint64_t)sep << 32;
	k->colon = k->colon >> 32 | (uint64_t)colon << 32;
	k->digit = k->digit >> 32 | (uint64_t)digit << 32;
	k->zero = k->zero >> 32 | (uint64_t)zero << 32;
}

/* Bits that follow one of X by 2 to 5. */
static inline uint64_t
scan_near(uint64_t x)
{
	uint64_t two = x << 2 | x << 3;

	return two | two << 2;
}

/* Candidates among the last 32 bytes by their longer shape. Nothing here looks back over 31. */
static inline uint32_t
scan_shapes(const struct scan_kinds *k, const struct scan_want *want)
{
	uint64_t sep1 = k->sep & k->hex << 1;
	uint64_t sep2 = sep1 & scan_near(sep1);
	uint64_t sep3 = sep2 & scan_near(sep2);
	uint64_t chain = (k->hex & sep3 << 1) | (k->sep & sep1 << 1);
	uint64_t run2 = k->hex | k->colon, run4, run8, run14;
	uint64_t colon, zero;

	run2 &= run2 << 1;
	run4 = run2 & run2 << 2;
	run8 = run4 & run4 << 4;
	run14 = run8 & run8 << 6;
	colon = k->colon & (run14 | k->colon << 1);
	zero = k->zero << 2 & k->digit << 1 & k->digit & ~((k->digit | k->sep) << 3);
	return (uint32_t)(((chain & want->chain) | (colon & want->colon) | (zero & want->zero)) >>
			  32);
}
