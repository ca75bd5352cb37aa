/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * probe.h - a mail to ourselves, by which the whole way of mail is tried: encrypted, handed over, received, read
 *
 * It names a token that the register knows. Whatever takes our mail (dsar intake) notes that it has come, and
 * opens no case for it; from anybody else the same text is a mail like any other.
 */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "dsar/mail/mail_trust.h"

struct registry;
struct session;

#define PROBE_TOKEN_MAX 33

/* Sends one to our own address, encrypted to our own key. Fails as base/sendmail.h does. */
int probe_send(struct session *s, char ret_token[PROBE_TOKEN_MAX], struct err *e);

/* Has it been read? 1: not yet. */
int probe_seen(struct registry *r, const char *token, struct err *e);
int probe_forget(struct registry *r, const char *token, struct err *e);

/* Is READ one that is awaited, of our own key FPR? Then it is noted. 1: it is none. */
int probe_take(struct registry *r, const struct mail_read *read, const char *fpr, int64_t now_us,
	struct err *e);
