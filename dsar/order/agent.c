/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/order/agent.h"

#include <getopt.h>
#include <libintl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/now.h"
#include "base/options.h"
#include "dsar/order/agent-private.h"
#include "dsar/order/agent_kept.h"
#include "dsar/act/restriction.h"
#include "dsar/command.h"
#include "dsar/openpgp/openpgp.h"
#include "dsar/order/queue.h"
#include "dsar/register/registry.h"
#include "dsar/order/result.h"
#include "dsar/session.h"
#include "evidence/ledger.h"

#define _(text) gettext(text)

static void
show(struct agent *a, const char *id, const char *what, enum order_fault fault)
{
	struct print *o = &a->s->out;

	print_begin(o);
	print_str(o, "order", span_str(id));
	print_str(o, "what", span_str(what));
	print_str(o, "fault", span_str(order_fault_name(fault)));
	print_end(o);
	if (!o->json && fault != ORDER_FINE)
		printf(_("order %s: denied: %s\n"), id, _(order_fault_text(fault)));
	else if (!o->json)
		printf(_("order %s: carried out\n"), id);
}

/* In the node's ledger: by whose order this machine has done something, or has not. */
static int
note(struct errand *t, const char *what, enum order_fault fault, struct err *e)
{
	const struct order *o = t->order;
	json_t *d = NULL;

	if (o && fault == ORDER_FINE)
		d = json_pack("{s:s, s:s, s:s, s:s}", "case", o->number, "kind",
			order_kind_name(o->kind), "sha256", t->sha256, "by", t->signer);
	return agent_note(t->a, t->id, what, fault, d, e);
}

static int
deny_in_queue(struct errand *t, enum order_fault fault, struct err *e)
{
	const struct result_head head = { .id = t->id, .node = t->a->node, .sha256 = t->file };

	return result_deny(t->a->results, &head, fault, t->a->ring, e);
}

/* Before it was taken. */
static int
deny(struct errand *t, enum order_fault fault, struct err *e)
{
	char name[QUEUE_NAME_MAX];

	queue_name(t->id, QUEUE_ORDER, name);
	if (note(t, "denied", fault, e) < 0 || deny_in_queue(t, fault, e) < 0 ||
		queue_remove(t->a->orders, name, e) < 0)
		return -1;
	show(t->a, t->id, "denied", fault);
	return 0;
}

/* --- checked ---------------------------------------------------------------------------------- */

/* What was taken was not too early then, whatever has become of the clock. */
static enum order_fault
fault_of_time(const struct errand *t, int64_t now)
{
	return now < t->order->not_before_us && !t->again ? ORDER_EARLY
	       : now >= t->order->not_after_us            ? ORDER_LATE
							  : ORDER_FINE;
}

static enum order_fault
check(const struct errand *t)
{
	if (t->n_signers < order_signers_needed(t->order->kind, t->a->s->conf))
		return ORDER_SECOND;
	if (strcmp(t->order->node, t->a->node) != 0)
		return ORDER_NODE;
	return t->begun ? ORDER_FINE /* what has begun in time goes on */
			: fault_of_time(t, now_us());
}

/* --- carried out ------------------------------------------------------------------------------ */

/* The order's last steps: it goes away from the queue, and is known as done. */
static int
put_away(struct errand *t, struct err *e)
{
	struct registry *r = t->a->s->registry;
	char name[QUEUE_NAME_MAX];

	queue_name(t->id, QUEUE_ORDER, name);
	if (queue_remove(t->a->orders, name, e) < 0 || registry_begin(r, e) < 0)
		return -1;
	return registry_end(r, agent_move(r, t->id, AGENT_DONE, e), e);
}

static int
answer(struct errand *t, struct err *e)
{
	const struct result_head head = {
		.id = t->id, .number = t->order->number, .node = t->a->node, .sha256 = t->sha256
	};
	CLEANUP(result_freep) struct result *out = NULL;

	if (result_begin(t->a->results, &head, t->a->ring, t->seal, &out, e) < 0 ||
		agent_answer(t->a, t->order, out, e) < 0)
		return -1;
	return result_end(out, e);
}

static int
written(struct errand *t, struct err *e)
{
	struct registry *r = t->a->s->registry;

	if (registry_begin(r, e) < 0)
		return -1;
	return registry_end(r,
		agent_kept_back(t->a->s, t->order->number, e) < 0
			? -1
			: agent_move(r, t->id, AGENT_WRITTEN, e),
		e);
}

/* Taken and adopted in one: what follows at once is the act. */
static int
take(struct errand *t, struct err *e)
{
	struct registry *r = t->a->s->registry;
	int rc = 0;

	if (t->begun)
		return 0;
	if (!t->again && note(t, "taken", ORDER_FINE, e) < 0)
		return -1;
	if (registry_begin(r, e) < 0)
		return -1;
	if (!t->again)
		rc = agent_take(r, t->order, t->sha256, restriction_is(t->a->s, t->order->number),
			now_us(), e);
	return registry_end(r, rc < 0 ? -1 : agent_adopt(t->a, t->order, e), e);
}

/* What may be another the next time: no reason to say that it cannot be done. */
static bool
passes(const struct err *e)
{
	return e->exit == EX_TEMPFAIL || e->exit == EX_IOERR || e->exit == EX_CANTCREAT ||
	       e->exit == EX_OSERR || e->exit == EX_UNAVAILABLE || e->exit == EX_CONFIG;
}

static int
carry_out(struct errand *t, enum order_fault *fault, struct err *e)
{
	int rc;

	if (take(t, e) < 0 || agent_answers_taken(t->a, t->order, e) < 0)
		return -1;
	rc = agent_act(t->a, t->order, e);
	if (rc < 0 && passes(e))
		return -1;
	if (rc < 0)
		(void)err_print(e, "dsar", stderr);
	if (rc != 0)
		*fault = rc < 0 ? ORDER_FAILED : (enum order_fault)rc;
	if ((*fault == ORDER_FINE ? answer(t, e) : deny_in_queue(t, *fault, e)) < 0 ||
		note(t, *fault == ORDER_FINE ? "answered" : "denied", *fault, e) < 0 ||
		written(t, e) < 0 || put_away(t, e) < 0)
		return -1;
	show(t->a, t->id, *fault == ORDER_FINE ? "answered" : "denied", *fault);
	return 0;
}

/* Is it known already? 1: nothing is left to do. */
static int
look_up(struct errand *t, enum order_fault *fault, struct err *e)
{
	struct agent_order known;
	int rc = agent_known(t->a->s->registry, t->id, &known, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (strcmp(known.sha256, t->sha256) != 0 || known.state == AGENT_DONE) {
		*fault = ORDER_REPLAYED;
		return 0;
	}
	if (known.state != AGENT_TAKEN)
		return put_away(t, e) < 0 ? -1 : 1;
	t->again = true;
	rc = agent_has_begun(t->a, t->order, e);
	t->begun = rc > 0;
	return rc < 0 ? -1 : 0;
}

struct run {
	struct agent *a;
	int status;
	size_t n_ended, n_waiting;
};

/* Reads it and looks at all that can be wrong with it. 1: nothing is left to do. */
static int
examine(struct errand *t, enum order_fault *fault, struct err *e)
{
	int rc = errand_read(t, fault, e);

	if (rc == 0 && *fault == ORDER_FINE)
		rc = look_up(t, fault, e);
	if (rc == 0 && *fault == ORDER_FINE)
		*fault = check(t);
	if (rc == 0 && *fault == ORDER_FINE)
		rc = errand_seal(t, fault, e);
	return rc;
}

static int
work(struct errand *t, struct run *run, bool hopeless, struct err *e)
{
	enum order_fault fault = ORDER_FINE;
	int rc = hopeless ? errand_refuse(t, &fault, e) : examine(t, &fault, e);

	if (rc != 0 || fault == ORDER_EARLY) /* its file stays, and a later run takes it */
		return rc < 0 ? -1 : 0;
	if (fault == ORDER_FINE) {
		rc = agent_is_busy(run->a->s->registry, t->order->number, t->id, e);
		run->n_waiting += rc == 0;
		if (rc != 1)
			return rc;
	}
	if ((fault == ORDER_FINE ? carry_out(t, &fault, e) : deny(t, fault, e)) < 0)
		return -1;
	run->n_ended++;
	if (fault != ORDER_FINE && run->status == 0)
		run->status = 1;
	return 0;
}

static int
attempt(struct errand *t, struct run *run, struct err *e)
{
	struct registry *r = run->a->s->registry;
	struct agent_order known;
	int n, rc = agent_known(r, t->id, &known, e);

	if (rc == 0 && (rc = agent_is_stuck(run->a, &known, e)) > 0)
		return 0; /* agent_say_stuck() */
	if (rc < 0 || agent_try(r, t->id, &n, e) < 0)
		return -1;
	if (work(t, run, n > ATTEMPTS_MAX, e) == 0)
		return agent_tried(r, t->id, e);
	(void)agent_tried(r, t->id, NULL); /* what went wrong before is said */
	return -1;
}

/* One that fails does not keep the others. */
static int
see_order(void *ctx, const char *id, struct err *e)
{
	struct run *run = ctx;
	struct errand t = { .a = run->a, .id = id };

	if (attempt(&t, run, e) < 0) {
		(void)err_within(e, "order %s", id);
		run->status = err_print(e, "dsar", stderr);
	}
	errand_release(&t);
	return 0;
}

/* Orders of one case wait for each other: those that had to wait are tried again while others come to an end. */
static int
see_orders(struct run *run, struct err *e)
{
	do {
		run->n_ended = run->n_waiting = 0;
		if (queue_each(run->a->orders, QUEUE_ORDER, see_order, run, e) < 0)
			return -1;
	} while (run->n_waiting > 0 && run->n_ended > 0);
	if (run->n_waiting > 0) {
		(void)err_fail(e, EX_TEMPFAIL, 0,
			N_("another order of the same case is not finished"),
			N_("it is tried again by the next run; see what that order lacks"), NULL);
		run->status = err_print(e, "dsar", stderr);
	}
	return 0;
}

static int
settle(struct agent *a, struct err *e)
{
	struct registry *r = a->s->registry;

	return registry_begin(r, e) < 0 ? -1 : registry_end(r, agent_settle(r, e), e);
}

static int
run_queue(struct agent *a, struct err *e)
{
	struct run run = { .a = a };
	int dropped = agent_dropped(a, e), due, stuck; /* before others of its case */

	if (dropped < 0 || see_orders(&run, e) < 0)
		return -1;
	if (run.status <= 1 && settle(a, e) < 0) /* nothing is left that could not be put away */
		return -1;
	dropped = agent_dropped(a, e); /* what was denied now, after it had been taken */
	due = dropped < 0 ? -1 : agent_due(a, e);
	stuck = due < 0 || agent_answers_old(a, e) < 0 ? -1 : agent_say_stuck(a, e);
	if (stuck < 0 || ledger_sign(a->s->ledger, a->s->sign, e) < 0)
		return -1;
	return stuck            ? stuck
	       : run.status > 1 ? run.status
	       : dropped        ? dropped
	       : run.status     ? run.status
				: due;
}

/* --- the command line ------------------------------------------------------------------------- */

static void
help(void)
{
	fputs(_("Usage: dsar agent\n"
		"       dsar agent init | key | reapply | status | retry ORDER\n"
		"Carries out the orders that lie in this machine's queue, if those whom its configuration\n"
		"names have signed them, and puts what came of it there (root).\n\n"
		"  init   make the agent's register, its key and the queue\n"
		"  key    print the agent's fingerprint and public key, for node { … } of who orders\n"
		"  reapply  erase again what a backup has brought back of what orders had erased\n"
		"  status   show the orders that are taken and not finished\n"
		"  retry    take up again one that five agents did not bring to an end\n\n"
		"Example:  sudo dsar agent\n"),
		stdout);
}

static int
show_key(struct agent *a, struct err *e)
{
	struct print *o = &a->s->out;
	struct buf key;
	int rc;

	buf_init(&key, 1u << 20);
	rc = openpgp_export(a->ring, openpgp_own(a->ring), &key, e);
	if (rc == 0) {
		print_begin(o);
		print_str(o, "node", span_str(a->node));
		print_str(o, "fingerprint", span_str(openpgp_own(a->ring)));
		print_str(o, "key", span_of(key.p, key.len));
		print_end(o);
	}
	if (rc == 0 && !o->json)
		printf("%s\n%.*s", openpgp_own(a->ring), (int)key.len, key.p);
	buf_release(&key);
	return rc;
}

enum verb { RUN, INIT, KEY, REAPPLY, STATUS, RETRY, VERBS };
static const char *const verbs[VERBS] = { "", "init", "key", "reapply", "status", "retry" };

static int
act(struct agent *a, enum verb verb, char **argv, struct err *e)
{
	const char *id = argv[optind] ? argv[optind + 1] : NULL;

	switch (verb) {
	case INIT:
	case KEY:
		return show_key(a, e);
	case REAPPLY:
		optind = 1;
		return reapply_main(a->s, 1, argv, e);
	case STATUS:
		return agent_status(a, e);
	case RETRY:
		return agent_retry(a, id, e) < 0 ? -1 : run_queue(a, e);
	default:
		return run_queue(a, e);
	}
}

int
agent_main(struct session *s, int argc, char **argv, struct err *e)
{
	const int opt = options_take(argc, argv, NULL, 0, help);
	const char *word = opt == 0 && optind < argc ? argv[optind] : "";
	enum verb verb = RUN;
	struct agent a;
	int rc;

	if (opt > 0)
		return 0;
	while (verb < VERBS && strcmp(verbs[verb], word) != 0)
		verb++;
	if (opt < 0 || verb == VERBS || argc - optind != (*word != '\0') + (verb == RETRY))
		return usage_fail(_(
			"agent takes nothing, init, key, reapply, status, or retry and an order"));
	rc = verb == INIT ? agent_make(&a, s, e) : agent_open(&a, s, e);
	if (rc == 0)
		rc = act(&a, verb, argv, e);
	agent_release(&a);
	return rc;
}
