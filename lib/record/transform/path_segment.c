/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * path_segment.c - does a path segment look like a part of a program, or like somebody's id?
 */
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/bytes.h"
#include "record/detect/detect.h"
#include "record/transform/path_mask-private.h"

#define USER_MIN 10 /* "w_" and eight */

/* --- reading ---------------------------------------------------------------------------------- */

static inline bool
is_stop(char c)
{
	return c == '/' || c == ';' || c == '?' || c == '#';
}

void
path_glance_read_scalar(struct span s, struct path_glance *ret)
{
	size_t len = s.len < PATH_WINDOW ? s.len : PATH_WINDOW;

	*ret = (struct path_glance){ 0 };
	for (size_t i = 0; i < len; i++) {
		ret->stop |= (uint64_t)is_stop(s.p[i]) << i;
		ret->odd |= (uint64_t)(!(s.p[i] >= 'a' && s.p[i] <= 'z') && s.p[i] != '.') << i;
	}
	if (len < PATH_WINDOW)
		ret->stop |= ~UINT64_C(0) << len;
}

void
path_bits_read_scalar(struct span s, struct path_bits *ret)
{
	*ret = (struct path_bits){ 0 };
	for (size_t i = 0; i < s.len && i < PATH_WINDOW; i++) {
		char c = s.p[i];

		ret->digit |= (uint64_t)(c >= '0' && c <= '9') << i;
		ret->lower |= (uint64_t)(c >= 'a' && c <= 'z') << i;
		ret->upper |= (uint64_t)(c >= 'A' && c <= 'Z') << i;
		ret->dot |= (uint64_t)(c == '.') << i;
		ret->dash |= (uint64_t)(c == '-') << i;
		ret->underscore |= (uint64_t)(c == '_') << i;
	}
}

bool
path_segment_is_opaque_scalar(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i], low = (char)(c | 0x20);

		if (!(low >= 'a' && low <= 'z') && !(c >= '0' && c <= '9') && c != '.' &&
			c != '-' && c != '_')
			return false;
	}
	return s.len > SEGMENT_MAX;
}

#ifdef __SSE2__
#define INLINE static inline __attribute__((always_inline))

INLINE uint64_t
mask_of(__m128i v)
{
	return (uint64_t)(uint32_t)_mm_movemask_epi8(v);
}

INLINE __m128i
is_byte(__m128i v, char c)
{
	return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}

/* FROM or one of the N bytes behind it. */
INLINE __m128i
is_within(__m128i v, char from, char n)
{
	__m128i above = _mm_sub_epi8(v, _mm_set1_epi8(from));

	return _mm_cmpeq_epi8(_mm_min_epu8(above, _mm_set1_epi8(n)), above);
}

/* 16 bytes at P of which LEFT are there; the others are zero. */
INLINE __m128i
load(const char *p, size_t left)
{
	size_t low = left < 8 ? left : 8;

	if (left >= 16)
		return _mm_loadu_si128((const __m128i *)(const void *)p);
	return _mm_set_epi64x((int64_t)bytes_few(p + low, left - low), (int64_t)bytes_few(p, low));
}

void
path_glance_read(struct span s, struct path_glance *ret)
{
	size_t len = s.len < PATH_WINDOW ? s.len : PATH_WINDOW;
	uint64_t stop = 0, odd = 0;

	for (size_t at = 0; at < len; at += 16) {
		__m128i v = load(s.p + at, len - at);
		__m128i letter = is_within(v, 'a', 25);

		stop |= mask_of(_mm_or_si128(_mm_or_si128(is_byte(v, '/'), is_byte(v, ';')),
				_mm_or_si128(is_byte(v, '?'), is_byte(v, '#'))))
			<< at;
		odd |= (mask_of(_mm_or_si128(letter, is_byte(v, '.'))) ^ 0xffff) << at;
	}
	if (len < PATH_WINDOW) {
		stop |= ~UINT64_C(0) << len;
		odd &= ~(~UINT64_C(0) << len);
	}
	*ret = (struct path_glance){ .stop = stop, .odd = odd };
}

void
path_bits_read(struct span s, struct path_bits *ret)
{
	size_t len = s.len < PATH_WINDOW ? s.len : PATH_WINDOW;
	struct path_bits b = { 0 };

	for (size_t at = 0; at < len; at += 16) {
		__m128i v = load(s.p + at, len - at);

		b.digit |= mask_of(is_within(v, '0', 9)) << at;
		b.lower |= mask_of(is_within(v, 'a', 25)) << at;
		b.upper |= mask_of(is_within(v, 'A', 25)) << at;
		b.dot |= mask_of(is_byte(v, '.')) << at;
		b.dash |= mask_of(is_byte(v, '-')) << at;
		b.underscore |= mask_of(is_byte(v, '_')) << at;
	}
	*ret = b;
}
/* Letters, digits, ".", "-" and "_". */
INLINE __m128i
is_ordinary(__m128i v)
{
	__m128i sign = _mm_or_si128(is_byte(v, '_'), is_within(v, '-', 1));
	__m128i letter = is_within(_mm_or_si128(v, _mm_set1_epi8(0x20)), 'a', 25);

	return _mm_or_si128(_mm_or_si128(letter, is_within(v, '0', 9)), sign);
}

bool
path_segment_is_opaque(struct span s)
{
	__m128i all;

	if (s.len <= SEGMENT_MAX)
		return false;
	all = is_ordinary(load(s.p + s.len - 16, 16)); /* the last 16, some of them again */
	for (size_t at = 0; s.len - at > 16; at += 16)
		all = _mm_and_si128(all, is_ordinary(load(s.p + at, 16)));
	return mask_of(all) == 0xffff;
}
#else
bool
path_segment_is_opaque(struct span s)
{
	return path_segment_is_opaque_scalar(s);
}

void
path_glance_read(struct span s, struct path_glance *ret)
{
	path_glance_read_scalar(s, ret);
}

void
path_bits_read(struct span s, struct path_bits *ret)
{
	path_bits_read_scalar(s, ret);
}
#endif

/* --- judging ---------------------------------------------------------------------------------- */

/* The number of bits in V, or MAX, the most that matters: few have more than two or three. */
static unsigned
count(uint64_t v, unsigned max)
{
	unsigned n = 0;

	for (; v != 0 && n < max; n++)
		v &= v - 1;
	return n;
}

/* RUN: the bits of letters and digits without anything between them. Parts of programs rarely begin
 * like a name, but for "en-US", or have capitals in a row more than once: "cXVpdHRlbg". */
static bool
run_is_id(const struct path_bits *b, uint64_t run, unsigned len)
{
	uint64_t digit = b->digit & run, upper = b->upper & run, change;
	uint64_t shout = upper & upper << 1;

	if ((len > 2 && (upper & (run & -run)) != 0) || count(shout & ~(shout << 1), 2) == 2)
		return true;
	if (digit == 0)
		return len >= 16 && (upper == 0 || upper == run);
	if (digit == run)
		return len >= 3;
	change = (b->digit ^ b->digit << 1) & run & run << 1;
	return len >= 12 || (len >= 8 && (count(digit, 3) == 3 || count(change, 3) == 3));
}

static bool
has_id(const struct path_bits *b, uint64_t alnum)
{
	while (alnum != 0) {
		unsigned from = (unsigned)__builtin_ctzll(alnum);
		unsigned len = (unsigned)__builtin_ctzll(~(alnum >> from));
		uint64_t run = ((UINT64_C(1) << len) - 1) << from;

		if (run_is_id(b, run, len))
			return true;
		alnum &= ~run;
	}
	return false;
}

/* "abc-def-ghi", "abc-def-ghi-jkl.json": a room of Greenlight. */
static bool
is_room(const struct path_bits *b, size_t len)
{
	if (b->dot != 0)
		len = (size_t)__builtin_ctzll(b->dot);
	return (len == 11 && (b->dash & 0x7ff) == 0x88) ||
	       (len == 15 && (b->dash & 0x7fff) == 0x888);
}

/* "w_…", "v_…": a user within a meeting; "gl-…": a Greenlight account. */
static bool
is_user(struct span s)
{
	if (s.len >= USER_MIN && (s.p[0] == 'w' || s.p[0] == 'v') && s.p[1] == '_')
		return true;
	return s.len > USER_MIN && s.p[0] == 'g' && s.p[1] == 'l' && s.p[2] == '-';
}

/* Digits alone, or with an extension that has none: "42", "42.png". */
static bool
is_number(const struct path_bits *b, size_t len)
{
	unsigned n = (unsigned)__builtin_ctzll(~b->digit);

	if (n == 0 || n == len)
		return n > 0;
	return b->dot >> n & 1 && b->digit >> n == 0;
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
path_segment_is_plain(struct span s)
{
	struct path_bits b;
	uint64_t alnum;

	if (s.len > SEGMENT_MAX)
		return false;
	path_bits_read(s, &b);
	alnum = b.digit | b.lower | b.upper;
	if ((alnum | b.dot | b.dash | b.underscore) != (UINT64_C(1) << s.len) - 1)
		return false;
	if (has_id(&b, alnum) || is_room(&b, s.len) || is_user(s))
		return false;
	if (b.digit != 0 && (count(b.digit, 6) == 6 || count(b.digit & ~(b.digit << 1), 4) == 4 ||
				    is_number(&b, s.len)))
		return false;
	return count(b.dot | b.dash, 2) < 2 || !spells_address(s);
}

static inline bool
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static inline bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* The letters at the start of S that make one word, lower-case in RET. */
static size_t
word_len(struct span s, char ret[SEGMENT_MAX])
{
	size_t n = 0;

	for (; n < s.len && n < SEGMENT_MAX && (is_lower(s.p[n]) || is_upper(s.p[n])); n++) {
		if (is_upper(s.p[n]) && n > 0 && is_lower(s.p[n - 1]))
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
