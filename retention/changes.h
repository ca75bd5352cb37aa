/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * changes.h - the history of the configuration, on the ledger
 *
 * A run that finds another configuration than the one before it adds an entry "config" before it does
 * anything: "hash" (SHA-256 over the canonical JSON of "state"), "state" (what decides about keeping
 * and erasing: one object for the whole, and one a store, category and duty; what has no key of its own
 * there, such as paths, is in its "rest", a hash), and "changed" (an object: the names that were
 * added, removed, or have other values, with the old and the new).
 */
#pragma once
#include <jansson.h>

#include "base/err.h"

struct conf;
struct session;

/* Adds the entry if it is due. */
int changes_note(struct session *s, struct err *e);

/* {"NAME": {"KEY": [old, new]}} of two states; null where one has no such name or key. Owned. */
json_t *changes_between(const json_t *old, const json_t *now);

/* The state of C. Owned. */
json_t *changes_state(const struct conf *c);
