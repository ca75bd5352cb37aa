/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * crypto_secretbox under a key derived from the wrapping key (BLAKE2b, personal "sparsam-hold"), so
 * that a sealed identifier and a wrapped day key are never under the same one.
 */
#include <string.h>
#include <sysexits.h>

#include <sodium.h>

#include "evidence/hold-private.h"
#include "record/key/wrapkey.h"

static const unsigned char personal[crypto_generichash_blake2b_PERSONALBYTES] = "sparsam-hold";

static int
key_of(const struct conf *c, uint8_t ret[KEY_LEN], struct err *e)
{
	uint8_t wrap[KEY_LEN];
	const bool found = wrapkey_find(c, wrap) == WRAPKEY_FOUND;

	if (found)
		(void)crypto_generichash_blake2b_salt_personal(
			ret, KEY_LEN, NULL, 0, wrap, sizeof(wrap), NULL, personal);
	sodium_memzero(wrap, sizeof(wrap));
	if (found)
		return 0;
	return err_fail(e, EX_UNAVAILABLE, 0, N_("no key to seal an identifier with"),
		N_("make one with `logscrub keys --init`, as root"), "%s", c->credential);
}

int
hold_seal(const struct conf *c, struct span text, struct buf *out, struct err *e)
{
	uint8_t key[KEY_LEN], *p;
	const size_t len = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + text.len;

	if (key_of(c, key, e) < 0)
		return -1;
	if (!buf_room(out, len)) {
		sodium_memzero(key, sizeof(key));
		return err_memory(e);
	}
	p = (uint8_t *)out->p + out->len;
	randombytes_buf(p, crypto_secretbox_NONCEBYTES);
	(void)crypto_secretbox_easy(
		p + crypto_secretbox_NONCEBYTES, (const uint8_t *)text.p, text.len, p, key);
	out->len += len;
	sodium_memzero(key, sizeof(key));
	return 0;
}

int
hold_unseal(const struct conf *c, struct span sealed, struct buf *out, struct err *e)
{
	const size_t over = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
	const uint8_t *p = (const uint8_t *)sealed.p;
	uint8_t key[KEY_LEN];
	int rc;

	if (sealed.len < over)
		return err_fail(e, EX_DATAERR, 0, N_("sealed text is damaged"), NULL, NULL);
	if (key_of(c, key, e) < 0)
		return -1;
	if (!buf_room(out, sealed.len - over + 1)) {
		sodium_memzero(key, sizeof(key));
		return err_memory(e);
	}
	rc = crypto_secretbox_open_easy((uint8_t *)out->p + out->len,
		p + crypto_secretbox_NONCEBYTES, sealed.len - crypto_secretbox_NONCEBYTES, p, key);
	sodium_memzero(key, sizeof(key));
	if (rc != 0)
		return err_fail(e, EX_DATAERR, 0, N_("sealed text is damaged"),
			N_("or the wrapping key is another one by now"), NULL);
	out->len += sealed.len - over;
	return 0;
}
