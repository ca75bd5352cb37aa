/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/case/deadline.h"

#include <string.h>
#include <time.h>

#define DAY_S 86400

struct date {
	int year, month, day; /* month and day from 1 */
};

static struct date
date_of(int32_t day)
{
	const time_t t = (time_t)day * DAY_S;
	struct tm tm = { 0 };

	(void)gmtime_r(&t, &tm); /* cannot overflow for an int32_t of days */
	return (struct date){ tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday };
}

static int32_t
day_of(int year, int month, int day)
{
	struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day };

	return (int32_t)(timegm(&tm) / DAY_S);
}

/* 0: Sunday. 1970-01-01 was a Thursday. */
static int
weekday(int32_t day)
{
	return (int)((((int64_t)day + 4) % 7 + 7) % 7);
}

/* Easter Sunday of the Gregorian calendar (Anonymous, Nature 1876; Meeus, Jones, Butcher). */
static int32_t
easter(int year)
{
	const int a = year % 19, b = year / 100, c = year % 100, d = b / 4, e = b % 4;
	const int f = (b + 8) / 25, g = (b - f + 1) / 3, h = (19 * a + b - d - g + 15) % 30;
	const int i = c / 4, k = c % 4, l = (32 + 2 * e + 2 * i - h - k) % 7;
	const int m = (a + 11 * h + 22 * l) / 451, n = h + l - 7 * m + 114;

	return day_of(year, n / 31, n % 31 + 1);
}

#define IN(land)   (1u << LAND_##land)
#define EVERYWHERE ((1u << LANDS) - 1)

/* Holidays of a date, and those that Easter moves (days from Easter Sunday). */
static const struct fixed {
	int month, day, since, until; /* years, both included */
	unsigned lands;
} fixed[] = {
	{ 1, 1, 0, 9999, EVERYWHERE },
	{ 1, 6, 0, 9999, IN(BW) | IN(BY) | IN(ST) },
	{ 3, 8, 2019, 9999, IN(BE) },
	{ 3, 8, 2023, 9999, IN(MV) },
	{ 5, 1, 0, 9999, EVERYWHERE },
	{ 5, 8, 2020, 2020, IN(BE) },
	{ 5, 8, 2025, 2025, IN(BE) },
	{ 8, 15, 0, 9999, IN(SL) },
	{ 9, 20, 2019, 9999, IN(TH) },
	{ 10, 3, 0, 9999, EVERYWHERE },
	{ 10, 31, 0, 9999, IN(BB) | IN(MV) | IN(SN) | IN(ST) | IN(TH) },
	{ 10, 31, 2018, 9999, IN(HB) | IN(HH) | IN(NI) | IN(SH) },
	{ 11, 1, 0, 9999, IN(BW) | IN(BY) | IN(NW) | IN(RP) | IN(SL) },
	{ 12, 25, 0, 9999, EVERYWHERE },
	{ 12, 26, 0, 9999, EVERYWHERE },
};

static const struct moving {
	int from_easter;
	unsigned lands;
} moving[] = {
	{ -2, EVERYWHERE },                                          /* Good Friday */
	{ 0, IN(BB) },                                               /* Easter Sunday */
	{ 1, EVERYWHERE },                                           /* Easter Monday */
	{ 39, EVERYWHERE },                                          /* Ascension */
	{ 49, IN(BB) },                                              /* Whit Sunday */
	{ 50, EVERYWHERE },                                          /* Whit Monday */
	{ 60, IN(BW) | IN(BY) | IN(HE) | IN(NW) | IN(RP) | IN(SL) }, /* Corpus Christi */
};

/* The Wednesday before November 23rd, in Saxony: from the 16th to the 22nd. */
static bool
is_repentance_day(int32_t day, const struct date *d)
{
	return d->month == 11 && d->day >= 16 && d->day <= 22 && weekday(day) == 3;
}

bool
deadline_is_holiday(int32_t day, enum conf_land land)
{
	const struct date d = date_of(day);
	const int32_t sunday = easter(d.year);

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		const struct fixed *f = &fixed[i];

		if (f->month == d.month && f->day == d.day && d.year >= f->since &&
			d.year <= f->until && f->lands & 1u << land)
			return true;
	}
	for (size_t i = 0; i < sizeof(moving) / sizeof(moving[0]); i++)
		if (day == sunday + moving[i].from_easter && moving[i].lands & 1u << land)
			return true;
	return land == LAND_SN && is_repentance_day(day, &d);
}

int32_t
deadline_raw(int32_t day, int months)
{
	const struct date d = date_of(day);
	const int month = d.month - 1 + months;
	const int year = d.year + month / 12;
	const int32_t first = day_of(year, month % 12 + 1, 1),
		      next = day_of(year, month % 12 + 2, 1);

	return first + d.day <= next ? first + d.day - 1 : next - 1;
}

int32_t
deadline_working_day(int32_t day, enum conf_land land)
{
	while (weekday(day) == 0 || weekday(day) == 6 || deadline_is_holiday(day, land))
		day++;
	return day;
}

int32_t
deadline_due(int32_t received, int months, enum conf_land land)
{
	return deadline_working_day(deadline_raw(received, months), land);
}

int32_t
deadline_suspended(int32_t received, int months, enum conf_land land,
	const struct deadline_pause *pause, size_t n)
{
	int32_t end = deadline_raw(received, months), seen = received;

	for (size_t i = 0; i < n; i++) {
		const int32_t from = pause[i].from_day > seen ? pause[i].from_day : seen;

		if (from > end) /* asked when it was over */
			break;
		if (pause[i].to_day <= from)
			continue;
		end += pause[i].to_day - from;
		seen = pause[i].to_day;
	}
	return deadline_working_day(end, land);
}
