/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/postgres/postgres-private.h"

/* --- its declaration -------------------------------------------------------------------------- */

static int
read_vacuum(struct pg *t, struct err *e)
{
	static const char *const words[] = { "no", "yes", "full" };
	const char *word = store_option(t->store.conf, "vacuum", "yes");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i]) == 0) {
			t->vacuum = (enum pg_vacuum)i;
			return 0;
		}
	}
	return pg_fail_conf(t, N_("vacuum is \"no\", \"yes\" or \"full\""), word, e);
}

static int
read_options(struct pg *t, const struct conf_store *s, struct err *e)
{
	const char *table = store_option(s, "table", NULL);
	const char *database = store_option(s, "service", store_option(s, "database", ""));

	t->time = store_option(s, "time", s->until_erased ? "" : NULL);
	t->where = store_option(s, "where", "true");
	t->with_text = strdup(store_option(s, "with", ""));
	t->clear_text = strdup(store_option(s, "clear", ""));
	t->untie_text = strdup(store_option(s, "untie", ""));
	if (asprintf(&t->place_text, "%s.%s", database, table ? table : "") < 0)
		t->place_text = NULL;
	t->place = t->place_text;
	if (!t->with_text || !t->clear_text || !t->untie_text || !t->place)
		return err_memory(e);
	t->n_with = row_names(t->with_text, t->with);
	t->n_clear = row_names(t->clear_text, t->clear);
	t->n_untie = row_names(t->untie_text, t->untie);
	if (!table || !t->time)
		return pg_fail_conf(
			t, N_("table or time is not declared"), table ? "time" : "table", e);
	for (size_t i = 0; t->n_clear > 0 && strcmp(t->clear[i], t->time) != 0;)
		if (++i == t->n_clear)
			return pg_fail_conf(
				t, N_("what is cleared has to include the time"), t->time, e);
	if (row_time_declared(s, ROW_TIME_S, &t->form, e) < 0)
		return -1;
	return read_vacuum(t, e);
}

static void
postgres_free(struct store *s)
{
	struct pg *t = (struct pg *)s;

	pg_table_release(t);
	PQfinish(t->conn);
	row_release(&t->row);
	free(t->place_text);
	free(t->with_text);
	free(t->untie_text);
	free(t->clear_text);
	free(t);
}

static int
postgres_open(
	const struct store_env *env, const struct conf_store *s, struct store **ret, struct err *e)
{
	struct pg *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return err_memory(e);
	t->store.conf = s;
	t->store.env = env;
	row_init(&t->row, env->memory_max);
	timestamp_init(&t->ts, "UTC");
	rc = read_options(t, s, e);
	if (rc == 0)
		rc = pg_connect(t, e);
	if (rc == 0)
		rc = pg_table_read(t, e);
	if (rc != 0) {
		postgres_free(&t->store);
		return rc;
	}
	*ret = &t->store;
	return 0;
}

/* --- questions -------------------------------------------------------------------------------- */

/* Return as store_seen. */
typedef int found_seen(void *ctx, const struct pg_found *f, struct err *e);

/* Ends ROWS. */
static int
each_of(struct pg_rows *rows, int rc, found_seen *seen, void *ctx, struct err *e)
{
	struct pg_found f;

	while (rc == 0 && (rc = pg_rows_page(rows, e)) == 0)
		while (rc == 0 && pg_rows_next(rows, &f) == 0)
			rc = store_stopped(&rows->t->store) ? 1 : seen(ctx, &f, e);
	pg_rows_end(rows);
	return rc < 0 ? -1 : 0;
}

static int
each_row(struct pg *t, const struct selector *which, bool texts, size_t leaf, found_seen *seen,
	void *ctx, struct err *e)
{
	struct pg_rows rows;
	const int rc = pg_rows_begin(t, which, texts, false, &rows, e);

	rows.only = leaf;
	rows.by_time &= leaf == SIZE_MAX;
	return each_of(&rows, rc, seen, ctx, e);
}

struct scanning {
	store_seen *seen;
	void *ctx;
};

static int
scan_row(void *ctx, const struct pg_found *f, struct err *e)
{
	const struct scanning *x = ctx;

	return f->selected ? x->seen(x->ctx, &f->record, e) : 0;
}

static int
postgres_scan(
	struct store *s, const struct selector *which, store_seen *seen, void *ctx, struct err *e)
{
	struct scanning x = { seen, ctx };
	struct pg *t = (struct pg *)s;
	CLEANUP(pg_signs_release) struct pg_signs signs;
	struct pg_rows rows;
	struct err ignored;
	int rc;

	if (pg_signs_make(t, selector_signs(which), &signs, e) < 0)
		return -1;
	/* all pages are of one moment: no row moves from one that is to be read to one that was; what is done with
	 * one before the next is asked for takes its time */
	if (pg_run(t, "SET idle_in_transaction_session_timeout = 0", e) < 0 ||
		pg_run(t, "BEGIN ISOLATION LEVEL REPEATABLE READ", e) < 0)
		return -1;
	rc = pg_rows_begin(t, which, true, false, &rows, e);
	pg_rows_look(&rows, &signs);
	rc = each_of(&rows, rc, scan_row, &x, e);
	if (pg_run(t, rc < 0 ? "ROLLBACK" : "COMMIT", rc < 0 ? &ignored : e) < 0)
		return -1;
	/* an act's transaction holds locks: there the server's own bound is welcome */
	return pg_run(t, "RESET idle_in_transaction_session_timeout", rc < 0 ? &ignored : e) < 0
		       ? -1
		       : rc;
}

static int
postgres_size(struct store *s, struct store_size *ret, struct err *e)
{
	struct pg *t = (struct pg *)s;
	uint64_t bytes = 0;

	for (size_t i = 0; i < t->n_leaves; i++) {
		const char *params[] = { t->leaf[i] };
		CLEANUP_PG PGresult *r = pg_ask(
			t, e, "SELECT pg_total_relation_size($1::oid)", 1, params);

		if (!r)
			return -1;
		bytes += strtoull(PQgetvalue(r, 0, 0), NULL, 10);
	}
	*ret = (struct store_size){ bytes, t->n_leaves };
	return 0;
}

static int
postgres_cost(struct store *s, const struct selector *which, struct store_cost *ret, struct err *e)
{
	const struct pg *t = (struct pg *)s;
	struct store_size size = { 0 };
	int64_t from_us, to_us;
	bool timeless;

	selector_reach(which, &from_us, &to_us, &timeless);
	ret->indexed = t->indexed && !timeless;
	if (!ret->indexed && postgres_size(s, &size, e) < 0)
		return -1;
	ret->bytes = size.bytes;
	return 0;
}

struct oldest {
	int64_t us;
	bool first; /* rows come by time: one is enough */
};

static int
see_oldest(void *ctx, const struct pg_found *f, struct err *e)
{
	struct oldest *x = ctx;

	(void)e;
	if (!f->selected || f->record.time_us == RECORD_NO_TIME)
		return 0;
	if (f->record.time_us < x->us)
		x->us = f->record.time_us;
	return x->first;
}

static int
postgres_oldest(struct store *s, const struct selector *which, int64_t *us, struct err *e)
{
	struct pg *t = (struct pg *)s;
	struct oldest x = { *us, t->indexed };

	if (each_row(t, which, false, SIZE_MAX, see_oldest, &x, e) < 0)
		return -1;
	*us = x.us;
	return 0;
}

/* --- plans ------------------------------------------------------------------------------------ */

struct planning {
	struct pg *t;
	const struct selector *which;
	struct plan *plan;
	struct plan_step *step;
	uint64_t n_blocked;
	char **dropped; /* oids of the partitions that go whole */
	size_t n_dropped;
};

static struct plan_step
new_step(const struct pg *t, enum plan_action action)
{
	return (struct plan_step){ .store = t->store.conf->name,
		.action = action,
		.technique =
			PLAN_UNLINKED, /* pages, and the log, keep what was until they are reused */
		.place = t->place,
		.n_stay = UINT64_MAX,
		.oldest_us = RECORD_NO_TIME,
		.newest_us = RECORD_NO_TIME };
}

static int
count_row(void *ctx, const struct pg_found *f, struct err *e)
{
	struct planning *x = ctx;
	struct plan_step *step = x->step;

	(void)e;
	if (!f->selected) {
		step->n_stay += step->n_stay != UINT64_MAX;
		return 0;
	}
	for (size_t i = 0; i < x->n_dropped; i++)
		if (strcmp(x->dropped[i], f->oid) == 0)
			return 0;
	if (f->blocked) {
		x->n_blocked++;
		return 0;
	}
	plan_count(step, f->record.time_us, f->record.size);
	return 0;
}

/* How many rows LEAF has, whatever their time. */
static int
count_all(struct pg *t, size_t leaf, uint64_t *ret, struct err *e)
{
	struct buf sql;
	CLEANUP_PG PGresult *r = NULL;

	buf_init(&sql, 1 << 12);
	buf_printf(&sql, "SELECT count(*) FROM ONLY %s", t->leaf_rel[leaf]);
	r = pg_ask_buf(t, &sql, e);
	if (!r)
		return -1;
	*ret = strtoull(PQgetvalue(r, 0, 0), NULL, 10);
	return 0;
}

int
pg_leaf_goes(struct pg *t, const struct selector *which, size_t leaf, struct plan_step *step,
	bool *ret, struct err *e)
{
	struct planning x = { .t = t, .which = which, .step = step };
	uint64_t n;

	if (each_row(t, which, false, leaf, count_row, &x, e) < 0 || count_all(t, leaf, &n, e) < 0)
		return -1;
	*ret = n > 0 && n == step->n_records;
	return 0;
}

/* Partitions whose range ends where WHICH reaches, and of which everything goes. */
static int
plan_partition(struct planning *x, const PGresult *r, int i, struct err *e)
{
	struct pg *t = x->t;
	struct plan_step step = new_step(t, PLAN_DROP);
	const int64_t end_us = pg_time_of(t, PQgetvalue(r, i, 2));
	int64_t from_us, to_us;
	bool timeless, goes;
	size_t leaf = 0;

	selector_reach(x->which, &from_us, &to_us, &timeless);
	if (timeless || end_us == RECORD_NO_TIME || end_us > to_us)
		return 0;
	while (leaf < t->n_leaves && strcmp(t->leaf[leaf], PQgetvalue(r, i, 0)) != 0)
		leaf++;
	if (leaf == t->n_leaves)
		return 0;
	if (pg_leaf_goes(t, x->which, leaf, &step, &goes, e) < 0)
		return -1;
	if (!goes)
		return 0;
	step.place = t->leaf_rel[leaf];
	step.driver = strtoull(t->leaf[leaf], NULL, 10);
	step.bytes = strtoull(PQgetvalue(r, i, 1), NULL, 10);
	step.n_stay = 0;
	x->dropped[x->n_dropped++] = t->leaf[leaf];
	return plan_add(x->plan, &step, e);
}

static int
plan_partitions(struct planning *x, struct err *e)
{
	struct pg *t = x->t;
	CLEANUP_PG PGresult *r = NULL;
	struct buf sql, bound;

	if (!t->by_range || t->n_clear > 0 || t->n_nodes > 1 || strcmp(t->where, "true") != 0)
		return 0;
	buf_init(&bound, 1 << 12);
	buf_printf(&bound,
		"(substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \\(''([^'']*)''\\)'))::%s",
		t->time_type);
	buf_char(&bound, '\0');
	buf_init(&sql, 1 << 14);
	buf_str(&sql, "SELECT c.oid, pg_total_relation_size(c.oid), ");
	if (!bound.failed)
		pg_put_time(t, &sql, bound.p);
	buf_printf(&sql,
		" FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
		" WHERE i.inhparent = %s AND c.relkind = 'r' ORDER BY 3",
		t->node[0].oid);
	buf_release(&bound);
	r = pg_ask_buf(t, &sql, e);
	for (int i = 0; r && i < PQntuples(r); i++)
		if (plan_partition(x, r, i, e) < 0)
			return -1;
	return r ? 0 : -1;
}

/* Rows without a time never pass their period: somebody has to know. */
static int
tell_timeless(struct pg *t, struct err *e)
{
	struct buf sql;
	CLEANUP_PG PGresult *r = NULL;

	if (t->n_clear > 0 || !*t->time)
		return 0;
	buf_init(&sql, 1 << 16);
	buf_printf(&sql, "SELECT EXISTS (SELECT FROM %s t WHERE %s IS NULL AND (%s))",
		t->node[0].rel, t->time_column, t->where);
	r = pg_ask_buf(t, &sql, e);
	if (!r)
		return -1;
	if (*PQgetvalue(r, 0, 0) == 't')
		store_tell(&t->store, NOTE_NO_TIME, t->place, "none: they stay");
	return 0;
}

static int
postgres_plan(struct store *s, const struct selector *which, struct plan *plan, struct err *e)
{
	struct pg *t = (struct pg *)s;
	struct plan_step step = new_step(t, t->n_clear > 0 ? PLAN_BLANK : PLAN_DELETE);
	cleanup_mem char **dropped = calloc(t->n_leaves + 1, sizeof(*dropped));
	struct planning x = {
		.t = t, .which = which, .plan = plan, .step = &step, .dropped = dropped
	};

	if (!dropped)
		return err_memory(e);
	if (plan_partitions(&x, e) < 0 ||
		each_row(t, which, false, SIZE_MAX, count_row, &x, e) < 0 ||
		tell_timeless(t, e) < 0)
		return -1;
	if (x.n_blocked > 0)
		store_tell(s, NOTE_NOT_POSSIBLE, t->place,
			"rows of tables that `with' does not name point to them");
	return step.n_records > 0 ? plan_add(plan, &step, e) : 0;
}

const struct store_driver store_postgres = {
	.type = "postgres",
	.open = postgres_open,
	.free = postgres_free,
	.scan = postgres_scan,
	.cost = postgres_cost,
	.plan = postgres_plan,
	.act = pg_act,
	.set = pg_set,
	.oldest = postgres_oldest,
	.size = postgres_size,
};
