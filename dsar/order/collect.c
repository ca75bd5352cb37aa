/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/order/collect.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/now.h"
#include "base/options.h"
#include "base/file/scratch.h"
#include "dsar/command.h"
#include "dsar/search/find.h"
#include "dsar/order/ordered.h"
#include "dsar/order/queue.h"
#include "dsar/register/registry.h"
#include "dsar/order/result.h"
#include "dsar/session.h"
#include "evidence/sign.h"

#define _(text) gettext(text)

#define KEY_MAX (1u << 20)

/* One order whose answer is looked for; copied, since the register is written to. */
struct wanted {
	char id[ORDER_ID_HEX], number[CASE_NUMBER_MAX], node[ORDER_NODE_MAX], sha256[SHA256_HEX],
		file[SHA256_HEX], attempt[RESULT_ATTEMPT];
	enum order_kind kind;
	enum ordered_state state;
	int64_t not_after_us;
};

struct wants {
	struct wanted *v;
	size_t n, max;
};

struct collect {
	struct session *s;
	struct sign *own; /* opened with the first result */
	int dir;
	int status;
};

static int
see_wanted(void *ctx, const struct ordered *o, struct err *e)
{
	struct wants *w = ctx;
	struct wanted *v;

	if (w->n == w->max) {
		const size_t max = w->max ? 2 * w->max : 16;

		v = reallocarray(w->v, max, sizeof(*v));
		if (!v)
			return err_memory(e);
		w->v = v;
		w->max = max;
	}
	v = &w->v[w->n++];
	*v = (struct wanted){ .kind = o->kind, .state = o->state, .not_after_us = o->not_after_us };
	(void)snprintf(v->id, sizeof(v->id), "%s", o->id);
	(void)snprintf(v->number, sizeof(v->number), "%s", o->number);
	(void)snprintf(v->node, sizeof(v->node), "%s", o->node);
	(void)snprintf(v->sha256, sizeof(v->sha256), "%s", o->sha256);
	(void)snprintf(v->file, sizeof(v->file), "%s", o->file);
	(void)snprintf(v->attempt, sizeof(v->attempt), "%s", o->attempt);
	return 0;
}

static void
show(struct collect *g, const struct wanted *w, const char *what, enum order_fault fault,
	const struct collecting *got)
{
	struct print *o = &g->s->out;

	print_begin(o);
	print_str(o, "case", span_str(w->number));
	print_str(o, "order", span_str(w->id));
	print_str(o, "kind", span_str(order_kind_name(w->kind)));
	print_str(o, "node", span_str(w->node));
	print_str(o, "what", span_str(what));
	if (fault != ORDER_FINE)
		print_str(o, "fault", span_str(order_fault_name(fault)));
	if (got) {
		print_int(o, "found", (int64_t)got->n_found);
		print_int(o, "failed", (int64_t)got->n_failed);
		print_int(o, "waiting", (int64_t)got->n_waiting);
		print_int(o, "left", (int64_t)got->n_left);
		print_str(o, "plan", span_str(got->hash));
	}
	print_end(o);
	if (o->json)
		return;
	fprintf(o->f, "%s %s %s: ", w->number, order_kind_name(w->kind), w->node);
	if (fault != ORDER_FINE)
		fprintf(o->f, _("denied: %s\n"), _(order_fault_text(fault)));
	else if (got)
		fprintf(o->f, _("answered, %llu records\n"), (unsigned long long)got->n_found);
	if (got && got->n_waiting > 0)
		fprintf(o->f,
			_("%llu identifiers wait for your word; see `dsar subject %s list`, then search again\n"),
			(unsigned long long)got->n_waiting, w->number);
	if (got && order_asks_plan(w->kind) && *got->hash)
		fprintf(o->f, _("plan %s; look at it with `dsar order %s --items %s`\n"), got->hash,
			w->number, w->node);
	if (got && got->n_left > 0)
		fprintf(o->f,
			_("%llu records are left there that the plan did not have; a case of its own erases them\n"),
			(unsigned long long)got->n_left);
	if (got && order_asks_plan(w->kind) && !*got->hash)
		fprintf(o->f,
			_("the plan is not of what is to be rectified by now; order another one\n"));
	if (got && w->kind == ORDER_ERASE && got->n_failed > 0)
		fputs(_("not all was searched again there\n"), o->f);
	if (fault == ORDER_FINE && !got)
		fputs(_("no answer in time; nothing of that machine is known\n"), o->f);
}

/* --- whose answers ---------------------------------------------------------------------------- */

static int
key_read(const char *path, struct buf *out, struct err *e)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 && buf_room(out, KEY_MAX) ? read(fd, out->p, KEY_MAX) : -1;

	if (n < 0)
		return err_fail(e, EX_NOINPUT, errno, N_("cannot read a key"), NULL, "%s", path);
	out->len = (size_t)n;
	return 0;
}

/* Opens the check of NODE's signatures, by the key that is declared for it. */
static int
check_open(struct collect *g, const char *node, const char *scratch, struct sign_check **ret,
	struct err *e)
{
	const struct conf_node *n = conf_find_node(g->s->conf, node);
	CLEANUP(sign_check_freep) struct sign_check *c = NULL;
	char fingerprint[FINGERPRINT_LEN + 1];
	struct buf key;
	int rc;

	if (!n)
		return err_fail(e, EX_CONFIG, 0, N_("no such node"),
			N_("declare it: node \"NAME\" { … } in sparsam.conf"), "%s", node);
	buf_init(&key, 2u * KEY_MAX);
	rc = key_read(n->key, &key, e);
	if (rc == 0)
		rc = sign_check_new(scratch, span_of(key.p, key.len), &c, fingerprint, e);
	buf_release(&key);
	if (rc < 0)
		return -1;
	if (rc > 0 || strcasecmp(fingerprint, n->fingerprint) != 0)
		return err_fail(e, EX_CONFIG, 0, N_("the node's key has another fingerprint"),
			N_("compare both with `dsar agent key` on it"), "%s", n->key);
	*ret = TAKE(c);
	return 0;
}

/* --- an answer -------------------------------------------------------------------------------- */

/* Once all machines have answered, the finds can be looked at. */
static int
case_goes_on(struct collecting *g, struct err *e)
{
	struct registry *r = g->s->registry;
	uint64_t waiting;

	if (ordered_waiting(r, g->c.number, &waiting, e) < 0)
		return -1;
	return waiting == 0 && g->n_failed == 0 && g->c.state == CASE_SEARCHING
		       ? case_move(r, &g->c, CASE_REVIEW, now_us(), e)
		       : 0;
}

static int
account(struct collect *g, const struct wanted *w, enum order_fault fault, struct err *e)
{
	struct registry *r = g->s->registry;
	const bool denied = fault != ORDER_FINE;

	if (registry_record(r, w->number, "order",
		    json_pack("{s:s, s:s, s:s, s:s}", "what", denied ? "denied" : "answered",
			    "order", w->id, "node", w->node, "fault", order_fault_name(fault)),
		    now_us(), e) < 0)
		return -1;
	return ordered_move(
		r, w->id, denied ? ORDERED_DENIED : ORDERED_ANSWERED, fault, now_us(), e);
}

/* What reads a line of the result of an order of kind K. */
static result_seen *
line_of(enum order_kind k)
{
	return order_rectifies(k)                    ? collect_rectification
	       : k == ORDER_PLAN || k == ORDER_ERASE ? collect_erasure
						     : collect_search;
}

static int
take_end(struct collect *g, const struct wanted *w, struct collecting *into, struct err *e)
{
	int rc = 0;

	if (order_rectifies(w->kind))
		rc = collect_rectification_end(into, w->kind == ORDER_RECTIFY, e);
	else if (w->kind == ORDER_PLAN || w->kind == ORDER_ERASE)
		rc = collect_erasure_end(into, w->kind == ORDER_ERASE, e);
	if (rc == 0 && order_asks_plan(w->kind))
		rc = ordered_planned(g->s->registry, w->id, into->hash, e);
	return rc;
}

/* All of it or nothing. 1: it is not there to its end. */
static int
take_result(struct collect *g, const struct wanted *w, struct sign_check *check,
	struct collecting *into, struct err *e)
{
	const struct result_head head = {
		.id = w->id, .number = w->number, .node = w->node, .sha256 = w->sha256
	};
	struct registry *r = g->s->registry;
	char attempt[RESULT_ATTEMPT];
	int rc;

	if (case_get(r, w->number, &into->c, e) < 0 || collecting_begin(into, e) < 0)
		return -1;
	if (w->kind == ORDER_SEARCH && answers_clear(r, w->number, w->node, e) < 0)
		return -1;
	rc = result_read(g->dir, &head, g->own, check, line_of(w->kind), into, attempt, e);
	if (rc != 0)
		return rc;
	if (!into->ended)
		return err_fail(e, EX_DATAERR, 0, N_("the result has no end"), NULL, "%s", w->id);
	if (take_end(g, w, into, e) < 0)
		return -1;
	if (ordered_answered(r, w->id, attempt, e) < 0 || account(g, w, ORDER_FINE, e) < 0)
		return -1;
	return case_goes_on(into, e);
}

static int
collect_result(struct collect *g, const struct wanted *w, struct sign_check *check, struct err *e)
{
	struct collecting into = { .s = g->s, .node = w->node };
	struct registry *r = g->s->registry;
	int rc;

	if (!g->own && sign_open_own(&g->s->conf->approvers, &g->own, e) < 0)
		return -1;
	if (registry_begin(r, e) < 0)
		return -1;
	rc = registry_end(r, take_result(g, w, check, &into, e), e);
	if (rc == 0)
		show(g, w, "answered", ORDER_FINE, &into);
	if (rc == 0 && into.n_failed > 0)
		g->status = EX_UNAVAILABLE;
	if (rc == 0 && (into.n_left > 0 || (order_asks_plan(w->kind) && !*into.hash)) &&
		g->status == 0)
		g->status = 1;
	collecting_release(&into);
	return rc < 0 || rc > 0 ? rc : queue_remove_all(g->dir, w->id, e);
}

static int
collect_denial(struct collect *g, const struct wanted *w, enum order_fault fault, struct err *e)
{
	struct registry *r = g->s->registry;

	if (registry_begin(r, e) < 0)
		return -1;
	if (registry_end(r, account(g, w, fault, e), e) < 0)
		return -1;
	show(g, w, "denied", fault, NULL);
	g->status = g->status ? g->status : 1;
	return queue_remove_all(g->dir, w->id, e);
}

/* 0: it is there; 1: it is not. */
static int
has_file(const struct collect *g, const char *id, const char *suffix, struct err *e)
{
	char name[QUEUE_NAME_MAX];

	queue_name(id, suffix, name);
	return queue_has(g->dir, name, e);
}

static int
see_nothing(void *ctx, const json_t *line, struct err *e)
{
	(void)ctx;
	(void)line;
	(void)e;
	return 0;
}

/* The answer that was taken stays; another one is named, and goes. */
static int
collect_again(struct collect *g, const struct wanted *w, struct sign_check *check, struct err *e)
{
	const struct result_head head = {
		.id = w->id, .number = w->number, .node = w->node, .sha256 = w->sha256
	};
	char attempt[RESULT_ATTEMPT];

	if (!g->own && sign_open_own(&g->s->conf->approvers, &g->own, e) < 0)
		return -1;
	if (result_read(g->dir, &head, g->own, check, see_nothing, NULL, attempt, e) == 0 &&
		strcmp(attempt, w->attempt) != 0) {
		(void)err_fail(e, EX_DATAERR, 0,
			N_("an order was answered twice, and only the first answer was taken"),
			N_("see whether two machines have that name and key, a clone perhaps; an agent "
			   "that was ended may answer again"),
			"%s: %s", w->node, w->id);
		g->status = err_print(e, "dsar", stderr);
	}
	return queue_remove_all(g->dir, w->id, e);
}

/* What was denied there is not what was sent: somebody has put it into the queue by that name, or the file was damaged on its
 * way. Either way the order is not known to be denied, and is waited for. */
static int
collect_other(struct collect *g, const struct wanted *w, struct err *e)
{
	char name[QUEUE_NAME_MAX];

	(void)err_fail(e, EX_DATAERR, 0,
		N_("what that machine has denied is not the order as it was sent"),
		N_("see who writes to the queue; make the order again if it is not answered"),
		"%s: %s", w->node, w->id);
	g->status = err_print(e, "dsar", stderr);
	queue_name(w->id, QUEUE_DENIED, name);
	return queue_remove(g->dir, name, e) < 0 ? -1 : 1;
}

/* The answer counts, whatever was said before: a denial is of a second copy of the order; and what was withdrawn may have
 * been done already. */
static int
collect_there(struct collect *g, const struct wanted *w, struct sign_check *check, struct err *e)
{
	const struct result_head denied = { .id = w->id, .node = w->node, .sha256 = w->file };
	enum order_fault fault = ORDER_FINE;
	int rc = has_file(g, w->id, QUEUE_FIRST, e), left = 0;

	if (rc < 0)
		return -1;
	if (w->state == ORDERED_ANSWERED)
		return rc == 0 ? collect_again(g, w, check, e) : queue_remove_all(g->dir, w->id, e);
	if (rc == 0)
		rc = collect_result(g, w, check, e);
	if (rc > 0 && w->state <= ORDERED_SENT)
		rc = result_denied(g->dir, &denied, check, &fault, e);
	else if (rc > 0)
		left = has_file(g, w->id, QUEUE_FIRST, e);
	if (left != 0) /* a denial once more */
		return left < 0 ? -1 : queue_remove_all(g->dir, w->id, e);
	if (rc == 2)
		return collect_other(g, w, e);
	if (rc == 0 &&
		fault == ORDER_REPLAYED) /* then there is an answer, and it is still to come */
		return 1;
	return rc == 0 && fault != ORDER_FINE ? collect_denial(g, w, fault, e) : rc;
}

static int
collect_one(struct collect *g, const struct wanted *w, struct err *e)
{
	CLEANUP(sign_check_freep) struct sign_check *check = NULL;
	char scratch[SCRATCH_MAX];
	int rc = has_file(g, w->id, QUEUE_FIRST, e);

	if (rc > 0)
		rc = has_file(g, w->id, QUEUE_DENIED, e);
	if (rc == 0) {
		if (scratch_make(scratch, e) < 0)
			return -1;
		rc = check_open(g, w->node, scratch, &check, e);
		if (rc == 0)
			rc = collect_there(g, w, check, e);
		check = sign_check_free(check);
		scratch_remove(scratch);
	}
	if (rc > 0 && w->state <= ORDERED_SENT && w->not_after_us <= g->s->now_us) {
		show(g, w, "late", ORDER_FINE, NULL);
		g->status = g->status ? g->status : 1;
	}
	return rc < 0 ? -1 : 0;
}

static int
collect(struct collect *g, const char *number, struct err *e)
{
	struct wants w = { 0 };

	if (ordered_each(g->s->registry, number, NULL, see_wanted, &w, e) < 0) {
		free(w.v);
		return -1;
	}
	for (size_t i = 0; i < w.n; i++)
		if (collect_one(g, &w.v[i], e) < 0) { /* the others are taken nevertheless */
			(void)err_within(e, "%s", w.v[i].number);
			g->status = err_print(e, "dsar", stderr);
		}
	free(w.v);
	return g->status;
}

static void
help(void)
{
	fputs(_("Usage: dsar collect [CASE]\n"
		"Takes what machines have answered to orders into their cases. An order that was denied, or\n"
		"has not been answered in time, is named (exit 1).\n"),
		stdout);
}

int
collect_main(struct session *s, int argc, char **argv, struct err *e)
{
	const int opt = options_take(argc, argv, NULL, 0, help);
	struct collect g = { .s = s };
	struct case_file c;
	int rc;

	if (opt != 0)
		return opt > 0 ? 0 : usage_fail(_("unknown option, or its value is missing"));
	if (argc - optind > 1)
		return usage_fail(_("collect takes a case, or nothing"));
	if (optind < argc && case_get(s->registry, argv[optind], &c, e) < 0)
		return -1;
	g.dir = queue_open(s->conf, QUEUE_RESULTS, e);
	if (g.dir < 0)
		return -1;
	rc = collect(&g, argv[optind], e);
	(void)close(g.dir);
	sign_free(g.own);
	return rc;
}
