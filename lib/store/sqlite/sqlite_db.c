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

#include "store/sqlite/sqlite-private.h"

#define BUSY_MS 5000

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

int
sqlite_db_fail_conf(const struct sqlite_db *db, const char *what, const char *name, struct err *e)
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
		return sqlite_db_fail_conf(db, what, db->t->table, e);
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

/* By its declared type (https://www.sqlite.org/datatype3.html, 3.1). */
static bool
makes_texts(const char *type)
{
	return type && !strcasestr(type, "int") &&
	       (strcasestr(type, "char") || strcasestr(type, "clob") || strcasestr(type, "text"));
}

static int
read_columns(struct sqlite_db *db, struct err *e)
{
	static const char *const rowids[] = { "rowid", "_rowid_", "oid" };
	sqlite3_stmt *stmt = prepare(
		db, "SELECT name, type FROM pragma_table_xinfo(?1) ORDER BY cid", db->t->table);
	const char *name;
	int rc = SQLITE_DONE;

	while (stmt && db->n_columns < ROW_COLUMNS_MAX && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		char *copy = strdup((const char *)sqlite3_column_text(stmt, 0));

		if (!copy)
			break;
		db->is_text[db->n_columns] = makes_texts(
			(const char *)sqlite3_column_text(stmt, 1));
		db->column[db->n_columns++] = copy;
	}
	(void)sqlite3_finalize(stmt);
	if (rc != SQLITE_DONE)
		return sqlite_db_fail(db, rc, e);
	for (size_t i = 0; i < 3 && !db->rowid; i++)
		if (!has_column(db, rowids[i]))
			db->rowid = rowids[i];
	if (!db->rowid)
		return sqlite_db_fail_conf(db, N_("columns hide the rowid"), db->t->table, e);
	if (*db->t->time && !has_column(db, db->t->time))
		return sqlite_db_fail_conf(db, N_("no such column"), db->t->time, e);
	for (size_t i = 0; i < db->t->n_clear; i++)
		if (!has_column(db, db->t->clear[i]))
			return sqlite_db_fail_conf(db, N_("no such column"), db->t->clear[i], e);
	name = row_no_column(db->t->store.env, db->t->store.conf, db->column, db->n_columns);
	return name ? sqlite_db_fail_conf(db, N_("no such column"), name, e) : 0;
}

bool
sqlite_db_searches(const struct sqlite_db *db, const char *sql)
{
	sqlite3_stmt *stmt = prepare(db, sql, "");
	bool indexed = false;

	while (stmt && sqlite3_step(stmt) == SQLITE_ROW)
		indexed |= strncmp((const char *)sqlite3_column_text(stmt, 3), "SEARCH", 6) == 0;
	(void)sqlite3_finalize(stmt);
	return indexed;
}

/* Does SQLite itself go by an index when it is asked for rows by their time? */
static bool
is_indexed(const struct sqlite_db *db)
{
	struct buf sql;
	bool indexed;

	if (!*db->t->time)
		return false;
	buf_init(&sql, 1 << 16);
	buf_str(&sql, "EXPLAIN QUERY PLAN SELECT 1 FROM ");
	row_quote(&sql, db->t->table);
	buf_str(&sql, " WHERE ");
	row_quote(&sql, db->t->time);
	buf_str(&sql, " < ?1");
	buf_char(&sql, '\0');
	indexed = !sql.failed && sqlite_db_searches(db, sql.p);
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
	if (check_table(db, e) < 0 || read_columns(db, e) < 0 || sqlite_keys_read(db, e) < 0)
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
