/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * mail_account.h - how the child that parses a mail tells what it found (mail_parse.h)
 *
 * Fields, each a byte that says which, four of its length (the least significant first), and its bytes.
 * The last is ACCOUNT_END. Each comes once but for ACCOUNT_KEY; numbers are of eight bytes.
 */
#pragma once
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

struct mail;

#define ACCOUNT_MAX (4u << 20) /* bytes of the whole */

enum account_field {
	ACCOUNT_END,
	ACCOUNT_FORM,
	ACCOUNT_TRAITS,
	ACCOUNT_N_FROM,
	ACCOUNT_DATE,
	ACCOUNT_RECEIVED,
	ACCOUNT_SIGNED_AT,
	ACCOUNT_SIGNED_LEN,
	ACCOUNT_CIPHER_AT,
	ACCOUNT_CIPHER_LEN,
	ACCOUNT_TEXT_CUT,
	ACCOUNT_NUMBERS, /* … end here */
	ACCOUNT_FROM = ACCOUNT_NUMBERS,
	ACCOUNT_MESSAGE_ID,
	ACCOUNT_IN_REPLY_TO,
	ACCOUNT_REFERENCES,
	ACCOUNT_SUBJECT,
	ACCOUNT_RETURN_PATH,
	ACCOUNT_TEXT,
	ACCOUNT_ENVELOPE_ID,
	ACCOUNT_ACTION,
	ACCOUNT_STATUS,
	ACCOUNT_AUTOCRYPT_ADDRESS,
	ACCOUNT_TEXTS, /* … end here; the rest is bytes */
	ACCOUNT_SIGNATURE = ACCOUNT_TEXTS,
	ACCOUNT_AUTOCRYPT_KEY,
	ACCOUNT_KEY,
	ACCOUNT_FIELDS
};

void account_number(struct buf *out, enum account_field f, uint64_t n);
void account_bytes(struct buf *out, enum account_field f, struct span s);

/* Reads M->account, of a mail of SIZE bytes, into the rest of M. EX_DATAERR: it does not hold together. */
int account_read(struct mail *m, uint64_t size, struct err *e);
