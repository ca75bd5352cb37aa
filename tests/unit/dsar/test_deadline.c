/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdlib.h>

#include "base/span.h"
#include "dsar/case/deadline.h"
#include "record/key/day.h"
#include "tests/unit/suite.h"

static int32_t
day(const char *text)
{
	int32_t d;

	ck_assert(day_parse(span_str(text), &d));
	return d;
}

static void
is_day(int32_t got, const char *wanted)
{
	char text[DAY_TEXT_MAX];

	(void)day_format(got, text);
	ck_assert_str_eq(text, wanted);
}

/* Hessen; + 1 month, the same unmoved, + 3 months. */
static const struct vector {
	const char *received, *due, *raw, *extended;
} vectors[] = {
	{ "2026-03-05", "2026-04-07", "2026-04-05", "2026-06-05" }, /* Easter Monday */
	{ "2026-01-31", "2026-03-02", "2026-02-28", "2026-04-30" },
	{ "2027-01-31", "2027-03-01", "2027-02-28", "2027-04-30" },
	{ "2028-01-31", "2028-02-29", "2028-02-29", "2028-05-02" },
	{ "2026-02-03", "2026-03-03", "2026-03-03", "2026-05-04" },
	{ "2026-04-01", "2026-05-04", "2026-05-01", "2026-07-01" },
	{ "2026-05-04", "2026-06-05", "2026-06-04", "2026-08-04" }, /* Corpus Christi */
	{ "2026-08-31", "2026-09-30", "2026-09-30", "2026-11-30" },
	{ "2026-11-25", "2026-12-28", "2026-12-25", "2027-02-25" },
	{ "2026-11-30", "2026-12-30", "2026-12-30", "2027-03-01" },
};

START_TEST(a_month_ends_as_the_regulation_says)
{
	const struct vector *v = &vectors[_i];
	const int32_t received = day(v->received);

	is_day(deadline_due(received, DEADLINE_MONTHS, LAND_HE), v->due);
	is_day(deadline_raw(received, DEADLINE_MONTHS), v->raw);
	is_day(deadline_due(received, DEADLINE_MONTHS_EXTENDED, LAND_HE), v->extended);
}
END_TEST

START_TEST(another_land_has_other_holidays)
{
	is_day(deadline_due(day("2026-05-04"), DEADLINE_MONTHS, LAND_BE), "2026-06-04");
}
END_TEST

START_TEST(a_december_goes_on_into_the_next_year)
{
	is_day(deadline_raw(day("2026-12-31"), 1), "2027-01-31");
	is_day(deadline_raw(day("2026-11-30"), 3), "2027-02-28");
}
END_TEST

/* Received on 2026-09-01, without any pause due on 2026-10-01. */
static const struct pausing {
	struct {
		const char *from, *to;
	} pause[3];
	const char *due;
} pausings[] = {
	{ { { NULL, NULL } }, "2026-10-01" }, { { { "2026-09-03", "2026-09-08" } }, "2026-10-06" },
	{ { { "2026-09-03", "2026-09-03" } }, "2026-10-01" },
	{ { { "2026-09-03", "2026-09-08" }, { "2026-09-05", "2026-09-09" } }, "2026-10-07" },
	{ { { "2026-09-03", "2026-09-05" }, { "2026-09-10", "2026-09-12" } }, "2026-10-05" },
	{ { { "2026-10-02", "2026-10-12" } }, "2026-10-01" }, /* asked too late */
	{ { { "2026-08-20", "2026-09-03" } },
		"2026-10-05" }, /* 10-03 is a Saturday and a holiday */
};

START_TEST(a_pause_is_left_out_once)
{
	const struct pausing *p = &pausings[_i];
	struct deadline_pause v[3];
	size_t n = 0;

	for (; n < 3 && p->pause[n].from; n++)
		v[n] = (struct deadline_pause){ day(p->pause[n].from), day(p->pause[n].to) };
	is_day(deadline_suspended(day("2026-09-01"), DEADLINE_MONTHS, LAND_HE, v, n), p->due);
}
END_TEST

static Suite *
deadline_suite(void)
{
	Suite *s = suite_create("deadline");
	TCase *t = tcase_create("deadline");

	tcase_add_loop_test(t, a_month_ends_as_the_regulation_says, 0,
		(int)(sizeof(vectors) / sizeof(vectors[0])));
	tcase_add_test(t, another_land_has_other_holidays);
	tcase_add_test(t, a_december_goes_on_into_the_next_year);
	tcase_add_loop_test(
		t, a_pause_is_left_out_once, 0, (int)(sizeof(pausings) / sizeof(pausings[0])));
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return suite_run(deadline_suite());
}
