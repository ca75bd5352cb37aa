/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What rows that are searched for show. Where each column of which a sign is known has an index, and what the sign asks for
 * has a beginning, the index gives the rows; else of each row these columns alone are read, and the rest where they show
 * one. What an index cannot tell apart (letters of either case, blanks before, a value that is a number or no text) is in
 * the ranges that it is asked for; whether a row shows a sign is decided by sign_shows() either way.
 */
#include <stdlib.h>
#include <string.h>

#include "store/sqlite/sqlite-private.h"

#define ROWS_MAX    10000 /* by index; where there are more, all are read slice by slice */
#define LETTERS_MAX 4     /* of a beginning: each doubles its ranges */
#define BEGIN_MAX   32
#define BEYOND      "\xc2\x80" /* U+0080, before all else beyond ASCII */

static int
add_column(struct sqlite_signs *x, size_t at, const struct signs *signs, struct err *e)
{
	struct sqlite_signs_column *c = &x->column[x->n_columns];

	for (size_t i = 0; i < signs->n; i++) {
		if (strcmp(signs->v[i].field, x->db->column[at]) != 0)
			continue;
		if (!c->sign)
			c->sign = calloc(signs->n, sizeof(void *));
		if (!c->sign)
			return err_memory(e);
		c->sign[c->n++] = &signs->v[i];
	}
	c->at = at;
	x->n_columns += c->n > 0;
	return 0;
}

bool
sqlite_signs_show(const struct sqlite_signs *x, size_t column, struct span value)
{
	const struct sqlite_signs_column *c = &x->column[column];

	for (size_t i = 0; value.p && i < c->n; i++)
		if (sign_shows(c->sign[i], value))
			return true;
	return false;
}

/* --- may an index be asked? ------------------------------------------------------------------- */

static bool
is_integer(struct span s)
{
	const size_t n = s.len;

	for (size_t i = 0; i < n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return n > 0 && n < 19 && (s.p[0] != '0' || n == 1);
}

/* May it be how SQLite writes a number, or the beginning of that? */
static bool
is_numeric(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!memchr("0123456789+-.eEInfINF", s.p[i], 21))
			return false;
	return true;
}

static bool
has_ranges(const struct sqlite_signs *x, const struct sqlite_signs_column *c, const struct sign *s)
{
	const struct span text = span_trim(span_str(s->text));

	if ((s->kind != SIGN_EQUAL && s->kind != SIGN_BEGINS) || text.len == 0)
		return false;
	return x->db->is_text[c->at] || !is_numeric(text) ||
	       (s->kind == SIGN_EQUAL && is_integer(text));
}

static void
put_range(struct buf *sql, const struct sqlite_signs *x, const struct sqlite_signs_column *c,
	const char *end)
{
	buf_printf(sql, "SELECT %s FROM ", x->db->rowid);
	row_quote(sql, x->db->t->table);
	buf_str(sql, " WHERE ");
	row_quote(sql, x->db->column[c->at]);
	buf_printf(sql, " COLLATE %s >= ?1", c->nocase ? "NOCASE" : "BINARY");
	if (end) {
		buf_str(sql, " AND ");
		row_quote(sql, x->db->column[c->at]);
		buf_printf(sql, " COLLATE %s < %s", c->nocase ? "NOCASE" : "BINARY", end);
	}
	buf_char(sql, '\0');
}

/* By BINARY or NOCASE, whichever an index is sorted by. */
static bool
has_index(const struct sqlite_signs *x, struct sqlite_signs_column *c)
{
	bool indexed = false;
	struct buf sql;

	buf_init(&sql, 1 << 16);
	for (int i = 0; !indexed && i < 2; i++) {
		c->nocase = i > 0;
		buf_clear(&sql);
		buf_str(&sql, "EXPLAIN QUERY PLAN ");
		put_range(&sql, x, c, "?2");
		indexed = !sql.failed && sqlite_db_searches(x->db, sql.p);
	}
	buf_release(&sql);
	return indexed;
}

static bool
may_be_indexed(const struct sqlite_signs *x)
{
	/* texts of UTF-16 are sorted by its bytes */
	if (!sqlite_db_number(x->db, "SELECT encoding = 'UTF-8' FROM pragma_encoding", 0))
		return false;
	for (size_t i = 0; i < x->n_columns; i++) {
		struct sqlite_signs_column *c = &x->column[i];

		for (size_t k = 0; k < c->n; k++)
			if (!has_ranges(x, c, c->sign[k]))
				return false;
		if (!has_index(x, c))
			return false;
	}
	return true;
}

/* --- ranges ----------------------------------------------------------------------------------- */

struct ranging {
	struct sqlite_signs *x;
	const struct sqlite_signs_column *column;
	sqlite3_stmt *range, *on; /* from ?1 to before ?2; from ?1 on */
	bool too_many;
};

static int
take(struct ranging *g, sqlite3_int64 rowid, struct err *e)
{
	struct sqlite_signs *x = g->x;

	if (x->n_rows == ROWS_MAX) {
		g->too_many = true;
		return 1;
	}
	if (x->n_rows == x->max) {
		const size_t max = x->max ? 2 * x->max : 64;
		sqlite3_int64 *v = reallocarray(x->row, max, sizeof(*v));

		if (!v)
			return err_memory(e);
		x->row = v;
		x->max = max;
	}
	x->row[x->n_rows++] = rowid;
	return 0;
}

static int
run(struct ranging *g, sqlite3_stmt *st, struct err *e)
{
	int rc = 0, step = SQLITE_DONE;

	while (rc == 0 && (step = sqlite3_step(st)) == SQLITE_ROW)
		rc = take(g, sqlite3_column_int64(st, 0), e);
	(void)sqlite3_reset(st);
	(void)sqlite3_clear_bindings(st); /* they are a person's */
	if (rc < 0)
		return -1;
	return rc == 0 && step != SQLITE_DONE ? sqlite_db_fail(g->x->db, step, e) : 0;
}

/* Texts from FROM, which is LEN bytes, to before the first that begins with a greater last byte. */
static int
take_texts(struct ranging *g, const char *from, size_t len, const char *more, struct err *e)
{
	char lower[BEGIN_MAX + sizeof(BEYOND)], upper[BEGIN_MAX + 1];

	memcpy(upper, from, len);
	upper[len - 1]++;
	(void)sqlite3_bind_text(g->range, 2, upper, (int)len, SQLITE_TRANSIENT);
	memcpy(lower, from, len);
	memcpy(lower + len, more, strlen(more));
	(void)sqlite3_bind_text(g->range, 1, lower, (int)(len + strlen(more)), SQLITE_TRANSIENT);
	explicit_bzero(lower, sizeof(lower));
	explicit_bzero(upper, sizeof(upper));
	return g->too_many ? 0 : run(g, g->range, e);
}

/* What begins with TEXT in letters of either case, MORE behind it. */
static int
take_cases(struct ranging *g, struct span text, const char *more, struct err *e)
{
	size_t letter[LETTERS_MAX], n = 0;
	char form[BEGIN_MAX];
	int rc = 0;

	for (size_t i = 0; i < text.len; i++) {
		form[i] = text.p[i];
		if (form[i] >= 'A' && form[i] <= 'Z')
			form[i] = (char)(form[i] + 32);
		if (!g->column->nocase && form[i] >= 'a' && form[i] <= 'z')
			letter[n++] = i;
	}
	for (unsigned set = 0; rc == 0 && set < 1u << n; set++) {
		for (size_t i = 0; i < n; i++)
			form[letter[i]] = (char)((form[letter[i]] | 32) ^ (set & 1u << i ? 32 : 0));
		rc = take_texts(g, form, text.len, more, e);
	}
	explicit_bzero(form, sizeof(form));
	return rc;
}

/* As much of TEXT as has few letters. */
static struct span
beginning(const struct ranging *g, struct span text)
{
	size_t n = 0, letters = 0;

	while (n < text.len && n < BEGIN_MAX) {
		const char c = (char)(text.p[n] | 32);

		letters += !g->column->nocase && c >= 'a' && c <= 'z';
		if (letters > LETTERS_MAX)
			break;
		n++;
	}
	return span_of(text.p, n);
}

static int
take_number(struct ranging *g, struct span text, struct err *e)
{
	const sqlite3_int64 n = strtoll(text.p, NULL, 10);

	(void)sqlite3_bind_int64(g->range, 1, n);
	(void)sqlite3_bind_int64(g->range, 2, n + 1);
	return run(g, g->range, e);
}

static int
take_sign(struct ranging *g, const struct sign *s, struct err *e)
{
	const struct span text = span_trim(span_str(s->text)), begin = beginning(g, text);

	if (!g->x->db->is_text[g->column->at] && is_integer(text) && take_number(g, text, e) < 0)
		return -1;
	if (take_cases(g, begin, "", e) < 0)
		return -1;
	for (size_t n = 1; s->kind == SIGN_BEGINS && n < begin.len; n++)
		if (take_cases(g, span_of(begin.p, n), BEYOND, e) < 0)
			return -1;
	return 0;
}

/* Texts with a blank before them or with a first letter beyond ASCII, and what is no text. */
static int
take_others(struct ranging *g, struct err *e)
{
	(void)sqlite3_bind_text(g->range, 1, "", 0, SQLITE_STATIC);
	(void)sqlite3_bind_text(g->range, 2, "!", 1, SQLITE_STATIC);
	if (run(g, g->range, e) < 0)
		return -1;
	(void)sqlite3_bind_text(g->on, 1, BEYOND, -1, SQLITE_STATIC);
	return run(g, g->on, e);
}

static int
prepare(const struct ranging *g, const char *end, sqlite3_stmt **ret, struct err *e)
{
	struct buf sql;
	int rc = SQLITE_NOMEM;

	buf_init(&sql, 1 << 16);
	put_range(&sql, g->x, g->column, end);
	if (!sql.failed)
		rc = sqlite3_prepare_v2(g->x->db->sql, sql.p, -1, ret, NULL);
	buf_release(&sql);
	return rc == SQLITE_OK ? 0 : sqlite_db_fail(g->x->db, rc, e);
}

static int
take_column(struct ranging *g, struct err *e)
{
	int rc = prepare(g, "?2", &g->range, e);

	if (rc == 0)
		rc = prepare(g, NULL, &g->on, e);
	if (rc == 0)
		rc = take_others(g, e);
	for (size_t i = 0; rc == 0 && !g->too_many && i < g->column->n; i++)
		rc = take_sign(g, g->column->sign[i], e);
	(void)sqlite3_finalize(g->range);
	(void)sqlite3_finalize(g->on);
	g->range = g->on = NULL;
	return rc;
}

static int
compare(const void *a, const void *b)
{
	const sqlite3_int64 x = *(const sqlite3_int64 *)a, y = *(const sqlite3_int64 *)b;

	return x < y ? -1 : x > y;
}

/* Each once, in the order in which they lie. */
static void
sort(struct sqlite_signs *x)
{
	size_t n = 0;

	if (x->n_rows > 0)
		qsort(x->row, x->n_rows, sizeof(*x->row), compare);
	for (size_t i = 0; i < x->n_rows; i++)
		if (i == 0 || x->row[i] != x->row[i - 1])
			x->row[n++] = x->row[i];
	x->n_rows = n;
}

static int
take_rows(struct sqlite_signs *x, struct err *e)
{
	struct ranging g = { .x = x };

	for (size_t i = 0; !g.too_many && i < x->n_columns; i++) {
		g.column = &x->column[i];
		if (take_column(&g, e) < 0)
			return -1;
	}
	x->by_index = !g.too_many;
	sort(x);
	return 0;
}

/* --- making ----------------------------------------------------------------------------------- */

int
sqlite_signs_make(struct sqlite_db *db, const struct signs *signs, bool may_index,
	struct sqlite_signs *ret, struct err *e)
{
	*ret = (struct sqlite_signs){ .db = db };
	if (!signs)
		return 0;
	ret->given = true;
	ret->column = calloc(db->n_columns + 1, sizeof(*ret->column));
	if (!ret->column)
		return err_memory(e);
	for (size_t i = 0; i < db->n_columns; i++)
		if (add_column(ret, i, signs, e) < 0)
			return -1;
	return may_index && may_be_indexed(ret) ? take_rows(ret, e) : 0;
}

void
sqlite_signs_release(struct sqlite_signs *x)
{
	for (size_t i = 0; i < x->n_columns; i++)
		free(x->column[i].sign);
	free(x->column);
	free(x->row);
	*x = (struct sqlite_signs){ 0 };
}
