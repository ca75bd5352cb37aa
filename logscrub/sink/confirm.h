/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * confirm.h - the filter's -o FILE, with or without rsyslog's confirmation
 *
 * With --confirm (rsyslog omprog, confirmMessages="on") a message is answered "OK" once it is on
 * disk. What is sent again after a crash, because the answer was lost, is known by a keyed hash
 * (BLAKE2b under the key of its arrival's day) of the last message, which the file carries as its
 * position: it is answered and not written twice.
 */
#pragma once
#include "base/cleanup.h"
#include "base/conf/conf.h"
#include "base/err.h"
#include "logscrub/rule/rule.h"

struct keyring;
struct confirm;

#define CONFIRM_REPEATED (DROP_REASONS + 1) /* confirm_take(): written before, not again */

/* Opens FILE for appending; SIGUSR1 reopens it from now on. Borrows S, K. */
int confirm_open(const struct conf *c, const struct conf_store *s, const char *file,
	struct keyring *k, bool each, struct confirm **ret, struct err *e);

/* Scrubs LINE and hands it to the file. Returns as rule_apply() does, or CONFIRM_REPEATED. */
int confirm_take(
	struct confirm *f, struct rule *r, struct span line, int64_t arrival_us, struct err *e);

/* Writes what is pending; waits, and says so once, while the file cannot take it. */
int confirm_flush(struct confirm *f, struct err *e);

/* confirm_flush(), then "OK" on standard output. */
int confirm_answer(struct confirm *f, struct err *e);

struct confirm *confirm_free(struct confirm *f);
DEFINE_CLEANUP(struct confirm, confirm_free)
