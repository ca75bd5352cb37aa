/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "logscrub/rule/lines.h"

#include "tests/unit/suite.h"

static struct lines lines;

/* Feeds TEXT through a pipe in pieces of STEP bytes and joins what comes out with "|". */
static void
run(const char *text, size_t n, size_t step, char *ret, size_t size)
{
	CLEANUP(input_freep) struct input *in = NULL;
	struct err e;
	int p[2], end;

	ck_assert_int_eq(pipe2(p, O_CLOEXEC), 0);
	ck_assert_int_eq(lines_init(&lines, NULL, &e), 0);
	ret[0] = '\0';
	for (size_t at = 0; at < n;) {
		size_t k = n - at < step ? n - at : step;

		ck_assert_int_eq(write(p[1], text + at, k), (ssize_t)k);
		at += k;
		if (at == n)
			ck_assert_int_eq(close(p[1]), 0);
		if (!in)
			ck_assert_int_eq(input_open(p[0], "pipe", &in, &e), 0);
		do {
			struct span line;

			end = lines_fill(&lines, in, &e);
			ck_assert_int_ge(end, 0);
			while (lines_take(&lines, &line))
				(void)snprintf(ret + strlen(ret), size - strlen(ret), "%.*s|",
					(int)line.len, line.p);
		} while (at == n && end == 0);
	}
}

START_TEST(lines_come_out_whole_however_they_arrive)
{
	static const char text[] = "one\ntwo\r\n\nfour\nlast";
	char got[256];

	for (size_t step = 1; step < sizeof(text); step++) {
		run(text, sizeof(text) - 1, step, got, sizeof(got));
		ck_assert_str_eq(got, "one|two||four|last|");
		lines_release(&lines);
	}
}
END_TEST

START_TEST(a_line_that_is_too_long_costs_only_itself)
{
	const size_t n = 9 * LINE_MAX_BYTES;
	cleanup_mem char *text = malloc(n + 32);
	CLEANUP(input_freep) struct input *in = NULL;
	cleanup_stdio FILE *f = tmpfile();
	unsigned seen = 0;
	struct span line;
	struct err e;
	int end;

	ck_assert(text && f);
	memset(text, 'x', n);
	fwrite("before\n", 1, 7, f);
	fwrite(text, 1, n, f);
	fwrite("\nafter\n", 1, 7, f);
	ck_assert_int_eq(fflush(f), 0);
	rewind(f);
	ck_assert_int_eq(input_open(dup(fileno(f)), "file", &in, &e), 0);
	ck_assert_int_eq(lines_init(&lines, NULL, &e), 0);
	do {
		end = lines_fill(&lines, in, &e);
		while (lines_take(&lines, &line)) {
			ck_assert(span_eq(line, SPAN("before")) || span_eq(line, SPAN("after")));
			seen++;
		}
		ck_assert_uint_le(lines.cap, 4 * LINE_MAX_BYTES);
	} while (end == 0);
	ck_assert_uint_eq(seen, 2);
	ck_assert_uint_eq(lines.n_too_long, 1);
	lines_release(&lines);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("lines");
	TCase *t = tcase_create("lines");

	tcase_add_test(t, lines_come_out_whole_however_they_arrive);
	tcase_add_test(t, a_line_that_is_too_long_costs_only_itself);
	suite_add_tcase(s, t);
	return suite_run(s);
}
