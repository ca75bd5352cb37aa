/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/figures.h"

#include <string.h>
#include <time.h>

#include "dsar/case/case.h"
#include "dsar/register/registry-private.h"
#include "evidence/ledger.h"

#define DAY_US INT64_C(86400000000)

struct counting {
	struct registry *r;
	struct figures *f;
	int32_t today;
};

static struct tm
date_of(int64_t s)
{
	const time_t t = (time_t)s;
	struct tm tm;

	(void)gmtime_r(&t, &tm);
	return tm;
}

static struct figures_article *
article_of(struct figures *f, int article)
{
	for (int i = 0; i < FIGURES_ARTICLES; i++)
		if (f->of[i].article == article)
			return &f->of[i];
	return &f->of[0];
}

/* --- cases ------------------------------------------------------------------------------------ */

static int
see_answered(void *ctx, const char *kind, int64_t time_us, const json_t *data, struct err *e)
{
	const char *to = json_string_value(json_object_get(data, "to"));
	int64_t *us = ctx;

	(void)e;
	if (strcmp(kind, "moved") == 0 && to && strcmp(to, "answered") == 0)
		*us = time_us;
	return 0;
}

static void
count_answered(struct counting *g, const struct case_file *c, struct figures_article *a, int64_t us)
{
	const int64_t days = (int64_t)day_local(us) - c->received_day;
	const uint64_t n = days > 0 ? (uint64_t)days : 0;

	a->answered++;
	a->timed++;
	a->in_time += day_local(us) <= c->due_day;
	a->late += day_local(us) > c->due_day;
	a->days += n;
	a->longest = n > a->longest ? n : a->longest;
	g->f->within[n <= 7 ? 0 : n <= 14 ? 1 : n <= 31 ? 2 : n <= 92 ? 3 : 4]++;
}

static int
see_case(void *ctx, const struct case_file *c, struct err *e)
{
	struct counting *g = ctx;
	const struct tm tm = date_of((int64_t)c->received_day * 86400);
	struct figures_article *a = article_of(g->f, (int)c->article);
	int64_t answered_us = 0;

	if (tm.tm_year + 1900 != g->f->year)
		return 0;
	if (case_events(g->r, c->number, see_answered, &answered_us, e) < 0)
		return -1;
	a->n++;
	a->refused += c->refused;
	a->extended += c->extended;
	g->f->month[tm.tm_mon]++;
	if (answered_us != 0)
		count_answered(g, c, a, answered_us);
	else {
		a->open++;
		a->late += g->today > c->due_day;
	}
	return 0;
}

static int
count_gone(struct counting *g, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(g->r,
		    "SELECT article, outcome, in_time, n FROM case_count WHERE year = ?1", &st,
		    e) < 0)
		return -1;
	(void)sqlite3_bind_int(st, 1, g->f->year);
	while ((rc = registry_step(g->r, st, e)) == 0) {
		struct figures_article *a = article_of(g->f, sqlite3_column_int(st, 0));
		const uint64_t n = (uint64_t)sqlite3_column_int64(st, 3);
		const char *outcome = statement_str(st, 1);

		a->n += n;
		a->answered += n;
		a->refused += strcmp(outcome, "refused") == 0 ? n : 0;
		a->in_time += sqlite3_column_int(st, 2) ? n : 0;
		a->late += sqlite3_column_int(st, 2) ? 0 : n;
		g->f->gone += n;
	}
	return rc < 0 ? -1 : 0;
}

/* --- the ledger ------------------------------------------------------------------------------- */

static int
see_entry(void *ctx, const struct ledger_entry *en, struct err *e)
{
	struct figures *f = ctx;
	const char *needs;
	json_t *data;
	int rc = 0;

	if (date_of(en->time_us / 1000000).tm_year + 1900 != f->year)
		return 0;
	f->n_entries++;
	if (strcmp(en->kind, "refusal") != 0)
		return 0;
	data = json_loads(en->data, 0, NULL);
	needs = json_string_value(json_object_get(data, "needs"));
	if (needs)
		rc = json_object_set_new(f->refusals, needs,
			json_integer(json_integer_value(json_object_get(f->refusals, needs)) + 1));
	json_decref(data);
	return rc < 0 ? err_memory(e) : 0;
}

void
figures_release(struct figures *f)
{
	json_decref(f->refusals);
	f->refusals = NULL;
}

int
figures_read(struct registry *r, int year, int32_t today, struct figures *ret, struct err *e)
{
	static const int articles[FIGURES_ARTICLES] = { 15, 16, 17, 18, 20, 21, 7 };
	struct counting g = { r, ret, today };

	*ret = (struct figures){ .year = year, .refusals = json_object() };
	if (!ret->refusals)
		return err_memory(e);
	for (int i = 0; i < FIGURES_ARTICLES; i++)
		ret->of[i].article = articles[i];
	if (cases_each(r, see_case, &g, e) < 0 || count_gone(&g, e) < 0)
		return -1;
	return ledger_read(registry_ledger(r), 1, see_entry, ret, e);
}
