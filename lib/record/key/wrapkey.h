/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wrapkey.h - the key that the daily keys are wrapped with
 *
 * 32 random bytes, sealed with the host's key by systemd-creds(1) in the file that the
 * configuration names as `credential`. The service manager unseals it for the unit
 * (LoadCredentialEncrypted); root may unseal it, nobody else. It lies in the clear nowhere on a
 * disk.
 */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "record/key/keydir.h"

#define WRAPKEY_NAME "sparsam-keys" /* of the credential */

struct conf;

enum wrapkey_found {
	WRAPKEY_FOUND,
	WRAPKEY_NONE,    /* no credential, and no sealed file that we may open */
	WRAPKEY_INVALID, /* a credential that is not KEY_LEN bytes */
	WRAPKEY_SEALED   /* systemd-creds cannot unseal it on this host */
};

/* Looks for it in $CREDENTIALS_DIRECTORY, then (root) in the sealed file of C. RET, best locked
 * memory, is written to in any case. */
enum wrapkey_found wrapkey_find(const struct conf *c, uint8_t ret[KEY_LEN]);

/* Makes one and seals it into the file of C, mode 0600. Fails with EX_NOPERM (there is one already;
 * not root), EX_UNAVAILABLE (systemd-creds), EX_CANTCREAT. */
int wrapkey_init(const struct conf *c, struct err *e);
