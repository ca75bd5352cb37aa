/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sendmail.h - a mail handed to the machine's own mail server: "sendmail -i -t"
 *
 * Queue, TLS and delivery are its trade. Addresses stand in the message and never in the arguments. A
 * sendmail that neither reads nor ends within 30 s is killed, and the mail counts as not sent; so it
 * does where sendmail_end() was not reached.
 *
 *   sendmail_begin(&s, …), sendmail_put(&s, …) as often as it takes, sendmail_end(&s, …)
 */
#pragma once
#include <sys/types.h>

#include "base/err.h"
#include "base/span.h"

struct sendmail {
	const char *program; /* borrowed */
	pid_t pid;           /* 0: none runs */
	int fd;              /* its standard input */
};

/* Starts PROGRAM. ENVELOPE, unless it is NULL, comes back in each delivery report (RFC 3461), which are
 * then asked for: of delivery, delay and failure, with the headers alone; they go to SENDER, a mailbox of
 * the service, and not to whoever runs this. Both are arguments, and so neither personal nor secret;
 * ENVELOPE is of letters, digits, "-" and ".". Fails with EX_UNAVAILABLE and an errno (there is no such program). */
int sendmail_begin(struct sendmail *s, const char *program, const char *sender,
	const char *envelope, struct err *e);

/* EX_TEMPFAIL: it does not read. What it refuses is said by sendmail_end(). */
int sendmail_put(struct sendmail *s, struct span text, struct err *e);
int sendmail_put_file(
	struct sendmail *s, int fd, struct err *e); /* all of FD, whatever its offset */

/* The mail is whole. EX_UNAVAILABLE, without an errno: refused by an exit status; EX_TEMPFAIL: no answer, ended by a
 * signal, or it said so itself. */
int sendmail_end(struct sendmail *s, struct err *e);

/* Ends what still runs: nothing was sent. */
void sendmail_abort(struct sendmail *s);
