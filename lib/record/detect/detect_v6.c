/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * detect_v6.c - IPv6 in its textual forms (RFC 4291 2.2, RFC 5952), with what logs put around it
 *
 * Taken apart: "smtp:2001:db8::1" (a word before), "2001:db8:1:2:3:4:5:6:443" (a port behind eight
 * groups, or of five digits), "2001:db8::1.443" (BSD), "2001:db8::1: refused". Left alone: C++ and
 * Perl names, MAC addresses, fingerprints, EUI-64, "::" by itself, and ":::443" (netstat).
 */
#include <arpa/inet.h>
#include <string.h>

#include "base/bytes.h"
#include "record/detect/detect-private.h"

#define V6_LEFT_MAX 64 /* bytes looked at before the candidate */

/* Groups as they stand, whatever they make. */
struct groups {
	uint16_t v[10]; /* network order */
	unsigned n;     /* with a dotted quad counted as two */
	unsigned gap;   /* groups before "::"; NO_GAP */
	unsigned wide;  /* 0: all groups have two digits */
	unsigned last;  /* digits of the last group */
	size_t end;     /* behind the last group or "::" */
	size_t at_last; /* where the last group begins */
	bool quad;      /* ends in 203.0.113.7 */
};

#define NO_GAP 99

/* ":::443": netstat's unspecified address and a port. */
static bool
is_listener(const struct detect *d, size_t s)
{
	size_t i = s + 3;

	if (char_at(d, s + 1) != ':' || char_at(d, s + 2) != ':')
		return false;
	while (char_is(char_at(d, i), CHAR_DIGIT))
		i++;
	return bytes_hex_digit(char_at(d, i)) > 15 && char_at(d, i) != ':';
}

/* Does an address begin at S with such a group as those of hosts do? Then no letter before it can be
 * one of a word: "ip2001:db8::7", "peer-64:ff9b::7". */
static bool
is_prefix(const struct detect *d, size_t s, size_t len)
{
	const char *p = d->text.p + s;

	if (len == 2)
		return p[0] == '6' && p[1] == '4' && ENDS_IN(d, s + 7, "64:ff9b");
	if (len != 4)
		return false;
	return p[0] == '2' || p[0] == '3' ||
	       ((p[0] | 0x20) == 'f' &&
		       ((p[1] | 0x20) == 'c' || (p[1] | 0x20) == 'd' ||
			       ((p[1] | 0x20) == 'e' && p[2] == '8' && p[3] == '0')));
}

/* Are there four hexadecimal digits and a colon at S? Then the first three are no octal escape. */
static bool
is_group(const struct detect *d, size_t s)
{
	size_t i = s;

	while (i < s + 5 && bytes_hex_digit(char_at(d, i)) < 16)
		i++;
	return i == s + 4 && char_at(d, i) == ':';
}

/* Finds where an address may begin that has a colon at AT: leftmost digit or colon, but behind what
 * belongs to a word or an escape; behind AT, if the next colon has to tell. False: a name like
 * std::string. */
static bool
find_start(const struct detect *d, size_t at, size_t *ret)
{
	const char *p = d->text.p;
	size_t lo = left_limit(d, at, V6_LEFT_MAX), s = at, colon;
	bool word;
	char before;
	int tail;

	while (s > lo && (p[s - 1] == ':' || bytes_hex_digit(p[s - 1]) < 16))
		s--;
	before = char_before(d, s);
	word = char_is(before, CHAR_ALPHA) && !detect_is_colour(d, s);
	if (before == '\\' && char_is(p[s], CHAR_DIGIT) && is_group(d, s))
		before = ' '; /* "\\2001:db8::7": no octal escape */
	if (word || before == '%' || before == '\\' || before == '#') {
		tail = detect_escape_tail(d, s, at + 1);
		s += tail > 0 ? (size_t)tail : 0;
		word = word && tail < 0;
	}
	if (p[s] == ':' && !char_is(before, CHAR_ALNUM) && is_listener(d, s))
		return false;
	/* "peer-1:2001:db8::7": of a short group behind a hyphen and a word, the word has it */
	if (s > lo + 1 && (before == '-' || before == '_' || before == '.') &&
		char_is(p[s - 2], CHAR_ALNUM) && p[s] != ':') {
		for (colon = s; colon < at && p[colon] != ':';)
			colon++;
		word = word || (colon - s < 3 && char_at(d, colon + 1) != ':' &&
				       !is_prefix(d, s, colon - s));
	}
	for (;;) {
		for (colon = s; colon < at && p[colon] != ':';)
			colon++;
		if (colon - s <= 4 && (!word || is_prefix(d, s, colon - s)))
			break;
		if (char_at(d, colon + 1) == ':' && char_at(d, colon + 2) != ':')
			return false; /* word:: */
		s = colon + 1;
		if (s > at) {
			*ret = s;
			return true;
		}
		word = false;
	}
	/* ":2001:db8::1" and ":::1" have a colon that is not theirs */
	if (p[s] == ':' && (char_at(d, s + 1) != ':' || char_at(d, s + 2) == ':'))
		s++;
	*ret = s;
	return true;
}

/* Reads the rest of a dotted quad whose first number is the group at GROUP, ended at DOT. */
static bool
read_quad(const struct detect *d, size_t group, size_t dot, struct groups *g)
{
	struct address a;
	size_t end = dot;

	while (end < d->text.len && end - group < 16 &&
		(d->text.p[end] == '.' || char_is(d->text.p[end], CHAR_DIGIT)))
		end++;
	while (end > dot && d->text.p[end - 1] == '.')
		end--;
	if (!address_parse(span_of(d->text.p + group, end - group), &a) || g->n > 8)
		return false;
	memcpy(&g->v[g->n - 1], a.b, 4);
	g->n++;
	g->quad = true;
	g->end = end;
	return true;
}

/* Apache writes address:port without brackets. */
static bool
is_port(const struct detect *d, size_t start, size_t end)
{
	unsigned v = 0;

	for (size_t i = start; i < end; i++) {
		if (!char_is(d->text.p[i], CHAR_DIGIT) || i - start == 5)
			return false;
		v = v * 10 + (unsigned)(d->text.p[i] - '0');
	}
	return v <= 65535;
}

static bool
drop_port(const struct detect *d, struct groups *g)
{
	if (!is_port(d, g->at_last, g->end))
		return false;
	g->n--;
	g->end = g->at_last - 1;
	return true;
}

/* Reads groups from START on, up to LEN. False: none that could be an address. */
static bool
read_groups(const struct detect *d, size_t start, size_t len, struct groups *g)
{
	const char *p = d->text.p;
	size_t i = start;

	*g = (struct groups){ .gap = NO_GAP, .end = start };
	if (p[i] == ':') { /* "::", as find_start() has seen to */
		g->gap = 0;
		i += 2;
		g->end = i;
	}
	for (;;) {
		const size_t group = i;
		unsigned v = 0;

		i += bytes_hex(p + i, len - i, &v);
		if (i == group) /* a colon that is not followed by a group */
			return true;
		if (i - group > 4) /* too much for a group: a port, or no address */
			return (g->n == 8 || g->gap != NO_GAP) && g->end < group &&
			       is_port(d, group, i);
		if (i < len && p[i] != ':' && char_is(p[i], CHAR_ALPHA)) /* "::1:error" */
			return g->end < group && g->n > 1 && read_groups(d, start, group - 1, g);
		if (g->n == 9)
			return false;
		g->v[g->n++] = htons((uint16_t)v);
		g->at_last = group;
		g->last = (unsigned)(i - group);
		g->wide |= g->last ^ 2;
		g->end = i;
		if (i == len)
			return true;
		if (p[i] == '.')
			return read_quad(d, group, i, g) || true;
		if (p[i] != ':')
			return true;
		i++;
		if (i < len && p[i] == ':') {
			if (g->gap != NO_GAP)
				return false;
			g->gap = g->n;
			g->end = ++i;
			if (char_is(char_at(d, i), CHAR_ALPHA) && bytes_hex_digit(p[i]) > 15)
				return false; /* fe80::x */
		}
	}
}

/* X::Y and nothing more, which programs also write for other things. */
static bool
is_something_else(const struct detect *d, size_t start, size_t end)
{
	const char *p = d->text.p;
	unsigned n_digits = 0;
	bool upper = false, low = false;

	for (size_t i = start; i < end; i++) {
		n_digits += char_is(p[i], CHAR_DIGIT);
		upper |= p[i] >= 'A' && p[i] <= 'F';
		low |= p[i] >= 'a';
	}
	if (char_before(d, start) == '>' && start > 1 && p[start - 2] != '-' &&
		char_is(char_at(d, start + 2), CHAR_ALPHA)) /* vector<int>::add1 */
		return true;
	if (n_digits == 0) /* a::b; "::" by itself */
		return end - start == 2 || char_before(d, start) != '[' || char_at(d, end) != ']';
	if ((upper && low) || char_at(d, end) == '(')
		return true;
	if (n_digits + 2 != end - start || end - start > 6 || start < 2)
		return false;
	if (p[start - 1] == '[')
		return char_is(p[start - 2], CHAR_ALNUM);             /* list[1::2] */
	return char_at(d, end) == ']' && ends_in(d, start, ":, ", 3); /* a[:, ::2] */
}

/* "[AF_INET6]2001:db8::1:1194": OpenVPN writes a port always. */
static bool
is_openvpn(const struct detect *d, size_t start, const struct groups *g)
{
	return char_before(d, start) == ']' && g->n > g->gap && d->text.p[g->at_last - 2] != ':' &&
	       ENDS_IN(d, start, "[AF_INET6]");
}

static bool
is_address(const struct detect *d, size_t start, struct groups *g)
{
	if (g->gap == NO_GAP) {
		if (g->n == 9 && (g->quad || !drop_port(d, g)))
			return false;
		/* eight pairs: EUI-64, World Wide Name */
		return g->n == 8 && g->wide != 0;
	}
	if (!g->quad && is_openvpn(d, start, g))
		(void)drop_port(d, g);
	if (g->n > 7 && (g->quad || g->n > 8 || g->gap == 7 || !drop_port(d, g)))
		return false;
	return g->n > 2 || g->quad || g->gap > 1 || (g->n == 2 && g->gap == 0) ||
	       !is_something_else(d, start, g->end);
}

static void
make_address(const struct groups *g, struct address *ret)
{
	unsigned head = g->gap < g->n ? g->gap : g->n;

	*ret = (struct address){ .family = 6 };
	memcpy(ret->b, g->v, 2 * head);
	memcpy(ret->b + 2 * (8 - (g->n - head)), g->v + head, 2 * (g->n - head));
	address_unmap(ret);
}

#ifdef __SSE2__
#define WHOLE_LOOK 48 /* bytes: more than eight groups of four have */

/* A bit for each of the 16 bytes at P that is a hexadecimal digit. */
static inline unsigned
are_hex16(const char *p)
{
	const __m128i text = _mm_loadu_si128((const __m128i *)(const void *)p);
	const __m128i digit = _mm_sub_epi8(text, _mm_set1_epi8('0'));
	const __m128i letter = _mm_sub_epi8(
		_mm_or_si128(text, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));

	return (unsigned)_mm_movemask_epi8(
		_mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit),
			_mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(5)), letter)));
}

static inline uint64_t
are_hex48(const char *p)
{
	return are_hex16(p) | are_hex16(p + 16) << 16 | (uint64_t)are_hex16(p + 32) << 32;
}

static inline uint64_t
are_colons48(const char *p)
{
	const __m128i colon = _mm_set1_epi8(':');

	return bytes_are16(p, colon) | bytes_are16(p + 16, colon) << 16 |
	       (uint64_t)bytes_are16(p + 32, colon) << 32;
}

/* The group of N digits at P, one to four, of which four bytes may be read. */
static inline unsigned
group_of(const char *p, unsigned n)
{
	uint32_t w;

	memcpy(&w, p, sizeof(w));
	w = le32toh(w) << (32 - 8 * n); /* the last digit highest, zeros below the first */
	w = (w & 0x0f0f0f0f) + (w >> 6 & 0x01010101) * 9;
	return w >> 24 | (w >> 12 & 0xf0) | (w & 0xf00) | (w << 12 & 0xf000);
}

/* Where the row of hexadecimal digits and colons begins that has a colon at AT; 0: not within the 15 bytes before, or
 * behind something that may have a part in it. */
static size_t
row_start(const struct detect *d, size_t at)
{
	const char *p = d->text.p + at - 15;
	unsigned others;
	size_t start;
	char before;

	if (at < d->at + 15)
		return 0;
	others = ~(are_hex16(p) | bytes_are16(p, _mm_set1_epi8(':'))) & 0xffff;
	if (others == 0)
		return 0;
	start = at - 15 + (32 - (unsigned)__builtin_clz(others));
	before = d->text.p[start - 1];
	return char_is(before, CHAR_MAIL) || before == '%' || before == '\\' || before == '#'
		       ? 0
		       : start;
}

/* What nearly all addresses are: eight groups, and nothing on either side that could be a part of them. It is what
 * is found slowly as well, but without asking at each byte what it is. */
static bool
find_whole(const struct detect *d, size_t at, struct finding *ret)
{
	const size_t start = row_start(d, at);
	const size_t left = d->text.len - start;
	const char *p = d->text.p + start;
	struct groups g = { .gap = NO_GAP };
	char tail[WHOLE_LOOK];
	uint64_t colons;
	unsigned end, from = 0;

	if (start == 0 || !is_wanted(d, DETECT_IPV6))
		return false;
	if (left < WHOLE_LOOK) { /* nothing may be read behind the text */
		memset(tail, ' ', sizeof(tail));
		p = memcpy(tail, p, left);
	}
	colons = are_colons48(p);
	end = (unsigned)__builtin_ctzll(~(are_hex48(p) | colons));
	colons = (colons & ((UINT64_C(1) << end) - 1)) | UINT64_C(1) << end;
	for (; g.n < 8 && colons != 0; colons &= colons - 1) {
		const unsigned to = (unsigned)__builtin_ctzll(colons), len = to - from;

		if (len - 1 > 3)
			return false;
		g.v[g.n++] = htons((uint16_t)group_of(p + from, len));
		g.wide |= len ^ 2;
		from = to + 1;
	}
	if (g.n < 8 || colons != 0 || g.wide == 0 || p[end] == '.' || char_is(p[end], CHAR_ALPHA))
		return false;
	make_address(&g, &ret->address);
	return detect_found(ret, start, start + end, DETECT_IPV6,
		ret->address.family == 4 ? FORM_MAPPED : FORM_PLAIN);
}
#endif

bool
detect_v6(struct detect *d, size_t at, struct finding *ret)
{
	size_t start, end;
	struct groups g;

#ifdef __SSE2__
	if (find_whole(d, at, ret))
		return true;
#endif
	if (find_start(d, at, &start)) {
		if (start > at) /* "2.7:2001:db8::7": at its first colon nothing can be said */
			return false;
		if (read_groups(d, start, d->text.len, &g) && g.end >= at &&
			is_address(d, start, &g) && is_wanted(d, DETECT_IPV6)) {
			make_address(&g, &ret->address);
			return detect_found(ret, start, g.end, DETECT_IPV6,
				ret->address.family == 4 ? FORM_MAPPED : FORM_PLAIN);
		}
	}
	/* no second try at the next colon */
	for (end = at; end < d->text.len && end - at < 1024 &&
		       (d->text.p[end] == ':' || bytes_hex_digit(d->text.p[end]) < 16);)
		end++;
	if (end > at + 1)
		d->skip = end;
	return false;
}
