/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdlib.h>

#include "record/format/escape.h"

#include "tests/unit/suite.h"

static const struct {
	enum conf_escape kind;
	struct span raw, plain;
} readable[] = {
	{ ESCAPE_NONE, SPAN("a\\x22"), SPAN("a\\x22") },
	{ ESCAPE_NGINX, SPAN("evil \\x22 agent \\x5Cx01"), SPAN("evil \" agent \\x01") },
	{ ESCAPE_NGINX, SPAN("\\x00\\xfF\\\"\\\\"), SPAN("\0\xff\"\\") },
	{ ESCAPE_NGINX, SPAN("\\x2g \\x2 \\n \\"), SPAN("\\x2g \\x2 \\n \\") },
	{ ESCAPE_NGINX, SPAN("\\x2"), SPAN("\\x2") },
	{ ESCAPE_APACHE, SPAN("a\\\"b\\\\c\\n\\t\\v\\xe4"), SPAN("a\"b\\c\n\t\v\xe4") },
	{ ESCAPE_APACHE, SPAN("\\f\\u00e4"), SPAN("\\f\\u00e4") },
	{ ESCAPE_JSON, SPAN("\\\"\\\\\\/\\b\\f\\n\\r\\t"), SPAN("\"\\/\b\f\n\r\t") },
	{ ESCAPE_JSON, SPAN("\\u0041\\u00e4\\u20AC\\uD83D\\uDE00\\u0000"),
		SPAN("A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\0") },
	{ ESCAPE_JSON, SPAN("\\ud83d \\ude00 \\ud83d\\u0041 \\u12 \\x \\"),
		SPAN("\\ud83d \\ude00 \\ud83dA \\u12 \\x \\") },
	{ ESCAPE_RSYSLOG, SPAN("a#011b#012#177#303#244#043"), SPAN("a\tb\n\177\xc3\xa4#") },
	{ ESCAPE_RSYSLOG, SPAN("issue #123, #1, #400, #08 #"),
		SPAN("issue #123, #1, #400, #08 #") },
	{ ESCAPE_SD, SPAN("a\\\"b\\]c\\\\d\\ne\\"), SPAN("a\"b]c\\d\\ne\\") },
};

START_TEST(escapes_are_undone)
{
	struct buf b;

	buf_init(&b, 256);
	escape_undo(readable[_i].kind, readable[_i].raw, &b);
	ck_assert(span_eq(span_of(b.p, b.len), readable[_i].plain));
	ck_assert_int_eq(escape_is_needed_to_undo(readable[_i].kind, readable[_i].raw),
		readable[_i].kind != ESCAPE_NONE);
	ck_assert(!escape_is_needed_to_undo(readable[_i].kind, SPAN("plain text")));
	ck_assert(!escape_is_needed_to_undo(readable[_i].kind, SPAN_NONE));
	buf_release(&b);
}
END_TEST

static const struct {
	enum conf_escape kind;
	struct span plain, raw;
} writable[] = {
	{ ESCAPE_NONE, SPAN("a\"\n"), SPAN("a\"\n") },
	{ ESCAPE_NGINX, SPAN("a\"b\\c\n\x7f\xe4"), SPAN("a\\x22b\\x5Cc\\x0A\\x7F\\xE4") },
	{ ESCAPE_APACHE, SPAN("a\"b\\c\n\t\r\v\b\f\xe4"),
		SPAN("a\\\"b\\\\c\\n\\t\\r\\v\\b\\x0c\\xe4") },
	{ ESCAPE_JSON, SPAN("a\"b\\c/\n\t\r\f\b\x01\xc3\xa4"),
		SPAN("a\\\"b\\\\c/\\n\\t\\r\\f\\b\\u0001\xc3\xa4") },
	{ ESCAPE_RSYSLOG, SPAN("a\tb #123 #011 \xe4"), SPAN("a#011b #123 #043011 \xe4") },
	{ ESCAPE_SD, SPAN("a\"b]c\\d\n"), SPAN("a\\\"b\\]c\\\\d\n") },
};

START_TEST(escapes_are_written_as_the_product_does)
{
	struct buf b;

	buf_init(&b, 256);
	escape_redo(writable[_i].kind, writable[_i].plain, &b);
	ck_assert(span_eq(span_of(b.p, b.len), writable[_i].raw));
	buf_release(&b);
}
END_TEST

/* Every pair of bytes, so that nothing written can be misread together with what stands beside it. */
START_TEST(what_is_written_reads_back_the_same)
{
	struct buf raw, plain;

	buf_init(&raw, 64);
	buf_init(&plain, 64);
	for (unsigned pair = 0; pair < 65536; pair++) {
		const char text[] = { (char)(pair >> 8), (char)pair, '0', '1', '1', (char)pair };
		const struct span s = span_of(text, sizeof(text));

		buf_clear(&raw);
		buf_clear(&plain);
		escape_redo((enum conf_escape)_i, s, &raw);
		escape_undo((enum conf_escape)_i, span_of(raw.p, raw.len), &plain);
		if (!span_eq(span_of(plain.p, plain.len), s))
			ck_abort_msg("bytes %u and %u", pair >> 8, pair & 255);
	}
	buf_release(&raw);
	buf_release(&plain);
}
END_TEST

/* A byte is written alike wherever it stands: long texts go by blocks. */
START_TEST(a_byte_is_escaped_alike_in_each_place)
{
	char text[40];
	struct buf whole, one;

	buf_init(&whole, 512);
	buf_init(&one, 64);
	for (unsigned c = 0; c < 256; c++) {
		for (size_t at = 0; at < sizeof(text); at++) {
			memset(text, 'x', sizeof(text));
			text[at] = (char)c;
			buf_clear(&whole);
			buf_clear(&one);
			escape_redo((enum conf_escape)_i, span_of(text, sizeof(text)), &whole);
			escape_redo((enum conf_escape)_i, span_of(text + at, 1), &one);
			ck_assert_uint_eq(whole.len, sizeof(text) - 1 + one.len);
			ck_assert_int_eq(memcmp(whole.p + at, one.p, one.len), 0);
		}
	}
	buf_release(&whole);
	buf_release(&one);
}
END_TEST

START_TEST(what_does_not_fit_is_told)
{
	struct buf b;

	buf_init(&b, 4);
	escape_redo(ESCAPE_NGINX, SPAN("\"\""), &b);
	ck_assert(b.failed);
	buf_release(&b);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("escape");
	TCase *t = tcase_create("all");

	tcase_add_loop_test(
		t, escapes_are_undone, 0, (int)(sizeof(readable) / sizeof(readable[0])));
	tcase_add_loop_test(t, escapes_are_written_as_the_product_does, 0,
		(int)(sizeof(writable) / sizeof(writable[0])));
	tcase_add_loop_test(t, what_is_written_reads_back_the_same, ESCAPE_NONE, ESCAPE_SD + 1);
	tcase_add_loop_test(t, a_byte_is_escaped_alike_in_each_place, ESCAPE_NONE, ESCAPE_SD + 1);
	tcase_add_test(t, what_does_not_fit_is_told);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
