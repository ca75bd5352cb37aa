/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * mail.h - a mail through the machine's own mail server: "sendmail -i -t"
 *
 * Queue, TLS and delivery are its trade. Addresses stand in the message and never in the arguments. A
 * sendmail that does not end within 30 s is killed, and the mail counts as not sent.
 */
#pragma once
#include "base/err.h"

struct mail {
	const char *sendmail, *to;
	const char *from;           /* NULL: whatever the mail server puts there */
	const char *subject, *body; /* UTF-8 */
};

/* Fails with EX_UNAVAILABLE (no such program, or it refused), EX_TEMPFAIL (no answer). */
int mail_send(const struct mail *m, struct err *e);
