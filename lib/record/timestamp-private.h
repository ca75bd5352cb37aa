/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * timestamp-private.h - what the files of timestamp share
 *
 *   timestamp.c        the cache, years and readings, coarse times
 *   timestamp_text.c   from text to numbers, for every shape
 *   timestamp_zone.c   local times to UTC
 */
#pragma once
#include "record/timestamp.h"

#define SECOND_US INT64_C(1000000)

/* A time as its text has it. Places are bytes from the text's start. */
struct time_text {
	int64_t epoch_us; /* epoch shapes: the time itself */
	uint8_t epoch_at,
		epoch_digits; /* … and its whole seconds, ms, …; 0 digits: another shape */
	int year;             /* -1: none */
	int month, day, hour, minute, second;
	int32_t fraction_us;
	uint8_t year_at, month_at, day_at, second_at; /* HH:MM: stands before the seconds */
	uint8_t month_len, day_len;                   /* 2 digits, or the length of a name */
	bool month_is_name, has_weekday;
	uint8_t weekday_at;
	uint8_t fraction_at, fraction_len; /* digits */
	uint8_t tail_at;                   /* behind seconds and fraction */
	bool has_offset;                   /* of a zone given in numbers, Z, UTC or GMT */
	int32_t offset_s;
	uint8_t zone_at, zone_len; /* an abbreviation, "CET" */
};

/* Reads all of S; every number is in its range, but the day may be one that the month lacks. */
bool time_text_read(struct span s, struct time_text *ret);

extern const char time_months[12][4], time_weekdays[7][4]; /* English */

/* Days since 1970-01-01 of a date, and back. */
int64_t time_days(int year, int month, int day);
void time_date(int64_t days, int *ret_year, int *ret_month, int *ret_day);
int time_month_days(int year, int month);

/* The readings of LOCAL_S (seconds since 1970-01-01 00:00 by the clock on the wall) in T's zone: 1, or
 * 2 in the doubled hour. Borrowed until the next one is read. */
const struct timestamp_quarter *time_zone_read(struct timestamp *t, int64_t local_s);
