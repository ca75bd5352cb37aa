/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * agent.h - a node carries out orders (order.h), and answers (result.h)
 *
 * It has a register of its own, state_dir/agent, root's alone, with the agent's OpenPGP key: the central one is
 * elsewhere, and the engines of search and erasure want a case to work at. What an order says of the case is put
 * there, worked at, answered, and wiped; what stays is which orders were seen (agent_ledger.h), tombstones, and
 * what an erasure has to come back to.
 *
 *   agent.c       the command: what lies in the queue, one order after the other
 *   agent_open.c  its register, key, queue
 *   agent_act.c   what an order asks for, with this machine's engines
 */
#pragma once
#include "base/conf.h"
#include "base/err.h"
#include "dsar/order/order.h"

struct openpgp;
struct result;
struct session;

struct agent {
	struct session *s; /* its registry is the agent's, from agent_open() on */
	struct conf conf;  /* the session's, with the agent's register */
	char *dir;
	char node[ORDER_NODE_MAX];
	struct openpgp *ring;
	int lock, orders, results; /* descriptors */
};

/* Makes register, key and queue, or what of it is missing. EX_CANTCREAT: there is all of it. */
int agent_make(struct agent *a, struct session *s, struct err *e);
int agent_open(struct agent *a, struct session *s, struct err *e);
void agent_release(struct agent *a);

/* Does what O asks for, AGAIN after a run that was ended. >0: it cannot, the order_fault. Then what it gives goes to
 * OUT. */
int agent_act(struct agent *a, const struct order *o, bool again, struct err *e);
int agent_answer(struct agent *a, const struct order *o, struct result *out, struct err *e);

/* Erases what earlier orders had to keep, once its ground has ended. Returns as erase_due(). */
int agent_due(struct agent *a, struct err *e);

/* Wipes O's case, as far as nothing of it is wanted any more. Within a transaction. */
int agent_wipe(struct agent *a, const struct order *o, struct err *e);
