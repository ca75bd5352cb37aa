/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/order/agent_ledger.h"

#include <string.h>

#include "dsar/register/registry-private.h"

const char agent_schema[] =
	"CREATE TABLE agent_orders ("
	" id TEXT PRIMARY KEY, number TEXT NOT NULL, sha256 TEXT NOT NULL, state INTEGER NOT NULL,"
	" taken_us INTEGER NOT NULL, kind INTEGER NOT NULL, restricted INTEGER NOT NULL,"
	" not_after_us INTEGER NOT NULL)"
	" STRICT, WITHOUT ROWID;"
	"CREATE TABLE agent_attempts (id TEXT PRIMARY KEY, n INTEGER NOT NULL,"
	" noted INTEGER NOT NULL DEFAULT 0)"
	" STRICT, WITHOUT ROWID;";

/* Prepares SQL, whose ?1 and ?2 are A and B. */
static int
prepare(struct registry *r, const char *sql, const char *a, const char *b, sqlite3_stmt **ret,
	struct err *e)
{
	if (registry_prepare(r, sql, ret, e) < 0)
		return -1;
	statement_text(*ret, 1, span_str(a));
	if (b)
		statement_text(*ret, 2, span_str(b));
	return 0;
}

static void
copy(char *to, size_t size, const char *from)
{
	to[0] = '\0';
	(void)strncat(to, from, size - 1);
}

#define COLUMNS                                                                                    \
	"id, number, sha256, state, kind, restricted,"                                             \
	" (SELECT n FROM agent_attempts a WHERE a.id = agent_orders.id),"                          \
	" (SELECT noted FROM agent_attempts a WHERE a.id = agent_orders.id), not_after_us"

/* The first row of SQL, whose ?1 is A. 1: there is none. */
static int
read_one(struct registry *r, const char *sql, const char *a, struct agent_order *ret, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc, state, kind;

	if (prepare(r, sql, a, NULL, &st, e) < 0)
		return -1;
	rc = registry_step(r, st, e);
	if (rc != 0)
		return rc;
	copy(ret->id, sizeof(ret->id), statement_str(st, 0));
	copy(ret->number, sizeof(ret->number), statement_str(st, 1));
	copy(ret->sha256, sizeof(ret->sha256), statement_str(st, 2));
	state = sqlite3_column_int(st, 3);
	ret->state = state == AGENT_TAKEN || state == AGENT_WRITTEN ? (enum agent_state)state
								    : AGENT_DONE;
	kind = sqlite3_column_int(st, 4);
	ret->kind = kind >= 0 && kind < ORDER_KINDS ? (enum order_kind)kind : ORDER_KINDS;
	ret->restricted = sqlite3_column_int(st, 5) != 0;
	ret->attempts = sqlite3_column_int(st, 6);
	ret->noted = sqlite3_column_int(st, 7) != 0;
	ret->not_after_us = sqlite3_column_int64(st, 8);
	return 0;
}

static int
has_row(struct registry *r, const char *sql, const char *a, const char *b, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	return prepare(r, sql, a, b, &st, e) < 0 ? -1 : registry_step(r, st, e);
}

static int
run(struct registry *r, const char *sql, const char *a, struct err *e)
{
	return has_row(r, sql, a, NULL, e) < 0 ? -1 : 0;
}

int
agent_known(struct registry *r, const char *id, struct agent_order *ret, struct err *e)
{
	return read_one(r, "SELECT " COLUMNS " FROM agent_orders WHERE id = ?1", id, ret, e);
}

int
agent_next_taken(struct registry *r, const char *id, struct agent_order *ret, struct err *e)
{
	_Static_assert(AGENT_TAKEN == 0, "as it is written");
	return read_one(r,
		"SELECT " COLUMNS " FROM agent_orders WHERE id > ?1 AND state = 0"
		" ORDER BY id LIMIT 1",
		id, ret, e);
}

int
agent_take(struct registry *r, const struct order *o, const char *sha256, bool restricted,
	int64_t now_us, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (prepare(r, "INSERT INTO agent_orders VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", o->id,
		    o->number, &st, e) < 0)
		return -1;
	statement_text(st, 3, span_str(sha256));
	(void)sqlite3_bind_int(st, 4, AGENT_TAKEN);
	(void)sqlite3_bind_int64(st, 5, now_us);
	(void)sqlite3_bind_int(st, 6, (int)o->kind);
	(void)sqlite3_bind_int(st, 7, restricted);
	(void)sqlite3_bind_int64(st, 8, o->not_after_us);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

int
agent_move(struct registry *r, const char *id, enum agent_state state, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (prepare(r, "UPDATE agent_orders SET state = ?2 WHERE id = ?1", id, NULL, &st, e) < 0)
		return -1;
	(void)sqlite3_bind_int(st, 2, (int)state);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

int
agent_forget(struct registry *r, const char *id, struct err *e)
{
	return run(r, "DELETE FROM agent_orders WHERE id = ?1", id, e);
}

int
agent_settle(struct registry *r, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r, "UPDATE agent_orders SET state = ?1 WHERE state = ?2", &st, e) < 0)
		return -1;
	(void)sqlite3_bind_int(st, 1, AGENT_DONE);
	(void)sqlite3_bind_int(st, 2, AGENT_WRITTEN);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

int
agent_is_busy(struct registry *r, const char *number, const char *id, struct err *e)
{
	return has_row(r, "SELECT 1 FROM agent_orders WHERE number = ?1 AND id <> ?2 AND state = 0",
		number, id, e);
}

int
agent_has_done(struct registry *r, const char *number, struct err *e)
{
	return has_row(
		r, "SELECT 1 FROM agent_orders WHERE number = ?1 AND state <> 0", number, NULL, e);
}

/* --- attempts --------------------------------------------------------------------------------- */

static int
count_one(struct registry *r, const char *id, int *ret_n, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (prepare(r,
		    "INSERT INTO agent_attempts (id, n) VALUES (?1, 1) ON CONFLICT DO UPDATE SET n = n + 1"
		    " RETURNING n",
		    id, NULL, &st, e) < 0 ||
		registry_step(r, st, e) < 0)
		return -1;
	*ret_n = sqlite3_column_int(st, 0);
	return 0;
}

int
agent_try(struct registry *r, const char *id, int *ret_n, struct err *e)
{
	return registry_begin(r, e) < 0 ? -1 : registry_end(r, count_one(r, id, ret_n, e), e);
}

int
agent_tried(struct registry *r, const char *id, struct err *e)
{
	if (registry_begin(r, e) < 0)
		return -1;
	return registry_end(r, run(r, "DELETE FROM agent_attempts WHERE id = ?1", id, e), e);
}

int
agent_noted(struct registry *r, const char *id, struct err *e)
{
	if (registry_begin(r, e) < 0)
		return -1;
	return registry_end(
		r, run(r, "UPDATE agent_attempts SET noted = 1 WHERE id = ?1", id, e), e);
}
