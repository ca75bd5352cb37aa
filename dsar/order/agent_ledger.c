/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/order/agent_ledger.h"

#include <string.h>

#include "dsar/register/registry-private.h"

const char agent_schema[] = "CREATE TABLE agent_orders ("
			    " id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, state INTEGER NOT NULL,"
			    " taken_us INTEGER NOT NULL) STRICT, WITHOUT ROWID;";

int
agent_known(struct registry *r, const char *id, enum agent_state *ret_state,
	char ret_sha256[SHA256_HEX], struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc, state;

	if (registry_prepare(r, "SELECT state, sha256 FROM agent_orders WHERE id = ?1", &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(id));
	rc = registry_step(r, st, e);
	if (rc != 0)
		return rc;
	state = sqlite3_column_int(st, 0);
	*ret_state = state == AGENT_TAKEN || state == AGENT_WRITTEN ? (enum agent_state)state
								    : AGENT_DONE;
	ret_sha256[0] = '\0';
	(void)strncat(ret_sha256, statement_str(st, 1), SHA256_HEX - 1);
	return 0;
}

int
agent_take(struct registry *r, const char *id, const char *sha256, int64_t now_us, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r, "INSERT INTO agent_orders VALUES (?1, ?2, ?3, ?4)", &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(id));
	statement_text(st, 2, span_str(sha256));
	(void)sqlite3_bind_int(st, 3, AGENT_TAKEN);
	(void)sqlite3_bind_int64(st, 4, now_us);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

int
agent_move(struct registry *r, const char *id, enum agent_state state, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r, "UPDATE agent_orders SET state = ?2 WHERE id = ?1", &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(id));
	(void)sqlite3_bind_int(st, 2, (int)state);
	return registry_step(r, st, e) < 0 ? -1 : 0;
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
