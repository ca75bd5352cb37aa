/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * agent_ledger.h - which orders a node has seen: none is carried out twice
 *
 * In the agent's own register (agent.h), durable before anything is done. taken -> written (what came of it lies in
 * the queue) -> done (the order is away from there). An order whose file is there again once it is done is a
 * replay, whatever became of the file's times. Ids, numbers of cases, kinds, hashes and times alone: nothing personal.
 *
 * Beside it stands how often an order was begun by an agent that did not come to an end with it, from before its first
 * byte is read: one that ends each agent is not tried for ever.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "dsar/order/order.h"

struct registry;

enum agent_state { AGENT_TAKEN, AGENT_WRITTEN, AGENT_DONE };

struct agent_order {
	char id[ORDER_ID_HEX], number[CASE_NUMBER_MAX], sha256[SHA256_HEX];
	enum agent_state state;
	enum order_kind kind;
	bool restricted; /* its case was, when it was taken */
	int64_t not_after_us;
	int attempts; /* that did not come to an end */
	bool noted;   /* agent_noted() */
};

/* What is known of order ID. 1: nothing. */
int agent_known(struct registry *r, const char *id, struct agent_order *ret, struct err *e);

/* Within a transaction. RESTRICTED: is the case already? agent_forget(): as if it had never come. */
int agent_take(struct registry *r, const struct order *o, const char *sha256, bool restricted,
	int64_t now_us, struct err *e);
int agent_move(struct registry *r, const char *id, enum agent_state state, struct err *e);
int agent_forget(struct registry *r, const char *id, struct err *e);

/* All that is written is done: what a run that was killed has taken out of the queue, and no more. */
int agent_settle(struct registry *r, struct err *e);

/* The first order after ID, by their ids, that is taken and not written. 1: there is none. */
int agent_next_taken(struct registry *r, const char *id, struct agent_order *ret, struct err *e);

/* Is an order of case NUMBER but ID taken and not written? 1: no. */
int agent_is_busy(struct registry *r, const char *number, const char *id, struct err *e);

/* Was an order of case NUMBER carried out? 1: no. */
int agent_has_done(struct registry *r, const char *number, struct err *e);

/* Counts one more attempt at ID, *ret_n of them by now; and that they have come to an end. Changes of their own. */
int agent_try(struct registry *r, const char *id, int *ret_n, struct err *e);
int agent_tried(struct registry *r, const char *id, struct err *e);

/* The node's ledger has it that ID is not tried any more. A change of its own. */
int agent_noted(struct registry *r, const char *id, struct err *e);
