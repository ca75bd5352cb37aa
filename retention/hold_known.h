/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hold_known.h - is the hold file the one that the ledger tells of, and does each hold know its stores?
 *
 * A hold file that is gone, empty or an old copy is a good file without holds, and a store that has another
 * name now is one that no hold speaks of: a run would drop what is held, and think that all is well.
 */
#pragma once
#include "base/err.h"

struct session;

/* Has the hold file given no number less than the ledger knows of? EX_DATAERR: then nothing may be erased. */
int hold_known_file(struct session *s, struct err *e);

/* Is each store declared that a hold in force names? EX_CONFIG: which records it covers cannot be told. */
int hold_known_stores(const struct session *s, struct err *e);
