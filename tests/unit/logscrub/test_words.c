/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/doctor/words.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/suite.h"

/* Each statement as "LINE:word|word|END ". */
static void
check_words(unsigned style, const char *text, const char *want)
{
	struct words w;
	char got[1024] = "";
	size_t n = 0;

	words_init(&w, text, strlen(text), style);
	while (words_next(&w)) {
		n += (size_t)snprintf(got + n, sizeof(got) - n, "%u:", w.line);
		for (size_t i = 0; i < w.n; i++)
			n += (size_t)snprintf(got + n, sizeof(got) - n, "%s|", words_get(&w, i));
		n += (size_t)snprintf(got + n, sizeof(got) - n, "%c ",
			w.ended_by == '\n' ? 'n'
			: w.ended_by       ? w.ended_by
					   : 'e');
	}
	words_release(&w);
	ck_assert_msg(strcmp(got, want) == 0, "%s\nwanted: %s\ngot:    %s", text, want, got);
}

static const struct {
	unsigned style;
	const char *text, *want;
} cases[] = {
	{ WORDS_LINES, "", "" },
	{ WORDS_LINES, "\n\n# only\n", "" },
	{ WORDS_LINES, "a b\n\nc", "1:a|b|n 3:c|e " },
	{ WORDS_LINES, "a #b\n", "1:a|#b|n " },
	{ WORDS_LINES | WORDS_COMMENTS, "a #b\nc", "1:a|n 2:c|e " },
	{ WORDS_LINES, "a \"b c\" 'd \\' \"e\\\"f\"x", "1:a|b c|d \\|e\"fx|e " },
	{ WORDS_LINES, "a \"open\nb", "1:a|open|n 2:b|e " },
	{ WORDS_LINES, "a\\ b c\\", "1:a b|c\\|e " },
	{ WORDS_LINES | WORDS_PLAIN, "a\\ \"b", "1:a\\|\"b|e " },
	{ WORDS_LINES, "a \\\nb", "1:a|\\|n 2:b|e " },
	{ WORDS_LINES | WORDS_CONTINUED, "a \\\nb\\\r\nc\nd", "1:a|b|c|n 4:d|e " },
	{ WORDS_BRACES, "/a\n/b {\n x 1\n}\n", "1:/a|n 2:/b|{ 3:x|1|n 4:} " },
	{ WORDS_BRACES, "/a {x}", "1:/a|{ 1:x|} " },
	{ WORDS_BLOCKS, "a b;c{d e;}", "1:a|b|; 1:c|{ 1:d|e|; 1:} " },
	{ WORDS_BLOCKS, "a\n  b # x ;\n  'c;d';e", "1:a|b|c;d|; 3:e|e " },
	{ WORDS_BLOCKS, "set $a ${b}{c}x;", "1:set|$a|${b}|{ 1:c|} 1:x|; " },
	{ WORDS_BLOCKS, "f 'a'\n 'b\nc';d", "1:f|a|b\nc|; 3:d|e " },
	{ WORDS_BLOCKS, "a don't;", "1:a|don't|; " },
	{ WORDS_BLOCKS, "}};", "1:} 1:} " },
};

START_TEST(statements_are_taken_apart)
{
	check_words(cases[_i].style, cases[_i].text, cases[_i].want);
}
END_TEST

START_TEST(a_word_is_asked_for)
{
	struct words w;

	words_init(&w, "One two", 7, WORDS_LINES);
	ck_assert(words_next(&w));
	ck_assert(words_is(&w, 0, "one"));
	ck_assert(!words_is(&w, 1, "one"));
	ck_assert(!words_is(&w, 2, ""));
	ck_assert_str_eq(words_get(&w, 2), "");
	words_release(&w);
}
END_TEST

START_TEST(a_block_is_skipped_whatever_is_in_it)
{
	static const char text[] = "lua {\n if x then { \"a }\n }\nend x;";
	struct words w;

	words_init(&w, text, sizeof(text) - 1, WORDS_BLOCKS);
	ck_assert(words_next(&w));
	words_skip_block(&w);
	ck_assert(words_next(&w));
	ck_assert_uint_eq(w.line, 4);
	ck_assert(words_is(&w, 0, "end"));
	words_release(&w);
}
END_TEST

START_TEST(too_many_words_are_dropped)
{
	static char text[2 * WORDS_MAX + 100];
	struct words w;

	memset(text, ' ', sizeof(text));
	for (size_t i = 0; i < sizeof(text); i += 2)
		text[i] = 'x';
	words_init(&w, text, sizeof(text), WORDS_LINES);
	ck_assert(words_next(&w));
	ck_assert_uint_eq(w.n, WORDS_MAX);
	ck_assert(!words_next(&w));
	words_release(&w);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("words");
	TCase *t = tcase_create("words");

	tcase_add_loop_test(
		t, statements_are_taken_apart, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(t, a_word_is_asked_for);
	tcase_add_test(t, a_block_is_skipped_whatever_is_in_it);
	tcase_add_test(t, too_many_words_are_dropped);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return suite_run(suite());
}
