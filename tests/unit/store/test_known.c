/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/conf/conf.h"
#include "base/now.h"
#include "record/timestamp.h"
#include "store/known.h"
#include "tests/unit/folder.h"
#include "tests/unit/suite.h"

static char path[96], cache[96];
static struct conf conf = { .state_dir = folder, .digest = 1 };
static int64_t now;
static const struct known_file found = { .oldest_us = 12345, .timed = true, .to = 6 };

static void
put_text(const char *text, int flags)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0640);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(close(fd), 0);
}

/* Until the clock of files has gone on: what is written then has another time. */
static void
let_tick(void)
{
	struct stat st, later;

	ck_assert_int_eq(stat(path, &st), 0);
	do {
		int fd = open(folder, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(fstat(fd, &later), 0);
		ck_assert_int_eq(close(fd), 0);
	} while (later.st_ctim.tv_sec == st.st_ctim.tv_sec &&
		 later.st_ctim.tv_nsec == st.st_ctim.tv_nsec);
}

/* What a run does: looks, asks, and remembers where it had to read. */
static enum known_state
visit(bool distrust, struct known_file *ret)
{
	struct known *k = known_open(&conf, true, now);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum known_state s;
	struct known_id id;

	ck_assert_ptr_nonnull(k);
	ck_assert_int_ge(fd, 0);
	if (distrust)
		known_distrust(k);
	ck_assert(known_look(k, fd, "", &id));
	s = known_find(k, "store", &id, fd, ret);
	if (s == KNOWN_NOT)
		known_put(k, "store", &id, fd, &found);
	ck_assert_int_eq(close(fd), 0);
	known_free(k);
	return s;
}

static void
setup(void)
{
	ck_assert_int_ge(sodium_init(), 0);
	folder_make();
	(void)snprintf(path, sizeof(path), "%s/a.log", folder);
	(void)snprintf(cache, sizeof(cache), "%s/known.db", folder);
	now = now_us();
	conf.digest = 1;
	put_text("line 1", O_TRUNC);
	let_tick();
	ck_assert_int_eq(visit(false, &(struct known_file){ 0 }), KNOWN_NOT);
}

static void
teardown(void)
{
	folder_remove();
}

START_TEST(file_that_nobody_touched_is_known)
{
	struct known_file f;

	ck_assert_int_eq(visit(false, &f), KNOWN_SAME);
	ck_assert_int_eq(f.oldest_us, found.oldest_us);
	ck_assert(f.timed);
	ck_assert_uint_eq(f.to, found.to);
	ck_assert_int_eq(visit(true, &f), KNOWN_NOT);
}
END_TEST

START_TEST(file_that_only_grew_is_known_as_far_as_it_was_read)
{
	struct known_file f;

	put_text("\nline 2\n", O_APPEND);
	ck_assert_int_eq(visit(false, &f), KNOWN_GROWN);
	ck_assert_uint_eq(f.to, found.to);
}
END_TEST

static void
overwritten(void)
{
	const struct timespec same[2] = { { 0, UTIME_OMIT }, { 1795484429, 0 } };

	put_text("other6", 0);
	ck_assert_int_eq(utimensat(AT_FDCWD, path, same, 0), 0);
}

static void
overwritten_and_grown(void)
{
	put_text("other6\nand more\n", O_TRUNC);
}

static void
time_set_back(void)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	put_text("other6", 0);
	ck_assert_int_eq(
		utimensat(AT_FDCWD, path, (struct timespec[2]){ st.st_atim, st.st_mtim }, 0), 0);
}

static void
shortened(void)
{
	ck_assert_int_eq(truncate(path, 3), 0);
}

static void
another_file_of_the_name(void)
{
	char other[128];

	(void)snprintf(other, sizeof(other), "%s.new", path);
	ck_assert_int_eq(rename(path, other), 0);
	put_text("line 1", O_TRUNC);
}

static void
configuration_changed(void)
{
	conf.digest = 2;
}

static void
day_begun(void)
{
	now = (timestamp_day(now) + 1) * DAY_US;
}

static void
clock_set(void)
{
	now += timestamp_day(now + 10 * INT64_C(1000000)) == timestamp_day(now)
		       ? 10 * INT64_C(1000000)
		       : -10 * INT64_C(1000000);
}

static void
cache_gone(void)
{
	ck_assert_int_eq(unlink(cache), 0);
}

static void
cache_is_none(void)
{
	int fd = open(cache, O_WRONLY | O_TRUNC | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	for (unsigned i = 0; i < 1000; i++)
		ck_assert_int_eq(write(fd, "no database ", 12), 12);
	ck_assert_int_eq(close(fd), 0);
}

static void
cache_is_empty(void)
{
	ck_assert_int_eq(truncate(cache, 0), 0);
}

static void (*const changes[])(void) = { overwritten, overwritten_and_grown, time_set_back,
	shortened, another_file_of_the_name, configuration_changed, day_begun, clock_set,
	cache_gone, cache_is_none, cache_is_empty };

START_TEST(what_changed_is_not_believed_and_is_known_anew)
{
	struct known_file f;

	changes[_i]();
	let_tick();
	ck_assert_int_eq(visit(false, &f), KNOWN_NOT);
	ck_assert_int_eq(visit(false, &f), KNOWN_SAME);
}
END_TEST

/* Whatever a disk or a hand does to the cache: what it says is right, or it says nothing. */
START_TEST(damaged_cache_says_nothing_wrong)
{
	struct known_file f;
	struct stat st;
	unsigned told = 0;

	ck_assert_int_eq(stat(cache, &st), 0);
	for (off_t at = _i; at < st.st_size; at += 97) {
		int fd = open(cache, O_RDWR | O_CLOEXEC);
		char c;

		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(pread(fd, &c, 1, at), 1);
		c = (char)~c;
		ck_assert_int_eq(pwrite(fd, &c, 1, at), 1);
		ck_assert_int_eq(close(fd), 0);
		f = found;
		if (visit(false, &f) == KNOWN_SAME)
			told++;
		ck_assert_int_eq(f.oldest_us, found.oldest_us);
		ck_assert(f.timed);
		ck_assert_uint_eq(f.to, found.to);
		/* from a good one, for the next byte */
		(void)unlink(cache);
		ck_assert_int_eq(visit(false, &f), KNOWN_NOT);
		ck_assert_int_eq(stat(cache, &st), 0);
	}
	ck_assert_uint_gt(told, 0); /* most bytes are of no use */
}
END_TEST

START_TEST(what_is_written_while_it_is_looked_at_is_not_believed)
{
	struct known_file f;

	for (unsigned i = 0; i < 20; i++) {
		put_text("other6", O_TRUNC); /* no tick between this and the look, mostly */
		(void)visit(true, &f);
		put_text("third6", 0);
		ck_assert_int_eq(visit(false, &f), KNOWN_NOT);
	}
}
END_TEST

START_TEST(other_store_s_reading_is_not_believed_and_nothing_personal_is_kept)
{
	struct known *k = known_open(&conf, false, now);
	int fd = open(path, O_RDONLY | O_CLOEXEC), db = open(cache, O_RDONLY | O_CLOEXEC);
	struct known_file f;
	struct known_id id;
	char text[1 << 16];
	struct stat st;
	ssize_t n;

	ck_assert_ptr_nonnull(k);
	ck_assert(known_look(k, fd, "", &id));
	ck_assert_int_eq(known_find(k, "other", &id, fd, &f), KNOWN_NOT);
	ck_assert_int_eq(known_find(k, "store", &id, fd, &f), KNOWN_SAME);
	known_free(k);
	ck_assert_int_eq(fstat(db, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	n = read(db, text, sizeof(text));
	ck_assert_int_gt(n, 0);
	ck_assert_ptr_null(memmem(text, (size_t)n, "line", 4));
	ck_assert_ptr_null(memmem(text, (size_t)n, "a.log", 5));
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(close(db), 0);
}
END_TEST

START_TEST(without_a_cache_all_is_read)
{
	const struct conf nowhere = { .state_dir = "/nonexistent" };
	struct known_file f;

	ck_assert_ptr_null(known_open(&nowhere, true, now));
	ck_assert_ptr_null(known_open(&(struct conf){ 0 }, true, now));
	known_distrust(NULL);
	ck_assert_int_eq(known_find(NULL, "x", &(struct known_id){ 0 }, -1, &f), KNOWN_NOT);
	known_put(NULL, "x", &(struct known_id){ 0 }, -1, &found);
	ck_assert_ptr_null(known_free(NULL));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("known");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, file_that_nobody_touched_is_known);
	tcase_add_test(t, file_that_only_grew_is_known_as_far_as_it_was_read);
	tcase_add_loop_test(t, what_changed_is_not_believed_and_is_known_anew, 0,
		sizeof(changes) / sizeof(changes[0]));
	tcase_add_loop_test(t, damaged_cache_says_nothing_wrong, 0, 8);
	tcase_add_test(t, what_is_written_while_it_is_looked_at_is_not_believed);
	tcase_add_test(t, other_store_s_reading_is_not_believed_and_nothing_personal_is_kept);
	tcase_add_test(t, without_a_cache_all_is_read);
	suite_add_tcase(s, t);
	return suite_run(s);
}
