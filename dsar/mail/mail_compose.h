/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * mail_compose.h - the mails that leave: letters without personal data in clear, answers encrypted
 *
 * An answer is multipart/encrypted (RFC 3156), signed inside in one step. Its headers stand inside as well
 * (RFC 9788, hp="cipher", and the older protected-headers="v1"); outside the subject is "[...]". It streams: an
 * attachment is read, encoded, encrypted and signed in pieces, into a file without a name, which holds
 * ciphertext alone; the mail server gets it only when that is whole.
 */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"
#include "dsar/openpgp/openpgp.h"

#define MAIL_ID_MAX 128

struct mail_draft {
	const char *sendmail, *from;
	const char *spool;       /* a folder for the file without a name */
	const char *case_number; /* our Message-ID begins with it; NULL: of no case, no reports */
	const char *envelope;    /* the envelope's id; NULL: the case's number */
	struct span to;          /* one address */
	struct span in_reply_to; /* a Message-ID without brackets; SPAN_NONE */
	const char *subject;     /* UTF-8, one line */
	struct span text;        /* UTF-8 */
	int attached;            /* a file, read from its begin; -1: none */
	const char *file_name;   /* … and its name, ASCII and not personal */
	int64_t now_us;
};

/* Sends M in clear. It says that a machine has written it (RFC 3834). Fails as base/sendmail.h does; EX_DATAERR: no
 * mail can be written to that address. */
int mail_send_clear(const struct mail_draft *m, struct err *e);

/* Sends M encrypted to key FPR of P and to no other. */
int mail_send_sealed(struct openpgp *p, const char *fpr, const struct mail_draft *m, struct err *e);

/* How large the mail of an attachment of N bytes becomes, at most: known before it is made. */
uint64_t mail_sealed_size(uint64_t n);

/* How large an attachment may be whose mail has at most MAX bytes; 0: none fits. */
uint64_t mail_sealed_room(uint64_t max);
