/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/conf/conf.h"
#include "record/record.h"
#include "store/store.h"
#include "tests/unit/store/under_test.h"
#include "tests/unit/suite.h"

#define CUTOFF ((NOW_S - 7 * DAY_S) * 1000000)

static char pattern[96], file[96];
static const char *paths[1] = { pattern };
static struct conf_store decl = { .where = { "t.conf", 2 },
	.name = "visits",
	.type = "sqlite",
	.paths = { paths, 1 },
	.option = option };
static struct conf conf = { .store = &decl, .n_stores = 1 };
static struct store_env env = { .conf = &conf, .now_us = NOW_S * 1000000, .memory_max = 1 << 20 };

static void
declare(const char *key, const char *value)
{
	option[decl.n_options++] = (struct conf_option){ key, value };
}

static void
setup(void)
{
	folder_make();
	(void)snprintf(pattern, sizeof(pattern), "%s/*.db", folder);
	(void)snprintf(file, sizeof(file), "%s/a.db", folder);
	decl.n_options = 0;
	declare("table", "visit");
	declare("time", "at");
	memset(n_notes, 0, sizeof(n_notes));
	*said = '\0';
	env.note = hear;
}

static void
teardown(void)
{
	store = store_free(store);
	folder_remove();
}

/* What a program with a library of its own does. */
static void
sql(const char *text)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(file, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", text,
		sqlite3_errmsg(db));
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static int64_t
number(const char *text)
{
	sqlite3 *db;
	sqlite3_stmt *stmt;
	int64_t n;

	ck_assert_int_eq(sqlite3_open(file, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, text, -1, &stmt, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
	n = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	return n;
}

/* 100 rows, one a day and hour before NOW: 7 stay. AS is the time's SQL of the seconds S. */
static void
fill(const char *columns, const char *as)
{
	char text[1024];

	(void)snprintf(text, sizeof(text),
		"CREATE TABLE visit(%s);"
		"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99)"
		" INSERT INTO visit(at, who) SELECT %s, 'planted-' || i || '-value' FROM"
		" (SELECT i, 1795484429 - i * 86400 - 3600 AS s FROM n)",
		columns, as);
	sql(text);
}

static void
open_store(void)
{
	store = store_free(store);
	ck_assert_msg(store_open(&env, &decl, &store, &e) == 0, "%s: %s", e.what, e.where);
}

static uint64_t
erase(const struct selector *which)
{
	struct store_result result = { 0 };
	struct plan plan;

	plan_init(&plan);
	ck_assert_int_eq(store_plan(store, which, &plan, &e), 0);
	if (plan.n > 0) {
		ck_assert_uint_eq(plan.n, 1);
		ck_assert_int_eq(plan.step[0].technique, PLAN_UNLINKED);
		ck_assert_int_eq(store_act(store, &plan.step[0], which, &result, &e), 0);
		ck_assert_uint_eq(result.n_erased, plan.step[0].n_records);
		ck_assert(result.bytes > 0 || decl.n_options > 0);
	}
	plan_release(&plan);
	return result.n_erased;
}

/* How often WHAT stands in the bytes of all files of the folder that begin with a.db. */
static unsigned
occurs(const char *what)
{
	static const char *const tails[] = { "", "-wal", "-journal", "-shm" };
	static char text[1 << 22];
	unsigned n = 0;

	for (size_t i = 0; i < 4; i++) {
		char path[128];
		ssize_t len;
		int fd;

		(void)snprintf(path, sizeof(path), "%s%s", file, tails[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		len = read(fd, text, sizeof(text));
		for (const char *p = text;
			len > 0 && (p = memmem(p, (size_t)(text + len - p), what, strlen(what)));
			p++)
			n++;
		(void)close(fd);
	}
	return n;
}

static bool
is_mine(void *ctx, const struct record *r)
{
	return r->text.p && memmem(r->text.p, r->text.len, ctx, strlen(ctx));
}

START_TEST(rows_past_the_cutoff_go_and_the_others_stay)
{
	static const struct {
		const char *form, *columns, *as, *more;
	} cases[] = {
		{ "s", "at INTEGER, who", "s", "CREATE INDEX i ON visit(at)" },
		{ "s", "at INTEGER, who", "s", "" },
		{ "s", "at REAL, who", "s + 0.5", "" },
		{ "ms", "at INTEGER, who", "s * 1000", "CREATE INDEX i ON visit(at)" },
		{ "us", "who, at INTEGER", "s * 1000000", "" },
		{ "iso", "at TEXT, who", "strftime('%Y-%m-%d %H:%M:%S', s, 'unixepoch')",
			"CREATE INDEX i ON visit(at)" },
		{ "iso", "at TEXT, who", "strftime('%Y-%m-%dT%H:%M:%S+00:00', s, 'unixepoch')",
			"" },
		{ "julian", "at REAL, who", "julianday(s, 'unixepoch')",
			"CREATE INDEX i ON visit(at)" },
		{ "julian", "at REAL, who", "julianday(s, 'unixepoch')", "" },
	};
	const struct selector old = select_before(CUTOFF);
	struct store_cost cost;
	int64_t oldest;

	fill(cases[_i].columns, cases[_i].as);
	sql(cases[_i].more);
	declare("time_format", cases[_i].form);
	open_store();
	ck_assert_int_eq(store_cost(store, &old, &cost, &e), 0);
	ck_assert_int_eq(cost.indexed, *cases[_i].more != '\0');
	ck_assert_int_eq(cost.bytes > 0, !cost.indexed);
	ck_assert_int_eq(store_oldest(store, NULL, &oldest, &e), 0);
	ck_assert_int_le(llabs(oldest / 1000000 - (NOW_S - 99 * DAY_S - 3600)), 1);
	ck_assert_uint_eq(erase(&old), 93);
	ck_assert_int_eq(number("SELECT count(*) FROM visit"), 7);
	ck_assert_uint_eq(occurs("planted-6-value"), 1);
	for (int i = 7; i < 100; i++) {
		char planted[32];

		(void)snprintf(planted, sizeof(planted), "planted-%d-value", i);
		ck_assert_uint_eq(occurs(planted), 0);
	}
	ck_assert_int_eq(store_oldest(store, NULL, &oldest, &e), 0);
	ck_assert_int_le(llabs(oldest / 1000000 - (NOW_S - 6 * DAY_S - 3600)), 1);
	ck_assert_uint_eq(erase(&old), 0);
}
END_TEST

static uint64_t
set_mine(const char *mine, const char *field, const char *value, int rc)
{
	char who[64];
	const struct store_value v = { field, value };
	struct select_question q = { .ctx = who, .record = is_mine };
	const struct selector which = select_ask(&q);
	uint64_t n = 0;

	(void)snprintf(who, sizeof(who), "%s", mine);
	ck_assert_int_eq(store_set(store, &which, &v, 1, &n, &e), rc);
	return n;
}

START_TEST(a_column_is_set_and_what_stood_there_is_nowhere_any_more)
{
	fill("at INTEGER, who TEXT, age INTEGER", "s");
	open_store();
	ck_assert_uint_eq(set_mine("planted-6-value", "who", "O'Neil \"; ü", 0), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM visit WHERE who = 'O''Neil \"; ü'"), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM visit WHERE who LIKE 'planted-%'"), 99);
	ck_assert_uint_eq(occurs("planted-6-value"), 0);
	ck_assert_uint_eq(set_mine("planted-6-value", "who", "again", 0), 0);
	ck_assert_uint_eq(set_mine("planted-7-value", "no such column", "x", 0), 0);
	/* another value is made of it: taken back */
	ck_assert_uint_eq(set_mine("planted-7-value", "age", "007", STORE_REFUSED), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM visit WHERE age IS NOT NULL"), 0);
	ck_assert_uint_eq(set_mine("planted-7-value", "age", "7", 0), 1);
	/* a rule of the database's own keeps it as it is: not set, and said */
	sql("CREATE TRIGGER keep BEFORE UPDATE ON visit BEGIN SELECT RAISE(IGNORE); END");
	ck_assert_uint_eq(set_mine("planted-7-value", "age", "8", STORE_REFUSED), 0);
}
END_TEST

START_TEST(a_value_is_set_in_all_databases_or_in_none)
{
	fill("at INTEGER, who TEXT, age INTEGER CHECK (age IS NULL OR age < 100)", "s");
	(void)snprintf(file, sizeof(file), "%s/b.db", folder);
	fill("at INTEGER, who TEXT, age INTEGER CHECK (age IS NULL OR age < 50)", "s");
	open_store();
	ck_assert_uint_eq(set_mine("planted-7-value", "age", "70", STORE_REFUSED), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM visit WHERE age = 70"), 0);
	ck_assert_uint_eq(set_mine("planted-7-value", "age", "7", 0), 2);
	ck_assert_int_eq(number("SELECT count(*) FROM visit WHERE age = 7"), 1);
	(void)snprintf(file, sizeof(file), "%s/a.db", folder);
	ck_assert_int_eq(number("SELECT count(*) FROM visit WHERE age = 7"), 1);
}
END_TEST

/* How many of a.db and b.db have AGE, while somebody reads b.db. */
static int
set_while_read(const char *age, int rc, uint64_t n)
{
	char count[64];
	sqlite3 *reader = NULL;
	sqlite3_stmt *row = NULL;
	int found;

	ck_assert_int_eq(sqlite3_open(file, &reader), SQLITE_OK);
	ck_assert_int_eq(
		sqlite3_prepare_v2(reader, "SELECT * FROM visit", -1, &row, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(row), SQLITE_ROW);
	ck_assert_uint_eq(set_mine("planted-7-value", "age", age, rc), n);
	ck_assert_int_eq(sqlite3_finalize(row), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(reader), SQLITE_OK);
	(void)snprintf(count, sizeof(count), "SELECT count(*) FROM visit WHERE age = %s", age);
	found = (int)number(count);
	(void)snprintf(file, sizeof(file), "%s/a.db", folder);
	found += (int)number(count);
	(void)snprintf(file, sizeof(file), "%s/b.db", folder);
	return found;
}

START_TEST(a_reader_of_one_database_keeps_the_others_as_they_are)
{
	fill("at INTEGER, who TEXT, age INTEGER", "s");
	(void)snprintf(file, sizeof(file), "%s/b.db", folder);
	fill("at INTEGER, who TEXT, age INTEGER", "s");
	open_store();
	ck_assert_int_eq(set_while_read("70", -1, 0), 0);
	ck_assert_int_eq(e.exit, EX_TEMPFAIL);
	sql("PRAGMA journal_mode = WAL");
	ck_assert_int_eq(set_while_read("71", 0, 2), 2);
}
END_TEST

START_TEST(the_cutoff_is_exact)
{
	const struct selector old = select_before(CUTOFF);

	sql("CREATE TABLE visit(at INTEGER, who); CREATE INDEX i ON visit(at);"
	    "INSERT INTO visit VALUES (1794879628999, 'goes'), (1794879629000, 'stays'), (NULL, '?')");
	declare("time_format", "ms");
	open_store();
	ck_assert_uint_eq(erase(&old), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM visit WHERE who = 'stays'"), 1);
	ck_assert_uint_eq(n_notes[NOTE_NO_TIME], 1);
}
END_TEST

START_TEST(a_held_row_stays)
{
	struct select_question q = { .ctx = (char *)"planted-50-", .record = is_mine };
	const struct selector old = select_before(CUTOFF), mine = select_ask(&q),
			      others = select_not(&mine), due = select_and(&old, &others);
	int64_t oldest;

	fill("at INTEGER, who", "s");
	if (_i)
		sql("CREATE INDEX i ON visit(at)");
	open_store();
	ck_assert_uint_eq(erase(&due), 92);
	ck_assert_int_eq(number("SELECT count(*) FROM visit WHERE who GLOB 'planted-50-*'"), 1);
	ck_assert_int_eq(store_oldest(store, &mine, &oldest, &e), 0);
	ck_assert_int_eq(oldest, (NOW_S - 6 * DAY_S - 3600) * 1000000);
}
END_TEST

static int
see_fields(void *ctx, const struct record *r, struct err *err)
{
	unsigned *n = ctx;

	(void)err;
	ck_assert(span_eq(r->field(r, "who"), SPAN("planted-3-value")));
	ck_assert_ptr_null(r->field(r, "nobody").p);
	ck_assert_ptr_null(r->field(r, "none").p);
	ck_assert_ptr_nonnull(memmem(r->text.p, r->text.len, "\twho=planted-3-value\n", 21));
	++*n;
	return 0;
}

START_TEST(a_record_has_its_columns_as_fields)
{
	struct select_question q = { .ctx = (char *)"planted-3-", .record = is_mine };
	const struct selector mine = select_ask(&q);
	unsigned n = 0;

	fill("at INTEGER, who, none", "s");
	open_store();
	ck_assert_int_eq(store_scan(store, &mine, see_fields, &n, &e), 0);
	ck_assert_uint_eq(n, 1);
}
END_TEST

START_TEST(rows_that_nothing_ages_need_no_time)
{
	struct select_question q = { .ctx = (char *)"planted-3-", .record = is_mine };
	const struct selector mine = select_ask(&q);
	struct store_cost cost;

	sql("CREATE TABLE visit(who); INSERT INTO visit VALUES ('planted-2-'), ('planted-3-'), (NULL)");
	decl.n_options = 1; /* the table alone */
	decl.until_erased = true;
	open_store();
	decl.until_erased = false;
	ck_assert_int_eq(store_cost(store, &mine, &cost, &e), 0);
	ck_assert(!cost.indexed);
	ck_assert_uint_eq(erase(&mine), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM visit"), 2);
	ck_assert_uint_eq(n_notes[NOTE_NO_TIME], 0);
}
END_TEST

START_TEST(columns_are_cleared_where_the_row_has_to_stay)
{
	const struct selector old = select_before(CUTOFF);

	fill("at INTEGER, who, n", "s");
	declare("clear", "at, who");
	open_store();
	ck_assert_uint_eq(erase(&old), 93);
	ck_assert_int_eq(number("SELECT count(*) FROM visit"), 100);
	ck_assert_int_eq(number("SELECT count(*) FROM visit WHERE who IS NULL AND at IS NULL"), 93);
	ck_assert_uint_eq(occurs("planted-60-"), 0);
	ck_assert_uint_eq(erase(&old), 0);
}
END_TEST

START_TEST(a_condition_leaves_rows_out)
{
	const struct selector old = select_before(CUTOFF);

	fill("at INTEGER, who", "s");
	declare("where", "who NOT LIKE 'planted-8_-%'");
	open_store();
	ck_assert_uint_eq(erase(&old), 83);
}
END_TEST

START_TEST(what_is_declared_wrong_is_refused_at_open)
{
	static const struct {
		const char *setup, *table, *time, *what;
	} cases[] = {
		{ "CREATE TABLE x(at); CREATE VIEW visit AS SELECT * FROM x", "visit", "at",
			"a view or virtual table has no rows of its own" },
		{ "CREATE TABLE visit(at, who PRIMARY KEY) WITHOUT ROWID", "visit", "at",
			"table without rowid" },
		{ "CREATE TABLE visit(who)", "visit", "at", "no such column" },
		{ "CREATE TABLE y(at)", "visit", "at", "no such table" },
		{ "CREATE TABLE visit(at, rowid, oid, _rowid_)", "visit", "at",
			"columns hide the rowid" },
	};

	sql(cases[_i].setup);
	option[0].value = cases[_i].table;
	option[1].value = cases[_i].time;
	ck_assert_int_eq(store_open(&env, &decl, &store, &e), -1);
	ck_assert_int_eq(e.exit, EX_CONFIG);
	ck_assert_str_eq(e.what, cases[_i].what);
	ck_assert_ptr_nonnull(strstr(e.where, "t.conf:2"));
}
END_TEST

START_TEST(names_of_the_configuration_are_quoted)
{
	const struct selector old = select_before(CUTOFF);

	sql("CREATE TABLE \"a \"\"b'; --\"(\"select\" INTEGER, rowid TEXT);"
	    "INSERT INTO \"a \"\"b'; --\" VALUES (1, 'x'), (2000000000, 'y')");
	option[0].value = "a \"b'; --";
	option[1].value = "select";
	open_store();
	ck_assert_uint_eq(erase(&old), 1);
}
END_TEST

START_TEST(the_log_is_cut_and_a_reader_that_prevents_it_is_told)
{
	const struct selector old = select_before(CUTOFF);
	sqlite3 *reader;

	sql("PRAGMA journal_mode = WAL");
	fill("at INTEGER, who", "s");
	ck_assert_int_eq(sqlite3_open(file, &reader), SQLITE_OK);
	ck_assert_int_eq(
		sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM visit", NULL, NULL, NULL),
		SQLITE_OK);
	open_store();
	ck_assert_uint_eq(erase(&old), 93);
	ck_assert_uint_ge(n_notes[NOTE_REMAINS], 1);
	ck_assert_ptr_nonnull(strstr(said, "write-ahead"));
	ck_assert_int_eq(sqlite3_exec(reader, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_exec(
		reader, "INSERT INTO visit VALUES (1, 'planted-last')", NULL, NULL, NULL);
	*said = '\0';
	ck_assert_uint_eq(erase(&old), 1);
	ck_assert_ptr_null(strstr(said, "write-ahead"));
	ck_assert_uint_eq(occurs("planted-last"), 0);
	ck_assert_uint_eq(occurs("planted-50-"), 0);
	ck_assert_int_eq(sqlite3_close(reader), SQLITE_OK);
}
END_TEST

START_TEST(what_the_application_left_is_told_and_vacuumed_where_declared)
{
	const struct selector old = select_before(CUTOFF);

	fill("at INTEGER, who", "s");
	sql("PRAGMA secure_delete = OFF; CREATE TABLE note(text);"
	    "INSERT INTO note VALUES ('left-behind'), ('stays'); DELETE FROM note WHERE rowid = 1");
	ck_assert_uint_gt(occurs("left-behind"), 0);
	if (_i)
		declare("vacuum", "remains");
	open_store();
	ck_assert_uint_eq(erase(&old), 93);
	ck_assert_uint_eq(n_notes[NOTE_REMAINS], _i ? 0 : 1);
	ck_assert_uint_eq(occurs("left-behind") == 0, _i);
	ck_assert_uint_eq(occurs("planted-50-"), 0);
}
END_TEST

START_TEST(rows_that_others_point_to_stay_and_are_told)
{
	const struct selector old = select_before(CUTOFF);
	struct store_result result;
	struct plan plan;

	fill("at INTEGER, who, id INTEGER PRIMARY KEY", "s");
	sql("CREATE TABLE child(parent REFERENCES visit(id)); INSERT INTO child VALUES (60)");
	open_store();
	plan_init(&plan);
	ck_assert_int_eq(store_plan(store, &old, &plan, &e), 0);
	ck_assert_int_eq(store_act(store, &plan.step[0], &old, &result, &e), 0);
	plan_release(&plan);
	ck_assert_uint_eq(result.n_erased, 92);
	ck_assert_uint_eq(n_notes[NOTE_NOT_POSSIBLE], 1);
	ck_assert_int_eq(number("SELECT count(*) FROM visit WHERE id = 60"), 1);
}
END_TEST

START_TEST(keys_that_are_checked_at_the_end_keep_one_row_and_not_its_whole_batch)
{
	const struct selector old = select_before(CUTOFF);
	struct store_result result;
	struct plan plan;

	fill("at INTEGER, who, id INTEGER PRIMARY KEY", "s");
	sql("CREATE TABLE child(parent REFERENCES visit(id) DEFERRABLE INITIALLY DEFERRED);"
	    "INSERT INTO child VALUES (60)");
	open_store();
	plan_init(&plan);
	ck_assert_int_eq(store_plan(store, &old, &plan, &e), 0);
	ck_assert_int_eq(store_act(store, &plan.step[0], &old, &result, &e), 0);
	plan_release(&plan);
	ck_assert_uint_eq(result.n_erased, 92);
	ck_assert_int_eq(number("SELECT count(*) FROM visit WHERE id = 60"), 1);
}
END_TEST

START_TEST(what_is_untied_stays_without_what_it_points_to)
{
	const struct selector old = select_before(CUTOFF);

	fill("at INTEGER, who, id INTEGER PRIMARY KEY, answers REFERENCES visit", "s");
	sql("UPDATE visit SET answers = id + 1 WHERE id < 100; CREATE TABLE Child(a, \"the parent\", of,"
	    " FOREIGN KEY (of) REFERENCES Visit(ID)); INSERT INTO child VALUES (1, 60, 60), (2, 3, 3)");
	declare("untie", "Child.OF, visit.answers");
	open_store();
	ck_assert_uint_eq(erase(&old), 93);
	ck_assert_int_eq(number("SELECT count(*) FROM visit WHERE answers IS NULL"), 1);
	ck_assert_int_eq(number("SELECT group_concat(of) = '3' AND count(*) = 2 FROM child"), 1);
}
END_TEST

START_TEST(a_thread_goes_with_its_answers)
{
	const struct selector old = select_before(CUTOFF);
	struct store_result result;
	struct plan plan;

	fill("at INTEGER, who, id INTEGER PRIMARY KEY, answers REFERENCES visit", "s");
	sql("UPDATE visit SET answers = id - 1 WHERE id > 8");
	open_store();
	plan_init(&plan);
	ck_assert_int_eq(store_plan(store, &old, &plan, &e), 0);
	ck_assert_int_eq(store_act(store, &plan.step[0], &old, &result, &e), 0);
	plan_release(&plan);
	ck_assert_uint_eq(result.n_erased, 93);
	ck_assert_uint_eq(n_notes[NOTE_NOT_POSSIBLE], 0);
}
END_TEST

static const char *const indexes[] = { "", "CREATE INDEX visit_at ON visit(at);" };

START_TEST(what_a_trigger_puts_back_is_met_once)
{
	const struct selector old = select_before(CUTOFF);
	char text[256];

	fill("at INTEGER, who", "s");
	(void)snprintf(text, sizeof(text),
		"%sCREATE TRIGGER undo AFTER DELETE ON visit BEGIN"
		" INSERT INTO visit VALUES (old.at, old.who); END",
		indexes[_i]);
	sql(text);
	open_store();
	ck_assert_uint_eq(erase(&old), 93);
	ck_assert_int_eq(number("SELECT count(*) FROM visit"), 100);
}
END_TEST

static int
keep_text(void *ctx, const struct record *r, struct err *failed)
{
	char *text = ctx;

	(void)failed;
	(void)snprintf(text, 256, "%.*s|%zu", (int)r->text.len, r->text.p, r->known_by);
	return 0;
}

START_TEST(a_row_is_known_without_what_another_rows_end_changes)
{
	const struct selector all = select_since(INT64_MIN);
	char text[256] = "";

	sql("CREATE TABLE visit(up REFERENCES visit(id) ON DELETE SET NULL, id INTEGER PRIMARY KEY, at,"
	    " whole TEXT GENERATED ALWAYS AS (at || '!'));"
	    "INSERT INTO visit VALUES (1, 1, 7)");
	open_store();
	ck_assert_int_eq(store_scan(store, &all, keep_text, text, &e), 0);
	ck_assert_str_eq(text, "id=1\tat=7\twhole=7!\tup=1\n|18");
}
END_TEST

START_TEST(a_field_that_is_no_column_is_refused_at_open)
{
	struct conf_subject subject = { .kind = "email", .field = "WHO" };

	fill("at INTEGER, who", "s");
	decl.subject = &subject;
	decl.n_subjects = 1;
	open_store();
	env.searches = true;
	ck_assert_int_eq(store_open(&env, &decl, &store, &e), -1);
	ck_assert_str_eq(e.what, "no such column");
	ck_assert_ptr_nonnull(strstr(e.where, "a.db: WHO"));
	subject.field = "who";
	open_store();
	env.searches = false;
	decl.subject = NULL;
	decl.n_subjects = 0;
}
END_TEST

START_TEST(a_link_and_what_is_no_database_are_left_alone)
{
	const struct selector old = select_before(CUTOFF);
	char other[96], link[96];
	FILE *f;

	fill("at INTEGER, who", "s");
	(void)snprintf(other, sizeof(other), "%s/other", folder);
	(void)snprintf(link, sizeof(link), "%s/z.db", folder);
	ck_assert_int_eq(rename(file, other), 0);
	ck_assert_int_eq(symlink(other, link), 0);
	f = fopen(file, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_gt(fprintf(f, "%04096d", 0), 0);
	ck_assert_int_eq(fclose(f), 0);
	open_store();
	memset(n_notes, 0, sizeof(n_notes));
	ck_assert_uint_eq(erase(&old), 0);
	ck_assert_uint_eq(n_notes[NOTE_ODD], 1);
	ck_assert_uint_eq(n_notes[NOTE_DAMAGED], 1);
	ck_assert_int_eq(rename(other, file), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM visit"), 100);
}
END_TEST

START_TEST(the_owner_writes_while_rows_are_erased)
{
	const struct selector old = select_before(CUTOFF);
	int status;
	pid_t pid;

	sql("CREATE TABLE visit(at INTEGER, who);"
	    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
	    " INSERT INTO visit SELECT i, 'planted-' || i FROM n");
	if (_i)
		sql("PRAGMA journal_mode = WAL; CREATE INDEX i ON visit(at)");
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) { /* gives up when it has to wait for longer than two seconds */
		sqlite3 *db;
		int rc = sqlite3_open(file, &db);

		(void)sqlite3_busy_timeout(db, 2000);
		for (int i = 0; i < 100 && rc == SQLITE_OK; i++)
			rc = sqlite3_exec(db, "INSERT INTO visit VALUES (2000000000, 'young')",
				NULL, NULL, NULL);
		(void)sqlite3_close(db);
		_exit(rc);
	}
	open_store();
	ck_assert_uint_eq(erase(&old), 20001);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(number("SELECT count(*) FROM visit"), 100);
}
END_TEST

START_TEST(an_act_that_was_killed_runs_again)
{
	const struct selector old = select_before(CUTOFF);
	pid_t pid;

	sql("CREATE TABLE visit(at INTEGER, who);"
	    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
	    " INSERT INTO visit SELECT i, 'planted-' || i FROM n;"
	    "INSERT INTO visit VALUES (2000000000, 'young')");
	if (_i % 2)
		sql("PRAGMA journal_mode = WAL");
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		open_store();
		(void)erase(&old);
		store = store_free(store);
		_exit(0);
	}
	(void)usleep(10000u * (unsigned)_i);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	open_store();
	(void)erase(&old);
	ck_assert_int_eq(number("SELECT count(*) FROM visit"), 1);
	ck_assert_uint_eq(occurs("planted-"), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sqlite");
	TCase *tc = tcase_create("rows");

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, rows_past_the_cutoff_go_and_the_others_stay, 0, 9);
	tcase_add_test(tc, a_column_is_set_and_what_stood_there_is_nowhere_any_more);
	tcase_add_test(tc, the_cutoff_is_exact);
	tcase_add_test(tc, a_value_is_set_in_all_databases_or_in_none);
	tcase_add_test(tc, a_reader_of_one_database_keeps_the_others_as_they_are);
	tcase_add_loop_test(tc, a_held_row_stays, 0, 2);
	tcase_add_test(tc, a_record_has_its_columns_as_fields);
	tcase_add_test(tc, rows_that_nothing_ages_need_no_time);
	tcase_add_test(tc, columns_are_cleared_where_the_row_has_to_stay);
	tcase_add_test(tc, a_condition_leaves_rows_out);
	tcase_add_loop_test(tc, what_is_declared_wrong_is_refused_at_open, 0, 5);
	tcase_add_test(tc, names_of_the_configuration_are_quoted);
	tcase_add_test(tc, the_log_is_cut_and_a_reader_that_prevents_it_is_told);
	tcase_add_loop_test(
		tc, what_the_application_left_is_told_and_vacuumed_where_declared, 0, 2);
	tcase_add_test(tc, rows_that_others_point_to_stay_and_are_told);
	tcase_add_test(tc, keys_that_are_checked_at_the_end_keep_one_row_and_not_its_whole_batch);
	tcase_add_test(tc, what_is_untied_stays_without_what_it_points_to);
	tcase_add_test(tc, a_thread_goes_with_its_answers);
	tcase_add_loop_test(tc, what_a_trigger_puts_back_is_met_once, 0, 2);
	tcase_add_test(tc, a_row_is_known_without_what_another_rows_end_changes);
	tcase_add_test(tc, a_field_that_is_no_column_is_refused_at_open);
	tcase_add_test(tc, a_link_and_what_is_no_database_are_left_alone);
	tcase_add_loop_test(tc, the_owner_writes_while_rows_are_erased, 0, 2);
	tcase_add_loop_test(tc, an_act_that_was_killed_runs_again, 0, 12);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
