/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/address.h"

#include <string.h>

/* 0 to 15, or 16 and more for what is no hexadecimal digit. */
static inline unsigned
nibble(char c)
{
	unsigned digit = (unsigned char)c - (unsigned)'0';
	unsigned letter = ((unsigned char)c | 0x20u) - (unsigned)'a';

	return digit < 10 ? digit : letter < 6 ? letter + 10 : 16;
}

/* Four decimal numbers of one to three digits, leading zeros allowed, and nothing else. */
static bool
parse_v4(const char *p, const char *end, uint8_t ret[4])
{
	for (int i = 0; i < 4; i++) {
		unsigned v = 0, n = 0, digit;

		for (; p < end && (digit = (unsigned char)*p - (unsigned)'0') < 10; p++, n++)
			v = v * 10 + digit;
		if (n == 0 || n > 3 || v > 255)
			return false;
		ret[i] = (uint8_t)v;
		if (i < 3 && (p == end || *p++ != '.'))
			return false;
	}
	return p == end;
}

/* Moves what stands behind the gap to the end: "2001:db8::1" was read as 2001 db8 1. */
static bool
fill_gap(uint8_t b[16], unsigned n, unsigned gap)
{
	if (n == 16)
		return gap == UINT32_MAX;
	if (gap == UINT32_MAX)
		return false;
	memmove(b + 16 - (n - gap), b + gap, n - gap);
	memset(b + gap, 0, 16 - n);
	return true;
}

/* RFC 4291 2.2, forms 1 to 3. */
static bool
parse_v6(const char *p, const char *end, uint8_t b[16])
{
	unsigned n = 0, gap = UINT32_MAX; /* bytes read; where "::" stood */

	if (end - p >= 2 && p[0] == ':') {
		if (p[1] != ':')
			return false;
		gap = 0;
		p += 2;
	}
	while (p < end) {
		const char *group = p;
		unsigned v = 0, digit;

		for (; p < end && p - group < 4 && (digit = nibble(*p)) < 16; p++)
			v = v << 4 | digit;
		if (p < end && *p == '.' && n <= 12 && parse_v4(group, end, b + n)) {
			n += 4;
			break;
		}
		if (p == group || n == 16)
			return false;
		b[n++] = (uint8_t)(v >> 8);
		b[n++] = (uint8_t)v;
		if (p == end)
			break;
		if (*p++ != ':' || p == end)
			return false;
		if (*p == ':') {
			if (gap != UINT32_MAX)
				return false;
			gap = n;
			p++;
		}
	}
	return fill_gap(b, n, gap);
}

void
address_unmap(struct address *a)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	if (memcmp(a->b, mapped, sizeof(mapped)) != 0)
		return;
	memcpy(a->b, a->b + 12, 4);
	memset(a->b + 4, 0, 12);
	a->family = 4;
}

bool
address_parse(struct span s, struct address *ret)
{
	struct address a = { .family = 0 };

	if (s.len >= 2 && s.len < ADDRESS_TEXT_MAX && memchr(s.p, ':', s.len)) {
		if (!parse_v6(s.p, s.p + s.len, a.b))
			return false;
		a.family = 6;
		address_unmap(&a);
	} else {
		if (s.len < 7 || s.len > 15 || !parse_v4(s.p, s.p + s.len, a.b))
			return false;
		a.family = 4;
	}
	*ret = a;
	return true;
}

static char *
put_decimal(char *p, unsigned v)
{
	if (v >= 100)
		*p++ = (char)('0' + v / 100);
	if (v >= 10)
		*p++ = (char)('0' + v / 10 % 10);
	*p++ = (char)('0' + v % 10);
	return p;
}

static char *
put_hex(char *p, unsigned v)
{
	static const char hex[] = "0123456789abcdef";
	int shift = v > 0xfff ? 12 : v > 0xff ? 8 : v > 0xf ? 4 : 0;

	for (; shift >= 0; shift -= 4)
		*p++ = hex[v >> shift & 15];
	return p;
}

/* The longest run of two or more zero groups, the first of several (RFC 5952 4.2). */
static void
find_gap(const uint8_t b[16], unsigned *ret_from, unsigned *ret_len)
{
	unsigned len = 1;

	*ret_from = 8;
	*ret_len = 0;
	for (unsigned i = 0; i < 8; i += len ? len : 1) {
		for (len = 0; i + len < 8 && b[2 * (i + len)] == 0 && b[2 * (i + len) + 1] == 0;)
			len++;
		if (len > 1 && len > *ret_len) {
			*ret_from = i;
			*ret_len = len;
		}
	}
}

size_t
address_format(const struct address *a, char ret[ADDRESS_TEXT_MAX])
{
	char *p = ret;
	unsigned from, len;

	if (a->family == 4) {
		for (unsigned i = 0; i < 4; i++) {
			p = put_decimal(p, a->b[i]);
			*p++ = '.';
		}
		p--;
	} else {
		find_gap(a->b, &from, &len);
		for (unsigned i = 0; i < 8; i++) {
			if (i == from) {
				*p++ = ':';
				if (i == 0)
					*p++ = ':';
				i += len - 1;
				continue;
			}
			p = put_hex(p, (unsigned)a->b[2 * i] << 8 | a->b[2 * i + 1]);
			if (i < 7)
				*p++ = ':';
		}
	}
	*p = '\0';
	return (size_t)(p - ret);
}

bool
address_parse_network(struct span s, struct address *ret, unsigned *ret_bits)
{
	const char *slash = s.len ? memchr(s.p, '/', s.len) : NULL;
	struct span text = slash ? span_of(s.p, (size_t)(slash - s.p)) : s;
	struct address a;
	unsigned bits = 0, max;

	if (!address_parse(text, &a))
		return false;
	max = a.family == 4 ? 32 : 128;
	if (slash) {
		const char *p = slash + 1, *end = s.p + s.len;

		if (p == end || end - p > 3)
			return false;
		for (; p < end; p++) {
			if (*p < '0' || *p > '9')
				return false;
			bits = bits * 10 + (unsigned)(*p - '0');
		}
		/* ::ffff:0:0/96 and longer speak of IPv4 */
		if (a.family == 4 && memchr(text.p, ':', text.len)) {
			if (bits < 96)
				return false;
			bits -= 96;
		}
	} else {
		bits = max;
	}
	if (bits > max)
		return false;
	*ret = a;
	*ret_bits = bits;
	return true;
}

bool
address_within(const struct address *a, const struct address *net, unsigned bits)
{
	struct address x = *a, y = *net;

	if (x.family != y.family)
		return false;
	address_mask(&x, bits);
	address_mask(&y, bits);
	return memcmp(x.b, y.b, sizeof(x.b)) == 0;
}

void
address_mask(struct address *a, unsigned bits)
{
	for (unsigned i = 0; i < sizeof(a->b); i++) {
		if (8 * i >= bits)
			a->b[i] = 0;
		else if (8 * i + 8 > bits)
			a->b[i] &= (uint8_t)(0xff00 >> (bits - 8 * i));
	}
}
