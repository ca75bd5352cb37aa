/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A row's columns are set and read back: what the column's type makes another value of is taken back, in all
 * databases. Their transactions end when all rows of all are set, and each has its pages in the file and its readers
 * out: where that fails, all are taken back. One that is killed between two ends is said again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "store/sqlite/sqlite-private.h"

/* A database whose transaction has not ended. */
struct open_db {
	struct sqlite_db *db;
	char *path;
};

struct setting {
	struct sqlite *t;
	const struct selector *which;
	const struct store_value *v;
	size_t n;
	struct open_db *open;
	size_t n_open;
	uint64_t n_set;
	bool refused;
};

static bool
has_columns(const struct setting *x, const struct sqlite_db *db)
{
	for (size_t i = 0; i < x->n; i++) {
		size_t c = 0;

		while (c < db->n_columns && strcmp(db->column[c], x->v[i].field) != 0)
			c++;
		if (c == db->n_columns)
			return false;
	}
	return true;
}

static int
prepare(const struct setting *x, const struct sqlite_db *db, sqlite3_stmt **ret, struct err *e)
{
	struct buf sql;
	int rc = SQLITE_NOMEM;

	buf_init(&sql, 1 << 16);
	buf_str(&sql, "UPDATE ");
	row_quote(&sql, x->t->table);
	for (size_t i = 0; i < x->n; i++) {
		buf_str(&sql, i > 0 ? ", " : " SET ");
		row_quote(&sql, x->v[i].field);
		buf_printf(&sql, " = ?%zu", i + 2);
	}
	buf_printf(&sql, " WHERE %s = ?1 RETURNING ", db->rowid);
	for (size_t i = 0; i < x->n; i++) {
		buf_str(&sql, i > 0 ? ", CAST(" : "CAST(");
		row_quote(&sql, x->v[i].field);
		buf_str(&sql, " AS TEXT)");
	}
	buf_char(&sql, '\0');
	if (!sql.failed)
		rc = sqlite3_prepare_v2(db->sql, sql.p, -1, ret, NULL);
	buf_release(&sql);
	return rc == SQLITE_OK ? 0 : sqlite_db_fail(db, rc, e);
}

/* 1: refused. */
static int
set_row(struct setting *x, const struct sqlite_db *db, sqlite3_stmt *st, sqlite3_int64 rowid,
	struct err *e)
{
	bool same;
	int rc;

	(void)sqlite3_bind_int64(st, 1, rowid);
	for (size_t i = 0; i < x->n; i++)
		(void)sqlite3_bind_text(st, (int)i + 2, x->v[i].value, -1, SQLITE_STATIC);
	rc = sqlite3_step(st);
	same = rc == SQLITE_ROW; /* none: a trigger keeps it as it was */
	for (size_t i = 0; rc == SQLITE_ROW && i < x->n; i++) {
		const char *is = (const char *)sqlite3_column_text(st, (int)i);

		same &= is && strcmp(is, x->v[i].value) == 0;
	}
	if (rc == SQLITE_ROW)
		rc = sqlite3_step(st);
	(void)sqlite3_reset(st);
	x->refused |= (rc & 0xff) == SQLITE_CONSTRAINT || (rc == SQLITE_DONE && !same);
	if (x->refused)
		return 1;
	return rc == SQLITE_DONE ? 0 : sqlite_db_fail(db, rc, e);
}

/* All rows of a database that are selected: those of a person, not of a table. */
static int
set_rows(struct setting *x, struct sqlite_db *db, sqlite3_stmt *st, uint64_t *ret_n, struct err *e)
{
	struct sqlite_rows rows;
	struct record r;
	int rc = sqlite_rows_begin(db, x->which, false, &rows, e);

	while (rc == 0 && (rc = sqlite_rows_next(&rows, &r, e)) != 1) {
		if (rc == 0) {
			rc = set_row(x, db, st, rows.rowid, e);
			*ret_n += rc == 0;
		} else if (rc == 2) {
			rc = 0;
		}
	}
	sqlite_rows_end(&rows);
	return rc < 0 ? -1 : 0;
}

static int
set_all(struct setting *x, struct sqlite_db *db, uint64_t *ret_n, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int rc = prepare(x, db, &st, e), run;

	if (rc < 0)
		return -1;
	run = sqlite_db_run(db, "BEGIN IMMEDIATE");
	rc = run == SQLITE_OK ? set_rows(x, db, st, ret_n, e) : sqlite_db_fail(db, run, e);
	(void)sqlite3_finalize(st);
	x->refused |= rc == 0 && sqlite_has_loose_ends(db);
	return rc;
}

/* Keeps DB open, whose transaction closing it would take back. */
static int
keep_open(struct setting *x, struct sqlite_db **db, const char *path, struct err *e)
{
	struct open_db *v = reallocarray(x->open, x->n_open + 1, sizeof(*v));
	char *copy = v ? strdup(path) : NULL;

	x->open = v ? v : x->open;
	if (!copy)
		return err_memory(e);
	(*db)->path = copy;
	x->open[x->n_open++] = (struct open_db){ TAKE(*db), copy };
	return 0;
}

static int
set_file(void *ctx, const struct place *p, struct err *e)
{
	struct setting *x = ctx;
	CLEANUP(sqlite_db_freep) struct sqlite_db *db = NULL;
	uint64_t n = 0;
	int rc = sqlite_db_open(x->t, p->dirfd, p->name, p->path, true, &db, e);

	if (rc != 0 || !has_columns(x, db))
		return rc < 0 ? -1 : 0;
	if (set_all(x, db, &n, e) < 0)
		return -1;
	x->n_set += n;
	if (x->refused || n == 0)
		return x->refused;
	return keep_open(x, &db, p->path, e);
}

/* What an end may fail for, before the first one: readers, whom a write-ahead log alone does not mind, and a full disk. */
static int
flush(struct setting *x, struct err *e)
{
	for (size_t i = 0; i < x->n_open; i++) {
		const int rc = sqlite3_db_cacheflush(x->open[i].db->sql);

		if (rc != SQLITE_OK)
			return sqlite_db_fail(x->open[i].db, rc, e);
	}
	return 0;
}

/* Nothing is between two ends: what cleans may wait for somebody. */
static int
commit(struct setting *x, struct err *e)
{
	int rc = SQLITE_OK;
	size_t n = 0;

	while (n < x->n_open && (rc = sqlite_db_run(x->open[n].db, "COMMIT")) == SQLITE_OK)
		n++;
	for (size_t i = 0; i < n; i++)
		sqlite_clean(x->open[i].db);
	return rc == SQLITE_OK ? 0 : sqlite_db_fail(x->open[n].db, rc, e);
}

static void
release(struct setting *x)
{
	for (size_t i = 0; i < x->n_open; i++) {
		(void)sqlite_db_free(x->open[i].db);
		free(x->open[i].path);
	}
	free(x->open);
}

int
sqlite_set(struct store *s, const struct selector *which, const struct store_value *v, size_t n,
	uint64_t *ret_n, struct err *e)
{
	struct setting x = { .t = (struct sqlite *)s, .which = which, .v = v, .n = n };
	int rc = store_places(s, PLACE_FILE, set_file, &x, e);

	if (rc == 0 && !x.refused)
		rc = flush(&x, e) < 0 ? -1 : commit(&x, e);
	release(&x);
	if (rc == 0 && !x.refused)
		*ret_n = x.n_set;
	return rc < 0 ? -1 : x.refused ? STORE_REFUSED : 0;
}
