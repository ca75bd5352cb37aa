/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/conf/conf.h"
#include "record/record.h"
#include "store/store.h"
#include "tests/unit/store/under_test.h"
#include "tests/unit/suite.h"

#define CUTOFF ((NOW_S - 7 * DAY_S) * 1000000)

static char text[16][160];
static const char *paths[8];
static struct conf_store decl = { .where = { "t.conf", 2 },
	.name = "recordings",
	.type = "tree",
	.paths = { paths, 0 },
	.option = option };
static struct conf conf = { .store = &decl, .n_stores = 1 };
static struct store_env env = { .conf = &conf, .now_us = NOW_S * 1000000, .memory_max = 1 << 20 };
static struct plan plan;

/* PATH below the folder; the text lives as long as the test. */
static const char *
in(const char *path)
{
	static unsigned n;
	char *to = text[n++ % 16];

	(void)snprintf(to, sizeof(text[0]), "%s/%s", folder, path);
	return to;
}

static void
declare(const char *key, const char *value)
{
	option[decl.n_options++] = (struct conf_option){ key, value };
}

static void
claim(const char *path)
{
	paths[decl.paths.n++] = strdup(in(path));
}

static void
setup(void)
{
	folder_make();
	decl.n_options = decl.paths.n = 0;
	memset(n_notes, 0, sizeof(n_notes));
	env.note = hear;
	env.memory_max = 1 << 20;
	plan_init(&plan);
}

static void
teardown(void)
{
	store = store_free(store);
	plan_release(&plan);
	for (size_t i = 0; i < decl.paths.n; i++)
		free((char *)paths[i]);
	folder_remove();
}

static void
age(const char *path, int64_t days)
{
	const struct timespec ts[2] = { { .tv_sec = NOW_S - days * DAY_S },
		{ .tv_sec = NOW_S - days * DAY_S } };

	ck_assert_int_eq(utimensat(AT_FDCWD, path, ts, AT_SYMLINK_NOFOLLOW), 0);
}

/* A file with its folders, all DAYS old. */
static void
make(const char *path, int64_t days, const char *content)
{
	char whole[256];
	FILE *f;

	(void)snprintf(whole, sizeof(whole), "%s/%s", folder, path);
	for (char *p = whole + strlen(folder) + 1; (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		(void)mkdir(whole, 0700); /* EEXIST */
	}
	f = fopen(whole, "w");
	ck_assert_ptr_nonnull(f);
	(void)fputs(content, f);
	(void)fclose(f);
	age(whole, days);
	for (char *p; (p = strrchr(whole, '/')) > whole + strlen(folder);) {
		*p = '\0';
		age(whole, days);
	}
}

static bool
is_there(const char *path)
{
	struct stat st;

	return lstat(in(path), &st) == 0;
}

static void
open_store(void)
{
	store = store_free(store);
	ck_assert_msg(store_open(&env, &decl, &store, &e) == 0, "%s: %s", e.what, e.where);
}

static void
plan_for(const struct selector *which)
{
	plan_release(&plan);
	open_store();
	ck_assert_msg(store_plan(store, which, &plan, &e) == 0, "%s: %s", e.what, e.where);
}

static uint64_t
act(const struct selector *which)
{
	struct store_result result;
	uint64_t n = 0;

	for (size_t i = 0; i < plan.n; i++) {
		ck_assert_msg(store_act(store, &plan.step[i], which, &result, &e) == 0, "%s: %s",
			e.what, e.where);
		n += result.n_erased;
	}
	return n;
}

static uint64_t
erase(const struct selector *which)
{
	plan_for(which);
	return act(which);
}

static const struct selector old = { .kind = SELECTOR_BEFORE, .time_us = CUTOFF };

#define ID_OLD "183f0bf3a0982a127bdb8161e0c44eb696b3e75c-1794000000000" /* 17 days */
#define ID_NEW "183f0bf3a0982a127bdb8161e0c44eb696b3e75c-1795400000000" /* a day */
#define UNIT   "(?<unit>[0-9a-f]{40}-(?<ms>[0-9]{13}))(?![0-9])"

/* --- plain units ------------------------------------------------------------------------------ */

START_TEST(folders_go_by_their_last_change)
{
	claim("r/*");
	make("r/a/x/y", 9, "old");
	make("r/b/x/y", 2, "young");
	ck_assert_uint_eq(erase(&old), 1);
	ck_assert(!is_there("r/a") && is_there("r/b/x/y"));
}
END_TEST

START_TEST(files_of_a_folder_are_one_step)
{
	claim("r/*.wav");
	for (int i = 0; i < 20; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "r/%02d.wav", i);
		make(name, i, "sound");
	}
	make("r/x.txt", 30, "other");
	plan_for(&old);
	ck_assert_uint_eq(plan.n, 1);
	ck_assert_str_eq(plan.step[0].place, in("r/*.wav"));
	ck_assert_uint_eq(plan.step[0].n_records, 12);
	age(in("r/19.wav"), 0); /* written to since the plan */
	ck_assert_uint_eq(act(&old), 11);
	ck_assert(is_there("r/19.wav") && is_there("r/07.wav") && is_there("r/x.txt"));
	ck_assert(!is_there("r/08.wav"));
}
END_TEST

START_TEST(files_are_of_the_first_path_that_names_them)
{
	const char *const places[] = { "d/a*", "d/*z", "e/a*" };

	claim("*/a*");
	claim("*/*z");
	declare("age", "mtime");
	make("d/a1", 8, "x");
	make("d/a2z", 8, "x");
	make("d/bz", 8, "x");
	make("d/cz", 8, "x");
	make("d/c", 8, "x");
	make("e/a1", 8, "x");
	make("e/a2", 6, "x");
	plan_for(&old);
	ck_assert_uint_eq(plan.n, 3);
	for (size_t i = 0; i < 3; i++) {
		size_t k = 0;

		while (k < 3 && strcmp(plan.step[k].place, in(places[i])) != 0)
			k++;
		ck_assert_msg(k < 3, "%s is no step", places[i]);
		ck_assert_uint_eq(plan.step[k].n_records, i < 2 ? 2 : 1);
	}
	ck_assert_uint_eq(act(&old), 5);
	ck_assert(is_there("d/c") && is_there("e/a2"));
	ck_assert(
		!is_there("d/a1") && !is_there("d/a2z") && !is_there("d/bz") && !is_there("e/a1"));
}
END_TEST

START_TEST(the_newest_file_in_it_is_its_age)
{
	claim("r/*");
	declare("age", "newest");
	make("r/a/x/y", 9, "old");
	make("r/b/x/y", 2, "young");
	age(in("r/b"), 30);
	ck_assert_uint_eq(erase(&old), 1);
	ck_assert(is_there("r/b/x/y"));
}
END_TEST

/* Each is touched between plan and act: written by who has it open, added to, deep in it, and given a young
 * time under another name. */
START_TEST(what_is_touched_since_the_plan_stays)
{
	const struct timespec now[2] = { { .tv_sec = NOW_S }, { .tv_sec = NOW_S } };
	int fd;

	claim("r/*");
	declare("age", "newest");
	for (const char *p = "abcdef"; *p; p++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "r/%c/x/y", *p);
		make(name, 9, "old");
	}
	ck_assert_int_eq(link(in("r/d/x/y"), in("elsewhere")), 0);
	fd = open(in("r/a/x/y"), O_WRONLY | O_APPEND | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	plan_for(&old);
	ck_assert_uint_eq(plan.n, 6);
	ck_assert_int_eq(write(fd, "new", 3), 3);
	ck_assert_int_eq(futimens(fd, now), 0); /* the kernel's clock is another one */
	(void)close(fd);
	make("r/b/x/z", 0, "young");
	age(in("r/c/x/y"), 1);
	fd = open(in("elsewhere"), O_WRONLY | O_APPEND | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(futimens(fd, now), 0);
	(void)close(fd);
	fd = open(in("r/e/x/y"), O_RDONLY | O_CLOEXEC); /* read: as old as before */
	(void)close(fd);
	ck_assert_uint_eq(act(&old), 2);
	ck_assert(is_there("r/a/x/y") && is_there("r/b/x/y") && is_there("r/c/x/y") &&
		  is_there("r/d/x/y") && !is_there("r/e") && !is_there("r/f"));
}
END_TEST

START_TEST(a_date_in_the_name_is_its_age)
{
	claim("r/*");
	declare("unit", "^dump-(?<date>\\d{4}-\\d\\d-\\d\\d)");
	declare("age", "name");
	make("r/dump-2026-11-10.tar", 0, "old");
	make("r/dump-2026-11-20.tar", 0, "young");
	make("r/other", 99, "no dump");
	ck_assert_uint_eq(erase(&old), 1);
	ck_assert(!is_there("r/dump-2026-11-10.tar") && is_there("r/dump-2026-11-20.tar"));
	ck_assert(is_there("r/other"));
}
END_TEST

/* --- scattered units -------------------------------------------------------------------------- */

static void
scatter(void)
{
	claim("raw/*");
	claim("published/*/*");
	claim("status/*/*");
	declare("unit", UNIT);
}

START_TEST(a_scattered_unit_is_one_step)
{
	scatter();
	declare("age", "name");
	make("raw/" ID_OLD "/events.xml", 0, "x");
	make("published/video/" ID_OLD "/v.mp4", 0, "x");
	make("status/ended/" ID_OLD ".done", 0, "");
	make("status/published/" ID_OLD "-video.done", 0, "");
	make("raw/" ID_NEW "/events.xml", 0, "x");
	plan_for(&old);
	ck_assert_uint_eq(plan.n, 1);
	ck_assert_str_eq(plan.step[0].place, ID_OLD);
	ck_assert_uint_eq(act(&old), 1);
	ck_assert(!is_there("raw/" ID_OLD) && !is_there("published/video/" ID_OLD));
	ck_assert(!is_there("status/ended/" ID_OLD ".done"));
	ck_assert(!is_there("status/published/" ID_OLD "-video.done"));
	ck_assert(is_there("raw/" ID_NEW "/events.xml") && is_there("published/video"));
}
END_TEST

START_TEST(the_end_of_a_meeting_is_found)
{
	scatter();
	declare("age", "metadata.xml//end_time events.xml//timestampUTC quiet:1d");
	make("published/p/" ID_OLD "/metadata.xml", 0,
		"<recording><start_time>1</start_time><end_time>1794003600000</end_time></recording>");
	make("raw/" ID_NEW "/events.xml", 99,
		"<event><timestampUTC>1794003600000</timestampUTC></event>"
		"<event><timestampUTC>1795403600000</timestampUTC></event>"
		"<message><![CDATA[<timestampUTC>1004003600000</timestampUTC>]]></message>");
	plan_for(&old);
	ck_assert_uint_eq(plan.n, 1);
	ck_assert_int_eq(plan.step[0].newest_us, INT64_C(1794003600000000));
}
END_TEST

START_TEST(a_meeting_that_runs_stays)
{
	char mark[160];

	scatter();
	(void)snprintf(mark, sizeof(mark), "%s/status/ended/{unit}.done quiet:1d", folder);
	declare("age", mark);
	make("raw/" ID_OLD "/audio/a.opus", 0, "x"); /* 17 days old, and written to */
	age(in("raw/" ID_OLD), 17);
	ck_assert_uint_eq(erase(&old), 0);
	make("status/ended/" ID_OLD ".done", 8, "");
	ck_assert_uint_eq(erase(&old), 1);
	ck_assert(!is_there("raw/" ID_OLD));
}
END_TEST

START_TEST(what_its_people_agreed_to_stays)
{
	char keep[256];

	scatter();
	declare("age", "name");
	(void)snprintf(keep, sizeof(keep),
		"metadata.xml//agreed=true events.xml//metadata@agreed=true&!%s/done/{unit}",
		folder);
	declare("keep_if", keep);
	make("published/p/" ID_OLD "/metadata.xml", 9, "<meta><agreed>true</agreed></meta>");
	make("raw/" ID_OLD "0/x", 9, ""); /* the same id, in a longer name */
	ck_assert_uint_eq(erase(&old), 0);
	make("published/p/" ID_OLD "/metadata.xml", 9,
		"<meta><agreed>false</agreed><n><![CDATA[<agreed>true</agreed>]]></n></meta>");
	make("raw/" ID_OLD "/events.xml", 9, "<metadata a='1' agreed=\"true\" b=\"2\"/>");
	ck_assert_uint_eq(erase(&old), 0);
	make("done/" ID_OLD, 9, "");
	ck_assert_uint_eq(erase(&old), 1);
	ck_assert(is_there("done/" ID_OLD)); /* no path of this store */
	ck_assert(is_there("raw/" ID_OLD "0/x"));
}
END_TEST

/* As many units as memory does not hold at once. */
START_TEST(slices_give_each_unit_once)
{
	scatter();
	declare("age", "name");
	for (int i = 0; i < 600; i++) {
		char name[128];

		(void)snprintf(name, sizeof(name), "status/ended/%040x-%013lld.done", i,
			i % 2 ? 1794000000000LL : 1795400000000LL);
		make(name, 0, "");
	}
	env.memory_max = 32 << 10;
	plan_for(&old);
	ck_assert_uint_eq(plan.n, 300);
	ck_assert_uint_eq(act(&old), 300);
	ck_assert_uint_eq(erase(&old), 0);
}
END_TEST

/* --- holds ------------------------------------------------------------------------------------ */

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
	return r->text.p && memmem(r->text.p, r->text.len, ctx, strlen(ctx));
}

START_TEST(held_ones_are_found_by_id_and_by_what_they_say)
{
	char needle[64] = "alice@example.org";
	const struct select_question q = {
		.ctx = needle, .block = ask_block, .record = ask_record
	};
	const struct selector held = select_ask(&q), free_ = select_not(&held);
	const struct selector due = select_and(&old, &free_);

	scatter();
	declare("age", "name");
	declare("about", "events.xml");
	make("raw/" ID_OLD "/events.xml", 9, "<name>alice@example.org</name>");
	ck_assert_uint_eq(erase(&due), 0);
	strcpy(needle, ID_OLD);
	ck_assert_uint_eq(erase(&due), 0);
	strcpy(needle, "bob@example.org");
	plan_for(&due);
	ck_assert_uint_eq(plan.n, 1);
	strcpy(needle, "alice@example.org"); /* a hold that came after the plan */
	ck_assert_uint_eq(act(&due), 0);
	ck_assert(is_there("raw/" ID_OLD "/events.xml"));
}
END_TEST

/* --- strangers -------------------------------------------------------------------------------- */

START_TEST(links_are_removed_and_not_followed)
{
	claim("r/*");
	make("outside/precious", 99, "x");
	make("r/a/x", 9, "old");
	ck_assert_int_eq(symlink(in("outside"), in("r/a/link")), 0);
	ck_assert_int_eq(symlink(in("outside"), in("r/b")), 0);
	age(in("r/a"), 9);
	age(in("r/b"), 9);
	ck_assert_uint_eq(erase(&old), 1);
	ck_assert(!is_there("r/a") && is_there("r/b") && is_there("outside/precious"));
	ck_assert_uint_eq(n_notes[NOTE_ODD], 1);
}
END_TEST

/* Another process swaps folders for links while they are removed. */
static void
swap_for_ever(const char *a, const char *b)
{
	char aside[160];

	(void)snprintf(aside, sizeof(aside), "%s.aside", a);
	for (;;) {
		(void)rename(a, aside); /* whichever fails, the other goes on */
		if (symlink(b, a) == 0)
			sched_yield();
		(void)unlink(a);
		(void)rename(aside, a);
	}
}

static unsigned
count_outside(void)
{
	DIR *d = opendir(in("outside"));
	unsigned n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d))
		n++;
	(void)closedir(d);
	return n;
}

START_TEST(whoever_swaps_names_meanwhile_leads_nowhere)
{
	unsigned before;

	claim("r/*");
	for (int i = 0; i < 50; i++) {
		char name[64];

		(void)snprintf(name, sizeof(name), "outside/%d", i);
		make(name, 99, "precious");
	}
	before = count_outside();
	for (int round = 0; round < 12; round++) {
		pid_t pid;

		for (int i = 0; i < 60; i++) {
			char name[64];

			(void)snprintf(name, sizeof(name), "r/a/s/d%d/f", i);
			make(name, 9, "old");
		}
		plan_for(&old);
		pid = fork();
		if (pid == 0)
			swap_for_ever(round % 2 ? in("r/a/s") : in("r/a"), in("outside"));
		for (size_t i = 0; i < plan.n; i++) {
			struct store_result result;

			(void)store_act(store, &plan.step[i], &old, &result, &e); /* may fail */
		}
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		ck_assert_uint_eq(count_outside(), before);
		(void)nftw(in("r"), folder_remove_one, 64, FTW_DEPTH | FTW_PHYS);
	}
}
END_TEST

/* --- kills ------------------------------------------------------------------------------------ */

START_TEST(a_killed_removal_is_as_old_as_before)
{
	scatter();
	declare("age", "events.xml//timestampUTC quiet:1d");
	make("raw/" ID_OLD "/events.xml", 9, "<timestampUTC>1794003600000</timestampUTC>");
	make("raw/" ID_OLD "/audio/a", 9, "x");
	make("status/ended/" ID_OLD ".done", 9, "");
	/* what a kill leaves: the folder has just been changed, and its events are there */
	ck_assert_int_eq(unlink(in("raw/" ID_OLD "/audio/a")), 0);
	ck_assert_uint_eq(erase(&old), 1);
	ck_assert(!is_there("raw/" ID_OLD) && !is_there("status/ended/" ID_OLD ".done"));
}
END_TEST

START_TEST(a_bad_declaration_is_refused_at_its_place)
{
	claim("r/*");
	declare("age", "yesterday");
	ck_assert_int_eq(store_open(&env, &decl, &store, &e), -1);
	ck_assert_int_eq(e.exit, EX_CONFIG);
	decl.n_options = 0;
	declare("unit", "(");
	ck_assert_int_eq(store_open(&env, &decl, &store, &e), -1);
	ck_assert_int_eq(e.exit, EX_CONFIG);
}
END_TEST

START_TEST(an_absent_product_is_none)
{
	claim("nowhere/at/all/*");
	ck_assert_int_eq(store_open(&env, &decl, &store, &e), STORE_ABSENT);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("tree");
	TCase *t = tcase_create("tree");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, folders_go_by_their_last_change);
	tcase_add_test(t, files_of_a_folder_are_one_step);
	tcase_add_test(t, files_are_of_the_first_path_that_names_them);
	tcase_add_test(t, the_newest_file_in_it_is_its_age);
	tcase_add_test(t, what_is_touched_since_the_plan_stays);
	tcase_add_test(t, a_date_in_the_name_is_its_age);
	tcase_add_test(t, a_scattered_unit_is_one_step);
	tcase_add_test(t, the_end_of_a_meeting_is_found);
	tcase_add_test(t, a_meeting_that_runs_stays);
	tcase_add_test(t, what_its_people_agreed_to_stays);
	tcase_add_test(t, slices_give_each_unit_once);
	tcase_add_test(t, held_ones_are_found_by_id_and_by_what_they_say);
	tcase_add_test(t, links_are_removed_and_not_followed);
	tcase_add_test(t, whoever_swaps_names_meanwhile_leads_nowhere);
	tcase_add_test(t, a_killed_removal_is_as_old_as_before);
	tcase_add_test(t, a_bad_declaration_is_refused_at_its_place);
	tcase_add_test(t, an_absent_product_is_none);
	suite_add_tcase(s, t);
	return suite_run(s);
}
