/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Foreign keys, as pg_constraint has them now and not as a schema had them once: columns and tables
 * move between a product's versions.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/postgres/postgres-private.h"

/* In the order of the result below. */
enum { KEY_CHILD, KEY_CHILD_REL, KEY_CHILD_NAME, KEY_PARENT, KEY_DELETE, KEY_COLUMNS, KEY_REFERS };

static const char keys_sql[] =
	"SELECT c.conrelid, c.conrelid::regclass::text, r.relname, c.confrelid, c.confdeltype,"
	" (SELECT string_agg(quote_ident(a.attname), chr(1) ORDER BY k.n)"
	" FROM unnest(c.conkey) WITH ORDINALITY k(att, n)"
	" JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.att),"
	" (SELECT string_agg(quote_ident(a.attname), chr(1) ORDER BY k.n)"
	" FROM unnest(c.confkey) WITH ORDINALITY k(att, n)"
	" JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.att)"
	" FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid"
	" WHERE c.contype = 'f' AND c.conparentid = 0 ORDER BY c.conrelid, c.oid";

static bool
is_named(const struct pg *t, const PGresult *r, int i)
{
	for (size_t k = 0; k < t->n_with; k++)
		if (strcmp(t->with[k], PQgetvalue(r, i, KEY_CHILD_NAME)) == 0 ||
			strcmp(t->with[k], PQgetvalue(r, i, KEY_CHILD_REL)) == 0)
			return true;
	return false;
}

/* The column of key I that `untie' names as TABLE.COLUMN, in SQL and as long as *RET_LEN says; NULL: none.
 * Names of the configuration stand unquoted. */
static const char *
untied_column(const struct pg *t, const PGresult *r, int i, size_t *ret_len)
{
	const char *child = PQgetvalue(r, i, KEY_CHILD_NAME);
	const size_t n_child = strlen(child);

	for (size_t k = 0; k < t->n_untie; k++) {
		const char *name = t->untie[k], *columns = PQgetvalue(r, i, KEY_COLUMNS);

		if (strncmp(name, child, n_child) != 0 || name[n_child] != '.')
			continue;
		for (; *columns; columns += *columns == '\1') {
			const size_t len = strcspn(columns, "\1"), quotes = *columns == '"';

			if (len == strlen(name + n_child + 1) + 2 * quotes &&
				strncmp(columns + quotes, name + n_child + 1, len - 2 * quotes) ==
					0) {
				*ret_len = len;
				return columns;
			}
			columns += len;
		}
	}
	return NULL;
}

/* The place of table OID among those with one of ROLE; a blocking table stands there once more, so
 * that what it blocks does not count as its part, and one that is untied for each of its keys. */
static int
node_for(struct pg *t, const char *oid, const char *rel, enum pg_role role, size_t *ret,
	struct err *e)
{
	for (size_t i = 0; i < t->n_nodes; i++) {
		if (strcmp(t->node[i].oid, oid) != 0 || role == PG_UNTIE ||
			(role == PG_BLOCK ? t->node[i].role != role : !pg_is_part(t, i)))
			continue;
		*ret = i;
		return 0;
	}
	if (t->n_nodes == PG_NODES_MAX)
		return pg_fail_conf(t, N_("too many tables hang on this one"), rel, e);
	t->node[t->n_nodes] = (struct pg_node){
		.oid = strdup(oid), .rel = strdup(rel), .role = role
	};
	*ret = t->n_nodes++;
	return t->node[*ret].oid && t->node[*ret].rel ? 0 : err_memory(e);
}

static int
add_edge(struct pg *t, size_t child, size_t parent, const PGresult *r, int i, struct err *e)
{
	struct pg_edge *x = &t->edge[t->n_edges];

	if (t->n_edges == PG_EDGES_MAX)
		return pg_fail_conf(t, N_("too many tables hang on this one"), "with", e);
	*x = (struct pg_edge){ child, parent, strdup(PQgetvalue(r, i, KEY_COLUMNS)),
		strdup(PQgetvalue(r, i, KEY_REFERS)) };
	t->n_edges++;
	return x->columns && x->refers ? 0 : err_memory(e);
}

static int
untie(struct pg *t, size_t parent, const PGresult *r, int i, const char *column, size_t len,
	struct err *e)
{
	size_t at = 0;

	if (node_for(t, PQgetvalue(r, i, KEY_CHILD), PQgetvalue(r, i, KEY_CHILD_REL), PG_UNTIE, &at,
		    e) < 0)
		return -1;
	t->node[at].column = strndup(column, len);
	return t->node[at].column ? add_edge(t, at, parent, r, i, e) : err_memory(e);
}

/* Key I of R, if it points to the node PARENT. */
static int
take_key(struct pg *t, size_t parent, const PGresult *r, int i, struct err *e)
{
	const char *child = PQgetvalue(r, i, KEY_CHILD);
	const char rule = *PQgetvalue(r, i, KEY_DELETE);
	const bool itself = strcmp(child, t->node[parent].oid) == 0;
	enum pg_role role = is_named(t, r, i) ? PG_WITH : rule == 'c' ? PG_CASCADE : PG_BLOCK;
	const char *column;
	size_t at = 0, len = 0;

	if (strcmp(PQgetvalue(r, i, KEY_PARENT), t->node[parent].oid) != 0)
		return 0;
	column = untied_column(t, r, i, &len);
	if (column)
		return untie(t, parent, r, i, column, len, e);
	if (rule == 'n' || rule == 'd')
		return 0;
	if (itself && rule == 'c')
		return 0; /* the database follows it, as far as it goes */
	if (itself)
		role = PG_BLOCK; /* what is answered goes after its answers */
	if (node_for(t, child, PQgetvalue(r, i, KEY_CHILD_REL), role, &at, e) < 0)
		return -1;
	if (role == PG_WITH && t->node[at].role == PG_CASCADE)
		t->node[at].role = PG_WITH;
	return add_edge(t, at, parent, r, i, e);
}

int
pg_keys_read(struct pg *t, struct err *e)
{
	CLEANUP_PG PGresult *r = t->n_clear > 0 ? NULL : pg_ask(t, e, keys_sql, 0, NULL);

	if (t->n_clear > 0)
		return 0; /* rows stay, and so does what hangs on them */
	if (!r)
		return -1;
	for (size_t parent = 0; parent < t->n_nodes; parent++)
		for (int i = 0; pg_is_part(t, parent) && i < PQntuples(r); i++)
			if (take_key(t, parent, r, i, e) < 0)
				return -1;
	return 0;
}

/* --- in SQL ----------------------------------------------------------------------------------- */

/* ALIAS."one", ALIAS."two" */
static void
put_columns(struct buf *sql, const char *alias, const char *columns)
{
	while (*columns) {
		const size_t len = strcspn(columns, "\1");

		buf_printf(sql, "%s.%.*s", alias, (int)len, columns);
		columns += len;
		if (*columns && *++columns)
			buf_str(sql, ", ");
	}
}

static void put_hangs(const struct pg *t, struct buf *sql, size_t node, const char *alias, bool set,
	uint64_t path);

/* What stands behind X's columns: the rows of its parent that count. */
static void
put_parent(const struct pg *t, struct buf *sql, const struct pg_edge *x, bool set, uint64_t path)
{
	char alias[16];

	(void)snprintf(alias, sizeof(alias), "n%zu", x->parent);
	if (x->parent == 0 && !set) {
		buf_str(sql, " = (");
		put_columns(sql, "t", x->refers);
		buf_char(sql, ')');
		return;
	}
	buf_str(sql, " IN (SELECT ");
	put_columns(sql, alias, x->refers);
	buf_printf(sql, " FROM %s %s WHERE ", t->node[x->parent].rel, alias);
	if (x->parent != 0)
		put_hangs(t, sql, x->parent, alias, set, path | UINT64_C(1) << x->parent);
	else if (t->partitioned)
		buf_str(sql,
			"(n0.tableoid, n0.ctid) IN (SELECT * FROM unnest($2::oid[], $1::tid[]))");
	else
		buf_str(sql, "n0.ctid = ANY ($1::tid[])");
	buf_char(sql, ')');
}

static void
put_hangs(const struct pg *t, struct buf *sql, size_t node, const char *alias, bool set,
	uint64_t path)
{
	const char *between = "";

	buf_char(sql, '(');
	for (size_t i = 0; i < t->n_edges; i++) {
		const struct pg_edge *x = &t->edge[i];

		if (x->child != node || path & UINT64_C(1) << x->parent)
			continue;
		buf_printf(sql, "%s(", between);
		put_columns(sql, alias, x->columns);
		buf_char(sql, ')');
		put_parent(t, sql, x, set, path);
		between = " OR ";
	}
	buf_str(sql, *between ? ")" : "false)");
}

void
pg_put_hangs(const struct pg *t, struct buf *sql, size_t node, bool set)
{
	char alias[16];

	(void)snprintf(alias, sizeof(alias), "n%zu", node);
	put_hangs(t, sql, node, alias, set, UINT64_C(1) << node);
}

/* Does a row of another node, none of which is in DONE yet, point to rows of NODE? */
static bool
is_pointed_to(const struct pg *t, size_t node, const bool *done)
{
	for (size_t i = 0; i < t->n_edges; i++)
		if (t->edge[i].parent == node && t->edge[i].child != node &&
			pg_is_part(t, t->edge[i].child) && !done[t->edge[i].child])
			return true;
	return false;
}

size_t
pg_order(const struct pg *t, size_t ret[PG_NODES_MAX])
{
	bool done[PG_NODES_MAX] = { 0 };
	size_t n = 0, n_done = 0;

	/* in a circle any one is first: whoever made it made its keys deferrable */
	for (bool force = false; n_done < t->n_nodes; force = true) {
		for (size_t i = 0; i < t->n_nodes; i++) {
			if (done[i] || (!force && is_pointed_to(t, i, done)))
				continue;
			done[i] = true;
			n_done++;
			if (t->node[i].role == PG_WITH)
				ret[n++] = i;
			i = SIZE_MAX; /* from the beginning: others are free now */
			force = false;
		}
	}
	return n;
}
