/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * reapply-private.h - what the files of the command reapply share
 *
 *   reapply.c      the command: what was erased goes again
 *   reapply_set.c  what was set right is set again, before: a tombstone knows the record as it became
 */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "dsar/act/correction.h"

struct session;
struct store;

/* Sets again what STORE has old values of, or (DRY) counts it, and says how many records. An entry in both ledgers
 * before each act, and its result behind. */
int reapply_set(
	struct session *s, struct corrections *c, struct store *store, bool dry, struct err *e);
