/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * detect_escape.c - data whose signs are escaped: %3A, %253A, \x3a, \u003a, &#58;
 *
 * Where an escape stands for a sign that belongs to a datum, its surroundings are written without
 * escapes into a small buffer, and the detectors are asked about that.
 */
#include <string.h>

#include "record/detect/detect-private.h"

#define LEFT_MAX   96  /* bytes of text before the escape that are looked at */
#define RIGHT_MAX  256 /* and behind it */
#define ESCAPE_MAX 16

static int
hex_value(const struct detect *d, size_t i, unsigned n)
{
	int v = 0;

	for (; n > 0; n--, i++) {
		char c = char_at(d, i);

		if (!char_is(c, CHAR_HEX))
			return -1;
		v = v * 16 + (char_is(c, CHAR_DIGIT) ? c - '0' : bytes_lower(c) - 'a' + 10);
	}
	return v;
}

/* "%3A", and "%253A" in as many layers as there are. */
static size_t
read_percent(const struct detect *d, size_t i, char *ret)
{
	size_t n = 1;
	int v;

	while (n < ESCAPE_MAX - 2 && char_at(d, i + n) == '2' && char_at(d, i + n + 1) == '5' &&
		hex_value(d, i + n + 2, 2) >= 0)
		n += 2;
	v = hex_value(d, i + n, 2);
	*ret = (char)v;
	return v < 0 ? 0 : n + 2;
}

/* "\x3a", "\u003a", and with the backslash doubled. */
static size_t
read_backslash(const struct detect *d, size_t i, char *ret)
{
	size_t n = 1;
	int v = -1;

	while (n < 4 && char_at(d, i + n) == '\\')
		n++;
	if (char_at(d, i + n) == 'x') {
		v = hex_value(d, i + n + 1, 2);
		n += 3;
	} else if (char_at(d, i + n) == 'u') {
		v = hex_value(d, i + n + 1, 4);
		n += 5;
	}
	*ret = (char)v;
	return v < 0 || v > 0xff ? 0 : n;
}

/* "&#58;", "&#x3a;" and "&amp;#58;" */
static size_t
read_entity(const struct detect *d, size_t i, char *ret)
{
	size_t n = i + 5 <= d->text.len && ends_in(d, i + 5, "&amp;", 5) ? 5 : 1, digits;
	int v = 0;

	if (char_at(d, i + n) != '#')
		return 0;
	n++;
	if (bytes_lower(char_at(d, i + n)) == 'x') {
		for (digits = 0; char_is(char_at(d, i + n + 1 + digits), CHAR_HEX) && digits < 4;)
			digits++;
		v = digits ? hex_value(d, i + n + 1, (unsigned)digits) : -1;
		digits++;
	} else {
		for (digits = 0; char_is(char_at(d, i + n + digits), CHAR_DIGIT) && digits < 4;
			digits++)
			v = v * 10 + (char_at(d, i + n + digits) - '0');
	}
	if (digits == 0 || v < 0 || v > 0xff || char_at(d, i + n + digits) != ';')
		return 0;
	*ret = (char)v;
	return n + digits + 1;
}

size_t
detect_escape_read(const struct detect *d, size_t i, char *ret)
{
	switch (char_at(d, i)) {
	case '%':
		return read_percent(d, i, ret);
	case '\\':
		return read_backslash(d, i, ret);
	case '&':
		return read_entity(d, i, ret);
	default:
		return 0;
	}
}

size_t
detect_escape_read_before(const struct detect *d, size_t lo, size_t end, char *ret)
{
	size_t best = 0;

	for (size_t n = 3; n <= ESCAPE_MAX && n <= end - lo; n++) {
		char c;

		if (detect_escape_read(d, end - n, &c) == n) {
			*ret = c;
			best = n; /* the longest: "%253A" and not its tail */
		}
	}
	return best;
}

/* Length of what a control character or other byte was escaped to, as JSON, nginx, rsyslog (#012)
 * and strvis (\012) do; 0 if nothing begins here. */
static size_t
escape_len(const struct detect *d, size_t i)
{
	char c = char_at(d, i + 1), unused;
	bool octal = c >= '0' && c <= '3' && char_is(char_at(d, i + 2), CHAR_DIGIT) &&
		     char_is(char_at(d, i + 3), CHAR_DIGIT);

	switch (char_at(d, i)) {
	case '%':
		return read_percent(d, i, &unused);
	case '#':
		return octal && c == '0' ? 4 : 0;
	case '\\':
		if (octal)
			return 4;
		if (c == 'x' || c == 'u')
			return read_backslash(d, i, &unused);
		return strchr("nrtbfav0", c) && c != '\0' ? 2 : 0;
	default:
		return 0;
	}
}

int
detect_escape_tail(const struct detect *d, size_t s, size_t end)
{
	size_t lo = s > 6 ? s - 6 : 0;

	for (size_t i = s; i-- > lo;) {
		size_t n = escape_len(d, i);

		if (n == 0)
			continue;
		/* one that would eat up a short number is none */
		return i + n >= s && i + n < end ? (int)(i + n - s) : -1;
	}
	return -1;
}

/* ECMA-48 8.3.117, of which programs write a few digits. */
bool
detect_is_colour(const struct detect *d, size_t s)
{
	size_t i = s - 1, lo = s > 16 ? s - 16 : 0;

	if (s < 3 || d->text.p[i] != 'm')
		return false;
	while (i > lo && (char_is(d->text.p[i - 1], CHAR_DIGIT) || d->text.p[i - 1] == ';'))
		i--;
	return i > 1 && d->text.p[i - 1] == '[' &&
	       memchr("\x1b"
		      "b3e",
		       d->text.p[i - 2], 4) != NULL; /* or \x1b, \u001b, #033, \e */
}

/* --- the surroundings ------------------------------------------------------------------------- */

/* A piece of text without escapes; from[i] is where in the text its byte i stood. */
struct plain {
	char text[LEFT_MAX + RIGHT_MAX + 2];
	size_t from[LEFT_MAX + RIGHT_MAX + 3];
	size_t len;
};

/* Can C be inside an address, a mail address or a phone number? */
static bool
is_inner(char c)
{
	return char_is(c, CHAR_MAIL) || c == ':' || c == '@' || (uint8_t)c >= 0x80;
}

/* Goes left from AT while there are inner characters. */
static size_t
go_left(const struct detect *d, size_t at)
{
	size_t lo = left_limit(d, at, LEFT_MAX), n;
	char c;

	for (;;) {
		n = at > lo ? detect_escape_read_before(d, lo, at, &c) : 0;
		if (n == 0 && at > lo && is_inner(d->text.p[at - 1]) &&
			detect_escape_tail(d, at - 1, at + 1) <= 0) {
			c = d->text.p[at - 1];
			n = 1;
		}
		if (n == 0 || !is_inner(c))
			return at;
		at -= n;
	}
}

/* Fills P with what begins at START, without escapes, as far as it is inner. */
static void
undo(const struct detect *d, size_t start, size_t at, struct plain *p)
{
	size_t i = start, hi = d->text.len - at > RIGHT_MAX ? at + RIGHT_MAX : d->text.len;

	p->len = 0;
	p->text[p->len] = char_before(d, start) == '[' ? '[' : ' ';
	p->from[p->len++] = start;
	while (i < hi && p->len < sizeof(p->text) - 1) {
		char c = d->text.p[i];
		size_t n = detect_escape_read(d, i, &c);

		if (!is_inner(c))
			break;
		p->from[p->len] = i;
		p->text[p->len++] = c;
		i += n ? n : 1;
	}
	p->from[p->len] = i;
}

static bool
find_in_plain(struct detect *d, const struct plain *p, struct finding *ret)
{
	struct detect inner;
	struct finding f;

	detect_start(&inner, span_of(p->text, p->len), d->types);
	inner.depth = d->depth + 1;
	while (detect_next(&inner, &f)) {
		size_t start = p->from[f.start], end = p->from[f.end];

		if (start < d->at || end - start == f.end - f.start)
			continue; /* nothing in it was escaped: it is found as it stands */
		*ret = f;
		ret->start = start;
		ret->end = end;
		ret->form = FORM_ENCODED;
		return true;
	}
	return false;
}

/* Can the sign SIGN that is escaped at [AT, END) stand in an address? This is asked for each escape
 * in a URL, and nearly always the answer is no. */
static bool
is_in_address(const struct detect *d, size_t at, size_t end, char sign)
{
	char before = char_before(d, at), after = char_at(d, end);
	bool left = char_is(before, CHAR_HEX) || before == ';';

	if (detect_escape_read(d, end, &after) == 0)
		after = char_at(d, end);
	if (sign == ':' && after == ':')
		return true;
	return left && char_is(after, CHAR_HEX);
}

/* \x22token\x22:\x22…\x22, %22token%22%3A…, user%5Bpassword%5D=…: what [AT, END) escapes may be the
 * end of a key. */
static bool
key_in_quotes(struct detect *d, size_t at, size_t end, struct finding *ret)
{
	char c = char_at(d, end), escaped;
	size_t n = detect_escape_read(d, end, &escaped);

	if (n)
		c = escaped;
	if (c != '=' && c != ':')
		return false;
	return detect_key(d, at, end + (n ? n : 1), n > 0, ret);
}

bool
detect_escape(struct detect *d, size_t at, struct finding *ret)
{
	size_t i = at - 1, n;
	struct plain plain;
	char c = 0;

	while (i > d->at && d->text.p[i] == '\\' && d->text.p[i - 1] == '\\')
		i--;
	if (i >= d->at + 4 && d->text.p[i] == ';' && ends_in(d, i + 1, "&amp;", 5))
		i -= 4;
	n = detect_escape_read(d, i, &c);
	if (n == 0 || d->depth > 0)
		return false;
	if ((c == '=' || c == ':') && detect_key(d, i, i + n, true, ret))
		return true;
	/* digits behind it make one number with its own: no other candidate shows this one */
	if (char_at(d, i + n) == '0' && char_is(char_at(d, i + n - 1), CHAR_DIGIT) &&
		char_is(char_at(d, i + n + 2), CHAR_DIGIT) && detect_phone_zero(d, i + n + 2, ret))
		return true;
	if (c == '"' || c == ']')
		return key_in_quotes(d, i, i + n, ret);
	if (i < d->escapes || !is_inner(c))
		return false;
	if ((c == ':' || c == '.' || c == '-') && !is_in_address(d, i, i + n, c))
		return false;
	undo(d, go_left(d, i), i, &plain);
	if (find_in_plain(d, &plain, ret))
		return true;
	d->escapes = plain.from[plain.len];
	return false;
}
