/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A row's columns are set and read back in one transaction: what the column's type makes another value of is
 * taken back.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "store/sqlite-private.h"

struct setting {
	struct sqlite *t;
	const struct selector *which;
	const struct store_value *v;
	size_t n;
	uint64_t *n_set;
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
	if (run != SQLITE_OK) {
		(void)sqlite3_finalize(st);
		return sqlite_db_fail(db, run, e);
	}
	rc = set_rows(x, db, st, ret_n, e);
	(void)sqlite3_finalize(st);
	run = rc == 0 && !x->refused ? sqlite_db_run(db, "COMMIT") : SQLITE_OK;
	if (run != SQLITE_OK)
		rc = sqlite_db_fail(db, run, e);
	if (rc < 0 || x->refused) {
		(void)sqlite_db_run(db, "ROLLBACK");
		*ret_n = 0;
	}
	return rc;
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
	*x->n_set += n;
	if (n > 0)
		sqlite_clean(db);
	return 0;
}

int
sqlite_set(struct store *s, const struct selector *which, const struct store_value *v, size_t n,
	uint64_t *ret_n, struct err *e)
{
	struct setting x = { (struct sqlite *)s, which, v, n, ret_n, false };

	if (store_places(s, PLACE_FILE, set_file, &x, e) < 0)
		return -1;
	return x.refused ? STORE_REFUSED : 0;
}
