/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * order_command.c - dsar order: orders are written, signed, sent, looked at, withdrawn
 */
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
#include "dsar/act/objection.h"
#include "dsar/act/rectification.h"
#include "dsar/case/case.h"
#include "dsar/command.h"
#include "dsar/order/order_list.h"
#include "dsar/order/ordered.h"
#include "dsar/order/queue.h"
#include "dsar/register/registry.h"
#include "dsar/order/seal.h"
#include "dsar/review/review.h"
#include "dsar/session.h"
#include "record/timestamp.h"

#define _(text) gettext(text)

#define DEFAULT_S (7 * INT64_C(86400)) /* until when it may be begun */

struct ordering {
	struct session *s;
	struct case_file c;
	const struct conf_node *node;
	const char *plan; /* --confirm */
	struct sign *own;
	struct buf key, text, signature;
};

static void
ordering_release(struct ordering *g)
{
	g->own = sign_free(g->own);
	buf_release(&g->key);
	buf_wipe(&g->text);
	buf_release(&g->signature);
}

/* --- who orders ------------------------------------------------------------------------------- */

static int
signer_open(struct ordering *g, struct err *e)
{
	buf_init(&g->key, 1u << 20);
	buf_init(&g->signature, 1u << 16);
	buf_init(&g->text, ORDER_MAX);
	if (sign_open_own(&g->s->conf->approvers, &g->own, e) < 0)
		return -1;
	return sign_export(g->own, &g->key, e);
}

/* What comes back is encrypted to this key: that is found out before anything is sent. */
static int
may_be_answered(struct ordering *g, struct err *e)
{
	CLEANUP(seal_freep) struct seal *s = NULL;

	if (seal_new(&s, e) < 0)
		return -1;
	return seal_to(s, span_of(g->key.p, g->key.len), sign_fingerprint(g->own), e) < 0
		       ? err_within(e, "%s", "dsar { approvers }")
		       : 0;
}

static int
sign_text(struct ordering *g, const struct ordered *o, struct err *e)
{
	const struct order_signature made = { span_of(g->signature.p, g->signature.len),
		span_of(g->key.p, g->key.len) };

	return ordered_sign(g->s->registry, o, sign_fingerprint(g->own), &made, e);
}

/* --- sent ------------------------------------------------------------------------------------- */

struct signatures {
	struct order_signature v[ORDER_SIGNATURES_MAX];
	char *copy[2 * ORDER_SIGNATURES_MAX];
	size_t n;
	const char *own; /* a fingerprint that is looked for … */
	bool there;      /* … and was found */
};

static struct span
copy_of(struct signatures *l, size_t at, struct span s)
{
	l->copy[at] = malloc(s.len + 1);
	if (!l->copy[at])
		return SPAN_NONE;
	memcpy(l->copy[at], s.p, s.len);
	return span_of(l->copy[at], s.len);
}

static int
see_signature(void *ctx, const char *fingerprint, const struct order_signature *s, struct err *e)
{
	struct signatures *l = ctx;

	if (l->own && strcasecmp(fingerprint, l->own) == 0)
		l->there = true;
	if (l->n == ORDER_SIGNATURES_MAX)
		return 0;
	l->v[l->n] = (struct order_signature){ copy_of(l, 2 * l->n, s->signature),
		copy_of(l, 2 * l->n + 1, s->key) };
	return l->v[l->n].signature.p && l->v[l->n++].key.p ? 0 : err_memory(e);
}

static void
signatures_end(struct signatures *l)
{
	for (size_t i = 0; i < 2 * ORDER_SIGNATURES_MAX; i++)
		free(l->copy[i]);
}

/* Known before it can be denied. */
static int
file_known(struct ordering *g, const char *id, struct span file, struct err *e)
{
	struct registry *r = g->s->registry;
	char sha256[SHA256_HEX];

	sha256_hex(file, sha256);
	return registry_begin(r, e) < 0 ? -1 : registry_end(r, ordered_sent(r, id, sha256, e), e);
}

static int
file_write(struct ordering *g, const char *id, struct span packed, struct err *e)
{
	cleanup_fd int dir = queue_open(g->s->conf, QUEUE_ORDERS, e);
	CLEANUP(buf_release) struct buf file = { .max = 2u * ORDER_MAX };
	char name[QUEUE_NAME_MAX];

	queue_name(id, QUEUE_ORDER, name);
	if (dir < 0 || seal_once(g->node->key, g->node->fingerprint, packed, &file, e) < 0 ||
		file_known(g, id, span_of(file.p, file.len), e) < 0)
		return -1;
	return queue_put(dir, name, span_of(file.p, file.len), e);
}

static int
move(struct ordering *g, const char *id, const char *what, enum ordered_state to, struct err *e)
{
	struct registry *r = g->s->registry;
	int rc;

	if (registry_begin(r, e) < 0)
		return -1;
	rc = registry_record(r, g->c.number, "order",
		json_pack("{s:s, s:s}", "what", what, "order", id), g->s->now_us, e);
	if (rc == 0)
		rc = ordered_move(r, id, to, ORDER_FINE, g->s->now_us, e);
	return registry_end(r, rc, e);
}

/* Sends what is signed by all that it takes. 1: a second person has to sign first. */
static int
send_order(struct ordering *g, const char *id, enum order_kind kind, struct err *e)
{
	struct signatures l = { .n = 0 };
	struct buf packed;
	int rc;

	buf_init(&packed, 2u * ORDER_MAX);
	rc = ordered_signatures(g->s->registry, id, see_signature, &l, e);
	if (rc == 0 && l.n < order_signers_needed(kind, g->s->conf))
		rc = 1;
	if (rc == 0)
		rc = order_pack(span_of(g->text.p, g->text.len), l.v, l.n, &packed, e);
	if (rc == 0)
		rc = file_write(g, id, span_of(packed.p, packed.len), e);
	if (rc == 0)
		rc = move(g, id, "sent", ORDERED_SENT, e);
	signatures_end(&l);
	buf_wipe(&packed);
	return rc;
}

static void
show_sent(struct ordering *g, const char *id, enum order_kind kind, bool sent)
{
	struct print *o = &g->s->out;

	print_begin(o);
	print_str(o, "case", span_str(g->c.number));
	print_str(o, "order", span_str(id));
	print_str(o, "kind", span_str(order_kind_name(kind)));
	print_str(o, "node", span_str(g->node->name));
	print_str(o, "state", span_str(ordered_state_name(sent ? ORDERED_SENT : ORDERED_DRAFTED)));
	print_end(o);
	if (o->json)
		return;
	if (sent)
		fprintf(o->f, _("Order %s to %s is in the queue\n"), id, g->node->name);
	else
		fprintf(o->f,
			_("Order %s to %s waits for a second person: `dsar order %s --sign %s "
			  "--confirm HASH`\n"),
			id, g->node->name, g->c.number, id);
}

/* --- made ------------------------------------------------------------------------------------- */

static int
add_find(void *ctx, const struct find *f, struct err *e)
{
	void *const *both = ctx;
	struct ordering *g = both[0];

	return f->node && strcmp(f->node, g->node->name) == 0 ? order_add_item(both[1], f, e) : 0;
}

static int
add_items(struct ordering *g, struct order *o, struct err *e)
{
	void *both[] = { g, o };

	if (finds_each(g->s->registry, g->c.number, NULL, add_find, both, e) < 0)
		return -1;
	return json_array_size(o->items) > 0
		       ? 0
		       : err_fail(e, EX_USAGE, 0, N_("nothing was found on that machine"),
				 N_("order a search first, and collect what it finds"), "%s",
				 g->node->name);
}

static int
wished_find(void *ctx, const struct find *f, struct err *e)
{
	return f->decision == FIND_EXCLUDE
		       ? err_fail(e, EX_NOPERM, 0, N_("this find is not about the person"),
				 N_("see `dsar review`"), "%lld", (long long)f->id)
		       : order_add_item(ctx, f, e);
}

/* What is wished of that machine's finds, and these finds. */
static int
add_wishes(struct ordering *g, struct order *o, struct err *e)
{
	struct rectification x;
	int rc = rectification_wishes(g->s->registry, g->c.number, g->node->name, true, &x, e);

	for (size_t i = 0; rc == 0 && i < x.n; i++) {
		const struct rectify_item *w = &x.item[i];

		rc = order_add_wish(o, w->find, w->field, w->value, e);
		if (rc == 0 && (i == 0 || w->find != x.item[i - 1].find))
			rc = review_find(g->s->registry, g->c.number, w->find, wished_find, o, e);
	}
	if (rc == 0 && x.n == 0)
		rc = err_fail(e, EX_USAGE, 0,
			N_("nothing that was found on that machine is to be rectified"),
			N_("say of which find: `dsar rectify CASE --find ID --field NAME`"), "%s",
			g->node->name);
	rectification_release(&x);
	return rc;
}

/* Those that may be searched by; and what the DPO has dropped, so that it is not brought back. */
static int
add_identifiers(struct ordering *g, struct order *o, struct err *e)
{
	struct subject s = { 0 }, dropped = { 0 };
	int rc = subject_read(g->s->registry, g->c.number, &s, e);

	if (rc == 0)
		rc = subject_read_dropped(g->s->registry, g->c.number, &dropped, e);
	for (size_t i = 0; rc == 0 && i < s.n; i++)
		if (s.v[i].own || s.v[i].confirmed)
			rc = order_add_identifier(o, &s.v[i], false, e);
	if (rc == 0 && json_array_size(o->identifiers) == 0)
		rc = err_fail(e, EX_USAGE, 0, N_("nothing is known to search by"),
			N_("add an identifier: see `dsar subject`"), "%s", g->c.number);
	for (size_t i = 0; rc == 0 && i < dropped.n; i++)
		rc = order_add_identifier(o, &dropped.v[i], true, e);
	subject_release(&s);
	subject_release(&dropped);
	return rc;
}

static int
add_answered(void *ctx, const struct ordered *have, struct err *e)
{
	struct order *o = ctx;

	return strcmp(have->node, o->node) == 0 &&
			       (have->state == ORDERED_ANSWERED || have->state == ORDERED_DENIED)
		       ? order_add_answered(o, have->id, e)
		       : 0;
}

static int
fill(struct ordering *g, struct order *o, struct err *e)
{
	(void)snprintf(o->number, sizeof(o->number), "%s", g->c.number);
	(void)snprintf(o->lang, sizeof(o->lang), "%s", g->c.lang);
	(void)snprintf(o->node, sizeof(o->node), "%s", g->node->name);
	o->article = g->c.article;
	o->received_day = g->c.received_day;
	if (ordered_each(g->s->registry, o->number, NULL, add_answered, o, e) < 0)
		return -1;
	if ((o->kind == ORDER_PLAN || o->kind == ORDER_ERASE || o->kind == ORDER_RESTRICT) &&
		add_items(g, o, e) < 0)
		return -1;
	if (order_rectifies(o->kind) && add_wishes(g, o, e) < 0)
		return -1;
	if ((o->kind == ORDER_SEARCH || o->kind == ORDER_ERASE) && add_identifiers(g, o, e) < 0)
		return -1;
	return order_text(o, &g->text, e);
}

static unsigned
needs_of(enum order_kind k)
{
	switch (k) {
	case ORDER_SEARCH:
		return CASE_NEEDS_OPEN;
	case ORDER_RELEASE:
		return 0;
	case ORDER_LIFT:
	case ORDER_RESTRICT:
		return CASE_NEEDS_OPEN | CASE_NEEDS_VERIFIED;
	default:
		return CASE_NEEDS_OPEN | CASE_NEEDS_VERIFIED | CASE_NEEDS_SEARCHED |
		       CASE_NEEDS_LOOKED;
	}
}

/* What is signed is the plan that the node has made last, and that was looked at here. */
static int
node_plan_stands(struct ordering *g, const struct order *o, struct err *e)
{
	const int rc = ordered_plan_is(g->s->registry, o, e);

	return rc <= 0 ? rc
		       : err_fail(e, EX_NOPERM, 0, N_("this is not the plan of that machine"),
				 N_("order one: `dsar order CASE plan --node NODE`, or rectify-plan"),
				 "%s", g->c.number);
}

/* What is objected to is erased when that is right, and not before (Art. 17(1)(c)); the node does not know. */
static int
objection_stands(struct ordering *g, const struct order *o, struct err *e)
{
	struct objection x;

	if (g->c.article != ARTICLE_OBJECTION || (o->kind != ORDER_PLAN && o->kind != ORDER_ERASE))
		return 0;
	if (objection_read(g->s->registry, g->c.number, &x, e) < 0)
		return -1;
	return x.state == OBJECTION_UPHELD
		       ? 0
		       : case_forbid(g->s->registry, g->c.number, "objection", g->s->now_us,
				 N_("the objection is not upheld"),
				 N_("decide it with `dsar object CASE --uphold`"), e);
}

static int
case_on(struct ordering *g, const struct order *o, struct err *e)
{
	if (o->kind == ORDER_SEARCH)
		return case_move(g->s->registry, &g->c, CASE_SEARCHING, g->s->now_us, e);
	return order_has_plan(o->kind)
		       ? case_reach(g->s->registry, &g->c, CASE_EXECUTING, g->s->now_us, e)
		       : 0;
}

static int
keep_order(struct ordering *g, const struct order *o, struct err *e)
{
	struct registry *r = g->s->registry;
	const struct ordered as = { .id = o->id, .number = o->number };

	if (case_guard(r, &g->c, needs_of(o->kind), g->s->now_us, e) < 0 ||
		objection_stands(g, o, e) < 0 ||
		(order_has_plan(o->kind) && node_plan_stands(g, o, e) < 0) ||
		registry_record(r, g->c.number, "order",
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "what", "made", "order", o->id,
				"kind", order_kind_name(o->kind), "node", o->node, "plan", o->plan,
				"by", sign_fingerprint(g->own)),
			g->s->now_us, e) < 0 ||
		ordered_add(r, o, span_of(g->text.p, g->text.len), e) < 0 ||
		sign_text(g, &as, e) < 0)
		return -1;
	return case_on(g, o, e);
}

static int
make(struct ordering *g, struct order *o, struct err *e)
{
	struct registry *r = g->s->registry;
	int rc;

	if (signer_open(g, e) < 0 || may_be_answered(g, e) < 0 || fill(g, o, e) < 0 ||
		sign_detached(g->own, span_of(g->text.p, g->text.len), &g->signature, e) < 0)
		return -1;
	if (registry_begin(r, e) < 0)
		return -1;
	if (registry_end(r, keep_order(g, o, e), e) < 0)
		return -1;
	rc = send_order(g, o->id, o->kind, e);
	if (rc >= 0)
		show_sent(g, o->id, o->kind, rc == 0);
	return rc < 0 ? -1 : 0;
}

/* --- a second person -------------------------------------------------------------------------- */

struct looked_up {
	struct ordering *g;
	enum order_kind kind;
	enum ordered_state state;
	char sha256[SHA256_HEX], plan[SHA256_HEX];
	bool any;
};

static int
see_order(void *ctx, const struct ordered *o, struct err *e)
{
	struct looked_up *l = ctx;

	l->any = true;
	l->kind = o->kind;
	l->state = o->state;
	(void)snprintf(l->sha256, sizeof(l->sha256), "%s", o->sha256);
	(void)snprintf(l->plan, sizeof(l->plan), "%s", o->plan ? o->plan : "");
	l->g->node = conf_find_node(l->g->s->conf, o->node);
	buf_span(&l->g->text, o->text);
	if (!l->g->node)
		return err_fail(e, EX_CONFIG, 0, N_("no such node"),
			N_("declare it: node \"NAME\" { … } in sparsam.conf"), "%s", o->node);
	return l->g->text.failed ? err_memory(e) : 0;
}

static int
look_up(struct ordering *g, const char *id, struct looked_up *ret, struct err *e)
{
	*ret = (struct looked_up){ .g = g };
	if (ordered_each(g->s->registry, g->c.number, id, see_order, ret, e) < 0)
		return -1;
	return ret->any ? 0
			: err_fail(e, EX_USAGE, 0, N_("the case has no such order"),
				  N_("see `dsar order CASE`"), "%s", g->c.number);
}

/* Is what would be signed the order that the register shows, and may it still be given? The first who has signed may
 * write the register, too. */
static int
text_stands(struct ordering *g, const char *id, const struct looked_up *l, struct err *e)
{
	const struct span text = span_of(g->text.p, g->text.len);
	CLEANUP(order_freep) struct order *o = NULL;
	char sha256[SHA256_HEX];

	if (order_parse(text, &o, e) < 0)
		return -1;
	sha256_hex(text, sha256);
	if (!o || strcmp(sha256, l->sha256) != 0 || strcmp(o->id, id) != 0 ||
		strcmp(o->number, g->c.number) != 0 || o->kind != l->kind ||
		strcmp(o->node, g->node->name) != 0 || strcmp(o->plan, l->plan) != 0)
		return err_fail(e, EX_DATAERR, 0,
			N_("the order's text is not what the register says of it"),
			N_("do not sign it; ask who has made it, and withdraw it"), "%s",
			g->c.number);
	if (order_has_plan(o->kind) && (!g->plan || strcmp(g->plan, o->plan) != 0))
		return err_fail(e, EX_NOPERM, 0,
			N_("an erasure or a rectification is signed by its plan's hash"),
			N_("look at the plan (--items NODE), then say --sign ID --confirm HASH"),
			"%s", g->c.number);
	if (o->not_after_us <= g->s->now_us)
		return err_fail(e, EX_NOPERM, 0, N_("the order's time is over"),
			N_("withdraw it, and make another one"), "%s", g->c.number);
	if (case_guard(g->s->registry, &g->c, needs_of(o->kind), g->s->now_us, e) < 0)
		return -1;
	if (objection_stands(g, o, e) < 0)
		return -1;
	return order_has_plan(o->kind) ? node_plan_stands(g, o, e) : 0;
}

static int
sign_again(struct ordering *g, const char *id, const struct looked_up *l, struct err *e)
{
	const struct ordered as = { .id = id, .number = g->c.number };
	struct registry *r = g->s->registry;
	int rc;

	if (registry_begin(r, e) < 0)
		return -1;
	rc = text_stands(g, id, l, e);
	if (rc == 0)
		rc = sign_detached(g->own, span_of(g->text.p, g->text.len), &g->signature, e);
	if (rc == 0)
		rc = registry_record(r, g->c.number, "order",
			json_pack("{s:s, s:s, s:s}", "what", "signed", "order", id, "by",
				sign_fingerprint(g->own)),
			g->s->now_us, e);
	if (rc == 0)
		rc = sign_text(g, &as, e);
	return registry_end(r, rc, e);
}

static int
sign_it(struct ordering *g, const char *id, struct err *e)
{
	struct looked_up l;
	struct signatures have = { .n = 0 };
	int rc;

	if (signer_open(g, e) < 0 || look_up(g, id, &l, e) < 0)
		return -1;
	if (l.state != ORDERED_DRAFTED)
		return err_fail(e, EX_NOPERM, 0, N_("the order does not wait for a signature"),
			N_("see `dsar order CASE`"), "%s", g->c.number);
	have.own = sign_fingerprint(g->own);
	rc = ordered_signatures(g->s->registry, id, see_signature, &have, e);
	signatures_end(&have);
	if (rc == 0 && have.there && have.n < order_signers_needed(l.kind, g->s->conf))
		rc = err_fail(e, EX_NOPERM, 0, N_("you have signed it; another person has to"),
			NULL, "%s", g->c.number);
	if (rc == 0 && !have.there)
		rc = sign_again(g, id, &l, e);
	if (rc == 0)
		rc = send_order(g, id, l.kind, e);
	if (rc >= 0)
		show_sent(g, id, l.kind, rc == 0);
	return rc < 0 ? -1 : 0;
}

/* --- withdrawn -------------------------------------------------------------------------------- */

static int
withdraw(struct ordering *g, const char *id, struct err *e)
{
	cleanup_fd int dir = queue_open(g->s->conf, QUEUE_ORDERS, e);
	struct looked_up l;
	char name[QUEUE_NAME_MAX];

	buf_init(&g->text, ORDER_MAX);
	queue_name(id, QUEUE_ORDER, name);
	if (dir < 0 || look_up(g, id, &l, e) < 0)
		return -1;
	if (l.state == ORDERED_ANSWERED)
		return err_fail(
			e, EX_NOPERM, 0, N_("the order was answered"), NULL, "%s", g->c.number);
	return move(g, id, "withdrawn", ORDERED_WITHDRAWN, e) < 0 ? -1 : queue_remove(dir, name, e);
}

/* --- the command line ------------------------------------------------------------------------- */

static void
help(void)
{
	fputs(_("Usage: dsar order CASE\n"
		"       dsar order CASE KIND --node NODE [--not-before T] [--not-after T]\n"
		"       dsar order CASE --sign ID [--confirm HASH]\n"
		"       dsar order CASE --withdraw ID | --items NODE\n"
		"Has another machine, or this one's agent, do something about a case; the order is signed with\n"
		"your OpenPGP key. Without a KIND it lists the case's orders.\n\n"
		"  search         find what is stored there about the person\n"
		"  plan           say what an erasure of what was found there would do\n"
		"  erase          erase it, by the plan whose hash is given (--confirm HASH)\n"
		"  restrict       keep it from being used or deleted\n"
		"  lift           … no more, once the person was told (--told)\n"
		"  release        let go what a search has kept until the answer is out\n"
		"  rectify-plan   say what a rectification of what was found there would do (`dsar rectify`\n"
		"                 says of which find and field)\n"
		"  rectify        rectify it, by the plan whose hash is given (--confirm HASH)\n\n"
		"  --node NODE    which machine, of those in sparsam.conf\n"
		"  --not-before T from when it may be begun: a time, or how far from now (2h)\n"
		"  --not-after T  until when (7d)\n"
		"  --confirm HASH the plan to be carried out\n"
		"  --sign ID      sign another one's order, where two persons have to; erase and rectify by\n"
		"                 the hash of the plan\n"
		"  --withdraw ID  take an order back that will not be answered\n"
		"  --items NODE   what becomes of each find there, by its newest plan or act\n\n"
		"Example:  dsar order 2026-0001 search --node bbb1\n"),
		stdout);
}

/* A time, or a period from now on. */
static bool
time_of(const char *text, int64_t now_us, int64_t *ret_us)
{
	const int64_t period_s = conf_period_s(text);
	struct timestamp t;

	if (period_s > 0) {
		*ret_us = now_us + period_s * 1000000;
		return true;
	}
	timestamp_init(&t, NULL);
	return timestamp_parse(&t, span_str(text), ret_us);
}

static bool
kind_of(const char *word, enum order_kind *ret)
{
	for (int k = 0; k < ORDER_KINDS; k++)
		if (strcmp(order_kind_name((enum order_kind)k), word) == 0) {
			*ret = (enum order_kind)k;
			return true;
		}
	return false;
}

struct given {
	const char *node, *before, *after, *confirm, *sign, *withdraw, *items, *kind;
	bool told;
};

static int
make_given(struct ordering *g, const struct given *v, struct err *e)
{
	CLEANUP(order_freep) struct order *o = NULL;
	enum order_kind kind;

	if (!kind_of(v->kind, &kind) || !v->node || order_has_plan(kind) != (v->confirm != NULL))
		return usage_fail(
			_("order takes a kind and --node; erase and rectify take --confirm, too"));
	if ((kind == ORDER_LIFT) != v->told)
		return err_fail(e, EX_NOPERM, 0,
			N_("the person has to be told before a restriction is lifted"),
			N_("tell her, then say --told with lift, and with nothing else"), "%s",
			g->c.number);
	g->node = conf_find_node(g->s->conf, v->node);
	if (!g->node)
		return err_fail(e, EX_USAGE, 0, N_("no such node"),
			N_("declare it: node \"NAME\" { … } in sparsam.conf"), "%s", v->node);
	if (order_new(kind, &o, e) < 0)
		return -1;
	o->not_before_us = o->made_us;
	o->not_after_us = o->made_us + DEFAULT_S * 1000000;
	if ((v->before && !time_of(v->before, o->made_us, &o->not_before_us)) ||
		(v->after && !time_of(v->after, o->made_us, &o->not_after_us)) ||
		o->not_before_us >= o->not_after_us)
		return usage_fail(_("not a time, or none that is left"));
	if (v->confirm && strlen(v->confirm) != SHA256_HEX - 1)
		return usage_fail(_("not a plan's hash"));
	(void)snprintf(o->plan, sizeof(o->plan), "%s", v->confirm ? v->confirm : "");
	return make(g, o, e);
}

int
order_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct given v = { 0 };
	struct ordering g = { .s = s };
	const struct option_to table[] = {
		{ "node", 0, &v.node, NULL },
		{ "not-before", 0, &v.before, NULL },
		{ "not-after", 0, &v.after, NULL },
		{ "confirm", 0, &v.confirm, NULL },
		{ "sign", 0, &v.sign, NULL },
		{ "withdraw", 0, &v.withdraw, NULL },
		{ "items", 0, &v.items, NULL },
		{ "told", 0, NULL, &v.told },
	};
	const int opt = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);
	int rc;

	if (opt != 0)
		return opt > 0 ? 0 : usage_fail(_("unknown option, or its value is missing"));
	v.kind = argc - optind == 2 ? argv[optind + 1] : NULL;
	if (argc - optind < 1 || argc - optind > 2 || (v.sign && v.withdraw) ||
		((v.sign || v.withdraw) && (v.kind || v.node)))
		return usage_fail(_("order takes a case"));
	if (case_get(s->registry, argv[optind], &g.c, e) < 0)
		return -1;
	g.plan = v.confirm;
	if (v.kind)
		rc = make_given(&g, &v, e);
	else
		rc = v.sign       ? sign_it(&g, v.sign, e)
		     : v.withdraw ? withdraw(&g, v.withdraw, e)
		     : v.items    ? order_show_items(s, g.c.number, v.items, e)
				  : order_list(s, g.c.number, e);
	ordering_release(&g);
	return rc;
}
