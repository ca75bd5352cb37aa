/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <getopt.h>
#include <string.h>

#include "base/options.h"

#include "tests/unit/suite.h"

static const char *file, *name;
static bool json, quick;
static unsigned n_helped;

static void
help(void)
{
	n_helped++;
}

static int
take(const char *line)
{
	static char text[256];
	const struct option_to table[] = {
		{ "config", 'c', &file, NULL },
		{ "name", 0, &name, NULL },
		{ "json", 'j', NULL, &json },
		{ "quick", 0, NULL, &quick },
	};
	char *argv[16], *rest = NULL;
	int argc = 0;

	file = name = NULL;
	json = quick = false;
	n_helped = 0;
	optind = 0; /* getopt(3): begin anew */
	opterr = 0;
	strcpy(text, line);
	for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	argv[argc] = NULL;
	return options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);
}

START_TEST(flags_and_texts_are_taken_by_letter_and_by_name)
{
	ck_assert_int_eq(take("cmd -c a --name=b -j x y"), 0);
	ck_assert_str_eq(file, "a");
	ck_assert_str_eq(name, "b");
	ck_assert(json && !quick);
	ck_assert_int_eq(optind, 5);
	ck_assert_int_eq(take("cmd --config a -cb --quick"), 0);
	ck_assert_str_eq(file, "b"); /* the last counts */
	ck_assert(quick && !json && !name);
}
END_TEST

START_TEST(help_is_everybodys)
{
	ck_assert_int_eq(take("cmd --help --nonsense"), 1);
	ck_assert_int_eq(take("cmd -h"), 1);
	ck_assert_uint_eq(n_helped, 1);
}
END_TEST

START_TEST(what_is_unknown_or_lacks_its_value_is_wrong)
{
	ck_assert_int_eq(take("cmd --nonsense"), -1);
	ck_assert_int_eq(take("cmd -x"), -1);
	ck_assert_int_eq(take("cmd --name"), -1);
	ck_assert_int_eq(take("cmd --json=yes"), -1);
	ck_assert_uint_eq(n_helped, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("options");
	TCase *t = tcase_create("options");

	tcase_add_test(t, flags_and_texts_are_taken_by_letter_and_by_name);
	tcase_add_test(t, help_is_everybodys);
	tcase_add_test(t, what_is_unknown_or_lacks_its_value_is_wrong);
	suite_add_tcase(s, t);
	return suite_run(s);
}
