/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bytes.h - short texts, compared, searched and hashed a word or 16 bytes at a time
 *
 * For what is asked for each record, where a call of memcmp() or memchr() costs more than the answer.
 */
#pragma once
#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

static inline uint64_t
bytes_word(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* The N bytes at P, up to 8 of them, as a word; the rest of it is zero. */
static inline uint64_t
bytes_few(const char *p, size_t n)
{
	uint64_t v = 0;

	if (n >= 4) { /* two halves that overlap */
		uint32_t a, b;

		memcpy(&a, p, sizeof(a));
		memcpy(&b, p + n - 4, sizeof(b));
		return n == 8 ? a | (uint64_t)b << 32 : a | (uint64_t)b << (8 * (n - 4));
	}
	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)(unsigned char)p[i] << (8 * i);
	return v;
}

/* 16 bytes, in whatever registers the machine has for them. */
typedef uint64_t bytes_pair __attribute__((vector_size(16)));

static inline bytes_pair
bytes_differ(const char *p, const char *q)
{
	bytes_pair a, b;

	memcpy(&a, p, sizeof(a));
	memcpy(&b, q, sizeof(b));
	return a ^ b;
}

/* Are the N bytes at P and Q the same? */
static inline bool
bytes_eq(const char *p, const char *q, size_t n)
{
	bytes_pair d;

	if (n < 8)
		return bytes_few(p, n) == bytes_few(q, n);
	if (n < 16)
		return ((bytes_word(p) ^ bytes_word(q)) |
			       (bytes_word(p + n - 8) ^ bytes_word(q + n - 8))) == 0;
	d = bytes_differ(p + n - 16, q + n - 16);
	for (size_t i = 0; i + 16 < n; i += 16)
		d |= bytes_differ(p + i, q + i);
	return (d[0] | d[1]) == 0;
}

/* Copies N bytes, which do not overlap: for what is mostly of one length at one place. */
static inline void
bytes_copy(char *to, const char *from, size_t n)
{
	if (n >= 16) {
		for (size_t i = 0; i + 16 < n; i += 16)
			memcpy(to + i, from + i, 16);
		memcpy(to + n - 16, from + n - 16, 16);
	} else if (n >= 8) {
		memcpy(to, from, 8);
		memcpy(to + n - 8, from + n - 8, 8);
	} else if (n >= 4) {
		memcpy(to, from, 4);
		memcpy(to + n - 4, from + n - 4, 4);
	} else if (n > 0) {
		to[0] = from[0];
		to[n / 2] = from[n / 2];
		to[n - 1] = from[n - 1];
	}
}

#ifdef __SSE2__
static inline unsigned
bytes_are16(const char *p, __m128i wanted)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);

	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, wanted));
}

/* A bit for each of the 64 bytes at P that is the WANTED one. */
static inline uint64_t
bytes_are64(const char *p, __m128i wanted)
{
	return (bytes_are16(p, wanted) | bytes_are16(p + 16, wanted) << 16) |
	       (uint64_t)(bytes_are16(p + 32, wanted) | bytes_are16(p + 48, wanted) << 16) << 32;
}
#endif

/* Where C stands first from P on and before END; NULL: nowhere. For what is mostly near: 64 bytes without
 * a branch, since how far it is no processor can guess. */
static inline __attribute__((always_inline)) const char *
bytes_find(const char *p, const char *end, char c)
{
#ifdef __SSE2__
	const __m128i wanted = _mm_set1_epi8(c);
	const char *from = p;
	uint64_t at;

	for (; end - p >= 64; p += 64) {
		at = bytes_are64(p, wanted);
		if (at != 0)
			return p + __builtin_ctzll(at);
	}
	if (p > from) { /* the last 64, of which the first are known to be others */
		at = bytes_are64(end - 64, wanted);
		return at != 0 ? end - 64 + __builtin_ctzll(at) : NULL;
	}
	for (; end - p >= 16; p += 16) {
		at = bytes_are16(p, wanted);
		if (at != 0)
			return p + __builtin_ctzll(at);
	}
	if (p > from) { /* likewise the last 16 */
		at = bytes_are16(end - 16, wanted);
		return at != 0 ? end - 16 + __builtin_ctzll(at) : NULL;
	}
#endif
	for (; p < end; p++)
		if (*p == c)
			return p;
	return NULL;
}

/* The first byte from P on and before END that is no digit; END: all are. */
static inline const char *
bytes_digits_end(const char *p, const char *end)
{
#ifdef __SSE2__
	if (end - p >= 16) {
		__m128i v = _mm_sub_epi8(
			_mm_loadu_si128((const __m128i *)(const void *)p), _mm_set1_epi8('0'));
		int other = _mm_movemask_epi8(
				    _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(9)), v)) ^
			    0xffff;

		if (other != 0)
			return p + __builtin_ctz((unsigned)other);
		p += 16;
	}
#endif
	while (p < end && (unsigned)(*p - '0') < 10)
		p++;
	return p;
}

/* 0 to 15 for a hexadecimal digit, 16 for all else. */
extern const uint8_t bytes_hex_digits[256];

static inline unsigned
bytes_hex_digit(char c)
{
	return bytes_hex_digits[(uint8_t)c];
}

/* C in lower case, if it is a letter of ASCII. */
static inline char
bytes_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static inline unsigned
bytes_hex_slowly(const char *p, size_t left, unsigned *ret)
{
	unsigned n = 0, v = 0;

	for (; n < left && n < 8; n++) {
		const unsigned digit = bytes_hex_digit(p[n]);

		if (digit > 15)
			break;
		v = v << 4 | digit;
	}
	*ret = v;
	return n;
}

/* How many hexadecimal digits stand at P, of LEFT bytes: up to 8, also where there are more. *RET is the
 * number that they are, if there are four of them or fewer. Without a branch for how many, since no
 * processor can guess that. */
static inline unsigned
bytes_hex(const char *p, size_t left, unsigned *ret)
{
	const uint64_t each = 0x0101010101010101u, high = 0x80 * each;
	uint64_t w, low, digit, letter, other;
	unsigned n;

	if (left < 8)
		return bytes_hex_slowly(p, left, ret);
	w = le64toh(bytes_word(p));
	low = w &
	      ~high; /* the high bit of a byte is to say that it is at least this and at most that */
	digit = (low + (0x80 - '0') * each) & ~(low + (0x7f - '9') * each);
	low |= 0x20 * each;
	letter = (low + (0x80 - 'a') * each) & ~(low + (0x7f - 'f') * each);
	other = (~(digit | letter) | w) & high;
	n = other ? (unsigned)__builtin_ctzll(other) / 8 : 8;
	*ret = 0;
	if (n == 0)
		return 0;
	w = (w & 0x0f * each) + (w >> 6 & each) * 9;
	w = __builtin_bswap64(w) >> (64 - 8 * n); /* the last digit lowest */
	w = (w | w >> 4) & 0x00ff00ff;
	*ret = (unsigned)((w | w >> 8) & 0xffff);
	return n;
}

/* Multiplies and folds, as in wyhash. */
static inline uint64_t
bytes_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 r = (unsigned __int128)a * b;

	return (uint64_t)r ^ (uint64_t)(r >> 64);
}

/* A hash of the N bytes at P under SEED, which is made by chance, so that nobody can aim at a place
 * of a table. Sixteen bytes a multiplication, two at a time, the last ones overlapping. */
static inline uint64_t
bytes_hash(const uint64_t seed[2], const char *p, size_t n)
{
	uint64_t h = seed[0] ^ n, g = seed[0], a, b = 0;
	const char *end = p + n;

	for (; end - p > 32; p += 32) {
		h = bytes_mix(bytes_word(p) ^ seed[1], bytes_word(p + 8) ^ h);
		g = bytes_mix(bytes_word(p + 16) ^ seed[1], bytes_word(p + 24) ^ g);
	}
	h ^= g;
	if (end - p > 16)
		h = bytes_mix(bytes_word(p) ^ seed[1], bytes_word(p + 8) ^ h);
	if (n >= 16) {
		a = bytes_word(end - 16);
		b = bytes_word(end - 8);
	} else if (n >= 8) {
		a = bytes_word(p);
		b = bytes_word(end - 8);
	} else {
		a = bytes_few(p, n);
	}
	return bytes_mix(a ^ seed[1], b ^ h);
}
