/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * agent_kept.h - what stays on a node of a case, between its orders
 *
 * That is what an erasure had to keep (erasure.h, ERASURE_KEEP), to come back to it when its ground has ended, with what the
 * person is known by, for the tombstones. While an order of the same case is at work it is set aside, in the same
 * tables under "+NUMBER", so that the order's case is what the order says and nothing else. Then it is put back, and what
 * the order has kept stands beside it; of a record that both name the newer erasure's word counts.
 */
#pragma once
#include "base/err.h"

struct registry;
struct session;

/* Sets aside what was kept of case NUMBER, and takes all else of it away. Within a transaction. */
int agent_kept_aside(struct registry *r, const char *number, struct err *e);

/* The order's case is over: takes it away, but for what has to be kept. A hold that has nothing to hold any more ends. Within a
 * transaction. */
int agent_kept_back(struct session *s, const char *number, struct err *e);

/* Takes away what neither is kept nor belongs to an order that is at work. Within a transaction. */
int agent_kept_tidy(struct registry *r, struct err *e);
