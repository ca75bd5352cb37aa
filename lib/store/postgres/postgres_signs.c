/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a row that is searched for shows, as a condition. Its texts are a person's: they go as parameters and never
 * stand in a statement, which a server shows to others and writes down with an error. A server that writes down
 * parameters as well is not told any: its rows come here, all of them.
 */
#include <stdlib.h>
#include <string.h>

#include "store/postgres/postgres-private.h"
#include "base/file/wipe.h"

#define CONDITION_MAX (1u << 20)

/* --- is it safe? ------------------------------------------------------------------------------ */

static int
keeps_no_parameters(struct pg *t, bool *ret, struct err *e)
{
	CLEANUP_PG PGresult *r = pg_ask(t, e,
		"SELECT coalesce(current_setting('log_parameter_max_length_on_error', true), '1') = '0'"
		" AND (coalesce(current_setting('log_parameter_max_length', true), '-1') = '0'"
		"  OR current_setting('log_statement') <> 'all'"
		"  AND current_setting('log_min_duration_statement') = '-1'"
		"  AND coalesce(current_setting('log_min_duration_sample', true), '-1') = '-1'"
		"  AND coalesce(current_setting('log_transaction_sample_rate', true), '0') = '0')"
		" AND coalesce(current_setting('auto_explain.log_min_duration', true), '-1') = '-1'"
		" AND coalesce(current_setting('pgaudit.log', true), 'none') IN ('', 'none')",
		0, NULL);

	if (!r)
		return -1;
	*ret = *PQgetvalue(r, 0, 0) == 't';
	return 0;
}

/* --- a parameter ------------------------------------------------------------------------------ */

/* An alternative of PostgreSQL's regular expressions, that is nothing but the text. */
static void
put_literal(struct buf *out, const char *text)
{
	for (const char *p = text; *p; p++) {
		if (!((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') ||
			    (*p >= 'A' && *p <= 'Z')))
			buf_char(out, '\\');
		buf_char(out, *p);
	}
}

/* An element of a list: text has no quotes (sign_part()). */
static void
put_element(struct buf *out, const char *text)
{
	buf_char(out, '"');
	for (const char *p = text; *p; p++)
		buf_char(out, *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p);
	buf_char(out, '"');
}

static bool
is_of(const struct sign *s, enum sign_kind kind, const char *field)
{
	return s->kind == kind && strcmp(s->field, field) == 0;
}

/* Of all signs of KIND and FIELD that FITS a column: a list, or an expression. False: there is none. */
static bool
put_all(const struct signs *signs, enum sign_kind kind, const char *field,
	bool (*fits)(const char *text), struct buf *out)
{
	bool any = false;

	for (size_t i = 0; i < signs->n; i++) {
		const struct sign *s = &signs->v[i];

		if (!is_of(s, kind, field) || (fits && !fits(s->text)))
			continue;
		if (kind == SIGN_EQUAL) {
			buf_char(out, any ? ',' : '{');
			put_element(out, s->text);
		} else {
			if (any)
				buf_char(out, '|');
			put_literal(out, s->text);
		}
		any = true;
	}
	if (any && kind == SIGN_EQUAL)
		buf_char(out, '}');
	return any;
}

/* Adds a parameter; its number, or 0: none, which is no failure. */
static int
add_parameter(struct pg_signs *p, const struct signs *signs, enum sign_kind kind, const char *field,
	bool (*fits)(const char *text), struct err *e)
{
	struct buf b;

	if (p->n_values == PG_SIGNS_MAX)
		return err_fail(e, EX_DATAERR, 0, N_("a store declares too many subjects"), NULL,
			"%d", PG_SIGNS_MAX);
	buf_init(&b, CONDITION_MAX);
	if (!put_all(signs, kind, field, fits, &b)) {
		buf_wipe(&b);
		return 0;
	}
	buf_char(&b, '\0');
	if (b.failed) {
		buf_wipe(&b);
		return err_memory(e);
	}
	p->value[p->n_values++] = b.p; /* given away */
	return (int)p->n_values;
}

/* --- conditions ------------------------------------------------------------------------------- */

static bool
is_number(const char *text)
{
	const size_t n = strspn(text, "0123456789");

	return n > 0 && n < 10 && text[n] == '\0' && (*text != '0' || n == 1);
}

static bool
is_uuid(const char *text)
{
	for (size_t i = 0; i < 36; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23
				? text[i] != '-'
				: text[i] == '\0' || !strchr("0123456789abcdefABCDEF", text[i]))
			return false;
	return text[36] == '\0';
}

/* How a column is compared to a parameter: what stands before it, between the two, and behind. */
struct comparison {
	const char *before, *between, *behind;
};

/* A value of these types is written in one way: what is not written so is no value of it, and an index serves. A
 * number of ten digits may be none of an integer; so it is compared as text. */
static const struct {
	const char *type;
	bool (*fits)(const char *text);
	struct comparison as;
} exact[] = {
	{ "uuid", is_uuid, { "", " = ANY (", "::uuid[])" } },
	{ "int8", is_number, { "", " = ANY (", "::int8[])" } },
	{ "int4", is_number, { "", " = ANY (", "::int4[])" } },
};

static bool
is_long(const char *text)
{
	return !is_number(text);
}

static int
put_condition(struct pg_signs *p, const struct signs *signs, enum sign_kind kind, const char *name,
	bool (*fits)(const char *text), const struct comparison *c, struct err *e)
{
	const int n = add_parameter(p, signs, kind, name, fits, e);

	if (n <= 0)
		return n;
	buf_printf(&p->sql, " OR %st.", c->before);
	row_quote(&p->sql, name);
	buf_printf(&p->sql, "%s$%d%s", c->between, n, c->behind);
	return 0;
}

static int
put_equal(struct pg_signs *p, const struct signs *signs, const char *name, const char *type,
	struct err *e)
{
	static const struct comparison text = { "lower(btrim(",
		"::text, E' \\t\\r\\n') COLLATE \"C\") = ANY (", "::text[])" };
	bool (*rest)(const char *text) = NULL;

	for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++) {
		if (strcmp(type, exact[i].type) != 0)
			continue;
		if (put_condition(p, signs, SIGN_EQUAL, name, exact[i].fits, &exact[i].as, e) < 0)
			return -1;
		if (exact[i].fits == is_uuid)
			return 0;
		rest = is_long;
	}
	return put_condition(p, signs, SIGN_EQUAL, name, rest, &text, e);
}

static int
put_column(struct pg_signs *p, const struct signs *signs, const char *name, const char *type,
	struct err *e)
{
	static const struct comparison within = { "(", "::text COLLATE \"C\") ~* ", "" };
	static const struct comparison digits = { "regexp_replace(",
		"::text COLLATE \"C\", '[^0-9]', '', 'g') ~ ", "" };

	if (put_equal(p, signs, name, type, e) < 0 ||
		put_condition(p, signs, SIGN_WITHIN, name, NULL, &within, e) < 0 ||
		put_condition(p, signs, SIGN_BEGINS, name, NULL, &within, e) < 0 ||
		put_condition(p, signs, SIGN_DIGITS, name, NULL, &digits, e) < 0)
		return -1;
	for (size_t i = 0; i < signs->n; i++)
		if (is_of(&signs->v[i], SIGN_BEYOND, name) ||
			is_of(&signs->v[i], SIGN_BEGINS, name)) {
			buf_str(&p->sql, " OR t.");
			row_quote(&p->sql, name);
			buf_str(&p->sql, "::text COLLATE \"C\" ~ '[^[:ascii:]]'");
			break;
		}
	return 0;
}

int
pg_signs_make(struct pg *t, const struct signs *signs, struct pg_signs *ret, struct err *e)
{
	bool safe = false;

	*ret = (struct pg_signs){ 0 };
	buf_init(&ret->sql, CONDITION_MAX);
	if (signs && keeps_no_parameters(t, &safe, e) < 0)
		return -1;
	if (!safe)
		return 0;
	ret->given = true;
	buf_str(&ret->sql, " AND (false");
	for (size_t i = 0; i < t->n_columns; i++)
		if (put_column(ret, signs, t->column[i], t->column_type[i], e) < 0)
			return -1;
	buf_char(&ret->sql, ')');
	return ret->sql.failed ? err_memory(e) : 0;
}

void
pg_signs_release(struct pg_signs *p)
{
	for (size_t i = 0; i < p->n_values; i++)
		wipe_text(p->value[i]);
	buf_release(&p->sql);
	*p = (struct pg_signs){ 0 };
}
