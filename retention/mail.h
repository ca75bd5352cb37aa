/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * mail.h - a plain mail to the operator or a witness, by base/sendmail.h
 */
#pragma once
#include "base/err.h"

struct mail {
	const char *sendmail, *to;
	const char *from;           /* NULL: whatever the mail server puts there */
	const char *subject, *body; /* UTF-8 */
};

/* Fails as base/sendmail.h does. */
int mail_send(const struct mail *m, struct err *e);
