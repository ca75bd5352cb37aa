/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <sys/prctl.h>

#include "splitting.h"

#include "tests/unit/suite.h"

static struct conf_format
pattern(const char *const *v, size_t n)
{
	return (struct conf_format){ .type = FORMAT_PATTERN, .pattern = { (const char **)v, n } };
}

static const struct {
	const char *pattern, *line, *split;
} cases[] = {
	/* literals stay, whatever a literal looks like */
	{ "Accepted (?<how>\\w+) for (?<user>\\S+) from (?<ip>\\S+)",
		"Accepted password for al from ::1",
		"Accepted {how=password} for {user=al} from {ip=::1}" },
	{ "\\[(?<a>\\d+)\\] \\\"(?<b>[^\"]*)\\\" \\\\ \\. -", "[12] \"x y\" \\ . -",
		"[{a=12}] \"{b=x y}\" \\ . -" },
	{ "\\Q[a.b]*\\E(?<a>.*)", "[a.b]*x", "[a.b]*{a=x}" },
	{ "x\\Qab\\E+(?<a>.*)", "xabbb!", "xabbb{a=!}" },
	{ "\\x41\\x{42}\\103\\o{104}\\t(?<a>.)", NULL, NULL },
	{ "\\x41\\x{42}\\003\\o{104}\\t(?<a>.)", "AB\003D\tx", "AB\003D\t{a=x}" },
	{ "[.][[][ ](?<a>.)[ \\t]+[\\]]", ".[ x \t]", ".[ {a=x} \t]" },
	{ "a{2}b{1,2}c{,3}d{x}(?<a>.)", "aabbc{,3}d{x}!", "aabbc{,3}d{x}{a=!}" },
	{ "-+=?(?<a>\\w)\\+*", "---x++", "---{a=x}++" },
	{ "(?<a>\\w+):?(?<b>\\w*)", "ab", "{a=ab}{b=}" },
	/* what is no literal is gone */
	{ "(?<a>\\w+) \\d+ (?<b>\\w+)", "x 12345 y", "{a=x}  {b=y}" },
	{ "(?<a>\\w+) .* (?<b>\\w+)", "x secret y", "{a=x}  {b=y}" },
	{ "(?<a>\\w+)[^ ]* (?:\\S+ )?(?<b>\\w+)", "x@h s3cret y", "{a=x}  {b=y}" },
	{ "(?<a>\\w)(\\w+)-", "xsecret-", "{a=x}-" },
	{ "(?<a>\\w)\\N+-\\p{L}\\X", "xsecret-ab", "{a=x}-" },
	{ "(?<a>\\w)(?P=a)(?&a)\\k<a>\\k{a}\\g{a}-", "xxyxxx-", "{a=x}-" },
	{ "(?<n>\\d+):(?>[a-z]+)!", "1:secret!", "{n=1}:!" },
	/* blanks are literals, new lines that \s matches are not */
	{ "(?<a>\\w+)\\s+(?<b>\\w+)", "x \t y", "{a=x} \t {b=y}" },
	{ "(?<a>\\w+)\\s+(?<b>\\w+)", "x \n y", "{a=x}  {b=y}" },
	{ "(?<a>\\w+)\\s+,\\n(?<b>\\w+)", "x \n,\ny", "{a=x} ,\n{b=y}" },
	{ "(?<a>\\w+)\\h*,\\R(?<b>\\w+)", "x ,\r\ny", "{a=x} ,\r\n{b=y}" },
	{ "(?<a>\\w+)(?:\\n|\\s|-)+(?<b>\\w+)", "x-\n y", "{a=x}-\n {b=y}" },
	/* groups */
	{ "(?:INFO|WARN) +(?<a>.+)", "WARN  x", "WARN  {a=x}" },
	{ "(INFO|WARN) (?<a>.+)", "INFO x", "INFO {a=x}" },
	{ "(?:user=(?<u>\\w+)|ip=(?<i>\\S+)), (?<r>.*)", "ip=::1, x", "ip={i=::1}, {r=x}" },
	{ "(?<a>\\w+)(?: by (?<b>\\w+))?(?: at \\d+)?\\.", "x by y at 7.", "{a=x} by {b=y} at ." },
	{ "(?<a>\\w+)(?: by (?<b>\\w+))?(?: at \\d+)?\\.", "x.", "{a=x}." },
	{ "(?:(?<k>\\w+)=(?<v>\\w+) ?)+", "a=1 b=2 c=3", "{k=c}={v=3}" },
	{ "(?:(?<k>\\w*)(=*)\\d??|(\\.?)){1,3}", "a=.", "{k=}." },
	{ "(?:ab|cd){2}(?<x>.)", "abcd!", "abcd{x=!}" },
	{ "(?|a(?<x>\\d)|b(?<x>\\w))", "bz", "b{x=z}" },
	{ "(?<x>\\d)a|b(?<x>\\w)", "bz", "b{x=z}" },
	{ "(?:a(?:b(?:c(?<x>.)d)?e)?f)", "abc.def", "abc{x=.}def" },
	{ "(?'x'\\d)(?P<y>\\d)", "12", "{x=1}{y=2}" },
	{ "(?<x>(a|b)+(?:c)) (?<y>[()]+)", "abac ()", "{x=abac} {y=()}" },
	/* what a group had is forgotten where the pattern goes another way */
	{ "(?<a>x)*+b|.*", "xq", "" },
	{ "(?x)(?<a>x) (?#) *+b|.*", "xq", "" },
	{ "()(?<a>)*+y|.", "W", "" },
	/* options, comments, look-arounds, ends */
	{ "(?i)from (?<x>\\w+)(?-i) TO (?<y>.)", "FROM a TO b", "FROM {x=a} TO {y=b}" },
	{ "fr(?i)om(?<x>\\d)", "frOM1", "frOM{x=1}" },
	{ "(?i:from) (?<x>\\w+)", "From a", "From {x=a}" },
	{ "(?x) from \\  (?<x> \\w+ ) # a ( comment\n [ ] + to # end", "from a  to",
		"from {x=a}  to" },
	{ "(?x: a b )c (?<x>.)", "abc d", "abc {x=d}" },
	{ "a(?#no literal)b+(?#x)?(?<x>.)", "abb!", "abb{x=!}" },
	{ "^(?<x>\\w+)(?= )(?! \\d) (?<=x )(?<!y )b\\b$", "x b", "{x=x} b" },
	{ "(?<x>\\w+)(?=(\\d)\\.).\\.", "ab1.", "{x=ab}." },
	/* the whole line, or nothing */
	{ "(?<x>\\w+)", "a b", "no match" },
	{ "(?<x>\\w+)", " ab", "no match" },
	{ "(?<x>\\w+)$", "ab\n", "no match" },
	{ "(?<x>.*)end", "a\nb\nend", "{x=a\nb\n}end" },
	{ "(?<x>a*)", "", "{x=}" },
	{ "(?<x>a)|", "", "" },
};

/* Alone, and where there is a choice, so that the line is asked first for what the pattern needs. */
static void
check_case(int i)
{
	const char *const twice[] = { cases[i].pattern, cases[i].pattern };
	struct splitting s;
	struct err e;

	if (!cases[i].split) {
		ck_assert_int_eq(splitting_try(&s, pattern(&cases[i].pattern, 1), &e), -1);
	} else {
		splitting_init(&s, pattern(&cases[i].pattern, 1));
		ck_assert_str_eq(splitting_of(&s, cases[i].line), cases[i].split);
		splitting_release(&s);
		splitting_init(&s, pattern(twice, 2));
		ck_assert_str_eq(splitting_of(&s, cases[i].line), cases[i].split);
	}
	splitting_release(&s);
}

START_TEST(line_is_split_into_fields_and_literals)
{
	check_case(_i);
}
END_TEST

#ifndef PR_SET_MDWE
#define PR_SET_MDWE              65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

/* As under systemd's MemoryDenyWriteExecute=yes. It can't be taken back, so the test needs a process
 * of its own. */
START_TEST(without_jit_the_same_comes_out)
{
	const char *fork_mode = getenv("CK_FORK");

	if (fork_mode && strcmp(fork_mode, "no") == 0)
		return;
	if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) < 0)
		return; /* a kernel before 6.3 */
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_case((int)i);
}
END_TEST

START_TEST(alternatives_are_tried_in_order)
{
	static const char *const v[] = { "a=(?<a>\\w+)", "b=(?<b>\\w+), a=(?<a>\\w+)",
		"(?<rest>.*)" };
	struct splitting s;

	splitting_init(&s, pattern(v, 3));
	ck_assert_uint_eq(format_n_fields(s.format), 3);
	ck_assert_str_eq(splitting_of(&s, "a=1"), "a={a=1}");
	ck_assert_str_eq(splitting_of(&s, "b=1, a=2"), "b={b=1}, a={a=2}");
	ck_assert_str_eq(splitting_of(&s, "b=1"), "{rest=b=1}");
	splitting_release(&s);
}
END_TEST

static const char *const refused[] = {
	"(?<a>x", /* not PCRE2 at all */
	"no group",
	"(?<a>(?<b>x))",
	"(?=(?<a>x))x",
	"(?<!(?<a>x))y(?<b>x)",
	"(?<a>x)\\1",
	"(?<a>x)\\g1",
	"(?<a>x)\\g{-1}",
	"(?<a>x)\\g<1>",
	"(?<a>x)(?1)",
	"(?<a>x)(?+0)",
	"(?<a>x)(?-1)",
	"(?<a>x|(?R))",
	"(?<a>x)(?(1)y|z)",
	"(?<a>x)(?(<a>)y|z)",
	"(?<a>x)(?C1)",
	"(*UTF)(?<a>x)",
	"(?<a>x)(*FAIL)",
	"(?<a>x)[\\Q]\\E]",
	"x?\\E?(?<a>x)",
};

START_TEST(pattern_that_cannot_be_followed_is_refused)
{
	struct splitting s;
	struct err e;

	ck_assert_msg(splitting_try(&s, pattern(&refused[_i], 1), &e) == -1, "%s", refused[_i]);
	ck_assert_int_eq(e.exit, EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.where, "test.conf:7"));
	splitting_release(&s);
}
END_TEST

START_TEST(runaway_pattern_meets_its_limit)
{
	static const char *const v[] = { "(?<a>(x+x+)+[yz])" };
	char line[64];
	struct splitting s;

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	splitting_init(&s, pattern(v, 1));
	ck_assert_str_eq(splitting_of(&s, line), "limit");
	splitting_release(&s);
}
END_TEST

START_TEST(longest_line_for_a_pattern_is_a_mebibyte)
{
	static const char *const v[] = { "(?<a>.*)" };
	const size_t n = (1u << 20) + 1;
	char *line = malloc(n);
	struct splitting s;
	struct split sp;

	ck_assert_ptr_nonnull(line);
	memset(line, 'x', n);
	splitting_init(&s, pattern(v, 1));
	ck_assert_int_eq(format_split(s.format, span_of(line, n - 1), &sp), FORMAT_OK);
	ck_assert_int_eq(format_split(s.format, span_of(line, n), &sp), FORMAT_LIMIT);
	splitting_release(&s);
	free(line);
}
END_TEST

START_TEST(any_byte_is_matched)
{
	static const char *const v[] = { "(?<a>[^ ]*) (?<b>.*)" };
	static const char line[] = "a\0\xff \n\xc3";
	struct splitting s;
	struct split sp;

	splitting_init(&s, pattern(v, 1));
	ck_assert_int_eq(format_split(s.format, span_of(line, sizeof(line) - 1), &sp), FORMAT_OK);
	pieces_spell_out(span_of(line, sizeof(line) - 1), &sp);
	ck_assert_uint_eq(sp.n, 3);
	ck_assert_uint_eq(sp.piece[0].len, 3);
	ck_assert_uint_eq(sp.piece[2].len, 2);
	ck_assert_int_eq(format_split(s.format, SPAN_NONE, &sp), FORMAT_NO_MATCH);
	splitting_release(&s);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pattern");
	TCase *t = tcase_create("all");

	tcase_add_loop_test(t, line_is_split_into_fields_and_literals, 0,
		(int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(t, without_jit_the_same_comes_out);
	tcase_add_test(t, alternatives_are_tried_in_order);
	tcase_add_loop_test(t, pattern_that_cannot_be_followed_is_refused, 0,
		(int)(sizeof(refused) / sizeof(refused[0])));
	tcase_add_test(t, runaway_pattern_meets_its_limit);
	tcase_add_test(t, longest_line_for_a_pattern_is_a_mebibyte);
	tcase_add_test(t, any_byte_is_matched);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
