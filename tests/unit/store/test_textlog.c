/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file/input.h"
#include "base/file/walk.h"
#include "record/format/format.h"
#include "record/record.h"
#include "store/store.h"
#include "tests/unit/folder.h"
#include "tests/unit/suite.h"

#define DAY    (INT64_C(86400) * 1000000)
#define NOW    (INT64_C(1795484429) * 1000000) /* 2026-11-24T01:40:29Z */
#define CUTOFF (NOW - 7 * DAY)                 /* 2026-11-17T01:40:29Z */

static char pattern[96];
static const char *paths[1] = { pattern };
static const char *const app_pattern[] = { "(?<time>\\d{4}-\\S+) (?<text>.*)" };
static const char *const app_time[] = { "time" };
static struct conf_format formats[] = { { { "t", 1 }, "app", FORMAT_PATTERN,
	.pattern = { (const char **)app_pattern, 1 }, .time = { (const char **)app_time, 1 } } };
static struct conf_store decl = {
	.where = { "t", 2 }, .name = "app", .type = "textlog", .format = "app"
};
static struct conf conf = {
	.format = formats, .n_formats = 1, .store = &decl, .n_stores = 1, .log_dir = "/nowhere"
};
static struct store_env env = { .conf = &conf, .now_us = NOW };
static struct store *store;
static struct err e;
static unsigned n_notes[STORE_NOTES];

static void
count_note(void *ctx, const struct conf_store *s, enum store_note n, const char *place,
	const char *detail)
{
	(void)ctx;
	(void)s;
	(void)place;
	(void)detail;
	n_notes[n]++;
}

static void
setup(void)
{
	folder_make();
	(void)snprintf(pattern, sizeof(pattern), "%s/*.log*", folder);
	decl.paths = (struct conf_list){ paths, 1 };
	memset(n_notes, 0, sizeof(n_notes));
	env.note = count_note;
	ck_assert_int_eq(formats_new(&conf, &env.formats, &e), 0);
	ck_assert_int_eq(store_open(&env, &decl, &store, &e), 0);
}

static void
teardown(void)
{
	store = store_free(store);
	env.formats = formats_free(env.formats);
	folder_remove();
}

static const char *
path_of(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

/* Writes NAME, packed with FILTER, last written to at MTIME_US. */
static void
put(const char *name, const char *filter, const char *text, int64_t mtime_us)
{
	const struct timespec ts = { mtime_us / 1000000, 0 }, both[2] = { ts, ts };
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	struct output *o = NULL;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(output_open(fd, filter, &o, &e), 0);
	ck_assert_int_eq(output_write(o, text, strlen(text), &e), 0);
	ck_assert_int_eq(output_finish(o, &e), 0);
	output_free(o);
	ck_assert_int_eq(futimens(fd, both), 0);
	ck_assert_int_eq(close(fd), 0);
}

/* What NAME holds; NULL: it is gone. */
static const char *
get(const char *name)
{
	static char text[1 << 16];
	int fd = open(path_of(name), O_RDONLY | O_CLOEXEC);
	struct input *in = NULL;
	size_t len = 0;
	long n;

	if (fd < 0)
		return NULL;
	ck_assert_int_eq(input_open(fd, name, &in, &e), 0);
	while ((n = input_read(in, text + len, sizeof(text) - 1 - len, &e)) > 0)
		len += (size_t)n;
	ck_assert_int_eq(n, 0);
	text[len] = '\0';
	input_free(in);
	return text;
}

static size_t
carry_out(const struct selector *which, bool all)
{
	struct plan p;
	size_t n;

	plan_init(&p);
	ck_assert_int_eq(store_plan(store, which, &p, &e), 0);
	n = p.n;
	for (size_t i = 0; i < n; i++) {
		struct store_result r;

		if (store_act(store, &p.step[i], which, &r, &e) < 0)
			ck_abort_msg("%s: %s", e.what, e.where);
		ck_assert(!r.skipped);
		if (all && p.step[i].n_records != UINT64_MAX)
			ck_assert_uint_eq(r.n_erased, p.step[i].n_records);
	}
	plan_release(&p);
	return n;
}

/* Plans and carries out; returns how many steps there were. */
static size_t
erase(const struct selector *which)
{
	return carry_out(which, true);
}

#define OLD   "2026-11-16T00:00:00Z old\n"
#define YOUNG "2026-11-20T00:00:00Z young\n"

START_TEST(whole_file_that_is_past_goes_unread)
{
	const struct selector due = select_before(CUTOFF);

	put("a.log.2", "", "\1binary without a time", CUTOFF - DAY);
	put("a.log", "", OLD YOUNG, NOW);
	ck_assert_uint_eq(erase(&due), 2);
	ck_assert_ptr_null(get("a.log.2"));
	ck_assert_str_eq(get("a.log"), YOUNG);
	ck_assert_uint_eq(erase(&due), 0);
}
END_TEST

static const char *const filters[] = { "", "gzip", "xz", "zstd", "bzip2" };

START_TEST(lines_past_their_period_go_from_every_kind_of_file)
{
	const struct selector due = select_before(CUTOFF);

	put("a.log", filters[_i], OLD "  at a.b.C\n  at d\n" YOUNG " of it\n" OLD YOUNG, NOW);
	ck_assert_uint_eq(erase(&due), 1);
	ck_assert_str_eq(get("a.log"), YOUNG " of it\n" YOUNG);
	put("a.log", filters[_i], OLD OLD, NOW);
	ck_assert_uint_eq(erase(&due), 1);
	if (_i > 0)
		ck_assert_ptr_null(get("a.log"));
	else
		ck_assert_str_eq(get("a.log"), "");
}
END_TEST

START_TEST(lines_before_the_first_time_are_as_old_as_it)
{
	const struct selector due = select_before(CUTOFF);

	put("a.log", "", "torn rest\nof something\n" YOUNG, NOW);
	ck_assert_uint_eq(erase(&due), 0);
	put("a.log", "", "torn rest\n" OLD YOUNG, NOW);
	ck_assert_uint_eq(erase(&due), 1);
	ck_assert_str_eq(get("a.log"), YOUNG);
}
END_TEST

START_TEST(log_without_times_is_aged_by_its_last_write_and_said_to_be)
{
	const struct selector due = select_before(CUTOFF);

	put("a.log", "", "no time\n", NOW);
	ck_assert_uint_eq(erase(&due), 0);
	ck_assert_uint_eq(n_notes[NOTE_NO_TIME], 1);
}
END_TEST

static bool
is_held(void *ctx, const struct record *r)
{
	return memmem(r->text.p, r->text.len, ctx, strlen(ctx)) != NULL;
}

struct rotating {
	char seen[4096];
	int n_renamed;
};

/* logrotate comes when the first line was read. */
static int
rotate(void *ctx, const struct record *r, struct err *ignored)
{
	struct rotating *x = ctx;
	char from[160], to[160];

	(void)ignored;
	(void)strncat(x->seen, r->text.p, r->text.len);
	if (x->n_renamed > 0)
		return 0;
	for (int i = 2; i >= 0; i--) {
		(void)snprintf(from, sizeof(from), i ? "%s/a.log.%d" : "%s/a.log", folder, i);
		(void)snprintf(to, sizeof(to), "%s/a.log.%d", folder, i + 1);
		x->n_renamed += rename(from, to) == 0;
	}
	return 0;
}

START_TEST(a_log_that_is_rotated_while_it_is_read_is_read_whole)
{
	const struct selector all = select_since(INT64_MIN + 1);
	struct rotating x = { .n_renamed = 0 };

	put("a.log", "", "2026-11-24T00:00:03Z third\n", NOW);
	put("a.log.1", "", "2026-11-24T00:00:02Z second\n", NOW);
	put("a.log.2", "", "2026-11-24T00:00:01Z first\n", NOW);
	ck_assert_int_eq(store_scan(store, &all, rotate, &x, &e), 0);
	ck_assert_int_eq(x.n_renamed, 3);
	ck_assert_ptr_nonnull(strstr(x.seen, "first"));
	ck_assert_ptr_nonnull(strstr(x.seen, "second"));
	ck_assert_ptr_nonnull(strstr(x.seen, "third"));
	ck_assert_uint_eq(n_notes[NOTE_NOT_POSSIBLE], 0);
}
END_TEST

/* Each file that is read makes another one. */
static int
make_another(void *ctx, const struct record *r, struct err *ignored)
{
	unsigned *n = ctx;
	char name[40];

	(void)r;
	(void)ignored;
	(void)snprintf(name, sizeof(name), "b%u.log", 99 - ++*n);
	put(name, "", "2026-11-24T00:00:01Z more\n", NOW);
	return 0;
}

START_TEST(a_store_without_an_end_says_so)
{
	const struct selector all = select_since(INT64_MIN + 1);
	unsigned n = 0;

	put("z.log", "", "2026-11-24T00:00:01Z more\n", NOW);
	ck_assert_int_eq(store_scan(store, &all, make_another, &n, &e), -1);
	ck_assert_int_eq(e.exit, EX_TEMPFAIL);
}
END_TEST

START_TEST(held_lines_stay)
{
	const struct select_question q = { .ctx = (void *)"held", .record = is_held };
	const struct selector old = select_before(CUTOFF), held = select_ask(&q),
			      rest = select_not(&held), due = select_and(&old, &rest);

	put("a.log", "", OLD "2026-11-16T00:00:00Z held\n" OLD, CUTOFF - DAY);
	ck_assert_uint_eq(erase(&due), 1);
	ck_assert_str_eq(get("a.log"), "2026-11-16T00:00:00Z held\n");
}
END_TEST

/* A writer that appends goes on while its file's head is taken. */
START_TEST(writer_that_appends_loses_nothing)
{
	const struct selector due = select_before(CUTOFF);
	char text[3 * 4096], *p = text;
	int fd;

	while (p - text < 2 * 4096 + 100)
		p = stpcpy(p, OLD);
	strcpy(p, YOUNG);
	put("a.log", "", text, NOW);
	fd = open(path_of("a.log"), O_WRONLY | O_APPEND | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_uint_eq(erase(&due), 1);
	ck_assert_int_eq(write(fd, YOUNG, strlen(YOUNG)), (ssize_t)strlen(YOUNG));
	ck_assert_int_eq(close(fd), 0);
	ck_assert_ptr_null(strstr(get("a.log"), "old"));
	ck_assert_ptr_nonnull(memmem(get("a.log"), sizeof(text), YOUNG YOUNG, strlen(YOUNG YOUNG)));
}
END_TEST

/* A file that cannot be collapsed has a hole at its head, and grows behind it, run after run. */
START_TEST(lines_behind_a_hole_go_as_well)
{
	const struct selector due = select_before(CUTOFF);
	int fd;

	put("a.log", "", "", NOW);
	fd = open(path_of("a.log"), O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, 4 << 20), 0); /* longer than an entry may be */
	ck_assert_int_eq(pwrite(fd, OLD OLD YOUNG, strlen(OLD OLD YOUNG), 4 << 20),
		(ssize_t)strlen(OLD OLD YOUNG));
	ck_assert_uint_eq(erase(&due), 1);
	ck_assert_uint_eq(n_notes[NOTE_NO_TIME], 0);
	ck_assert_uint_eq(erase(&due), 0);
	ck_assert_int_eq(pwrite(fd, OLD, strlen(OLD), (4 << 20) + (off_t)strlen(OLD OLD YOUNG)),
		(ssize_t)strlen(OLD));
	ck_assert_uint_eq(erase(&due), 1);
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

static void
erase_open(int64_t last_write_us)
{
	const struct timespec ts = { last_write_us / 1000000, 0 }, both[2] = { ts, ts };
	const struct selector due = select_before(CUTOFF);
	int fd = open(path_of("a.log"), O_WRONLY | O_APPEND | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(futimens(fd, both), 0);
	ck_assert_uint_eq(carry_out(&due, false), 1);
	ck_assert_int_eq(close(fd), 0);
}

/* What its writer never ended does not stay for ever. */
START_TEST(line_without_an_end_goes_when_nobody_goes_on_with_it)
{
	put("a.log", "", OLD "2026-11-16T00:00:00Z half", NOW);
	erase_open(NOW - 1000000);
	ck_assert_ptr_nonnull(strstr(get("a.log"), "half"));
	erase_open(NOW - DAY);
	ck_assert_ptr_null(strstr(get("a.log"), "half"));
}
END_TEST

START_TEST(damaged_file_stays_and_is_told)
{
	const struct selector due = select_before(CUTOFF);
	struct stat st;

	put("a.log.gz", "gzip", OLD OLD OLD OLD YOUNG, NOW);
	ck_assert_int_eq(stat(path_of("a.log.gz"), &st), 0);
	ck_assert_int_eq(truncate(path_of("a.log.gz"), st.st_size - 4), 0);
	ck_assert_uint_eq(erase(&due), 0);
	ck_assert_uint_eq(n_notes[NOTE_DAMAGED], 1);
}
END_TEST

START_TEST(link_or_second_name_is_never_touched)
{
	const struct selector due = select_before(CUTOFF);
	char elsewhere[128];

	put("secret", "", OLD, CUTOFF - DAY);
	strcpy(elsewhere, path_of("secret"));
	ck_assert_int_eq(symlink(elsewhere, path_of("a.log")), 0);
	ck_assert_int_eq(link(elsewhere, path_of("b.log")), 0);
	ck_assert_uint_eq(erase(&due), 0);
	ck_assert_uint_eq(n_notes[NOTE_ODD], 2);
	ck_assert_str_eq(get("secret"), OLD);
}
END_TEST

START_TEST(file_that_was_swapped_since_the_plan_is_skipped)
{
	const struct selector due = select_before(CUTOFF);
	struct store_result r;
	struct plan p;
	char from[128];

	put("a.log", "", OLD YOUNG, NOW);
	plan_init(&p);
	ck_assert_int_eq(store_plan(store, &due, &p, &e), 0);
	ck_assert_uint_eq(p.n, 1);
	put("b", "", OLD, NOW);
	strcpy(from, path_of("b"));
	ck_assert_int_eq(rename(from, path_of("a.log")), 0);
	ck_assert_int_eq(store_act(store, &p.step[0], &due, &r, &e), 0);
	ck_assert(r.skipped);
	ck_assert_str_eq(get("a.log"), OLD);
	plan_release(&p);
}
END_TEST

static int
see_record(void *ctx, const struct record *r, struct err *err)
{
	(void)err;
	ck_assert(span_eq(r->field(r, "text"), SPAN("young")) ||
		  span_eq(r->field(r, "text"), SPAN("old")));
	++*(unsigned *)ctx;
	return 0;
}

START_TEST(scan_gives_records_with_their_fields)
{
	const struct selector young = select_since(CUTOFF);
	unsigned n = 0;
	int64_t oldest;

	put("a.log", "", OLD YOUNG YOUNG, NOW);
	put("a.log.1.gz", "gzip", OLD YOUNG, NOW);
	put("a.log.9", "", OLD, CUTOFF - DAY);
	ck_assert_int_eq(store_scan(store, &young, see_record, &n, &e), 0);
	ck_assert_uint_eq(n, 3);
	ck_assert_int_eq(store_oldest(store, NULL, &oldest, &e), 0);
	ck_assert_int_eq(oldest, INT64_C(1794787200) * 1000000);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("textlog");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, whole_file_that_is_past_goes_unread);
	tcase_add_loop_test(t, lines_past_their_period_go_from_every_kind_of_file, 0, 5);
	tcase_add_test(t, lines_before_the_first_time_are_as_old_as_it);
	tcase_add_test(t, log_without_times_is_aged_by_its_last_write_and_said_to_be);
	tcase_add_test(t, a_log_that_is_rotated_while_it_is_read_is_read_whole);
	tcase_add_test(t, a_store_without_an_end_says_so);
	tcase_add_test(t, held_lines_stay);
	tcase_add_test(t, writer_that_appends_loses_nothing);
	tcase_add_test(t, lines_behind_a_hole_go_as_well);
	tcase_add_test(t, line_without_an_end_goes_when_nobody_goes_on_with_it);
	tcase_add_test(t, damaged_file_stays_and_is_told);
	tcase_add_test(t, link_or_second_name_is_never_touched);
	tcase_add_test(t, file_that_was_swapped_since_the_plan_is_skipped);
	tcase_add_test(t, scan_gives_records_with_their_fields);
	suite_add_tcase(s, t);
	return suite_run(s);
}
