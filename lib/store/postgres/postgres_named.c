/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/named.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "store/postgres/postgres-private.h"

struct named {
	struct pg pg; /* its connection alone */
	char *question;
	bool empty;
};

/* True or false, as SQL asks. */
static int
ask(struct pg *t, const char *sql, int n, const char *const *params, bool *ret, struct err *e)
{
	CLEANUP_PG PGresult *r = pg_ask(t, e, sql, n, params);

	if (!r)
		return -1;
	*ret = PQntuples(r) == 1 && *PQgetvalue(r, 0, 0) == 't';
	return 0;
}

/* "schema"."table", or what follows the last point of ROW. Owned. */
static char *
quoted(const char *row, bool table)
{
	const char *end = strrchr(row, '.');
	char part[256], *rest = part;
	struct buf b;

	buf_init(&b, 4096);
	(void)snprintf(
		part, sizeof(part), "%.*s", table ? (int)(end - row) : 255, table ? row : end + 1);
	for (const char *name; (name = strsep(&rest, ".")); buf_str(&b, rest ? "." : ""))
		row_quote(&b, name);
	buf_char(&b, '\0');
	if (!b.failed)
		return b.p;
	buf_release(&b);
	return NULL;
}

static int
prepare(struct named *n, const char *row, struct err *e)
{
	cleanup_mem char *table = NULL, *column = NULL, *empty = NULL;
	const char *dot = strrchr(row, '.');

	if (!dot || dot == row || !dot[1])
		return pg_fail_conf(&n->pg, N_("row is \"TABLE.COLUMN\""), row, e);
	table = quoted(row, true);
	column = quoted(row, false);
	if (!table || !column ||
		asprintf(&empty, "SELECT NOT EXISTS (SELECT FROM %s)", table) < 0 ||
		asprintf(&n->question, "SELECT EXISTS (SELECT FROM %s WHERE %s = $1)", table,
			column) < 0)
		return err_memory(e);
	if (ask(&n->pg, empty, 0, NULL, &n->empty, e) < 0)
		return -1;
	if (n->empty)
		store_tell(&n->pg.store, NOTE_NOT_POSSIBLE, row,
			"it has no row at all: no file is taken for one that was left behind");
	return 0;
}

int
named_open(
	const struct store_env *env, const struct conf_store *s, struct named **ret, struct err *e)
{
	struct named *n = calloc(1, sizeof(*n));
	int rc;

	if (!n)
		return err_memory(e);
	n->pg.store.conf = s;
	n->pg.store.env = env;
	n->pg.place = store_option(s, "row", "");
	rc = pg_connect(&n->pg, e);
	if (rc == 0)
		rc = prepare(n, n->pg.place, e);
	if (rc == 0)
		*ret = n;
	else
		named_free(n);
	return rc;
}

struct named *
named_free(struct named *n)
{
	if (!n)
		return NULL;
	PQfinish(n->pg.conn);
	free(n->question);
	free(n);
	return NULL;
}

int
named_by_row(struct named *n, const char *id, bool *ret, struct err *e)
{
	*ret = n->empty;
	return n->empty ? 0 : ask(&n->pg, n->question, 1, &id, ret, e);
}
