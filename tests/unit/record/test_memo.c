/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/transform/memo.h"

#include <check.h>
#include <stdio.h>

#include "tests/unit/suite.h"

/* A table far too small for what is put into it. */
START_TEST(a_hit_is_what_was_put_for_the_very_same_input)
{
	CLEANUP(memo_freep) struct memo *m = memo_new(8, 40, 40);
	char in[64], out[64];
	unsigned hits = 0;

	ck_assert_ptr_nonnull(m);
	for (unsigned i = 0; i < 10000; i++) {
		int n = snprintf(in, sizeof(in), "%.*s%u", (int)(i / 3 % 30),
			"abcdefghijklmnopqrstuvwxyzabcdef", i / 3 % 97);
		int len = snprintf(out, sizeof(out), "out of %s", in);
		struct span input = span_of(in, (size_t)n), output = span_of(out, (size_t)len);
		struct span known = memo_find(m, input);

		if (known.p) {
			hits++;
			ck_assert(span_eq(known, output));
		}
		memo_put(m, input, output);
		known = memo_find(m, input);
		ck_assert(output.len > 40 ? !known.p || span_eq(known, output)
					  : span_eq(known, output));
	}
	ck_assert_uint_gt(hits, 0);
}
END_TEST

START_TEST(two_inputs_of_one_place_are_both_remembered)
{
	CLEANUP(memo_freep) struct memo *m = memo_new(1, 16, 16);

	memo_put(m, SPAN("a"), SPAN("1"));
	memo_put(m, SPAN("b"), SPAN(""));
	ck_assert(span_eq(memo_find(m, SPAN("a")), SPAN("1")));
	ck_assert_ptr_nonnull(memo_find(m, SPAN("b")).p);
	memo_put(m, SPAN("c"), SPAN("3"));
	ck_assert_ptr_null(memo_find(m, SPAN("a")).p);
	ck_assert(span_eq(memo_find(m, SPAN("c")), SPAN("3")));
}
END_TEST

START_TEST(what_does_not_fit_is_not_remembered)
{
	CLEANUP(memo_freep) struct memo *m = memo_new(1, 4, 4);

	memo_put(m, SPAN("12345"), SPAN("1"));
	memo_put(m, SPAN("1"), SPAN("12345"));
	memo_put(m, SPAN(""), SPAN("1"));
	ck_assert_ptr_null(memo_find(m, SPAN("12345")).p);
	ck_assert_ptr_null(memo_find(m, SPAN("1")).p);
	ck_assert_ptr_null(memo_find(m, SPAN("")).p);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("memo");
	TCase *t = tcase_create("memo");

	tcase_add_test(t, a_hit_is_what_was_put_for_the_very_same_input);
	tcase_add_test(t, two_inputs_of_one_place_are_both_remembered);
	tcase_add_test(t, what_does_not_fit_is_not_remembered);
	suite_add_tcase(s, t);
	return suite_run(s);
}
