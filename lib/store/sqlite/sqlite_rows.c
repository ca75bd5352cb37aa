/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "store/sqlite/sqlite-private.h"

#define TIME_MAX_US (INT64_C(253402300800) * 1000000) /* 9999-12-31 */

/* Rows come one by one where signs of them are known and indexes have these; by time and rowid where an index has them
 * so; else by rowid: from the place on where the last slice ended. The range of times may be wider than what is asked for, never narrower: a row's
 * own time decides. */
static void
put_range(const struct sqlite_rows *r, struct buf *sql)
{
	const char *rowid = r->db->rowid;

	if (r->signs.by_index) {
		buf_printf(sql, " WHERE %s = ?3", rowid);
		return;
	}
	if (!r->by_time) {
		buf_printf(sql, " WHERE %s BETWEEN ?3 AND ?4 ORDER BY %s", rowid, rowid);
		return;
	}
	buf_str(sql, " WHERE (");
	row_quote(sql, r->db->t->time);
	buf_printf(sql, ", %s) >= (?1, ?3) AND ", rowid);
	row_quote(sql, r->db->t->time);
	buf_printf(sql, " < ?2 AND %s <= ?4 ORDER BY ", rowid);
	row_quote(sql, r->db->t->time);
	buf_printf(sql, ", %s", rowid);
}

/* Of each row its time and columns: all, or those that show signs. */
static void
put_select(const struct sqlite_rows *r, bool of_signs, struct buf *sql)
{
	const struct sqlite_db *db = r->db;
	const size_t n = of_signs ? r->signs.n_columns : r->texts ? db->n_columns : 0;

	buf_printf(sql, "SELECT %s, ", db->rowid);
	if (*db->t->time)
		row_quote(sql, db->t->time);
	else
		buf_str(sql, "NULL");
	buf_printf(sql, ", (%s)", db->t->where);
	for (size_t i = 0; i < n; i++) {
		buf_str(sql, ", ");
		row_quote(sql, db->column[of_signs ? r->signs.column[i].at : i]);
	}
	buf_str(sql, " FROM ");
	row_quote(sql, db->t->table);
}

static int
prepare_sql(const struct sqlite_db *db, struct buf *sql, sqlite3_stmt **ret, struct err *e)
{
	int rc = SQLITE_NOMEM;

	buf_char(sql, '\0');
	if (!sql->failed)
		rc = sqlite3_prepare_v2(db->sql, sql->p, -1, ret, NULL);
	buf_release(sql);
	if (rc == SQLITE_ERROR)
		return sqlite_db_fail_conf(db, N_("bad condition"), "where", e);
	return rc == SQLITE_OK ? 0 : sqlite_db_fail(db, rc, e);
}

static int
prepare_rows(struct sqlite_rows *r, struct err *e)
{
	const bool of_signs = r->signs.given && !r->signs.by_index;
	struct buf sql;

	buf_init(&sql, 1 << 18);
	put_select(r, of_signs, &sql);
	put_range(r, &sql);
	if (prepare_sql(r->db, &sql, &r->stmt, e) < 0)
		return -1;
	if (!of_signs)
		return 0;
	put_select(r, false, &sql);
	buf_printf(&sql, " WHERE %s = ?1", r->db->rowid);
	return prepare_sql(r->db, &sql, &r->whole, e);
}

int
sqlite_rows_begin(struct sqlite_db *db, const struct selector *which, bool texts,
	struct sqlite_rows *r, struct err *e)
{
	struct select_block all = { .store = db->t->store.conf };
	bool timeless;
	enum select_answer answer = SELECT_MAYBE;

	*r = (struct sqlite_rows){ .db = db, .which = which, .at = INT64_MIN, .last = INT64_MAX };
	selector_reach(which, &r->from_us, &r->to_us, &timeless);
	if (!timeless) {
		all.from_us = r->from_us == INT64_MIN ? INT64_MIN + 1 : r->from_us;
		all.to_us = r->to_us == INT64_MAX ? r->to_us : r->to_us - 1;
		answer = selector_block(which, &all);
	}
	if (answer == SELECT_NO)
		return 1;
	r->texts = texts || answer == SELECT_MAYBE;
	r->by_time = !timeless && db->indexed;
	return sqlite_signs_make(db, selector_signs(which), !r->by_time, &r->signs, e) < 0
		       ? -1
		       : prepare_rows(r, e);
}

static void
bind_bound(struct sqlite_rows *r, int at, int64_t us, bool up)
{
	const enum row_time form = r->db->t->form;
	const bool open = us < -TIME_MAX_US || us > TIME_MAX_US;
	char text[28];

	if (form == ROW_TIME_JULIAN) {
		(void)sqlite3_bind_double(r->stmt, at,
			open ? (up ? 1e18 : -1e18)
			     : (double)us / 86400e6 + 2440587.5 + (up ? 1e-4 : -1e-4));
	} else if (form == ROW_TIME_ISO) {
		/* zones and separators differ within a day, days compare as texts */
		timestamp_format(open ? 0 : us + (up ? 2 : -2) * DAY_US, text);
		(void)sqlite3_bind_text(r->stmt, at, open ? (up ? ":" : "") : text, open ? -1 : 10,
			SQLITE_TRANSIENT);
	} else {
		(void)sqlite3_bind_int64(r->stmt, at, row_time_units(form, us, up));
	}
}

static void
bind_all(struct sqlite_rows *r)
{
	if (r->by_time) {
		bind_bound(r, 2, r->to_us, true);
		if (r->time)
			(void)sqlite3_bind_value(r->stmt, 1, r->time);
		else
			bind_bound(r, 1, r->from_us, false);
	}
	(void)sqlite3_bind_int64(r->stmt, 3, r->at);
	(void)sqlite3_bind_int64(r->stmt, 4, r->last); /* by index it is not asked for */
	r->running = true;
}

static int64_t
time_of(const struct sqlite *t, sqlite3_stmt *stmt)
{
	switch (sqlite3_column_type(stmt, 1)) {
	case SQLITE_INTEGER:
		return t->form == ROW_TIME_ISO
			       ? RECORD_NO_TIME
			       : row_time_of_int(t->form, sqlite3_column_int64(stmt, 1));
	case SQLITE_FLOAT:
		return t->form == ROW_TIME_ISO
			       ? RECORD_NO_TIME
			       : row_time_of(t->form, sqlite3_column_double(stmt, 1));
	case SQLITE_TEXT:
		return row_time_of_text(t->form, (struct timestamp *)&t->ts,
			span_of(sqlite3_column_text(stmt, 1),
				(size_t)sqlite3_column_bytes(stmt, 1)));
	default:
		return RECORD_NO_TIME;
	}
}

/* A text is UTF-8, whatever the database's own encoding. */
static struct span
value_of(sqlite3_stmt *stmt, size_t column)
{
	const int at = (int)column + 3, type = sqlite3_column_type(stmt, at);
	const void *p;

	if (type == SQLITE_NULL)
		return SPAN_NONE;
	p = type == SQLITE_BLOB ? sqlite3_column_blob(stmt, at)
				: (const void *)sqlite3_column_text(stmt, at);
	return span_of(p ? p : "", (size_t)sqlite3_column_bytes(stmt, at));
}

static void
add_columns(const struct sqlite_rows *r, sqlite3_stmt *stmt, bool loose)
{
	for (size_t i = 0; r->texts && i < r->db->n_columns; i++)
		if (r->db->loose[i] == loose)
			row_add(&r->db->t->row, r->db->column[i], value_of(stmt, i));
}

/* What another row's end changes stands behind what the row is known by. */
static void
fill_row(const struct sqlite_rows *r, sqlite3_stmt *stmt)
{
	struct row *row = &r->db->t->row;

	row_clear(row);
	add_columns(r, stmt, false);
	if (!r->db->any_loose)
		return;
	row->own = row->text.len;
	add_columns(r, stmt, true);
}

/* Does the row in hand show a sign, as far as is known? */
static bool
shows(const struct sqlite_rows *r)
{
	const struct sqlite_signs *s = &r->signs;

	for (size_t i = 0; s->given && i < s->n_columns; i++)
		if (sqlite_signs_show(s, i, value_of(r->stmt, s->by_index ? s->column[i].at : i)))
			return true;
	return !s->given;
}

/* All columns of the row in hand. The statement that found it has not ended: it is the same row. */
static int
take_row(const struct sqlite_rows *r, struct err *e)
{
	int rc;

	if (!r->whole) {
		fill_row(r, r->stmt);
		return 0;
	}
	(void)sqlite3_bind_int64(r->whole, 1, r->rowid);
	rc = sqlite3_step(r->whole);
	if (rc == SQLITE_ROW)
		fill_row(r, r->whole);
	(void)sqlite3_reset(r->whole);
	return rc == SQLITE_ROW ? 0 : sqlite_db_fail(r->db, rc, e);
}

/* SQLite's own code. What was there when the index was asked may be gone. */
static int
step(struct sqlite_rows *r)
{
	int rc = SQLITE_DONE;

	if (!r->signs.by_index) {
		if (!r->running)
			bind_all(r);
		return sqlite3_step(r->stmt);
	}
	while (rc == SQLITE_DONE && r->n_listed < r->signs.n_rows) {
		(void)sqlite3_reset(r->stmt);
		r->at = r->signs.row[r->n_listed++];
		bind_all(r);
		rc = sqlite3_step(r->stmt);
	}
	return rc;
}

static void
take_in_hand(struct sqlite_rows *r)
{
	r->rowid = sqlite3_column_int64(r->stmt, 0);
	r->ended = r->rowid == INT64_MAX && !r->by_time && !r->signs.by_index;
	if (!r->by_time)
		return;
	sqlite3_value_free(r->time);
	r->time = sqlite3_value_dup(sqlite3_column_value(r->stmt, 1));
}

int
sqlite_rows_next(struct sqlite_rows *r, struct record *ret, struct err *e)
{
	int64_t time_us;
	int rc;

	if (!r->stmt || r->ended)
		return 1;
	rc = step(r);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? 1 : sqlite_db_fail(r->db, rc, e);
	take_in_hand(r);
	time_us = time_of(r->db->t, r->stmt);
	if (!sqlite3_column_int(r->stmt, 2) ||
		(r->by_time && (time_us < r->from_us || time_us >= r->to_us)))
		return 2;
	if (!shows(r))
		return 2;
	if (take_row(r, e) < 0)
		return -1;
	*ret = row_record(
		&r->db->t->row, r->db->t->store.conf, r->db->path, time_us, (uint64_t)r->rowid);
	return selector_record(r->which, ret) ? 0 : 2;
}

void
sqlite_rows_rest(struct sqlite_rows *r, bool again)
{
	(void)sqlite3_reset(r->stmt);
	r->running = false;
	if (r->signs.by_index) {
		r->n_listed -= again;
		return;
	}
	r->at = r->rowid == INT64_MAX || again ? r->rowid : r->rowid + 1;
}

int
sqlite_rows_stop(struct sqlite_rows *r, struct err *e)
{
	const struct sqlite_db *db = r->db;
	sqlite3_stmt *stmt = NULL;
	struct buf sql;
	int rc;

	buf_init(&sql, 1 << 16);
	buf_printf(&sql, "SELECT max(%s) FROM ", db->rowid);
	row_quote(&sql, db->t->table);
	if (prepare_sql(db, &sql, &stmt, e) < 0)
		return -1;
	rc = sqlite3_step(stmt);
	r->last = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return rc == SQLITE_ROW ? 0 : sqlite_db_fail(db, rc, e);
}

void
sqlite_rows_end(struct sqlite_rows *r)
{
	(void)sqlite3_finalize(r->stmt);
	(void)sqlite3_finalize(r->whole);
	sqlite3_value_free(r->time);
	sqlite_signs_release(&r->signs);
	r->stmt = r->whole = NULL;
	r->time = NULL;
}
