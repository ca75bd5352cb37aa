/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * seal.h - the proof that takes the place of a journal file's seal
 */
#pragma once
#include "base/err.h"

struct session;
struct store_result;

/* Puts on record, where there is a ledger, that a step of STORE under the plan PLAN (hex) broke the seal of a file:
 * SHA-256 before and after, entries dropped and left. */
int seal_note(struct session *s, const char *store, const char *plan, const struct store_result *r,
	struct err *e);
