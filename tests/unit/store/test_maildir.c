/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf/conf.h"
#include "record/record.h"
#include "store/store.h"
#include "tests/unit/store/under_test.h"
#include "tests/unit/suite.h"

#define CUTOFF ((NOW_S - 7 * DAY_S) * 1000000)

static char pattern[2][96];
static const char *paths[2] = { pattern[0], pattern[1] };
static struct conf_store decl = { .where = { "t.conf", 2 },
	.name = "contact",
	.type = "maildir",
	.paths = { paths, 2 },
	.timezone = "UTC",
	.option = option };
static struct conf conf = { .store = &decl, .n_stores = 1 };
static struct store_env env = { .conf = &conf, .now_us = NOW_S * 1000000, .memory_max = 1 << 20 };
static struct plan plan;

static void
declare(const char *key, const char *value)
{
	option[decl.n_options++] = (struct conf_option){ key, value };
}

static void
make_folder(const char *name)
{
	char path[160];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void
setup(void)
{
	folder_make();
	(void)snprintf(pattern[0], sizeof(pattern[0]), "%s/Maildir", folder);
	(void)snprintf(pattern[1], sizeof(pattern[1]), "%s/Maildir/.*", folder);
	for (const char *const *s = (const char *const[]){ "Maildir", "Maildir/cur", "Maildir/new",
		     "Maildir/tmp", "Maildir/.Done", "Maildir/.Done/cur", NULL };
		*s; s++)
		make_folder(*s);
	decl.n_options = 0;
	memset(n_notes, 0, sizeof(n_notes));
	env.note = hear;
	plan_init(&plan);
}

static void
teardown(void)
{
	store = store_free(store);
	plan_release(&plan);
	folder_remove();
}

static void
mail(const char *name, const char *from, const char *more)
{
	char path[256];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/Maildir/%s", folder, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	(void)fprintf(f, "Received: by mx.example.org\r\nFrom: %s\r\n%s\r\n\r\nbody of it\r\n",
		from, more);
	(void)fclose(f);
}

static bool
is_there(const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/Maildir/%s", folder, name);
	return access(path, F_OK) == 0;
}

static uint64_t
erase(const struct selector *which)
{
	struct store_result result;
	uint64_t n = 0;

	plan_release(&plan);
	store = store_free(store);
	ck_assert_msg(store_open(&env, &decl, &store, &e) == 0, "%s: %s", e.what, e.where);
	ck_assert_int_eq(store_plan(store, which, &plan, &e), 0);
	for (size_t i = 0; i < plan.n; i++) {
		ck_assert_int_eq(store_act(store, &plan.step[i], which, &result, &e), 0);
		ck_assert_uint_eq(result.n_erased, plan.step[i].n_records);
		n += result.n_erased;
	}
	return n;
}

static const struct selector old = { .kind = SELECTOR_BEFORE, .time_us = CUTOFF };

#define OLD "1794000000.M1P2.mx" /* 17 days */
#define NEW "1795400000.M1P2.mx" /* a day */

START_TEST(what_is_answered_and_old_goes)
{
	mail("cur/" OLD ":2,RS", "a@example.org", "Subject: x");
	mail("cur/" OLD "b:2,S", "a@example.org", "Subject: not answered");
	mail("cur/" NEW ":2,RS", "a@example.org", "Subject: young");
	mail("new/" OLD "c", "a@example.org", "Subject: not seen");
	mail(".Done/cur/" OLD ":2,R", "a@example.org", "Subject: x");
	ck_assert_uint_eq(erase(&old), 2);
	ck_assert(!is_there("cur/" OLD ":2,RS") && !is_there(".Done/cur/" OLD ":2,R"));
	ck_assert(is_there("cur/" OLD "b:2,S") && is_there("cur/" NEW ":2,RS"));
	ck_assert(is_there("new/" OLD "c"));
}
END_TEST

START_TEST(other_flags_or_none_can_be_declared)
{
	mail("cur/" OLD ":2,S", "a@example.org", "Subject: x");
	mail("new/" OLD "c", "a@example.org", "Subject: x");
	declare("answered", "");
	ck_assert_uint_eq(erase(&old), 2);
}
END_TEST

START_TEST(an_interrupted_delivery_goes)
{
	char path[160];
	const struct timespec ts[2] = { { .tv_sec = NOW_S - 9 * DAY_S },
		{ .tv_sec = NOW_S - 9 * DAY_S } };

	mail("tmp/" OLD, "a@example.org", "Subject: x");
	mail("tmp/" NEW, "a@example.org", "Subject: x");
	(void)snprintf(path, sizeof(path), "%s/Maildir/tmp/" OLD, folder);
	ck_assert_int_eq(utimensat(AT_FDCWD, path, ts, 0), 0);
	ck_assert_uint_eq(erase(&old), 1);
	ck_assert(is_there("tmp/" NEW));
}
END_TEST

START_TEST(the_date_can_be_its_age)
{
	declare("age", "date name");
	mail("cur/" OLD ":2,R", "a@example.org", "Date: Mon, 23 Nov 2026 10:00:00 +0100 (CET)");
	mail("cur/" NEW ":2,R", "a@example.org", "Date:\r\n Mon, 2 Nov 2026 10:00:00 +0100");
	mail("cur/" OLD "x:2,R", "a@example.org", "Date: Mon, 23 Nov 2099 10:00:00 +0100");
	mail("cur/" OLD "y:2,R", "a@example.org", "Date: tomorrow");
	ck_assert_uint_eq(erase(&old), 3);
	ck_assert(is_there("cur/" OLD ":2,R"));
}
END_TEST

static enum select_answer
ask_block(void *ctx, const struct select_block *b)
{
	(void)ctx;
	(void)b;
	return SELECT_MAYBE;
}

static bool
ask_record(void *ctx, const struct record *r)
{
	const char *needle = ctx;

	return !r->text.p || memmem(r->text.p, r->text.len, needle, strlen(needle));
}

static uint64_t
erase_unless(const char *needle)
{
	char text[64];
	const struct select_question q = { .ctx = memcpy(text, needle, strlen(needle) + 1),
		.block = ask_block,
		.record = ask_record };
	const struct selector held = select_ask(&q), others = select_not(&held);
	const struct selector due = select_and(&old, &others);

	return erase(&due);
}

START_TEST(holds_see_the_declared_headers)
{
	declare("about", "From Subject");
	mail("cur/" OLD ":2,R",
		"=?UTF-8?Q?J=C3=B6rg_?=\r\n =?utf-8?B?TcO8bGxlcg==?= <j@example.org>",
		"Subject: a\r\n folded line\r\nTo: k@example.org");
	ck_assert_uint_eq(erase_unless("j@example.org"), 0);
	ck_assert_uint_eq(erase_unless("Jörg Müller <j@"), 0);
	ck_assert_uint_eq(erase_unless("a folded line"), 0);
	ck_assert_uint_eq(erase_unless("k@example.org"), 1); /* To is not declared */
}
END_TEST

START_TEST(holds_see_the_body_where_it_is_declared)
{
	declare("about", "From body");
	mail("cur/" OLD ":2,R", "j@example.org", "Subject: x");
	ck_assert_uint_eq(erase_unless("body of it"), 0);
	ck_assert_uint_eq(erase_unless("Subject"), 1);
}
END_TEST

static int
see_from(void *ctx, const struct record *r, struct err *err)
{
	struct span s = r->field(r, "from");

	(void)err;
	ck_assert_uint_eq(s.len, strlen(ctx));
	ck_assert_mem_eq(s.p, ctx, s.len);
	return 0;
}

START_TEST(a_header_is_a_field)
{
	mail("cur/" OLD ":2,R", "j@example.org", "Subject: x");
	ck_assert_int_eq(store_open(&env, &decl, &store, &e), 0);
	ck_assert_int_eq(store_scan(store, &old, see_from, (void *)"j@example.org", &e), 0);
}
END_TEST

START_TEST(what_an_index_keeps_is_told)
{
	mail("cur/" OLD ":2,R", "j@example.org", "Subject: x");
	mail("dovecot.index.cache", "x", "x");
	ck_assert_uint_eq(erase(&old), 1);
	ck_assert_uint_eq(n_notes[NOTE_REMAINS], 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("maildir");
	TCase *t = tcase_create("maildir");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_is_answered_and_old_goes);
	tcase_add_test(t, other_flags_or_none_can_be_declared);
	tcase_add_test(t, an_interrupted_delivery_goes);
	tcase_add_test(t, the_date_can_be_its_age);
	tcase_add_test(t, holds_see_the_declared_headers);
	tcase_add_test(t, holds_see_the_body_where_it_is_declared);
	tcase_add_test(t, a_header_is_a_field);
	tcase_add_test(t, what_an_index_keeps_is_told);
	suite_add_tcase(s, t);
	return suite_run(s);
}
