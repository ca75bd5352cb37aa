/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "store/sqlite/sqlite-private.h"

static void sqlite_free(struct store *s);

/* --- its declaration -------------------------------------------------------------------------- */

static int
fail_option(const struct conf_store *s, const char *what, const char *value, struct err *e)
{
	return conf_fail(e, &s->where, what, N_("see sqlite in sparsam.conf(5)"),
		"store \"%s\": %s", s->name, value);
}

static int
read_options(struct sqlite *t, const struct conf_store *s, struct err *e)
{
	const char *vacuum = store_option(s, "vacuum", "never");

	t->table = store_option(s, "table", NULL);
	t->time = store_option(s, "time", s->until_erased ? "" : NULL);
	t->where = store_option(s, "where", "1");
	t->clear_text = strdup(store_option(s, "clear", ""));
	if (!t->clear_text)
		return err_memory(e);
	t->n_clear = row_names(t->clear_text, t->clear);
	t->vacuum = strcmp(vacuum, "remains") == 0;
	if (!t->table || !t->time)
		return fail_option(
			s, N_("table or time is not declared"), t->table ? "time" : "table", e);
	if (!t->vacuum && strcmp(vacuum, "never") != 0)
		return fail_option(s, N_("vacuum is \"never\" or \"remains\""), vacuum, e);
	for (size_t i = 0; t->n_clear > 0 && strcmp(t->clear[i], t->time) != 0;)
		if (++i == t->n_clear)
			return fail_option(
				s, N_("what is cleared has to include the time"), t->time, e);
	return row_time_declared(s, ROW_TIME_S, &t->form, e);
}

/* --- a question, asked of each database ------------------------------------------------------- */

struct question {
	struct sqlite *t;
	const struct selector *which;
	store_seen *seen;
	void *ctx;
	struct plan *plan;
	struct store_cost *cost;
};

static int
each_file(struct question *q, place_seen *seen, struct err *e)
{
	return store_places(&q->t->store, PLACE_FILE, seen, q, e);
}

/* 0; 1: there is nothing to read, which is told if it is a fault. */
static int
open_place(const struct question *q, const struct place *p, struct sqlite_db **ret, struct err *e)
{
	int rc = sqlite_db_open(q->t, p->dirfd, p->name, p->path, false, ret, e);

	/* what a killed writer left has to be rolled back before anybody can read */
	if (rc < 0 && e->exit == EX_NOPERM)
		rc = sqlite_db_open(q->t, p->dirfd, p->name, p->path, true, ret, e);
	if (rc >= 0 || (e->exit != EX_DATAERR && e->exit != EX_NOPERM))
		return rc;
	store_tell(&q->t->store, e->exit == EX_DATAERR ? NOTE_DAMAGED : NOTE_NOT_POSSIBLE, p->path,
		e->what);
	return 1;
}

/* Calls SEEN for each row of DB that is selected; nothing is locked for longer than a slice. */
static int
each_row(struct question *q, struct sqlite_db *db, bool texts, store_seen *seen, void *ctx,
	struct err *e)
{
	struct sqlite_rows rows;
	struct record r;
	int rc = sqlite_rows_begin(db, q->which, texts, &rows, e);
	int64_t end_us = sqlite_now_us() + SLICE_US;

	while (rc == 0 && (rc = sqlite_rows_next(&rows, &r, e)) != 1) {
		if (rc == 0)
			rc = seen(ctx, &r, e);
		else if (rc == 2)
			rc = 0;
		if (rc == 0 && store_stopped(&q->t->store))
			rc = 1;
		if (sqlite_now_us() > end_us) {
			sqlite_rows_rest(&rows, false);
			end_us = sqlite_now_us() + SLICE_US;
		}
	}
	sqlite_rows_end(&rows);
	return rc < 0 ? -1 : 0;
}

static int
damaged(const struct question *q, const struct place *p, const struct err *e)
{
	if (e->exit != EX_DATAERR)
		return -1;
	store_tell(&q->t->store, NOTE_DAMAGED, p->path, e->what);
	return 0;
}

static int
scan_file(void *ctx, const struct place *p, struct err *e)
{
	struct question *q = ctx;
	CLEANUP(sqlite_db_freep) struct sqlite_db *db = NULL;
	int rc = open_place(q, p, &db, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	rc = each_row(q, db, true, q->seen, q->ctx, e);
	return rc < 0 ? damaged(q, p, e) : store_stopped(&q->t->store);
}

static int
sqlite_scan(
	struct store *s, const struct selector *which, store_seen *seen, void *ctx, struct err *e)
{
	struct question q = { .t = (struct sqlite *)s, .which = which, .seen = seen, .ctx = ctx };

	return each_file(&q, scan_file, e);
}

static int
cost_file(void *ctx, const struct place *p, struct err *e)
{
	const struct question *q = ctx;
	CLEANUP(sqlite_db_freep) struct sqlite_db *db = NULL;
	int64_t from_us, to_us;
	bool timeless;
	int rc = open_place(q, p, &db, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	selector_reach(q->which, &from_us, &to_us, &timeless);
	if (timeless || !db->indexed) {
		q->cost->bytes += (uint64_t)p->st.st_size;
		q->cost->indexed = false;
	}
	return 0;
}

static int
sqlite_cost(struct store *s, const struct selector *which, struct store_cost *ret, struct err *e)
{
	struct question q = { .t = (struct sqlite *)s, .which = which, .cost = ret };

	*ret = (struct store_cost){ .indexed = true };
	return each_file(&q, cost_file, e);
}

/* By time the first one decides, else each is asked. */
static int
see_first(void *ctx, const struct record *r, struct err *e)
{
	(void)store_see_oldest(ctx, r, e);
	return 1;
}

static int
oldest_file(void *ctx, const struct place *p, struct err *e)
{
	struct question *q = ctx;
	CLEANUP(sqlite_db_freep) struct sqlite_db *db = NULL;
	int rc = open_place(q, p, &db, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	/* an ISO text sorts by its day: within it zones may differ */
	rc = each_row(q, db, false,
		db->indexed && q->t->form != ROW_TIME_ISO ? see_first : store_see_oldest, q->ctx,
		e);
	return rc < 0 ? damaged(q, p, e) : 0;
}

static int
sqlite_oldest(struct store *s, const struct selector *which, int64_t *us, struct err *e)
{
	struct question q = { .t = (struct sqlite *)s, .which = which, .ctx = us };

	return each_file(&q, oldest_file, e);
}

/* --- plans ------------------------------------------------------------------------------------ */

static int
count_row(void *ctx, const struct record *r, struct err *e)
{
	struct plan_step *step = ctx;

	(void)e;
	plan_count(step, r->time_us, r->size);
	return 0;
}

/* Rows without a time never pass their period: somebody has to know. */
static void
tell_timeless(const struct question *q, const struct sqlite_db *db)
{
	struct buf sql;

	if (q->t->n_clear > 0 || !*q->t->time)
		return;
	buf_init(&sql, 1 << 16);
	buf_str(&sql, "SELECT count(*) FROM ");
	row_quote(&sql, q->t->table);
	buf_str(&sql, " WHERE ");
	row_quote(&sql, q->t->time);
	buf_printf(&sql, " IS NULL AND (%s)", q->t->where);
	buf_char(&sql, '\0');
	if (!sql.failed && sqlite_db_number(db, sql.p, 0) > 0)
		store_tell(&q->t->store, NOTE_NO_TIME, db->path, "none: they stay");
	buf_release(&sql);
}

/* A write-ahead log with something in it. A run that was ended between its last transaction and the log's
 * end has left there, or in the file behind it, what it deleted: so the log is cut off again, and
 * whose frames they are cannot be told. */
static bool
has_log(const struct place *p)
{
	char log[NAME_MAX + 1];
	struct stat st;

	return snprintf(log, sizeof(log), "%s-wal", p->name) < (int)sizeof(log) &&
	       fstatat(p->dirfd, log, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size > 0;
}

static int
plan_file(void *ctx, const struct place *p, struct err *e)
{
	struct question *q = ctx;
	CLEANUP(sqlite_db_freep) struct sqlite_db *db = NULL;
	struct plan_step step = { .store = q->t->store.conf->name,
		.action = q->t->n_clear > 0 ? PLAN_BLANK : PLAN_DELETE,
		/* the row's bytes are overwritten, those in the journal are only unlinked */
		.technique = PLAN_UNLINKED,
		.place = p->path,
		.dev = p->st.st_dev,
		.ino = p->st.st_ino,
		.n_stay = UINT64_MAX,
		.oldest_us = RECORD_NO_TIME,
		.newest_us = RECORD_NO_TIME };
	int rc = open_place(q, p, &db, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (each_row(q, db, true, count_row, &step, e) < 0)
		return damaged(q, p, e);
	tell_timeless(q, db);
	return step.n_records > 0 || has_log(p) ? plan_add(q->plan, &step, e) : 0;
}

static int
sqlite_plan(struct store *s, const struct selector *which, struct plan *plan, struct err *e)
{
	struct question q = { .t = (struct sqlite *)s, .which = which, .plan = plan };

	return each_file(&q, plan_file, e);
}

/* --- the driver ------------------------------------------------------------------------------- */

static int
check_place(void *ctx, const struct place *p, struct err *e)
{
	struct question *q = ctx;
	CLEANUP(sqlite_db_freep) struct sqlite_db *db = NULL;
	int rc = open_place(q, p, &db, e);

	return rc < 0 ? -1 : 0;
}

static int
sqlite_open(
	const struct store_env *env, const struct conf_store *s, struct store **ret, struct err *e)
{
	struct sqlite *t = calloc(1, sizeof(*t));
	struct question q = { .t = t };

	if (!t)
		return err_memory(e);
	t->store.conf = s;
	t->store.env = env;
	row_init(&t->row, env->memory_max);
	/* what SQLite's own functions write is UTC */
	timestamp_init(&t->ts, s->timezone ? s->timezone : "UTC");
	if (read_options(t, s, e) < 0 || each_file(&q, check_place, e) < 0) {
		sqlite_free(&t->store);
		return -1;
	}
	if (!places_exist(&s->paths)) {
		sqlite_free(&t->store);
		return STORE_ABSENT;
	}
	*ret = &t->store;
	return 0;
}

static void
sqlite_free(struct store *s)
{
	struct sqlite *t = (struct sqlite *)s;

	row_release(&t->row);
	free(t->clear_text);
	free(t);
}

const struct store_driver store_sqlite = {
	.type = "sqlite",
	.open = sqlite_open,
	.free = sqlite_free,
	.scan = sqlite_scan,
	.cost = sqlite_cost,
	.plan = sqlite_plan,
	.act = sqlite_act,
	.set = sqlite_set,
	.oldest = sqlite_oldest,
};
