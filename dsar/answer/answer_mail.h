/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * answer_mail.h - an answer that leaves by mail: encrypted to the key that is pinned for the person, and to no other
 */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "dsar/case/case.h"
#include "dsar/case/made.h"

struct session;

enum {
	ANSWER_AGAIN =
		1, /* what was begun before, and of which nobody knows whether it has left, has not;
		    * what has left for another key or address leaves for those of now */
	ANSWER_DRY =
		2 /* says how many mails it takes and how large they are at most, and sends none */
};

/* Sends FD, a file of HASH that was made here for case NUMBER, to the address of the case; what is too large for one mail
 * in parts (split.h), each a mail of its own with an envelope id of its own. On record before and after each; what
 * has left does not leave again, but (ANSWER_AGAIN) where it went to another key or address than the case has now.
 * *ret_left: a mail has left now. EX_NOPERM: identity, search or review are not done, no key is confirmed, or a mail
 * was begun before and it is not known whether it has left; EX_DATAERR: too large, also in parts; EX_TEMPFAIL and
 * EX_UNAVAILABLE: not sent, or not all of it. */
int answer_mail(struct session *s, const char *number, int fd, const char hash[SHA256_HEX],
	unsigned flags, bool *ret_left, struct err *e);
