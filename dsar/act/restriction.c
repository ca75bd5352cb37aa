/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/act/restriction.h"

#include <stdio.h>
#include <string.h>

#include "dsar/act/erasure.h"
#include "dsar/search/find.h"
#include "dsar/search/held.h"
#include "dsar/register/registry-private.h"
#include "dsar/review/review.h"
#include "dsar/session.h"
#include "evidence/hold.h"

#define REASON "restriction (Art. 18 GDPR)"

const char restriction_schema[] =
	"CREATE TABLE restricted (number TEXT NOT NULL, digest BLOB NOT NULL,"
	" PRIMARY KEY (digest, number)) STRICT, WITHOUT ROWID;";

/* --- accounts --------------------------------------------------------------------------------- */

/* One change of the case's account and of what is restricted, announced and confirmed. */
static int
account(struct session *s, const char *number, const char *what, uint64_t hold, const char *sql,
	struct err *e)
{
	struct registry *r = s->registry;
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc = registry_begin(r, e);

	if (rc < 0)
		return -1;
	rc = registry_record(r, number, "restriction",
		json_pack("{s:s, s:I}", "what", what, "hold", (json_int_t)hold), s->now_us, e);
	if (rc == 0)
		rc = case_event(r, number, "restriction",
			json_pack("{s:s, s:I}", "what", what, "hold", (json_int_t)hold), s->now_us,
			e);
	if (rc == 0 && sql && (rc = registry_prepare(r, sql, &st, e)) == 0) {
		statement_text(st, 1, span_str(number));
		rc = registry_step(r, st, e) < 0 ? -1 : 0;
		(void)sqlite3_reset(st);
	}
	return registry_end(r, rc, e);
}

/* What the account says last. */
static int
see_event(void *ctx, const char *kind, int64_t time_us, const json_t *data, struct err *e)
{
	char *last = ctx;
	const char *what = json_string_value(json_object_get(data, "what"));

	(void)time_us;
	(void)e;
	if (strcmp(kind, "restriction") == 0 && what)
		(void)snprintf(last, 16, "%s", what);
	return 0;
}

static int
last_event(struct registry *r, const char *number, char ret[16], struct err *e)
{
	ret[0] = '\0';
	return case_events(r, number, see_event, ret, e);
}

int
restriction_told(struct registry *r, const char *number, bool *ret, struct err *e)
{
	char last[16];

	if (last_event(r, number, last, e) < 0)
		return -1;
	*ret = strcmp(last, "told") == 0 || strcmp(last, "lifted") == 0;
	return 0;
}

int
restriction_note(struct session *s, const char *number, const char *what, struct err *e)
{
	return account(s, number, what, held_find(s, number, REASON), NULL, e);
}

/* --- beginning -------------------------------------------------------------------------------- */

static int
see_find(void *ctx, const struct find *f, struct err *e)
{
	(void)e;
	if (f->decision != FIND_EXCLUDE && find_is_here(f))
		held_add(ctx, f->store, f->digest);
	return 0;
}

bool
restriction_is(const struct session *s, const char *number)
{
	return held_find(s, number, REASON) != 0;
}

/* The new hold before the older one goes, so that nothing is free in between. */
static int
hold(struct session *s, const struct held *h, const char *number, uint64_t *ret_id, struct err *e)
{
	if (held_keep(s, h, number, REASON, HOLD_FOR_EVER, ret_id, e) < 0)
		return -1;
	return held_end_others(s, number, REASON, *ret_id, e);
}

int
restriction_begin(struct session *s, const struct case_file *c, size_t *ret_n, struct err *e)
{
	struct held h;
	uint64_t id = 0;
	int rc = held_init(&h, s->conf, e);

	if (rc == 0)
		rc = finds_each(s->registry, c->number, NULL, see_find, &h, e);
	*ret_n = held_count(&h);
	if (rc == 0 && *ret_n == 0)
		rc = 1;
	if (rc == 0)
		rc = hold(s, &h, c->number, &id, e);
	if (rc == 0)
		rc = account(s, c->number, "restricted", id,
			"INSERT OR IGNORE INTO restricted (number, digest)"
			" SELECT number, digest FROM finds WHERE number = ?1 AND decision <> 3 AND node = ''",
			e);
	held_release(&h);
	return rc;
}

int
restriction_lift(struct session *s, const char *number, struct err *e)
{
	const uint64_t id = held_find(s, number, REASON);
	char last[16];

	if (last_event(s->registry, number, last, e) < 0)
		return -1;
	if (*last && strcmp(last, "lifted") != 0 &&
		account(s, number, "lifted", id, "DELETE FROM restricted WHERE number = ?1", e) < 0)
		return -1;
	return held_end_others(s, number, REASON, 0, e);
}

/* --- questions -------------------------------------------------------------------------------- */

int
restriction_became(struct registry *r, const uint8_t from[RECORD_DIGEST_LEN],
	const uint8_t to[RECORD_DIGEST_LEN], struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r,
		    "INSERT OR IGNORE INTO restricted (number, digest)"
		    " SELECT number, ?2 FROM restricted WHERE digest = ?1",
		    &st, e) < 0)
		return -1;
	statement_blob(st, 1, span_of(from, RECORD_DIGEST_LEN));
	statement_blob(st, 2, span_of(to, RECORD_DIGEST_LEN));
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

/* The cases of other letters than ?1's that restrict the record of that digest: also one that is forgotten, and what an
 * erasure had to keep. */
#define RESTRICTED_BY(digest)                                                                      \
	"SELECT x.number FROM (SELECT number FROM restricted WHERE digest = " digest               \
	" UNION SELECT i.number FROM erasure_items i JOIN erasures USING (number)"                 \
	" WHERE i.digest = " digest " AND i.fate = 2 AND state <> 0) x"                            \
	" LEFT JOIN case_file c ON c.number = x.number WHERE c.correspondence IS NOT"              \
	" (SELECT correspondence FROM case_file WHERE number = ?1)"

int
restriction_by(struct registry *r, const char *number, const uint8_t digest[RECORD_DIGEST_LEN],
	char ret[CASE_NUMBER_MAX], struct err *e)
{
	static const char sql[] = RESTRICTED_BY("?2") " ORDER BY x.number LIMIT 1";
	CLEANUP_KEPT sqlite3_stmt *st = NULL;
	int rc;

	_Static_assert(ERASURE_KEEP == 2 && ERASURE_PLANNED == 0, "as the index has it");
	if (registry_kept(r, sql, &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	statement_blob(st, 2, span_of(digest, RECORD_DIGEST_LEN));
	rc = registry_step(r, st, e);
	if (rc == 0)
		(void)snprintf(ret, CASE_NUMBER_MAX, "%s", statement_str(st, 0));
	return rc;
}

int
restriction_count(struct registry *r, const char *number, uint64_t *ret, struct err *e)
{
	static const char sql[] =
		"SELECT count(*) FROM finds f WHERE number = ?1 AND EXISTS (" RESTRICTED_BY(
			"f.digest") ")";
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r, sql, &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	if (registry_step(r, st, e) < 0)
		return -1;
	*ret = (uint64_t)sqlite3_column_int64(st, 0);
	return 0;
}

bool
restriction_bars(struct registry *r, const char *number, const struct find *f)
{
	char by[CASE_NUMBER_MAX];
	struct err ignored;

	return !review_ground_lifts(f->ground) &&
	       restriction_by(r, number, f->digest, by, &ignored) != 1;
}
