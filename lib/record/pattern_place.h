/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * pattern_place.h - where a group of a pattern lies in each line that the pattern matches
 *
 * Most logs begin with their time, of so many digits: whoever wants to know only that need not match the
 * whole line. Where a pattern says it in a way that is not followed here, nothing is known.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Reads SOURCE, NUL-terminated, which PCRE2 takes as a pattern for the whole of a line, bytes, DOTALL. True:
 * if it matches a line, its only group NAME is the line's bytes from *ret_at on, *ret_len of them. */
bool pattern_place(const char *source, const char *name, size_t *ret_at, size_t *ret_len);
