/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * agent_answered.c - answers that are of no use here any more go from this machine's queue
 *
 * Where the queues of two machines are carried by copies, what was written here stays here. It is encrypted to who has
 * ordered, and personal all the same. So it goes when an order of the case says that it was taken, and ANSWER_DAYS after it was
 * written and its order's time is over, taken or not.
 */
#include <string.h>

#include "base/now.h"
#include "dsar/order/agent-private.h"
#include "dsar/order/queue.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"

#define ANSWER_US (INT64_C(30) * 86400 * 1000000)

/* On the node's account before it is done. */
static int
put_away(struct agent *a, const char *id, const char *why, struct err *e)
{
	return agent_note(a, id, "answer removed", ORDER_FINE, json_pack("{s:s}", "why", why), e) <
			       0
		       ? -1
		       : queue_remove_all(a->results, id, e);
}

/* -1, or whether there is an answer of order ID. */
static int
has_answer(struct agent *a, const char *id, struct err *e)
{
	char name[QUEUE_NAME_MAX];
	int rc;

	queue_name(id, QUEUE_FIRST, name);
	rc = queue_has(a->results, name, e);
	if (rc <= 0)
		return rc < 0 ? -1 : 1;
	queue_name(id, QUEUE_DENIED, name);
	rc = queue_has(a->results, name, e);
	return rc < 0 ? -1 : rc == 0;
}

struct taken {
	struct agent *a;
	const struct order *o;
};

/* One case's orders say nothing of another's. */
static int
see_taken(void *ctx, const char *id, struct err *e)
{
	const struct taken *t = ctx;
	struct agent_order known;
	int rc = agent_known(t->a->s->registry, id, &known, e);

	if (rc == 0 && (known.state != AGENT_DONE || strcmp(known.number, t->o->number) != 0))
		return 0;
	if (rc >= 0) /* unknown: it was denied before it was taken */
		rc = has_answer(t->a, id, e);
	return rc <= 0 ? rc : put_away(t->a, id, "taken", e);
}

int
agent_answers_taken(struct agent *a, const struct order *o, struct err *e)
{
	struct taken t = { a, o };

	return order_answered(o, see_taken, &t, e);
}

static int
see_answer(void *ctx, const char *id, int64_t written_us, struct err *e)
{
	struct agent *a = ctx;
	struct agent_order known;
	const int rc = agent_known(a->s->registry, id, &known, e);
	const int64_t now = now_us();

	if (rc < 0)
		return -1;
	if (now - written_us < ANSWER_US ||
		(rc == 0 && (known.state == AGENT_TAKEN || now < known.not_after_us)))
		return 0;
	return put_away(a, id, "old", e);
}

int
agent_answers_old(struct agent *a, struct err *e)
{
	return queue_each_id(a->results, see_answer, a, e);
}
