/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "dsar/answer/template.h"

#include "tests/unit/suite.h"

static const char *const names[] = { "name", "list", "empty" };
static struct places places;
static struct letter letter;
static struct buf out;
static struct err e;

static void
setup(void)
{
	ck_assert_int_eq(places_init(&places, names, 3, &e), 0);
	ck_assert_int_eq(place_put(&places, "name", span_str("Erika Mustermann"), &e), 0);
	ck_assert_int_eq(place_put(&places, "list", span_str("one"), &e), 0);
	ck_assert_int_eq(place_put(&places, "list", span_str("two"), &e), 0);
	letter_init(&letter, "en", INT64_C(1795789445000000));
	buf_init(&out, LETTER_MAX);
}

static void
teardown(void)
{
	places_release(&places);
	letter_release(&letter);
	buf_release(&out);
}

static const char *
as_text(const char *template_)
{
	ck_assert_int_eq(template_fill("t.txt", span_str(template_), &places, &letter, &e), 0);
	ck_assert_int_eq(letter_text(&letter, &out, &e), 0);
	buf_char(&out, 0);
	return out.p;
}

START_TEST(places_are_filled)
{
	ck_assert_str_eq(
		as_text("; a remark\n# To {name}\n\nHello\n{name},\nyes.\n\n{list}\n## Why\n- {list}\n"
			"| a {name}\n| {empty}\n| b\n"),
		"To Erika Mustermann\n===================\n\nHello Erika Mustermann, yes.\n\n"
		"- one\n- two\n\nWhy\n---\n\n- one, two\n\na Erika Mustermann\nb\n");
}
END_TEST

START_TEST(a_condition_leaves_out_what_has_nothing_to_say)
{
	ck_assert_str_eq(as_text("[with empty]\n{empty} no\n[end]\n[without empty]\nnobody\n[end]\n"
				 "[with name]\nyes {name}\n[end]\n"),
		"nobody\n\nyes Erika Mustermann\n");
}
END_TEST

static const struct {
	const char *text, *where;
} wrong[] = {
	{ "# a\n\nHello {nmae}\n", "t.txt:3: nmae" },
	{ "Hello {name\n", "t.txt:1: {name" },
	{ "\n[with name]\nx\n", "t.txt:2" },
	{ "[with name]\n[with list]\n[end]\n", "t.txt:2: [with list]" },
	{ "[if name]\n", "t.txt:1: [if name]" },
	{ "[end]\n", "t.txt:1: [end]" },
	{ "[with nobody]\n[end]\n", "t.txt:1: nobody" },
};

START_TEST(what_is_wrong_is_named_by_file_and_line)
{
	ck_assert_int_lt(template_fill("t.txt", span_str(wrong[_i].text), &places, &letter, &e), 0);
	ck_assert_int_eq(e.exit, EX_CONFIG);
	ck_assert_str_eq(e.where, wrong[_i].where);
}
END_TEST

START_TEST(a_value_is_no_template)
{
	ck_assert_int_eq(place_put(&places, "empty", span_str("{list}\n# [end]"), &e), 0);
	ck_assert_str_eq(as_text("a {empty} b\n"), "a {list} # [end] b\n");
}
END_TEST

START_TEST(what_deceives_is_replaced)
{
	static const unsigned char deceiving[] = { 'a', 0xe2, 0x80, 0xae, 't', 'x', 't', 0x1b, '[',
		'2', 'J', 0xff };

	ck_assert_int_eq(place_put(&places, "empty", span_of(deceiving, sizeof(deceiving)), &e), 0);
	ck_assert_str_eq(as_text("{empty} b\n"), "a\xef\xbf\xbdtxt\xef\xbf\xbd[2J\xef\xbf\xbd b\n");
}
END_TEST

/* U+2068 and U+2069, which in a text would turn this file's own lines. */
START_TEST(a_name_from_right_to_left_turns_nothing_around_it)
{
	static const unsigned char isolate[] = { 0xe2, 0x81, 0xa8 };
	static const unsigned char isolate_end[] = { 0xe2, 0x81, 0xa9 };

	ck_assert_int_eq(place_put(&places, "empty", span_str("ירדן"), &e), 0);
	(void)as_text("({empty}) 1\n");
	ck_assert_int_eq(memcmp(out.p + 1, isolate, 3), 0);
	ck_assert_int_eq(memcmp(out.p + 4, "ירדן", 8), 0);
	ck_assert_int_eq(memcmp(out.p + 12, isolate_end, 3), 0);
	ck_assert_str_eq(out.p + 15, ") 1\n");
}
END_TEST

START_TEST(lines_of_mail_have_72_columns_at_most)
{
	char text[4096];
	size_t n = 0;

	for (int i = 0; i < 60; i++)
		n += (size_t)snprintf(
			text + n, sizeof(text) - n, "%s ", i % 7 ? "wörter" : "日本語");
	(void)snprintf(text + n, sizeof(text) - n, "\n");
	(void)as_text(text);
	for (const char *p = out.p, *lf; (lf = strchr(p, '\n')); p = lf + 1)
		ck_assert_int_le(lf - p, 72 * 2);
	ck_assert_ptr_nonnull(strchr(out.p, '\n'));
}
END_TEST

START_TEST(html_is_quoted)
{
	ck_assert_int_eq(place_put(&places, "empty", span_str("<script>&\"</script>"), &e), 0);
	ck_assert_int_eq(
		template_fill("t", SPAN("# T {empty}\n{empty}\n"), &places, &letter, &e), 0);
	ck_assert_int_eq(letter_html(&letter, &out, &e), 0);
	ck_assert_ptr_null(memmem(out.p, out.len, "<script", 7));
	ck_assert_ptr_nonnull(memmem(out.p, out.len, "&lt;script&gt;&amp;", 19));
	ck_assert_ptr_nonnull(memmem(out.p, out.len, "<li dir=\"auto\">", 15));
}
END_TEST

START_TEST(the_same_letter_is_the_same_pdf)
{
	struct buf again;

	buf_init(&again, LETTER_MAX);
	for (int i = 0; i < 200; i++)
		ck_assert_int_eq(letter_add(&letter, i % 3 ? LETTER_TEXT : LETTER_ITEM,
					 span_str("Ein Absatz mit 👋 und שלום."), &e),
			0);
	ck_assert_int_eq(letter_pdf(&letter, &out, &e), 0);
	ck_assert_int_eq(letter_pdf(&letter, &again, &e), 0);
	ck_assert_uint_gt(out.len, 1000);
	ck_assert_int_eq(memcmp(out.p, "%PDF", 4), 0);
	ck_assert_uint_eq(out.len, again.len);
	ck_assert_int_eq(memcmp(out.p, again.p, out.len), 0);
	buf_release(&again);
}
END_TEST

/* What Fontconfig has read it keeps for as long as the process lives; ASan's leaks are others'. */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
	return "leak:libfontconfig";
}

int
main(void)
{
	Suite *s = suite_create("letter");
	TCase *t = tcase_create("letter");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, places_are_filled);
	tcase_add_test(t, a_condition_leaves_out_what_has_nothing_to_say);
	tcase_add_loop_test(
		t, what_is_wrong_is_named_by_file_and_line, 0, sizeof(wrong) / sizeof(wrong[0]));
	tcase_add_test(t, a_value_is_no_template);
	tcase_add_test(t, what_deceives_is_replaced);
	tcase_add_test(t, a_name_from_right_to_left_turns_nothing_around_it);
	tcase_add_test(t, lines_of_mail_have_72_columns_at_most);
	tcase_add_test(t, html_is_quoted);
	tcase_add_test(t, the_same_letter_is_the_same_pdf);
	suite_add_tcase(s, t);
	return suite_run(s);
}
