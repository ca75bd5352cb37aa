/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <string.h>

#include "base/conf/conf.h"
#include "dsar/act/approval.h"
#include "dsar/answer/bundle-private.h"
#include "dsar/case/deadline.h"
#include "dsar/act/erasure.h"
#include "dsar/search/find.h"
#include "dsar/case/made.h"
#include "dsar/answer/notice.h"
#include "dsar/order/ordered.h"
#include "dsar/act/rectification.h"
#include "dsar/review/review.h"
#include "dsar/session.h"
#include "record/key/day.h"
#include "record/timestamp.h"

/* --- without others --------------------------------------------------------------------------- */

static size_t
digits(struct span s, size_t at)
{
	size_t n = 0;

	while (at + n < s.len && isdigit((unsigned char)s.p[at + n]))
		n++;
	return n;
}

/* The next that looks like a case's number, from *AT on; a date ("2026-11-27") does not. */
static bool
number_next(struct span s, size_t *at, size_t *ret_len)
{
	while (*at < s.len) {
		const size_t year = digits(s, *at);
		const size_t dash = *at + year;
		const size_t n = year == 4 && dash < s.len && s.p[dash] == '-' ? digits(s, dash + 1)
									       : 0;

		if (n >= 4) {
			*ret_len = year + 1 + n;
			return true;
		}
		*at += year > 0 ? year : 1;
	}
	return false;
}

static bool
is_same(struct span s, const char number[CASE_NUMBER_MAX])
{
	return s.len < CASE_NUMBER_MAX && memcmp(number, s.p, s.len) == 0 && number[s.len] == '\0';
}

static bool
is_own(struct span s, const struct case_file *c)
{
	return is_same(s, c->number) || is_same(s, c->correspondence);
}

bool
bundle_names_other(struct span text, const struct case_file *c)
{
	size_t at = 0, len = 0;

	for (; number_next(text, &at, &len); at += len)
		if (!is_own(span_of(text.p + at, len), c))
			return true;
	return false;
}

static json_t *
string_without(struct span text, const struct case_file *c)
{
	size_t at = 0, from = 0, len = 0;
	struct buf b;
	json_t *ret;

	buf_init(&b, 2 * text.len + 64);
	for (; number_next(text, &at, &len); at += len) {
		buf_span(&b, span_of(text.p + from, at - from));
		if (is_own(span_of(text.p + at, len), c))
			buf_span(&b, span_of(text.p + at, len));
		else
			buf_str(&b, "[…]");
		from = at + len;
	}
	buf_span(&b, span_from(text, from));
	ret = b.failed ? NULL : json_stringn(b.p ? b.p : "", b.len);
	buf_wipe(&b);
	return ret;
}

static bool
is_other(const json_t *value, const struct case_file *c)
{
	return bundle_names_other(span_of(json_string_value(value), json_string_length(value)), c);
}

static json_t *
without(const json_t *value, const struct case_file *c)
{
	return string_without(span_of(json_string_value(value), json_string_length(value)), c);
}

int
bundle_without_others(json_t *json, const struct case_file *c, struct err *e)
{
	const char *key;
	json_t *value;
	size_t i;
	void *next;

	json_object_foreach_safe(json, next, key, value)
	{
		if (json_is_string(value)) {
			if (is_other(value, c) &&
				json_object_set_new(json, key, without(value, c)) < 0)
				return err_memory(e);
		} else if (bundle_without_others(value, c, e) < 0)
			return -1;
	}
	json_array_foreach(json, i, value)
	{
		if (json_is_string(value)) {
			if (is_other(value, c) &&
				json_array_set_new(json, i, without(value, c)) < 0)
				return err_memory(e);
		} else if (bundle_without_others(value, c, e) < 0)
			return -1;
	}
	return 0;
}

/* --- words and times -------------------------------------------------------------------------- */

static json_t *
time_of(int64_t us)
{
	char text[28];

	if (us == 0 || us == INT64_MAX)
		return json_null();
	timestamp_format(us, text);
	return json_string(text);
}

static json_t *
day_of(int32_t day)
{
	char text[DAY_TEXT_MAX];

	(void)day_format(day, text);
	return json_string(text);
}

static int
append(json_t *list, json_t *one, struct err *e)
{
	return !one || json_array_append_new(list, one) < 0 ? err_memory(e) : 0;
}

/* --- the case --------------------------------------------------------------------------------- */

static json_t *
case_of(const struct session *s, const struct case_file *c)
{
	const int months = c->extended ? DEADLINE_MONTHS_EXTENDED : DEADLINE_MONTHS;

	return json_pack("{s:s, s:i, s:s, s:s, s:s, s:b, s:b, s:o, s:o, s:o, s:o, s:i, s:b, s:o, "
			 "s:o, s:s, s:s}",
		"case", c->number, "article", (int)c->article, "right", article_name(c->article),
		"state", case_state_name(c->state), "identity", case_identity_name(c->identity),
		"refused", c->refused, "extended", c->extended, "received", day_of(c->received_day),
		"due_raw", day_of(c->raw_day), "due", day_of(c->due_day), "due_suspended",
		day_of(c->due_suspended_day), "months", months, "moved_to_working_day",
		c->due_day != c->raw_day, "closed", time_of(c->closed_us), "written",
		time_of(s->now_us), "controller", s->conf->controller, "authority",
		s->conf->authority);
}

/* Words of fixed lists, days, hashes and the grounds of decisions. What persons wrote, their addresses and keys stay
 * here; "from" is an address where a mail came in, and "to" a digest where a record was corrected. */
static const char *const told[] = { "what", "method", "ground", "reasons", "article", "received",
	"reason", "notice_sent", "until_raw", "role", "answer_to", "second", "part", "parts",
	"sha256", "hash", "sent", "due", "known", "kind", "letter", "lang", "n", "store",
	"recipient", "encrypted", "signed_part", "action", "source", "why" };

static bool
is_told(const char *kind, const char *key)
{
	if (strcmp(kind, "moved") == 0 && strcmp(key, "to") == 0)
		return true;
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		if (strcmp(told[i], key) == 0)
			return true;
	return false;
}

static int
see_event(void *ctx, const char *kind, int64_t time_us, const json_t *data, struct err *e)
{
	json_t *one = json_pack("{s:s, s:o}", "event", kind, "time", time_of(time_us)), *value;
	const char *key;

	/* nothing but texts, numbers and flags: what is within a list has no word that says what it is */
	json_object_foreach((json_t *)data, key,
		value) if (is_told(kind, key) && !json_is_object(value) &&
			   !json_is_array(value))(void) json_object_set(one, key, value);
	return append(ctx, one, e);
}

/* --- searched and decided --------------------------------------------------------------------- */

static int
see_answer(void *ctx, const struct answer_of_store *a, struct err *e)
{
	return append(ctx,
		json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:o, s:o}", "node",
			a->node ? a->node : "", "store", a->store, "answer",
			store_answer_name(a->answer), "found", (json_int_t)a->n_found, "bytes_read",
			(json_int_t)a->n_read, "note", a->note, "begun", time_of(a->begun_us),
			"ended", time_of(a->ended_us)),
		e);
}

/* Counts ONE, which has no "n" yet, among those of LIST that say the same. Takes it over. */
static int
count(json_t *list, json_t *one, struct err *e)
{
	json_t *known;
	size_t i;

	if (!one)
		return err_memory(e);
	json_array_foreach(list, i, known)
	{
		const json_int_t n = json_integer_value(json_object_get(known, "n"));

		if (json_object_set_new(one, "n", json_integer(n)) < 0)
			break;
		if (json_equal(known, one)) {
			json_decref(one);
			return json_integer_set(json_object_get(known, "n"), n + 1) < 0
				       ? err_memory(e)
				       : 0;
		}
	}
	if (json_object_set_new(one, "n", json_integer(1)) < 0) {
		json_decref(one);
		return err_memory(e);
	}
	return append(list, one, e);
}

/* A word of the list, or that there is a text: why a record was left out may tell of whoever it is about. */
static const char *
word_of(const char *ground)
{
	return !*ground || review_ground_is_known(ground) ? ground : "text";
}

static int
see_find(void *ctx, const struct find *f, struct err *e)
{
	return count(ctx,
		json_pack("{s:s, s:s, s:s, s:s}", "node", f->node ? f->node : "", "store", f->store,
			"decision", find_decision_name(f->decision), "ground", word_of(f->ground)),
		e);
}

/* --- plans ------------------------------------------------------------------------------------ */

static json_t *
plan_new(const char *of, const char *node, enum erasure_state state, const char *hash,
	int64_t made_us, int64_t begun_us, int64_t ended_us)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:[]}", "of", of, "node", node,
		"state", erasure_state_name(state), "hash", hash, "made", time_of(made_us), "begun",
		time_of(begun_us), "ended", time_of(ended_us), "items");
}

static json_t *
erasure_item(const struct erasure_item *i)
{
	return json_pack("{s:s, s:s, s:s, s:o}", "store", i->store, "fate",
		erasure_fate_name(i->fate), "ground", i->ground ? i->ground : "", "until",
		time_of(i->fate == ERASURE_KEEP ? i->until_us : 0));
}

static int
put_erasure(struct registry *r, const char *number, json_t *plans, struct err *e)
{
	struct erasure x;
	json_t *plan;
	int rc;

	erasure_init(&x, number);
	rc = erasure_read(r, number, &x, e);
	if (rc == 0) {
		plan = plan_new("erasure", "", x.state, x.hash, x.made_us, x.begun_us, x.ended_us);
		rc = append(plans, plan, e);
		for (size_t i = 0; rc == 0 && i < x.n; i++)
			rc = count(json_object_get(plan, "items"), erasure_item(&x.item[i]), e);
	}
	erasure_release(&x);
	return rc < 0 ? -1 : 0;
}

static int
put_rectified(json_t *plan, const struct rectification *x, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < x->n; i++)
		rc = count(json_object_get(plan, "items"),
			json_pack("{s:s, s:s, s:s, s:s}", "store", x->item[i].store, "field",
				x->item[i].field, "fate", rectify_fate_name(x->item[i].fate),
				"ground", x->item[i].ground ? x->item[i].ground : ""),
			e);
	return rc;
}

static int
put_rectification(struct registry *r, const char *number, json_t *plans, struct err *e)
{
	struct rectification x;
	json_t *plan;
	int rc;

	rectification_init(&x, number);
	rc = rectification_read(r, number, &x, e);
	if (rc == 0) {
		plan = plan_new(
			"rectification", "", x.state, x.hash, x.made_us, x.begun_us, x.ended_us);
		rc = append(plans, plan, e);
		if (rc == 0)
			rc = put_rectified(plan, &x, e);
	}
	rectification_release(&x);
	return rc < 0 ? -1 : 0;
}

/* Another machine's, by its answers; its hash stands in the orders. */
static int
put_rectification_of(
	struct registry *r, const char *number, const char *node, json_t *plans, struct err *e)
{
	struct rectification x;
	size_t open;
	json_t *plan;
	int rc = rectification_wishes(r, number, node, false, &x, e);

	open = rectification_count(&x, RECTIFY_SET) + rectification_count(&x, RECTIFY_STATE);
	if (rc == 0 && x.n > 0) {
		plan = plan_new(
			"rectification", node, open ? ERASURE_PLANNED : ERASURE_DONE, "", 0, 0, 0);
		rc = append(plans, plan, e);
		if (rc == 0)
			rc = put_rectified(plan, &x, e);
	}
	rectification_release(&x);
	return rc < 0 ? -1 : 0;
}

static int
see_item(void *ctx, const struct ordered_item *i, struct err *e)
{
	json_t *plans = ctx, *plan = NULL, *one;
	size_t k;

	json_array_foreach(plans, k,
		one) if (strcmp(json_string_value(json_object_get(one, "node")), i->node) == 0)
		plan = one;
	if (!plan) {
		plan = plan_new("erasure", i->node, i->erased ? ERASURE_DONE : ERASURE_PLANNED, "",
			i->made_us, 0, 0);
		if (append(plans, plan, e) < 0)
			return -1;
	}
	return count(json_object_get(plan, "items"), erasure_item(i->item), e);
}

static int
see_order(void *ctx, const struct ordered *o, struct err *e)
{
	return append(ctx,
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:s}", "order", o->id,
			"node", o->node, "kind", order_kind_name(o->kind), "state",
			ordered_state_name(o->state), "fault",
			o->state == ORDERED_DENIED ? order_fault_name(o->fault) : "", "made",
			time_of(o->made_us), "not_before", time_of(o->not_before_us), "not_after",
			time_of(o->not_after_us), "ended", time_of(o->ended_us), "sha256",
			o->sha256, "plan", o->plan),
		e);
}

/* --- all -------------------------------------------------------------------------------------- */

static int
fill(struct session *s, const struct case_file *c, json_t *facts, struct err *e)
{
	struct registry *r = s->registry;
	json_t *plans = json_object_get(facts, "plans");

	if (case_events(r, c->number, see_event, json_object_get(facts, "account"), e) < 0 ||
		answers_each(r, c->number, see_answer, json_object_get(facts, "searched"), e) < 0 ||
		finds_each(r, c->number, NULL, see_find, json_object_get(facts, "decisions"), e) <
			0)
		return -1;
	if (put_erasure(r, c->number, plans, e) < 0 ||
		put_rectification(r, c->number, plans, e) < 0 ||
		ordered_items(r, c->number, NULL, see_item, plans, e) < 0 ||
		ordered_each(r, c->number, NULL, see_order, json_object_get(facts, "orders"), e) <
			0)
		return -1;
	for (size_t i = 0; i < s->conf->n_nodes; i++)
		if (put_rectification_of(r, c->number, s->conf->node[i].name, plans, e) < 0)
			return -1;
	if (approvals_list(r, c->number, json_object_get(facts, "approvals"), e) < 0 ||
		made_list(r, c->number, json_object_get(facts, "made"), e) < 0)
		return -1;
	return notices_list(r, c->number, json_object_get(facts, "notices"), e);
}

int
bundle_facts(struct session *s, const struct case_file *c, json_t **ret, struct err *e)
{
	static const char *const lists[] = { "account", "searched", "decisions", "plans",
		"approvals", "orders", "made", "notices" };
	json_t *facts = case_of(s, c);
	int rc = facts ? 0 : err_memory(e);

	for (size_t i = 0; rc == 0 && i < sizeof(lists) / sizeof(lists[0]); i++)
		if (json_object_set_new(facts, lists[i], json_array()) < 0)
			rc = err_memory(e);
	if (rc == 0)
		rc = fill(s, c, facts, e);
	if (rc == 0)
		rc = bundle_without_others(facts, c, e);
	if (rc == 0)
		*ret = facts;
	else
		json_decref(facts);
	return rc;
}
