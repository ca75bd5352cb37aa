/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * mail_parse.h - what a stranger's mail says about itself
 *
 * Its bytes are held against mail_check.h, and then parsed by GMime in a child of its own, which may use
 * 256 MB and 10 s, has no privileges (nobody, where the parent is root; no new ones; system calls for
 * reading alone) and answers by a short account of bounded size. An account that does not hold together
 * is refused like the mail that led to it.
 *
 * All of it is a claim: who wrote a mail is for dsar/openpgp/openpgp.h to say. A stranger's mail is never written
 * anew; what was signed is a range of its own bytes, found by its boundary (mail_delimit.c).
 *
 *   mail_parse.c     the child, its limits, the way back
 *   mail_account.c   the account, between the two
 *   mail_gmime.c     what the child does
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

#define MAIL_KEYS_MAX 8            /* that are looked at */
#define MAIL_KEY_MAX  (128u << 10) /* bytes of one */
#define MAIL_TEXT_MAX (256u << 10) /* bytes of text that are read */
#define MAIL_NO_TIME  INT64_MIN

enum mail_form {
	MAIL_PLAIN,
	MAIL_SIGNED,    /* RFC 3156 multipart/signed, at the top, of two parts */
	MAIL_ENCRYPTED, /* RFC 3156 multipart/encrypted, at the top */
	MAIL_REPORT,    /* of delivery: RFC 3464 */
	MAIL_FORMS
};

enum mail_trait {           /* of RFC 3834: such mail is never answered by itself */
	MAIL_AUTOMATIC = 1, /* Auto-Submitted, X-Autoreply */
	MAIL_FROM_LIST = 2, /* List-… */
	MAIL_BULK = 4,      /* Precedence: bulk, list, junk */
	MAIL_NO_SENDER = 8  /* Return-Path: <> */
};

struct mail_range {
	uint64_t at, len; /* bytes of the mail */
};

struct mail { /* its spans point into `account` */
	struct buf account;
	enum mail_form form;
	unsigned traits;
	uint32_t n_from;              /* addresses that it says it is from, over all such headers */
	int64_t date_us, received_us; /* received: by the topmost Received; MAIL_NO_TIME */
	struct span from; /* the first address; SPAN_NONE: none. UTF-8, like all texts here */
	struct span message_id, in_reply_to, references, subject, return_path;
	struct span text; /* of the first text/plain that is no attachment; SPAN_NONE: none */
	bool text_cut;
	struct mail_range signed_part; /* MAIL_SIGNED: what the signature covers … */
	struct span signature;         /* … and that, armoured or not */
	struct mail_range cipher; /* MAIL_ENCRYPTED: with its part's headers, as gpg skips them */
	struct span envelope_id, action, status; /* MAIL_REPORT: of its first recipient */
	struct span autocrypt_address, autocrypt_key;
	struct span key[MAIL_KEYS_MAX]; /* attached */
	size_t n_keys;
};

/* Reads the mail in FD (a regular file or memfd, from its begin). The caller ends RET with mail_release(), also on
 * failure. EX_DATAERR: refused by its bytes, or the child has failed at it; EX_OSERR. */
int mail_parse(int fd, struct mail *ret, struct err *e);
void mail_release(struct mail *m); /* wipes */
