/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * path_segment.c - does a path segment look like a part of a program, or like somebody's id?
 */
#include "record/detect.h"
#include "record/path_mask-private.h"

#define SEGMENT_MAX 40

#define WORD_MAX 15 /* letters that cannot be an id by themselves */
#define USER_MIN 10 /* "w_" and eight */

/* With PATH_OTHER turned over, so that what is not named is just that. */
#define KIND(k) ((k) ^ PATH_OTHER)
const unsigned char path_kinds[256] = {
	['a' ... 'z'] = KIND(PATH_LOWER),
	['A' ... 'Z'] = KIND(PATH_UPPER),
	['0' ... '9'] = KIND(PATH_DIGIT),
	['.'] = KIND(PATH_DOT),
	['-'] = KIND(PATH_DASH),
	['_'] = KIND(PATH_UNDERSCORE),
	['/'] = KIND(PATH_STOP),
	[';'] = KIND(PATH_STOP),
};

/* Letters and digits without anything between them. */
struct run {
	unsigned len, digits, upper, changes;
	unsigned shout, shouts; /* capitals in a row now, and how often two: "cXVpdHRlbg" twice */
	bool is_capital; /* begins like a name; parts of programs rarely do, but for "en-US" */
};

static bool
run_is_id(const struct run *r)
{
	if ((r->is_capital && r->len > 2) || r->shouts >= 2)
		return true;
	if (r->digits == 0)
		return r->len >= 16 && (r->upper == 0 || r->upper == r->len);
	if (r->digits == r->len)
		return r->len >= 3;
	return r->len >= 12 || (r->len >= 8 && (r->digits >= 3 || r->changes >= 3));
}

/* "abc-def-ghi", "abc-def-ghi-jkl.json": a room of Greenlight. */
static bool
is_room(struct span s)
{
	const char *dot = memchr(s.p, '.', s.len);

	if (dot)
		s.len = (size_t)(dot - s.p);
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

	while (i < s.len && path_kind(s.p[i]) == PATH_DIGIT)
		i++;
	if (i == 0 || i == s.len)
		return i > 0;
	if (s.p[i] != '.')
		return false;
	while (++i < s.len)
		if (path_kind(s.p[i]) == PATH_DIGIT)
			return false;
	return true;
}

/* "2001-db8--7", "7.113.0.203.in-addr.arpa". */
static bool
spells_address(struct span s)
{
	struct detect d;
	struct finding f;

	detect_start(&d, s, DETECT_ADDRESSES);
	return detect_next(&d, &f);
}

static bool
is_plain(struct span s)
{
	struct run run = { 0 };
	unsigned digits = 0, groups = 0, seams = 0, before = PATH_OTHER;

	for (size_t i = 0; i <= s.len; i++) {
		unsigned kind = i < s.len ? path_kind(s.p[i]) : PATH_DOT;

		if (kind >= PATH_DOT) {
			if (run_is_id(&run))
				return false;
			digits += run.digits;
			seams += kind != PATH_UNDERSCORE;
			run = (struct run){ 0 };
		} else {
			run.is_capital |= run.len == 0 && kind == PATH_UPPER;
			run.shout = kind == PATH_UPPER ? run.shout + 1 : 0;
			run.shouts += run.shout == 2;
			run.len++;
			run.upper += kind == PATH_UPPER;
			run.digits += kind == PATH_DIGIT;
			run.changes += run.len > 1 &&
				       (kind == PATH_DIGIT) != (before == PATH_DIGIT);
			groups += kind == PATH_DIGIT && before != PATH_DIGIT;
		}
		before = kind;
	}
	return digits < 6 && groups < 4 && !is_room(s) && !is_user(s) &&
	       (digits == 0 || !is_number(s)) && (seams < 3 || !spells_address(s));
}

#define OWNER_MAX 8

bool
path_segment_names_owner(struct span s)
{
	/* by their length, each between blanks */
	static const char *const words[OWNER_MAX + 1] = { [1] = " u ",
		[4] = " home name user ",
		[5] = " email names phone users ",
		[6] = " author member people person ",
		[7] = " authors members persons profile ",
		[8] = " customer profiles " };

	if (s.len > OWNER_MAX || !words[s.len])
		return false;
	for (const char *w = words[s.len] + 1; *w; w += s.len + 1)
		if (*w == s.p[0] && memcmp(w, s.p, s.len) == 0)
			return true;
	return false;
}

bool
path_segment_is_plain(struct span s, unsigned kinds)
{
	if (kinds & PATH_OTHER || s.len > SEGMENT_MAX)
		return false;
	/* most segments: a short word or two */
	if (s.len <= WORD_MAX && !(kinds & (PATH_DIGIT | PATH_DASH | PATH_UPPER)) &&
		(s.len < USER_MIN || !(kinds & PATH_UNDERSCORE)) && s.p[0] != '.')
		return true;
	return is_plain(s);
}

/* The letters at the start of S that make one word, lower-case in RET. */
static size_t
word_len(struct span s, char ret[SEGMENT_MAX])
{
	size_t n = 0;

	for (; n < s.len && n < SEGMENT_MAX; n++) {
		unsigned kind = path_kind(s.p[n]);

		if (!(kind & (PATH_LOWER | PATH_UPPER)))
			break;
		if (kind == PATH_UPPER && n > 0 && path_kind(s.p[n - 1]) == PATH_LOWER)
			break; /* a hump: "insertDocument" */
		ret[n] = (char)(s.p[n] | 0x20);
	}
	return n;
}

bool
path_segment_is_known(struct span s, const struct value_set *known)
{
	char word[SEGMENT_MAX];

	for (struct span rest = s; rest.len > 0;) {
		size_t n = word_len(rest, word);

		if (n > 2 && !value_set_has_word(known, span_of(word, n)))
			return value_set_has(known, s);
		rest = span_from(rest, n > 0 ? n : 1);
	}
	return true;
}
