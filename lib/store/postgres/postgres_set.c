/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * All rows are set in one transaction, or none: a page's rows are locked, asked about once more, set and read back. What
 * the column's type makes another value of is rolled back. Of a page without a row to be set no lock is kept.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "store/postgres/postgres-private.h"

struct setting {
	struct pg *t;
	const struct store_value *v;
	size_t n;
	uint64_t n_set;
	bool changed; /* the column makes another value of it */
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
	if (!r)
		return -1;
	for (size_t i = 0; PQntuples(r) == 1 && i < x->n; i++)
		x->changed |= strcmp(PQgetvalue(r, 0, (int)i), x->v[i].value) != 0;
	if (x->changed)
		return err_fail(e, EX_DATAERR, 0, N_("the store does not take the value"), NULL,
			"%s", x->t->place);
	x->n_set += PQntuples(r) == 1; /* a rule or trigger of the database's own may keep it */
	return 0;
}

/* 1: it was the last. */
static int
set_page(struct setting *x, struct pg_rows *rows, struct err *e)
{
	const uint64_t before = x->n_set;
	struct pg_found f;
	int rc;

	if (pg_run(x->t, "SAVEPOINT page", e) < 0)
		return -1;
	rc = pg_rows_page(rows, e);
	while (rc == 0 && pg_rows_next(rows, &f) == 0)
		if (f.selected && set_row(x, &f, e) < 0)
			rc = -1;
	if (rc == 0 && x->n_set == before && pg_run(x->t, "ROLLBACK TO page", e) < 0)
		return -1;
	return rc == 0 ? pg_run(x->t, "RELEASE page", e) : rc;
}

/* Does E say that a value is out of range (22), or against a constraint (23), at the end perhaps? */
static bool
is_refusal(const struct err *e)
{
	return strstr(e->where, "SQLSTATE 22") || strstr(e->where, "SQLSTATE 23");
}

static int
set_rows(struct setting *x, struct pg_rows *rows, struct err *e)
{
	struct err ignored;
	int rc = pg_run(x->t, "BEGIN READ WRITE", e);

	while (rc == 0)
		rc = set_page(x, rows, e);
	if (rc > 0)
		rc = pg_run(x->t, "COMMIT", e);
	if (rc == 0)
		return 0;
	(void)pg_run(x->t, "ROLLBACK", &ignored);
	return x->changed || is_refusal(e) ? STORE_REFUSED : -1;
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
	if (rc < 0 || rc == STORE_REFUSED)
		return rc;
	*ret_n = x.n_set;
	if (x.n_set > 0) {
		pg_vacuum(t, 0);
		pg_tell_remains(t);
	}
	return 0;
}
