/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/key/digest.h"

#include <endian.h>

#include <sodium.h>

#include "base/conf/conf.h"
#include "record/record.h"

static void
add(crypto_generichash_state *st, struct span part)
{
	const uint64_t len = htole64(part.len);

	(void)crypto_generichash_update(st, (const unsigned char *)&len, sizeof(len));
	(void)crypto_generichash_update(st, (const unsigned char *)part.p, part.len);
}

static void
add_number(crypto_generichash_state *st, uint64_t n)
{
	const uint64_t le = htole64(n);

	add(st, span_of((const char *)&le, sizeof(le)));
}

void
record_digest(const struct record *r, uint8_t ret[RECORD_DIGEST_LEN])
{
	const struct span text = record_text(r);
	crypto_generichash_state st;

	(void)crypto_generichash_init(&st, NULL, 0, RECORD_DIGEST_LEN);
	add(&st, span_str(r->store->name));
	add_number(&st, (uint64_t)r->time_us);
	add(&st, r->known_by > 0 ? span_of(text.p, r->known_by) : text);
	if (!text.p) {
		add(&st, span_str(r->place));
		add_number(&st, r->offset);
		add_number(&st, r->size);
	}
	(void)crypto_generichash_final(&st, ret, RECORD_DIGEST_LEN);
}
