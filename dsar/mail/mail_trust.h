/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * mail_trust.h - what of a mail was signed, by which fingerprint, and from which address it says it is
 *
 * Three facts, kept apart and shown apart; a display name is never one of them. A mail counts as a person's
 * only if the whole of its content was signed (multipart/signed at the top, or the same or the content
 * itself inside of multipart/encrypted at the top), by one signature that is good, of the primary
 * fingerprint that is pinned for her, and it has one From, whose address stands in that key. Of 26 mails that
 * make other programs show a good signature this takes none. Inline OpenPGP is text, and never counts.
 */
#pragma once
#include "base/err.h"
#include "dsar/mail/mail_parse.h"
#include "dsar/openpgp/openpgp.h"

enum mail_covered { /* what was signed */
	COVERED_NOTHING,
	COVERED_CONTENT, /* the content, all of it */
};

struct mail_read { /* a mail, and what is in it when it was decrypted and its signed part taken out */
	struct mail outer, inner;
	bool encrypted; /* it was, to our key */
	bool has_inner; /* else all there is to read is in `outer` */
	enum mail_covered covered;
	struct openpgp_signature signature; /* of what is covered */
	bool one_from, address_in_key;      /* of the signature's key */
};

/* Reads the mail in FD with the keys of P, which may be NULL: then nothing is decrypted or verified. The caller
 * ends RET with mail_read_release(), also on failure. EX_DATAERR: as mail_parse(), or encrypted so that we cannot
 * read it. */
int mail_read(struct openpgp *p, int fd, struct mail_read *ret, struct err *e);
void mail_read_release(struct mail_read *r); /* wipes */

/* What there is to read: text and keys. */
const struct mail *mail_content(const struct mail_read *r);

/* Is it the mail of whoever has the key FPR? */
bool mail_is_of(const struct mail_read *r, const char *fpr);
