/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bytes.h - short texts, compared and hashed a word at a time
 *
 * For what is asked for each record, where a call of memcmp() costs more than the comparison.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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
