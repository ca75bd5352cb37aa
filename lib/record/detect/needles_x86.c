/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * needles_x86.c - the pass for needles with AVX2; elsewhere the plain one serves
 */
#include "record/detect/needles-private.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <stdbool.h>

#define AVX2   __attribute__((target("avx2")))
#define INLINE static inline __attribute__((always_inline))

struct tables {
	__m256i lo[NEEDLE_WINDOW], hi[NEEDLE_WINDOW];
};

/* The buckets of which byte K of a window may stand at each of the 32 bytes from P on. */
AVX2 INLINE __m256i
buckets(const struct tables *t, unsigned k, const char *p)
{
	const __m256i low = _mm256_set1_epi8(15);
	const __m256i c = _mm256_loadu_si256((const __m256i *)(p + k));

	return _mm256_and_si256(_mm256_shuffle_epi8(t->lo[k], _mm256_and_si256(c, low)),
		_mm256_shuffle_epi8(t->hi[k], _mm256_and_si256(_mm256_srli_epi16(c, 4), low)));
}

AVX2 INLINE uint32_t
positions(__m256i in)
{
	return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(in, _mm256_setzero_si256()));
}

AVX2 INLINE uint64_t
skip(const struct needle_filter *f, const char *p, size_t len, size_t *at, bool halves)
{
	struct tables t;

	for (unsigned k = 0; k < NEEDLE_WINDOW; k++) {
		t.lo[k] = _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)f->lo[k]));
		t.hi[k] = _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)f->hi[k]));
	}
	for (; *at + NEEDLE_BLOCK + NEEDLE_WINDOW <= len; *at += NEEDLE_BLOCK) {
		const char *a = p + *at, *b = a + 32;
		__m256i ina = _mm256_and_si256(buckets(&t, 2, a), buckets(&t, 3, a));
		__m256i inb = _mm256_and_si256(buckets(&t, 2, b), buckets(&t, 3, b));
		uint64_t bits;

		if (halves && _mm256_testz_si256(ina, ina) && _mm256_testz_si256(inb, inb))
			continue;
		ina = _mm256_and_si256(ina, _mm256_and_si256(buckets(&t, 0, a), buckets(&t, 1, a)));
		inb = _mm256_and_si256(inb, _mm256_and_si256(buckets(&t, 0, b), buckets(&t, 1, b)));
		bits = positions(ina) | (uint64_t)positions(inb) << 32;
		if (bits)
			return bits;
	}
	return 0;
}

AVX2 uint64_t
needle_skip_avx2(const struct needle_filter *f, const char *p, size_t len, size_t *at)
{
	return skip(f, p, len, at, false);
}

AVX2 uint64_t
needle_skip_few_avx2(const struct needle_filter *f, const char *p, size_t len, size_t *at)
{
	return skip(f, p, len, at, true);
}
#endif
