/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * openpgp.h - OpenPGP for the mails of one case, in a keyring of its own
 *
 * register_dir/pgp/NUMBER has the public keys of one case and nobody else's; register_dir/pgp/own our own
 * key, whose secret part each of them reaches by a link. Keys are named by their whole primary fingerprint,
 * 40 hex digits, never by an address: the first usable key of an address is whose it was imported
 * first. Nothing is fetched, nothing asks; the register says which fingerprint is whose, and gpg's web of
 * trust is not asked.
 *
 * gpgme runs gpg(1); while a stranger's bytes are with it, it has 10 s of processor time.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/span.h"

#define OPENPGP_FPR_LEN 40
#define OPENPGP_OWN     "own"

struct openpgp;

/* Opens the keyring of case NUMBER, or OPENPGP_OWN; it is made where it is not there. SIGPIPE is ignored from
 * here on, as gpgme wants it. The caller owns *ret. EX_CANTCREAT, EX_NOPERM, EX_UNAVAILABLE. */
int openpgp_open(const char *register_dir, const char *number, struct openpgp **ret, struct err *e);

/* A ring in the folder HOME, which is there and empty, with no key of ours; nor does it ask an agent for any. */
int openpgp_open_at(const char *home, struct openpgp **ret, struct err *e);
struct openpgp *openpgp_free(struct openpgp *p); /* its agent ends, too */
DEFINE_CLEANUP(struct openpgp, openpgp_free)

/* Takes the keyring of a case away, if there is one. */
void openpgp_remove(const char *register_dir, const char *number);

/* Makes our own key, for ADDRESS; there must be none. */
int openpgp_own_make(struct openpgp *p, const char *address, struct err *e);

/* Our own fingerprint, borrowed; NULL: there is none yet. */
const char *openpgp_own(const struct openpgp *p);

enum openpgp_fault { /* why nothing can be encrypted to a key */
	KEY_USABLE,
	KEY_UNKNOWN, /* not in this keyring */
	KEY_EXPIRED,
	KEY_REVOKED,
	KEY_WEAK,          /* RSA or ElGamal under 2048 bits, DSA */
	KEY_VERSION,       /* version 6 (RFC 9580), which GnuPG 2.2 does not know */
	KEY_NO_ENCRYPTION, /* no subkey for it, or none that is valid */
	KEY_NO_USER,       /* no user id that is signed by anything better than SHA-1 */
	KEY_SECRET,        /* a secret key: nobody's any more */
	KEY_UNREADABLE,
	KEY_FAULTS
};
const char *openpgp_fault_text(enum openpgp_fault f); /* N_(): a sentence's beginning */

struct openpgp_key {
	char fpr[OPENPGP_FPR_LEN + 1];
	enum openpgp_fault fault;
	bool has_address; /* one of its user ids has that address */
	unsigned bits;
	int64_t expires_us; /* 0: never */
};

/* Imports the public keys of BLOB as candidates: nothing is pinned by that. By way of a ring of its own, where no secret
 * key of ours is: one of a stranger's would else lie among them. *ret_n of at most MAX. None: *ret_n is 0
 * and *ret_fault says why. */
int openpgp_import(struct openpgp *p, struct span blob, struct openpgp_key *ret, size_t max,
	size_t *ret_n, enum openpgp_fault *ret_fault, struct err *e);

/* What of key FPR? ADDRESS may be SPAN_NONE. */
int openpgp_judge(struct openpgp *p, const char *fpr, struct span address, struct openpgp_key *ret,
	struct err *e);

/* Appends the armoured public key FPR. */
int openpgp_export(struct openpgp *p, const char *fpr, struct buf *out, struct err *e);

/* Signatures as gpg saw them; what they mean is for dsar/mail/mail_trust.h. */
struct openpgp_signature {
	unsigned n; /* how many there are */
	bool good;  /* there is one, and it is right, in time, and of no weak hash */
	char fpr[OPENPGP_FPR_LEN + 1]; /* then: the primary key's */
};

/* Is SIGNATURE one over TEXT, with its line ends made CRLF (RFC 3156 section 5)? */
int openpgp_verify(struct openpgp *p, struct span text, struct span signature,
	struct openpgp_signature *ret, struct err *e);

/* Decrypts CIPHER into *ret_fd, a file in memory of at most MAX bytes; the caller owns it. EX_DATAERR: not for us,
 * damaged, without protection against changes, symmetric only, or too large; nothing of it is left then. */
int openpgp_decrypt(struct openpgp *p, struct span cipher, size_t max, int *ret_fd,
	struct openpgp_signature *ret, struct err *e);

/* > 0: bytes put into P; 0: the end; -1: failed, E is filled. */
typedef ssize_t openpgp_read(void *ctx, void *p, size_t n, struct err *e);

/* Encrypts what READ gives to key FPR alone, signs it with our own where SIGN, and writes it armoured to FD, which
 * holds something usable only if this is 0. EX_NOPERM: the key cannot be used. */
int openpgp_encrypt(struct openpgp *p, const char *fpr, bool sign, openpgp_read *read, void *ctx,
	int fd, struct err *e);

/* The same to each of the N keys FPR, of which there are at most OPENPGP_KEYS_MAX. */
#define OPENPGP_KEYS_MAX 2
int openpgp_encrypt_all(struct openpgp *p, const char *const *fpr, size_t n, bool sign,
	openpgp_read *read, void *ctx, int fd, struct err *e);

/* Encrypts TEXT, of at most SEALER_MAX bytes (sealer.h), to our own key; the rest as above. Many, one after the other, take
 * a third of the time. */
int openpgp_seal(struct openpgp *p, struct span text, int fd, struct err *e);

/* Appends an armoured detached signature over TEXT by our own key. */
int openpgp_sign(struct openpgp *p, struct span text, struct buf *out, struct err *e);
