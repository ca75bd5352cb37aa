/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Foreign keys, as the schema has them now: which rows lose what points to one that goes, by declaration (untie) or by
 * the database itself; and what of a row is changed when another one goes, so that the row is not known by it.
 */
#include <stdlib.h>
#include <string.h>

#include "store/sqlite/sqlite-private.h"

/* The columns of a key by which CHILD points to the table ?2, those of one key together, in order. */
#define KEY_SQL                                                                                    \
	"SELECT k.id, k.\"from\", coalesce(k.\"to\", (SELECT p.name FROM pragma_table_info(?2) p"  \
	" WHERE p.pk = k.seq + 1)) FROM pragma_foreign_key_list(?1) k"                             \
	" WHERE k.\"table\" = ?2 COLLATE NOCASE AND k.id IN (SELECT o.id FROM"                     \
	" pragma_foreign_key_list(?1) o WHERE o.\"from\" = ?3 COLLATE NOCASE)"                     \
	" ORDER BY k.id, k.seq"

/* Columns that become NULL, or a default, with the row that they point to. */
#define LOOSE_SQL                                                                                  \
	"SELECT c.cid FROM pragma_table_xinfo(?1) c JOIN pragma_foreign_key_list(?1) k"            \
	" ON k.\"from\" = c.name COLLATE NOCASE WHERE c.cid = ?2"                                  \
	" AND (k.on_delete = 'SET DEFAULT' OR k.on_delete = 'SET NULL' AND NOT c.\"notnull\")"

#define POINTED_SQL                                                                                \
	"SELECT count(*), total(l.name = ?1 COLLATE NOCASE) FROM pragma_table_list l,"             \
	" pragma_foreign_key_list(l.name) k WHERE l.schema = 'main' AND l.type = 'table'"          \
	" AND k.\"table\" = ?1 COLLATE NOCASE"

static int
prepare(const struct sqlite_db *db, const char *sql, const char *table, sqlite3_stmt **ret,
	struct err *e)
{
	const int rc = sqlite3_prepare_v2(db->sql, sql, -1, ret, NULL);

	if (rc != SQLITE_OK)
		return sqlite_db_fail(db, rc, e);
	(void)sqlite3_bind_text(*ret, 1, table, -1, SQLITE_STATIC);
	return 0;
}

/* --- of the table ----------------------------------------------------------------------------- */

static int
is_loose(const struct sqlite_db *db, size_t column, bool *ret, struct err *e)
{
	cleanup_mem char *name = NULL;
	sqlite3_stmt *st = NULL;
	int rc = prepare(db, LOOSE_SQL, db->t->table, &st, e);

	if (rc == 0) {
		(void)sqlite3_bind_int64(st, 2, (sqlite3_int64)column);
		*ret = sqlite3_step(st) == SQLITE_ROW;
	}
	(void)sqlite3_finalize(st);
	if (rc < 0)
		return -1;
	if (asprintf(&name, "%s.%s", db->t->table, db->column[column]) < 0)
		return err_memory(e);
	return row_is_untied(db->t->store.env->conf, name, ret, e);
}

int
sqlite_keys_read(struct sqlite_db *db, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int rc = prepare(db, POINTED_SQL, db->t->table, &st, e);

	if (rc == 0 && sqlite3_step(st) == SQLITE_ROW) {
		db->pointed_to = sqlite3_column_int64(st, 0) > 0;
		db->by_itself = sqlite3_column_int64(st, 1) > 0;
	}
	(void)sqlite3_finalize(st);
	for (size_t i = 0; rc == 0 && i < db->n_columns; i++) {
		rc = is_loose(db, i, &db->loose[i], e);
		db->any_loose |= db->loose[i];
	}
	return rc;
}

bool
sqlite_has_loose_ends(const struct sqlite_db *db)
{
	int n = 0, most = 0;

	return sqlite3_db_status(db->sql, SQLITE_DBSTATUS_DEFERRED_FKS, &n, &most, 0) ==
		       SQLITE_OK &&
	       n != 0;
}

/* --- of other rows ---------------------------------------------------------------------------- */

/* UPDATE child SET column = NULL WHERE (its key) = (SELECT what that points to FROM the table WHERE rowid = ?1);
 * ST stands on the key's first column, and is left on the next key's. *MORE: there is one. */
static int
put_untie(const struct sqlite_db *db, const char *child, const char *column, sqlite3_stmt *st,
	bool *more, struct buf *sql)
{
	const int id = sqlite3_column_int(st, 0);
	const char *between = "";
	struct buf refers;
	int rc;

	buf_init(&refers, 1 << 16);
	buf_str(sql, "UPDATE ");
	row_quote(sql, child);
	buf_str(sql, " SET ");
	row_quote(sql, column);
	buf_str(sql, " = NULL WHERE (");
	do {
		buf_str(sql, between);
		row_quote(sql, (const char *)sqlite3_column_text(st, 1));
		buf_str(&refers, between);
		row_quote(&refers, (const char *)sqlite3_column_text(st, 2));
		between = ", ";
		rc = sqlite3_step(st);
	} while (rc == SQLITE_ROW && sqlite3_column_int(st, 0) == id);
	buf_str(sql, ") = (SELECT ");
	buf_put(sql, refers.p, refers.len);
	buf_str(sql, " FROM ");
	row_quote(sql, db->t->table);
	buf_printf(sql, " WHERE %s = ?1)", db->rowid);
	buf_char(sql, '\0');
	sql->failed |= refers.failed;
	buf_release(&refers);
	*more = rc == SQLITE_ROW;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : rc;
}

static int
add_untie(struct sqlite_db *db, const char *sql, struct sqlite_untie *ret, struct err *e)
{
	int rc;

	if (ret->n == ROW_NAMES_MAX)
		return sqlite_db_fail_conf(db, N_("too many tables hang on this one"), "untie", e);
	rc = sqlite3_prepare_v2(db->sql, sql, -1, &ret->stmt[ret->n], NULL);
	if (rc != SQLITE_OK)
		return sqlite_db_fail(db, rc, e);
	ret->n++;
	return 0;
}

static int
untie_column(struct sqlite_db *db, const char *child, const char *column, struct sqlite_untie *ret,
	struct err *e)
{
	sqlite3_stmt *st = NULL;
	int rc = prepare(db, KEY_SQL, child, &st, e), step;
	bool more;

	if (rc == 0) {
		(void)sqlite3_bind_text(st, 2, db->t->table, -1, SQLITE_STATIC);
		(void)sqlite3_bind_text(st, 3, column, -1, SQLITE_STATIC);
	}
	more = rc == 0 && sqlite3_step(st) == SQLITE_ROW;
	while (rc == 0 && more) {
		struct buf sql;

		buf_init(&sql, 1 << 16);
		step = put_untie(db, child, column, st, &more, &sql);
		rc = step != 0    ? sqlite_db_fail(db, step, e)
		     : sql.failed ? err_memory(e)
				  : add_untie(db, sql.p, ret, e);
		buf_release(&sql);
	}
	(void)sqlite3_finalize(st);
	return rc;
}

int
sqlite_untie_make(struct sqlite_db *db, struct sqlite_untie *ret, struct err *e)
{
	cleanup_mem char *text = strdup(store_option(db->t->store.conf, "untie", ""));
	const char *name[ROW_NAMES_MAX];
	size_t n;

	*ret = (struct sqlite_untie){ 0 };
	if (!text)
		return err_memory(e);
	n = row_names(text, name);
	for (size_t i = 0; i < n; i++) {
		char *dot = strrchr((char *)name[i], '.');

		if (!dot || dot == name[i] || !dot[1])
			return sqlite_db_fail_conf(db, N_("untie is \"TABLE.COLUMN\""), name[i], e);
		*dot = '\0';
		if (untie_column(db, name[i], dot + 1, ret, e) < 0)
			return -1;
	}
	return 0;
}

int
sqlite_untie_row(const struct sqlite_untie *u, sqlite3_int64 rowid)
{
	int rc = SQLITE_DONE;

	for (size_t i = 0; rc == SQLITE_DONE && i < u->n; i++) {
		(void)sqlite3_bind_int64(u->stmt[i], 1, rowid);
		rc = sqlite3_step(u->stmt[i]);
		(void)sqlite3_reset(u->stmt[i]);
	}
	return rc;
}

void
sqlite_untie_release(struct sqlite_untie *u)
{
	for (size_t i = 0; i < u->n; i++)
		(void)sqlite3_finalize(u->stmt[i]);
	u->n = 0;
}
