/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * detect_v4.c - dotted quads
 */
#include <string.h>

#include "record/detect-private.h"

static int
escape_tail(const struct detect *d, size_t s, size_t end)
{
	int n = detect_escape_tail(d, s, end);

	return n > 0 ? n : 0;
}

/* The number that ends before END, of one to three digits and at most 255; returns where it begins,
 * or END if it is none. Longer ones are taken only where an escape sequence explains the rest. */
static size_t
octet_before(const struct detect *d, size_t end, bool first, uint8_t *ret)
{
	const char *p = d->text.p;
	size_t lo = left_limit(d, end, 9), i = end;
	unsigned v = 0;

	while (i > lo && char_is(p[i - 1], CHAR_DIGIT))
		i--;
	if (first && (end - i > 3 || char_is(char_before(d, i), CHAR_ALNUM)))
		i += (size_t)escape_tail(d, i, end);
	if (end - i - 1 > 2)
		return end;
	for (size_t k = i; k < end; k++)
		v = v * 10 + (unsigned)(p[k] - '0');
	if (v > 255)
		return end;
	*ret = (uint8_t)v;
	return i;
}

/* Reads the three numbers before AT and the one at it. */
static bool
read_quad(const struct detect *d, size_t at, size_t *ret_start, size_t *ret_end, uint8_t b[4])
{
	const char *p = d->text.p;
	size_t i = at, end = at;
	unsigned v = 0;

	for (int k = 2; k >= 0; k--) {
		size_t dot = i - 1;

		if (i <= d->at || p[dot] != '.')
			return false;
		i = octet_before(d, dot, k == 0, &b[k]);
		if (i == dot)
			return false;
	}
	while (end < d->text.len && end - at < 4 && char_is(p[end], CHAR_DIGIT))
		v = v * 10 + (unsigned)(p[end++] - '0');
	if (end == at || end - at > 3 || v > 255)
		return false;
	b[3] = (uint8_t)v;
	*ret_start = i;
	*ret_end = end;
	return true;
}

/* What follows a quad. */
enum tail { TAIL_NONE, TAIL_PORT, TAIL_MORE, TAIL_ARPA, TAIL_DOMAIN };

static enum tail
tail_of(const struct detect *d, size_t end)
{
	const char *p = d->text.p + end;
	size_t left = d->text.len - end, n = 1;
	unsigned port = 0;

	if (left < 2 || p[0] != '.')
		return TAIL_NONE;
	if (char_is(p[1], CHAR_ALPHA)) {
		if (left >= 13 && strncasecmp(p, ".in-addr.arpa", 13) == 0)
			return TAIL_ARPA;
		return left >= 3 && char_is(p[2], CHAR_ALNUM | CHAR_DOMAIN) ? TAIL_DOMAIN
									    : TAIL_NONE;
	}
	if (!char_is(p[1], CHAR_DIGIT))
		return TAIL_NONE;
	/* netstat and tcpdump write address.port */
	while (n < left && n <= 6 && char_is(p[n], CHAR_DIGIT))
		port = port * 10 + (unsigned)(p[n++] - '0');
	if (n > 6 || port > 65535 || (n + 1 < left && p[n] == '.' && char_is(p[n + 1], CHAR_ALNUM)))
		return TAIL_MORE;
	return TAIL_PORT;
}

bool
detect_v4(struct detect *d, size_t at, struct finding *ret)
{
	struct address a = { .family = 4 };
	enum detect_form form = FORM_PLAIN;
	size_t start, end;
	enum tail tail;

	if (!read_quad(d, at, &start, &end, a.b))
		return false;
	/* the end of a longer row of numbers: an object identifier, a date */
	if (char_before(d, start) == '.' && start > 1 && char_is(d->text.p[start - 2], CHAR_DIGIT))
		return false;
	if (char_before(d, start) == ':' && detect_v6(d, start - 1, ret))
		return true;
	tail = tail_of(d, end);
	if (tail == TAIL_MORE) {
		d->skip = end + 2;
		return false;
	}
	if (tail != TAIL_ARPA && detect_is_version(d, start, end, &a))
		return false;
	if (tail == TAIL_ARPA || (tail == TAIL_DOMAIN && detect_is_backwards(d, end, a.b, true))) {
		detect_turn(a.b);
		form = FORM_REVERSE;
	} else if (tail == TAIL_DOMAIN) {
		form = FORM_HOSTNAME;
	}
	if (!is_wanted(d, DETECT_IPV4)) {
		d->skip = end;
		return false;
	}
	ret->address = a;
	return detect_found(ret, start, end, DETECT_IPV4, form);
}
