/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdlib.h>

#include "store/row.h"

#include "tests/unit/suite.h"

#define T INT64_C(1795484429) /* 2026-11-24T01:40:29Z */

static struct row row;

START_TEST(a_row_is_its_columns_and_values)
{
	struct conf_store s = { .name = "s" };
	struct record r;

	row_init(&row, 1000);
	row_add(&row, "a", SPAN("one"));
	row_add(&row, "none", SPAN_NONE);
	row_add(&row, "b", SPAN("t\two"));
	r = row_record(&row, &s, "place", 7, 8);
	ck_assert(span_eq(r.text, SPAN("a=one\tb=t\two\n")));
	ck_assert(span_eq(r.field(&r, "b"), SPAN("t\two")));
	ck_assert_ptr_null(r.field(&r, "none").p);
	ck_assert_uint_eq(r.size, 7);
	row_clear(&row);
	r = row_record(&row, &s, "place", 7, 8);
	ck_assert_ptr_null(r.text.p);
	row_release(&row);
}
END_TEST

START_TEST(what_is_too_large_has_no_text)
{
	struct conf_store s = { .name = "s" };
	struct record r;

	row_init(&row, 16);
	row_add(&row, "a", SPAN("one"));
	row_add(&row, "b", SPAN("0123456789012345"));
	r = row_record(&row, &s, "place", 7, 8);
	ck_assert_ptr_null(r.text.p);
	ck_assert_ptr_null(r.field(&r, "a").p);
	ck_assert_uint_eq(r.size, 19);
	row_release(&row);
}
END_TEST

static const struct {
	enum row_time form;
	const char *text;
	int64_t us;
} times[] = {
	{ ROW_TIME_S, "1795484429", T * 1000000 },
	{ ROW_TIME_S, "1795484429.25", T * 1000000 + 250000 },
	{ ROW_TIME_MS, "1795484429001", T * 1000000 + 1000 },
	{ ROW_TIME_US, "-1", -1 },
	{ ROW_TIME_ISO, "2026-11-24 01:40:29", T * 1000000 },
	{ ROW_TIME_ISO, "2026-11-24T02:40:29.5+01:00", T * 1000000 + 500000 },
	{ ROW_TIME_ISO, "2026-11-24", (T - 6029) * 1000000 },
	{ ROW_TIME_JULIAN, "2440587.5", 0 },
	{ ROW_TIME_S, "", RECORD_NO_TIME },
	{ ROW_TIME_S, "soon", RECORD_NO_TIME },
	{ ROW_TIME_S, "99999999999999999999", RECORD_NO_TIME },
	{ ROW_TIME_S, "nan", RECORD_NO_TIME },
	{ ROW_TIME_ISO, "1795484429x", RECORD_NO_TIME },
};

START_TEST(a_time_is_read_as_declared)
{
	struct timestamp ts;

	timestamp_init(&ts, "UTC");
	ck_assert_int_eq(
		row_time_of_text(times[_i].form, &ts, span_str(times[_i].text)), times[_i].us);
}
END_TEST

START_TEST(bounds_in_units_are_never_narrower)
{
	ck_assert_int_eq(row_time_units(ROW_TIME_S, 1500000, false), 1);
	ck_assert_int_eq(row_time_units(ROW_TIME_S, 1500000, true), 2);
	ck_assert_int_eq(row_time_units(ROW_TIME_S, -1500000, false), -2);
	ck_assert_int_eq(row_time_units(ROW_TIME_S, -1500000, true), -1);
	ck_assert_int_eq(row_time_units(ROW_TIME_MS, 2000, true), 2);
	ck_assert_int_eq(row_time_units(ROW_TIME_S, INT64_MAX, true), INT64_MAX);
	ck_assert_int_eq(row_time_units(ROW_TIME_S, INT64_MIN, false), INT64_MIN);
}
END_TEST

START_TEST(names_are_split_and_quoted)
{
	char text[] = " one, two\tthree ";
	const char *name[ROW_NAMES_MAX];
	struct buf b;

	ck_assert_uint_eq(row_names(text, name), 3);
	ck_assert_str_eq(name[1], "two");
	buf_init(&b, 100);
	row_quote(&b, "a\"; drop");
	ck_assert(span_eq(span_of(b.p, b.len), SPAN("\"a\"\"; drop\"")));
	buf_release(&b);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("row");
	TCase *tc = tcase_create("row");

	tcase_add_test(tc, a_row_is_its_columns_and_values);
	tcase_add_test(tc, what_is_too_large_has_no_text);
	tcase_add_loop_test(tc, a_time_is_read_as_declared, 0, sizeof(times) / sizeof(times[0]));
	tcase_add_test(tc, bounds_in_units_are_never_narrower);
	tcase_add_test(tc, names_are_split_and_quoted);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
