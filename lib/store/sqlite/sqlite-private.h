/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sqlite-private.h - what the files of the sqlite driver share
 *
 *   sqlite.c          the driver: which files, what a plan says of each
 *   sqlite_db.c       one database: opened by descriptor, its table
 *   sqlite_keys.c     what points to its rows, and what of them changes with others
 *   sqlite_rows.c     its rows in slices
 *   sqlite_signs.c    what rows that are searched for show, and an index that has them
 *   sqlite_act.c      rows erased, the write-ahead log cut off
 *   sqlite_set.c      columns set to other values
 *   sqlite_remains.c  what an application's own library left in free pages
 *
 * The program that owns a database goes on working: rows are read and erased in slices of
 * SLICE_US, between which nothing is locked.
 */
#pragma once
#include <sqlite3.h>

#include "store/place.h"
#include "store/row.h"
#include "store/signs.h"
#include "store/store-private.h"

#define SLICE_US 20000 /* a lock is held that long at most, but for one row's own time */

struct sqlite {
	struct store store;       /* first */
	const char *table, *time; /* time: "" where nothing ages */
	const char *where;        /* an SQL expression of the configuration, "1" without one */
	char *clear_text;
	const char
		*clear[ROW_NAMES_MAX]; /* columns that are set to NULL instead of deleting rows */
	size_t n_clear;
	bool vacuum;
	enum row_time form;
	struct timestamp ts;
	struct row row;
};

struct sqlite_db {
	struct sqlite *t;
	sqlite3 *sql;
	const char *path; /* borrowed: for reports */
	int dirfd; /* the folder it lies in, which its file, log and journal are reached by */
	char *column[ROW_COLUMNS_MAX];
	bool is_text[ROW_COLUMNS_MAX]; /* the column makes texts of numbers */
	bool loose[ROW_COLUMNS_MAX]; /* emptied when another row goes: the row is not known by it */
	bool any_loose;
	size_t n_columns;
	bool pointed_to;   /* foreign keys point to its rows, */
	bool by_itself;    /* … of the same table, too */
	const char *rowid; /* its name, which no column has */
	bool indexed;      /* an index finds rows by their time */
};

/* Opens NAME below DIRFD (copied). The caller owns *ret. 1: it is empty as yet. Fails with EX_CONFIG
 * at the store's place (no such table or column, a view, a table without rowid), EX_DATAERR (no
 * database, damaged), EX_TEMPFAIL (locked for long), EX_NOPERM, EX_IOERR. */
int sqlite_db_open(struct sqlite *t, int dirfd, const char *name, const char *path, bool writable,
	struct sqlite_db **ret, struct err *e);
struct sqlite_db *sqlite_db_free(struct sqlite_db *db);
DEFINE_CLEANUP(struct sqlite_db, sqlite_db_free)

/* What SQLite says as an error at DB's path. Returns -1. */
int sqlite_db_fail(const struct sqlite_db *db, int rc, struct err *e);
/* What is wrong with the declaration, NAME says with which part of it. Returns -1. */
int sqlite_db_fail_conf(
	const struct sqlite_db *db, const char *what, const char *name, struct err *e);
/* Runs SQL that gives nothing; returns SQLite's own code. */
int sqlite_db_run(const struct sqlite_db *db, const char *sql);
/* Does SQLite find by an index what SQL (EXPLAIN QUERY PLAN …) asks for? */
bool sqlite_db_searches(const struct sqlite_db *db, const char *sql);
/* The first number that SQL gives, or OTHERWISE. */
int64_t sqlite_db_number(const struct sqlite_db *db, const char *sql, int64_t otherwise);

/* --- keys ------------------------------------------------------------------------------------- */

/* Reads what the schema says of rows that point to others. */
int sqlite_keys_read(struct sqlite_db *db, struct err *e);

/* What is declared as `untie': statements that take from other rows what points to one. */
struct sqlite_untie {
	sqlite3_stmt *stmt[ROW_NAMES_MAX];
	size_t n;
};

/* A column that is part of no key to the table is passed over. Ended by sqlite_untie_release() either way. */
int sqlite_untie_make(struct sqlite_db *db, struct sqlite_untie *ret, struct err *e);
/* SQLITE_DONE, or SQLite's own code. */
int sqlite_untie_row(const struct sqlite_untie *u, sqlite3_int64 rowid);
void sqlite_untie_release(struct sqlite_untie *u);

/* --- signs ------------------------------------------------------------------------------------ */

struct sqlite_signs {
	struct sqlite_db *db;
	bool given; /* else each row may be selected */
	struct sqlite_signs_column {
		size_t at;                /* among the table's */
		const struct sign **sign; /* of it */
		size_t n;
		bool nocase; /* what its index is sorted by */
	} * column;          /* no row is selected that shows no sign in one of these */
	size_t n_columns;

	bool by_index; /* … and no row but these, which show one perhaps */
	sqlite3_int64 *row;
	size_t n_rows, max;
};

/* SIGNS (NULL: nobody knows any) are borrowed. Ended by sqlite_signs_release() either way. */
int sqlite_signs_make(struct sqlite_db *db, const struct signs *signs, bool may_index,
	struct sqlite_signs *ret, struct err *e);
/* Does VALUE, of X's column COLUMN, show one? */
bool sqlite_signs_show(const struct sqlite_signs *x, size_t column, struct span value);
void sqlite_signs_release(struct sqlite_signs *x);

/* --- rows ------------------------------------------------------------------------------------- */

struct sqlite_rows {
	struct sqlite_db *db;
	const struct selector *which;
	struct sqlite_signs signs;
	size_t n_listed; /* of those by index that were looked at */
	sqlite3_stmt *stmt;
	sqlite3_stmt *
		whole; /* one row with all its columns, where stmt has only those that show signs */
	bool by_time, texts, running, ended;
	int64_t from_us, to_us;
	sqlite3_int64 rowid, at; /* of the row in hand; from where on it is read when not running */
	sqlite3_int64 last;      /* none behind it is read */
	sqlite3_value *time;     /* of the row in hand, where rows come by time */
};

/* Readies R for the rows that WHICH may select, with columns if TEXTS or where WHICH needs them. 1:
 * it selects none. R is ended by sqlite_rows_end() either way. */
int sqlite_rows_begin(struct sqlite_db *db, const struct selector *which, bool texts,
	struct sqlite_rows *r, struct err *e);

/* 0: *ret is the next one that WHICH selects, borrowed; 1: the end; 2: another row; ask again. */
int sqlite_rows_next(struct sqlite_rows *r, struct record *ret, struct err *e);

/* Lets go of all locks. The next row is the one behind the row in hand; with AGAIN, that one. */
void sqlite_rows_rest(struct sqlite_rows *r, bool again);
void sqlite_rows_end(struct sqlite_rows *r);

/* Ends R at the last row that is there by now: those who erase would meet what a trigger puts back for ever. */
int sqlite_rows_stop(struct sqlite_rows *r, struct err *e);

int64_t sqlite_now_us(void); /* of a clock that only goes ahead */

/* --- acts ------------------------------------------------------------------------------------- */

int sqlite_act(struct store *s, const struct plan_step *step, const struct selector *which,
	struct store_result *ret, struct err *e);

int sqlite_set(struct store *s, const struct selector *which, const struct store_value *v, size_t n,
	uint64_t *ret_n, struct err *e);

/* Takes what was overwritten out of the write-ahead log, and tells what is left elsewhere. */
void sqlite_clean(const struct sqlite_db *db);

/* Does the transaction leave a key that points to nothing, as is checked at its end alone? */
bool sqlite_has_loose_ends(const struct sqlite_db *db);

/* How many pages hold bytes of rows that are not there any more? Reads the file by the descriptor
 * of DB. -1: it cannot be told. *RET_BYTES: so many were looked through, free pages first; -1: all. */
int64_t sqlite_remains(const struct sqlite_db *db, int64_t *ret_bytes);
