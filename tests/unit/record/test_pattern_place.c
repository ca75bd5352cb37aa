/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/format/pattern_place.h"

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/suite.h"

static const struct {
	const char *pattern;
	const char *places; /* "AT+LEN ", each; "": nothing is known */
} cases[] = {
	{ "(?<time>\\d{4}/\\d\\d/\\d\\d \\d\\d:\\d\\d) \\[(?<x>a|b)\\] (?<y>.*)", "0+16 " },
	{ "^(?<sev>[DIWEFA]), \\[(?<time>\\d{4}-\\d\\d) #(?<pid>\\d+)\\]", "4+7 " },
	{ "(?:ab)(?<time>[^]|]{3}.[a\\]])x", "2+5 " },
	{ "(?<time>(?:\\d\\d)(?<day>\\d))(?<x>.*)", "0+3 " },
	{ "(?<time>\\d{4}) a|b", "0+4 " },
	{ "(?<time>\\d{4}?) (?<text>.*)", "0+4 " },
	{ "(?=\\[|.*)(?<!x)(?<time>\\d)(?<x>.*)", "0+1 " },
	{ "(?<id>[0-9a-f](?:-[0-9a-f]{2}){3}) (?<time>\\d)(?<x>.*)", "11+1 " },
	/* in several */
	{ "(?<time>\\d{4}(?:\\.\\d)?) (?<text>.*)", "0+4 0+6 " },
	{ "(?:(?<app>bbb|etherpad) )?(?<time>\\d{4}) (?<text>.*)", "0+4 4+4 9+4 " },
	{ "(?<time>\\d{2,4}) (?<text>.*)", "0+2 0+3 0+4 " },
	{ "(?<time>a|b)(?<x>.*)", "0+1 " },
	{ "(?<x>a|bc)(?<time>\\d|\\d\\d:)", "1+1 1+3 2+1 2+3 " },
	{ "(?<time>\\d)?(?<x>.*)", "0+1 " },
	{ "(?:(?<s>\\d{1,3}): |x(?<time>\\d\\d):)?(?<x>.*)", "1+2 " },
	{ "(?<x>.){1,3}?(?<time>.)", "1+1 2+1 3+1 " },
	/* or in too many */
	{ "(?<time>\\d{4}-\\S+) (?<text>.*)", "" },
	{ "(?<time>\\d{1,30})(?<text>.*)", "" },
	{ "(?<x>\\d{1,30})(?<time>\\d{1,5}) (?<text>.*)", "" },
	{ "(?<x>\\d*)(?<time>\\d)", "" },
	{ "(?<x>(?:ab)+)(?<time>\\d)", "" },
	{ "(?<x>.{128})(?<time>.)", "" },
	/* of a length that is not followed */
	{ "(?<time>\\R)(?<x>.*)", "" },
	{ "(?<time>[[:digit:]])(?<x>.*)", "" },
	{ "(?<x>\\d{,3})(?<time>\\d)", "" },
	/* moved from behind, or by what it stands in */
	{ "(?<time>\\d{4}) a|b(?<time>\\d{4})", "" },
	{ "(?<x>\\d{4})(?:a(?<time>\\d{4})|b(?<time>\\d{4}))", "" },
	{ "(?<time>\\d{4})(?:a(?<time>\\d{4}))?", "" },
	{ "(?:(?<time>\\d)[)\\]] )+(?<x>.*)", "" },
	{ "(?:(?:(?<time>\\d) ){2}x)(?<x>.*)", "" },
	{ "(?<time>\\d)*(?<x>.*)", "" },
	{ "(?<time>\\d{4})(?x) a", "" },
	{ "(?i)(?<time>\\d{4})", "" },
	{ "(*UTF)(?<time>.{4})", "" },
	{ "\\Q(?<time>\\E(?<x>.)", "" },
	{ "(?<x>.)", "" },
	{ "(?<time>.", "" },
	{ "(?<time>[.)", "" },
	{ "(?<time", "" },
	{ "", "" },
};

START_TEST(a_group_lies_in_these_places_or_it_is_not_known)
{
	struct pattern_place p[PATTERN_PLACES_MAX];
	const unsigned n = pattern_places(cases[_i].pattern, "time", p);
	char text[400] = "";

	for (unsigned i = 0; i < n; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%zu+%zu ",
			p[i].at, p[i].len);
	ck_assert_msg(strcmp(text, cases[_i].places) == 0, "%s: %s", cases[_i].pattern, text);
}
END_TEST

static const struct {
	const char *pattern;
	int next;
	bool needs;
} nexts[] = {
	{ "(?<time>\\d{4}) x", ' ', true },
	{ "(?<a>b|c)\\[(?<time>\\d{4})\\] (?<x>.*)", ']', true },
	{ "(?:(?<time>\\d) )?x", ' ', false },
	{ "(?<time>\\d) ?x", -1, true },
	{ "(?<time>\\d)a", -1, true },
	{ "(?<time>\\d)\\d", -1, true },
	{ "(?<time>\\d)(?: |,)x", -1, true },
	{ "(?<time>\\d)[ ]", -1, true },
	{ "(?<time>\\d).", -1, true },
	{ "(?<time>\\d)", -1, true },
	{ "(?<time>\\d)?", -1, false },
	{ "(?<time>\\d)|x", -1, false },
	{ "x|(?<time>\\d)", -1, false },
	{ "x(?:y|(?<time>\\d))", -1, false },
	{ "(?<time>\\d)[|](?:a|b)\\|", -1, true },
	{ "(?<time>\\d{10}) [x]", ' ', true },
	{ "(?:(?<time>\\d{10})) [x]", -1, false },
};

START_TEST(what_stands_behind_a_group_and_whether_it_is_needed)
{
	struct pattern_place p[PATTERN_PLACES_MAX];

	ck_assert_uint_gt(pattern_places(nexts[_i].pattern, "time", p), 0);
	ck_assert_msg(p[0].next == nexts[_i].next, "%s: %d", nexts[_i].pattern, p[0].next);
	ck_assert_msg(pattern_needs(nexts[_i].pattern, "time") == nexts[_i].needs, "%s",
		nexts[_i].pattern);
	ck_assert(!pattern_needs(nexts[_i].pattern, "tim"));
}
END_TEST

static const struct {
	const char *pattern, *shape;
} shapes[] = {
	{ "(?<time>\\d{4}-\\d\\d)", "0000-" },
	{ "(?<time>\\d\\d:\\d)", "00:0" },
	{ "(?<time>\\d\\d(?::|-)\\d)", "00" },
	{ "(?<time>\\d{1,2}-)", "" },
	{ "(?<time>\\d?-)", "" },
	{ "(?<time>\\d|-)", "" },
	{ "(?<time>\\d(?:a|b))", "0" },
	{ "(?<time>\\[\\d{2}\\])", "[00]" },
	{ "(?<time>[0-9]\\d)", "" },
	{ "(?<time>1\\d)", "" },
	{ "(?<time>\\d\\D)", "0" },
	{ "(?<time>\\d.)", "0" },
};

START_TEST(what_a_group_begins_with)
{
	struct pattern_place p[PATTERN_PLACES_MAX];

	ck_assert_uint_gt(pattern_places(shapes[_i].pattern, "time", p), 0);
	ck_assert_msg(strncmp(p[0].shape, shapes[_i].shape, PATTERN_SHAPE_MAX) == 0, "%s: %.*s",
		shapes[_i].pattern, PATTERN_SHAPE_MAX, p[0].shape);
}
END_TEST

/* A copy of TEXT whose last byte is the last that may be read. */
static const char *
at_the_edge(const char *text)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), n = strlen(text) + 1;
	char *p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert(p != MAP_FAILED && n <= page);
	ck_assert_int_eq(mprotect(p + page, page, PROT_NONE), 0);
	return memcpy(p + page - n, text, n);
}

static const char *const ends[] = { "(?<time>\\d)[ ]", "(?<time>\\d{10}) [x]",
	"(?:(?<time>\\d{10})) [x]", "[x]", "(?<time>[x]", "(?<time>\\d)[", "(?<time>\\d)[^",
	"(?<time>\\d)[^]", "(?<time>\\d)\\", "(?<time>\\d)(", "(?<time>\\d)(?", "(?<time>\\d)(?<",
	"(?<time>\\d){", "(?<time>\\d){1", "(?<time>\\d){1,", "(?<time>" };
#define N_ENDS (int)(sizeof(ends) / sizeof(ends[0]))

START_TEST(nothing_is_read_behind_the_end_of_a_pattern)
{
	const char *text = at_the_edge(ends[_i]);
	struct pattern_place p[PATTERN_PLACES_MAX];

	(void)pattern_needs(text, "time"); /* what they say: above */
	(void)pattern_places(text, "time", p);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("pattern_place");
	TCase *t = tcase_create("all");

	tcase_add_loop_test(t, what_stands_behind_a_group_and_whether_it_is_needed, 0,
		sizeof(nexts) / sizeof(nexts[0]));
	tcase_add_loop_test(
		t, what_a_group_begins_with, 0, (int)(sizeof(shapes) / sizeof(shapes[0])));
	tcase_add_loop_test(t, a_group_lies_in_these_places_or_it_is_not_known, 0,
		sizeof(cases) / sizeof(cases[0]));
	tcase_add_loop_test(t, nothing_is_read_behind_the_end_of_a_pattern, 0, N_ENDS);
	suite_add_tcase(s, t);
	return suite_run(s);
}
