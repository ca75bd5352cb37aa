/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hold_copy.h - what a hold covers, copied out of reach of whoever else deletes
 *
 * logrotate and journald's vacuum know of no holds. `retention hold add` copies what is there, each run
 * what has come since. What has a copy already is not copied again.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct conf_store;
struct hold;
struct session;
struct store;

/* May ST have records that D covers? Those of a store that claims journal entries lie in the journal. */
bool hold_may_lie_in(const struct session *s, const struct hold *d, const struct conf_store *st);

/* All that hold ID covers, in the stores that D names and in the journal. */
int hold_copy(struct session *s, uint64_t id, const struct hold *d, uint64_t *ret_n, struct err *e);

/* What holds in force cover in ST. Nothing is read where there are none. */
int hold_copy_new(struct session *s, struct store *st, struct err *e);
