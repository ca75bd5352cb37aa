/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * detect_v6.c - IPv6 in its textual forms (RFC 4291 2.2, RFC 5952), with what logs put around it
 *
 * Taken apart: "smtp:2001:db8::1" (a word before), "2001:db8:1:2:3:4:5:6:443" (a port behind eight
 * groups), "2001:db8::1.443" (BSD), "2001:db8::1: refused". Left alone: C++ and Perl names, MAC
 * addresses, fingerprints, EUI-64, "::" by itself.
 */
#include <string.h>

#include "record/detect-private.h"

#define V6_TEXT_MAX 64 /* more than any address with its port; a longer run is none */

static inline bool
is_part(char c)
{
	return c == ':' || char_is(c, CHAR_HEX);
}

/* Moves START behind what belongs to a word or an escape. False: a name like std::string. */
static bool
trim_left(const struct detect *d, size_t *start, size_t end)
{
	const char *p = d->text.p;
	size_t s = *start, colon;
	char before = char_before(d, s);
	bool word = char_is(before, CHAR_ALPHA);

	if (word || before == '%' || before == '\\' || before == '#') {
		int tail = detect_escape_tail(d, s, end);

		s += tail > 0 ? (size_t)tail : 0;
		word = word && tail < 0;
	}
	for (;;) {
		for (colon = s; colon < end && p[colon] != ':';)
			colon++;
		if (!word && colon - s <= 4)
			break;
		if (end - colon < 2 || (p[colon + 1] == ':' && char_at(d, colon + 2) != ':'))
			return false; /* word:: */
		s = colon + 1;
		word = false;
	}
	/* ":2001:db8::1" and ":::1" have a colon that is not theirs */
	if (end - s >= 3 && p[s] == ':' && (p[s + 1] != ':' || p[s + 2] == ':'))
		s++;
	else if (p[s] == ':' && before == '>' && s == *start && s > 1 && p[s - 2] != '-')
		return false; /* vector<int>::… */
	*start = s;
	return true;
}

/* End of the dotted quad whose first number begins at GROUP, 0 if there is none. */
static size_t
quad_end(const struct detect *d, size_t group)
{
	const char *p = d->text.p;
	size_t i = group, n;

	for (int k = 0; k < 4; k++) {
		for (n = 0; i < d->text.len && n < 4 && char_is(p[i], CHAR_DIGIT); n++)
			i++;
		if (n == 0 || n > 3)
			return 0;
		if (k < 3 && char_at(d, i++) != '.')
			return 0;
	}
	return i;
}

/* Moves END to where the address ends. */
static bool
trim_right(const struct detect *d, size_t start, size_t *end)
{
	const char *p = d->text.p;
	size_t e = *end, group, quad;
	char after = char_at(d, e);

	if (after == '.' && e > start && p[e - 1] != ':') {
		for (group = e; group > start && p[group - 1] != ':';)
			group--;
		quad = quad_end(d, group);
		if (quad)
			e = quad;
	} else if (char_is(after, CHAR_ALPHA)) {
		if (e < start + 2 || p[e - 1] != ':' || p[e - 2] == ':')
			return false; /* fe80::1x, std::x */
	}
	if (e - start >= 2 && p[e - 1] == ':' && p[e - 2] != ':')
		e--;
	*end = e;
	return true;
}

/* Without its last group, if that can be a port. */
static bool
parse_with_port(const struct detect *d, size_t start, size_t *end, struct address *ret)
{
	const char *p = d->text.p;
	size_t i = *end, e;
	unsigned v = 0;

	while (i > start && *end - i < 6 && char_is(p[i - 1], CHAR_DIGIT))
		i--;
	if (i == *end || *end - i > 5 || i < start + 3 || p[i - 1] != ':')
		return false;
	for (e = i; e < *end; e++)
		v = v * 10 + (unsigned)(p[e] - '0');
	if (v > 65535 || !address_parse(span_of(p + start, i - 1 - start), ret))
		return false;
	*end = i - 1;
	return true;
}

/* An address by its grammar, but something else by its looks? */
static bool
is_something_else(const struct detect *d, size_t start, size_t end)
{
	const char *p = d->text.p;
	unsigned n_colons = 0, n_digits = 0, width = 0;
	bool gap = false, upper = false, low = false, pairs = true;

	for (size_t i = start; i < end; i++) {
		char c = p[i];

		if (c == '.')
			return false;
		if (c == ':') {
			gap |= i > start && p[i - 1] == ':';
			pairs = pairs && width == 2;
			n_colons++;
			width = 0;
			continue;
		}
		width++;
		n_digits += char_is(c, CHAR_DIGIT);
		upper |= c >= 'A' && c <= 'F';
		low |= c >= 'a';
	}
	if (!gap)
		return pairs && width == 2; /* EUI-64, World Wide Name */
	if (end - start == 2)
		return true;
	if (n_colons > 2)
		return false;
	/* X::Y, and nothing more */
	if (n_digits == 0)
		return char_before(d, start) != '[' || char_at(d, end) != ']';
	if ((upper && low) || char_at(d, end) == '(')
		return true;
	return n_digits + 2 == end - start && end - start <= 6 && start > 1 &&
	       p[start - 1] == '[' && char_is(p[start - 2], CHAR_ALNUM); /* list[1::2] */
}

bool
detect_v6(struct detect *d, size_t at, struct finding *ret)
{
	const char *p = d->text.p;
	size_t lo = left_limit(d, at, V6_TEXT_MAX), hi = d->text.len, start = at, end = at, run;
	struct address a;

	if (hi - at > V6_TEXT_MAX)
		hi = at + V6_TEXT_MAX;
	while (start > lo && is_part(p[start - 1]))
		start--;
	while (end < hi && is_part(p[end]))
		end++;
	run = end;
	if (run - start > V6_TEXT_MAX) {
		d->skip = run;
		return false;
	}
	if (trim_left(d, &start, end) && trim_right(d, start, &end) && end - start > 2 &&
		(address_parse(span_of(p + start, end - start), &a) ||
			parse_with_port(d, start, &end, &a)) &&
		memchr(p + start, ':', end - start) && !is_something_else(d, start, end) &&
		is_wanted(d, DETECT_IPV6)) {
		ret->address = a;
		return detect_found(
			ret, start, end, DETECT_IPV6, a.family == 4 ? FORM_MAPPED : FORM_PLAIN);
	}
	/* no second try at the next colon; but what ends in it may be a key */
	if (run > at + 1)
		d->skip = run;
	return false;
}
