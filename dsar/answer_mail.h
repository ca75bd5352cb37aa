/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * answer_mail.h - an answer that leaves by mail: encrypted to the key that is pinned for the person, and to no other
 */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "dsar/case.h"
#include "dsar/made.h"

struct session;

/* Sends FD, a file of HASH that was made here for case NUMBER, to the address of the case. On record before and after. EX_NOPERM:
 * identity, search or review are not done, no key is confirmed, or it was begun before and nobody knows whether it
 * has left (AGAIN: it has not); EX_TEMPFAIL and EX_UNAVAILABLE: not sent. */
int answer_mail(struct session *s, const char *number, int fd, const char hash[MADE_HASH_MAX],
	bool again, struct err *e);
