/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * detect_scan_x86.c - the candidate pass with SSSE3 and AVX2
 *
 * Source: the table lookup by halves of a byte is that of simdjson (arXiv:1902.08318, 3.1.2). The
 * last bytes are copied into a block of blanks, so that nothing is read behind the text.
 */
#include "record/detect_scan.h"

#include <string.h>

#include "record/detect_scan-private.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2  __attribute__((target("avx2")))
#define SSSE3 __attribute__((target("ssse3")))

struct tables {
	uint8_t first_lo[16], first_hi[16], second_lo[16], second_hi[16], kind_lo[16], kind_hi[16];
};

static const struct tables tables __attribute__((aligned(16))) = { FIRST_LO, FIRST_HI, SECOND_LO,
	SECOND_HI, KIND_LO, KIND_HI };

/* --- AVX2: 32 bytes at once ------------------------------------------------------------------- */

struct avx2 {
	__m256i first_lo, first_hi, second_lo, second_hi, kind_lo, kind_hi;
	__m256i pairs, at, jwt; /* what is wanted */
	__m256i last;           /* the block before */
};

AVX2 static inline __m256i
avx2_table(const uint8_t t[16])
{
	return _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)t));
}

AVX2 static inline struct avx2
avx2_init(const struct scan_want *want)
{
	return (struct avx2){
		.first_lo = avx2_table(tables.first_lo),
		.first_hi = avx2_table(tables.first_hi),
		.second_lo = avx2_table(tables.second_lo),
		.second_hi = avx2_table(tables.second_hi),
		.kind_lo = avx2_table(tables.kind_lo),
		.kind_hi = avx2_table(tables.kind_hi),
		.pairs = _mm256_set1_epi8((char)want->pairs),
		.at = _mm256_set1_epi8((char)want->at),
		.jwt = _mm256_set1_epi8((char)want->jwt),
		.last = _mm256_set1_epi8(' '),
	};
}

AVX2 static inline __m256i
avx2_classes(__m256i lo, __m256i hi, __m256i c, __m256i c_hi)
{
	return _mm256_and_si256(_mm256_shuffle_epi8(lo, c), _mm256_shuffle_epi8(hi, c_hi));
}

AVX2 static inline __m256i
avx2_high(__m256i c)
{
	return _mm256_and_si256(_mm256_srli_epi16(c, 4), _mm256_set1_epi8(15));
}

AVX2 static inline uint32_t
avx2_block(struct avx2 *v, __m256i c, struct scan_kinds *kinds, const struct scan_want *want)
{
	__m256i before = _mm256_alignr_epi8(c, _mm256_permute2x128_si256(v->last, c, 0x21), 15);
	__m256i c_hi = avx2_high(c);
	__m256i first = avx2_classes(v->first_lo, v->first_hi, before, avx2_high(before));
	__m256i second = avx2_classes(v->second_lo, v->second_hi, c, c_hi);
	__m256i kind = avx2_classes(v->kind_lo, v->kind_hi, c, c_hi);
	__m256i at = _mm256_and_si256(_mm256_cmpeq_epi8(c, _mm256_set1_epi8('@')), v->at);
	__m256i jwt = _mm256_and_si256(_mm256_cmpeq_epi8(c, _mm256_set1_epi8('J')),
		_mm256_and_si256(_mm256_cmpeq_epi8(before, _mm256_set1_epi8('y')), v->jwt));
	__m256i pair = _mm256_and_si256(_mm256_and_si256(first, second), v->pairs);

	pair = _mm256_or_si256(pair, _mm256_or_si256(at, jwt));
	v->last = c;
	scan_kinds_push(kinds, (uint32_t)_mm256_movemask_epi8(kind),
		(uint32_t)_mm256_movemask_epi8(_mm256_slli_epi16(kind, 1)),
		(uint32_t)_mm256_movemask_epi8(_mm256_slli_epi16(kind, 2)),
		(uint32_t)_mm256_movemask_epi8(_mm256_slli_epi16(kind, 3)),
		(uint32_t)_mm256_movemask_epi8(_mm256_slli_epi16(kind, 4)));
	return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(pair, _mm256_setzero_si256())) |
	       scan_shapes(kinds, want);
}

AVX2 void
scan_avx2(const char *p, size_t len, const struct scan_want *want, uint64_t *map)
{
	struct scan_kinds kinds = { 0 };
	struct avx2 v = avx2_init(want);
	char rest[64];
	size_t at;

	for (at = 0; at < len; at += 64) {
		const char *q = p + at;
		uint64_t low;

		if (len - at < 64) {
			memset(rest, ' ', sizeof(rest));
			memcpy(rest, q, len - at);
			q = rest;
		}
		low = avx2_block(&v, _mm256_loadu_si256((const __m256i *)q), &kinds, want);
		map[at / 64] = low | (uint64_t)avx2_block(&v,
					     _mm256_loadu_si256((const __m256i *)(q + 32)), &kinds,
					     want)
					     << 32;
	}
}

/* --- SSSE3: twice 16 bytes -------------------------------------------------------------------- */

struct ssse3 {
	__m128i pairs, at, jwt, last;
};

struct ssse3_bits {
	uint32_t pair, digit, letter, sep, colon, zero;
};

SSSE3 static inline __m128i
ssse3_classes(const uint8_t lo[16], const uint8_t hi[16], __m128i c)
{
	__m128i c_hi = _mm_and_si128(_mm_srli_epi16(c, 4), _mm_set1_epi8(15));

	return _mm_and_si128(_mm_shuffle_epi8(_mm_load_si128((const __m128i *)lo), c),
		_mm_shuffle_epi8(_mm_load_si128((const __m128i *)hi), c_hi));
}

SSSE3 static inline void
ssse3_half(struct ssse3 *v, const char *p, int shift, struct ssse3_bits *b)
{
	__m128i c = _mm_loadu_si128((const __m128i *)p);
	__m128i before = _mm_alignr_epi8(c, v->last, 15);
	__m128i first = ssse3_classes(tables.first_lo, tables.first_hi, before);
	__m128i second = ssse3_classes(tables.second_lo, tables.second_hi, c);
	__m128i kind = ssse3_classes(tables.kind_lo, tables.kind_hi, c);
	__m128i at = _mm_and_si128(_mm_cmpeq_epi8(c, _mm_set1_epi8('@')), v->at);
	__m128i jwt = _mm_and_si128(_mm_cmpeq_epi8(c, _mm_set1_epi8('J')),
		_mm_and_si128(_mm_cmpeq_epi8(before, _mm_set1_epi8('y')), v->jwt));
	__m128i pair = _mm_and_si128(_mm_and_si128(first, second), v->pairs);
	__m128i none;

	pair = _mm_or_si128(pair, _mm_or_si128(at, jwt));
	none = _mm_cmpeq_epi8(pair, _mm_setzero_si128());
	v->last = c;
	b->pair |= (~(uint32_t)_mm_movemask_epi8(none) & 0xffff) << shift;
	b->digit |= (uint32_t)_mm_movemask_epi8(kind) << shift;
	b->letter |= (uint32_t)_mm_movemask_epi8(_mm_slli_epi16(kind, 1)) << shift;
	b->sep |= (uint32_t)_mm_movemask_epi8(_mm_slli_epi16(kind, 2)) << shift;
	b->colon |= (uint32_t)_mm_movemask_epi8(_mm_slli_epi16(kind, 3)) << shift;
	b->zero |= (uint32_t)_mm_movemask_epi8(_mm_slli_epi16(kind, 4)) << shift;
}

SSSE3 static inline uint32_t
ssse3_block(struct ssse3 *v, const char *p, struct scan_kinds *kinds, const struct scan_want *want)
{
	struct ssse3_bits b = { 0 };

	ssse3_half(v, p, 0, &b);
	ssse3_half(v, p + 16, 16, &b);
	scan_kinds_push(kinds, b.digit, b.letter, b.sep, b.colon, b.zero);
	return b.pair | scan_shapes(kinds, want);
}

SSSE3 void
scan_ssse3(const char *p, size_t len, const struct scan_want *want, uint64_t *map)
{
	struct scan_kinds kinds = { 0 };
	struct ssse3 v = {
		.pairs = _mm_set1_epi8((char)want->pairs),
		.at = _mm_set1_epi8((char)want->at),
		.jwt = _mm_set1_epi8((char)want->jwt),
		.last = _mm_set1_epi8(' '),
	};
	char rest[64];

	for (size_t at = 0; at < len; at += 64) {
		const char *q = p + at;
		uint64_t low;

		if (len - at < 64) {
			memset(rest, ' ', sizeof(rest));
			memcpy(rest, q, len - at);
			q = rest;
		}
		low = ssse3_block(&v, q, &kinds, want);
		map[at / 64] = low | (uint64_t)ssse3_block(&v, q + 32, &kinds, want) << 32;
	}
}
#endif
