/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "dsar/act/keeper.h"
#include "dsar/act/rectify-private.h"
#include "record/record.h"
#include "store/row.h"

#define TEXT_MAX (1u << 20)

struct planning {
	struct session *s;
	struct rectification *x;
	struct keeper keeper;
	struct select_question question;
};

/* By an earlier plan of the case. */
static bool
is_over(const struct rectify_item *i)
{
	return i->fate == RECTIFY_DONE || i->fate == RECTIFY_STATED;
}

static int
state(struct rectify_item *i, const char *ground, struct err *e)
{
	char *copy = strdup(ground);

	if (!copy)
		return err_memory(e);
	free(i->ground);
	i->ground = copy;
	i->fate = RECTIFY_STATE;
	return 0;
}

static bool
is_declared(const struct conf_store *st, const char *field)
{
	for (size_t i = 0; i < st->rectify.n; i++)
		if (strcmp(st->rectify.v[i], field) == 0)
			return true;
	return false;
}

/* --- what a record becomes -------------------------------------------------------------------- */

/* Where the value of column NAME lies in R's text, and what stands before and behind a new one where it has none
 * (store/row.h). */
struct field_place {
	size_t at, len;
	const char *before, *equals, *behind;
};

static struct field_place
place_of(const struct record *r, const char *name)
{
	const struct span f = r->field ? r->field(r, name) : SPAN_NONE;
	const struct row_null *null = f.p ? NULL : row_null(r, name);

	if (f.p)
		return (struct field_place){ (size_t)(f.p - r->text.p), f.len, "", "", "" };
	return (struct field_place){ null->at, 0, null->at > 0 ? "\t" : "", "=",
		null->at > 0 ? "" : "\t" };
}

static int
compare_place(const void *a, const void *b, void *ctx)
{
	const struct record *r = ctx;
	const char *a_name = (*(struct rectify_item *const *)a)->field,
		   *b_name = (*(struct rectify_item *const *)b)->field;
	const struct row_null *a_null = row_null(r, a_name), *b_null = row_null(r, b_name);
	const size_t x = place_of(r, a_name).at, y = place_of(r, b_name).at;

	if (x != y)
		return x < y ? -1 : 1;
	/* of two that are NULL at one place the table's order counts, and a value there comes behind both */
	return a_null && (!b_null || a_null < b_null) ? -1 : 1;
}

/* The digest of R once all that is set of its find is set. */
static int
becomes(const struct record *r, struct rectify_item **item, size_t n, struct err *e)
{
	union {
		const struct record *given;
		void *ctx;
	} u = { r };
	struct buf text;
	struct record as = *r;
	size_t from = 0;
	bool failed;

	if (n == 0) /* its text may be larger than any that is set */
		return 0;
	qsort_r(item, n, sizeof(void *), compare_place, u.ctx);
	buf_init(&text, TEXT_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct field_place p = place_of(r, item[i]->field);

		buf_put(&text, r->text.p + from, p.at - from);
		buf_str(&text, p.before);
		if (*p.equals) {
			buf_str(&text, item[i]->field);
			buf_str(&text, p.equals);
		}
		buf_str(&text, item[i]->value);
		buf_str(&text, p.behind);
		from = p.at + p.len;
	}
	buf_put(&text, r->text.p + from, r->text.len - from);
	as.text = span_of(text.p, text.len);
	if (as.known_by > 0) /* all that is set lies in it, why_not() */
		as.known_by += text.len - r->text.len;
	for (size_t i = 0; !text.failed && i < n; i++)
		record_digest(&as, item[i]->becomes);
	failed = text.failed;
	buf_wipe(&text);
	return failed ? err_memory(e) : 0;
}

/* --- where they lie --------------------------------------------------------------------------- */

static bool
is_of(const struct rectify_item *i, const struct record *r)
{
	uint8_t digest[RECORD_DIGEST_LEN];

	if (strcmp(i->store, r->store->name) != 0)
		return false;
	record_digest(r, digest);
	return memcmp(digest, i->digest, sizeof(digest)) == 0;
}

static bool
ask_item(void *ctx, const struct record *r)
{
	const struct planning *p = ctx;

	for (size_t i = 0; i < p->x->n; i++)
		if (!is_over(&p->x->item[i]) && is_of(&p->x->item[i], r))
			return true;
	return false;
}

/* Does it belong to what R is known by? What hangs on a row stands behind that, by the names of its tables. */
static bool
is_own(const struct record *r, const char *name)
{
	const struct span field = r->field(r, name);
	const struct row_null *null = field.p ? NULL : row_null(r, name);

	if (!field.p)
		return null && null->own;
	return r->known_by == 0 || field.p <= r->text.p + r->known_by;
}

/* May this field of R be set? Else why not. */
static const char *
why_not(const struct record *r, const char *field, const char *kept)
{
	const bool fixed = strcmp(r->store->type, "sqlite") != 0 &&
			   strcmp(r->store->type, "postgres") != 0;

	if (strcmp(field, RECTIFY_WHOLE) == 0)
		return N_("a statement");
	if (fixed)
		return N_("records of this store stay as they were written");
	if (!is_declared(r->store, field))
		return N_("not among the fields that the store lets be rectified");
	if (!r->text.p || r->text.len > TEXT_MAX / 2 || !is_own(r, field))
		return N_("the record has no such field, or is too large");
	return kept;
}

static int
see_item(void *ctx, const struct record *r, struct err *e)
{
	struct planning *p = ctx;
	cleanup_mem struct rectify_item **set = calloc(p->x->n + 1, sizeof(void *));
	char ground[KEEPER_GROUND_MAX];
	int64_t until_us;
	const char *kept = keeper_why(&p->keeper, r, ground, &until_us) ? ground : NULL;
	size_t n = 0;

	if (!set)
		return err_memory(e);
	for (size_t i = 0; i < p->x->n; i++) {
		struct rectify_item *it = &p->x->item[i];
		const char *why;

		if (is_over(it) || !is_of(it, r))
			continue;
		why = why_not(r, it->field, kept);
		if (why && state(it, why, e) < 0)
			return -1;
		if (why)
			continue;
		it->ground[0] = '\0';
		it->fate = RECTIFY_SET;
		set[n++] = it;
	}
	return becomes(r, set, n, e);
}

static bool
concerns(const struct rectification *x, const struct conf_store *st)
{
	for (size_t i = 0; i < x->n; i++)
		if (!is_over(&x->item[i]) && strcmp(x->item[i].store, st->name) == 0)
			return true;
	return false;
}

/* Entries of a journal are found there by name alone: they stay as they are anyhow. */
static int
begin(struct planning *p, struct err *e)
{
	for (size_t i = 0; i < p->x->n; i++) {
		struct rectify_item *it = &p->x->item[i];
		const struct conf_store *st = conf_find_store(p->s->conf, it->store);
		const bool journal = st && st->journal.n > 0;

		if (is_over(it))
			continue;
		if (strcmp(it->field, RECTIFY_WHOLE) == 0) {
			if (state(it, N_("a statement"), e) < 0)
				return -1;
		} else if (state(it,
				   journal ? N_("records of this store stay as they were written")
					   : RECTIFY_MISSING,
				   e) < 0) {
			return -1;
		}
	}
	return 0;
}

int
rectify_plan(struct session *s, struct rectification *x, struct err *e)
{
	struct planning p = { .s = s, .x = x };
	struct selector which;

	p.question = (struct select_question){ .ctx = &p, .record = ask_item };
	which = select_ask(&p.question);
	if (keeper_init(&p.keeper, s, x->number, e) < 0 || begin(&p, e) < 0)
		return -1;
	for (size_t i = 0; i < s->conf->n_stores; i++)
		if (concerns(x, &s->conf->store[i]) &&
			store_visit(&s->env, &s->conf->store[i], &which, see_item, &p, e) < 0)
			return -1;
	return 0;
}
