/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/stats/stats_db.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/conf/conf.h"

#define VERSION 1
#define BUSY_MS 10000 /* another program writes for milliseconds */

struct stats_db {
	sqlite3 *sql;
	char path[PATH_MAX];
};

static int
statement_freep(sqlite3_stmt **s)
{
	return sqlite3_finalize(*s);
}
#define CLEANUP_STATEMENT __attribute__((cleanup(statement_freep)))

static const char *const ways[WAYS] = { "api", "log" };

const char *
stats_way_name(enum stats_way w)
{
	return ways[w];
}

/* SQLite's own messages name tables and columns, nothing that was counted; its code says enough. */
static int
fail(struct stats_db *db, struct err *e)
{
	int code = db->sql ? sqlite3_errcode(db->sql) & 0xff : SQLITE_NOMEM;
	int exit = EX_IOERR;

	switch (code) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		exit = EX_TEMPFAIL;
		break;
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		exit = EX_DATAERR;
		break;
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM:
		exit = EX_CANTCREAT;
		break;
	case SQLITE_NOMEM:
		return err_memory(e);
	}
	return err_fail(e, exit, 0, N_("cannot use the statistics"), NULL, "%s: %s", db->path,
		sqlite3_errstr(code));
}

static int
run(struct stats_db *db, const char *text, struct err *e)
{
	return sqlite3_exec(db->sql, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail(db, e);
}

/* --- the tables ------------------------------------------------------------------------------- */

static void
put_columns(struct buf *b, const char *behind)
{
	for (unsigned f = 0; f < TALLY_FIELDS; f++)
		buf_printf(b, ", %s%s", tally_name((enum tally_field)f), behind);
}

static int
make_tables(struct stats_db *db, struct err *e)
{
	CLEANUP(buf_release) struct buf b = { .max = 4096 };

	buf_str(&b,
		"CREATE TABLE hour (node TEXT NOT NULL, way TEXT NOT NULL, hour INTEGER NOT NULL");
	put_columns(&b, " INTEGER NOT NULL DEFAULT 0");
	buf_str(&b, ", PRIMARY KEY (node, way, hour)) STRICT, WITHOUT ROWID;"
		    "CREATE TABLE now (node TEXT NOT NULL, way TEXT NOT NULL,"
		    " serial INTEGER NOT NULL, counted INTEGER NOT NULL,"
		    " meetings INTEGER NOT NULL, participants INTEGER NOT NULL,"
		    " microphones INTEGER NOT NULL, listeners INTEGER NOT NULL,"
		    " cameras INTEGER NOT NULL, PRIMARY KEY (node, way)) STRICT, WITHOUT ROWID;");
	buf_printf(&b, "PRAGMA user_version = %d;", VERSION);
	buf_char(&b, '\0');
	return b.failed ? err_memory(e) : run(db, b.p, e);
}

static int
version(struct stats_db *db, int *ret, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *s = NULL;

	*ret = 0;
	if (sqlite3_prepare_v2(db->sql, "PRAGMA user_version", -1, &s, NULL) != SQLITE_OK ||
		sqlite3_step(s) != SQLITE_ROW)
		return fail(db, e);
	*ret = sqlite3_column_int(s, 0);
	return 0;
}

static int
check_version(struct stats_db *db, bool write, struct err *e)
{
	int v;

	if (version(db, &v, e) < 0)
		return -1;
	if (v == 0 && write) {
		/* another one may be making them */
		if (run(db, "BEGIN IMMEDIATE", e) < 0 || version(db, &v, e) < 0 ||
			(v == 0 && make_tables(db, e) < 0) || run(db, "COMMIT", e) < 0)
			return -1;
		return check_version(db, false, e);
	}
	if (v != VERSION)
		return err_fail(e, EX_DATAERR, 0, N_("the statistics are of another version"),
			N_("use the program that wrote them, or move the file away"), "%s",
			db->path);
	return 0;
}

/* One that root makes is the folder's owner's, who will write it from then on. */
static int
create(struct stats_db *db, const char *folder, struct err *e)
{
	cleanup_fd int fd = open(
		db->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	struct stat st;

	if (fd < 0 && errno == EEXIST)
		return 0;
	if (fd < 0 ||
		(geteuid() == 0 && stat(folder, &st) == 0 && fchown(fd, st.st_uid, st.st_gid) < 0))
		return err_fail(e, EX_CANTCREAT, errno, N_("cannot use the statistics"), NULL, "%s",
			db->path);
	return 0;
}

int
stats_db_open(const struct conf *c, bool write, struct stats_db **ret, struct err *e)
{
	CLEANUP(stats_db_freep) struct stats_db *db = calloc(1, sizeof(*db));
	int flags = SQLITE_OPEN_NOMUTEX | (write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);

	if (!db)
		return err_memory(e);
	(void)snprintf(db->path, sizeof(db->path), "%s/" STATS_DB_NAME, c->state_dir);
	if (write && create(db, c->state_dir, e) < 0)
		return -1;
	if (!write && access(db->path, F_OK) < 0 && errno == ENOENT)
		return err_fail(e, EX_UNAVAILABLE, 0, N_("nothing has been counted yet"),
			N_("see `statistics' in sparsam.conf(5)"), "%s", db->path);
	if (sqlite3_open_v2(db->path, &db->sql, flags, NULL) != SQLITE_OK)
		return fail(db, e);
	(void)sqlite3_busy_timeout(db->sql, BUSY_MS);
	if (check_version(db, write, e) < 0)
		return -1;
	*ret = TAKE(db);
	return 0;
}

struct stats_db *
stats_db_free(struct stats_db *db)
{
	if (!db)
		return NULL;
	(void)sqlite3_close(db->sql); /* what was not committed is undone */
	free(db);
	return NULL;
}

/* --- writing ---------------------------------------------------------------------------------- */

int
stats_db_serial(
	struct stats_db *db, const char *node, enum stats_way w, int64_t *ret, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *s = NULL;
	int rc;

	if (sqlite3_prepare_v2(db->sql, "SELECT serial FROM now WHERE node = ?1 AND way = ?2", -1,
		    &s, NULL) != SQLITE_OK)
		return fail(db, e);
	(void)sqlite3_bind_text(s, 1, node, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(s, 2, ways[w], -1, SQLITE_STATIC);
	rc = sqlite3_step(s);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return fail(db, e);
	*ret = rc == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
	return 0;
}

static int
prepare_hour(struct stats_db *db, sqlite3_stmt **ret, struct err *e)
{
	CLEANUP(buf_release) struct buf b = { .max = 4096 };

	buf_str(&b, "INSERT INTO hour (node, way, hour");
	put_columns(&b, "");
	buf_str(&b, ") VALUES (?, ?, ?");
	for (unsigned f = 0; f < TALLY_FIELDS; f++)
		buf_str(&b, ", ?");
	buf_str(&b, ") ON CONFLICT DO UPDATE SET hour = hour");
	for (unsigned f = 0; f < TALLY_FIELDS; f++) {
		const char *name = tally_name((enum tally_field)f);

		if (tally_is_peak((enum tally_field)f))
			buf_printf(&b, ", %s = max(%s, excluded.%s)", name, name, name);
		else
			buf_printf(&b, ", %s = %s + excluded.%s", name, name, name);
	}
	if (b.failed)
		return err_memory(e);
	if (sqlite3_prepare_v2(db->sql, b.p, (int)b.len, ret, NULL) != SQLITE_OK)
		return fail(db, e);
	return 0;
}

static int
add_hours(struct stats_db *db, const struct stats_now *n, const struct tally *t, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *s = NULL;

	if (prepare_hour(db, &s, e) < 0)
		return -1;
	for (size_t i = 0; i < t->n; i++) {
		(void)sqlite3_bind_text(s, 1, n->node, -1, SQLITE_STATIC);
		(void)sqlite3_bind_text(s, 2, ways[n->way], -1, SQLITE_STATIC);
		(void)sqlite3_bind_int64(s, 3, t->v[i].hour * 3600);
		for (int f = 0; f < TALLY_FIELDS; f++)
			(void)sqlite3_bind_int64(s, 4 + f, t->v[i].n[f]);
		if (sqlite3_step(s) != SQLITE_DONE || sqlite3_reset(s) != SQLITE_OK)
			return fail(db, e);
	}
	return 0;
}

static int
put_now(struct stats_db *db, const struct stats_now *n, int64_t serial, struct err *e)
{
	const int64_t values[] = { serial, n->counted_us / 1000000, n->meetings, n->participants,
		n->microphones, n->listeners, n->cameras };
	CLEANUP_STATEMENT sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(db->sql,
		    "INSERT OR REPLACE INTO now (node, way, serial, counted, meetings,"
		    " participants, microphones, listeners, cameras)"
		    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		    -1, &s, NULL) != SQLITE_OK)
		return fail(db, e);
	(void)sqlite3_bind_text(s, 1, n->node, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(s, 2, ways[n->way], -1, SQLITE_STATIC);
	for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		(void)sqlite3_bind_int64(s, 3 + (int)i, values[i]);
	return sqlite3_step(s) == SQLITE_DONE ? 0 : fail(db, e);
}

int
stats_db_add(struct stats_db *db, const struct stats_now *n, int64_t serial, const struct tally *t,
	struct err *e)
{
	if (run(db, "BEGIN IMMEDIATE", e) < 0)
		return -1;
	if (add_hours(db, n, t, e) < 0 || put_now(db, n, serial, e) < 0 ||
		run(db, "COMMIT", e) < 0) {
		(void)run(db, "ROLLBACK", NULL); /* or the end of the process does it */
		return -1;
	}
	return 0;
}

/* --- reading ---------------------------------------------------------------------------------- */

static enum stats_way
way_of(const char *text)
{
	return text && strcmp(text, ways[WAY_LOG]) == 0 ? WAY_LOG : WAY_API;
}

static void
take_fields(sqlite3_stmt *s, int column, struct tally_hour *h)
{
	for (int f = 0; f < TALLY_FIELDS; f++)
		h->n[f] = sqlite3_column_int64(s, column + f);
}

int
stats_db_each_hour(struct stats_db *db, int64_t from, int64_t until, stats_db_see *see, void *ctx,
	struct err *e)
{
	CLEANUP(buf_release) struct buf b = { .max = 4096 };
	CLEANUP_STATEMENT sqlite3_stmt *s = NULL;
	int rc;

	buf_str(&b, "SELECT node, way, hour");
	put_columns(&b, "");
	buf_str(&b, " FROM hour WHERE hour >= ?1 AND hour < ?2 ORDER BY node, way, hour");
	if (b.failed)
		return err_memory(e);
	if (sqlite3_prepare_v2(db->sql, b.p, (int)b.len, &s, NULL) != SQLITE_OK)
		return fail(db, e);
	(void)sqlite3_bind_int64(s, 1, from * 3600);
	(void)sqlite3_bind_int64(s, 2, until * 3600);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct tally_hour h = { .hour = sqlite3_column_int64(s, 2) / 3600 };

		take_fields(s, 3, &h);
		if (see(ctx, (const char *)sqlite3_column_text(s, 0),
			    way_of((const char *)sqlite3_column_text(s, 1)), &h, e) < 0)
			return -1;
	}
	return rc == SQLITE_DONE ? 0 : fail(db, e);
}

int
stats_db_each_now(struct stats_db *db, stats_db_see_now *see, void *ctx, struct err *e)
{
	CLEANUP(buf_release) struct buf b = { .max = 4096 };
	CLEANUP_STATEMENT sqlite3_stmt *s = NULL;
	int rc;

	buf_str(&b, "SELECT now.node, now.way, counted, now.meetings, now.participants,"
		    " microphones, listeners, cameras");
	for (unsigned f = 0; f < TALLY_FIELDS; f++)
		buf_printf(&b, ", %s(hour.%s)", tally_is_peak((enum tally_field)f) ? "max" : "sum",
			tally_name((enum tally_field)f));
	buf_str(&b, " FROM now LEFT JOIN hour ON hour.node = now.node AND hour.way = now.way"
		    " GROUP BY now.node, now.way ORDER BY now.node, now.way");
	if (b.failed)
		return err_memory(e);
	if (sqlite3_prepare_v2(db->sql, b.p, (int)b.len, &s, NULL) != SQLITE_OK)
		return fail(db, e);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct stats_now n = {
			.node = (const char *)sqlite3_column_text(s, 0),
			.way = way_of((const char *)sqlite3_column_text(s, 1)),
			.counted_us = sqlite3_column_int64(s, 2) * 1000000,
			.meetings = sqlite3_column_int64(s, 3),
			.participants = sqlite3_column_int64(s, 4),
			.microphones = sqlite3_column_int64(s, 5),
			.listeners = sqlite3_column_int64(s, 6),
			.cameras = sqlite3_column_int64(s, 7),
		};

		take_fields(s, 8, &n.total);
		if (see(ctx, &n, e) < 0)
			return -1;
	}
	return rc == SQLITE_DONE ? 0 : fail(db, e);
}
