/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The grammar of JSON strings and numbers (RFC 8259 6, 7), read from the first byte to the last.
 */
#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/bytes.h"
#include "record/format/json-private.h"

/* The first byte from P on that is a quote, a backslash, a control byte or not ASCII; END if there
 * is none. Most bytes of a log line are passed here. */
static const char *
plain_end(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
	const __m128i space = _mm_set1_epi8(' ');

	for (; end - p >= 16; p += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		/* signed: bytes from 0x80 on are less than a blank as well */
		__m128i odd = _mm_or_si128(_mm_cmplt_epi8(v, space),
			_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash)));
		unsigned mask = (unsigned)_mm_movemask_epi8(odd);

		if (mask != 0)
			return p + __builtin_ctz(mask);
	}
#endif
	while (p < end && *p != '"' && *p != '\\' && (signed char)*p >= ' ')
		p++;
	return p;
}

/* One UTF-8 sequence of two to four bytes (RFC 3629 4): returns its end, or NULL. */
static const char *
utf8_end(const char *p, const char *end)
{
	const unsigned char *s = (const unsigned char *)p;
	unsigned char low = 0x80, high = 0xbf; /* bounds of the second byte */
	long n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	if (s[0] < 0xc2 || s[0] > 0xf4 || end - p < n)
		return NULL;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f; /* no surrogates */
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return NULL;
	for (long i = 2; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return NULL;
	return p + n;
}

/* The code unit of "\uXXXX" at P, or -1. */
static long
code_unit(const char *p, const char *end)
{
	long u = 0;

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		const unsigned v = bytes_hex_digit(p[i]);

		if (v > 15)
			return -1;
		u = u * 16 + (long)v;
	}
	return u;
}

/* P stands at a backslash: returns the end of the escape (of both halves of a surrogate pair), or
 * NULL. */
static const char *
escape_end(const char *p, const char *end)
{
	long u;

	if (end - p < 2)
		return NULL;
	switch (p[1]) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		return p + 2;
	case 'u':
		break;
	default:
		return NULL;
	}
	u = code_unit(p, end);
	if (u < 0 || (u >= 0xdc00 && u <= 0xdfff))
		return NULL;
	if (u < 0xd800 || u > 0xdbff)
		return p + 6;
	u = code_unit(p + 6, end);
	return u >= 0xdc00 && u <= 0xdfff ? p + 12 : NULL;
}

const char *
json_string_end(const char *p, const char *end, bool *escaped)
{
	while (p && (p = plain_end(p, end)) < end) {
		if (*p == '"')
			return p;
		if (*p == '\\') {
			*escaped = true;
			p = escape_end(p, end);
		} else if ((unsigned char)*p >= 0x80) {
			p = utf8_end(p, end);
		} else {
			return NULL;
		}
	}
	return NULL;
}

static const char *
digits_end(const char *p, const char *end)
{
	const char *from = p;

	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p > from ? p : NULL;
}

const char *
json_number_end(const char *p, const char *end)
{
	if (p < end && *p == '-')
		p++;
	if (p < end && *p == '0')
		p++;
	else if (!(p = digits_end(p, end)))
		return NULL;
	if (p < end && *p == '.' && !(p = digits_end(p + 1, end)))
		return NULL;
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		p = digits_end(p, end);
	}
	return p;
}
