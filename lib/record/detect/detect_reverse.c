/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * detect_reverse.c - addresses inside host names, and UUIDs, which look much like them
 *
 * ip6.arpa writes 32 nibbles, last first; so do blocklists. Providers name their customers
 * 203-0-113-78.dsl.example.net, or 78-113-0-203, or 2001-db8-1-2--3.
 */
#include <string.h>

#include "record/detect/detect-private.h"

#define NIBBLES 32

/* --- which way round -------------------------------------------------------------------------- */

/* How likely is this an address of a host that stands in logs? Private and documentation ranges
 * are too small to come about by chance. */
static int
likelihood(const uint8_t b[4])
{
	if (b[0] == 0 || b[0] >= 224)
		return 0;
	if (b[0] == 10 || b[0] == 127 || (b[0] == 192 && b[1] == 168) ||
		(b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 100 && (b[1] & 0xc0) == 64) ||
		(b[0] == 169 && b[1] == 254) || (b[0] == 198 && (b[1] & 0xfe) == 18) ||
		(b[0] == 192 && b[1] == 0 && b[2] == 2) ||
		(b[0] == 198 && b[1] == 51 && b[2] == 100) ||
		(b[0] == 203 && b[1] == 0 && b[2] == 113))
		return 2;
	return 1;
}

bool
detect_is_reserved(const uint8_t b[4])
{
	return b[0] != 10 && likelihood(b) == 2;
}

void
detect_turn(uint8_t b[4])
{
	uint8_t t[4] = { b[3], b[2], b[1], b[0] };

	memcpy(b, t, sizeof(t));
}

/* Reads the address behind a name that ends at I or later: "name[203.0.113.7]", "name [203.0.113.7]" */
static bool
address_behind(const struct detect *d, size_t i, struct address *ret)
{
	size_t hi = i + 96, end;

	while (i < hi && (char_is(char_at(d, i), CHAR_DOMAIN) || char_at(d, i) == ')'))
		i++;
	i += char_at(d, i) == ' ';
	if (char_at(d, i) != '[' && char_at(d, i) != '(')
		return false;
	for (end = ++i; char_is(char_at(d, end), CHAR_DIGIT) || char_at(d, end) == '.';)
		end++;
	return end - i < 16 && end > i && address_parse(span_of(d->text.p + i, end - i), ret);
}

bool
detect_is_backwards(const struct detect *d, size_t end, const uint8_t b[4], bool guess)
{
	uint8_t t[4] = { b[3], b[2], b[1], b[0] };
	int forward = likelihood(b), back = likelihood(t);
	struct address a;

	if (back == forward && address_behind(d, end, &a)) {
		if (memcmp(a.b, t, 4) == 0)
			return true;
		if (memcmp(a.b, b, 4) == 0)
			return false;
	}
	return back > forward || (back == forward && guess);
}

/* --- nibbles ---------------------------------------------------------------------------------- */

static unsigned
nibble(char c)
{
	return char_is(c, CHAR_DIGIT) ? (unsigned)(c - '0') : (unsigned)(bytes_lower(c) - 'a' + 10);
}

bool
detect_nibbles(struct detect *d, size_t at, struct finding *ret)
{
	const char *p = d->text.p;
	size_t lo = left_limit(d, at, 2 * NIBBLES), start = at, end = at + 1;

	if (at < 6 || p[at - 3] != '.' || p[at - 5] != '.')
		return false;
	while (start >= lo + 2 && p[start - 1] == '.' && char_is(p[start - 2], CHAR_HEX))
		start -= 2;
	while (end + 1 < d->text.len && end - start < 2 * NIBBLES + 2 && p[end] == '.' &&
		char_is(p[end + 1], CHAR_HEX) && !char_is(char_at(d, end + 2), CHAR_ALNUM))
		end += 2;
	/* a word of which only the last letter is a nibble */
	if (char_is(char_before(d, start), CHAR_ALNUM))
		start += 2;
	if (end < start + 2 * NIBBLES - 1 || char_at(d, end) != '.' ||
		!char_is(char_at(d, end + 1), CHAR_ALPHA) || char_is(p[end], CHAR_ALNUM))
		return false;
	start = end - (2 * NIBBLES - 1);
	if (char_before(d, start) == '.')
		return false;
	d->skip = end;
	if (!is_wanted(d, DETECT_IPV6))
		return false;
	ret->address = (struct address){ .family = 6 };
	for (unsigned i = 0; i < NIBBLES; i++)
		ret->address.b[(NIBBLES - 1 - i) / 2] |= (uint8_t)(nibble(p[start + 2 * i])
								   << (i % 2 ? 4 : 0));
	return detect_found(ret, start, end, DETECT_IPV6, FORM_REVERSE);
}

/* --- UUIDs ------------------------------------------------------------------------------------ */

#define UUID_TEXT 36

/* Is UUID text at P (RFC 9562 4), which has so many bytes? */
static bool
is_uuid(const char *p)
{
	for (unsigned i = 0; i < UUID_TEXT; i++) {
		bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;

		if (hyphen ? p[i] != '-' : !char_is(p[i], CHAR_HEX))
			return false;
	}
	return true;
}

/* AT is where its fourth group begins. */
bool
detect_uuid(struct detect *d, size_t at, struct finding *ret)
{
	const char *p = d->text.p;
	size_t start = at - 19;

	if (at < d->at + 19 || p[at - 6] != '-' || p[at - 11] != '-' ||
		d->text.len - start < UUID_TEXT || !is_uuid(p + start))
		return false;
	if ((char_is(char_before(d, start), CHAR_ALNUM) &&
		    detect_escape_tail(d, start, start + 2) != 0) ||
		char_is(char_at(d, start + UUID_TEXT), CHAR_ALNUM))
		return false;
	d->skip = start + UUID_TEXT;
	return is_wanted(d, DETECT_UUID) &&
	       detect_found(ret, start, start + UUID_TEXT, DETECT_UUID, FORM_PLAIN);
}

/* --- hyphens ---------------------------------------------------------------------------------- */

/* Do the numbers from START on belong to a longer row (a date, a MAC address)? "ec2-203-…" is none. */
static bool
is_row(const struct detect *d, size_t start, size_t end)
{
	const char *p = d->text.p;
	size_t i = start;

	if (char_at(d, end) == '-' && char_is(char_at(d, end + 1), CHAR_DIGIT))
		return true;
	if (end - start == 11 && char_at(d, end) == '-' && char_is(char_at(d, end + 1), CHAR_HEX) &&
		char_is(char_at(d, end + 2), CHAR_HEX) && char_at(d, end + 3) == '-')
		return true; /* 84-41-67-32-db-e1 */
	if (char_before(d, i) != '-')
		return false;
	while (--i > 0 && char_is(p[i - 1], CHAR_DIGIT))
		;
	if (i + 1 < start && !char_is(char_before(d, i), CHAR_ALPHA))
		return true;
	return end - start == 11 && start > 2 && char_is(p[start - 2], CHAR_HEX) &&
	       char_is(p[start - 3], CHAR_HEX) && !char_is(char_before(d, start - 3), CHAR_ALNUM);
}

/* Is [START, END) part of a host name? */
static bool
is_in_name(const struct detect *d, size_t start, size_t end)
{
	char before = char_before(d, start), after = char_at(d, end);
	char more = char_at(d, end + 1);

	if (char_is(after, CHAR_ALNUM) || char_is(before, CHAR_DIGIT))
		return false;
	if ((after == '.' || after == '-') && char_is(more, CHAR_ALPHA))
		return true;
	return char_is(before, CHAR_ALPHA) ||
	       (before == '-' && char_is(char_before(d, start - 1), CHAR_ALNUM));
}

/* Does the name go on as a host's, like host-1-2-3-4-static.example.net? */
static bool
is_in_domain(const struct detect *d, size_t i)
{
	while (char_is(char_at(d, i), CHAR_ALNUM) || char_at(d, i) == '-')
		i++;
	return detect_is_domain(d, i, 1);
}

static bool
hyphens_v4(struct detect *d, size_t at, struct finding *ret)
{
	const char *p = d->text.p;
	size_t lo = left_limit(d, at, 13), start = at, end = at;
	struct address a = { .family = 4 };
	unsigned v, scale;

	for (int k = 2; k >= 0; k--) {
		size_t i = start;

		if (i <= lo || p[--i] != '-')
			return false;
		for (v = 0, scale = 1; i > lo && scale <= 100 && char_is(p[i - 1], CHAR_DIGIT);
			scale *= 10)
			v += scale * (unsigned)(p[--i] - '0');
		if (scale == 1 || v > 255)
			return false;
		a.b[k] = (uint8_t)v;
		start = i;
	}
	for (v = 0; end < d->text.len && end - at < 3 && char_is(p[end], CHAR_DIGIT);)
		v = v * 10 + (unsigned)(p[end++] - '0');
	if (end == at || v > 255 || !is_in_name(d, start, end) || is_row(d, start, end))
		return false;
	a.b[3] = (uint8_t)v;
	if (!is_in_domain(d, end) && detect_is_version(d, start, end, &a))
		return false;
	d->skip = end;
	if (!is_wanted(d, DETECT_IPV4))
		return false;
	ret->address = a;
	if (!detect_is_backwards(d, end, a.b, false))
		return detect_found(ret, start, end, DETECT_IPV4, FORM_HOSTNAME);
	detect_turn(ret->address.b);
	return detect_found(ret, start, end, DETECT_IPV4, FORM_REVERSE);
}

#define HYPHENS_V6_MAX 48

/* Where does an address begin in a run of hexadecimal groups, of which the first may be a word? */
static size_t
first_group(const struct detect *d, size_t start, size_t end)
{
	const char *p = d->text.p;

	if (char_is(char_before(d, start), CHAR_ALNUM)) { /* host-2001-… has cut "host" */
		while (start < end && p[start] != '-')
			start++;
	}
	while (start < end && p[start] == '-')
		start++;
	for (size_t i = start; end - i > 5; i++) { /* a global or local prefix in full */
		if ((i == start || p[i - 1] == '-') && p[i + 4] == '-' &&
			(p[i] == '2' || p[i] == '3' || bytes_lower(p[i]) == 'f') &&
			char_is(p[i + 1], CHAR_HEX) && char_is(p[i + 2], CHAR_HEX) &&
			char_is(p[i + 3], CHAR_HEX))
			return i;
	}
	return start;
}

static bool
hyphens_v6(struct detect *d, size_t at, struct finding *ret)
{
	const char *p = d->text.p;
	size_t lo = left_limit(d, at, HYPHENS_V6_MAX), hi = d->text.len, start = at, end = at, n;
	char text[HYPHENS_V6_MAX];
	struct address a;

	if (hi - at > HYPHENS_V6_MAX)
		hi = at + HYPHENS_V6_MAX;
	while (start > lo && (p[start - 1] == '-' || char_is(p[start - 1], CHAR_HEX)))
		start--;
	while (end < hi && (p[end] == '-' || char_is(p[end], CHAR_HEX)))
		end++;
	if (char_is(char_at(d, end), CHAR_ALNUM)) { /* …-ca2f-static: cut "static" */
		while (end > at && p[end - 1] != '-')
			end--;
	}
	while (end > start && p[end - 1] == '-')
		end--;
	start = first_group(d, start, end);
	if (end < start + 6 || end - start >= sizeof(text))
		return false;
	for (n = 0; n < end - start; n++)
		text[n] = p[start + n] == '-' ? ':' : p[start + n];
	if (!address_parse(span_of(text, n), &a) || a.family != 6 || !is_in_name(d, start, end))
		return false;
	d->skip = end;
	if (!is_wanted(d, DETECT_IPV6))
		return false;
	ret->address = a;
	return detect_found(ret, start, end, DETECT_IPV6, FORM_HOSTNAME);
}

bool
detect_hyphens(struct detect *d, size_t at, struct finding *ret)
{
	return (d->text.p[at] != '-' && hyphens_v4(d, at, ret)) || hyphens_v6(d, at, ret);
}
