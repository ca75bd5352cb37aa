/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "logscrub/rule/rule.h"
#include "logscrub/source/tail_file.h"
#include "logscrub/source/tail_find.h"
#include "tests/unit/suite.h"

static char folder[64], path[96], rotated[112];
static struct tail_file file = { .fd = -1 };
static bool has_key; /* does the day have a key that lasts? */
static struct tail_window window;

static void
setup(void)
{
	has_key = true;
	(void)snprintf(folder, sizeof(folder), "/var/tmp/sparsam-tail-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/app.log", folder);
	(void)snprintf(rotated, sizeof(rotated), "%s.1", path);
}

static void
teardown(void)
{
	DIR *d = opendir(folder);

	tail_file_release(&file);
	tail_window_release(&window);
	for (const struct dirent *n = d ? readdir(d) : NULL; n; n = readdir(d))
		if (n->d_name[0] != '.')
			(void)unlinkat(dirfd(d), n->d_name, 0);
	if (d)
		(void)closedir(d);
	(void)rmdir(folder);
}

static void
append(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(close(fd), 0);
}

/* A keyed hash that is not one: enough to see what is sealed, and by which day. */
static bool
seal(void *ctx, int32_t day, struct span text, uint32_t *ret)
{
	uint32_t h = 2166136261u + (uint32_t)day;

	(void)ctx;
	for (size_t i = 0; i < text.len; i++)
		h = (h ^ (unsigned char)text.p[i]) * 16777619u;
	*ret = h;
	return has_key;
}

static const struct source_host host = { .seal = seal };

/* As if its writer had let go of it long ago. */
static void
make_quiet(const char *name)
{
	const struct timespec old[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };

	ck_assert_int_eq(utimensat(AT_FDCWD, name, old, 0), 0);
}

static void
start(const struct source_past *past)
{
	struct err e = { 0 };

	tail_file_release(&file);
	tail_window_release(&window);
	ck_assert_msg(tail_file_init(&file, path, "s:1", past, &host, &e) == 0, "%s", e.what);
}

static void
expect_line(const char *text)
{
	struct err e = { 0 };
	struct span s = SPAN_NONE;
	int rc = tail_file_next(&file, &window, &s, &e);

	ck_assert_msg(rc == 0, "%s wanted, %d %s", text, rc, rc < 0 ? e.what : "");
	ck_assert_msg(span_eq(s, span_str(text)), "%s wanted, %.*s got", text, (int)s.len, s.p);
}

static void
expect_none(void)
{
	struct err e = { 0 };
	struct span s;

	ck_assert_int_eq(tail_file_next(&file, &window, &s, &e), 1);
}

static struct source_past
past_of(struct tail_file *f)
{
	struct source_past p = { .order = f->order, .latest = f->order };
	struct span s = tail_file_position(f);

	memcpy(p.position, s.p, s.len);
	p.len = s.len;
	return p;
}

START_TEST(file_is_read_from_its_beginning_line_by_line)
{
	append(path, "one\ntwo\r\n\nthr");
	start(NULL);
	expect_line("one");
	expect_line("two");
	expect_line("");
	expect_none();
	append(path, "ee\n");
	expect_line("three");
	expect_none();
	ck_assert_int_eq(file.order, 16);
}
END_TEST

START_TEST(path_may_appear_later)
{
	start(NULL);
	expect_none();
	append(path, "one\n");
	expect_line("one");
}
END_TEST

START_TEST(position_goes_on_behind_the_line)
{
	struct source_past past;

	append(path, "one\ntwo\n");
	start(NULL);
	expect_line("one");
	past = past_of(&file);
	start(&past);
	expect_line("two");
	expect_none();
}
END_TEST

START_TEST(renamed_file_is_finished_before_the_next)
{
	append(path, "one\n");
	start(NULL);
	expect_line("one");
	ck_assert_int_eq(rename(path, rotated), 0);
	append(path, "four\n");
	append(rotated, "two\n"); /* its writer has not noticed yet */
	expect_line("two");
	expect_none();
	append(rotated, "three");
	make_quiet(rotated);
	expect_line("three"); /* whole, since nothing will come behind it */
	expect_line("four");
	expect_none();
}
END_TEST

START_TEST(files_rotated_meanwhile_are_read_in_order)
{
	struct source_past past;
	char older[120];

	(void)snprintf(older, sizeof(older), "%s.2", path);
	append(path, "one\ntwo\n");
	start(NULL);
	expect_line("one");
	past = past_of(&file);
	ck_assert_int_eq(rename(path, rotated), 0);
	append(path, "three\n");
	ck_assert_int_eq(rename(rotated, older), 0);
	ck_assert_int_eq(rename(path, rotated), 0);
	append(path, "four\n");
	make_quiet(older);
	make_quiet(rotated);
	start(&past);
	expect_line("two");
	expect_line("three");
	expect_line("four");
	expect_none();
}
END_TEST

START_TEST(position_that_is_gone_means_what_is_later)
{
	struct source_past past;

	append(path, "one\ntwo\n");
	start(NULL);
	expect_line("one");
	past = past_of(&file);
	past.latest = 1000; /* another sink was further; nothing of what follows is known to it */
	ck_assert_int_eq(unlink(path), 0);
	append(rotated, "three\n");
	make_quiet(rotated);
	append(path, "four\n");
	start(&past);
	expect_line("three");
	expect_line("four");
	ck_assert_int_gt(file.order, 1000);
}
END_TEST

START_TEST(file_that_was_cut_begins_again)
{
	struct source_past past;

	append(path, "one\ntwo\n");
	start(NULL);
	expect_line("one");
	expect_line("two");
	ck_assert_int_eq(truncate(path, 0), 0);
	append(path, "new\n");
	expect_line("new");
	expect_none();
	ck_assert_int_eq(file.order, 12); /* grows all the same */

	ck_assert_int_eq(truncate(path, 0), 0); /* and grown past the offset since */
	append(path, "longer than before\n");
	expect_line("longer than before");

	past = past_of(&file);
	ck_assert_int_eq(truncate(path, 0), 0);
	append(path, "short\n");
	start(&past);
	expect_line("short");
	ck_assert_int_gt(file.order, past.order);
}
END_TEST

/* Lines of one length end where others ended before. */
START_TEST(file_that_was_cut_and_grew_past_its_place_begins_again)
{
	append(path, "one\ntwo\n");
	start(NULL);
	expect_line("one");
	expect_line("two");
	expect_none();
	ck_assert_int_eq(truncate(path, 0), 0);
	append(path, "six\nten\nnew\n");
	expect_line("six");
	expect_line("ten");
	expect_line("new");
	expect_none();

	append(path, "ha"); /* half a line was seen */
	expect_none();
	ck_assert_int_eq(truncate(path, 0), 0);
	append(path, "six\nten\nnew\nend\nlf\n");
	expect_line("six");
}
END_TEST

START_TEST(file_that_grew_past_its_place_begins_again_after_a_start)
{
	struct source_past past;

	append(path, "one\ntwo\n");
	start(NULL);
	expect_line("one");
	expect_line("two");
	past = past_of(&file);
	past.latest = 1000; /* of another sink */
	append(path, "six\n");
	start(&past);
	expect_line("six"); /* it has only grown */

	ck_assert_int_eq(truncate(path, 0), 0);
	append(path, "six\nten\nnew\n");
	start(&past);
	expect_line("six");
	expect_line("ten");
	ck_assert_int_gt(file.order, 1000);
}
END_TEST

START_TEST(without_a_lasting_key_a_place_is_known_by_a_line_end)
{
	struct source_past past;

	has_key = false;
	append(path, "one\ntwo\n");
	start(NULL);
	expect_line("one");
	past = past_of(&file);
	start(&past);
	expect_line("two");
	past = past_of(&file);
	ck_assert_int_eq(truncate(path, 0), 0);
	append(path, "longer than before\n");
	start(&past);
	expect_line("longer than before");
	past = past_of(&file);
	has_key = true; /* what has no seal is not judged by one */
	append(path, "more\n");
	start(&past);
	expect_line("more");
}
END_TEST

START_TEST(files_that_share_a_window_are_each_known_again)
{
	static struct tail_file other = { .fd = -1 };
	struct err e = { 0 };
	struct span s;
	char second[112];

	(void)snprintf(second, sizeof(second), "%s/other.log", folder);
	append(path, "one\ntwo\n");
	append(second, "six\nten\n");
	start(NULL);
	ck_assert_int_eq(tail_file_init(&other, second, "s:2", NULL, &host, &e), 0);
	expect_line("one");
	ck_assert_int_eq(tail_file_next(&other, &window, &s, &e), 0);
	ck_assert(span_eq(s, SPAN("six")));
	expect_line("two");
	expect_none();
	ck_assert_int_eq(truncate(path, 0), 0);
	append(path, "new\nnow\nend\n");
	ck_assert_int_eq(tail_file_next(&other, &window, &s, &e), 0);
	ck_assert(span_eq(s, SPAN("ten")));
	ck_assert_int_eq(tail_file_next(&other, &window, &s, &e), 1);
	expect_line("new");
	tail_file_release(&other);
}
END_TEST

/* Whoever starts again within a line that is too long would take its end for a line. */
START_TEST(position_never_lies_within_a_line)
{
	char *text = malloc(2 * LINE_MAX_BYTES + 1);
	struct source_past past;

	memset(text, 'x', 2 * LINE_MAX_BYTES);
	text[2 * LINE_MAX_BYTES] = '\0';
	append(path, "one\n");
	append(path, text);
	start(NULL);
	expect_line("one");
	expect_none();
	past = past_of(&file);
	ck_assert_int_eq(past.order, 4);
	append(path, "looks whole\ntwo\n");
	start(&past);
	expect_line("two");
	ck_assert_uint_eq(file.n_too_long, 1);
	ck_assert_int_eq(file.order, 4 + 2 * LINE_MAX_BYTES + 16);
	free(text);
}
END_TEST

START_TEST(removed_file_is_followed_by_the_next_at_its_path)
{
	append(path, "one\ntwo\n");
	start(NULL);
	expect_line("one");
	expect_line("two");
	ck_assert_int_eq(unlink(path), 0);
	file.quiet_since_us = 1; /* long ago */
	expect_none();
	ck_assert_int_eq(file.fd, -1);
	append(path, "three\n");
	expect_line("three");
	expect_none();
}
END_TEST

START_TEST(symbolic_link_is_refused_once)
{
	struct err e = { 0 };
	struct span s;

	append(rotated, "secret\n");
	ck_assert_int_eq(symlink(rotated, path), 0);
	start(NULL);
	ck_assert_int_eq(tail_file_next(&file, &window, &s, &e), -1);
	ck_assert_int_eq(e.exit, EX_NOPERM);
	expect_none();

	ck_assert_int_eq(unlink(path), 0);
	append(path, "one\n");
	expect_line("one");
	ck_assert_int_eq(unlink(path), 0); /* in the place of one that was read */
	ck_assert_int_eq(symlink("/etc/hostname", path), 0);
	(void)tail_file_next(&file, &window, &s, &e);
	expect_none();
}
END_TEST

START_TEST(line_too_long_is_passed_over_in_bounded_memory)
{
	char *text = malloc(3 * LINE_MAX_BYTES + 16);

	memset(text, 'x', 3 * LINE_MAX_BYTES);
	strcpy(text + 3 * LINE_MAX_BYTES, "\nshort\n");
	append(path, text);
	start(NULL);
	expect_line("short");
	expect_none();
	ck_assert_uint_eq(file.n_too_long, 1);
	ck_assert_uint_le(window.cap, 4 * LINE_MAX_BYTES);

	memset(text, 'y', LINE_MAX_BYTES); /* the longest that is taken */
	strcpy(text + LINE_MAX_BYTES, "\n");
	append(path, text);
	text[LINE_MAX_BYTES] = '\0';
	expect_line(text);
	free(text);
}
END_TEST

START_TEST(sibling_is_known_by_its_name)
{
	static const struct {
		const char *name;
		bool sibling;
	} cases[] = { { "app.log", false }, { "app.log.1", true }, { "app.log-20261124", true },
		{ "app.log-2026-11-24.1", true }, { "app.log.1.gz", false },
		{ "app.log.bak", false }, { "app.log.", false }, { "app.log1", false },
		{ "my-app.log.1", false } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(tail_is_sibling("app.log", cases[i].name) == cases[i].sibling, "%s",
			cases[i].name);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("tail");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, file_is_read_from_its_beginning_line_by_line);
	tcase_add_test(t, path_may_appear_later);
	tcase_add_test(t, position_goes_on_behind_the_line);
	tcase_add_test(t, renamed_file_is_finished_before_the_next);
	tcase_add_test(t, files_rotated_meanwhile_are_read_in_order);
	tcase_add_test(t, position_that_is_gone_means_what_is_later);
	tcase_add_test(t, file_that_was_cut_begins_again);
	tcase_add_test(t, file_that_was_cut_and_grew_past_its_place_begins_again);
	tcase_add_test(t, file_that_grew_past_its_place_begins_again_after_a_start);
	tcase_add_test(t, without_a_lasting_key_a_place_is_known_by_a_line_end);
	tcase_add_test(t, files_that_share_a_window_are_each_known_again);
	tcase_add_test(t, position_never_lies_within_a_line);
	tcase_add_test(t, removed_file_is_followed_by_the_next_at_its_path);
	tcase_add_test(t, symbolic_link_is_refused_once);
	tcase_add_test(t, line_too_long_is_passed_over_in_bounded_memory);
	tcase_add_test(t, sibling_is_known_by_its_name);
	suite_add_tcase(s, t);
	return suite_run(s);
}
