/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/journal/journal_hash.h"

#include <endian.h>
#include <string.h>

#include <sodium.h>

uint64_t
journal_hash_keyed(struct span text, const uint8_t file_id[16])
{
	uint8_t out[crypto_shorthash_siphash24_BYTES];
	uint64_t h;

	_Static_assert(crypto_shorthash_siphash24_KEYBYTES == 16, "the file's id");
	(void)crypto_shorthash_siphash24(out, (const uint8_t *)text.p, text.len, file_id);
	memcpy(&h, out, sizeof(h));
	return le64toh(h);
}

/* --- lookup3 ---------------------------------------------------------------------------------- */

static uint32_t
turn(uint32_t x, unsigned k)
{
	return x << k | x >> (32 - k);
}

static void
mix(uint32_t v[3])
{
	static const unsigned by[] = { 4, 6, 8, 16, 19, 4 };

	for (unsigned i = 0; i < 6; i++) {
		uint32_t *a = &v[i % 3], *b = &v[(i + 1) % 3], *c = &v[(i + 2) % 3];

		*a -= *c;
		*a ^= turn(*c, by[i]);
		*c += *b;
	}
}

static void
final(uint32_t v[3])
{
	static const unsigned by[] = { 14, 11, 25, 16, 4, 14, 24 };

	for (unsigned i = 0; i < 7; i++) {
		uint32_t *a = &v[(i + 2) % 3], *b = &v[(i + 1) % 3];

		*a ^= *b;
		*a -= turn(*b, by[i]);
	}
}

uint64_t
journal_hash_jenkins(struct span text)
{
	const uint32_t begin = 0xdeadbeef + (uint32_t)text.len;
	uint32_t v[3] = { begin, begin, begin }, w[3];
	const char *p = text.p;
	size_t n = text.len;

	for (; n > 12; n -= 12, p += 12) {
		memcpy(w, p, 12);
		for (unsigned i = 0; i < 3; i++)
			v[i] += le32toh(w[i]);
		mix(v);
	}
	if (n > 0) {
		memset(w, 0, sizeof(w));
		memcpy(w, p, n);
		for (unsigned i = 0; i < 3; i++)
			v[i] += le32toh(w[i]);
		final(v);
	}
	return v[2] * (UINT64_C(1) << 32) + v[1];
}
