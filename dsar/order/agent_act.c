/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <sysexits.h>

#include <sodium.h>

#include "base/now.h"
#include "dsar/order/agent-private.h"
#include "dsar/order/agent_kept.h"
#include "dsar/act/erase.h"
#include "dsar/act/rectify.h"
#include "dsar/search/find.h"
#include "dsar/search/keep.h"
#include "dsar/register/registry.h"
#include "dsar/act/restriction.h"
#include "dsar/review/review.h"
#include "dsar/order/result.h"
#include "dsar/search/search.h"
#include "dsar/session.h"
#include "record/record.h"

/* --- the order's case in the agent's register ------------------------------------------------- */

struct adopting {
	struct agent *a;
	const struct order *o;
};

static int
adopt_identifier(void *ctx, const struct identifier *i, bool dropped, struct err *e)
{
	const struct adopting *p = ctx;

	return subject_adopt(p->a->s->registry, p->o->number, i, dropped, e);
}

static int
adopt_item(void *ctx, const struct find *f, struct err *e)
{
	const struct adopting *p = ctx;

	return find_add(p->a->s->registry, p->o->number, f, NULL, e);
}

struct wishing {
	struct agent *a;
	const struct order *o;
	const char *field, *value;
};

static int
wish_for(void *ctx, const struct find *f, struct err *e)
{
	const struct wishing *w = ctx;

	return rectification_wish(
		w->a->s->registry, w->o->number, f, w->field, span_str(w->value), e);
}

static int
adopt_wish(void *ctx, int64_t find, const char *field, const char *value, struct err *e)
{
	const struct adopting *p = ctx;
	struct wishing w = { p->a, p->o, field, value };

	return review_find(p->a->s->registry, p->o->number, find, wish_for, &w, e);
}

/* Whoever has ordered has looked at the finds: the guards ask for what they ask for on one machine. */
int
agent_adopt(struct agent *a, const struct order *o, struct err *e)
{
	const struct answer_of_store seen = { .store = "-", .answer = ANSWER_FOUND };
	struct adopting p = { a, o };
	struct registry *r = a->s->registry;

	if (agent_kept_aside(r, o->number, e) < 0 || case_adopt(r, o, now_us(), e) < 0 ||
		order_identifiers(o, adopt_identifier, &p, e) < 0)
		return -1;
	if (o->kind != ORDER_SEARCH && answer_put(r, o->number, &seen, e) < 0)
		return -1;
	if (order_items(o, adopt_item, &p, e) < 0)
		return -1;
	return order_wishes(o, adopt_wish, &p, e);
}

/* --- acts ------------------------------------------------------------------------------------- */

static int
act_plan(struct agent *a, const struct order *o, struct err *e)
{
	struct erasure x;
	bool same;

	if (erase_plan_case(a->s, o->number, &x, e) < 0)
		return -1;
	same = o->kind == ORDER_PLAN || strcmp(x.hash, o->plan) == 0;
	erasure_release(&x);
	return same ? 0 : ORDER_PLAN_CHANGED;
}

int
agent_erase(struct agent *a, const char *number, const char *hash, struct err *e)
{
	struct erasure x;
	const int rc = erase_case(a->s, number, hash, &x, e);

	if (rc < 0)
		return -1;
	erasure_release(&x);
	return rc != EX_UNAVAILABLE
		       ? 0
		       : err_fail(e, EX_UNAVAILABLE, 0,
				 N_("a store could not be erased from or searched again"),
				 N_("see what is said of it above; the next run goes on"), "%s",
				 number);
}

static int
act_erase(struct agent *a, const struct order *o, struct err *e)
{
	const int rc = act_plan(a, o, e);

	return rc != 0 ? rc : agent_erase(a, o->number, o->plan, e);
}

static int
act_rectify_plan(struct agent *a, const struct order *o, struct err *e)
{
	struct rectification x;
	bool same;

	if (rectify_plan_case(a->s, o->number, &x, e) < 0)
		return -1;
	same = o->kind == ORDER_RECTIFY_PLAN || strcmp(x.hash, o->plan) == 0;
	rectification_release(&x);
	return same ? 0 : ORDER_PLAN_CHANGED;
}

int
agent_rectify(struct agent *a, const char *number, const char *hash, struct err *e)
{
	struct rectification x;
	const int rc = rectify_case(a->s, number, hash, &x, e);

	if (rc < 0)
		return -1;
	rectification_release(&x);
	return rc != EX_UNAVAILABLE
		       ? 0
		       : err_fail(e, EX_UNAVAILABLE, 0, N_("a record could not be rectified"),
				 N_("see what is said of it above; the next run goes on"), "%s",
				 number);
}

static int
act_rectify(struct agent *a, const struct order *o, struct err *e)
{
	const int rc = act_rectify_plan(a, o, e);

	return rc != 0 ? rc : agent_rectify(a, o->number, o->plan, e);
}

static int
act_restrict(struct agent *a, const struct order *o, struct err *e)
{
	struct case_file c;
	size_t n;

	if (case_get(a->s->registry, o->number, &c, e) < 0)
		return -1;
	return restriction_begin(a->s, &c, &n, e) < 0 ? -1 : 0;
}

int
agent_has_begun(struct agent *a, const struct order *o, struct err *e)
{
	char hash[SHA256_HEX];
	int rc;

	if (!order_has_plan(o->kind))
		return o->kind == ORDER_RESTRICT || o->kind == ORDER_LIFT ||
		       o->kind == ORDER_RELEASE;
	rc = agent_plan_begun(a, o->kind, o->number, hash, e);
	return rc <= 0 ? rc : strcmp(hash, o->plan) == 0;
}

int
agent_act(struct agent *a, const struct order *o, struct err *e)
{
	struct searched done;

	switch (o->kind) {
	case ORDER_SEARCH:
		return search_case(a->s, o->number, search_jobs(), &done, e);
	case ORDER_PLAN:
		return act_plan(a, o, e);
	case ORDER_ERASE:
		return act_erase(a, o, e);
	case ORDER_RESTRICT:
		return act_restrict(a, o, e);
	case ORDER_LIFT:
		return restriction_lift(a->s, o->number, e);
	case ORDER_RECTIFY_PLAN:
		return act_rectify_plan(a, o, e);
	case ORDER_RECTIFY:
		return act_rectify(a, o, e);
	case ORDER_RELEASE:
		return keep_end(a->s, o->number, e);
	default:
		return ORDER_FORM;
	}
}

/* --- answers ---------------------------------------------------------------------------------- */

static json_t *
base64(struct span s)
{
	const size_t size = sodium_base64_encoded_len(s.len, sodium_base64_VARIANT_ORIGINAL);
	cleanup_mem char *text = malloc(size);
	json_t *j;

	if (!text)
		return NULL;
	(void)sodium_bin2base64(
		text, size, (const unsigned char *)s.p, s.len, sodium_base64_VARIANT_ORIGINAL);
	j = json_string(text);
	explicit_bzero(text, size);
	return j;
}

static int
answer_identifier(struct result *out, const struct identifier *i, struct err *e)
{
	return result_add(out,
		json_pack("{s:s, s:I, s:s, s:s%, s:I, s:I, s:I, s:s, s:s, s:b}", "type",
			"identifier", "id", (json_int_t)i->id, "kind", i->kind, "value", i->value.p,
			i->value.len, "from", (json_int_t)i->from_us, "to", (json_int_t)i->to_us,
			"parent", (json_int_t)i->parent, "store", i->store, "link", i->link, "own",
			(int)i->own),
		e);
}

/* What the stores' links have brought; what the order has named is known to who ordered. */
static int
answer_subject(struct agent *a, const struct order *o, struct result *out, struct err *e)
{
	struct subject s = { 0 };
	int rc = subject_read(a->s->registry, o->number, &s, e);

	for (size_t i = 0; rc == 0 && i < s.n; i++)
		if (s.v[i].parent != 0)
			rc = answer_identifier(out, &s.v[i], e);
	subject_release(&s);
	return rc;
}

static int
answer_find(void *ctx, const struct find *f, struct err *e)
{
	char digest[2 * RECORD_DIGEST_LEN + 1];
	json_t *j;

	(void)sodium_bin2hex(digest, sizeof(digest), f->digest, sizeof(f->digest));
	j = json_pack("{s:s, s:s, s:o, s:I, s:I, s:s, s:I, s:b}", "type", "find", "store", f->store,
		"place", base64(span_str(f->place)), "offset", (json_int_t)f->offset, "size",
		(json_int_t)f->size, "digest", digest, "identifier", (json_int_t)f->identifier,
		"own", (int)f->own);
	if (j && f->n > 1)
		(void)json_object_set_new(j, "records", json_integer((json_int_t)f->n));
	if (j && f->time_us != RECORD_NO_TIME)
		(void)json_object_set_new(j, "time", json_integer((json_int_t)f->time_us));
	if (j && f->text.p)
		(void)json_object_set_new(j, "text", base64(f->text));
	return result_add(ctx, j, e);
}

static int
answer_store(void *ctx, const struct answer_of_store *s, struct err *e)
{
	return result_add(ctx,
		json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:I, s:I}", "type", "answer", "store",
			s->store, "answer", store_answer_name(s->answer), "found",
			(json_int_t)s->n_found, "read", (json_int_t)s->n_read, "note", s->note,
			"begun", (json_int_t)s->begun_us, "ended", (json_int_t)s->ended_us),
		e);
}

static int
answer_erasure(struct agent *a, const struct order *o, struct result *out, struct err *e)
{
	struct erasure x;
	int rc = erasure_read(a->s->registry, o->number, &x, e);

	for (size_t i = 0; rc == 0 && i < x.n; i++)
		rc = result_add(out,
			json_pack("{s:s, s:I, s:s, s:s, s:I}", "type", "item", "find",
				(json_int_t)x.item[i].find, "fate",
				erasure_fate_name(x.item[i].fate), "ground", x.item[i].ground,
				"until", (json_int_t)x.item[i].until_us),
			e);
	if (rc == 0)
		rc = result_add(out, json_pack("{s:s, s:s}", "type", "plan", "hash", x.hash), e);
	erasure_release(&x);
	return rc < 0 ? -1 : 0;
}

static int
see_proof(void *ctx, const char *kind, int64_t time_us, const json_t *data, struct err *e)
{
	json_t **newest = ctx;

	(void)time_us;
	(void)e;
	if (strcmp(kind, "proof") == 0) {
		json_decref(*newest);
		*newest = json_pack("{s:s, s:O, s:O}", "type", "proof", "left",
			json_object_get(data, "left"), "failed", json_object_get(data, "failed"));
	}
	return 0;
}

/* What the search after the erasure has found, as it stands in the case: a run before this one may have made it. */
static int
answer_proof(struct agent *a, const struct order *o, struct result *out, struct err *e)
{
	json_t *newest = NULL;

	if (case_events(a->s->registry, o->number, see_proof, &newest, e) < 0) {
		json_decref(newest);
		return -1;
	}
	return newest ? result_add(out, newest, e) : 0;
}

struct became {
	const struct rectification *x;
	struct result *out;
};

/* What a record that was set is by now: who has ordered knows it by what it was. */
static int
answer_became(void *ctx, const struct find *f, struct err *e)
{
	const struct became *b = ctx;
	char digest[2 * RECORD_DIGEST_LEN + 1];
	bool set = false;
	json_t *j;

	for (size_t i = 0; i < b->x->n; i++)
		set |= b->x->item[i].find == f->id && b->x->item[i].fate == RECTIFY_DONE;
	if (!set)
		return 0;
	(void)sodium_bin2hex(digest, sizeof(digest), f->digest, sizeof(f->digest));
	j = json_pack("{s:s, s:I, s:s, s:I}", "type", "became", "find", (json_int_t)f->id, "digest",
		digest, "size", (json_int_t)f->size);
	if (j && f->time_us != RECORD_NO_TIME)
		(void)json_object_set_new(j, "time", json_integer((json_int_t)f->time_us));
	if (j && f->text.p)
		(void)json_object_set_new(j, "text", base64(f->text));
	return result_add(b->out, j, e);
}

static int
answer_rectification(struct agent *a, const struct order *o, struct result *out, struct err *e)
{
	struct registry *r = a->s->registry;
	struct rectification x;
	struct became b = { &x, out };
	int rc = rectification_read(r, o->number, &x, e);

	if (rc == 0 && o->kind == ORDER_RECTIFY)
		rc = finds_each(r, o->number, NULL, answer_became, &b, e);
	for (size_t i = 0; rc == 0 && i < x.n; i++)
		rc = result_add(out,
			json_pack("{s:s, s:I, s:s, s:s, s:s}", "type", "item", "find",
				(json_int_t)x.item[i].find, "field", x.item[i].field, "fate",
				rectify_fate_name(x.item[i].fate), "ground", x.item[i].ground),
			e);
	if (rc == 0)
		rc = result_add(out, json_pack("{s:s, s:s}", "type", "plan", "hash", x.hash), e);
	rectification_release(&x);
	return rc < 0 ? -1 : 0;
}

int
agent_answer(struct agent *a, const struct order *o, struct result *out, struct err *e)
{
	struct registry *r = a->s->registry;

	if (o->kind == ORDER_SEARCH &&
		(answer_subject(a, o, out, e) < 0 ||
			finds_each(r, o->number, NULL, answer_find, out, e) < 0 ||
			answers_each(r, o->number, answer_store, out, e) < 0))
		return -1;
	if ((o->kind == ORDER_PLAN || o->kind == ORDER_ERASE) && answer_erasure(a, o, out, e) < 0)
		return -1;
	if (order_rectifies(o->kind) && answer_rectification(a, o, out, e) < 0)
		return -1;
	if (o->kind == ORDER_ERASE && answer_proof(a, o, out, e) < 0)
		return -1;
	return result_add(
		out, json_pack("{s:s, s:s}", "type", "end", "kind", order_kind_name(o->kind)), e);
}
