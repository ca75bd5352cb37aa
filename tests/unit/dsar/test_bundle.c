/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "dsar/answer/bundle-private.h"
#include "dsar/case/made.h"
#include "tests/unit/suite.h"

static struct err e;
static const struct case_file own = { .number = "2026-0002", .correspondence = "2026-0001" };

static const struct {
	const char *text, *told; /* NULL: it names no other */
} texts[] = {
	{ "", NULL },
	{ "hold 3 (T-1)", NULL },
	{ "2026-0002 and the first, 2026-0001", NULL },
	{ "on 2026-11-27, until 1795000000000000", NULL },
	{ "0123456789abcdef2026", NULL },
	{ "2026-0003", "[…]" },
	{ "hold 3 (2026-0003); 2026-0002", "hold 3 ([…]); 2026-0002" },
	{ "2026-00011", "[…]" }, /* not 2026-0001 and a digit */
	{ "2026-0003-2026-0004", "[…]-[…]" },
	{ "2026-", NULL },
	{ "2026-0002-0003", NULL },
};

START_TEST(only_the_numbers_of_other_cases_are_left_out)
{
	const char *text = texts[_i].text, *told = texts[_i].told ? texts[_i].told : text;
	json_t *json = json_pack(
		"{s:s, s:[s, {s:s}], s:i}", "a", text, "list", text, "in", text, "n", 20260003);
	json_t *want = json_pack(
		"{s:s, s:[s, {s:s}], s:i}", "a", told, "list", told, "in", told, "n", 20260003);

	ck_assert_int_eq(bundle_names_other(span_str(text), &own), texts[_i].told != NULL);
	ck_assert_int_eq(bundle_without_others(json, &own, &e), 0);
	ck_assert(json_equal(json, want));
	json_decref(json);
	json_decref(want);
}
END_TEST

START_TEST(the_statement_has_the_hash_of_each_file_on_a_line_of_its_own)
{
	struct bundle_member m[2] = { { .name = "case.json" }, { .name = "sent-1.txt" } };
	json_t *facts = json_object();
	char hash[SHA256_HEX], line[256];
	struct buf out;

	buf_init(&m[0].bytes, 64);
	buf_init(&m[1].bytes, 64);
	buf_str(&m[0].bytes, "{}\n");
	buf_init(&out, 1u << 20);
	ck_assert_int_eq(bundle_text(facts, m, 2, &out, &e), 0);
	buf_char(&out, '\0');
	for (size_t i = 0; i < 2; i++) {
		sha256_hex(span_of(m[i].bytes.p, m[i].bytes.len), hash);
		(void)snprintf(line, sizeof(line), "\n%s  %s\n", hash, m[i].name);
		ck_assert_ptr_nonnull(strstr(out.p, line));
	}
	buf_release(&m[0].bytes);
	buf_release(&out);
	json_decref(facts);
}
END_TEST

static Suite *
bundle_suite(void)
{
	Suite *s = suite_create("bundle");
	TCase *t = tcase_create("bundle");

	tcase_add_loop_test(t, only_the_numbers_of_other_cases_are_left_out, 0,
		(int)(sizeof(texts) / sizeof(texts[0])));
	tcase_add_test(t, the_statement_has_the_hash_of_each_file_on_a_line_of_its_own);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return suite_run(bundle_suite());
}
