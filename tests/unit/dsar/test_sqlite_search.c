/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A database that is told what the rows of a person show gives the same rows as a reader of all of them, whatever she is
 * called, however her values are written, and whether an index has them or not.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/buf.h"
#include "dsar/subject/identifier.h"
#include "dsar/subject/match.h"
#include "dsar/subject/subject.h"
#include "record/record.h"
#include "store/store.h"
#include "tests/unit/dsar/register.h"
#include "tests/unit/suite.h"

#define N_ROWS 400
#define LONG   65536

static struct conf_subject declared[] = {
	{ .kind = "email", .field = "email" },
	{ .kind = "account", .field = "user_id" },
	{ .kind = "account", .field = "any" },
	{ .kind = "account", .field = "external", .as = "gl-{}" },
	{ .kind = "meeting", .field = "unit", .as = "sha1({})-", .match = CONF_MATCH_PREFIX },
	{ .kind = "phone", .field = "phone" },
	{ .kind = "name", .field = "name" },
};
static const char *const kinds[] = { "email", "account", "account", "account", "meeting", "phone",
	"name" };
#define N_FIELDS (sizeof(declared) / sizeof(declared[0]))

static char pattern[96];
static const char *paths[1] = { pattern };
static struct conf_option option[1] = { { "table", "people" } };
static struct conf_store decl = { .where = { "t.conf", 2 },
	.name = "people",
	.type = "sqlite",
	.until_erased = true,
	.paths = { paths, 1 },
	.option = option,
	.n_options = 1,
	.subject = declared };
static struct store_env env = { .conf = &reg_conf, .memory_max = 4 << 20 };
static sqlite3 *db;
static size_t n_told;
static struct identifier one[3];
static struct subject subject = { .v = one };
static struct buf value[3], folded;

static void
setup(void)
{
	register_make();
	(void)snprintf(pattern, sizeof(pattern), "%s/people.db", folder);
	reg_conf.store = &decl;
	reg_conf.n_stores = 1;
	for (size_t i = 0; i < 3; i++)
		buf_init(&value[i], 4 * LONG);
	buf_init(&folded, 16 * LONG);
}

static void
teardown(void)
{
	for (size_t i = 0; i < 3; i++)
		buf_release(&value[i]);
	buf_release(&folded);
	register_remove();
}

static void
sql(const char *text)
{
	ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", text,
		sqlite3_errmsg(db));
}

/* --- values ----------------------------------------------------------------------------------- */

static const struct span parts[] = { SPAN("a"), SPAN("A"), SPAN("anna"), SPAN("ANNA"), SPAN("%"),
	SPAN("_"), SPAN("'"), SPAN("\""), SPAN("\\"), SPAN("."), SPAN("+x"), SPAN(" "), SPAN("\t"),
	SPAN("z"), SPAN("Z"), SPAN("@"), SPAN("["), SPAN("`"), SPAN("{"), SPAN("\0"), SPAN("x\0y"),
	SPAN("\xc3\xa4"), SPAN("\xc3\x84"), SPAN("a\xcc\x88"), SPAN("A\xcc\x88"), SPAN("ss"),
	SPAN("\xc3\x9f"), SPAN("k"), SPAN("\xe2\x84\xaa"), SPAN("\xff"), SPAN("0"), SPAN("42"),
	SPAN("007"), SPAN("1e5"), SPAN("-1"), SPAN("1.5"), SPAN("12345678901234567890"),
	SPAN("8f3c1a52-0c1d-4e8b-9f30-5d7b4b1e2a60"), SPAN("8F3C1A52-0C1D-4E8B-9F30-5D7B4B1E2A60"),
	SPAN("nan"), SPAN("inf"), SPAN("--"), SPAN("/*"), SPAN("*"), SPAN("?1") };

static struct span
any_part(void)
{
	return parts[(size_t)random() % (sizeof(parts) / sizeof(parts[0]))];
}

static void
put_value(struct buf *out, const char *kind)
{
	buf_clear(out);
	for (long k = 1 + random() % 3; k > 0; k--)
		buf_span(out, any_part());
	if (strcmp(kind, "email") == 0)
		buf_str(out, random() % 2 ? "@example.org"
					  : "@b\xc3\xbc"
					    "cher.example");
	if (strcmp(kind, "phone") == 0)
		buf_str(out, "0 69/123456");
	if (random() % 50 == 0)
		for (size_t i = 0; i < LONG; i++)
			buf_char(out, (char)('a' + i % 26));
}

/* One of her values as others write it, or nobody's. */
static void
put_variant(struct buf *out, const struct conf_subject *b, size_t n)
{
	const struct buf *v = &value[(size_t)random() % n];
	struct buf plain;

	buf_init(&plain, 8 * LONG);
	if (random() % 4 == 0)
		buf_span(&plain, any_part());
	buf_put(&plain, v->p, v->len);
	if (random() % 4 == 0)
		buf_span(&plain, any_part());
	for (size_t i = 0; i < plain.len && random() % 2; i++)
		if (random() % 3 == 0 && ((plain.p[i] | 32) >= 'a' && (plain.p[i] | 32) <= 'z'))
			plain.p[i] ^= 32;
	buf_clear(out);
	if (b->as && random() % 8)
		match_as(b->as, span_of(plain.p, plain.len), out);
	else if (random() % 10)
		buf_put(out, plain.p, plain.len);
	else
		put_value(out, b->kind);
	buf_release(&plain);
}

static void
bind(sqlite3_stmt *st, int at, const struct buf *b)
{
	switch (random() % 8) {
	case 0:
		ck_assert_int_eq(sqlite3_bind_blob(st, at, b->p, (int)b->len, SQLITE_TRANSIENT), 0);
		break;
	case 1:
		ck_assert_int_eq(sqlite3_bind_int64(st, at, 42), 0);
		break;
	case 2:
		ck_assert_int_eq(sqlite3_bind_double(st, at, 1.5), 0);
		break;
	case 3:
		break; /* NULL */
	default:
		ck_assert_int_eq(sqlite3_bind_text(st, at, b->p, (int)b->len, SQLITE_TRANSIENT), 0);
	}
}

static void
fill(size_t n)
{
	struct buf b;
	sqlite3_stmt *st;

	buf_init(&b, 16 * LONG);
	sql("BEGIN");
	ck_assert_int_eq(
		sqlite3_prepare_v2(db, "INSERT INTO people VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", -1,
			&st, NULL),
		0);
	for (int i = 0; i < N_ROWS; i++) {
		for (size_t f = 0; f < N_FIELDS; f++) {
			put_variant(&b, &declared[f], n);
			bind(st, (int)f + 1, &b);
		}
		ck_assert_int_eq(sqlite3_step(st), SQLITE_DONE);
		ck_assert_int_eq(sqlite3_reset(st), SQLITE_OK);
		ck_assert_int_eq(sqlite3_clear_bindings(st), SQLITE_OK);
	}
	(void)sqlite3_finalize(st);
	sql("COMMIT");
	buf_release(&b);
}

/* --- searching -------------------------------------------------------------------------------- */

struct found {
	uint64_t row[N_ROWS];
	size_t n;
};

static int
take(void *ctx, const struct record *r, struct err *err)
{
	struct found *f = ctx;

	(void)err;
	ck_assert_uint_lt(f->n, N_ROWS);
	f->row[f->n++] = r->offset;
	return 0;
}

static struct found
search(const struct select_question *q)
{
	const struct selector which = select_ask(q);
	CLEANUP(store_freep) struct store *s = NULL;
	struct found f = { 0 };

	ck_assert_int_eq(store_open(&env, &decl, &s, &e), 0);
	ck_assert_msg(store_scan(s, &which, take, &f, &e) == 0, "%s: %s", e.what, e.where);
	return f;
}

static void
count_field(void *ctx, const struct match *match)
{
	*(size_t *)ctx += match->how == MATCH_FIELD;
}

/* Fields only: what is only mentioned no database is asked for. */
static bool
is_hers(void *ctx, const struct record *r)
{
	size_t n = 0;

	(void)matcher_each(ctx, r, count_field, &n);
	return n > 0;
}

static size_t
compare(void)
{
	struct matcher *m = NULL;
	struct select_question told, all;
	struct found by_signs, by_reading;

	ck_assert_int_eq(matcher_new(&reg_conf, &decl, &subject, NULL, &m, &e), 0);
	told = *matcher_ask_fields(m);
	n_told += told.signs != NULL; /* '"' alone is no sign */
	told.record = is_hers;
	all = told;
	all.signs = NULL;
	by_reading = search(&all);
	by_signs = search(&told);
	ck_assert_uint_eq(by_signs.n, by_reading.n);
	for (size_t i = 0; i < by_signs.n; i++)
		ck_assert_uint_eq(by_signs.row[i], by_reading.row[i]);
	matcher_free(m);
	return by_reading.n;
}

static size_t
one_person(void)
{
	size_t n = 0;

	subject.n = 0;
	buf_clear(&folded);
	for (int tries = 0; subject.n < 3 && tries < 50; tries++) {
		const char *kind = kinds[(size_t)random() % N_FIELDS];

		put_value(&value[n], kind);
		if (random() % 4 == 0) { /* there are numbers, too */
			buf_clear(&value[n]);
			buf_str(&value[n], "42");
		}
		buf_clear(&folded);
		if (value[n].len > IDENTIFIER_MAX ||
			identifier_fold_class(identifier_class(kind),
				span_of(value[n].p, value[n].len), &folded) < 0)
			continue;
		one[n] = (struct identifier){ .kind = kind,
			.value = span_of(value[n].p, value[n].len),
			.from_us = INT64_MIN,
			.to_us = INT64_MAX };
		subject.n = ++n;
	}
	return n;
}

/* Columns of each affinity; without an index, with one on each, with some sorted in another way. */
static const char *const schemas[] = {
	"CREATE TABLE people (email TEXT, user_id INTEGER, any, external VARCHAR(9), unit TEXT, phone TEXT, name TEXT)",
	"CREATE TABLE people (email TEXT, user_id INTEGER, any, external VARCHAR(9), unit TEXT, phone TEXT, name TEXT);"
	"CREATE INDEX a ON people(email); CREATE INDEX b ON people(user_id); CREATE INDEX c ON people(any);"
	"CREATE INDEX d ON people(external); CREATE INDEX f ON people(unit); CREATE INDEX g ON people(phone)",
	"CREATE TABLE people (email TEXT COLLATE NOCASE, user_id UUID, any NUMERIC, external COLLATE RTRIM, unit, phone, name);"
	"CREATE INDEX a ON people(email); CREATE INDEX b ON people(user_id COLLATE NOCASE); CREATE INDEX c ON people(any, name);"
	"CREATE INDEX d ON people(external COLLATE BINARY)",
	"PRAGMA encoding = 'UTF-16';"
	"CREATE TABLE people (email TEXT, user_id REAL, any BLOB, external TEXT, unit TEXT, phone TEXT, name TEXT);"
	"CREATE INDEX a ON people(email); CREATE INDEX b ON people(user_id); CREATE INDEX c ON people(any); CREATE INDEX d ON people(external)",
};

START_TEST(the_same_rows_are_found_with_signs_and_without)
{
	size_t n_found = 0;

	for (int round = 0; round < 12; round++) {
		size_t n;

		srandom((unsigned)(100 * _i + round));
		n = one_person();
		if (n == 0)
			continue;
		(void)unlink(pattern);
		ck_assert_int_eq(sqlite3_open(pattern, &db), SQLITE_OK);
		sql(schemas[_i]);
		fill(n);
		ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
		/* an identifier of a kind alone, so that an index serves for it, and all together */
		for (size_t f = 0; f < N_FIELDS; f++) {
			const struct conf_subject all[N_FIELDS] = { [0] = declared[f] };
			struct conf_subject *const was = decl.subject;
			struct conf_subject alone = all[0];

			decl.subject = &alone;
			decl.n_subjects = 1;
			n_found += compare();
			decl.subject = was;
		}
		decl.n_subjects = N_FIELDS;
		n_found += compare();
	}
	ck_assert_uint_gt(n_found, 1000);
	ck_assert_uint_gt(n_told, 60);
}
END_TEST

static Suite *
search_suite(void)
{
	Suite *s = suite_create("sqlite_search");
	TCase *t = tcase_create("sqlite_search");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, the_same_rows_are_found_with_signs_and_without, 0,
		(int)(sizeof(schemas) / sizeof(schemas[0])));
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return suite_run(search_suite());
}
