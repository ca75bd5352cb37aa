/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/key/sha256.h"

#include <sodium.h>

void
sha256_hex(struct span bytes, char ret[SHA256_HEX])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(hash, (const unsigned char *)bytes.p, bytes.len);
	(void)sodium_bin2hex(ret, SHA256_HEX, hash, sizeof(hash));
}
