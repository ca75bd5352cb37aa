/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * agent-private.h - what the files of the agent share
 */
#pragma once
#include "dsar/order/agent.h"
#include "dsar/order/agent_ledger.h"
#include "evidence/sign.h"

struct seal;

/* An order on its way: what lies in the queue, opened. */
struct errand {
	struct agent *a;
	const char *id;        /* by its file's name */
	char file[SHA256_HEX]; /* of that file's bytes; "" where they were not read */
	struct span plain;     /* mapped; SPAN_NONE: nothing */
	struct order_paper paper;
	struct order *order;
	char sha256[SHA256_HEX]; /* of its text */
	char signer[FINGERPRINT_LEN + 1];
	unsigned n_signers;
	bool again, begun; /* it was taken by a run that was ended, after its act had begun */
	struct seal *seal; /* to whom it is answered */
};

/* --- agent_read.c ----------------------------------------------------------------------------- */

/* Reads the order's file, and looks at its signatures before all else that it says. What is wrong with it goes to *FAULT;
 * what is wrong here is -1. 1: it is gone. */
int errand_read(struct errand *t, enum order_fault *fault, struct err *e);

/* The same for one that has ended each agent: only what its file was is looked at. */
int errand_refuse(struct errand *t, enum order_fault *fault, struct err *e);

/* Readies t->seal, so that nothing is done that could not be answered. */
int errand_seal(struct errand *t, enum order_fault *fault, struct err *e);

/* Wipes. */
void errand_release(struct errand *t);

/* --- agent_act.c ------------------------------------------------------------------------------ */

/* Puts what O says into the agent's register. Within a transaction. */
int agent_adopt(struct agent *a, const struct order *o, struct err *e);

/* Has the act of O, which was taken, begun? Then it goes on by what was written down. -1, or whether. */
int agent_has_begun(struct agent *a, const struct order *o, struct err *e);

/* Carries out the plan of HASH of case NUMBER, or goes on with it. EX_UNAVAILABLE: a store could not be erased from or searched
 * again, so it is not done; the next run goes on. What else is left of it is no failure: agent_answer() says so. */
int agent_erase(struct agent *a, const char *number, const char *hash, struct err *e);

/* The same for a rectification. */
int agent_rectify(struct agent *a, const char *number, const char *hash, struct err *e);

/* Does what O, which was adopted, asks for. >0: it cannot, the order_fault. */
int agent_act(struct agent *a, const struct order *o, struct err *e);

/* Gives what came of it to OUT. */
int agent_answer(struct agent *a, const struct order *o, struct result *out, struct err *e);

/* --- agent_settle.c --------------------------------------------------------------------------- */

#define ATTEMPTS_MAX 5 /* at one order, by agents that came to no end with it */

/* Finishes, or takes back, what was taken of orders whose files are gone: withdrawn, replaced, denied, lost. */
int agent_dropped(struct agent *a, struct err *e);

/* Has the plan of case NUMBER, an erasure's or (KIND) a rectification's, begun? -1, or whether; RET_HASH is its. */
int agent_plan_begun(struct agent *a, enum order_kind kind, const char *number,
	char ret_hash[SHA256_HEX], struct err *e);

/* Has what O asks for begun, and stays half done unless it is gone on with? -1, or whether; RET_HASH is its plan's. */
int agent_is_halfway(
	struct agent *a, const struct agent_order *o, char ret_hash[SHA256_HEX], struct err *e);

/* Erases what earlier orders had to keep, once its ground has ended. Returns as erase_due(). */
int agent_due(struct agent *a, struct err *e);

/* In the node's ledger: WHAT became of the order ID. D (given away) says more of it; NULL: nothing is known. */
int agent_note(struct agent *a, const char *id, const char *what, enum order_fault fault, json_t *d,
	struct err *e);

/* --- agent_stuck.c ---------------------------------------------------------------------------- */

/* Is O one that waits for a person? -1, or whether. */
int agent_is_stuck(struct agent *a, const struct agent_order *o, struct err *e);

/* Says each that is stuck; into the node's ledger it comes once. EX_UNAVAILABLE: there is one. */
int agent_say_stuck(struct agent *a, struct err *e);

/* The order ID, which is stuck, is tried again from the next run on. EX_USAGE: it is not. */
int agent_retry(struct agent *a, const char *id, struct err *e);

/* Shows what is taken and not answered. 1: one is stuck. */
int agent_status(struct agent *a, struct err *e);

/* --- agent_answered.c ------------------------------------------------------------------------- */

/* Takes the answers away that were taken, as O says. */
int agent_answers_taken(struct agent *a, const struct order *o, struct err *e);

/* Takes away those that nobody has come for. */
int agent_answers_old(struct agent *a, struct err *e);
