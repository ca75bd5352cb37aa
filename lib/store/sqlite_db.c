/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A database's folder may belong to a stranger. SQLite opens by path, and finds links out by
 * looking before it opens; so the path it gets is "/proc/self/fd/N/NAME", N being the folder that
 * was walked, through a copy of its file system layer that takes paths as they are. It opens the
 * last component with O_NOFOLLOW itself, and names log and journal after it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>

#include "store/sqlite-private.h"

#define BUSY_MS     5000
#define TIME_MAX_US (INT64_C(253402300800) * 1000000) /* 9999-12-31 */

int64_t
sqlite_now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* --- the file --------------------------------------------------------------------------------- */

static int
path_as_it_is(sqlite3_vfs *vfs, const char *name, int max, char *ret)
{
	(void)vfs;
	return snprintf(ret, (size_t)max, "%s", name) < max ? SQLITE_OK : SQLITE_CANTOPEN;
}

static const char *
by_descriptor(void)
{
	static sqlite3_vfs vfs;

	if (!vfs.zName) {
		vfs = *sqlite3_vfs_find(NULL);
		vfs.zName = "sparsam";
		vfs.xFullPathname = path_as_it_is;
		(void)sqlite3_vfs_register(&vfs, 0);
	}
	return vfs.zName;
}

int
sqlite_db_fail(const struct sqlite_db *db, int rc, struct err *e)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_fail(e, EX_TEMPFAIL, 0, N_("database is in use for too long"), NULL,
			"%s", db->path);
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return err_fail(e, EX_DATAERR, 0, N_("no database, or damaged"),
			N_("see `PRAGMA integrity_check' in sqlite3(1)"), "%s", db->path);
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_CANTOPEN:
		return err_fail(e, EX_NOPERM, 0, N_("cannot open database"), NULL, "%s", db->path);
	case SQLITE_NOMEM:
		return err_memory(e);
	default:
		return err_fail(e, EX_IOERR, 0, N_("database cannot be read or written"), NULL,
			"%s: SQLite %d", db->path, sqlite3_extended_errcode(db->sql));
	}
}

int
sqlite_db_run(const struct sqlite_db *db, const char *sql)
{
	return sqlite3_exec(db->sql, sql, NULL, NULL, NULL);
}

int64_t
sqlite_db_number(const struct sqlite_db *db, const char *sql, int64_t otherwise)
{
	sqlite3_stmt *stmt = NULL;
	int64_t n = otherwise;

	if (sqlite3_prepare_v2(db->sql, sql, -1, &stmt, NULL) == SQLITE_OK &&
		sqlite3_step(stmt) == SQLITE_ROW)
		n = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return n;
}

/* The file that SQLite has opened is the one that was walked to. */
static int
check_file(const struct sqlite_db *db, const char *name, const struct stat *was, struct err *e)
{
	struct stat st;
	int moved = 1;

	if (fstatat(db->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
		st.st_nlink == 1 && st.st_dev == was->st_dev && st.st_ino == was->st_ino &&
		sqlite3_file_control(db->sql, "main", SQLITE_FCNTL_HAS_MOVED, &moved) ==
			SQLITE_OK &&
		!moved)
		return 0;
	return err_fail(e, EX_NOPERM, 0, N_("file is not what it was"), NULL, "%s", db->path);
}

static int
open_file(struct sqlite_db *db, const char *name, bool writable, struct err *e)
{
	cleanup_mem char *path = NULL;
	struct stat st;
	int rc;

	if (asprintf(&path, "/proc/self/fd/%d/%s", db->dirfd, name) < 0)
		return err_memory(e);
	if (fstatat(db->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_fail(
			e, EX_NOINPUT, errno, N_("cannot open database"), NULL, "%s", db->path);
	if (st.st_size == 0)
		return 1;
	rc = sqlite3_open_v2(path, &db->sql,
		(writable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX |
			SQLITE_OPEN_PRIVATECACHE,
		by_descriptor());
	if (rc != SQLITE_OK)
		return sqlite_db_fail(db, rc, e);
	(void)sqlite3_busy_timeout(db->sql, BUSY_MS);
	(void)sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(db->sql, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	/* the schema is the application's; what it has for deleting (cascades) counts */
	(void)sqlite_db_run(db, "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON");
	return check_file(db, name, &st, e);
}

/* --- its table -------------------------------------------------------------------------------- */

static int
fail_table(const struct sqlite_db *db, const char *what, const char *name, struct err *e)
{
	const struct conf_store *s = db->t->store.conf;

	return conf_fail(e, &s->where, what, N_("see sqlite in sparsam.conf(5)"),
		"store \"%s\": %s: %s", s->name, db->path, name);
}

static sqlite3_stmt *
prepare(const struct sqlite_db *db, const char *sql, const char *text)
{
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(db->sql, sql, -1, &stmt, NULL) != SQLITE_OK)
		return NULL;
	(void)sqlite3_bind_text(stmt, 1, text, -1, SQLITE_STATIC);
	return stmt;
}

static int
check_table(struct sqlite_db *db, struct err *e)
{
	sqlite3_stmt *stmt = prepare(db,
		"SELECT type, wr FROM pragma_table_list WHERE schema = 'main' AND name = ?1",
		db->t->table);
	const char *what = NULL;
	int rc = stmt ? sqlite3_step(stmt) : sqlite3_errcode(db->sql);

	if (rc == SQLITE_DONE)
		what = N_("no such table");
	else if (rc == SQLITE_ROW &&
		 strcmp((const char *)sqlite3_column_text(stmt, 0), "table") != 0)
		what = N_("a view or virtual table has no rows of its own");
	else if (rc == SQLITE_ROW && sqlite3_column_int(stmt, 1))
		what = N_("table without rowid");
	(void)sqlite3_finalize(stmt);
	if (what)
		return fail_table(db, what, db->t->table, e);
	return rc == SQLITE_ROW ? 0 : sqlite_db_fail(db, rc, e);
}

static bool
has_column(const struct sqlite_db *db, const char *name)
{
	for (size_t i = 0; i < db->n_columns; i++)
		if (strcasecmp(db->column[i], name) == 0)
			return true;
	return false;
}

static int
read_columns(struct sqlite_db *db, struct err *e)
{
	static const char *const rowids[] = { "rowid", "_rowid_", "oid" };
	sqlite3_stmt *stmt = prepare(
		db, "SELECT name FROM pragma_table_info(?1) ORDER BY cid", db->t->table);
	int rc = SQLITE_DONE;

	while (stmt && db->n_columns < ROW_COLUMNS_MAX && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		char *name = strdup((const char *)sqlite3_column_text(stmt, 0));

		if (!name)
			break;
		db->column[db->n_columns++] = name;
	}
	(void)sqlite3_finalize(stmt);
	if (rc != SQLITE_DONE)
		return sqlite_db_fail(db, rc, e);
	for (size_t i = 0; i < 3 && !db->rowid; i++)
		if (!has_column(db, rowids[i]))
			db->rowid = rowids[i];
	if (!db->rowid)
		return fail_table(db, N_("columns hide the rowid"), db->t->table, e);
	if (*db->t->time && !has_column(db, db->t->time))
		return fail_table(db, N_("no such column"), db->t->time, e);
	for (size_t i = 0; i < db->t->n_clear; i++)
		if (!has_column(db, db->t->clear[i]))
			return fail_table(db, N_("no such column"), db->t->clear[i], e);
	return 0;
}

/* Does SQLite itself go by an index when it is asked for rows by their time? */
static bool
is_indexed(const struct sqlite_db *db)
{
	struct buf sql;
	sqlite3_stmt *stmt;
	bool indexed = false;

	if (!*db->t->time)
		return false;
	buf_init(&sql, 1 << 16);
	buf_str(&sql, "EXPLAIN QUERY PLAN SELECT 1 FROM ");
	row_quote(&sql, db->t->table);
	buf_str(&sql, " WHERE ");
	row_quote(&sql, db->t->time);
	buf_str(&sql, " < ?1");
	buf_char(&sql, '\0');
	stmt = sql.failed ? NULL : prepare(db, sql.p, "");
	while (stmt && sqlite3_step(stmt) == SQLITE_ROW)
		indexed |= strncmp((const char *)sqlite3_column_text(stmt, 3), "SEARCH", 6) == 0;
	(void)sqlite3_finalize(stmt);
	buf_release(&sql);
	return indexed;
}

int
sqlite_db_open(struct sqlite *t, int dirfd, const char *name, const char *path, bool writable,
	struct sqlite_db **ret, struct err *e)
{
	CLEANUP(sqlite_db_freep) struct sqlite_db *db = calloc(1, sizeof(*db));
	int rc;

	if (!db)
		return err_memory(e);
	db->t = t;
	db->path = path;
	db->dirfd = fcntl(dirfd, F_DUPFD_CLOEXEC, 0);
	if (db->dirfd < 0)
		return err_fail(e, EX_OSERR, errno, N_("cannot open database"), NULL, "%s", path);
	rc = open_file(db, name, writable, e);
	if (rc != 0)
		return rc;
	if (check_table(db, e) < 0 || read_columns(db, e) < 0)
		return -1;
	db->indexed = is_indexed(db);
	*ret = TAKE(db);
	return 0;
}

struct sqlite_db *
sqlite_db_free(struct sqlite_db *db)
{
	if (!db)
		return NULL;
	(void)sqlite3_close(db->sql);
	for (size_t i = 0; i < db->n_columns; i++)
		free(db->column[i]);
	if (db->dirfd >= 0)
		(void)close(db->dirfd);
	free(db);
	return NULL;
}

/* --- rows ------------------------------------------------------------------------------------- */

/* Rows come by time and rowid where an index has them so, else by rowid; from the place on where the
 * last slice ended. The range of times may be wider than what is asked for, never narrower: a row's
 * own time decides. */
static void
put_range(const struct sqlite_rows *r, struct buf *sql)
{
	const char *rowid = r->db->rowid;

	if (!r->by_time) {
		buf_printf(sql, " WHERE %s >= ?3 ORDER BY %s", rowid, rowid);
		return;
	}
	buf_str(sql, " WHERE (");
	row_quote(sql, r->db->t->time);
	buf_printf(sql, ", %s) >= (?1, ?3) AND ", rowid);
	row_quote(sql, r->db->t->time);
	buf_str(sql, " < ?2 ORDER BY ");
	row_quote(sql, r->db->t->time);
	buf_printf(sql, ", %s", rowid);
}

static int
prepare_rows(struct sqlite_rows *r, struct err *e)
{
	const struct sqlite_db *db = r->db;
	struct buf sql;
	int rc = SQLITE_NOMEM;

	buf_init(&sql, 1 << 18);
	buf_printf(&sql, "SELECT %s, ", db->rowid);
	if (*db->t->time)
		row_quote(&sql, db->t->time);
	else
		buf_str(&sql, "NULL");
	buf_printf(&sql, ", (%s)", db->t->where);
	for (size_t i = 0; r->texts && i < db->n_columns; i++) {
		buf_str(&sql, ", ");
		row_quote(&sql, db->column[i]);
	}
	buf_str(&sql, " FROM ");
	row_quote(&sql, db->t->table);
	put_range(r, &sql);
	buf_char(&sql, '\0');
	if (!sql.failed)
		rc = sqlite3_prepare_v2(db->sql, sql.p, -1, &r->stmt, NULL);
	buf_release(&sql);
	if (rc == SQLITE_ERROR)
		return fail_table(db, N_("bad condition"), "where", e);
	return rc == SQLITE_OK ? 0 : sqlite_db_fail(db, rc, e);
}

int
sqlite_rows_begin(struct sqlite_db *db, const struct selector *which, bool texts,
	struct sqlite_rows *r, struct err *e)
{
	struct select_block all = { .store = db->t->store.conf };
	bool timeless;
	enum select_answer answer = SELECT_MAYBE;

	*r = (struct sqlite_rows){ .db = db, .which = which, .at = INT64_MIN };
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
	return prepare_rows(r, e);
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

static void
fill_row(const struct sqlite_rows *r)
{
	struct row *row = &r->db->t->row;

	for (size_t i = 0; r->texts && i < r->db->n_columns; i++) {
		const int at = (int)i + 3;
		struct span value = SPAN_NONE;

		if (sqlite3_column_type(r->stmt, at) != SQLITE_NULL) {
			const void *p = sqlite3_column_blob(r->stmt, at);

			value = span_of(p ? p : "", (size_t)sqlite3_column_bytes(r->stmt, at));
		}
		row_add(row, r->db->column[i], value);
	}
}

static void
take_in_hand(struct sqlite_rows *r)
{
	r->rowid = sqlite3_column_int64(r->stmt, 0);
	r->ended = r->rowid == INT64_MAX && !r->by_time;
	if (!r->by_time)
		return;
	sqlite3_value_free(r->time);
	r->time = sqlite3_value_dup(sqlite3_column_value(r->stmt, 1));
}

int
sqlite_rows_next(struct sqlite_rows *r, struct record *ret, struct err *e)
{
	struct row *row = &r->db->t->row;
	int64_t time_us;
	int rc;

	if (!r->stmt || r->ended)
		return 1;
	if (!r->running)
		bind_all(r);
	rc = sqlite3_step(r->stmt);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? 1 : sqlite_db_fail(r->db, rc, e);
	take_in_hand(r);
	time_us = time_of(r->db->t, r->stmt);
	if (!sqlite3_column_int(r->stmt, 2) ||
		(r->by_time && (time_us < r->from_us || time_us >= r->to_us)))
		return 2;
	row_clear(row);
	fill_row(r);
	*ret = row_record(row, r->db->t->store.conf, r->db->path, time_us, (uint64_t)r->rowid);
	return selector_record(r->which, ret) ? 0 : 2;
}

void
sqlite_rows_rest(struct sqlite_rows *r, bool again)
{
	(void)sqlite3_reset(r->stmt);
	r->running = false;
	r->at = r->rowid == INT64_MAX || again ? r->rowid : r->rowid + 1;
}

void
sqlite_rows_end(struct sqlite_rows *r)
{
	(void)sqlite3_finalize(r->stmt);
	sqlite3_value_free(r->time);
	r->stmt = NULL;
	r->time = NULL;
}
