/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * clock.h - may this clock decide what is old?
 *
 * A clock that jumps ahead makes everything look past its period. Before anything is erased it must
 * be synchronised (clock = "ntp"), not behind the ledger's newest entry, and not have gone further
 * since the last run than the kernel's own count of time since boot; after a boot, not further than
 * the longest period. A refusal is exit 77; a person lifts it for one run with --accept-clock.
 */
#pragma once
#include <jansson.h>
#include <stdint.h>

#include "base/err.h"

struct session;

/* Fails with EX_NOPERM and a reason of fixed text. */
int clock_check(struct session *s, struct err *e);

/* Adds what the next check compares with to an entry's DATA: boot id, time since boot. */
void clock_note(json_t *data);
