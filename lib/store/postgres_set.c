/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A page of rows is a transaction, as in postgres_act.c: its rows are locked, asked about once more, set and read
 * back. What the column's type makes another value of is rolled back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "store/postgres-private.h"

struct setting {
	struct pg *t;
	const struct store_value *v;
	size_t n;
	uint64_t n_set;
	bool refused;
};

static void
put_update(const struct setting *x, const struct pg_found *f, struct buf *sql)
{
	const struct pg *t = x->t;

	buf_printf(sql, "UPDATE %s t", t->node[0].rel);
	for (size_t i = 0; i < x->n; i++) {
		buf_str(sql, i > 0 ? ", " : " SET ");
		row_quote(sql, x->v[i].field);
		buf_printf(sql, " = $%zu", i + 1);
	}
	/* of the forms that the server gives: nothing in them has to be escaped */
	buf_printf(sql, " WHERE t.tableoid = %s::oid AND t.ctid = '%s'::tid RETURNING ", f->oid,
		f->ctid);
	for (size_t i = 0; i < x->n; i++) {
		buf_str(sql, i > 0 ? ", t." : "t.");
		row_quote(sql, x->v[i].field);
		buf_str(sql, "::text");
	}
	buf_char(sql, '\0');
}

/* -1 as well where it was refused. */
static int
set_row(struct setting *x, const struct pg_found *f, struct err *e)
{
	const char *value[ROW_NAMES_MAX];
	CLEANUP_PG PGresult *r = NULL;
	struct buf sql;

	for (size_t i = 0; i < x->n; i++)
		value[i] = x->v[i].value;
	buf_init(&sql, 1 << 16);
	put_update(x, f, &sql);
	if (sql.failed)
		(void)err_memory(e);
	else
		r = pg_ask(x->t, e, sql.p, (int)x->n, value);
	buf_release(&sql);
	if (!r) { /* out of range (22), against a constraint (23) */
		x->refused = strstr(e->where, "SQLSTATE 22") || strstr(e->where, "SQLSTATE 23");
		return -1;
	}
	for (size_t i = 0; PQntuples(r) == 1 && i < x->n; i++)
		x->refused |= strcmp(PQgetvalue(r, 0, (int)i), x->v[i].value) != 0;
	if (x->refused)
		return -1;
	x->n_set += PQntuples(r) == 1; /* a rule or trigger of the database's own may keep it */
	return 0;
}

/* One page. 1: it was the last. */
static int
one_transaction(struct setting *x, struct pg_rows *rows, struct err *e)
{
	struct pg_found f;
	int rc = pg_rows_page(rows, e);

	while (rc == 0 && pg_rows_next(rows, &f) == 0)
		if (f.selected && set_row(x, &f, e) < 0)
			rc = -1;
	return rc;
}

static int
set_rows(struct setting *x, struct pg_rows *rows, struct err *e)
{
	struct err ignored;
	int rc = 0;

	while (rc == 0) {
		rc = pg_run(x->t, "BEGIN READ WRITE", e) < 0 ? -1 : one_transaction(x, rows, e);
		if (rc >= 0 && pg_run(x->t, "COMMIT", e) < 0)
			rc = -1;
		if (rc < 0)
			(void)pg_run(x->t, "ROLLBACK", &ignored);
	}
	return rc < 0 ? -1 : 0;
}

int
pg_set(struct store *s, const struct selector *which, const struct store_value *v, size_t n,
	uint64_t *ret_n, struct err *e)
{
	struct pg *t = (struct pg *)s;
	struct setting x = { .t = t, .v = v, .n = n };
	struct pg_rows rows;
	int rc;

	if (n > ROW_NAMES_MAX)
		return err_fail(e, EX_DATAERR, 0, N_("too many fields"), NULL, "%s", t->place);
	rc = pg_rows_begin(t, which, false, true, &rows, e);
	if (rc == 0)
		rc = set_rows(&x, &rows, e);
	pg_rows_end(&rows);
	if (rc < 0)
		return x.refused ? STORE_REFUSED : -1;
	*ret_n = x.n_set;
	if (x.n_set > 0) {
		pg_vacuum(t, 0);
		pg_tell_remains(t);
	}
	return 0;
}
