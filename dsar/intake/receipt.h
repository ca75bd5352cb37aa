/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * receipt.h - the letter that says at once that a request has arrived: no personal data, in clear
 */
#pragma once
#include "base/err.h"
#include "base/span.h"
#include "dsar/case/case.h"

struct session;

/* Sends it to TO, in answer to the mail IN_REPLY_TO, and moves C and the others of its letter to "receipted". On record
 * before and after; where it cannot be sent the cases stay as they are. Fails as base/sendmail.h does. */
int receipt_send(struct session *s, const struct case_file *c, struct span to,
	struct span in_reply_to, struct err *e);
