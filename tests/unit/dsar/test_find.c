/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdlib.h>

#include "dsar/search/find.h"
#include "record/record.h"
#include "tests/unit/dsar/register.h"
#include "tests/unit/suite.h"

#define CASE "2026-0001"

static const struct conf_store web = { .name = "web" };
static struct find seen[8];
static char grounds[8][64];
static size_t n_seen;

static int
see(void *ctx, const struct find *f, struct err *err)
{
	(void)ctx;
	(void)err;
	seen[n_seen] = *f;
	(void)snprintf(grounds[n_seen], sizeof(grounds[0]), "%s", f->ground);
	n_seen++;
	return 0;
}

static size_t
finds(const char *store)
{
	n_seen = 0;
	ck_assert_int_eq(finds_each(reg, CASE, store, see, NULL, &e), 0);
	return n_seen;
}

static int64_t
add(const char *text, int64_t time_us, bool own)
{
	const struct record r = { .store = &web, .time_us = time_us, .text = span_str(text) };
	struct find f = { .store = "web",
		.place = "/a",
		.time_us = time_us,
		.text = span_str(text),
		.size = strlen(text),
		.identifier = 1,
		.own = own };
	int64_t id;

	record_digest(&r, f.digest);
	ck_assert_int_eq(find_add(reg, CASE, &f, &id, &e), 0);
	return id;
}

START_TEST(finds_come_by_store_and_time_and_keep_their_decision)
{
	const int64_t later = add("later", 20, false), first = add("first", 10, true);

	ck_assert_int_eq(find_decide(reg, CASE, later, FIND_EXCLUDE, "of others", 5, &e), 0);
	ck_assert_int_eq(add("later", 20, false), later); /* a second search */
	ck_assert_uint_eq(finds(NULL), 2);
	ck_assert_int_eq(seen[0].id, first);
	ck_assert(seen[0].own && seen[0].decision == FIND_OPEN);
	ck_assert_int_eq(seen[1].decision, FIND_EXCLUDE);
	ck_assert_str_eq(grounds[1], "of others");
	ck_assert_uint_eq(finds("web"), 2);
	ck_assert_uint_eq(finds("mail"), 0);
}
END_TEST

START_TEST(a_register_without_its_table_is_an_error)
{
	const struct find f = { .store = "web", .place = "/a", .identifier = 1 };

	ck_assert_int_eq(
		sqlite3_exec(registry_db(reg), "DROP TABLE finds", NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(find_add(reg, CASE, &f, NULL, &e), -1);
}
END_TEST

START_TEST(decisions_are_taken_back_one_after_the_other)
{
	const int64_t id = add("one", 1, false);
	int64_t of;

	ck_assert_int_eq(find_decide(reg, CASE, id, FIND_KEEP, "", 5, &e), 0);
	ck_assert_int_eq(find_decide(reg, CASE, id, FIND_BLACKEN, "R15g", 6, &e), 0);
	ck_assert_int_eq(find_undo(reg, CASE, 0, &of, &e), 0);
	ck_assert_int_eq(of, id);
	ck_assert_uint_eq(finds(NULL), 1);
	ck_assert_int_eq(seen[0].decision, FIND_KEEP);
	ck_assert_int_eq(find_undo(reg, CASE, id, &of, &e), 0);
	ck_assert_int_eq(find_undo(reg, CASE, id, &of, &e), 1);
	ck_assert_uint_eq(finds(NULL), 1);
	ck_assert_int_eq(seen[0].decision, FIND_OPEN);
	ck_assert_int_eq(find_decide(reg, "2026-0002", id, FIND_KEEP, "", 7, &e), -1);
	ck_assert_int_eq(e.exit, EX_USAGE);
}
END_TEST

static int
see_answer(void *ctx, const struct answer_of_store *a, struct err *err)
{
	struct answer_of_store *ret = ctx;

	(void)err;
	*ret = *a;
	return 0;
}

static int
see_where(void *ctx, const struct answer_of_store *a, struct err *err)
{
	char *where = ctx;

	(void)err;
	(void)snprintf(where + strlen(where), 64 - strlen(where), "%s/%s ", a->node, a->store);
	return 0;
}

START_TEST(what_another_machine_has_found_stays_apart)
{
	const struct answer_of_store here = { .store = "web", .note = "" },
				     there = { .node = "bbb1", .store = "web", .note = "" };
	struct find f = { .store = "web", .place = "/a", .time_us = 1 };
	char where[64] = "";

	ck_assert_int_eq(find_add(reg, CASE, &f, NULL, &e), 0);
	f.node = "bbb1";
	ck_assert_int_eq(find_add(reg, CASE, &f, NULL, &e), 0);
	ck_assert_uint_eq(finds(NULL), 2);
	ck_assert(find_is_here(&(struct find){ .node = "" }) && !find_is_here(&f));
	ck_assert_int_eq(answer_put(reg, CASE, &here, &e), 0);
	ck_assert_int_eq(answer_put(reg, CASE, &there, &e), 0);
	ck_assert_int_eq(answers_each(reg, CASE, see_where, where, &e), 0);
	ck_assert_str_eq(where, "/web bbb1/web ");
	ck_assert_int_eq(answers_clear(reg, CASE, NULL, &e), 0);
	where[0] = '\0';
	ck_assert_int_eq(answers_each(reg, CASE, see_where, where, &e), 0);
	ck_assert_str_eq(where, "bbb1/web ");
}
END_TEST

START_TEST(a_store_answers_once_a_search)
{
	struct answer_of_store a = { .store = "web", .answer = ANSWER_FAILED, .note = "no server" };
	struct answer_of_store got = { 0 };

	ck_assert_int_eq(answer_put(reg, CASE, &a, &e), 0);
	a.answer = ANSWER_NOTHING;
	a.n_read = 7;
	ck_assert_int_eq(answer_put(reg, CASE, &a, &e), 0);
	ck_assert_int_eq(answers_each(reg, CASE, see_answer, &got, &e), 0);
	ck_assert_int_eq(got.answer, ANSWER_NOTHING);
	ck_assert_uint_eq(got.n_read, 7);
	ck_assert_int_eq(answers_clear(reg, CASE, NULL, &e), 0);
	got.n_read = 0;
	ck_assert_int_eq(answers_each(reg, CASE, see_answer, &got, &e), 0);
	ck_assert_uint_eq(got.n_read, 0);
}
END_TEST

static Suite *
find_suite(void)
{
	Suite *s = suite_create("find");
	TCase *t = tcase_create("find");

	tcase_add_checked_fixture(t, register_make, register_remove);
	tcase_add_test(t, finds_come_by_store_and_time_and_keep_their_decision);
	tcase_add_test(t, a_register_without_its_table_is_an_error);
	tcase_add_test(t, decisions_are_taken_back_one_after_the_other);
	tcase_add_test(t, a_store_answers_once_a_search);
	tcase_add_test(t, what_another_machine_has_found_stays_apart);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return suite_run(find_suite());
}
