/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * postgres-private.h - what the files of the postgres driver share
 *
 *   postgres.c        the driver: options, what a plan says of a table and its partitions
 *   postgres_link.c   the connection, and what a server's refusals mean
 *   postgres_table.c  the table as the catalog has it: columns, time, partitions
 *   postgres_keys.c   what hangs on its rows by foreign keys
 *   postgres_rows.c   rows page by page
 *   postgres_signs.c  what rows that are searched for show, as a condition
 *   postgres_act.c    rows erased batch by batch, partitions dropped; vacuum; the log's horizon
 *   postgres_set.c    columns set to other values
 *
 * A record is a row together with the rows that hang on it: those of the tables in `with`, and those
 * that the database itself deletes with it (ON DELETE CASCADE). They go together or not at all.
 *
 * Errors carry SQLSTATEs, never the server's message: that quotes values.
 */
#pragma once
#include <libpq-fe.h>

#include "store/row.h"
#include "store/signs.h"
#include "store/store-private.h"

#define PG_NODES_MAX 64
#define PG_EDGES_MAX 256

enum pg_time { PG_TIME_ZONED, PG_TIME_LOCAL, PG_TIME_NUMBER };
enum pg_vacuum { PG_VACUUM_NO, PG_VACUUM_YES, PG_VACUUM_FULL };

/* A table in whose rows those of the store's table have a part. */
struct pg_node {
	char *oid, *rel; /* rel: as it stands in SQL */
	enum pg_role {
		PG_ROW,     /* the first: the table itself */
		PG_WITH,    /* its rows go first */
		PG_CASCADE, /* the database deletes its rows */
		PG_BLOCK,   /* while its rows are there, those of the table stay */
		PG_UNTIE    /* its rows stay, without what points to the row */
	} role;
	char *column; /* PG_UNTIE: which becomes NULL, in SQL */
};

/* Rows of CHILD point to rows of PARENT (places in `node`). */
struct pg_edge {
	size_t child, parent;
	char *columns, *refers; /* in SQL, \1 between two */
};

struct pg {
	struct store store; /* first */
	struct row row;
	struct timestamp ts;
	PGconn *conn;
	const char *place; /* "database.table", for reports */
	char *place_text;
	const char *time, *where;
	char *with_text, *clear_text, *untie_text;
	const char *with[ROW_NAMES_MAX], *clear[ROW_NAMES_MAX], *untie[ROW_NAMES_MAX];
	size_t n_with, n_clear, n_untie;
	enum pg_vacuum vacuum;

	char *time_column, *time_type, *zone; /* in SQL */
	enum pg_time time_kind;
	enum row_time form;
	bool partitioned, by_range; /* by_range: of the time alone */
	bool indexed, unlogged;
	bool rewritten; /* by VACUUM FULL */
	bool told;      /* what is left elsewhere: once a run */
	char *column[ROW_COLUMNS_MAX], *column_type[ROW_COLUMNS_MAX];
	bool loose[ROW_COLUMNS_MAX]; /* emptied when another row goes: the row is not known by it */
	size_t n_columns;
	char **leaf; /* oids of the tables that hold rows */
	char **leaf_rel;
	size_t n_leaves;
	struct pg_node node[PG_NODES_MAX];
	size_t n_nodes;
	struct pg_edge edge[PG_EDGES_MAX];
	size_t n_edges;
};

/* --- the connection --------------------------------------------------------------------------- */

/* Connects T as declared. STORE_ABSENT: no such service, socket or database. */
int pg_connect(struct pg *t, struct err *e);

/* Runs one statement. The caller owns the result (PQclear); NULL: E is filled. */
PGresult *pg_ask(struct pg *t, struct err *e, const char *sql, int n, const char *const *params);
/* The same for SQL in a buffer without NUL, which is released. */
PGresult *pg_ask_buf(struct pg *t, struct buf *sql, struct err *e);
int pg_run(struct pg *t, const char *sql, struct err *e); /* … that gives nothing */

static inline void
pg_clearp(PGresult **r)
{
	PQclear(*r);
}
#define CLEANUP_PG CLEANUP(pg_clearp)

/* --- the table -------------------------------------------------------------------------------- */

/* Reads the catalog. EX_CONFIG at the store's place. */
int pg_table_read(struct pg *t, struct err *e);
int pg_keys_read(struct pg *t, struct err *e);
void pg_table_release(struct pg *t);
int pg_fail_conf(const struct pg *t, const char *what, const char *name, struct err *e);

/* EXPRESSION, of the time column's type, as what pg_time_of() reads. */
void pg_put_time(const struct pg *t, struct buf *sql, const char *expression);
/* US as a value to which the time column can be compared. */
void pg_put_bound(const struct pg *t, struct buf *sql, int64_t us, bool up);
int64_t pg_time_of(struct pg *t, const char *text);

/* Is NODE's row a part of the record? */
static inline bool
pg_is_part(const struct pg *t, size_t node)
{
	return t->node[node].role != PG_BLOCK && t->node[node].role != PG_UNTIE;
}

/* "row `nNODE` of that node hangs on `t`", a row of the table; SET: on one of those whose ctid is in $1
 * and, where there are partitions, whose tableoid is in $2. */
void pg_put_hangs(const struct pg *t, struct buf *sql, size_t node, bool set);

/* The nodes whose rows go, in the order in which they can. Returns how many. */
size_t pg_order(const struct pg *t, size_t ret[PG_NODES_MAX]);

/* --- signs ------------------------------------------------------------------------------------ */

#define PG_SIGNS_MAX 64 /* parameters */

struct pg_signs {
	bool given;     /* else there is no condition */
	struct buf sql; /* " AND (…)" */
	char *value[PG_SIGNS_MAX];
	size_t n_values;
};

/* The condition that is true for each row that shows one of SIGNS (NULL: none known). Ended by pg_signs_release()
 * either way. */
int pg_signs_make(struct pg *t, const struct signs *signs, struct pg_signs *ret, struct err *e);
void pg_signs_release(struct pg_signs *p); /* wipes */

/* --- rows ------------------------------------------------------------------------------------- */

struct pg_rows {
	struct pg *t;
	const struct selector *which;
	int64_t from_us, to_us;
	bool bounded, by_time, texts, lock, looked, ended;
	const struct pg_signs *signs; /* of the rows that are read; NULL: all */
	size_t only;                  /* this leaf; SIZE_MAX: all */
	PGresult *page;
	int at, max; /* in the page; rows of one */
	char *last;  /* by time: "time, tableoid, ctid" of the page's last row, as SQL */
	size_t leaf; /* otherwise: where the next page begins */
	uint64_t block, n_blocks, n_page;
};

/* Readies R for the rows that WHICH may select. LOCK: for update, without those that others have
 * locked. 1: it selects none. Ended by pg_rows_end() either way. */
int pg_rows_begin(struct pg *t, const struct selector *which, bool texts, bool lock,
	struct pg_rows *r, struct err *e);

/* From now on rows are only looked at: none is said to be blocked, and those are left out that show none of SIGNS,
 * which is borrowed. */
void pg_rows_look(struct pg_rows *r, const struct pg_signs *signs);

/* Fetches the next page. 1: there is none. */
int pg_rows_page(struct pg_rows *r, struct err *e);

struct pg_found {
	struct record record;
	const char *oid, *ctid; /* borrowed from the page */
	bool blocked, selected;
};

/* 0: *ret is the next row of the page; 1: the page is done. */
int pg_rows_next(struct pg_rows *r, struct pg_found *ret);
void pg_rows_end(struct pg_rows *r);

/* Does all that LEAF holds go? Counts it into STEP. */
int pg_leaf_goes(struct pg *t, const struct selector *which, size_t leaf, struct plan_step *step,
	bool *ret, struct err *e);

int pg_act(struct store *s, const struct plan_step *step, const struct selector *which,
	struct store_result *ret, struct err *e);
int pg_set(struct store *s, const struct selector *which, const struct store_value *v, size_t n,
	uint64_t *ret_n, struct err *e);

/* What the rows of NODE were before does not stay in its table, as far as that is declared. */
void pg_vacuum(struct pg *t, size_t node);

/* Tells where copies of what went are left, out of our reach. */
void pg_tell_remains(struct pg *t);
