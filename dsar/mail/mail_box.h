/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * mail_box.h - the mails of cases, sealed, and the keys that came with them
 *
 * A mail is kept as it came, encrypted to our own key, until its case shrinks. A key is a candidate until
 * identity_pin() takes it: whoever writes a mail can put any key into it.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"
#include "dsar/case/case.h"
#include "dsar/openpgp/openpgp.h"

struct registry;

#define MAIL_DIGEST_LEN 32

/* Keeps SEALED, of the mail of DIGEST, without a case yet; durable on return. One of that DIGEST that is there stays.
 * *ret_number, if it has a case by now, else "". */
int mail_box_put(struct registry *r, const uint8_t digest[MAIL_DIGEST_LEN], struct span sealed,
	int64_t now_us, char ret_number[CASE_NUMBER_MAX], struct err *e);

/* The case of the mail of DIGEST, or "". */
int mail_box_number(struct registry *r, const uint8_t digest[MAIL_DIGEST_LEN],
	char ret_number[CASE_NUMBER_MAX], struct err *e);

/* It is of case NUMBER. Within a transaction. */
int mail_box_file(struct registry *r, const uint8_t digest[MAIL_DIGEST_LEN], const char *number,
	struct err *e);

/* Key K came with a mail of case NUMBER, from SOURCE ("attached", "autocrypt", "file", "wkd"). Within a transaction. */
int mail_box_key(struct registry *r, const char *number, const struct openpgp_key *k,
	const char *source, int64_t now_us, struct err *e);

typedef int mail_box_key_seen(
	void *ctx, const char *fpr, const char *source, int64_t seen_us, struct err *e);
int mail_box_keys(
	struct registry *r, const char *number, mail_box_key_seen *seen, void *ctx, struct err *e);
