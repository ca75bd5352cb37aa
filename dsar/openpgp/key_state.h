/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * key_state.h - which keys mail depends on, and whether they can be used: our own, and those of people whose cases are open
 */
#pragma once
#include "base/err.h"
#include "dsar/case/case.h"
#include "dsar/openpgp/openpgp.h"

struct session;

/* NUMBER: the case, or NULL for our own key; K is borrowed. 1 ends early. */
typedef int key_state_seen(
	void *ctx, const char *number, const struct openpgp_key *k, struct err *e);

/* Our own key; nothing is called where there is none. */
int key_state_own(struct session *s, key_state_seen *seen, void *ctx, struct err *e);

/* The key that is pinned for C. One that is known by its fingerprint alone is not told: it only verifies statements. */
int key_state_of(struct session *s, const struct case_file *c, key_state_seen *seen, void *ctx,
	struct err *e);
