/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Find by find: an entry in both ledgers, the act, its result. A find that is there as it becomes and not as it was
 * was set by a run that was ended before it could write that down.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <sodium.h>

#include "base/now.h"
#include "dsar/case/case.h"
#include "dsar/search/find.h"
#include "dsar/act/correction.h"
#include "dsar/act/keeper.h"
#include "dsar/act/rectify-private.h"
#include "dsar/register/registry.h"
#include "dsar/act/restriction.h"
#include "evidence/hold.h"
#include "evidence/ledger.h"
#include "record/record.h"

struct acting {
	struct session *s;
	struct rectification *x;
	struct keeper keeper;
	struct corrections *corrections;
	struct store_value *value;       /* of the find at hand, as many as its items */
	int64_t begun_us;                /* … when it was looked at */
	const struct rectify_item *item; /* the first of the find at hand */
	size_t n;                        /* its items, one behind the other */
	struct select_question as_was, as_becomes;
	bool was, is; /* it lies there so */
	struct find now;
	struct buf text;
};

static bool
has_digest(const struct record *r, const char *store, const uint8_t want[RECORD_DIGEST_LEN])
{
	uint8_t digest[RECORD_DIGEST_LEN];

	if (strcmp(store, r->store->name) != 0)
		return false;
	record_digest(r, digest);
	return memcmp(digest, want, sizeof(digest)) == 0;
}

static bool
ask_was(void *ctx, const struct record *r)
{
	const struct acting *a = ctx;

	return has_digest(r, a->item->store, a->item->digest);
}

static bool
ask_becomes(void *ctx, const struct record *r)
{
	const struct acting *a = ctx;

	return has_digest(r, a->item->store, a->item->becomes);
}

static int
see(void *ctx, const struct record *r, struct err *e)
{
	struct acting *a = ctx;

	if (ask_was(a, r)) {
		a->was = true;
		return memcmp(a->item->digest, a->item->becomes, RECORD_DIGEST_LEN) == 0
			       ? 0
			       : corrections_add(a->corrections, a->x->number, r, a->item->becomes,
					 a->value, a->n, a->begun_us, e);
	}
	a->is = true;
	buf_clear(&a->text);
	buf_span(&a->text, r->text);
	a->now.time_us = r->time_us;
	a->now.size = r->size;
	return a->text.failed ? err_memory(e) : 0;
}

static int
look(struct acting *a, struct store *store, struct err *e)
{
	const struct selector was = select_ask(&a->as_was), is = select_ask(&a->as_becomes);
	const struct selector either = select_or(&was, &is);

	a->was = a->is = false;
	return store_scan(store, &either, see, a, e);
}

/* --- what is written down --------------------------------------------------------------------- */

static json_t *
entry_of(const struct acting *a, const char *technique)
{
	return json_pack("{s:s, s:s, s:I, s:I, s:s}", "store", a->item->store, "plan", a->x->hash,
		"find", (json_int_t)a->item->find, "fields", (json_int_t)a->n, "technique",
		technique);
}

/* What proves it when the values are long gone: of which record which one was made (R16). */
static json_t *
event_of(const struct rectify_item *i, const char *what)
{
	char from[2 * RECORD_DIGEST_LEN + 1], to[2 * RECORD_DIGEST_LEN + 1];

	(void)sodium_bin2hex(from, sizeof(from), i->digest, sizeof(i->digest));
	(void)sodium_bin2hex(to, sizeof(to), i->becomes, sizeof(i->becomes));
	return json_pack("{s:s, s:s, s:s, s:s}", "what", what, "store", i->store, "from", from,
		"to", i->fate == RECTIFY_DONE ? to : from);
}

/* FATE for the find's items, the find's new text and the account, in one change. */
static int
keep_result(struct acting *a, enum rectify_fate fate, struct err *e)
{
	struct registry *r = a->s->registry;
	const size_t at = (size_t)(a->item - a->x->item);
	int rc = registry_begin(r, e);

	if (rc < 0)
		return -1;
	for (size_t i = at; i < at + a->n; i++)
		a->x->item[i].fate = fate;
	for (size_t i = at; rc == 0 && fate == RECTIFY_STATED && i < at + a->n; i++)
		rc = statement_attach(r, a->x->number, a->item->digest, a->x->item[i].field,
			a->x->item[i].value, now_us(), e);
	/* what is stated about it belongs to the record that it is by now */
	for (size_t i = at + a->n; fate == RECTIFY_DONE && i < a->x->n; i++)
		if (a->x->item[i].find == a->item->find)
			memcpy(a->x->item[i].digest, a->item->becomes, RECORD_DIGEST_LEN);
	if (rc == 0 && fate == RECTIFY_DONE && a->is) {
		memcpy(a->now.digest, a->item->becomes, sizeof(a->now.digest));
		a->now.text = span_of(a->text.p, a->text.len);
		rc = find_became(r, a->x->number, a->item->find, &a->now, e);
		if (rc == 0)
			rc = restriction_became(r, a->item->digest, a->item->becomes, e);
	}
	if (rc == 0)
		rc = case_event(r, a->x->number, "rectification",
			event_of(a->item, rectify_fate_name(fate)), now_us(), e);
	if (rc == 0)
		rc = rectification_update(r, a->x, e);
	return registry_end(r, rc, e);
}

/* --- acts ------------------------------------------------------------------------------------- */

static int
set(struct acting *a, struct store *store, uint64_t *ret_n, struct err *e)
{
	const struct selector was = select_ask(&a->as_was);
	const struct selector *which = keeper_spare(&a->keeper, &was);
	int rc;

	if (holds_lock(a->s->holds, e) < 0)
		return -1;
	rc = store_set(store, which, a->value, a->n, ret_n, e);
	holds_unlock(a->s->holds);
	return rc == STORE_FIXED
		       ? err_fail(e, EX_UNAVAILABLE, 0,
				 N_("records of this store stay as they were written"), NULL, NULL)
		       : rc;
}

static int
fail_gone(struct err *e)
{
	return err_fail(e, EX_UNAVAILABLE, 0,
		N_("the record is locked, held by now, or not as it was looked at"),
		N_("say it again, or search again"), NULL);
}

/* STORE_REFUSED: nothing was changed. */
static int
act_set(struct acting *a, struct store *store, struct err *e)
{
	uint64_t n = 0;
	json_t *d;

	cleanup_mem struct store_value *v = calloc(a->n, sizeof(*v));

	if (!v)
		return err_memory(e);
	for (size_t i = 0; i < a->n; i++)
		v[i] = (struct store_value){ a->item[i].field, a->item[i].value };
	a->value = v;
	a->begun_us = now_us();
	if (look(a, store, e) < 0)
		return -1;
	if (!a->was && !a->is)
		return fail_gone(e);
	if (a->was && memcmp(a->item->digest, a->item->becomes, RECORD_DIGEST_LEN) != 0) {
		int rc = session_note(a->s, a->x->number, "rectify", entry_of(a, "update"), e);

		if (rc == 0)
			rc = set(a, store, &n, e);
		if (rc != 0 || look(a, store, e) < 0)
			return rc == STORE_REFUSED ? rc : -1;
		if (a->was || n == 0)
			return fail_gone(e);
	}
	d = entry_of(a, "update");
	/* one that was set by a run before this one, or that the database has changed further itself */
	(void)json_object_set_new(d, "records", json_integer((json_int_t)n));
	(void)json_object_set_new(d, "found_again", json_boolean(a->is));
	return session_note(a->s, a->x->number, "rectified", d, e) < 0
		       ? -1
		       : keep_result(a, RECTIFY_DONE, e);
}

static int
act_state(struct acting *a, struct err *e)
{
	return session_note(a->s, a->x->number, "rectify", entry_of(a, "statement"), e) < 0
		       ? -1
		       : keep_result(a, RECTIFY_STATED, e);
}

/* What the store does not take is attached as well, and said. */
static int
act_refused(struct acting *a, struct err *e)
{
	struct rectify_item *i = &a->x->item[a->item - a->x->item];

	if (corrections_drop(a->corrections, a->x->number, i->store, a->begun_us, e) < 0)
		return -1;
	for (size_t k = 0; k < a->n; k++) {
		free(i[k].ground);
		i[k].ground = strdup(N_("the store does not take the value"));
		if (!i[k].ground)
			return err_memory(e);
	}
	return act_state(a, e);
}

static int
act_find(struct acting *a, struct err *e)
{
	const struct conf_store *st = conf_find_store(a->s->conf, a->item->store);
	CLEANUP(store_freep) struct store *store = NULL;
	int rc;

	if (a->item->fate == RECTIFY_STATE)
		return act_state(a, e);
	rc = st ? store_open(&a->s->env, st, &store, e) : STORE_ABSENT;
	if (rc == STORE_ABSENT)
		rc = err_fail(
			e, EX_UNAVAILABLE, 0, N_("the store is not there any more"), NULL, NULL);
	if (rc == 0)
		rc = act_set(a, store, e);
	if (rc == STORE_REFUSED)
		return act_refused(a, e);
	return rc < 0 ? err_within(e, "store \"%s\"", a->item->store) : 0;
}

static bool
is_ours(const struct err *e)
{
	return e->exit == EX_CANTCREAT ||
	       e->exit == EX_IOERR; /* a ledger, the register, the holds */
}

static bool
is_alike(const struct rectify_item *a, const struct rectify_item *b)
{
	return a->find == b->find && a->fate == b->fate;
}

/* A find's items of one fate are one act: they come by find, and of a find first those that are set. */
static int
compare(const void *a, const void *b)
{
	const struct rectify_item *x = a, *y = b;

	if (x->find != y->find)
		return x->find < y->find ? -1 : 1;
	return x->fate != y->fate ? (x->fate < y->fate ? -1 : 1) : strcmp(x->field, y->field);
}

static int
act_all(struct acting *a, uint64_t *n_failed, struct err *e)
{
	qsort(a->x->item, a->x->n, sizeof(a->x->item[0]), compare);
	for (size_t i = 0; i < a->x->n; i += a->n) {
		a->item = &a->x->item[i];
		for (a->n = 1; i + a->n < a->x->n && is_alike(a->item, a->item + a->n);)
			a->n++;
		if (a->item->fate == RECTIFY_DONE || a->item->fate == RECTIFY_STATED ||
			act_find(a, e) == 0)
			continue;
		if (is_ours(e))
			return -1;
		*n_failed += a->n;
		(void)err_print(e, "dsar", stderr);
	}
	return 0;
}

int
rectify_act(struct session *s, struct rectification *x, uint64_t *ret_failed, struct err *e)
{
	CLEANUP(corrections_freep) struct corrections *corrections = NULL;
	struct acting a = { .s = s, .x = x };
	uint64_t n_failed = 0;
	int rc;

	a.as_was = (struct select_question){ .ctx = &a, .record = ask_was };
	a.as_becomes = (struct select_question){ .ctx = &a, .record = ask_becomes };
	if (keeper_init(&a.keeper, s, x->number, e) < 0 ||
		corrections_open(s->conf, s->registry, s->now_us, &corrections, e) < 0)
		return -1;
	a.corrections = corrections;
	buf_init(&a.text, s->env.memory_max);
	rc = act_all(&a, &n_failed, e);
	buf_wipe(&a.text);
	if (rc < 0)
		return -1;
	*ret_failed = n_failed;
	return 0;
}
