/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * receipt.h - the letters that say at once that a request has arrived: no personal data, in clear
 *
 * That they go out is on record before the first does, and that they went when all have gone. Between the two each
 * that has left is noted in the file receipts.sent of the register's folder, by its case's number alone: who finds that
 * file knows what a process that was killed had sent. It is not synced; after a power cut some may be sent twice.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/span.h"
#include "dsar/case/case.h"

struct session;

struct receipt { /* all borrowed */
	const struct case_file *c;
	struct span to, in_reply_to; /* an address; the Message-ID of the mail that is answered */
	bool sent;          /* set here; not where no mail can be written to that address, or … */
	struct err refused; /* … the mail server takes none to it; exit 0: it did not refuse */
	struct err
		unmade; /* … or the letter cannot be made, which is ours to mend; exit 0: it can */
};

/* Sends the N receipts of V, and moves their cases and the others of their letters to "receipted". *ret_n: the first so
 * many are done with, also on failure; the cases of the others stay as they are. Fails as base/sendmail.h does, but not
 * for a refusal or a letter that cannot be made, which are of one mail alone. */
int receipts_send(struct session *s, struct receipt *v, size_t n, size_t *ret_n, struct err *e);

/* Moves the cases whose receipt was sent by somebody who was ended before she could say so. */
int receipts_settle(struct session *s, struct err *e);
