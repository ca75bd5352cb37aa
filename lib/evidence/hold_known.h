/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hold_known.h - is the hold file the one that the ledger tells of, and does each hold know its stores?
 *
 * A hold file that is gone, empty or an old copy is a good file without holds, and a store that has another
 * name now is one that no hold speaks of: whoever erases would take what is held, and think that all is well.
 * So it is asked before a hold is added, which in a new file would get a number that is known already, and
 * before anything is planned or erased.
 */
#pragma once
#include <stdint.h>

#include "base/err.h"

struct conf;
struct holds;
struct ledger;

/* Has the hold file given no number less than the ledger knows of? L may be NULL: then nothing is known.
 * EX_DATAERR: then nothing may be erased. */
int hold_known_file(struct holds *h, struct ledger *l, struct err *e);

/* Does C declare each store that a hold in force names? Those of incident OWN (NULL: none) do not count.
 * EX_CONFIG: which records it covers cannot be told. */
int hold_known_stores(const struct holds *h, const struct conf *c, const char *own, int64_t now_us,
	struct err *e);
