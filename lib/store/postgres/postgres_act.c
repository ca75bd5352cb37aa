/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A batch is a transaction: its rows are locked, asked about once more, what hangs on them goes,
 * children first, then they. A batch that is cut off leaves nothing behind. Rows that others have
 * locked are left for the next run, and told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "store/postgres/postgres-private.h"

struct erasing {
	struct pg *t;
	const struct selector *which;
	struct store_result *result;
	size_t order[PG_NODES_MAX], n_order;
	struct buf oids, ctids; /* of a batch, as arrays */
	uint64_t n, bytes;      /* of it */
};

/* --- rows ------------------------------------------------------------------------------------- */

static int
erase_from(struct erasing *x, struct buf *sql, uint64_t *ret_n, struct err *e)
{
	struct pg *t = x->t;
	const char *params[] = { x->ctids.p, x->oids.p };
	CLEANUP_PG PGresult *r = NULL;

	buf_char(sql, '\0');
	if (sql->failed)
		(void)err_memory(e);
	else
		r = pg_ask(t, e, sql->p, t->partitioned ? 2 : 1, params);
	buf_release(sql);
	if (!r)
		return -1;
	*ret_n = strtoull(PQcmdTuples(r), NULL, 10);
	return 0;
}

static void
put_own(const struct pg *t, struct buf *sql)
{
	buf_printf(sql, t->n_clear > 0 ? "UPDATE %s t" : "DELETE FROM %s t", t->node[0].rel);
	for (size_t i = 0; i < t->n_clear; i++) {
		buf_str(sql, i > 0 ? ", " : " SET ");
		row_quote(sql, t->clear[i]);
		buf_str(sql, " = NULL");
	}
	buf_str(sql, t->partitioned ? " WHERE (t.tableoid, t.ctid) IN (SELECT * FROM unnest("
				      "$2::oid[], $1::tid[]))"
				    : " WHERE t.ctid = ANY ($1::tid[])");
}

/* Others' rows stay, and lose what points to the batch; rows of the batch itself keep their place, by which they go. */
static int
untie(struct erasing *x, size_t node, struct err *e)
{
	const struct pg *t = x->t;
	struct buf sql;
	uint64_t n;

	buf_init(&sql, 1 << 16);
	buf_printf(&sql, "UPDATE %s n%zu SET %s = NULL WHERE ", t->node[node].rel, node,
		t->node[node].column);
	pg_put_hangs(t, &sql, node, true);
	if (strcmp(t->node[node].oid, t->node[0].oid) == 0) {
		if (t->partitioned)
			buf_printf(&sql,
				" AND (n%zu.tableoid, n%zu.ctid) NOT IN (SELECT * FROM"
				" unnest($2::oid[], $1::tid[]))",
				node, node);
		else
			buf_printf(&sql, " AND n%zu.ctid <> ALL ($1::tid[])", node);
	}
	return erase_from(x, &sql, &n, e);
}

static int
erase_batch(struct erasing *x, struct err *e)
{
	struct pg *t = x->t;
	struct buf sql;
	uint64_t n;

	buf_str(&x->ctids, "}");
	buf_char(&x->ctids, '\0');
	buf_str(&x->oids, "}");
	buf_char(&x->oids, '\0');
	if (x->ctids.failed || x->oids.failed)
		return err_memory(e);
	for (size_t i = 1; i < t->n_nodes; i++)
		if (t->node[i].role == PG_UNTIE && untie(x, i, e) < 0)
			return -1;
	for (size_t i = 0; i < x->n_order; i++) {
		const size_t node = x->order[i];

		buf_init(&sql, 1 << 16);
		buf_printf(&sql, "DELETE FROM %s n%zu WHERE ", t->node[node].rel, node);
		pg_put_hangs(t, &sql, node, true);
		if (erase_from(x, &sql, &n, e) < 0)
			return -1;
	}
	buf_init(&sql, 1 << 16);
	put_own(t, &sql);
	if (erase_from(x, &sql, &n, e) < 0)
		return -1;
	if (n != x->n) /* a rule or trigger of the database's own: what it keeps, it keeps */
		x->n = n;
	return 0;
}

static void
take_row(struct erasing *x, const struct pg_found *f)
{
	buf_str(&x->ctids, x->n ? ",\"" : "\"");
	buf_str(&x->ctids, f->ctid);
	buf_char(&x->ctids, '"');
	buf_str(&x->oids, x->n ? "," : "");
	buf_str(&x->oids, f->oid);
	x->n++;
	x->bytes += f->record.size;
}

static void
batch_begin(struct erasing *x)
{
	buf_clear(&x->ctids);
	buf_clear(&x->oids);
	buf_char(&x->ctids, '{');
	buf_char(&x->oids, '{');
	x->n = x->bytes = 0;
}

/* One page. 1: it was the last. */
static int
one_transaction(struct erasing *x, struct pg_rows *rows, struct err *e)
{
	struct pg_found f;
	int rc = pg_rows_page(rows, e);

	batch_begin(x);
	while (rc == 0 && pg_rows_next(rows, &f) == 0) {
		if (f.selected && !f.blocked)
			take_row(x, &f);
		else
			x->result->n_stayed++;
	}
	if (rc == 0 && x->n > 0 && erase_batch(x, e) < 0)
		rc = -1;
	return rc;
}

static int
erase_rows(struct erasing *x, struct err *e)
{
	struct pg *t = x->t;
	struct err ignored;
	struct pg_rows rows;
	int rc = pg_rows_begin(t, x->which, false, true, &rows, e);

	while (rc == 0) {
		rc = pg_run(t, "BEGIN READ WRITE", e) < 0 ? -1 : one_transaction(x, &rows, e);
		if (rc >= 0 && pg_run(t, "COMMIT", e) < 0)
			rc = -1;
		if (rc < 0) {
			(void)pg_run(t, "ROLLBACK", &ignored);
			break;
		}
		x->result->n_erased += x->n;
		x->result->bytes += x->bytes;
		if (store_stopped(&t->store))
			break;
	}
	pg_rows_end(&rows);
	return rc < 0 ? -1 : 0;
}

/* What is still there and should not be is locked by somebody, or was put back. */
static int
tell_locked(struct erasing *x, struct err *e)
{
	struct pg_rows rows;
	struct pg_found f;
	int rc = pg_rows_begin(x->t, x->which, false, false, &rows, e);
	uint64_t n = 0;

	while (rc == 0 && (rc = pg_rows_page(&rows, e)) == 0)
		while (pg_rows_next(&rows, &f) == 0)
			n += f.selected && !f.blocked;
	pg_rows_end(&rows);
	if (n > 0)
		store_tell(&x->t->store, NOTE_NOT_POSSIBLE, x->t->place,
			"another session has rows locked, or a trigger puts them back: they go with the next run, if they can");
	return rc < 0 ? -1 : 0;
}

/* --- a partition ------------------------------------------------------------------------------ */

/* In the transaction that has it locked. 1: something of it has to stay by now. */
static int
drop_locked(struct erasing *x, size_t leaf, struct err *e)
{
	struct pg *t = x->t;
	struct plan_step now = { .oldest_us = RECORD_NO_TIME, .newest_us = RECORD_NO_TIME };
	cleanup_mem char *lock_all = NULL, *lock = NULL, *drop = NULL;
	bool goes;

	/* in the order of the application's own statements, or the two would wait for each other */
	if (asprintf(&lock_all, "LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE", t->node[0].rel) <
			0 ||
		asprintf(&lock, "LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE", t->leaf_rel[leaf]) <
			0 ||
		asprintf(&drop, "DROP TABLE %s", t->leaf_rel[leaf]) < 0)
		return err_memory(e);
	if (pg_run(t, lock_all, e) < 0 || pg_run(t, lock, e) < 0 ||
		pg_leaf_goes(t, x->which, leaf, &now, &goes, e) < 0)
		return -1;
	if (!goes)
		return 1;
	if (pg_run(t, drop, e) < 0)
		return -1;
	x->result->n_erased = now.n_records;
	return 0;
}

static void
forget_leaf(struct pg *t, size_t leaf)
{
	free(t->leaf[leaf]);
	free(t->leaf_rel[leaf]);
	t->n_leaves--;
	memmove(t->leaf + leaf, t->leaf + leaf + 1, (t->n_leaves - leaf) * sizeof(*t->leaf));
	memmove(t->leaf_rel + leaf, t->leaf_rel + leaf + 1,
		(t->n_leaves - leaf) * sizeof(*t->leaf_rel));
}

/* A partition that cannot be had at once, or not whole, goes row by row: then it is not late. */
static int
act_drop(struct erasing *x, const struct plan_step *step, struct err *e)
{
	struct pg *t = x->t;
	struct err ignored;
	size_t leaf = 0;
	int rc;

	while (leaf < t->n_leaves && strtoull(t->leaf[leaf], NULL, 10) != step->driver)
		leaf++;
	if (leaf == t->n_leaves) {
		x->result->skipped = true;
		return 0;
	}
	if (pg_run(t, "BEGIN READ WRITE", e) < 0)
		return -1;
	rc = drop_locked(x, leaf, e);
	if (rc == 0 && pg_run(t, "COMMIT", e) == 0) {
		x->result->bytes = step->bytes;
		forget_leaf(t, leaf);
		return 0;
	}
	(void)pg_run(t, "ROLLBACK", &ignored);
	*x->result = (struct store_result){ .technique = PLAN_UNLINKED };
	if (PQstatus(t->conn) != CONNECTION_OK)
		return -1;
	return erase_rows(x, e);
}

/* --- what is left ----------------------------------------------------------------------------- */

static int
vacuum(struct pg *t, const char *rel, struct err *e)
{
	cleanup_mem char *sql = NULL;

	if (asprintf(&sql, t->vacuum == PG_VACUUM_FULL ? "VACUUM (FULL) %s" : "VACUUM %s", rel) < 0)
		return err_memory(e);
	return pg_run(t, sql, e);
}

/* Bounded as all statements are; one that was in use is done with the next run that erases. */
void
pg_vacuum(struct pg *t, size_t node)
{
	struct err why;

	if (t->vacuum == PG_VACUUM_NO)
		return;
	if (vacuum(t, t->node[node].rel, &why) < 0)
		store_tell(&t->store, NOTE_REMAINS, t->place, why.what);
	else
		t->rewritten = t->vacuum == PG_VACUUM_FULL;
}

void
pg_tell_remains(struct pg *t)
{
	struct err ignored;
	CLEANUP_PG PGresult *r = pg_ask(t, &ignored,
		"SELECT current_setting('archive_mode'), current_setting('wal_keep_size', true),"
		" (SELECT count(*) FROM pg_replication_slots),"
		" (SELECT count(*) FROM pg_stat_replication), current_setting('max_wal_size')",
		0, NULL);
	char detail[384];

	if (t->told)
		return;
	t->told = true;
	if (!r) {
		store_tell(&t->store, NOTE_REMAINS, t->place, "write-ahead log, archive, standbys");
		return;
	}
	(void)snprintf(detail, sizeof(detail),
		"pages: %s; write-ahead log: %s, wal_keep_size = %s, max_wal_size = %s; "
		"archive_mode = %s; replication slots: %s; standbys: %s",
		t->rewritten ? "rewritten" : "until they are used again",
		t->unlogged ? "none, the table is unlogged" : "until it is recycled",
		PQgetvalue(r, 0, 1), PQgetvalue(r, 0, 4), PQgetvalue(r, 0, 0), PQgetvalue(r, 0, 2),
		PQgetvalue(r, 0, 3));
	store_tell(&t->store, NOTE_REMAINS, t->place, detail);
}

int
pg_act(struct store *s, const struct plan_step *step, const struct selector *which,
	struct store_result *ret, struct err *e)
{
	struct pg *t = (struct pg *)s;
	struct erasing x = { .t = t, .which = which, .result = ret };
	int rc;

	*ret = (struct store_result){ .technique = PLAN_UNLINKED };
	buf_init(&x.ctids, 1 << 20);
	buf_init(&x.oids, 1 << 20);
	x.n_order = t->n_clear > 0 ? 0 : pg_order(t, x.order);
	if (step->action == PLAN_DROP)
		rc = act_drop(&x, step, e);
	else
		rc = erase_rows(&x, e) < 0 ? -1 : tell_locked(&x, e);
	if (rc == 0 && step->action != PLAN_DROP && ret->n_erased > 0)
		for (size_t i = 0; i <= x.n_order; i++)
			pg_vacuum(t, i < x.n_order ? x.order[i] : 0);
	if (rc == 0 && ret->n_erased > 0)
		pg_tell_remains(t);
	buf_release(&x.ctids);
	buf_release(&x.oids);
	return rc;
}
