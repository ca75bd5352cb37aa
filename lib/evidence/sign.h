/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sign.h - the node's OpenPGP key, and detached signatures
 *
 * An Ed25519 key without passphrase in a GnuPG home of its own, state_dir/node, mode 0700: whoever
 * is root on the node can sign, nobody else. Keys are named by their whole fingerprint (40 hex
 * digits), never by an address. gpgme runs gpg(1); the gpg-agent(1) that this starts is ended with
 * sign_free().
 */
#pragma once
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/conf/conf.h"
#include "base/err.h"
#include "base/span.h"

#define FINGERPRINT_LEN 40 /* hex digits, of a version 4 key */

struct sign;

/* Makes the home, if it is not there, and a key for this node. Asked only where sign_open() said
 * that there is none. */
int sign_init(const struct conf *c, const char *hostname, struct err *e);

/* Opens the node's key for signing. The caller owns *ret. EX_CONFIG: there is none (`retention
 * init`); EX_NOPERM; EX_UNAVAILABLE: gpg does not work. */
int sign_open(const struct conf *c, struct sign **ret, struct err *e);

/* Opens the caller's own key: of the secret keys in his GnuPG home the first whose primary fingerprint is one of
 * FINGERPRINTS. His agent asks for the passphrase, and stays. EX_NOPERM: he has none of them. */
int sign_open_own(const struct conf_list *fingerprints, struct sign **ret, struct err *e);
struct sign *sign_free(struct sign *s);
DEFINE_CLEANUP(struct sign, sign_free)

const char *sign_fingerprint(const struct sign *s);

/* Appends an armoured detached signature over TEXT to OUT. */
int sign_detached(struct sign *s, struct span text, struct buf *out, struct err *e);

/* Appends the armoured public key. */
int sign_export(struct sign *s, struct buf *out, struct err *e);

/* Decrypts CIPHER by any secret key of S's home into *ret_fd, a file in memory of at most MAX bytes; the caller owns
 * it. EX_DATAERR: it is for none of them, damaged, or too large; nothing of it is left then. */
int sign_decrypt(struct sign *s, struct span cipher, size_t max, int *ret_fd, struct err *e);

/* Somebody else's signatures, all by one key. */
struct sign_check;

/* Imports the armoured PUBLIC_KEY, whose fingerprint goes to RET_FINGERPRINT, into a home of its own below
 * SCRATCH (a folder of the caller's, which goes after the check). 1: it is not one key. The caller owns
 * *ret. */
int sign_check_new(const char *scratch, struct span public_key, struct sign_check **ret,
	char ret_fingerprint[FINGERPRINT_LEN + 1], struct err *e);
struct sign_check *sign_check_free(struct sign_check *c);
DEFINE_CLEANUP(struct sign_check, sign_check_free)

/* Is SIGNATURE a good one over TEXT by that key, or by a subkey of it? There is exactly one, and neither it nor the
 * key has expired or was revoked. 0 yes; 1 no; -1 could not be tried. */
int sign_verify(struct sign_check *c, struct span text, struct span signature, struct err *e);

/* The same for TEXT that was signed clear (RFC 9580, 7) and is nothing but that: no word before or behind it. What
 * was signed is appended to OUT. */
int sign_verify_clear(struct sign_check *c, struct span text, struct buf *out, struct err *e);
