/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * detect_scan_x86.c - the candidate pass with SSSE3 and AVX2
 *
 * Source: the table lookup by halves of a byte is that of simdjson (arXiv:1902.08318, 3.1.2). A
 * window that would reach over the text's end is read earlier, and its bits are moved; a short text
 * is copied into a window of blanks. So nothing is read behind the text.
 */
#include "record/detect/detect_scan.h"

#include <string.h>

#include "record/detect/detect_scan-private.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2   __attribute__((target("avx2")))
#define SSSE3  __attribute__((target("ssse3")))
#define INLINE static inline __attribute__((always_inline))

static const struct tables {
	uint8_t first_lo[16], first_hi[16], second_lo[16], second_hi[16], kind_lo[16], kind_hi[16];
} tables __attribute__((aligned(16))) = { FIRST_LO, FIRST_HI, SECOND_LO, SECOND_HI, KIND_LO,
	KIND_HI };

/* A short text, in a window of blanks. */
static const char *
pad(char text[SCAN_WINDOW], const char *p, size_t *len)
{
	memset(text, ' ', SCAN_WINDOW);
	memcpy(text, p, *len);
	*len = SCAN_WINDOW;
	return text;
}

/* --- AVX2: twice 32 bytes --------------------------------------------------------------------- */

struct avx2 {
	__m256i first_lo, first_hi, second_lo, second_hi, kind_lo, kind_hi;
	__m256i pairs, solo; /* what is wanted */
};

struct avx2_half {
	uint32_t hit, hex, digit, sign, zero;
};

AVX2 INLINE __m256i
avx2_table(const uint8_t t[16])
{
	return _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)t));
}

AVX2 INLINE __m256i
avx2_high(__m256i c)
{
	return _mm256_and_si256(_mm256_srli_epi16(c, 4), _mm256_set1_epi8(15));
}

AVX2 INLINE __m256i
avx2_classes(__m256i lo, __m256i hi, __m256i c)
{
	return _mm256_and_si256(_mm256_shuffle_epi8(lo, c), _mm256_shuffle_epi8(hi, avx2_high(c)));
}

/* Bit 7 of each byte of KIND, after moving it there. */
#define AVX2_BITS(kind, shift) ((uint32_t)_mm256_movemask_epi8(_mm256_slli_epi16(kind, shift)))

AVX2 INLINE struct avx2_half
avx2_read(const struct avx2 *v, __m256i before, __m256i c)
{
	__m256i pair = _mm256_and_si256(
		_mm256_and_si256(avx2_classes(v->first_lo, v->first_hi, before), v->pairs),
		avx2_classes(v->second_lo, v->second_hi, c));
	__m256i kind = avx2_classes(v->kind_lo, v->kind_hi, c);
	__m256i hit = _mm256_or_si256(pair, _mm256_and_si256(kind, v->solo));

	return (struct avx2_half){
		.hit = ~(uint32_t)_mm256_movemask_epi8(
			_mm256_cmpeq_epi8(hit, _mm256_setzero_si256())),
		/* a carry out of KIND_DIGIT, or KIND_LETTER itself */
		.hex = (uint32_t)_mm256_movemask_epi8(
			_mm256_add_epi8(kind, _mm256_set1_epi8(KIND_DIGIT))),
		.digit = AVX2_BITS(kind, 1),
		.sign = AVX2_BITS(kind, 2),
		.zero = AVX2_BITS(kind, 3),
	};
}

AVX2 INLINE uint64_t
avx2_window(const struct avx2 *v, const char *p, const struct scan_want *want)
{
	__m256i low = _mm256_loadu_si256((const __m256i *)p);
	__m256i high = _mm256_loadu_si256((const __m256i *)(p + 32));
	/* the byte before the first is a blank, or is none of this window's business */
	__m256i before = _mm256_alignr_epi8(low, _mm256_permute2x128_si256(low, low, 0x08), 15);
	struct avx2_half a = avx2_read(v, before, low);
	struct avx2_half b = avx2_read(v, _mm256_loadu_si256((const __m256i *)(p + 31)), high);
	struct scan_bits bits = {
		.hit = a.hit | (uint64_t)b.hit << 32,
		.hex = a.hex | (uint64_t)b.hex << 32,
		.digit = a.digit | (uint64_t)b.digit << 32,
		.sign = a.sign | (uint64_t)b.sign << 32,
		.zero = a.zero | (uint64_t)b.zero << 32,
	};

	return scan_shapes(&bits, want);
}

AVX2 unsigned
scan_avx2(const char *p, size_t len, const struct scan_want *want, uint64_t *map)
{
	const struct avx2 v = {
		.first_lo = avx2_table(tables.first_lo),
		.first_hi = avx2_table(tables.first_hi),
		.second_lo = avx2_table(tables.second_lo),
		.second_hi = avx2_table(tables.second_hi),
		.kind_lo = avx2_table(tables.kind_lo),
		.kind_hi = avx2_table(tables.kind_hi),
		.pairs = _mm256_set1_epi8((char)want->pairs),
		.solo = _mm256_set1_epi8((char)want->solo),
	};
	unsigned n = scan_windows(len);
	uint64_t told = 0; /* bits of which the window before has spoken */
	char text[SCAN_WINDOW];
	size_t at = 0;

	if (len < SCAN_WINDOW)
		p = pad(text, p, &len);
	for (unsigned k = 0; k < n; k++, at += SCAN_STRIDE) {
		size_t over = at + SCAN_WINDOW > len ? at + SCAN_WINDOW - len : 0;

		map[k] = avx2_window(&v, p + at - over, want) >> over & ~told;
		told = (UINT64_C(1) << SCAN_BACK) - 1;
	}
	return n;
}

/* --- SSSE3: four times 16 bytes --------------------------------------------------------------- */

SSSE3 INLINE __m128i
ssse3_classes(const uint8_t lo[16], const uint8_t hi[16], __m128i c)
{
	__m128i high = _mm_and_si128(_mm_srli_epi16(c, 4), _mm_set1_epi8(15));

	return _mm_and_si128(_mm_shuffle_epi8(_mm_load_si128((const __m128i *)lo), c),
		_mm_shuffle_epi8(_mm_load_si128((const __m128i *)hi), high));
}

#define SSSE3_BITS(kind, shift) ((uint64_t)(uint32_t)_mm_movemask_epi8(_mm_slli_epi16(kind, shift)))

SSSE3 INLINE uint64_t
ssse3_window(const char *p, const struct scan_want *want)
{
	__m128i last = _mm_set1_epi8(' ');
	struct scan_bits b = { 0 };

	for (int shift = 0; shift < SCAN_WINDOW; shift += 16) {
		__m128i c = _mm_loadu_si128((const __m128i *)(p + shift));
		__m128i pair = ssse3_classes(
			tables.first_lo, tables.first_hi, _mm_alignr_epi8(c, last, 15));
		__m128i kind = ssse3_classes(tables.kind_lo, tables.kind_hi, c);
		__m128i hit;

		pair = _mm_and_si128(pair, ssse3_classes(tables.second_lo, tables.second_hi, c));
		hit = _mm_or_si128(_mm_and_si128(pair, _mm_set1_epi8((char)want->pairs)),
			_mm_and_si128(kind, _mm_set1_epi8((char)want->solo)));
		hit = _mm_cmpeq_epi8(hit, _mm_setzero_si128());
		b.hit |= (uint64_t)(~(uint32_t)_mm_movemask_epi8(hit) & 0xffff) << shift;
		b.hex |= (SSSE3_BITS(kind, 0) | SSSE3_BITS(kind, 1)) << shift;
		b.digit |= SSSE3_BITS(kind, 1) << shift;
		b.sign |= SSSE3_BITS(kind, 2) << shift;
		b.zero |= SSSE3_BITS(kind, 3) << shift;
		last = c;
	}
	return scan_shapes(&b, want);
}

SSSE3 unsigned
scan_ssse3(const char *p, size_t len, const struct scan_want *want, uint64_t *map)
{
	unsigned n = scan_windows(len);
	uint64_t told = 0; /* bits of which the window before has spoken */
	char text[SCAN_WINDOW];
	size_t at = 0;

	if (len < SCAN_WINDOW)
		p = pad(text, p, &len);
	for (unsigned k = 0; k < n; k++, at += SCAN_STRIDE) {
		size_t over = at + SCAN_WINDOW > len ? at + SCAN_WINDOW - len : 0;

		map[k] = ssse3_window(p + at - over, want) >> over & ~told;
		told = (UINT64_C(1) << SCAN_BACK) - 1;
	}
	return n;
}
#endif
