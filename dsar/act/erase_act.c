/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Store by store, in the order of erase_after: tombstones, then of each step an entry in both ledgers,
 * the act, its result; then the store is looked at again. What was killed goes on with the store in which it was:
 * a step is made anew of what is left in it.
 */
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/now.h"
#include "dsar/act/erase-private.h"
#include "dsar/register/registry.h"
#include "dsar/subject/subject.h"
#include "dsar/act/tombstone.h"
#include "evidence/hold.h"
#include "evidence/ledger.h"
#include "record/record.h"
#include "store/plan.h"

struct acting {
	struct session *s;
	struct erasure *x;
	enum erasure_fate fate;
	struct keeper keeper;
	struct select_question item, whole;
	struct selector of, seen;     /* seen: to look at again */
	const struct selector *which; /* … and not kept */
	struct tombstones *tombstones;
	struct subject subject;
	bool *left; /* by item: a store was looked at again and still has it, or could not be looked at */
	uint64_t n_failed;
};

static bool
ask_item(void *ctx, const struct record *r)
{
	const struct acting *a = ctx;
	const struct erasure_item *i = erasure_item_of(a->x, r);

	return i && i->fate == a->fate;
}

/* Does I lie where R does? */
static bool
is_part_of(const struct erasure_item *i, const struct record *r)
{
	return strcmp(i->store, r->store->name) == 0 && strcmp(i->place, r->place) == 0;
}

/* --- what is written down first --------------------------------------------------------------- */

static bool
is_in(const struct acting *a, const struct erasure_item *i, const struct conf_store *st)
{
	const struct conf_store *of = conf_find_store(a->s->conf, i->store);

	return i->fate == a->fate &&
	       (of == st || (strcmp(st->type, "journal") == 0 && of && of->journal.n > 0));
}

static int
bury_value(struct acting *a, const char *store, const char *kind, struct span value, struct err *e)
{
	const struct tombstone stone = { .number = a->x->number,
		.store = store,
		.kind = kind,
		.value = value,
		.erased_us = a->s->now_us };

	return tombstone_add(a->tombstones, &stone, e);
}

/* What names her in STORE, whatever else its row said when the backup was made. */
static int
bury_names(struct acting *a, const char *store, struct err *e)
{
	const struct conf_store *st = conf_find_store(a->s->conf, store);

	for (size_t b = 0; st && b < st->n_subjects; b++) {
		for (size_t i = 0; i < a->subject.n && tombstone_fits(&st->subject[b]); i++) {
			const struct identifier *id = &a->subject.v[i];
			struct buf form;
			int rc = 0;

			if (!(id->own || id->confirmed) ||
				strcmp(id->kind, st->subject[b].kind) != 0)
				continue;
			buf_init(&form, 2 * IDENTIFIER_MAX);
			if (tombstone_form(&st->subject[b], id->value, &form) == 0 && !form.failed)
				rc = bury_value(a, store, id->kind, span_of(form.p, form.len), e);
			buf_wipe(&form);
			if (rc < 0)
				return -1;
		}
	}
	return 0;
}

static int
bury_all(struct acting *a, const struct conf_store *st, struct err *e)
{
	const char *named = "";

	for (size_t i = 0; i < a->x->n; i++) {
		const struct erasure_item *it = &a->x->item[i];

		if (!is_in(a, it, st))
			continue;
		if (bury_value(a, it->store, "record",
			    span_of((const char *)it->digest, sizeof(it->digest)), e) < 0)
			return -1;
		if (strcmp(named, it->store) != 0 && bury_names(a, it->store, e) < 0)
			return -1;
		named = it->store;
	}
	return 0;
}

static int
bury(struct acting *a, const struct conf_store *st, struct err *e)
{
	struct registry *r = a->s->registry;

	return registry_begin(r, e) < 0 ? -1 : registry_end(r, bury_all(a, st, e), e);
}

static json_t *
entry_of(const struct acting *a, const struct plan_step *p, size_t i, size_t n)
{
	return json_pack("{s:s, s:s, s:I, s:I, s:s, s:s}", "store", p->store, "plan", a->x->hash,
		"step", (json_int_t)i + 1, "steps", (json_int_t)n, "action",
		plan_action_name(p->action), "technique", plan_technique_name(p->technique));
}

/* Why something stays is said where it stays. */
static void
hear(void *ctx, const struct conf_store *s, enum store_note n, const char *place,
	const char *detail)
{
	(void)ctx;
	if (n == NOTE_NOT_POSSIBLE)
		fprintf(stderr, "dsar: %s: %s: %s: %s\n", s->name,
			gettext(N_("cannot be erased here")), place, gettext(detail));
}

/* --- a store ---------------------------------------------------------------------------------- */

static int
act_step(struct acting *a, struct store *store, const struct plan *plan, size_t i, struct err *e)
{
	const struct plan_step *p = &plan->step[i];
	struct store_result result;
	json_t *d;

	if (session_note(a->s, a->x->number, "erase", entry_of(a, p, i, plan->n), e) < 0)
		return -1;
	if (holds_act(a->s->holds, store, p, a->which, &result, e) < 0)
		return -1;
	d = entry_of(a, p, i, plan->n);
	(void)json_object_set_new(
		d, "technique", json_string(plan_technique_name(result.technique)));
	if (result.n_erased != UINT64_MAX)
		(void)json_object_set_new(d, "records", json_integer((json_int_t)result.n_erased));
	(void)json_object_set_new(d, "skipped", json_boolean(result.skipped));
	return session_note(a->s, a->x->number, "erased", d, e);
}

static int
act_steps(struct acting *a, struct store *store, struct err *e)
{
	struct plan plan;
	int rc;

	plan_init(&plan);
	rc = store_plan(store, a->which, &plan, e);
	for (size_t i = 0; rc == 0 && i < plan.n; i++)
		rc = act_step(a, store, &plan, i, e);
	plan_release(&plan);
	return rc;
}

/* … or the whole of which one is a part. */
static bool
ask_left(void *ctx, const struct record *r)
{
	const struct acting *a = ctx;
	bool any = ask_item(ctx, r);

	for (size_t i = 0; !any && erase_has_parts(r->store) && i < a->x->n; i++)
		any = is_part_of(&a->x->item[i], r) && a->x->item[i].fate == a->fate;
	return any;
}

static int
see_left(void *ctx, const struct record *r, struct err *e)
{
	struct acting *a = ctx;
	const struct erasure_item *item = erasure_item_of(a->x, r);

	(void)e;
	if (item)
		a->left[item - a->x->item] = true;
	for (size_t i = 0; erase_has_parts(r->store) && i < a->x->n; i++)
		a->left[i] |= is_part_of(&a->x->item[i], r);
	return 0;
}

static void
set_left(struct acting *a, const struct conf_store *st)
{
	for (size_t i = 0; i < a->x->n; i++)
		a->left[i] |= is_in(a, &a->x->item[i], st);
}

/* What no store has any more is gone, by the same way on which it was found. */
static int
keep_state(struct acting *a, struct err *e)
{
	struct registry *r = a->s->registry;

	for (size_t i = 0; i < a->x->n; i++)
		if (a->x->item[i].fate == a->fate && !a->left[i])
			a->x->item[i].fate = ERASURE_GONE;
	return registry_begin(r, e) < 0 ? -1 : registry_end(r, erasure_update(r, a->x, e), e);
}

static int
act_store(struct acting *a, const struct conf_store *st, struct err *e)
{
	CLEANUP(store_freep) struct store *store = NULL;
	int rc;

	if (bury(a, st, e) < 0)
		return -1;
	rc = store_open(&a->s->env, st, &store, e);
	/* one that was there when it was planned has not lost its records by being away; a journal's entries
	 * have a store of their own that never had them */
	if (rc == STORE_ABSENT && st->journal.n > 0)
		return 0;
	if (rc == STORE_ABSENT)
		rc = err_fail(
			e, EX_UNAVAILABLE, 0, N_("the store is not there any more"), NULL, NULL);
	if (rc == 0)
		rc = act_steps(a, store, e);
	if (rc == 0)
		rc = store_scan(store, &a->seen, see_left, a, e);
	if (rc == 0)
		return 0;
	set_left(a, st);
	return err_within(e, "store \"%s\"", st->name);
}

static bool
is_ours(const struct err *e)
{
	return e->exit == EX_DATAERR ||
	       e->exit == EX_CANTCREAT; /* a ledger, the register, the holds */
}

static int
act_all(struct acting *a, struct err *e)
{
	const struct conf *c = a->s->conf;

	for (size_t i = 0; i < c->n_stores; i++) {
		const struct conf_store *st = c->erase_order[i];
		bool any = false;

		for (size_t k = 0; k < a->x->n; k++)
			any |= is_in(a, &a->x->item[k], st);
		print_progress(st->name, i, c->n_stores);
		if (!any || act_store(a, st, e) == 0)
			continue;
		if (is_ours(e))
			return -1;
		a->n_failed++;
		(void)err_print(e, "dsar", stderr);
	}
	print_progress("", 1, 1);
	return 0;
}

int
erase_act(struct session *s, struct erasure *x, enum erasure_fate fate, uint64_t *ret_failed,
	struct err *e)
{
	CLEANUP(tombstones_freep) struct tombstones *tombstones = NULL;
	cleanup_mem bool *left = calloc(x->n + 1, sizeof(*left));
	struct acting a = { .s = s, .x = x, .fate = fate, .left = left };
	int rc;

	if (!left)
		return err_memory(e);
	if (keeper_init(&a.keeper, s, x->number, e) < 0 ||
		tombstones_open(s->conf, s->registry, s->now_us, &tombstones, e) < 0)
		return -1;
	a.tombstones = tombstones;
	a.item = (struct select_question){ .ctx = &a, .record = ask_item };
	a.of = select_ask(&a.item);
	a.whole = (struct select_question){ .ctx = &a, .record = ask_left };
	a.seen = select_ask(&a.whole);
	a.which = keeper_spare(&a.keeper, &a.of);
	rc = subject_read(s->registry, x->number, &a.subject, e);
	s->env.note = hear;
	if (rc == 0)
		rc = act_all(&a, e);
	s->env.note = NULL;
	subject_release(&a.subject);
	if (rc < 0 || keep_state(&a, e) < 0)
		return -1;
	*ret_failed = a.n_failed;
	return 0;
}
