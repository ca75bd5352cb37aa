/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/search/find.h"

#include <string.h>
#include <sysexits.h>

#include "dsar/register/registry-private.h"
#include "record/record.h"

/* n: its records, as the search that began at searched_us has seen them; find_places: where all but the first of them
 * lie. find_history: what a decision was before each change, so that it can be undone. */
const char find_schema[] =
	"CREATE TABLE finds ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT, number TEXT NOT NULL,"
	" node TEXT NOT NULL DEFAULT '',"
	" store TEXT NOT NULL, place TEXT NOT NULL, offset INTEGER NOT NULL, time_us INTEGER,"
	" text BLOB, size INTEGER NOT NULL, digest BLOB NOT NULL, identifier INTEGER NOT NULL,"
	" own INTEGER NOT NULL, decision INTEGER NOT NULL DEFAULT 0, ground TEXT NOT NULL DEFAULT '',"
	" n INTEGER NOT NULL DEFAULT 1, searched_us INTEGER NOT NULL DEFAULT 0,"
	" UNIQUE (number, node, digest));"
	"CREATE INDEX finds_order ON finds (number, store, time_us, id);"
	"CREATE TABLE find_places ("
	" find INTEGER NOT NULL REFERENCES finds ON DELETE CASCADE, place TEXT NOT NULL,"
	" offset INTEGER NOT NULL, PRIMARY KEY (find, place, offset)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE find_history ("
	" id INTEGER PRIMARY KEY, number TEXT NOT NULL, find INTEGER NOT NULL,"
	" decision INTEGER NOT NULL, ground TEXT NOT NULL, us INTEGER NOT NULL);"
	"CREATE INDEX find_history_order ON find_history (number, id);"
	"CREATE TABLE answers ("
	" number TEXT NOT NULL, node TEXT NOT NULL DEFAULT '', store TEXT NOT NULL, answer INTEGER NOT NULL,"
	" n_found INTEGER NOT NULL,"
	" n_read INTEGER NOT NULL, note TEXT NOT NULL, begun_us INTEGER NOT NULL,"
	" ended_us INTEGER NOT NULL, PRIMARY KEY (number, node, store)) WITHOUT ROWID;";

static const char *const decisions[FIND_DECISIONS] = { "open", "keep", "blacken", "exclude" };
static const char *const answers[STORE_ANSWERS] = { "found", "nothing", "absent", "failed" };

const char *
find_decision_name(enum find_decision d)
{
	return decisions[d];
}

const char *
store_answer_name(enum store_answer a)
{
	return answers[a];
}

/* --- finds ------------------------------------------------------------------------------------ */

bool
find_is_here(const struct find *f)
{
	return !f->node || !*f->node;
}

static struct span
node_of(const char *node)
{
	return span_str(node ? node : "");
}

static void
bind_time(sqlite3_stmt *st, int n, int64_t us)
{
	if (us != RECORD_NO_TIME)
		(void)sqlite3_bind_int64(st, n, us); /* else it stays NULL */
}

/* What the register has of a find by its digest. */
struct known {
	int64_t id, searched_us;
	uint64_t n;
	bool own, here; /* here: the place is the one that it has */
};

/* 1: there is none. */
static int
find_known(struct registry *r, const char *number, const struct find *f, struct known *ret,
	struct err *e)
{
	static const char sql[] =
		"SELECT id, own, n, searched_us, place = ?4 AND offset = ?5 FROM finds"
		" WHERE number = ?1 AND digest = ?2 AND node = ?3";
	CLEANUP_KEPT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_kept(r, sql, &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	statement_blob(st, 2, span_of(f->digest, sizeof(f->digest)));
	statement_text(st, 3, node_of(f->node));
	statement_text(st, 4, span_str(f->place));
	(void)sqlite3_bind_int64(st, 5, (int64_t)f->offset);
	rc = registry_step(r, st, e);
	if (rc != 0)
		return rc;
	*ret = (struct known){ .id = sqlite3_column_int64(st, 0),
		.own = sqlite3_column_int(st, 1) != 0,
		.n = (uint64_t)sqlite3_column_int64(st, 2),
		.searched_us = sqlite3_column_int64(st, 3),
		.here = sqlite3_column_int(st, 4) != 0 };
	return 0;
}

/* How many records F tells of; one that may be told of again counts only where no other does. */
static uint64_t
count_of(const struct find *f)
{
	return f->again ? 0 : f->n > 0 ? f->n : 1;
}

/* Its record may lie elsewhere since. */
static int
find_move(struct registry *r, int64_t id, const struct find *f, struct err *e)
{
	static const char sql[] =
		"UPDATE finds SET place = ?2, offset = ?3, n = ?4, searched_us = ?5 WHERE id = ?1";
	static const char forget[] = "DELETE FROM find_places WHERE find = ?1";
	CLEANUP_KEPT sqlite3_stmt *st = NULL;
	CLEANUP_KEPT sqlite3_stmt *others = NULL;

	if (registry_kept(r, sql, &st, e) < 0 || registry_kept(r, forget, &others, e) < 0)
		return -1;
	(void)sqlite3_bind_int64(st, 1, id);
	statement_text(st, 2, span_str(f->place));
	(void)sqlite3_bind_int64(st, 3, (int64_t)f->offset);
	(void)sqlite3_bind_int64(st, 4, (int64_t)count_of(f));
	(void)sqlite3_bind_int64(st, 5, f->searched_us);
	(void)sqlite3_bind_int64(others, 1, id);
	return registry_step(r, st, e) < 0 || registry_step(r, others, e) < 0 ? -1 : 0;
}

/* What one search found over another's key, a later one, or a later record, may show as her own. */
static int
find_own(struct registry *r, int64_t id, const struct find *f, struct err *e)
{
	static const char sql[] = "UPDATE finds SET own = 1, identifier = ?2 WHERE id = ?1";
	CLEANUP_KEPT sqlite3_stmt *st = NULL;

	if (registry_kept(r, sql, &st, e) < 0)
		return -1;
	(void)sqlite3_bind_int64(st, 1, id);
	(void)sqlite3_bind_int64(st, 2, f->identifier);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

/* Another record of the same bytes. 1: it is known to lie there. */
static int
find_twin(struct registry *r, int64_t id, const struct find *f, struct err *e)
{
	static const char put[] = "INSERT OR IGNORE INTO find_places VALUES (?1, ?2, ?3)";
	static const char count[] = "UPDATE finds SET n = n + 1 WHERE id = ?1";
	CLEANUP_KEPT sqlite3_stmt *st = NULL;
	CLEANUP_KEPT sqlite3_stmt *more = NULL;

	if (registry_kept(r, put, &st, e) < 0 || registry_kept(r, count, &more, e) < 0)
		return -1;
	(void)sqlite3_bind_int64(st, 1, id);
	statement_text(st, 2, span_str(f->place));
	(void)sqlite3_bind_int64(st, 3, (int64_t)f->offset);
	(void)sqlite3_bind_int64(more, 1, id);
	if (registry_step(r, st, e) < 0)
		return -1;
	if (sqlite3_changes(r->db) == 0)
		return 1;
	return registry_step(r, more, e) < 0 ? -1 : 0;
}

static int
find_again(struct registry *r, const struct known *k, const struct find *f, struct err *e)
{
	if (f->own && !k->own && find_own(r, k->id, f, e) < 0)
		return -1;
	if (f->searched_us == 0 || k->searched_us != f->searched_us)
		return find_move(r, k->id, f, e);
	if (f->again || (k->here && k->n > 0))
		return 1;
	return k->n == 0 ? find_move(r, k->id, f, e) : find_twin(r, k->id, f, e);
}

static int
find_insert(struct registry *r, const char *number, const struct find *f, struct err *e)
{
	static const char sql[] =
		"INSERT INTO finds (number, store, place, offset, time_us, text, size, digest,"
		" identifier, own, decision, ground, node, id, n, searched_us)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
	CLEANUP_KEPT sqlite3_stmt *st = NULL;

	if (registry_kept(r, sql, &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	statement_text(st, 2, span_str(f->store));
	statement_text(st, 3, span_str(f->place));
	(void)sqlite3_bind_int64(st, 4, (int64_t)f->offset);
	bind_time(st, 5, f->time_us);
	statement_blob(st, 6, f->text);
	(void)sqlite3_bind_int64(st, 7, (int64_t)f->size);
	statement_blob(st, 8, span_of(f->digest, sizeof(f->digest)));
	(void)sqlite3_bind_int64(st, 9, f->identifier);
	(void)sqlite3_bind_int(st, 10, f->own);
	(void)sqlite3_bind_int(st, 11, (int)f->decision);
	statement_text(st, 12, span_str(f->ground ? f->ground : ""));
	statement_text(st, 13, node_of(f->node));
	if (f->id != 0)
		(void)sqlite3_bind_int64(st, 14, f->id);
	(void)sqlite3_bind_int64(st, 15, (int64_t)count_of(f));
	(void)sqlite3_bind_int64(st, 16, f->searched_us);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

int
find_add(struct registry *r, const char *number, const struct find *f, int64_t *ret_id,
	struct err *e)
{
	struct known k = { 0 };
	int rc = find_known(r, number, f, &k, e);

	if (rc < 0)
		return -1;
	if (rc == 1) {
		rc = find_insert(r, number, f, e);
		k.id = sqlite3_last_insert_rowid(r->db);
	} else {
		rc = find_again(r, &k, f, e);
	}
	if (rc >= 0 && ret_id)
		*ret_id = k.id;
	return rc;
}

int
find_places(struct registry *r, const struct find *f, find_place *seen, void *ctx, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc = seen(ctx, f->place, f->offset);

	if (rc != 0)
		return 0;
	if (registry_prepare(r,
		    "SELECT place, offset FROM find_places WHERE find = ?1 ORDER BY place, offset",
		    &st, e) < 0)
		return -1;
	(void)sqlite3_bind_int64(st, 1, f->id);
	while ((rc = registry_step(r, st, e)) == 0)
		if (seen(ctx, statement_str(st, 0), (uint64_t)sqlite3_column_int64(st, 1)) != 0)
			return 0;
	return rc < 0 ? -1 : 0;
}

int
find_became(struct registry *r, const char *number, int64_t id, const struct find *f, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	/* a search may have found it so already */
	if (registry_prepare(r,
		    "UPDATE OR REPLACE finds SET time_us = ?3, text = ?4, size = ?5, digest = ?6,"
		    " decision = CASE WHEN decision = ?7 THEN ?8 ELSE decision END"
		    " WHERE number = ?1 AND id = ?2",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	(void)sqlite3_bind_int64(st, 2, id);
	bind_time(st, 3, f->time_us);
	statement_blob(st, 4, f->text);
	(void)sqlite3_bind_int64(st, 5, (int64_t)f->size);
	statement_blob(st, 6, span_of(f->digest, sizeof(f->digest)));
	(void)sqlite3_bind_int(st, 7, FIND_BLACKEN);
	(void)sqlite3_bind_int(st, 8, FIND_OPEN);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

static struct find
find_of_row(sqlite3_stmt *st)
{
	const struct span digest = statement_span(st, 7);
	struct find f = { .id = sqlite3_column_int64(st, 0),
		.store = statement_str(st, 1),
		.place = statement_str(st, 2),
		.offset = (uint64_t)sqlite3_column_int64(st, 3),
		.time_us = sqlite3_column_type(st, 4) == SQLITE_NULL ? RECORD_NO_TIME
								     : sqlite3_column_int64(st, 4),
		.text = sqlite3_column_type(st, 5) == SQLITE_NULL ? SPAN_NONE
								  : statement_span(st, 5),
		.size = (uint64_t)sqlite3_column_int64(st, 6),
		.identifier = sqlite3_column_int64(st, 8),
		.own = sqlite3_column_int(st, 9) != 0,
		.ground = statement_str(st, 11),
		.node = statement_str(st, 12) };
	const int decision = sqlite3_column_int(st, 10);
	const int64_t n = sqlite3_column_int64(st, 13);

	f.n = n > 0 ? (uint64_t)n : 1;
	f.decision = decision >= 0 && decision < FIND_DECISIONS ? (enum find_decision)decision
								: FIND_OPEN;
	if (digest.len == sizeof(f.digest))
		memcpy(f.digest, digest.p, digest.len);
	return f;
}

/* Another machine says by which field it was found; whether what it was found by is hers is said here. */
#define HERS                                                                                       \
	"own AND (node = '' OR EXISTS (SELECT 1 FROM identifiers i WHERE i.id = f.identifier"      \
	" AND i.number = f.number AND i.dropped = 0 AND (i.own OR i.confirmed)))"

int
finds_each(struct registry *r, const char *number, const char *store, find_seen *seen, void *ctx,
	struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(r,
		    "SELECT id, store, place, offset, time_us, text, size, digest, identifier, " HERS
		    ", decision, ground, node, n FROM finds f WHERE number = ?1 AND (?2 IS NULL OR store = ?2)"
		    " ORDER BY store, time_us, id",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	statement_text(st, 2, span_str(store));
	while ((rc = registry_step(r, st, e)) == 0) {
		const struct find f = find_of_row(st);

		rc = seen(ctx, &f, e);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	return rc < 0 ? -1 : 0;
}

int
finds_repeated(struct registry *r, const char *number, const char *node, uint64_t *ret_n,
	uint64_t *ret_bytes, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r,
		    "SELECT total(n - 1), total((n - 1) * 1.0 * coalesce(length(text), 0))"
		    " FROM finds WHERE number = ?1 AND node = ?2 AND n > 1",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	statement_text(st, 2, span_str(node));
	if (registry_step(r, st, e) < 0)
		return -1;
	*ret_n = (uint64_t)sqlite3_column_double(st, 0);
	*ret_bytes = (uint64_t)sqlite3_column_double(st, 1);
	return 0;
}

/* --- decisions -------------------------------------------------------------------------------- */

static int
remember_decision(struct registry *r, const char *number, int64_t id, int64_t now_us, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r,
		    "INSERT INTO find_history (number, find, decision, ground, us)"
		    " SELECT number, id, decision, ground, ?3 FROM finds"
		    " WHERE number = ?1 AND id = ?2",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	(void)sqlite3_bind_int64(st, 2, id);
	(void)sqlite3_bind_int64(st, 3, now_us);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

static int
fail_no_find(int64_t id, struct err *e)
{
	return err_fail(e, EX_USAGE, 0, N_("there is no such find in this case"), NULL, "%lld",
		(long long)id);
}

int
find_decide(struct registry *r, const char *number, int64_t id, enum find_decision d,
	const char *ground, int64_t now_us, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (remember_decision(r, number, id, now_us, e) < 0)
		return -1;
	if (sqlite3_changes(r->db) == 0)
		return fail_no_find(id, e);
	if (registry_prepare(
		    r, "UPDATE finds SET decision = ?2, ground = ?3 WHERE id = ?1", &st, e) < 0)
		return -1;
	(void)sqlite3_bind_int64(st, 1, id);
	(void)sqlite3_bind_int(st, 2, (int)d);
	statement_text(st, 3, span_str(ground ? ground : ""));
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

/* The newest change of the case, of find *ID where that is not 0, as it was before. */
static int
undo_read(struct registry *r, const char *number, int64_t *id, int64_t *ret_entry, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(r,
		    "SELECT id, find FROM find_history WHERE number = ?1 AND (?2 = 0 OR find = ?2)"
		    " ORDER BY id DESC LIMIT 1",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	(void)sqlite3_bind_int64(st, 2, *id);
	rc = registry_step(r, st, e);
	if (rc != 0)
		return rc;
	*ret_entry = sqlite3_column_int64(st, 0);
	*id = sqlite3_column_int64(st, 1);
	return 0;
}

static int
undo_run(struct registry *r, const char *sql, int64_t entry, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r, sql, &st, e) < 0)
		return -1;
	(void)sqlite3_bind_int64(st, 1, entry);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

int
find_undo(struct registry *r, const char *number, int64_t id, int64_t *ret_id, struct err *e)
{
	int64_t entry;
	int rc = undo_read(r, number, &id, &entry, e);

	if (rc != 0)
		return rc;
	if (undo_run(r,
		    "UPDATE finds SET (decision, ground) ="
		    " (SELECT decision, ground FROM find_history h WHERE h.id = ?1)"
		    " WHERE id = (SELECT find FROM find_history h WHERE h.id = ?1)",
		    entry, e) < 0 ||
		undo_run(r, "DELETE FROM find_history WHERE id = ?1", entry, e) < 0)
		return -1;
	if (ret_id)
		*ret_id = id;
	return 0;
}

/* --- answers of stores ------------------------------------------------------------------------ */

int
answer_put(struct registry *r, const char *number, const struct answer_of_store *a, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r,
		    "INSERT OR REPLACE INTO answers VALUES (?1, ?9, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	statement_text(st, 2, span_str(a->store));
	(void)sqlite3_bind_int(st, 3, (int)a->answer);
	(void)sqlite3_bind_int64(st, 4, (int64_t)a->n_found);
	(void)sqlite3_bind_int64(st, 5, (int64_t)a->n_read);
	statement_text(st, 6, span_str(a->note ? a->note : ""));
	(void)sqlite3_bind_int64(st, 7, a->begun_us);
	(void)sqlite3_bind_int64(st, 8, a->ended_us);
	statement_text(st, 9, node_of(a->node));
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

int
answers_clear(struct registry *r, const char *number, const char *node, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r, "DELETE FROM answers WHERE number = ?1 AND node = ?2", &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	statement_text(st, 2, node_of(node));
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

int
answers_each(struct registry *r, const char *number, answer_seen *seen, void *ctx, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(r,
		    "SELECT store, answer, n_found, n_read, note, begun_us, ended_us, node"
		    " FROM answers WHERE number = ?1 ORDER BY node, store",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	while ((rc = registry_step(r, st, e)) == 0) {
		const int answer = sqlite3_column_int(st, 1);
		const struct answer_of_store a = { .store = statement_str(st, 0),
			/* what cannot be read was not searched */
			.answer = answer >= 0 && answer < STORE_ANSWERS ? (enum store_answer)answer
									: ANSWER_FAILED,
			.n_found = (uint64_t)sqlite3_column_int64(st, 2),
			.n_read = (uint64_t)sqlite3_column_int64(st, 3),
			.note = statement_str(st, 4),
			.begun_us = sqlite3_column_int64(st, 5),
			.ended_us = sqlite3_column_int64(st, 6),
			.node = statement_str(st, 7) };

		rc = seen(ctx, &a, e);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	return rc < 0 ? -1 : 0;
}
