/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * path_segment.c - does a path segment look like a part of a program, or like somebody's id?
 */
#include "record/path_mask-private.h"

#define SEGMENT_MAX 40

enum { OTHER, LOWER, UPPER, DIGIT, DOT, DASH, UNDERSCORE };

static const unsigned char kinds[256] = {
	['a' ... 'z'] = LOWER,
	['A' ... 'Z'] = UPPER,
	['0' ... '9'] = DIGIT,
	['.'] = DOT,
	['-'] = DASH,
	['_'] = UNDERSCORE,
};

/* Letters and digits without anything between them. */
struct run {
	unsigned len, digits, upper, changes;
};

static bool
run_is_id(const struct run *r)
{
	if (r->digits == 0)
		return r->len >= 16 && (r->upper == 0 || r->upper == r->len);
	if (r->digits == r->len)
		return r->len >= 3;
	return r->len >= 12 || (r->len >= 8 && (r->digits >= 3 || r->changes >= 3));
}

/* "abc-def-ghi", "abc-def-ghi-jkl": a room of Greenlight. */
static bool
is_room(struct span s)
{
	if (s.len != 11 && s.len != 15)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if ((s.p[i] == '-') != (i % 4 == 3))
			return false;
	return true;
}

/* "w_…", "v_…": a user within a meeting; "gl-…": a Greenlight account. */
static bool
is_user(struct span s)
{
	if (s.len >= 10 && (s.p[0] == 'w' || s.p[0] == 'v') && s.p[1] == '_')
		return true;
	return s.len >= 11 && s.p[0] == 'g' && s.p[1] == 'l' && s.p[2] == '-';
}

/* Digits alone, or with an extension of letters: "42", "42.png". */
static bool
is_number(struct span s)
{
	size_t i = 0;

	while (i < s.len && kinds[(unsigned char)s.p[i]] == DIGIT)
		i++;
	if (i == 0 || i == s.len)
		return i > 0;
	if (s.p[i] != '.')
		return false;
	while (++i < s.len)
		if (kinds[(unsigned char)s.p[i]] == DIGIT)
			return false;
	return true;
}

bool
path_segment_is_plain(struct span s)
{
	struct run run = { 0 };
	unsigned digits = 0, groups = 0, before = OTHER;

	if (s.len > SEGMENT_MAX)
		return false;
	for (size_t i = 0; i <= s.len; i++) {
		unsigned kind = i < s.len ? kinds[(unsigned char)s.p[i]] : DOT;

		if (kind == OTHER)
			return false;
		if (kind >= DOT) {
			if (run_is_id(&run))
				return false;
			digits += run.digits;
			run = (struct run){ 0 };
		} else {
			run.len++;
			run.upper += kind == UPPER;
			run.digits += kind == DIGIT;
			run.changes += run.len > 1 && (kind == DIGIT) != (before == DIGIT);
			groups += kind == DIGIT && before != DIGIT;
		}
		before = kind;
	}
	return digits < 6 && groups < 4 && !is_room(s) && !is_user(s) &&
	       (digits == 0 || !is_number(s));
}
