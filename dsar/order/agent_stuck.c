/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * agent_stuck.c - orders that are half done, and at which each agent has ended: they wait for a person
 *
 * What was begun is nobody's to deny: half of it is done. What ends each agent is not tried for ever, either. So such an order
 * stays, and its case waits with it; each run says so, and `dsar agent retry` takes it up again.
 */
#include <libintl.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/print/print.h"
#include "dsar/order/agent-private.h"
#include "dsar/order/queue.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"

#define _(text) gettext(text)

int
agent_is_stuck(struct agent *a, const struct agent_order *o, struct err *e)
{
	char name[QUEUE_NAME_MAX], hash[SHA256_HEX];
	int rc;

	if (o->state != AGENT_TAKEN || o->attempts < ATTEMPTS_MAX)
		return 0;
	rc = agent_is_halfway(a, o, hash, e);
	if (rc != 0)
		return rc;
	queue_name(o->id, QUEUE_ORDER, name);
	return queue_has(
		a->orders, name, e); /* 1: it is gone, and nothing is left that could be denied */
}

/* In the node's ledger, once. */
static int
note(struct agent *a, const struct agent_order *o, struct err *e)
{
	if (o->noted)
		return 0;
	return agent_note(a, o->id, "stuck", ORDER_ENDS_AGENT,
		       json_pack("{s:s}", "case", o->number), e) < 0
		       ? -1
		       : agent_noted(a->s->registry, o->id, e);
}

int
agent_say_stuck(struct agent *a, struct err *e)
{
	struct agent_order o = { .id = "" };
	int rc, status = 0;

	while ((rc = agent_next_taken(a->s->registry, o.id, &o, e)) == 0) {
		rc = agent_is_stuck(a, &o, e);
		if (rc < 0 || (rc > 0 && note(a, &o, e) < 0))
			return -1;
		if (rc == 0)
			continue;
		(void)err_fail(e, EX_UNAVAILABLE, 0,
			N_("an order is half done, and each agent was ended by it; its case waits"),
			N_("see the agent's journal, mend what ended it, then say `dsar agent retry ORDER`"),
			"order %s: %s", o.id, o.number);
		status = err_print(e, "dsar", stderr);
	}
	return rc < 0 ? -1 : status;
}

int
agent_retry(struct agent *a, const char *id, struct err *e)
{
	struct agent_order o;
	int rc = agent_known(a->s->registry, id, &o, e);

	if (rc == 0)
		rc = agent_is_stuck(a, &o, e) > 0 ? 0 : 1;
	if (rc != 0)
		return rc < 0 ? -1
			      : err_fail(e, EX_USAGE, 0, N_("no order of that id is stuck"),
					N_("see `dsar agent status`"), NULL);
	return agent_note(a, id, "retried", ORDER_FINE, json_pack("{s:s}", "case", o.number), e) < 0
		       ? -1
		       : agent_tried(a->s->registry, id, e);
}

int
agent_stuck_count(const struct conf *c, size_t *ret, struct err *e)
{
	CLEANUP(registry_freep) struct registry *r = NULL;
	cleanup_mem char *dir = NULL;
	struct agent_order o = { .id = "" };
	struct conf of = *c;
	int rc;

	*ret = 0;
	if (asprintf(&dir, "%s/agent", c->state_dir) < 0)
		return err_memory(e);
	of.register_dir = dir;
	if (access(dir, R_OK | X_OK) < 0) /* there is none, or it is not ours to look at */
		return 0;
	if (registry_open(&of, &r, e) < 0)
		return -1;
	while ((rc = agent_next_taken(r, o.id, &o, e)) == 0)
		*ret += o.attempts >= ATTEMPTS_MAX;
	return rc < 0 ? -1 : 0;
}

/* --- shown ------------------------------------------------------------------------------------ */

static void
show(struct agent *a, const struct agent_order *o, bool stuck)
{
	struct print *p = &a->s->out;

	print_begin(p);
	print_str(p, "order", span_str(o->id));
	print_str(p, "case", span_str(o->number));
	print_str(
		p, "kind", span_str(o->kind < ORDER_KINDS ? order_kind_name(o->kind) : "unknown"));
	print_bool(p, "stuck", stuck);
	print_int(p, "attempts", o->attempts);
	print_end(p);
	if (p->json)
		return;
	fprintf(p->f, "%s %s %s: ", o->id, o->number,
		o->kind < ORDER_KINDS ? order_kind_name(o->kind) : "?");
	if (stuck)
		fprintf(p->f,
			_("stuck, after %d attempts; mend what ended them, then say `dsar agent retry %s`\n"),
			o->attempts, o->id);
	else
		fputs(_("not finished; the next run goes on with it\n"), p->f);
}

int
agent_status(struct agent *a, struct err *e)
{
	struct agent_order o = { .id = "" };
	int rc, any = 0;

	while ((rc = agent_next_taken(a->s->registry, o.id, &o, e)) == 0) {
		rc = agent_is_stuck(a, &o, e);
		if (rc < 0)
			return -1;
		show(a, &o, rc > 0);
		any |= rc > 0;
	}
	return rc < 0 ? -1 : any;
}
