/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/pattern_place.h"

#include <check.h>
#include <stdlib.h>

static const struct {
	const char *pattern;
	int at, len; /* -1: not known */
} cases[] = {
	{ "(?<time>\\d{4}/\\d\\d/\\d\\d \\d\\d:\\d\\d) \\[(?<x>a|b)\\] (?<y>.*)", 0, 16 },
	{ "^(?<sev>[DIWEFA]), \\[(?<time>\\d{4}-\\d\\d) #(?<pid>\\d+)\\]", 4, 7 },
	{ "(?:ab)(?<time>[^]|]{3}.[a\\]])x", 2, 5 },
	{ "(?<time>(?:\\d\\d)(?<day>\\d))(?<x>.*)", 0, 3 },
	/* of no fixed length */
	{ "(?<time>\\d{4}-\\S+) (?<text>.*)", -1, 0 },
	{ "(?<time>\\d{4}(?:\\.\\d)?) (?<text>.*)", -1, 0 },
	{ "(?:(?<app>bbb) )?(?<time>\\d{4}) (?<text>.*)", -1, 0 },
	{ "(?<time>\\d{2,4}) (?<text>.*)", -1, 0 },
	{ "(?<time>\\d{4}?) (?<text>.*)", -1, 0 },
	{ "(?<time>ab|cd)", -1, 0 },
	{ "(?<x>a|bc)(?<time>\\d)", -1, 0 },
	{ "(?<time>\\d)?(?<x>.*)", -1, 0 },
	{ "(?<time>\\R)(?<x>.*)", -1, 0 },
	{ "(?<time>[[:digit:]])(?<x>.*)", -1, 0 },
	/* moved from behind */
	{ "(?<time>\\d{4}) a|b(?<time>\\d{4})", -1, 0 },
	{ "(?<time>\\d{4}) a|b", -1, 0 },
	{ "(?<x>\\d{4})(?:a(?<time>\\d{4})|b(?<time>\\d{4}))", -1, 0 },
	{ "(?<time>\\d{4})(?:a(?<time>\\d{4}))?", -1, 0 },
	{ "(?<time>\\d{4})(?x) a", -1, 0 },
	{ "(*UTF)(?<time>.{4})", -1, 0 },
	{ "\\Q(?<time>\\E(?<x>.)", -1, 0 },
	{ "(?<x>.)", -1, 0 },
	{ "(?<time>.", -1, 0 },
	{ "", -1, 0 },
};

START_TEST(a_group_lies_in_one_place_or_it_is_not_known)
{
	size_t at, len;
	const bool known = pattern_place(cases[_i].pattern, "time", &at, &len);

	ck_assert_msg(known == (cases[_i].at >= 0), "%s", cases[_i].pattern);
	if (!known)
		return;
	ck_assert_uint_eq(at, (size_t)cases[_i].at);
	ck_assert_uint_eq(len, (size_t)cases[_i].len);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("pattern_place");
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, a_group_lies_in_one_place_or_it_is_not_known, 0,
		sizeof(cases) / sizeof(cases[0]));
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
