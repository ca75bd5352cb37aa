/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "evidence/ledger.h"

#include <sqlite3.h>

#include "tests/unit/evidence/state.h"
#include "tests/unit/suite.h"

static struct ledger *ledger;

static void
setup(void)
{
	state_make();
	ck_assert_int_eq(ledger_init(&conf, &ledger, &e), 0);
}

static void
teardown(void)
{
	ledger = ledger_free(ledger);
	state_remove();
}

static void
add(const char *kind, int n)
{
	ck_assert_int_eq(
		ledger_append(ledger, NOW_US + n, kind, json_pack("{s:i}", "n", n), NULL, &e), 0);
}

/* Another hand at the file, which has taken the triggers away. */
static void
tamper(const char *sql)
{
	sqlite3 *db;
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/ledger.db", folder);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db,
				 "DROP TRIGGER entry_update; DROP TRIGGER entry_delete;"
				 "DROP TRIGGER entry_next; DROP TRIGGER head_delete",
				 NULL, NULL, NULL),
		SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

START_TEST(an_entry_has_the_documented_bytes)
{
	struct ledger_entry en = {
		.seq = 1, .time_us = NOW_US, .kind = "run", .data = "{\"n\":1}"
	};
	CLEANUP(buf_release) struct buf b = { .max = 4096 };

	ck_assert_int_eq(ledger_canonical(&en, &b, &e), 0);
	buf_char(&b, '\0');
	ck_assert_str_eq(b.p, "sparsam-ledger-1\n1\n"
			      "0000000000000000000000000000000000000000000000000000000000000000\n"
			      "2026-11-24T01:40:29.000000Z\nrun\n{\"n\":1}\n");
}
END_TEST

START_TEST(keys_are_sorted_whatever_order_they_were_given_in)
{
	const struct ledger_entry *en;

	ck_assert_int_eq(
		ledger_append(ledger, NOW_US, "run",
			json_pack("{s:i, s:{s:b, s:s}}", "z", 1, "a", "y", 1, "b", "x"), NULL, &e),
		0);
	ck_assert_int_eq(ledger_head(ledger, &en, &e), 0);
	ck_assert_str_eq(en->data, "{\"a\":{\"b\":\"x\",\"y\":true},\"z\":1}");
}
END_TEST

static int
see_number(void *ctx, const struct ledger_entry *en, struct err *why)
{
	char *said = ctx;

	(void)why;
	(void)snprintf(said + strlen(said), 32, "%d ", (int)en->seq);
	return en->seq == 2 && said[0] == '4'; /* the one who reads back ends there */
}

START_TEST(entries_are_read_in_order_and_back)
{
	char said[64] = "", back[64] = "", last[64] = "";

	for (int i = 0; i < 4; i++)
		add(i == 1 ? "config" : "run", i);
	ck_assert_int_eq(ledger_read(ledger, 2, see_number, said, &e), 0);
	ck_assert_str_eq(said, "2 3 4 ");
	ck_assert_int_eq(ledger_read_back(ledger, see_number, back, &e), 0);
	ck_assert_str_eq(back, "4 3 2 ");
	ck_assert_int_eq(ledger_last(ledger, "config", see_number, last, &e), 0);
	ck_assert_str_eq(last, "2 ");
	ck_assert_int_eq(ledger_last(ledger, "none", see_number, last, &e), 1);
}
END_TEST

START_TEST(what_is_written_once_stays)
{
	sqlite3 *db;
	char path[96];

	add("run", 1);
	(void)snprintf(path, sizeof(path), "%s/ledger.db", folder);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_ne(
		sqlite3_exec(db, "UPDATE entry SET kind = 'x'", NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_ne(sqlite3_exec(db, "DELETE FROM entry", NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_ne(sqlite3_exec(db, "INSERT INTO entry VALUES (5, '', '', '', '', '')", NULL,
				 NULL, NULL),
		SQLITE_OK);
	(void)sqlite3_close(db);
	ck_assert_int_eq(ledger_check(ledger, &e), 0);
}
END_TEST

static const char *const faults[] = {
	"UPDATE entry SET data = '{\"n\":9}' WHERE seq = 2",
	"UPDATE entry SET kind = 'end' WHERE seq = 3",
	"UPDATE entry SET time = '2026-01-01T00:00:00.000000Z' WHERE seq = 1",
	"DELETE FROM entry WHERE seq = 2",
	"DELETE FROM entry WHERE seq = 1",
	"UPDATE entry SET seq = -1 WHERE seq = 2; UPDATE entry SET seq = 2 WHERE seq = 3;"
	"UPDATE entry SET seq = 3 WHERE seq = -1",
	"UPDATE entry SET hash = 'x' WHERE seq = 2",
	"UPDATE entry SET time = 'never' WHERE seq = 2",
};

START_TEST(each_fault_breaks_the_chain)
{
	for (int i = 0; i < 4; i++)
		add("run", i);
	tamper(faults[_i]);
	ck_assert_int_eq(ledger_check(ledger, &e), -1);
	ck_assert_int_eq(e.exit, EX_DATAERR);
}
END_TEST

START_TEST(a_newest_entry_that_does_not_hash_is_not_built_upon)
{
	add("run", 1);
	ledger = ledger_free(ledger);
	tamper("UPDATE entry SET data = '{\"n\":9}'");
	ck_assert_int_eq(ledger_open(&conf, true, &ledger, &e), -1);
	ck_assert_int_eq(e.exit, EX_DATAERR);
}
END_TEST

START_TEST(no_ledger_is_a_matter_of_configuration_and_a_second_is_refused)
{
	char path[96];
	struct ledger *other = NULL;

	ck_assert_int_eq(ledger_init(&conf, &other, &e), -1);
	ck_assert_int_eq(e.exit, EX_CANTCREAT);
	ledger = ledger_free(ledger);
	(void)snprintf(path, sizeof(path), "%s/ledger.db", folder);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(ledger_open(&conf, true, &ledger, &e), -1);
	ck_assert_int_eq(e.exit, EX_CONFIG);
}
END_TEST

START_TEST(a_file_that_is_no_database_is_damaged)
{
	char path[96];
	FILE *f;

	ledger = ledger_free(ledger);
	(void)snprintf(path, sizeof(path), "%s/ledger.db", folder);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	for (int i = 0; i < 4096; i++)
		putc('x', f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(ledger_open(&conf, true, &ledger, &e), -1);
	ck_assert_int_eq(e.exit, EX_DATAERR);
}
END_TEST

START_TEST(two_writers_leave_one_chain)
{
	struct ledger *other = NULL;

	ck_assert_int_eq(ledger_open(&conf, true, &other, &e), 0);
	for (int i = 0; i < 6; i++)
		ck_assert_int_eq(ledger_append(i % 2 ? ledger : other, NOW_US + i, "run",
					 json_pack("{s:i}", "n", i), NULL, &e),
			0);
	ledger_free(other);
	ck_assert_int_eq(ledger_check(ledger, &e), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ledger");
	TCase *t = tcase_create("ledger");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, an_entry_has_the_documented_bytes);
	tcase_add_test(t, keys_are_sorted_whatever_order_they_were_given_in);
	tcase_add_test(t, entries_are_read_in_order_and_back);
	tcase_add_test(t, what_is_written_once_stays);
	tcase_add_loop_test(
		t, each_fault_breaks_the_chain, 0, (int)(sizeof(faults) / sizeof(faults[0])));
	tcase_add_test(t, a_newest_entry_that_does_not_hash_is_not_built_upon);
	tcase_add_test(t, no_ledger_is_a_matter_of_configuration_and_a_second_is_refused);
	tcase_add_test(t, a_file_that_is_no_database_is_damaged);
	tcase_add_test(t, two_writers_leave_one_chain);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return suite_run(suite());
}
