/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/order/agent_kept.h"

#include "dsar/case/case.h"
#include "dsar/act/erase.h"
#include "dsar/act/erasure.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"

_Static_assert(ERASURE_PLANNED == 0 && ERASURE_DONE == 2 && ERASURE_KEEP == 2, "as written below");

/* ?1 is the case's number, ?2 where its things lie aside. Planned is none yet: its fates count for nothing. */
#define BEGUN "EXISTS (SELECT 1 FROM erasures WHERE number = ?1 AND state <> 0)"
#define KEPT  "EXISTS (SELECT 1 FROM erasure_items WHERE number = ?1 AND fate = 2)"

/* Under state 0 nobody takes it for an erasure that is due. */
static const char *const aside[] = {
	"DELETE FROM erasure_items WHERE number = ?2 AND " BEGUN
	" AND digest IN (SELECT digest FROM erasure_items WHERE number = ?1)",
	"INSERT INTO erasure_items SELECT ?2, row_number() OVER (ORDER BY at)"
	" + (SELECT coalesce(max(at), 0) FROM erasure_items WHERE number = ?2),"
	" find, store, place, digest, fate, ground, until_us, n FROM erasure_items"
	" WHERE number = ?1 AND fate = 2 AND " BEGUN,
	/* ids below 0: those above are of whoever orders */
	"INSERT OR IGNORE INTO identifiers SELECT"
	" (SELECT min(0, coalesce(min(id), 0)) FROM identifiers) - row_number() OVER (ORDER BY id),"
	" ?2, kind, value, folded, from_us, to_us, parent, store, link, own, confirmed, dropped"
	" FROM identifiers WHERE number = ?1 AND " BEGUN " AND " KEPT,
	"INSERT OR REPLACE INTO erasures SELECT ?2, hash, 0, made_us, begun_us, ended_us, hold"
	" FROM erasures WHERE number = ?1 AND state <> 0 AND " KEPT,
};
static const char *const back[] = {
	/* counted from 0 without a gap, as erasure_update() counts them */
	"INSERT INTO erasure_items SELECT ?1, row_number() OVER (ORDER BY at) - 1,"
	" find, store, place, digest, fate, ground, until_us, n FROM erasure_items WHERE number = ?2",
	"DELETE FROM erasure_items WHERE number = ?2",
	"UPDATE identifiers SET number = ?1 WHERE number = ?2 AND " KEPT,
	"UPDATE erasures SET number = ?1, state = 2 WHERE number = ?2 AND " KEPT,
	"DELETE FROM identifiers WHERE number = ?2",
	"DELETE FROM erasures WHERE number = ?2",
};

static int
run(struct registry *r, const char *sql, const char *number, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	cleanup_mem char *other = NULL;

	if (asprintf(&other, "+%s", number) < 0)
		return err_memory(e);
	if (registry_prepare(r, sql, &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	statement_text(st, 2, span_str(other));
	return registry_step(r, st, e);
}

#define RUN_ALL(r, list, number, e) run_all(r, list, sizeof(list) / sizeof(list[0]), number, e)
static int
run_all(struct registry *r, const char *const *sql, size_t n, const char *number, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (run(r, sql[i], number, e) < 0)
			return -1;
	return 0;
}

int
agent_kept_aside(struct registry *r, const char *number, struct err *e)
{
	return RUN_ALL(r, aside, number, e) < 0 ? -1 : case_wipe(r, number, e);
}

int
agent_kept_back(struct session *s, const char *number, struct err *e)
{
	struct registry *r = s->registry;
	const int had = run(r,
		"SELECT 1 FROM erasures WHERE number = ?2 OR (number = ?1 AND state <> 0)", number,
		e);
	int has;

	if (had < 0 || agent_kept_aside(r, number, e) < 0 || RUN_ALL(r, back, number, e) < 0)
		return -1;
	has = run(r, "SELECT 1 FROM erasures WHERE number IN (?1, ?2)", number, e);
	if (has < 0)
		return -1;
	return had == 0 && has == 1 ? erase_kept_end(s, number, e) : 0;
}

int
agent_kept_tidy(struct registry *r, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(r,
		    "SELECT number FROM case_file UNION SELECT number FROM identifiers"
		    " UNION SELECT number FROM erasures"
		    " EXCEPT SELECT number FROM erasure_items WHERE fate = 2"
		    " EXCEPT SELECT number FROM agent_orders WHERE state = 0"
		    " EXCEPT SELECT '+' || number FROM agent_orders WHERE state = 0",
		    &st, e) < 0)
		return -1;
	while ((rc = registry_step(r, st, e)) == 0)
		if (case_wipe(r, statement_str(st, 0), e) < 0)
			return -1;
	return rc < 0 ? -1 : 0;
}
