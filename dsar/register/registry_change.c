/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * registry_change.c - a change of the register beside its ledger
 *
 * Two files cannot change in one step. So the ledger announces, the register changes and notes the
 * number of the announcement in the same transaction, and the ledger confirms.
 */
#include <string.h>
#include <sysexits.h>

#include "base/now.h"
#include "dsar/register/registry-private.h"
#include "evidence/ledger.h"

int
registry_begin(struct registry *r, struct err *e)
{
	if (!r->batch)
		return registry_run(r, "BEGIN IMMEDIATE", e);
	r->n_before = json_array_size(r->announced);
	return registry_run(r, "SAVEPOINT part", e);
}

int
registry_known_set(struct registry *r, int64_t seq, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r, "UPDATE registry SET ledger = ?", &st, e) < 0)
		return -1;
	(void)sqlite3_bind_int64(st, 1, seq);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

static int
note_newest(struct registry *r, struct err *e)
{
	const size_t n = json_array_size(r->announced);

	return n == 0 || r->older
		       ? 0
		       : registry_known_set(
				 r, json_integer_value(json_array_get(r->announced, n - 1)), e);
}

int
registry_commit(struct registry *r, struct err *e)
{
	json_t *done;

	if (r->batch)
		return registry_run(r, "RELEASE part", e);
	if (note_newest(r, e) < 0 || registry_run(r, "COMMIT", e) < 0)
		return -1;
	if (json_array_size(r->announced) == 0) {
		json_decref(TAKE(r->announced));
		return 0;
	}
	done = json_pack("{s:o}", "entries", TAKE(r->announced));
	return done ? ledger_append(r->ledger, r->announced_us, "done", done, NULL, e)
		    : err_memory(e);
}

/* What was announced of it stays in the ledger, as of any change that was not carried out. */
static void
part_undo(struct registry *r)
{
	(void)sqlite3_exec(r->db, "ROLLBACK TO part; RELEASE part", NULL, NULL, NULL);
	while (json_array_size(r->announced) > r->n_before)
		(void)json_array_remove(r->announced, json_array_size(r->announced) - 1);
}

void
registry_undo(struct registry *r)
{
	if (r->batch) {
		part_undo(r);
		return;
	}
	(void)sqlite3_exec(r->db, "ROLLBACK", NULL, NULL, NULL); /* there may be none to undo */
	json_decref(TAKE(r->announced));
}

int
registry_end(struct registry *r, int rc, struct err *e)
{
	if (rc == 0)
		rc = registry_commit(r, e);
	if (rc != 0)
		registry_undo(r);
	return rc;
}

int
registry_batch_begin(struct registry *r, struct err *e)
{
	if (registry_begin(r, e) < 0)
		return -1;
	if (ledger_begin(r->ledger, e) < 0) {
		registry_undo(r);
		return -1;
	}
	r->batch = true;
	return 0;
}

int
registry_batch_end(struct registry *r, int rc, struct err *e)
{
	r->batch = false;
	if (rc == 0)
		rc = ledger_commit(r->ledger, e);
	if (rc != 0)
		ledger_undo(r->ledger);
	return registry_end(r, rc, e);
}

int
registry_record(struct registry *r, const char *number, const char *kind, json_t *data,
	int64_t now_us, struct err *e)
{
	json_t *entry = data ? data : json_object();
	uint64_t seq;

	if (!entry || json_object_set_new(entry, "case", json_string(number)) < 0) {
		json_decref(entry);
		return err_memory(e);
	}
	if (ledger_append(r->ledger, now_us, kind, entry, &seq, e) < 0)
		return -1;
	if (sqlite3_get_autocommit(r->db) || strcmp(kind, "refusal") == 0)
		return 0; /* no change follows */
	if (!r->announced && !(r->announced = json_array()))
		return err_memory(e);
	r->announced_us = now_us;
	return json_array_append_new(r->announced, json_integer((json_int_t)seq)) == 0
		       ? 0
		       : err_memory(e);
}

/* --- an older register ------------------------------------------------------------------------- */

struct compare {
	int64_t known; /* the newest announcement that the register has carried out */
	bool older;
};

/* The newest "done" is the answer: what it confirms, the register knows, or has lost. */
static int
see_done(void *ctx, const struct ledger_entry *en, struct err *e)
{
	struct compare *c = ctx;
	json_t *d = json_loads(en->data, 0, NULL);
	const json_t *entries = json_object_get(d, "entries");
	const size_t n = json_array_size(entries);

	(void)e;
	c->older = n > 0 && json_integer_value(json_array_get(entries, n - 1)) > c->known;
	json_decref(d);
	return 1;
}

/* In a transaction that reads, and so holds up whoever would commit: a change that is confirmed in the ledger
 * by now was in the register before. */
int
registry_compare(struct registry *r, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	struct compare c = { 0 };
	int rc;

	if (registry_run(r, "BEGIN", e) < 0)
		return -1;
	rc = registry_prepare(r, "SELECT ledger FROM registry", &st, e);
	if (rc == 0)
		rc = registry_step(r, st, e);
	if (rc == 0) {
		c.known = sqlite3_column_int64(st, 0);
		rc = ledger_last(r->ledger, "done", see_done, &c, e);
	}
	(void)sqlite3_reset(st);
	registry_undo(r);
	if (rc < 0)
		return -1;
	return c.older ? err_fail(e, EX_DATAERR, 0, N_("the register is older than its ledger"),
				 N_("it was put back from a copy: bring it back with `dsar restore`"),
				 "%s", r->path)
		       : 0;
}
