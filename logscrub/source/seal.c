/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/source/seal.h"

#include <sodium.h>
#include <string.h>

#include "record/key/keyring.h"

struct seal_key {
	struct keyring *keyring;
	int32_t day;
	bool asked; /* for `day` */
	bool lasts;
	unsigned char key[crypto_shorthash_KEYBYTES];
};

int
seal_key_new(struct keyring *k, struct seal_key **ret, struct err *e)
{
	/* locked and not dumped, as the keys are that it comes from */
	struct seal_key *s = sodium_malloc(sizeof(*s));

	if (!s)
		return err_memory(e);
	sodium_memzero(s, sizeof(*s));
	s->keyring = k;
	*ret = s;
	return 0;
}

struct seal_key *
seal_key_free(struct seal_key *s)
{
	sodium_free(s); /* wipes */
	return NULL;
}

static void
derive(struct seal_key *s, int32_t day)
{
	static const unsigned char domain[] = "sparsam-seal";
	const uint8_t *key;

	s->asked = true;
	s->day = day;
	s->lasts = keyring_key(s->keyring, day, &key, NULL) == 0 &&
		   !keyring_is_throwaway(s->keyring, day);
	if (s->lasts)
		(void)crypto_generichash(
			s->key, sizeof(s->key), domain, sizeof(domain) - 1, key, KEY_LEN);
}

bool
seal_key_hash(struct seal_key *s, int32_t day, struct span text, uint32_t *ret)
{
	unsigned char h[crypto_shorthash_BYTES];

	if (!s->asked || s->day != day)
		derive(s, day);
	if (!s->lasts)
		return false;
	(void)crypto_shorthash(h, (const unsigned char *)text.p, text.len, s->key);
	memcpy(ret, h, sizeof(*ret));
	return true;
}
