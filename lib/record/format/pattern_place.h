/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * pattern_place.h - where a group of a pattern lies in the lines that the pattern matches
 *
 * Most logs begin with their time, of so many digits: whoever wants to know only that need not match the
 * whole line. Where a pattern says it in a way that is not followed here, nothing is known.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define PATTERN_PLACES_MAX 128
#define PATTERN_SHAPE_MAX  5
#define PATTERN_PLACES_ANY 24 /* where no byte behind them tells them apart */

struct pattern_place {
	size_t at, len;
	int next; /* the byte that stands behind it in each line that matches; -1: any, or none */
	char shape
		[PATTERN_SHAPE_MAX]; /* what it begins with, if it is not empty: '0' is a digit, another one itself;
					* 0: that, and all behind it, may be anything */
};

/* Reads SOURCE, NUL-terminated, which PCRE2 takes as a pattern for the whole of a line, bytes, DOTALL. If it matches
 * a line, its only group NAME has nothing, or the bytes of one of the places in RET, as many as are returned.
 * 0: nothing is known. */
unsigned pattern_places(
	const char *source, const char *name, struct pattern_place ret[PATTERN_PLACES_MAX]);

/* Does SOURCE match no line without its group NAME? False: nothing is known. */
bool pattern_needs(const char *source, const char *name);
