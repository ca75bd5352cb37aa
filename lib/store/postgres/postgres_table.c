/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "store/postgres/postgres-private.h"

int
pg_fail_conf(const struct pg *t, const char *what, const char *name, struct err *e)
{
	const struct conf_store *s = t->store.conf;

	return conf_fail(e, &s->where, what, N_("see postgres in sparsam.conf(5)"),
		"store \"%s\": %s: %s", s->name, t->place, name);
}

/* --- times ------------------------------------------------------------------------------------ */

void
pg_put_time(const struct pg *t, struct buf *sql, const char *expression)
{
	if (t->time_kind == PG_TIME_NUMBER)
		buf_printf(sql, "(%s)::text", expression);
	else if (t->time_kind == PG_TIME_ZONED)
		buf_printf(sql,
			"CASE WHEN isfinite(%s) THEN (extract(epoch FROM %s) * 1000000)::bigint END",
			expression, expression);
	else
		buf_printf(sql,
			"CASE WHEN isfinite(%s) THEN (extract(epoch FROM ((%s)::timestamp AT TIME "
			"ZONE %s)) * 1000000)::bigint END",
			expression, expression, t->zone);
}

void
pg_put_bound(const struct pg *t, struct buf *sql, int64_t us, bool up)
{
	const char *const moment = "(timestamptz 'epoch' + %" PRId64 " * interval '1 microsecond')";

	if (t->time_kind == PG_TIME_NUMBER) {
		buf_printf(sql, "(%" PRId64 ")", row_time_units(t->form, us, up));
		return;
	}
	buf_str(sql, "(");
	buf_printf(sql, moment, us);
	if (t->time_kind == PG_TIME_LOCAL)
		buf_printf(sql, " AT TIME ZONE %s", t->zone);
	buf_str(sql, ")");
}

int64_t
pg_time_of(struct pg *t, const char *text)
{
	if (!text || !*text)
		return RECORD_NO_TIME;
	return row_time_of_text(
		t->time_kind == PG_TIME_NUMBER ? t->form : ROW_TIME_US, &t->ts, span_str(text));
}

/* What the column's type is good for. */
static int
take_type(struct pg *t, const char *type, struct err *e)
{
	static const struct {
		const char *name;
		enum pg_time kind;
	} types[] = {
		{ "timestamptz", PG_TIME_ZONED },
		{ "timestamp", PG_TIME_LOCAL },
		{ "date", PG_TIME_LOCAL },
		{ "int8", PG_TIME_NUMBER },
		{ "int4", PG_TIME_NUMBER },
		{ "numeric", PG_TIME_NUMBER },
		{ "float8", PG_TIME_NUMBER },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(type, types[i].name) == 0) {
			t->time_kind = types[i].kind;
			return 0;
		}
	}
	return pg_fail_conf(t, N_("column's type has no times"), t->time, e);
}

/* --- the catalog ------------------------------------------------------------------------------ */

static char *
quoted(const char *prefix, const char *name)
{
	struct buf b;

	buf_init(&b, 1 << 12);
	buf_str(&b, prefix);
	row_quote(&b, name);
	buf_char(&b, '\0');
	if (!b.failed)
		return b.p; /* given away */
	buf_release(&b);
	return NULL;
}

/* "schema.table", or "table" where the search path finds it. */
static int
find_table(struct pg *t, struct err *e)
{
	const char *name = store_option(t->store.conf, "table", ""), *dot = strchr(name, '.');
	cleanup_mem char *schema = dot ? strndup(name, (size_t)(dot - name)) : strdup("");
	const char *params[] = { dot ? dot + 1 : name, schema };
	CLEANUP_PG PGresult *r = NULL;
	const char *kind;

	if (!schema)
		return err_memory(e);
	r = pg_ask(t, e,
		"SELECT c.oid, c.oid::regclass::text, c.relkind, c.relpersistence,"
		" EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid)"
		" FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = $1"
		" AND CASE WHEN $2 = '' THEN pg_table_is_visible(c.oid) ELSE n.nspname = $2 END",
		2, params);
	if (!r)
		return -1;
	if (PQntuples(r) == 0)
		return pg_fail_conf(t, N_("no such table"), name, e);
	kind = PQgetvalue(r, 0, 2);
	if (*kind != 'r' && *kind != 'p')
		return pg_fail_conf(
			t, N_("a view or virtual table has no rows of its own"), name, e);
	/* rows of tables that inherit from it (the way before partitions) are its own as well */
	t->partitioned = *kind == 'p' || *PQgetvalue(r, 0, 4) == 't';
	t->unlogged = *PQgetvalue(r, 0, 3) == 'u';
	t->node[0] = (struct pg_node){ .oid = strdup(PQgetvalue(r, 0, 0)),
		.rel = strdup(PQgetvalue(r, 0, 1)),
		.role = PG_ROW };
	t->n_nodes = 1;
	return t->node[0].oid && t->node[0].rel ? 0 : err_memory(e);
}

static int
check_clear(struct pg *t, const char *name, bool not_null, size_t *found, struct err *e)
{
	for (size_t i = 0; i < t->n_clear; i++) {
		if (strcmp(t->clear[i], name) != 0)
			continue;
		if (not_null)
			return pg_fail_conf(t, N_("column cannot be NULL"), name, e);
		++*found;
	}
	return 0;
}

static int
read_columns(struct pg *t, struct err *e)
{
	const char *params[] = { t->node[0].oid };
	CLEANUP_PG PGresult *r = pg_ask(t, e,
		"SELECT a.attname, a.attnotnull, ty.typname, format_type(a.atttypid, a.atttypmod),"
		" EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = a.attrelid"
		"  AND k.contype = 'f' AND a.attnum = ANY (k.conkey)"
		"  AND (k.confdeltype = 'd' OR k.confdeltype = 'n' AND NOT a.attnotnull)),"
		" c.relname || '.' || a.attname"
		" FROM pg_attribute a JOIN pg_type ty ON ty.oid = a.atttypid"
		" JOIN pg_class c ON c.oid = a.attrelid"
		" WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped"
		" ORDER BY a.attnum",
		1, params);
	const char *name;
	size_t n_found = 0;

	for (int i = 0; r && i < PQntuples(r) && t->n_columns < ROW_COLUMNS_MAX; i++) {
		bool *loose = &t->loose[t->n_columns];

		name = PQgetvalue(r, i, 0);
		*loose = *PQgetvalue(r, i, 4) == 't';
		if (row_is_untied(t->store.env->conf, PQgetvalue(r, i, 5), loose, e) < 0)
			return -1;
		t->column[t->n_columns] = strdup(name);
		t->column_type[t->n_columns] = strdup(PQgetvalue(r, i, 2));
		if (!t->column[t->n_columns] || !t->column_type[t->n_columns++])
			return err_memory(e);
		if (check_clear(t, name, *PQgetvalue(r, i, 1) == 't', &n_found, e) < 0)
			return -1;
		if (strcmp(name, t->time) != 0)
			continue;
		t->time_column = quoted("t.", name);
		t->time_type = strdup(PQgetvalue(r, i, 3));
		if (!t->time_column || !t->time_type)
			return err_memory(e);
		if (take_type(t, PQgetvalue(r, i, 2), e) < 0)
			return -1;
	}
	if (!r)
		return -1;
	if (!*t->time) { /* where nothing ages, no column needs to say when */
		t->time_column = strdup("NULL::timestamptz");
		t->time_type = strdup("timestamptz");
		t->time_kind = PG_TIME_ZONED;
		if (!t->time_type)
			return err_memory(e);
	}
	if (!t->time_column)
		return pg_fail_conf(t, N_("no such column"), t->time, e);
	name = row_no_column(t->store.env, t->store.conf, t->column, t->n_columns);
	if (name)
		return pg_fail_conf(t, N_("no such column"), name, e);
	return n_found == t->n_clear ? 0 : pg_fail_conf(t, N_("no such column"), "clear", e);
}

/* Is there an index that begins with the time? Are partitions ranges of it? */
static int
read_order(struct pg *t, struct err *e)
{
	const char *params[] = { t->node[0].oid, t->time };
	CLEANUP_PG PGresult *r = pg_ask(t, e,
		"SELECT EXISTS (SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
		" JOIN pg_am am ON am.oid = c.relam AND am.amname = 'btree'"
		" WHERE i.indrelid = a.attrelid AND i.indisvalid AND i.indpred IS NULL"
		" AND i.indkey[0] = a.attnum),"
		" EXISTS (SELECT FROM pg_partitioned_table p WHERE p.partrelid = a.attrelid"
		" AND p.partstrat = 'r' AND p.partnatts = 1 AND p.partattrs[0] = a.attnum)"
		" FROM pg_attribute a WHERE a.attrelid = $1::oid AND a.attname = $2",
		2, params);

	if (!r)
		return -1;
	if (PQntuples(r) == 0)
		return 0; /* it has none */
	t->indexed = *PQgetvalue(r, 0, 0) == 't';
	t->by_range = *PQgetvalue(r, 0, 1) == 't';
	return 0;
}

static int
read_leaves(struct pg *t, struct err *e)
{
	const char *params[] = { t->node[0].oid };
	CLEANUP_PG PGresult *r = pg_ask(t, e,
		"WITH RECURSIVE below(id) AS (SELECT $1::oid UNION"
		" SELECT i.inhrelid FROM pg_inherits i JOIN below b ON b.id = i.inhparent)"
		" SELECT c.oid, c.oid::regclass::text FROM below b JOIN pg_class c ON c.oid = b.id"
		" WHERE c.relkind = 'r' ORDER BY c.oid::regclass::text",
		1, params);
	const size_t n = r ? (size_t)PQntuples(r) : 0;

	if (!r)
		return -1;
	t->leaf = calloc(n + 1, sizeof(*t->leaf));
	t->leaf_rel = calloc(n + 1, sizeof(*t->leaf_rel));
	if (!t->leaf || !t->leaf_rel)
		return err_memory(e);
	for (t->n_leaves = 0; t->n_leaves < n;) {
		const int i = (int)t->n_leaves;

		t->leaf[i] = strdup(PQgetvalue(r, i, 0));
		t->leaf_rel[i] = strdup(PQgetvalue(r, i, 1));
		t->n_leaves++;
		if (!t->leaf[i] || !t->leaf_rel[i])
			return err_memory(e);
	}
	return 0;
}

int
pg_table_read(struct pg *t, struct err *e)
{
	const char *zone = t->store.conf->timezone ? t->store.conf->timezone : "UTC";
	char *literal = PQescapeLiteral(t->conn, zone, strlen(zone));

	t->zone = literal ? strdup(literal) : NULL;
	PQfreemem(literal);
	if (!t->zone)
		return err_memory(e);
	if (find_table(t, e) < 0 || read_columns(t, e) < 0 || read_order(t, e) < 0 ||
		read_leaves(t, e) < 0)
		return -1;
	return pg_keys_read(t, e);
}

void
pg_table_release(struct pg *t)
{
	free(t->time_column);
	free(t->time_type);
	free(t->zone);
	for (size_t i = 0; i <= t->n_columns && i < ROW_COLUMNS_MAX; i++) {
		free(t->column[i]);
		free(t->column_type[i]);
	}
	for (size_t i = 0; i < t->n_leaves; i++) {
		free(t->leaf[i]);
		free(t->leaf_rel[i]);
	}
	free(t->leaf);
	free(t->leaf_rel);
	for (size_t i = 0; i < t->n_nodes; i++) {
		free(t->node[i].oid);
		free(t->node[i].rel);
		free(t->node[i].column);
	}
	for (size_t i = 0; i < t->n_edges; i++) {
		free(t->edge[i].columns);
		free(t->edge[i].refers);
	}
}
