/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * rectify-private.h - what the files of the command rectify share
 *
 *   rectify.c       the command: takes wishes, shows a plan, carries out one that is approved
 *   rectify_plan.c  each find looked for where it lies, and whether it may be set there
 *   rectify_act.c   find by find: ledger entry, act, result
 */
#pragma once
#include "dsar/act/rectification.h"
#include "dsar/session.h"

/* The ground of what the plan has not found. */
#define RECTIFY_MISSING N_("not there any more, or not as it was looked at")

struct case_file;

/* Says of each of X's items whether it is set or stated, and what its record becomes. EX_UNAVAILABLE: a store cannot
 * be looked at: then there is no plan. */
int rectify_plan(struct session *s, struct rectification *x, struct err *e);

/* Sets what is to be set, attaches the rest. What fails is said, and stays RECTIFY_SET; *ret_failed is how many. */
int rectify_act(struct session *s, struct rectification *x, uint64_t *ret_failed, struct err *e);
