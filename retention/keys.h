/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * keys.h - a day's pseudonym key goes with the last log that used it
 *
 * Crypto-erasure: without the key nobody can tell any more whose tokens they were, wherever a copy of them
 * may be. A key lives while a record of its day, or of one before, is left in a store that logscrub writes: one
 * within its period, one that a hold or a duty keeps, and one that a failed step could not erase.
 */
#pragma once
#include <stdint.h>

#include "base/err.h"

struct session;

/* *RET_DAY: the day before which keys are past every period. *RET_N: how many of them there are. */
int keys_past(const struct session *s, int32_t *ret_day, unsigned *ret_n, struct err *e);

/* How many keys there are of days before DAY. */
int keys_count(const struct session *s, int32_t day, unsigned *ret_n, struct err *e);

/* Destroys the N keys of days before DAY, with an entry "keys" on the ledger before and after. */
int keys_erase(struct session *s, int32_t day, unsigned n, struct err *e);
