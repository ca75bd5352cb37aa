/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * detect_scan.h - the candidate pass: where in a text might personal data stand?
 *
 * Every byte belongs to a few classes, told by two tables of 16 (one for its low, one for its high
 * half), which is one SIMD shuffle each. From the classes of a byte, of the one before it and of
 * up to 15 more before that follows whether it is a candidate:
 *
 *   pair    "=" ":" ">" behind what may end a key, "%3", "&#", "\x", "\u", "+4"
 *   solo    "@" (mail, URL) and "J" (for "eyJ")
 *   chain   a hexadecimal digit behind the third "." "-" ":" with one to four others between them
 *   double  "::" "--" ".."
 *   zero    the third digit of a number that begins with 0
 *
 * Plain words, times, dates, decimal numbers and versions of three parts are none. A candidate
 * stands in the middle of its datum: whoever parses it looks to both sides.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* What is not asked for is no candidate. */
struct scan_want {
	uint8_t pairs;        /* SCAN_PAIR_* */
	uint8_t solo;         /* SCAN_SOLO or 0 */
	uint64_t chain, zero; /* all ones or none; `chain` is for doubles, too */
};

#define SCAN_PAIR_KEYS   0x17
#define SCAN_PAIR_ESCAPE 0x68
#define SCAN_PAIR_PLUS   0x80
#define SCAN_SOLO        0x08

/* A text is read in windows of 64 bytes, of which each shows the last 16 of the one before again,
 * so that no shape is cut and nothing has to be carried over. */
#define SCAN_WINDOW 64
#define SCAN_STRIDE 48
#define SCAN_BACK   16 /* bytes at a window's beginning that the one before has spoken of */

/* Sets bit i of map[k] for each candidate P[SCAN_STRIDE * k + i]; except in the first window, the
 * first SCAN_BACK bits are none. What lies before P is taken for blanks. Returns the number of
 * windows, which is scan_windows(len). */
typedef unsigned scan_fn(const char *p, size_t len, const struct scan_want *want, uint64_t *map);

static inline unsigned
scan_windows(size_t len)
{
	if (len <= SCAN_WINDOW)
		return len > 0;
	return 1 + (unsigned)((len - SCAN_WINDOW + SCAN_STRIDE - 1) / SCAN_STRIDE);
}

scan_fn scan_scalar;
scan_fn scan_ssse3; /* these two: only on x86-64 */
scan_fn scan_avx2;
