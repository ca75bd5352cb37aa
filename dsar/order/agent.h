/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * agent.h - a node carries out orders (order.h), and answers (result.h)
 *
 * It has a register of its own, state_dir/agent, root's alone, with the agent's OpenPGP key: the central one is
 * elsewhere, and the engines of search and erasure want a case to work at. What an order says of the case is put
 * there, worked at, answered, and wiped; what stays is which orders were seen (agent_ledger.h), tombstones, and
 * what an erasure has to come back to.
 *
 *   agent.c         the command: what lies in the queue, one order after the other
 *   agent_open.c    its register, key, queue
 *   agent_read.c    an order's file, and who has signed it
 *   agent_act.c     what an order asks for, with this machine's engines
 *   agent_settle.c  orders whose files are gone, and what is due
 *   agent_answered.c answers that were taken, or are old
 *   agent_stuck.c   those that wait for a person
 *   agent_kept.c    what stays of a case between its orders
 */
#pragma once
#include "base/conf/conf.h"
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

/* How many orders wait for a person on this machine, as far as its agent's register may be read (agent_stuck.c)? */
int agent_stuck_count(const struct conf *c, size_t *ret, struct err *e);
