/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * row.h - a row of a table, or a key with its value, as a record
 *
 * What the drivers of databases share: a record's text and fields out of columns, times as columns
 * hold them, names quoted for SQL. The text is for patterns, identifiers and people:
 *
 *   column=value TAB column=value LF      values as they are, NULL left out
 *
 * A row that is larger than its maximum has no text and no fields, so that what asks about them
 * cannot decide (and a hold holds).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/conf/conf.h"
#include "record/record.h"
#include "record/timestamp.h"

struct store_env;

#define ROW_COLUMNS_MAX 256
#define ROW_NAMES_MAX   32

struct row {
	struct buf text;
	struct row_column {
		const char *name; /* borrowed */
		size_t from, len; /* of its value in `text` */
	} column[ROW_COLUMNS_MAX];
	size_t n;
	struct row_null {
		const char *name; /* borrowed */
		size_t at;        /* where its column would begin in `text` */
		bool own;         /* … among what the row is known by */
	} null[ROW_COLUMNS_MAX];
	size_t n_nulls;
	size_t own;    /* bytes of what it is known by (record.h), where more follows; 0: all */
	uint64_t size; /* bytes of all values */
};

/* Owned by the caller; up to MAX bytes of text. */
void row_init(struct row *r, size_t max);
void row_release(struct row *r);

/* For the next row. */
void row_clear(struct row *r);

/* NAME is borrowed; SPAN_NONE: NULL. */
void row_add(struct row *r, const char *name, struct span value);

/* The row as a record, borrowing R until row_clear(). */
struct record row_record(struct row *r, const struct conf_store *s, const char *place,
	int64_t time_us, uint64_t offset);

/* Which column of R, a row's record, is NULL by that name? NULL: none. In its text it would be another one
 * (row_add()), before what stands at its place. */
const struct row_null *row_null(const struct record *r, const char *name);

/* --- times ------------------------------------------------------------------------------------ */

enum row_time {
	ROW_TIME_S, /* whole numbers since 1970-01-01 UTC … */
	ROW_TIME_MS,
	ROW_TIME_US,
	ROW_TIME_ISO,   /* text, "2026-11-24 01:40:29" and what else timestamp.h reads */
	ROW_TIME_JULIAN /* days since noon in Greenwich on 24 November 4714 BC, as SQLite counts */
};

/* What S declares as time_format, or OTHERWISE. EX_CONFIG at its place. */
int row_time_declared(
	const struct conf_store *s, enum row_time otherwise, enum row_time *ret, struct err *e);

/* Microseconds of N units; RECORD_NO_TIME where that is no time. */
int64_t row_time_of(enum row_time form, double n);
int64_t row_time_of_int(enum row_time form, int64_t n);
/* … of text, numbers too. */
int64_t row_time_of_text(enum row_time form, struct timestamp *ts, struct span text);

/* US in whole units (S, MS, US), rounded down or up; the ends of int64_t stay what they are. */
int64_t row_time_units(enum row_time form, int64_t us, bool up);

/* --- names ------------------------------------------------------------------------------------ */

/* A name for SQL: between double quotes, those within doubled. */
void row_quote(struct buf *b, const char *name);

/* The first field by which S finds, leads on or is set right and that is none of the N columns; of a list one has to be
 * there. NULL: all are, or nobody searches in ENV. Names are told apart by case, as a record's fields are. */
const char *row_no_column(
	const struct store_env *env, const struct conf_store *s, char *const *column, size_t n);

/* Does the erasure of a row of any store set NAME, "TABLE.COLUMN", to NULL in rows that stay (untie)? */
int row_is_untied(const struct conf *c, const char *name, bool *ret, struct err *e);

/* The names in TEXT, between commas and blanks, which are overwritten; at most ROW_NAMES_MAX.
 * Returns how many. */
size_t row_names(char *text, const char *ret[ROW_NAMES_MAX]);
