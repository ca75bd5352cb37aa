/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * agent_ledger.h - which orders a node has seen: none is carried out twice
 *
 * In the agent's own register (agent.h), durable before anything is done. taken -> written (what came of it lies in
 * the queue) -> done (the order is away from there). An order whose file is there again once it is done is a
 * replay, whatever became of the file's times. Ids, hashes and times alone: nothing personal.
 */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "dsar/order/order.h"

struct registry;

enum agent_state { AGENT_TAKEN, AGENT_WRITTEN, AGENT_DONE };

/* What is known of order ID, whose text hashes to *ret_sha256. 1: nothing. */
int agent_known(struct registry *r, const char *id, enum agent_state *ret_state,
	char ret_sha256[SHA256_HEX], struct err *e);

/* Within a transaction. */
int agent_take(
	struct registry *r, const char *id, const char *sha256, int64_t now_us, struct err *e);
int agent_move(struct registry *r, const char *id, enum agent_state state, struct err *e);

/* All that is written is done: what a run that was killed has taken out of the queue, and no more. */
int agent_settle(struct registry *r, struct err *e);
