/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/lang.h"

#include <check.h>
#include <ctype.h>
#include <libintl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/suite.h"

/* A message of the library that German says otherwise. */
#define MESSAGE "out of memory"
#define GERMAN  "kein Speicher mehr"

static void
environment(const char *all, const char *lang, const char *language)
{
	ck_assert_int_eq(clearenv(), 0);
	if (all)
		ck_assert_int_eq(setenv("LC_ALL", all, 1), 0);
	if (lang)
		ck_assert_int_eq(setenv("LANG", lang, 1), 0);
	if (language)
		ck_assert_int_eq(setenv("LANGUAGE", language, 1), 0);
}

/* The catalogue lies beside build/VARIANT/bin; a test lies one folder deeper than a program. */
static const char *
build_tree_po(void)
{
	static char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof("/../../po"));

	ck_assert_int_gt(n, 0);
	path[n] = '\0';
	strcpy(strrchr(path, '/'), "/../../po");
	return path;
}

static void
says(const char *lang, const char *expected)
{
	struct err e;

	ck_assert_int_eq(lang_init(lang, &e), 0);
	ck_assert_ptr_nonnull(bindtextdomain("sparsam", build_tree_po()));
	ck_assert_str_eq(gettext(MESSAGE), expected);
}

START_TEST(speaks_german_where_no_german_locale_is_there)
{
	environment(NULL, "de_DE.UTF-8", NULL);
	says(NULL, GERMAN);
	environment("de_AT.UTF-8", "C", NULL);
	says(NULL, GERMAN);
}
END_TEST

START_TEST(option_counts_more_than_the_environment)
{
	environment(NULL, NULL, NULL);
	says("de", GERMAN);
	environment("C", NULL, NULL);
	says("de", GERMAN);
	environment(NULL, "de_DE.UTF-8", "de");
	says("en", MESSAGE);
}
END_TEST

START_TEST(speaks_english_unless_asked)
{
	environment(NULL, NULL, NULL);
	says(NULL, MESSAGE);
	environment("C", "de_DE.UTF-8", NULL);
	says(NULL, MESSAGE);
	environment(NULL, "fr_FR.UTF-8", NULL);
	says(NULL, MESSAGE);
}
END_TEST

START_TEST(an_unknown_language_is_a_usage_error)
{
	struct err e = { 0 };

	ck_assert_int_eq(lang_init("fr", &e), -1);
	ck_assert_int_eq(e.exit, EX_USAGE);
	ck_assert_int_eq(lang_init("../../etc", &e), -1);
}
END_TEST

START_TEST(numbers_and_letters_are_read_as_ever)
{
	environment("de_DE.ISO-8859-1", NULL, NULL);
	says(NULL, GERMAN);
	ck_assert_double_eq(strtod("1.5", NULL), 1.5);
	ck_assert(!isalpha(0xe4));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("lang");
	TCase *t = tcase_create("lang");

	suite_add_tcase(s, t);
	tcase_add_test(t, speaks_german_where_no_german_locale_is_there);
	tcase_add_test(t, option_counts_more_than_the_environment);
	tcase_add_test(t, speaks_english_unless_asked);
	tcase_add_test(t, an_unknown_language_is_a_usage_error);
	tcase_add_test(t, numbers_and_letters_are_read_as_ever);
	return suite_run(s);
}
