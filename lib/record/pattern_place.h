/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * pattern_place.h - where a group of a pattern lies in the lines that the pattern matches
 *
 * Most logs begin with their time, of so many digits: whoever wants to know only that need not match the
 * whole line. Where a pattern says it in a way that is not followed here, nothing is known.
 */
#pragma once
#include <stddef.h>

#define PATTERN_PLACES_MAX 24

struct pattern_place {
	size_t at, len;
};

/* Reads SOURCE, NUL-terminated, which PCRE2 takes as a pattern for the whole of a line, bytes, DOTALL. If it matches
 * a line, its only group NAME has nothing, or the bytes of one of the places in RET, as many as are returned.
 * 0: nothing is known. */
unsigned pattern_places(
	const char *source, const char *name, struct pattern_place ret[PATTERN_PLACES_MAX]);
