/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rows come page by page, each page a statement of its own: nothing is held open between two, and a
 * timeout bounds each. By time where an index has it so; otherwise so many blocks of the table after
 * the other (a range of ctids, which PostgreSQL 14 and later read alone).
 *
 * A row is named by its table and ctid: that is good as long as the transaction that locked it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store/postgres/postgres-private.h"

#define PAGE_ROWS   500
#define PAGE_TEXTS  50 /* with all their columns and what hangs on them */
#define PAGE_BLOCKS 128
#define FEW_BLOCKS  8     /* where rows come with their texts, or are locked */
#define SIGN_BLOCKS 4096  /* where few rows come */
#define TEXT_MAX    65536 /* bytes of one row, or of what hangs on it in one table */
#define TOO_LARGE   "\1"

/* The columns of a page. */
enum { COL_OID, COL_CTID, COL_TIME, COL_LAST, COL_SIZE, COL_BLOCKED, COL_TEXTS };

/* How many blocks partition LEAF may have begun. */
static int
count_blocks(struct pg *t, size_t leaf, uint64_t *ret, struct err *e)
{
	const char *params[] = { t->leaf[leaf] };
	CLEANUP_PG PGresult *size = pg_ask(t, e,
		"SELECT pg_relation_size($1::oid) / current_setting('block_size')::int + 1", 1,
		params);

	if (!size)
		return -1;
	*ret = strtoull(PQgetvalue(size, 0, 0), NULL, 10);
	return 0;
}

/* Rows that are put where the table grows come with the next run: a trigger that has each erased row written again would
 * never come to an end. */
static int
stop_where_it_grows(struct pg_rows *r, struct err *e)
{
	for (size_t i = 0; i < r->t->n_leaves; i++) {
		uint64_t n;

		if (count_blocks(r->t, i, &n, e) < 0)
			return -1;
		r->n_blocks = n > r->n_blocks ? n : r->n_blocks;
	}
	return 0;
}

int
pg_rows_begin(struct pg *t, const struct selector *which, bool texts, bool lock, struct pg_rows *r,
	struct err *e)
{
	struct select_block all = { .store = t->store.conf };
	enum select_answer answer = SELECT_MAYBE;
	bool timeless;

	*r = (struct pg_rows){ .t = t, .which = which, .lock = lock, .only = SIZE_MAX };
	selector_reach(which, &r->from_us, &r->to_us, &timeless);
	r->bounded = !timeless;
	if (r->bounded) {
		all.from_us = r->from_us == INT64_MIN ? INT64_MIN + 1 : r->from_us;
		all.to_us = r->to_us == INT64_MAX ? r->to_us : r->to_us - 1;
		answer = selector_block(which, &all);
	}
	r->texts = texts || answer == SELECT_MAYBE;
	r->max = r->texts ? PAGE_TEXTS : PAGE_ROWS;
	r->n_page = r->texts || lock ? FEW_BLOCKS : PAGE_BLOCKS;
	r->by_time = r->bounded && t->indexed;
	r->ended = answer == SELECT_NO;
	if (lock && r->by_time && !r->ended && stop_where_it_grows(r, e) < 0)
		return -1;
	return r->ended;
}

/* --- a page's statement ----------------------------------------------------------------------- */

static void
put_blocked(const struct pg_rows *r, struct buf *sql)
{
	const struct pg *t = r->t;

	buf_str(sql, ", false");
	for (size_t i = 1; !r->looked && i < t->n_nodes; i++) {
		if (t->node[i].role != PG_BLOCK)
			continue;
		buf_printf(sql, " OR EXISTS (SELECT FROM %s n%zu WHERE ", t->node[i].rel, i);
		pg_put_hangs(t, sql, i, false);
		buf_char(sql, ')');
	}
}

/* All columns, and what hangs on the row, a text a table. */
static void
put_texts(const struct pg *t, struct buf *sql)
{
	for (size_t i = 0; i < t->n_columns; i++) {
		buf_printf(sql, ", CASE WHEN sparsam.size_ <= %d THEN t.", TEXT_MAX);
		row_quote(sql, t->column[i]);
		buf_str(sql, "::text ELSE '" TOO_LARGE "' END");
	}
	for (size_t i = 1; i < t->n_nodes; i++) {
		if (!pg_is_part(t, i))
			continue;
		buf_printf(sql,
			", (SELECT CASE WHEN sum(pg_column_size(n%zu)) <= %d"
			" THEN string_agg(n%zu::text, E'\\n') WHEN count(*) > 0 THEN '" TOO_LARGE
			"' END FROM %s n%zu WHERE ",
			i, TEXT_MAX, i, t->node[i].rel, i);
		pg_put_hangs(t, sql, i, false);
		buf_char(sql, ')');
	}
}

static void
put_bounds(const struct pg_rows *r, struct buf *sql)
{
	const struct pg *t = r->t;

	if (!r->bounded)
		return;
	if (r->to_us != INT64_MAX) {
		buf_printf(sql, " AND %s < ", t->time_column);
		pg_put_bound(t, sql, r->to_us, true);
	} else {
		buf_printf(sql, " AND %s IS NOT NULL", t->time_column);
	}
	if (r->from_us > INT64_MIN + 1) {
		buf_printf(sql, " AND %s >= ", t->time_column);
		pg_put_bound(t, sql, r->from_us, false);
	}
}

static void
put_place(const struct pg_rows *r, struct buf *sql)
{
	if (!r->by_time) {
		buf_printf(sql,
			" AND t.ctid >= '(%" PRIu64 ",0)'::tid AND t.ctid < '(%" PRIu64 ",0)'::tid",
			r->block, r->block + r->n_page);
		return;
	}
	if (r->lock)
		buf_printf(sql, " AND t.ctid < '(%" PRIu64 ",0)'::tid", r->n_blocks);
	if (r->last)
		buf_printf(sql, " AND (%s, t.tableoid, t.ctid) > (%s)", r->t->time_column, r->last);
	buf_printf(sql, " ORDER BY %s, t.tableoid, t.ctid LIMIT %d", r->t->time_column, r->max);
}

static PGresult *
ask_page(struct pg_rows *r, struct err *e)
{
	struct pg *t = r->t;
	PGresult *page = NULL;
	struct buf sql;

	buf_init(&sql, 4 << 20);
	buf_str(&sql, "SELECT t.tableoid, t.ctid, ");
	pg_put_time(t, &sql, t->time_column);
	buf_printf(&sql, ", %s::text, sparsam.size_", t->time_column);
	put_blocked(r, &sql);
	if (r->texts)
		put_texts(t, &sql);
	/* OFFSET keeps it apart: else the row would be put together anew for each column */
	buf_printf(&sql,
		" FROM %s%s t CROSS JOIN LATERAL (SELECT pg_column_size(t) AS size_ OFFSET 0) sparsam"
		" WHERE (%s)",
		r->by_time ? "" : "ONLY ", r->by_time ? t->node[0].rel : t->leaf_rel[r->leaf],
		t->where);
	put_bounds(r, &sql);
	if (r->signs)
		buf_put(&sql, r->signs->sql.p, r->signs->sql.len);
	put_place(r, &sql);
	if (r->lock)
		buf_str(&sql, " FOR UPDATE OF t SKIP LOCKED");
	buf_char(&sql, '\0');
	if (sql.failed)
		(void)err_memory(e);
	else
		page = pg_ask(t, e, sql.p, r->signs ? (int)r->signs->n_values : 0,
			r->signs ? (const char *const *)r->signs->value : NULL);
	buf_release(&sql);
	return page;
}

/* --- pages ------------------------------------------------------------------------------------ */

static int
page_by_time(struct pg_rows *r, struct err *e)
{
	const char *const type = r->t->time_type;
	int n;

	r->page = ask_page(r, e);
	if (!r->page)
		return -1;
	n = PQntuples(r->page);
	if (n == 0)
		return 1;
	free(r->last);
	/* of the forms that the server gives: nothing in them has to be escaped */
	if (asprintf(&r->last, "'%s'::%s, %s::oid, '%s'::tid", PQgetvalue(r->page, n - 1, COL_LAST),
		    type, PQgetvalue(r->page, n - 1, COL_OID),
		    PQgetvalue(r->page, n - 1, COL_CTID)) < 0) {
		r->last = NULL;
		return err_memory(e);
	}
	/* a page that is not full may lack rows that are locked: only an empty one is the end */
	return 0;
}

static int
page_by_block(struct pg_rows *r, struct err *e)
{
	const size_t end = r->only == SIZE_MAX ? r->t->n_leaves : r->only + 1;

	if (r->only != SIZE_MAX && r->leaf < r->only)
		r->leaf = r->only;
	while (r->leaf < end) {
		if (r->block == 0 && count_blocks(r->t, r->leaf, &r->n_blocks, e) < 0)
			return -1;
		if (r->block >= r->n_blocks) {
			r->leaf++;
			r->block = 0;
			continue;
		}
		PQclear(r->page);
		r->page = ask_page(r, e);
		if (!r->page)
			return -1;
		r->block += r->n_page;
		if (PQntuples(r->page) > 0)
			return 0;
	}
	return 1;
}

void
pg_rows_look(struct pg_rows *r, const struct pg_signs *signs)
{
	r->looked = true;
	r->n_page = signs->given ? SIGN_BLOCKS : PAGE_BLOCKS;
	if (signs->given)
		r->signs = signs;
}

int
pg_rows_page(struct pg_rows *r, struct err *e)
{
	int rc;

	PQclear(r->page);
	r->page = NULL;
	r->at = 0;
	if (r->ended)
		return 1;
	rc = r->by_time ? page_by_time(r, e) : page_by_block(r, e);
	r->ended = rc != 0;
	return rc;
}

static void
add_text(struct row *row, const char *name, const PGresult *page, int at, int column)
{
	const char *value = PQgetvalue(page, at, column);

	if (strcmp(value, TOO_LARGE) == 0)
		row->text.failed = true;
	else
		row_add(row, name,
			PQgetisnull(page, at, column)
				? SPAN_NONE
				: span_of(value, (size_t)PQgetlength(page, at, column)));
}

static void
add_columns(struct pg_rows *r, bool loose)
{
	struct pg *t = r->t;

	for (size_t i = 0; r->texts && i < t->n_columns; i++)
		if (t->loose[i] == loose)
			add_text(&t->row, t->column[i], r->page, r->at, COL_TEXTS + (int)i);
}

static void
fill_row(struct pg_rows *r)
{
	struct pg *t = r->t;
	int column = COL_TEXTS + (int)t->n_columns;

	row_clear(&t->row);
	add_columns(r, false);
	t->row.own = t->row.text.len;
	add_columns(r, true);
	for (size_t i = 1; r->texts && i < t->n_nodes; i++)
		if (pg_is_part(t, i))
			add_text(&t->row, t->node[i].rel, r->page, r->at, column++);
	t->row.size = strtoull(PQgetvalue(r->page, r->at, COL_SIZE), NULL, 10);
}

/* "(block,row)": rows of the same values are told apart, but one whose text was not read is known by its place. */
static uint64_t
offset_of(const struct row *row, const char *ctid)
{
	char *end;
	const uint64_t block = strtoull(ctid + 1, &end, 10);

	return row->n == 0 || row->text.failed || *end != ','
		       ? 0
		       : block << 16 | strtoull(end + 1, NULL, 10);
}

int
pg_rows_next(struct pg_rows *r, struct pg_found *ret)
{
	struct pg *t = r->t;
	int64_t time_us;

	if (!r->page || r->at == PQntuples(r->page))
		return 1;
	time_us = pg_time_of(t, PQgetvalue(r->page, r->at, COL_TIME));
	fill_row(r);
	*ret = (struct pg_found){ .record = row_record(&t->row, t->store.conf, t->place, time_us,
					  offset_of(&t->row, PQgetvalue(r->page, r->at, COL_CTID))),
		.oid = PQgetvalue(r->page, r->at, COL_OID),
		.ctid = PQgetvalue(r->page, r->at, COL_CTID),
		.blocked = *PQgetvalue(r->page, r->at, COL_BLOCKED) == 't' };
	ret->selected = selector_record(r->which, &ret->record);
	r->at++;
	return 0;
}

void
pg_rows_end(struct pg_rows *r)
{
	PQclear(r->page);
	free(r->last);
	r->page = NULL;
	r->last = NULL;
}
