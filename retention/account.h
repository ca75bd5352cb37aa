/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * account.h - what a run did, store by store, as the ledger keeps it
 *
 * The entry "end" of a run has an object "stores" with one object a store that is there and not
 * empty: due and dropped (records), due_bytes and bytes, unread (files that went as a whole, whose
 * records nobody counted), failed (steps), kept (an object: "hold 3" or "duty NAME" to records past
 * their period), oldest (time, read back). What is 0 is left out. retention report reads it.
 */
#pragma once
#include <jansson.h>
#include <stdint.h>

#include "base/err.h"

struct due;
struct plan;
struct session;
struct store;

/* Adds N to KEY of STORE in STORES. */
void account_add(json_t *stores, const char *store, const char *key, uint64_t n);

/* What PLAN is going to do. */
void account_plan(json_t *stores, const char *store, const struct plan *plan);

/* Counts what is past its period and stays, by hold and duty: one pass over what they cover, and none
 * where nothing covers STORE. */
int account_kept(json_t *stores, struct session *s, struct store *store, const struct due *due,
	struct err *e);

void account_oldest(json_t *stores, const char *store, int64_t oldest_us);
