/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <time.h>

#include "record/key/day.h"
#include "record/timestamp.h"
#include "tests/unit/suite.h"

static const struct {
	const char *text;
	int32_t day;
} days[] = {
	{ "1970-01-01", 0 },
	{ "1969-12-31", -1 },
	{ "2024-02-29", 19782 },
	{ "2026-11-24", 20781 },
	{ "9999-12-31", 2932896 },
	{ "0000-01-01", -719528 },
};

START_TEST(a_day_is_written_and_read_alike)
{
	char text[DAY_TEXT_MAX];
	int32_t day;

	ck_assert(day_format(days[_i].day, text));
	ck_assert_str_eq(text, days[_i].text);
	ck_assert(day_parse(span_str(text), &day));
	ck_assert_int_eq(day, days[_i].day);
}
END_TEST

static const char *const no_days[] = { "", "2026-11-2", "2026-11-244", "2026-02-29", "2026-13-01",
	"2026-00-10", "2026-11-00", "2026/11/24", "+026-11-24", "2026-11-2 ", "20261-1-24" };

START_TEST(what_no_calendar_has_is_no_day)
{
	int32_t day = 7;

	ck_assert(!day_parse(span_str(no_days[_i]), &day));
	ck_assert_int_eq(day, 7);
}
END_TEST

START_TEST(a_day_without_a_name_says_so)
{
	char text[DAY_TEXT_MAX];

	ck_assert(!day_format(INT32_MAX, text));
	ck_assert_str_eq(text, "-");
	ck_assert(!day_format(INT32_MIN, text));
}
END_TEST

START_TEST(a_day_begins_at_midnight_utc)
{
	ck_assert_int_eq(timestamp_day(20781 * DAY_US - 1), 20780);
	ck_assert_int_eq(timestamp_day(20781 * DAY_US), 20781);
	ck_assert_int_eq(timestamp_day(-1), -1);
	ck_assert_int_le(abs((int)(day_today() - time(NULL) / 86400)), 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("day");
	TCase *t = tcase_create("day");

	tcase_add_loop_test(t, a_day_is_written_and_read_alike, 0, sizeof(days) / sizeof(days[0]));
	tcase_add_loop_test(
		t, what_no_calendar_has_is_no_day, 0, sizeof(no_days) / sizeof(no_days[0]));
	tcase_add_test(t, a_day_without_a_name_says_so);
	tcase_add_test(t, a_day_begins_at_midnight_utc);
	suite_add_tcase(s, t);
	return suite_run(s);
}
