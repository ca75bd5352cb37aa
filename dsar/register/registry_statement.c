/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <assert.h>
#include <errno.h>
#include <sysexits.h>

#include "dsar/register/registry-private.h"

int(registry_fail)(struct registry *r, struct err *e)
{
	switch (sqlite3_errcode(r->db) & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_fail(e, EX_TEMPFAIL, 0, N_("the register is locked"),
			N_("somebody else works at it; try again"), "%s", r->path);
	case SQLITE_FULL:
		return err_fail(e, EX_CANTCREAT, ENOSPC, N_("cannot write to the register"),
			N_("make room; nothing was changed"), "%s", r->path);
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return err_fail(e, EX_DATAERR, 0, N_("the register is damaged"),
			N_("keep the file, bring a backup with `dsar restore`"), "%s", r->path);
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return err_fail(e, EX_NOPERM, 0, N_("cannot open the register"),
			N_("its people are of the group sparsam-dpo"), "%s", r->path);
	case SQLITE_NOMEM:
		return err_memory(e);
	default: /* no words of SQLite's: they may quote a value */
		return err_fail(e, EX_IOERR, 0, N_("the register cannot be used"), NULL,
			"%s: SQLite %d", r->path, sqlite3_extended_errcode(r->db));
	}
}

int
registry_prepare(struct registry *r, const char *sql, sqlite3_stmt **ret, struct err *e)
{
	return sqlite3_prepare_v2(r->db, sql, -1, ret, NULL) == SQLITE_OK ? 0 : registry_fail(r, e);
}

int
registry_kept(struct registry *r, const char *sql, sqlite3_stmt **ret, struct err *e)
{
	sqlite3_stmt *st;

	for (size_t i = 0; i < r->n_kept; i++) {
		if (r->kept[i].sql == sql) {
			assert(!sqlite3_stmt_busy(r->kept[i].st));
			*ret = r->kept[i].st;
			return 0;
		}
	}
	assert(r->n_kept < REGISTRY_KEPT_MAX);
	if (registry_prepare(r, sql, &st, e) < 0)
		return -1;
	r->kept[r->n_kept++] = (struct registry_kept){ sql, st };
	*ret = st;
	return 0;
}

int
registry_step(struct registry *r, sqlite3_stmt *st, struct err *e)
{
	switch (sqlite3_step(st)) {
	case SQLITE_ROW:
		return 0;
	case SQLITE_DONE:
		return 1;
	default:
		return registry_fail(r, e);
	}
}

int
registry_run(struct registry *r, const char *sql, struct err *e)
{
	return sqlite3_exec(r->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : registry_fail(r, e);
}

void
statement_text(sqlite3_stmt *st, int n, struct span s)
{
	(void)sqlite3_bind_text64(st, n, s.p, s.len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

void
statement_blob(sqlite3_stmt *st, int n, struct span s)
{
	(void)sqlite3_bind_blob64(st, n, s.p, s.len, SQLITE_TRANSIENT);
}

struct span
statement_span(sqlite3_stmt *st, int column)
{
	const void *p = sqlite3_column_blob(st, column);

	return span_of(p, (size_t)sqlite3_column_bytes(st, column));
}

const char *
statement_str(sqlite3_stmt *st, int column)
{
	const char *s = (const char *)sqlite3_column_text(st, column);

	return s ? s : "";
}
