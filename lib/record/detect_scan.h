/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * detect_scan.h - the candidate pass: where in a text might personal data stand?
 *
 * Every byte belongs to a few classes, told by two tables of 16 (one for its low, one for its high
 * half), which is one SIMD shuffle each. From the classes of a byte, of the one before it and of
 * up to 31 more before that follows whether it is a candidate:
 *
 *   pair   "=" ":" ">" behind what may end a key, "%3", "&#", "\x", "\u", "+4", "yJ", and each "@"
 *   chain  a hexadecimal digit behind the third "." or "-" with one to four others between them
 *   colon  "::", and ":" behind 13 or more hexadecimal digits and colons
 *   zero   the third digit of a number that begins with 0
 *
 * Plain words, times, dates, decimal numbers and versions of three parts are none. A candidate
 * stands in the middle of its datum: whoever parses it looks to both sides.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* What is not asked for is no candidate. */
struct scan_want {
	uint8_t pairs;               /* SCAN_PAIR_* */
	uint8_t at, jwt;             /* 0xff or 0 */
	uint64_t chain, colon, zero; /* all ones or none */
};

#define SCAN_PAIR_KEYS   0x1f /* bits 0 to 4 */
#define SCAN_PAIR_ESCAPE 0x60
#define SCAN_PAIR_PLUS   0x80

/* Sets bit i of MAP for each candidate P[i], i < LEN. What lies before P is taken for blanks. */
typedef void scan_fn(const char *p, size_t len, const struct scan_want *want, uint64_t *map);

scan_fn scan_scalar;
scan_fn scan_ssse3; /* these two: NULL where the machine is no x86 */
scan_fn scan_avx2;
