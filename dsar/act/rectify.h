/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * rectify.h - rectifying for an order, whose signatures stand for approvals
 */
#pragma once
#include "base/err.h"
#include "dsar/act/rectification.h"

struct session;

/* Plans the rectification of case NUMBER, or reads the one that has begun. The caller owns *ret, unless it is -1. */
int rectify_plan_case(
	struct session *s, const char *number, struct rectification *ret, struct err *e);

/* Carries out the plan of HASH, or goes on with it. EX_UNAVAILABLE: something is left of it. The caller owns *ret, unless
 * it is -1. */
int rectify_case(struct session *s, const char *number, const char *hash, struct rectification *ret,
	struct err *e);
