/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * registry.h - the register of requests, one SQLite file
 *
 * register_dir/register.db (default state_dir/register), mode 0660, in a folder 2770 of the group
 * sparsam-dpo: its members enter, review and answer without being root. Beside it lies the register's
 * own ledger (evidence/ledger.h), in which every step stands by case number only.
 *
 * It holds personal data: what a person asked, identifiers, finds. So deleted rows are overwritten
 * (secure_delete), nothing of it is in a write-ahead log, and a case shrinks by itself (case.h).
 * Each noun keeps its own tables and their schema in its own file; registry.c knows their order.
 *
 * One thread per `struct registry`. Two people at one case: a change is a transaction that begins
 * IMMEDIATE and looks at the case's state in it; who comes second is told (EX_TEMPFAIL).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>
#include <sqlite3.h>

#include "base/cleanup.h"
#include "base/conf/conf.h"
#include "base/err.h"
#include "base/span.h"

struct registry;

/* Opens C's register. The caller owns *ret. Fails with EX_CONFIG (there is none: say `dsar init`),
 * EX_NOPERM (not of the group), EX_TEMPFAIL (locked), EX_DATAERR (damaged). */
int registry_open(const struct conf *c, struct registry **ret, struct err *e);

/* Makes it, empty, and its ledger. EX_CANTCREAT: there is one already. */
int registry_init(const struct conf *c, struct registry **ret, struct err *e);
struct registry *registry_free(struct registry *r);
DEFINE_CLEANUP(struct registry, registry_free)

const char *registry_dir(const struct registry *r);
struct sqlite3 *registry_db(struct registry *r);

/* --- statements ------------------------------------------------------------------------------- */

static inline void
statement_endp(sqlite3_stmt **st)
{
	(void)sqlite3_finalize(*st); /* its error was seen at the step */
}
#define CLEANUP_STATEMENT CLEANUP(statement_endp)

/* Prepares SQL. The caller owns *ret (CLEANUP_STATEMENT). */
int registry_prepare(struct registry *r, const char *sql, sqlite3_stmt **ret, struct err *e);

/* The same for what is asked again and again: R keeps it prepared, known by its text, which is a constant. The caller
 * borrows *ret, one at a time, and ends with it by CLEANUP_KEPT. */
int registry_kept(struct registry *r, const char *sql, sqlite3_stmt **ret, struct err *e);

static inline void
statement_restp(sqlite3_stmt **st)
{
	if (!*st) /* registry_kept() has failed */
		return;
	(void)sqlite3_reset(*st); /* its error was seen at the step */
	(void)sqlite3_clear_bindings(*st);
}
#define CLEANUP_KEPT CLEANUP(statement_restp)

/* 0: a row; 1: done; -1: failed. */
int registry_step(struct registry *r, sqlite3_stmt *st, struct err *e);

/* Runs SQL that takes and gives nothing. */
int registry_run(struct registry *r, const char *sql, struct err *e);

/* What SQLite's last failure means, as an error at the register's path. Returns -1. */
int registry_fail(struct registry *r, struct err *e);
#define registry_fail(r, e) ((void)(registry_fail)(r, e), -1) /* as in err.h */

void statement_text(sqlite3_stmt *st, int n, struct span s); /* SPAN_NONE: NULL; copied */
void statement_blob(sqlite3_stmt *st, int n, struct span s);
struct span statement_span(sqlite3_stmt *st, int column); /* borrowed until the next step */
const char *statement_str(sqlite3_stmt *st, int column);  /* the same; NULL is "" */

/* --- changes ---------------------------------------------------------------------------------- */

/* One change, whole or not at all: begin, then end it with what came of it: RC 0 is a commit, any other (-1, or
 * what a caller means by it) undoes it all. registry_end() returns RC, or -1 where the commit failed. What was
 * announced in between by registry_record() is confirmed in the ledger by the commit (kind "done"): an
 * entry without that was never carried out, and a "done" of which the register knows nothing shows that
 * the register is an older one than its ledger. */
int registry_begin(struct registry *r, struct err *e);
int registry_end(struct registry *r, int rc, struct err *e);

/* Many changes as one on the disk: each begins and ends as above, and one that is undone undoes itself alone; the
 * ledger's entries about all of them are durable before any is. Nobody else changes the register meanwhile. */
int registry_batch_begin(struct registry *r, struct err *e);
int registry_batch_end(struct registry *r, int rc, struct err *e);

/* Its two halves, for what is longer than a function. */
int registry_commit(struct registry *r, struct err *e);
void registry_undo(struct registry *r);

/* Adds an entry about case NUMBER to the ledger, durable on return: before the act that it announces.
 * DATA (no personal data; may be NULL) is given away, also on failure. */
int registry_record(struct registry *r, const char *number, const char *kind, json_t *data,
	int64_t now_us, struct err *e);

struct ledger *registry_ledger(struct registry *r);
