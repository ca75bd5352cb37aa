/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * detect_v4.c - dotted quads
 */
#include <string.h>

#include "record/detect/detect-private.h"

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

/* Reads the three numbers before AT and the one at it, a byte at a time. */
static bool
read_slowly(const struct detect *d, size_t at, size_t *ret_start, size_t *ret_end, uint8_t b[4])
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

#ifdef __SSE2__
/* The number of one to three digits that ends before END, of which four bytes may be read. */
static inline unsigned
number_before(const char *end, unsigned n_digits)
{
	uint32_t w;

	memcpy(&w, end - sizeof(w), sizeof(w));
	w = le32toh(w) & 0x0f0f0f0f & ~UINT32_C(0) << (32 - 8 * n_digits);
	return (w >> 24) + 10 * (w >> 16 & 15) + 100 * (w >> 8 & 15);
}

/* The highest bit of X, which has one. */
static inline unsigned
highest(unsigned x)
{
	return 31 - (unsigned)__builtin_clz(x);
}

/* The same as read_slowly(), from 16 bytes at once: the last three bytes before AT that are no digits have to be
 * its dots, and none of the four rows of digits is longer than three. Without a branch for how long they are,
 * which no processor can guess. 1: it is a quad; 0: it is none; -1: it has to be read slowly. */
static int
read_at_once(const struct detect *d, size_t at, size_t *ret_start, size_t *ret_end, uint8_t b[4])
{
	const unsigned here = 12; /* so long are three numbers and dots */
	const char *p = d->text.p + at - here;
	unsigned dots, digits, none, dot[3], start, end, n[4], v[4];
	__m128i text;

	if (at < d->at + here || at < here + 1 || d->text.len - at < 16 - here)
		return -1;
	text = _mm_loadu_si128((const __m128i *)(const void *)p);
	dots = bytes_are16(p, _mm_set1_epi8('.'));
	text = _mm_sub_epi8(text, _mm_set1_epi8('0'));
	digits = (unsigned)_mm_movemask_epi8(
		_mm_cmpeq_epi8(_mm_min_epu8(text, _mm_set1_epi8(9)), text));
	none = ~digits & ((1u << here) - 1);
	for (int k = 2; k >= 0; k--) {
		if (none == 0)
			return 0;
		dot[k] = highest(none);
		none ^= 1u << dot[k];
	}
	start = none ? highest(none) + 1 : 0;
	end = here + (unsigned)__builtin_ctz(~(digits >> here));
	n[0] = dot[0] - start;
	n[1] = dot[1] - dot[0] - 1;
	n[2] = dot[2] - dot[1] - 1;
	n[3] = end - here;
	if (!(dots >> dot[0] & dots >> dot[1] & dots >> dot[2] & 1) || dot[2] != here - 1 ||
		n[1] - 1 > 2 || n[2] - 1 > 2 || n[3] - 1 > 2)
		return 0;
	if (n[0] - 1 > 2 || char_is(p[(int)start - 1], CHAR_ALNUM)) /* or the end of an escape */
		return -1;
	v[0] = number_before(p + dot[0], n[0]);
	v[1] = number_before(p + dot[1], n[1]);
	v[2] = number_before(p + dot[2], n[2]);
	v[3] = number_before(p + end, n[3]);
	if ((v[0] | v[1] | v[2] | v[3]) > 255)
		return 0;
	for (unsigned k = 0; k < 4; k++)
		b[k] = (uint8_t)v[k];
	*ret_start = at - here + start;
	*ret_end = at - here + end;
	return 1;
}
#endif

static inline bool
read_quad(const struct detect *d, size_t at, size_t *ret_start, size_t *ret_end, uint8_t b[4])
{
#ifdef __SSE2__
	const int is = read_at_once(d, at, ret_start, ret_end, b);

	if (is >= 0)
		return is;
#endif
	return read_slowly(d, at, ret_start, ret_end, b);
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
