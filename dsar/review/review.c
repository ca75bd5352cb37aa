/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/review/review.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "dsar/register/registry-private.h"

/* One set for each decision, empty ones too: the newest of a find is in force. */
const char review_schema[] =
	"CREATE TABLE cover_set (id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" find INTEGER NOT NULL REFERENCES finds ON DELETE CASCADE) STRICT;"
	"CREATE INDEX cover_set_find ON cover_set (find, id);"
	"CREATE TABLE cover (set_id INTEGER NOT NULL REFERENCES cover_set ON DELETE CASCADE,"
	" first INTEGER NOT NULL, past INTEGER NOT NULL, why TEXT NOT NULL,"
	" PRIMARY KEY (set_id, first)) STRICT, WITHOUT ROWID;";

const char *const review_grounds[] = { GROUND_HERS, GROUND_OTHERS, GROUND_SECRET, GROUND_NOT_HERS,
	GROUND_TWICE, GROUND_RESTRICTED, GROUND_CONSENT, GROUND_CLAIMS, GROUND_RIGHTS,
	GROUND_PUBLIC, NULL };

bool
review_ground_is_known(const char *word)
{
	for (size_t i = 0; review_grounds[i]; i++)
		if (strcmp(word, review_grounds[i]) == 0)
			return true;
	return false;
}

bool
review_ground_lifts(const char *word)
{
	static const char *const lifts[] = { GROUND_CONSENT, GROUND_CLAIMS, GROUND_RIGHTS,
		GROUND_PUBLIC };

	for (size_t i = 0; i < sizeof(lifts) / sizeof(lifts[0]); i++)
		if (strcmp(word, lifts[i]) == 0)
			return true;
	return false;
}

/* --- decisions -------------------------------------------------------------------------------- */

static int
run_for(struct registry *r, const char *sql, int64_t id, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r, sql, &st, e) < 0)
		return -1;
	(void)sqlite3_bind_int64(st, 1, id);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

static int
covers_write(struct registry *r, const struct covers *c, struct err *e)
{
	const int64_t set = sqlite3_last_insert_rowid(r->db);
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r, "INSERT INTO cover VALUES (?1, ?2, ?3, ?4)", &st, e) < 0)
		return -1;
	for (size_t i = 0; i < c->n; i++) {
		(void)sqlite3_bind_int64(st, 1, set);
		(void)sqlite3_bind_int64(st, 2, c->v[i].begin);
		(void)sqlite3_bind_int64(st, 3, c->v[i].end);
		statement_text(st, 4, span_str(c->v[i].why));
		if (registry_step(r, st, e) < 0)
			return -1;
		(void)sqlite3_reset(st);
	}
	return 0;
}

int
review_decide(struct registry *r, const char *number, int64_t id, const struct decision *d,
	int64_t now_us, struct err *e)
{
	if (find_decide(r, number, id, d->decision, d->ground, now_us, e) < 0 ||
		run_for(r, "INSERT INTO cover_set (find) VALUES (?1)", id, e) < 0)
		return -1;
	return d->covers ? covers_write(r, d->covers, e) : 0;
}

int
review_undo(struct registry *r, const char *number, int64_t *id, struct err *e)
{
	const int rc = find_undo(r, number, *id, id, e);

	if (rc != 0)
		return rc;
	return run_for(r,
		"DELETE FROM cover_set WHERE id = (SELECT max(id) FROM cover_set WHERE find = ?1)",
		*id, e);
}

int
review_covers(struct registry *r, int64_t id, struct covers *ret, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(r,
		    "SELECT first, past, why FROM cover"
		    " WHERE set_id = (SELECT max(id) FROM cover_set WHERE find = ?1) ORDER BY first",
		    &st, e) < 0)
		return -1;
	(void)sqlite3_bind_int64(st, 1, id);
	while ((rc = registry_step(r, st, e)) == 0)
		if (covers_add(ret, (size_t)sqlite3_column_int64(st, 0),
			    (size_t)sqlite3_column_int64(st, 1), statement_str(st, 2), e) < 0)
			return -1;
	return rc < 0 ? -1 : 0;
}

/* --- what is given out ------------------------------------------------------------------------ */

int
review_propose(const struct known *k, const struct find *f, struct covers *ret, struct err *e)
{
	if (!f->text.p)
		return 0;
	return blacken_propose(f->text, blacken_form_of(f->text), &k->blacken, ret, e);
}

int
review_given(struct registry *r, const struct find *f, struct buf *out, struct err *e)
{
	struct covers c = { 0 };
	int rc;

	if (!f->text.p || (f->decision != FIND_KEEP && f->decision != FIND_BLACKEN))
		return 1;
	if (f->decision == FIND_KEEP) {
		buf_span(out, f->text);
		return out->failed ? err_memory(e) : 0;
	}
	rc = review_covers(r, f->id, &c, e);
	if (rc == 0)
		rc = blacken_apply(f->text, blacken_form_of(f->text), &c, out, e);
	covers_release(&c);
	return rc;
}

struct looking {
	int64_t id;
	find_seen *seen;
	void *ctx;
	bool met;
};

static int
see_one(void *ctx, const struct find *f, struct err *e)
{
	struct looking *l = ctx;

	if (f->id != l->id)
		return 0;
	l->met = true;
	return l->seen(l->ctx, f, e) < 0 ? -1 : 1;
}

int
review_find(struct registry *r, const char *number, int64_t id, find_seen *seen, void *ctx,
	struct err *e)
{
	struct looking l = { id, seen, ctx, false };

	if (finds_each(r, number, NULL, see_one, &l, e) < 0)
		return -1;
	return l.met ? 0
		     : err_fail(e, EX_USAGE, 0, N_("there is no such find in this case"), NULL,
			       "%lld", (long long)id);
}
