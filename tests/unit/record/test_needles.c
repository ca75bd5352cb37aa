/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdlib.h>

#include "record/detect/needles.h"

#include "tests/unit/suite.h"

#define N_MAX 300

static struct needle needle[N_MAX];
static char texts[N_MAX][24];

static char
lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static bool
is_at(struct span hay, size_t at, struct span text)
{
	if (hay.len - at < text.len)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (lower(hay.p[at + i]) != lower(text.p[i]))
			return false;
	return true;
}

static size_t
count_plainly(struct span hay, size_t n)
{
	size_t count = 0;

	for (size_t at = 0; at < hay.len; at++)
		for (size_t i = 0; i < n; i++)
			count += is_at(hay, at, needle[i].text);
	return count;
}

static size_t
count(struct span hay, size_t n)
{
	CLEANUP(needles_freep) struct needles *made = NULL;
	struct needle_hit hit;
	struct needles_walk w;
	size_t found = 0;
	struct err e;

	ck_assert_int_eq(needles_new(needle, n, &made, &e), 0);
	w = needles_in(made, hay);
	for (; needles_next(&w, &hit) == 0; found++) {
		ck_assert_uint_lt(hit.which, n);
		ck_assert_uint_eq(hit.end - hit.begin, needle[hit.which].text.len);
		ck_assert(is_at(hay, hit.begin, needle[hit.which].text));
	}
	return found;
}

START_TEST(each_place_is_found_whatever_the_case)
{
	needle[0] = (struct needle){ SPAN("Anna@Example.org"), NEEDLE_ANY };
	needle[1] = (struct needle){ SPAN("203.0.113.7"), NEEDLE_ANY };
	ck_assert_uint_eq(count(SPAN("anna@example.ORG 203.0.113.7"), 2), 2);
	ck_assert_uint_eq(count(SPAN("anna@example.or"), 2), 0);
	ck_assert_uint_eq(count(SPAN(""), 2), 0);
	ck_assert_uint_eq(count(SPAN("anna@example.org"), 0), 0);
}
END_TEST

/* [ and { differ in bit 5 alone, as letters do. */
START_TEST(only_letters_have_a_case)
{
	needle[0] = (struct needle){ SPAN("a[b@"), NEEDLE_ANY };
	ck_assert_uint_eq(count(SPAN("a{b@ a[b` A[B@"), 1), 1);
}
END_TEST

/* Against a look at each place: short alphabets, so that windows and needles overlap. */
START_TEST(the_same_as_a_look_at_each_place)
{
	static char hay[2000];

	srandom(1);
	for (int round = 0; round < 60; round++) {
		const size_t n = (size_t)random() % (round % 2 ? 10 : N_MAX),
			     len = (size_t)random() % sizeof(hay);
		const int letters = 1 + (int)(random() % 12);

		for (size_t i = 0; i < len; i++)
			hay[i] = "abcABC.12\xfc@["[random() % letters];
		for (size_t i = 0; i < n; i++) {
			const size_t l = 5 + (size_t)random() % 12;

			for (size_t k = 0; k < l; k++)
				texts[i][k] = "abcabc.12\xfc@["[random() % letters];
			needle[i] = (struct needle){ span_of(texts[i], l),
				random() % 3 ? NEEDLE_ANY : (size_t)random() % l };
		}
		ck_assert_uint_ge(count(span_of(hay, len), n), 0);
		if (n < 40)
			ck_assert_uint_eq(
				count(span_of(hay, len), n), count_plainly(span_of(hay, len), n));
	}
}
END_TEST

START_TEST(short_ones_are_found_up_to_the_last_byte)
{
	static const char text[] = "...........................................................Eva";

	needle[0] = (struct needle){ SPAN("eva"), NEEDLE_ANY };
	needle[1] = (struct needle){ SPAN("longer than that"), NEEDLE_ANY };
	for (size_t from = 0; from < 60; from++)
		ck_assert_uint_eq(count(span_of(text + from, sizeof(text) - 1 - from), 2), 1);
}
END_TEST

static Suite *
needles_suite(void)
{
	Suite *s = suite_create("needles");
	TCase *t = tcase_create("needles");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, each_place_is_found_whatever_the_case);
	tcase_add_test(t, only_letters_have_a_case);
	tcase_add_test(t, the_same_as_a_look_at_each_place);
	tcase_add_test(t, short_ones_are_found_up_to_the_last_byte);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return suite_run(needles_suite());
}
