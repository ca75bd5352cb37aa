/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * erase.h - erasing for an order, whose signatures stand for approvals
 */
#pragma once
#include "base/err.h"
#include "dsar/act/erasure.h"

struct session;

/* Plans the erasure of case NUMBER, or reads the one that has begun. The caller owns *ret. */
int erase_plan_case(struct session *s, const char *number, struct erasure *ret, struct err *e);

/* Carries out the plan of HASH, or goes on with it. 1, EX_UNAVAILABLE: something is left of it. The caller owns
 * *ret, unless it is -1. */
int erase_case(struct session *s, const char *number, const char *hash, struct erasure *ret,
	struct err *e);

/* Erases what was kept, of all cases, once its ground has ended; also where something else is left to be erased. */
int erase_due(struct session *s, struct err *e);

/* Nothing is kept any more of what case NUMBER has erased: ends what has restricted it. */
int erase_kept_end(struct session *s, const char *number, struct err *e);
