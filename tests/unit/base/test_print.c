/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/print/print.h"

#include <check.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "tests/unit/suite.h"

/* What was printed since begin(). */
static char *text;
static size_t len;
static struct print p;

static void
begin(bool json)
{
	FILE *f = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(f);
	print_init(&p, f, json);
}

static const char *
end(void)
{
	ck_assert_int_eq(fclose(p.f), 0);
	return text;
}

START_TEST(a_fact_is_one_line_of_json)
{
	begin(true);
	print_begin(&p);
	print_str(&p, "name", SPAN("nginx-access"));
	print_str(&p, "none", SPAN_NONE);
	print_int(&p, "n", INT64_MIN);
	print_bool(&p, "yes", true);
	print_bool(&p, "no", false);
	print_end(&p);
	ck_assert_str_eq(end(),
		"{\"v\":1,\"name\":\"nginx-access\",\"none\":null,\"n\":-9223372036854775808,"
		"\"yes\":true,\"no\":false}\n");
	free(text);
}
END_TEST

START_TEST(without_json_no_fact_is_printed)
{
	begin(false);
	print_begin(&p);
	print_str(&p, "name", SPAN("x"));
	print_int(&p, "n", 1);
	print_bool(&p, "b", true);
	print_time(&p, "t", 0);
	print_end(&p);
	ck_assert_str_eq(end(), "");
	free(text);
}
END_TEST

START_TEST(times_are_rfc_3339_in_utc)
{
	static const struct {
		int64_t us;
		const char *want;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00Z" },
		{ 1795484429000000, "2026-11-24T01:40:29Z" },
		{ 1795484429000001, "2026-11-24T01:40:29.000001Z" },
		{ -1, "1969-12-31T23:59:59.999999Z" },
		{ -1000000, "1969-12-31T23:59:59Z" },
	};

	ck_assert_int_eq(setenv("TZ", "Europe/Berlin", 1), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char want[100];

		begin(true);
		print_begin(&p);
		print_time(&p, "time", cases[i].us);
		print_end(&p);
		(void)snprintf(want, sizeof(want), "{\"v\":1,\"time\":\"%s\"}\n", cases[i].want);
		ck_assert_str_eq(end(), want);
		free(text);
	}
}
END_TEST

/* jansson reads what we have written, and finds each character again. */
static void
check_round_trip(struct span value, const char *want)
{
	json_t *root, *found;
	json_error_t error;

	begin(true);
	print_begin(&p);
	print_str(&p, "s", value);
	print_end(&p);
	(void)end();
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	ck_assert_msg(root != NULL, "%s: %s", error.text, text);
	found = json_object_get(root, "s");
	ck_assert(json_is_string(found));
	if (want)
		ck_assert_str_eq(json_string_value(found), want);
	else
		ck_assert_int_eq(memcmp(json_string_value(found), value.p, value.len), 0);
	ck_assert_uint_eq(json_string_length(found), want ? strlen(want) : value.len);
	ck_assert_ptr_eq(strchr(text, '\n'), text + len - 1);
	json_decref(root);
	free(text);
}

START_TEST(every_character_is_found_again)
{
	char bytes[8];

	for (unsigned c = 0; c < 0x110000; c += c < 0x3000 ? 1 : 97) {
		size_t n = 0;

		if (c >= 0xd800 && c < 0xe000)
			continue;
		if (c < 0x80) {
			bytes[n++] = (char)c;
		} else if (c < 0x800) {
			bytes[n++] = (char)(0xc0 | c >> 6);
		} else if (c < 0x10000) {
			bytes[n++] = (char)(0xe0 | c >> 12);
			bytes[n++] = (char)(0x80 | (c >> 6 & 0x3f));
		} else {
			bytes[n++] = (char)(0xf0 | c >> 18);
			bytes[n++] = (char)(0x80 | (c >> 12 & 0x3f));
			bytes[n++] = (char)(0x80 | (c >> 6 & 0x3f));
		}
		if (c >= 0x80)
			bytes[n++] = (char)(0x80 | (c & 0x3f));
		ck_assert_uint_eq(utf8_length(span_of(bytes, n)), n);
		check_round_trip(span_of(bytes, n), NULL);
	}
}
END_TEST

#define BAD "\xef\xbf\xbd"

START_TEST(what_is_no_utf8_is_replaced)
{
	static const struct {
		const char *bytes, *want;
	} cases[] = {
		{ "a\x80z", "a" BAD "z" },
		{ "\xff\xfe", BAD BAD },
		{ "\xc0\xaf", BAD BAD },                 /* overlong */
		{ "\xe0\x80\xaf", BAD BAD BAD },         /* overlong */
		{ "\xed\xa0\x80", BAD BAD BAD },         /* a surrogate */
		{ "\xf4\x90\x80\x80", BAD BAD BAD BAD }, /* over U+10FFFF */
		{ "\xf5\x80\x80\x80", BAD BAD BAD BAD },
		{ "\xe2\x82", BAD BAD }, /* cut short */
		{ "\xc3", BAD },
		{ "\xe2\x82"
		  "A",
			BAD BAD "A" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_round_trip(span_str(cases[i].bytes), cases[i].want);
}
END_TEST

START_TEST(a_log_line_cannot_drive_a_terminal)
{
	begin(false);
	print_safe(&p, SPAN("a\033[2J\r\n\t\0\x7f \xc2\x9b"
			    "2J \xe2\x80\xae \xff \xc3\xbc\\"));
	ck_assert_str_eq(end(),
		"a\\x1b[2J\\x0d\\x0a\\x09\\x00\\x7f \\xc2\\x9b2J \\xe2\\x80\\xae \\xff \xc3\xbc\\");
	free(text);
}
END_TEST

/* A pseudo-terminal's other end; *RET_F is a terminal. */
static int
terminal(FILE **ret_f)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;

	ck_assert_int_ge(master, 0);
	ck_assert_int_eq(grantpt(master) | unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	ck_assert_int_ge(slave, 0);
	*ret_f = fdopen(slave, "w");
	ck_assert_ptr_nonnull(*ret_f);
	return master;
}

START_TEST(colour_is_for_terminals_that_want_it)
{
	FILE *f;
	int master = terminal(&f);
	struct print t;

	ck_assert_int_eq(unsetenv("NO_COLOR") | setenv("TERM", "xterm", 1), 0);
	print_init(&t, f, false);
	ck_assert_str_eq(print_ink(&t, INK_RED), "\033[31m");
	print_init(&t, f, true);
	ck_assert_str_eq(print_ink(&t, INK_RED), "");
	ck_assert_int_eq(setenv("NO_COLOR", "1", 1), 0);
	print_init(&t, f, false);
	ck_assert_str_eq(print_ink(&t, INK_RED), "");
	ck_assert_int_eq(setenv("NO_COLOR", "", 1), 0); /* no-color.org: not an empty one */
	print_init(&t, f, false);
	ck_assert_str_eq(print_ink(&t, INK_RED), "\033[31m");
	ck_assert_int_eq(setenv("TERM", "dumb", 1), 0);
	print_init(&t, f, false);
	ck_assert_str_eq(print_ink(&t, INK_RED), "");
	begin(false);
	ck_assert_str_eq(print_ink(&p, INK_RED), "");
	(void)end();
	free(text);
	ck_assert_int_eq(fclose(f) | close(master), 0);
}
END_TEST

START_TEST(a_table_aligns)
{
	struct print_table *t = print_table_new(3);

	ck_assert_ptr_nonnull(t);
	for (int i = 0; i < 3; i++)
		print_table_cell(t, i == 1, "%s", (const char *[]){ "store", "n", "file" }[i]);
	print_table_cell(t, false, "%s",
		"k\xc3\xbc"
		"rzer");
	print_table_cell(t, true, "%d", 12345);
	print_table_cell(t, false, "%s", "a\nb");
	print_table_cell(t, false, "%s", "");
	print_table_cell(t, true, "%d", 7);
	print_table_cell(t, false, "%s", "x");
	begin(false);
	print_table_free(t, &p);
	ck_assert_str_eq(end(), "store       n  file\n"
				"k\xc3\xbcrzer  12345  a\\x0ab\n"
				"            7  x\n");
	free(text);
}
END_TEST

START_TEST(a_long_table_is_printed_whole)
{
	struct print_table *t = print_table_new(1);

	for (int i = 0; i < 1000; i++)
		print_table_cell(t, false, "%03d", i);
	begin(false);
	print_table_free(t, &p);
	(void)end();
	ck_assert_uint_eq(len, 4000);
	free(text);
	print_table_free(print_table_new(2), NULL);
	print_table_free(NULL, NULL);
}
END_TEST

START_TEST(progress_is_for_terminals)
{
	FILE *f;
	int master = terminal(&f), saved = dup(STDERR_FILENO), plain[2];
	char bar[200];
	ssize_t n;

	ck_assert_int_eq(pipe(plain), 0);
	ck_assert_int_eq(dup2(plain[1], STDERR_FILENO), STDERR_FILENO);
	print_progress("reading", 1, 2);
	ck_assert_int_eq(dup2(fileno(f), STDERR_FILENO), STDERR_FILENO);
	print_progress("reading", 1, 2);
	ck_assert_int_eq(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	n = read(master, bar, sizeof(bar) - 1);
	ck_assert_int_gt(n, 0);
	bar[n] = '\0';
	ck_assert_str_eq(bar, "\r\033[Kreading [###############               ] 50 %");
	ck_assert_int_eq(close(plain[1]), 0);
	ck_assert_int_eq(read(plain[0], bar, sizeof(bar)), 0);
	ck_assert_int_eq(close(plain[0]) | close(saved) | fclose(f) | close(master), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("print");
	TCase *t = tcase_create("print");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_fact_is_one_line_of_json);
	tcase_add_test(t, without_json_no_fact_is_printed);
	tcase_add_test(t, times_are_rfc_3339_in_utc);
	tcase_add_test(t, every_character_is_found_again);
	tcase_add_test(t, what_is_no_utf8_is_replaced);
	tcase_add_test(t, a_log_line_cannot_drive_a_terminal);
	tcase_add_test(t, colour_is_for_terminals_that_want_it);
	tcase_add_test(t, a_table_aligns);
	tcase_add_test(t, a_long_table_is_printed_whole);
	tcase_add_test(t, progress_is_for_terminals);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return suite_run(suite());
}
