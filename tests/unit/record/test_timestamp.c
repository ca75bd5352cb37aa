/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "record/timestamp.h"

#include "tests/unit/suite.h"

/* Zones by their rules, so that no zone files are needed. */
#define BERLIN    "CET-1CEST,M3.5.0,M10.5.0/3"
#define ST_JOHNS  "NST3:30NDT,M3.2.0,M11.1.0"
#define LORD_HOWE "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"
#define KOLKATA   "IST-5:30"

#define LATEST (INT64_C(1795484429) * 1000000) /* 2026-11-24 01:40:29 UTC */

static const struct {
	const char *zone, *text, *utc;
} readable[] = {
	{ "UTC0", "24/Nov/2026:01:40:29 +0000", "2026-11-24T01:40:29.000000Z" },
	{ "UTC0", "[24/Nov/2026:01:40:29 +0000]", "2026-11-24T01:40:29.000000Z" },
	{ "UTC0", "[24/Nov/2026:01:40:29 +0000", "2026-11-24T01:40:29.000000Z" },
	{ "UTC0", "04/Dec/2019:10:43:17 +0300", "2019-12-04T07:43:17.000000Z" },
	{ "UTC0", "24/Nov/2026:01:41:32.639", "2026-11-24T01:41:32.639000Z" },
	{ BERLIN, "24/Nov/2026:01:41:32.639", "2026-11-24T00:41:32.639000Z" },
	{ "UTC0", "2026-11-24T01:40:29Z", "2026-11-24T01:40:29.000000Z" },
	{ "UTC0", "2026-11-24t01:40:29z", "2026-11-24T01:40:29.000000Z" },
	{ "UTC0", "2026-11-24T01:40:29.003Z", "2026-11-24T01:40:29.003000Z" },
	{ "UTC0", "2003-08-24T05:14:15.000003-07:00", "2003-08-24T12:14:15.000003Z" },
	{ "UTC0", "2026-11-24T01:40:29+00:00", "2026-11-24T01:40:29.000000Z" },
	{ "UTC0", "2026-11-24T01:40:04+0000", "2026-11-24T01:40:04.000000Z" },
	{ "UTC0", "2026-11-24 01:40:29+01", "2026-11-24T00:40:29.000000Z" },
	{ "UTC0", "2026-11-24 01:41:30,123", "2026-11-24T01:41:30.123000Z" },
	{ "UTC0", "2019-01-01T11:11:11.111111111Z", "2019-01-01T11:11:11.111111Z" },
	{ "UTC0", "2026-11-24 01:40:29.123 UTC", "2026-11-24T01:40:29.123000Z" },
	{ "UTC0", "2026-11-24 01:40:29 -0330", "2026-11-24T05:10:29.000000Z" },
	{ BERLIN, "2026-07-24 01:40:29", "2026-07-23T23:40:29.000000Z" },
	{ BERLIN, "2026-11-24 01:40:29 CET", "2026-11-24T00:40:29.000000Z" },
	{ BERLIN, "2026-10-25 02:30:00 CEST", "2026-10-25T00:30:00.000000Z" },
	{ BERLIN, "2026-10-25 02:30:00 CET", "2026-10-25T01:30:00.000000Z" },
	{ "UTC0", "2026/11/24 01:40:28", "2026-11-24T01:40:28.000000Z" },
	{ "UTC0", "Tue Nov 24 01:41:30.083173 2026", "2026-11-24T01:41:30.083173Z" },
	{ "UTC0", "Tue Nov  3 01:41:30 2026", "2026-11-03T01:41:30.000000Z" },
	{ "UTC0", "24 Nov 2026 01:40:26.044", "2026-11-24T01:40:26.044000Z" },
	{ "UTC0", "24-Nov-2026 01:40:26.044", "2026-11-24T01:40:26.044000Z" },
	{ "UTC0", "Tue, 24 Nov 2026 01:40:29 +0100", "2026-11-24T00:40:29.000000Z" },
	{ "UTC0", "Tue, 3 Nov 2026 01:40:29 GMT", "2026-11-03T01:40:29.000000Z" },
	{ "UTC0", "1795484429", "2026-11-24T01:40:29.000000Z" },
	{ "UTC0", "1795484429.123", "2026-11-24T01:40:29.123000Z" },
	{ "UTC0", "1795484429123", "2026-11-24T01:40:29.123000Z" },
	{ "UTC0", "1795484429123456", "2026-11-24T01:40:29.123456Z" },
	{ "UTC0", "1795484429123456789", "2026-11-24T01:40:29.123456Z" },
	{ "UTC0", "999999999", "2001-09-09T01:46:39.000000Z" },
	/* a missing year, seen from 2026-11-24 01:40:29 */
	{ "UTC0", "Nov 24 01:40:29", "2026-11-24T01:40:29.000000Z" },
	{ "UTC0", "Nov 24 01:40:30", "2025-11-24T01:40:30.000000Z" },
	{ "UTC0", "Nov  4 01:40:29.5", "2026-11-04T01:40:29.500000Z" },
	{ "UTC0", "Feb 6 16:27:08", "2026-02-06T16:27:08.000000Z" },
	{ "UTC0", "Dec 31 23:59:59", "2025-12-31T23:59:59.000000Z" },
	{ "UTC0", "Feb 29 12:00:00", "2024-02-29T12:00:00.000000Z" },
	{ KOLKATA, "Nov 24 07:10:29", "2026-11-24T01:40:29.000000Z" },
	{ "UTC0", "oct. 29 16:47:39", "2026-10-29T16:47:39.000000Z" },
	{ "UTC0", "f\xc3\xa9vr. 1 16:47:39", "2026-02-01T16:47:39.000000Z" },
	{ "UTC0", "M\xc3\xa4r 01 16:47:39", "2026-03-01T16:47:39.000000Z" },
	{ "UTC0",
		"d\xc3\xa9"
		"c. 01 16:47:39",
		"2025-12-01T16:47:39.000000Z" },
	/* leap second, leap day, far ends */
	{ "UTC0", "2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z" },
	{ "UTC0", "2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000Z" },
	{ "UTC0", "1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000Z" },
	{ "UTC0", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z" },
	{ "UTC0", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000000Z" },
	/* spring leaves this out */
	{ BERLIN, "2026-03-29 02:30:00", "2026-03-29T01:30:00.000000Z" },
};

START_TEST(time_is_read)
{
	struct timestamp t;
	char utc[28];
	int64_t us, again;

	timestamp_init(&t, readable[_i].zone);
	t.latest_us = LATEST;
	ck_assert_msg(
		timestamp_parse(&t, span_str(readable[_i].text), &us), "%s", readable[_i].text);
	timestamp_format(us, utc);
	ck_assert_str_eq(utc, readable[_i].utc);
	ck_assert(timestamp_parse(&t, span_str(readable[_i].text), &again)); /* remembered */
	ck_assert_int_eq(again, us);
}
END_TEST

static const char *const unreadable[] = {
	"",
	"-",
	"14: ",
	"12345678",
	"12345678901",
	"1795484429.",
	"1795484429x",
	"2026-11-24",
	"2026-11-24T01:40",
	"2026-11-24T01:40:2",
	"2026-11-24T24:00:00Z",
	"2026-11-24T01:60:00Z",
	"2026-11-24T01:40:61Z",
	"2026-13-24T01:40:29Z",
	"2026-00-24T01:40:29Z",
	"2026-02-29T01:40:29Z",
	"2026-11-31T01:40:29Z",
	"2026-11-24T01:40:29+25:00",
	"2026-11-24T01:40:29+0",
	"2026-11-24T01:40:29.Z",
	"2026-11-24T01:40:29Z ",
	" 2026-11-24T01:40:29Z",
	"2026-11-24 01:40:29 CEST",
	"2026-11-24 01:40:29 XYZ",
	"2026-11-24 01:40:29 alice",
	"24/Nov/2026:01:40:29 +00000",
	"24/Nix/2026:01:40:29 +0000",
	"31/Feb/2026:01:40:29 +0000",
	"Nov 24 01:40:29 2026",
	"Nov 32 01:40:29",
	"Feb 30 01:40:29",
	"Tue Nov 24 01:41:30",
	"Tag Nov 24 01:41:30 2026",
	"Nov 24 01:40:29\n",
	"alice@example.org",
	"2026-11-24T01:40:29.00000000000000000000000000000000000000000000000000000000000Z",
};

START_TEST(other_text_is_no_time)
{
	struct timestamp t;
	int64_t us = 42;
	char room[128];

	timestamp_init(&t, BERLIN);
	t.latest_us = LATEST;
	ck_assert_msg(!timestamp_parse(&t, span_str(unreadable[_i]), &us), "%s", unreadable[_i]);
	ck_assert_int_eq(us, 42);
	(void)timestamp_coarsen(&t, span_str(unreadable[_i]), 60, room);
}
END_TEST

static const char *const zones[] = { BERLIN, ST_JOHNS, LORD_HOWE, KOLKATA, "UTC0",
	"Europe/Berlin" };

/* Every quarter of an hour of 2025, written by the C library and read back in order. */
START_TEST(local_times_in_order_are_what_the_c_library_wrote)
{
	struct timestamp t;
	struct tm tm;
	char text[64];

	timestamp_init(&t, zones[_i]);
	ck_assert_int_eq(setenv("TZ", zones[_i], 1), 0);
	tzset();
	for (time_t at = 1735689600; at < 1767225600; at += 900) {
		int64_t us;

		ck_assert_ptr_nonnull(localtime_r(&at, &tm));
		ck_assert_int_gt(strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm), 0);
		ck_assert(timestamp_parse(&t, span_str(text), &us));
		ck_assert_msg(us == (int64_t)at * 1000000, "%s is not %lld", text, (long long)at);
	}
}
END_TEST

START_TEST(zone_of_the_process_stays_what_it_was)
{
	struct timestamp t;
	int64_t us;

	ck_assert_int_eq(setenv("TZ", KOLKATA, 1), 0);
	tzset();
	timestamp_init(&t, BERLIN);
	ck_assert(timestamp_parse(&t, SPAN("2026-11-24 02:40:29"), &us));
	ck_assert_int_eq(us, LATEST);
	ck_assert_str_eq(getenv("TZ"), KOLKATA);
	ck_assert_int_eq(timezone, -19800);
	timestamp_init(&t, NULL);
	ck_assert(timestamp_parse(&t, SPAN("2026-11-24 07:10:29"), &us));
	ck_assert_int_eq(us, LATEST);
	ck_assert_int_eq(unsetenv("TZ"), 0);
	timestamp_init(&t, BERLIN);
	ck_assert(timestamp_parse(&t, SPAN("2026-11-24 02:40:29"), &us));
	ck_assert_ptr_null(getenv("TZ"));
}
END_TEST

START_TEST(doubled_hour_goes_by_the_order_of_lines)
{
	static const struct {
		const char *text, *utc;
	} lines[] = {
		{ "2026-10-25 02:10:00", "2026-10-25T00:10:00.000000Z" },
		{ "2026-10-25 02:40:00", "2026-10-25T00:40:00.000000Z" },
		{ "2026-10-25 02:39:58", "2026-10-25T00:39:58.000000Z" }, /* a little disorder */
		{ "2026-10-25 02:05:00", "2026-10-25T01:05:00.000000Z" },
		{ "2026-10-25 02:40:00", "2026-10-25T01:40:00.000000Z" },
		{ "2026-10-25 03:00:00", "2026-10-25T02:00:00.000000Z" },
		{ "2026-11-25 03:00:00", "2026-11-25T02:00:00.000000Z" },
		{ "2026-10-25 02:40:00", "2026-10-25T00:40:00.000000Z" }, /* another file */
	};
	struct timestamp t;
	char utc[28];
	int64_t us;

	timestamp_init(&t, BERLIN);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ck_assert(timestamp_parse(&t, span_str(lines[i].text), &us));
		timestamp_format(us, utc);
		ck_assert_str_eq(utc, lines[i].utc);
	}
}
END_TEST

START_TEST(remembered_minute_takes_other_seconds_only)
{
	struct timestamp t;
	int64_t us;

	timestamp_init(&t, "UTC0");
	t.latest_us = LATEST;
	ck_assert(timestamp_parse(&t, SPAN("24/Nov/2026:01:40:29 +0000"), &us));
	ck_assert(timestamp_parse(&t, SPAN("24/Nov/2026:01:40:31 +0000"), &us));
	ck_assert_int_eq(us, LATEST + 2000000);
	ck_assert(timestamp_parse(&t, SPAN("24/Nov/2026:01:40:31.5 +0000"), &us));
	ck_assert_int_eq(us, LATEST + 2500000);
	ck_assert(timestamp_parse(&t, SPAN("24/Nov/2026:01:40:31 +0100"), &us));
	ck_assert_int_eq(us, LATEST + 2000000 - INT64_C(3600000000));
	ck_assert(!timestamp_parse(&t, SPAN("24/Nov/2026:01:40:3x +0100"), &us));
	ck_assert(!timestamp_parse(&t,
		SPAN("24/Nov/2026:01:40:31 +01"
		     "000"),
		&us));
	ck_assert(!timestamp_parse(&t,
		SPAN("24/Nov/2026:01:40:31"
		     "\0+0100"),
		&us));
	ck_assert(!timestamp_parse(&t, SPAN("24/Nov/2026:01:40:"), &us));
	/* a bound that moved makes a year's guess a new one */
	ck_assert(timestamp_parse(&t, SPAN("Nov 24 01:40:29"), &us));
	ck_assert_int_eq(us, LATEST);
	t.latest_us = LATEST - 1000000;
	ck_assert(timestamp_parse(&t, SPAN("Nov 24 01:40:29"), &us));
	ck_assert_int_eq(us, LATEST - 365 * DAY_US);
}
END_TEST

static const struct {
	const char *text, *coarse;
	int64_t interval_s;
} coarse[] = {
	{ "24/Nov/2026:01:40:29 +0000", "24/Nov/2026:01:00:00 +0000", 3600 },
	{ "24/Nov/2026:01:40:29 +0530", "24/Nov/2026:01:00:00 +0530", 3600 },
	{ "24/Nov/2026:01:40:29 +0000", "24/Nov/2026:01:40:00 +0000", 60 },
	{ "24/Nov/2026:01:40:29 +0000", "24/Nov/2026:01:40:29 +0000", 1 },
	{ "24/Nov/2026:01:40:29 +0000", "24/Nov/2026:00:00:00 +0000", 86400 },
	{ "01/Nov/2026:01:40:29 +0000", "29/Oct/2026:00:00:00 +0000", 7 * 86400 },
	{ "[2026-11-24T01:40:29.123Z]", "[2026-11-24T01:30:00.000Z]", 900 },
	{ "2026-11-24 23:59:60,9", "2026-11-24 23:00:00,0", 3600 },
	{ "2026/11/24 01:40:28", "2026/11/24 01:40:00", 60 },
	{ "Nov 24 01:40:29", "Nov 24 01:00:00", 3600 },
	{ "Nov  4 01:40:29", "Nov  4 00:00:00", 7 * 86400 },
	{ "Nov 12 01:40:29", "Nov 11 00:00:00", 7 * 86400 },
	{ "Nov 10 01:40:29", "Nov 04 00:00:00", 7 * 86400 },
	{ "oct. 29 16:47:39", "oct. 29 16:00:00", 3600 },
	{ "Tue Nov 24 01:41:30.083173 2026", "Thu Nov 19 00:00:00.000000 2026", 7 * 86400 },
	{ "24 Nov 2026 01:40:26.044", "24 Nov 2026 01:40:20.000", 10 },
	{ "1795484429", "1795482000", 3600 },
	{ "1795484429.123", "1795482000.000", 3600 },
	{ "1795484429123", "1795482000000", 3600 },
	{ "1795484429123456789", "1795482000000000000", 3600 },
	{ "2016-12-31T23:59:60Z", "2016-12-31T23:59:00Z", 60 },
};

START_TEST(coarse_time_keeps_its_shape_and_length)
{
	const size_t len = strlen(coarse[_i].text);
	struct timestamp t;
	char once[64] = "", twice[64] = "";
	int64_t us;

	timestamp_init(&t, BERLIN);
	t.latest_us = LATEST;
	ck_assert(timestamp_coarsen(&t, span_str(coarse[_i].text), coarse[_i].interval_s, once));
	ck_assert_str_eq(once, coarse[_i].coarse);
	ck_assert(timestamp_coarsen(&t, span_of(once, len), coarse[_i].interval_s, twice));
	ck_assert_str_eq(twice, once);
	/* the same from memory */
	ck_assert(timestamp_parse(&t, span_str(coarse[_i].text), &us));
	for (int i = 0; i < 3; i++) {
		memset(twice, 0, sizeof(twice));
		ck_assert(timestamp_coarsen(
			&t, span_str(coarse[_i].text), coarse[_i].interval_s, twice));
		ck_assert_str_eq(twice, once);
		ck_assert(timestamp_coarsen(&t, span_str(coarse[_i].text), 120, twice));
	}
}
END_TEST

START_TEST(coarse_time_that_cannot_be_written_is_none)
{
	struct timestamp t;
	char room[64];

	timestamp_init(&t, "UTC0");
	t.latest_us = LATEST;
	ck_assert(!timestamp_coarsen(&t, SPAN("sept. 1 16:47:39"), 7 * 86400, room));
	ck_assert(!timestamp_coarsen(&t, SPAN("Mar 03 16:47:39"), 59 * 86400, room));
	ck_assert(!timestamp_coarsen(&t, SPAN("Feb 30 16:47:39"), 3600, room));
	ck_assert(!timestamp_coarsen(&t, SPAN("alice"), 3600, room));
}
END_TEST

START_TEST(days_count_from_the_epoch_in_both_directions)
{
	ck_assert_int_eq(timestamp_day(0), 0);
	ck_assert_int_eq(timestamp_day(DAY_US - 1), 0);
	ck_assert_int_eq(timestamp_day(DAY_US), 1);
	ck_assert_int_eq(timestamp_day(-1), -1);
	ck_assert_int_eq(timestamp_day(-DAY_US), -1);
	ck_assert_int_eq(timestamp_day(-DAY_US - 1), -2);
}
END_TEST

#define N(a) ((int)(sizeof(a) / sizeof((a)[0])))

int
main(void)
{
	Suite *suite = suite_create("timestamp");
	TCase *t = tcase_create("all");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, time_is_read, 0, N(readable));
	tcase_add_loop_test(t, other_text_is_no_time, 0, N(unreadable));
	tcase_add_loop_test(t, local_times_in_order_are_what_the_c_library_wrote, 0, N(zones));
	tcase_add_test(t, zone_of_the_process_stays_what_it_was);
	tcase_add_test(t, doubled_hour_goes_by_the_order_of_lines);
	tcase_add_test(t, remembered_minute_takes_other_seconds_only);
	tcase_add_loop_test(t, coarse_time_keeps_its_shape_and_length, 0, N(coarse));
	tcase_add_test(t, coarse_time_that_cannot_be_written_is_none);
	tcase_add_test(t, days_count_from_the_epoch_in_both_directions);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
