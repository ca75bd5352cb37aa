/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rows go in transactions of a slice's length, with a rest of the same length between two, so that the
 * owning program gets its turn. SQLite overwrites what is deleted (secure_delete); what its
 * write-ahead log saw of it is cut off behind. A transaction that was killed is rolled back by
 * whoever opens the database next.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>

#include "store/sqlite/sqlite-private.h"

#define REST_BUSY_MS 2000 /* to wait for readers of the log */

struct erasing {
	struct sqlite_db *db;
	struct sqlite_rows rows;
	sqlite3_stmt *erase;
	struct sqlite_untie untie;
	struct store_result *result;
	uint64_t n_referenced; /* rows to which others point, so that they stay */
};

static int
prepare_erase(struct erasing *x, struct err *e)
{
	const struct sqlite *t = x->db->t;
	struct buf sql;
	int rc = SQLITE_NOMEM;

	buf_init(&sql, 1 << 16);
	buf_str(&sql, t->n_clear > 0 ? "UPDATE " : "DELETE FROM ");
	row_quote(&sql, t->table);
	for (size_t i = 0; i < t->n_clear; i++) {
		buf_str(&sql, i > 0 ? ", " : " SET ");
		row_quote(&sql, t->clear[i]);
		buf_str(&sql, " = NULL");
	}
	buf_printf(&sql, " WHERE %s = ?1", x->db->rowid);
	buf_char(&sql, '\0');
	if (!sql.failed)
		rc = sqlite3_prepare_v2(x->db->sql, sql.p, -1, &x->erase, NULL);
	buf_release(&sql);
	return rc == SQLITE_OK ? 0 : sqlite_db_fail(x->db, rc, e);
}

/* Also what is checked at the transaction's end alone is asked now: one row that stays would take all others along. */
static int
try_row(struct erasing *x)
{
	int rc = sqlite_untie_row(&x->untie, x->rows.rowid);

	if (rc != SQLITE_DONE)
		return rc;
	(void)sqlite3_bind_int64(x->erase, 1, x->rows.rowid);
	rc = sqlite3_step(x->erase);
	(void)sqlite3_reset(x->erase);
	return rc == SQLITE_DONE && x->db->pointed_to && sqlite_has_loose_ends(x->db)
		       ? SQLITE_CONSTRAINT
		       : rc;
}

static int
erase_row(struct erasing *x, const struct record *r, struct err *e)
{
	int rc = x->db->pointed_to ? sqlite_db_run(x->db, "SAVEPOINT one") : SQLITE_OK;

	if (rc == SQLITE_OK)
		rc = try_row(x);
	if ((rc & 0xff) == SQLITE_CONSTRAINT) {
		x->n_referenced++;
		rc = x->db->pointed_to ? sqlite_db_run(x->db, "ROLLBACK TO one") : SQLITE_OK;
	} else if (rc == SQLITE_DONE) {
		x->result->n_erased++;
		x->result->bytes += r->size;
		rc = SQLITE_OK;
	}
	if (rc == SQLITE_OK && x->db->pointed_to)
		rc = sqlite_db_run(x->db, "RELEASE one");
	return rc == SQLITE_OK ? 0 : sqlite_db_fail(x->db, rc, e);
}

/* The next row that is to go, without a lock on the database: without an index most rows stay. */
static int
seek(struct erasing *x, struct err *e)
{
	int64_t end_us = sqlite_now_us() + SLICE_US;
	struct record r;
	int rc;

	while ((rc = sqlite_rows_next(&x->rows, &r, e)) == 2) {
		if (sqlite_now_us() <= end_us)
			continue;
		sqlite_rows_rest(&x->rows, false);
		end_us = sqlite_now_us() + SLICE_US;
	}
	sqlite_rows_rest(&x->rows, true);
	return rc;
}

/* As many rows as a slice has time for. 1: the last ones. */
static int
erase_slice(struct erasing *x, struct err *e)
{
	const int64_t end_us = sqlite_now_us() + SLICE_US;
	struct record r;
	int rc;

	do {
		rc = sqlite_rows_next(&x->rows, &r, e);
		if (rc == 0 && erase_row(x, &r, e) < 0)
			rc = -1;
	} while ((rc == 0 || rc == 2) && sqlite_now_us() < end_us);
	sqlite_rows_rest(&x->rows, false);
	return rc == 2 ? 0 : rc;
}

static int
one_transaction(struct erasing *x, struct err *e)
{
	int rc = sqlite_db_run(x->db, "BEGIN IMMEDIATE"), end;

	if (rc != SQLITE_OK)
		return sqlite_db_fail(x->db, rc, e);
	end = erase_slice(x, e);
	rc = end < 0 ? SQLITE_OK : sqlite_db_run(x->db, "COMMIT");
	if (rc != SQLITE_OK)
		end = sqlite_db_fail(x->db, rc, e);
	if (end < 0)
		(void)sqlite_db_run(x->db, "ROLLBACK");
	return end;
}

/* As long as what went before took. */
static void
rest_since(int64_t begun_us)
{
	const int64_t us = sqlite_now_us() - begun_us;

	(void)clock_nanosleep(
		CLOCK_MONOTONIC, 0, &(struct timespec){ us / 1000000, us % 1000000 * 1000 }, NULL);
}

static int
erase_all(struct erasing *x, struct err *e)
{
	int rc;

	while ((rc = seek(x, e)) == 0) {
		const int64_t begun_us = sqlite_now_us();

		rc = one_transaction(x, e);
		if (rc != 0)
			break;
		rest_since(begun_us);
	}
	return rc < 0 ? -1 : 0;
}

/* --- what is left ----------------------------------------------------------------------------- */

static void
cut_log(const struct sqlite_db *db)
{
	int n_frames = 0, n_done = 0;
	char detail[96];

	(void)sqlite3_busy_timeout(db->sql, REST_BUSY_MS);
	if (sqlite3_wal_checkpoint_v2(
		    db->sql, NULL, SQLITE_CHECKPOINT_TRUNCATE, &n_frames, &n_done) == SQLITE_OK)
		return;
	(void)snprintf(detail, sizeof(detail),
		"write-ahead log: a reader has it open, %d pages stay until it is done", n_frames);
	store_tell(&db->t->store, NOTE_REMAINS, db->path, detail);
}

/* Takes free pages out of a database that can shrink step by step (auto_vacuum = incremental). */
static void
shrink(const struct sqlite_db *db)
{
	int64_t n = sqlite_db_number(db, "PRAGMA freelist_count", 0), before = n + 1;

	while (n > 0 && n < before) {
		const int64_t begun_us = sqlite_now_us();

		if (sqlite_db_run(db, "PRAGMA incremental_vacuum(1000)") != SQLITE_OK)
			break;
		before = n;
		n = sqlite_db_number(db, "PRAGMA freelist_count", 0);
		rest_since(begun_us);
	}
	cut_log(db);
}

/* VACUUM writes a large database twice while nobody else may write to it: that one is left to its owner. */
static void
vacuum(const struct sqlite_db *db, bool small)
{
	if (sqlite_db_number(db, "PRAGMA auto_vacuum", 0) == 2)
		shrink(db);
	if (small && sqlite_db_run(db, "VACUUM") == SQLITE_OK)
		cut_log(db);
}

static void
look_for_remains(const struct sqlite_db *db)
{
	int64_t seen, n = sqlite_remains(db, &seen);
	char detail[160], of[64] = "";

	if (n != 0 && db->t->vacuum) {
		vacuum(db, n > 0 && seen < 0);
		n = sqlite_remains(db, &seen);
	}
	if (n == 0 && seen < 0)
		return;
	if (seen >= 0)
		(void)snprintf(of, sizeof(of),
			" (%lld MiB were looked through, %lld pages are free)",
			(long long)(seen >> 20),
			(long long)sqlite_db_number(db, "PRAGMA freelist_count", 0));
	if (n < 0)
		(void)snprintf(detail, sizeof(detail), "free pages: too many to look through");
	else
		(void)snprintf(detail, sizeof(detail),
			"%lld pages hold bytes of rows deleted or moved before%s; vacuum mends",
			(long long)n, of);
	store_tell(&db->t->store, NOTE_REMAINS, db->path, detail);
}

void
sqlite_clean(const struct sqlite_db *db)
{
	cut_log(db);
	look_for_remains(db);
}

static int
erase_pass(struct erasing *x, const struct selector *which, struct err *e)
{
	int rc = sqlite_rows_begin(x->db, which, false, &x->rows, e);

	x->n_referenced = 0;
	if (rc == 0 && (sqlite_rows_stop(&x->rows, e) < 0 || erase_all(x, e) < 0))
		rc = -1;
	sqlite_rows_end(&x->rows);
	return rc < 0 ? -1 : 0;
}

/* What is answered can go when its answers are gone: as long as there are fewer of them, once more. */
static int
erase_passes(struct erasing *x, const struct selector *which, struct err *e)
{
	uint64_t before;

	x->n_referenced = UINT64_MAX;
	do {
		before = x->n_referenced;
		if (erase_pass(x, which, e) < 0)
			return -1;
	} while (x->db->by_itself && x->n_referenced > 0 && x->n_referenced < before);
	return 0;
}

static int
erase(struct sqlite_db *db, const struct selector *which, struct store_result *ret, struct err *e)
{
	struct erasing x = { .db = db, .result = ret };
	int rc = prepare_erase(&x, e);

	if (rc == 0)
		rc = sqlite_untie_make(db, &x.untie, e);
	if (rc == 0)
		rc = erase_passes(&x, which, e);
	sqlite_untie_release(&x.untie);
	(void)sqlite3_finalize(x.erase);
	ret->n_stayed = x.n_referenced;
	if (x.n_referenced > 0)
		store_tell(&db->t->store, NOTE_NOT_POSSIBLE, db->path,
			"rows of another table, or of the same, point to them");
	return rc;
}

int
sqlite_act(struct store *s, const struct plan_step *step, const struct selector *which,
	struct store_result *ret, struct err *e)
{
	struct sqlite *t = (struct sqlite *)s;
	const char *name;
	cleanup_fd int dirfd = place_open_folder(&s->conf->paths, step->place, &name, e);
	CLEANUP(sqlite_db_freep) struct sqlite_db *db = NULL;
	struct stat st;
	int rc;

	*ret = (struct store_result){ .technique = PLAN_UNLINKED };
	if (dirfd < 0)
		return -1;
	if (!plan_stands(step, dirfd, name, &st)) {
		ret->skipped = true; /* another file by now: the next run sees it */
		return 0;
	}
	rc = sqlite_db_open(t, dirfd, name, step->place, true, &db, e);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (erase(db, which, ret, e) < 0)
		return -1;
	sqlite_clean(db);
	return 0;
}
