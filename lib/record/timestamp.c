/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/timestamp.h"

#include <time.h>

#include "base/bytes.h"

#include "record/timestamp-private.h"

#define DAY_S       86400
#define HOUR_US     (3600 * SECOND_US)
#define DISORDER_US (60 * SECOND_US) /* lines may stand that much out of order */
#define YEARS_TRIED 9                /* from one 29 February to the one before: 8 at most */

/* --- calendar -------------------------------------------------------------------------------- */

/* Howard Hinnant's algorithms: years begin in March, eras have 400 of them. */
int64_t
time_days(int year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void
time_date(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*ret_day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*ret_month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*ret_year = (int)(yoe + era * 400 + (*ret_month <= 2));
}

int
time_month_days(int year, int month)
{
	if (month == 2)
		return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/* --- from text to UTC ------------------------------------------------------------------------ */

void
timestamp_init(struct timestamp *t, const char *timezone)
{
	*t = (struct timestamp){ .timezone = timezone };
}

/* Seconds on the wall since 1970-01-01 00:00; the second itself left out. */
static int64_t
wall_minute_s(const struct time_text *x, int year)
{
	return time_days(year, x->month, x->day) * DAY_S + x->hour * 3600 + x->minute * 60;
}

/* The doubled hour: which of its two readings continues what was read before? */
static int64_t
choose_reading(const struct timestamp *t, int64_t first_us, int64_t second_us)
{
	if (t->last_us == 0 || first_us >= t->last_us - DISORDER_US)
		return first_us;
	return second_us >= t->last_us - DISORDER_US ? second_us : first_us;
}

/* The minute of X in YEAR, UTC. False: no such day, or an abbreviation that the zone does not have.
 * *ret_sure: false if another line with the same text may have another time. */
static bool
minute_utc(struct timestamp *t, struct span s, const struct time_text *x, int year, int64_t *ret_us,
	bool *ret_sure)
{
	int64_t wall = wall_minute_s(x, year), reading[2] = { 0 };
	const struct timestamp_quarter *zone;

	*ret_sure = true;
	if (x->day > time_month_days(year, x->month))
		return false;
	if (x->has_offset) {
		*ret_us = (wall - x->offset_s) * SECOND_US;
		return true;
	}
	zone = time_zone_read(t, wall);
	for (unsigned i = 0; i < zone->n_offsets; i++) {
		reading[i] = (wall - zone->offset_s[i]) * SECOND_US;
		if (x->zone_len > 0 && span_eq(span_str(zone->abbreviation[i]),
					       span_of(s.p + x->zone_at, x->zone_len))) {
			*ret_us = reading[i];
			return true;
		}
	}
	if (x->zone_len > 0)
		return false;
	*ret_sure = zone->n_offsets == 1;
	*ret_us = zone->n_offsets == 1 ? reading[0]
				       : choose_reading(t, reading[0] + x->second * SECOND_US,
						 reading[1] + x->second * SECOND_US) -
						 x->second * SECOND_US;
	return true;
}

/* The latest year in which X does not lie after the bound. */
static bool
find_year(struct timestamp *t, struct span s, const struct time_text *x, int *ret_year)
{
	int64_t latest = t->latest_us ? t->latest_us : (int64_t)time(NULL) * SECOND_US + HOUR_US;
	int year, month, day;

	time_date(timestamp_day(latest), &year, &month, &day);
	year++; /* east of Greenwich it may be next year already */
	for (int i = 0; i < YEARS_TRIED; i++, year--) {
		int64_t us;
		bool sure;

		/* no zone is so far from UTC: spares the look into the next year's */
		if (wall_minute_s(x, year) * SECOND_US > latest + DAY_US)
			continue;
		if (minute_utc(t, s, x, year, &us, &sure) && us + x->second * SECOND_US <= latest) {
			*ret_year = year;
			return true;
		}
	}
	return false;
}

static void
remember_minute(struct timestamp *t, struct span s, const struct time_text *x, int64_t minute_us)
{
	size_t head = x->second_at, tail = s.len - x->tail_at;

	t->head_len = t->same_len = 0;
	if (head + tail > sizeof(t->text))
		return;
	memcpy(t->text, s.p, head);
	memcpy(t->text + head, s.p + x->tail_at, tail);
	t->head_len = (uint8_t)head;
	t->tail_len = (uint8_t)tail;
	t->minute_us = minute_us;
	t->minute_latest_us = t->latest_us;
	t->coarse_s = 0;
}

/* The remembered minute, and other seconds. */
static bool
parse_same_minute(struct timestamp *t, struct span s, int64_t *ret_us)
{
	const char *p = s.p + t->head_len, *end = s.p + s.len;
	unsigned tens, ones;
	int32_t fraction = 0;

	if (t->head_len == 0 || s.len < t->head_len + 2u + t->tail_len ||
		t->minute_latest_us != t->latest_us || !bytes_eq(s.p, t->text, t->head_len))
		return false;
	tens = (unsigned char)p[0] - '0';
	ones = (unsigned char)p[1] - '0';
	if (tens > 5 || ones > 9) /* a leap second goes the long way */
		return false;
	p += 2;
	if (end - p > 1 && (*p == '.' || *p == ',') && (unsigned)(p[1] - '0') < 10) {
		int32_t unit = 100000;

		for (p++; p < end && (unsigned)(*p - '0') < 10; p++, unit /= 10)
			fraction += (*p - '0') * unit;
	}
	if (end - p != t->tail_len || !bytes_eq(p, t->text + t->head_len, t->tail_len))
		return false;
	*ret_us = t->minute_us + (int64_t)(tens * 10 + ones) * SECOND_US + fraction;
	if (s.len == t->head_len + 2u + t->tail_len) {
		memcpy(t->same, s.p, s.len);
		t->same_len = (uint8_t)s.len;
		t->same_us = *ret_us;
	}
	return true;
}

/* The very text that was read before, as many lines of a busy server have it. */
static inline bool
is_same(const struct timestamp *t, struct span s)
{
	return s.len == t->same_len && s.len > 0 && t->minute_latest_us == t->latest_us &&
	       bytes_eq(s.p, t->same, s.len);
}

bool
timestamp_parse(struct timestamp *t, struct span s, int64_t *ret_us)
{
	struct time_text x;
	int64_t minute_us;
	bool sure;
	int year;

	if (is_same(t, s)) {
		*ret_us = t->last_us = t->same_us;
		return true;
	}
	if (parse_same_minute(t, s, ret_us)) {
		t->last_us = *ret_us;
		return true;
	}
	if (!time_text_read(s, &x))
		return false;
	if (x.epoch_digits > 0) {
		*ret_us = t->last_us = x.epoch_us;
		return true;
	}
	year = x.year;
	if ((year < 0 && !find_year(t, s, &x, &year)) ||
		!minute_utc(t, s, &x, year, &minute_us, &sure))
		return false;
	if (sure)
		remember_minute(t, s, &x, minute_us);
	*ret_us = t->last_us = minute_us + x.second * SECOND_US + x.fraction_us;
	return true;
}

/* --- coarse times ---------------------------------------------------------------------------- */

static int64_t
floor_to(int64_t v, int64_t step)
{
	int64_t rest = v % step;

	return v - (rest < 0 ? rest + step : rest);
}

static void
put_number(char *p, size_t n, int64_t v)
{
	while (n-- > 0) {
		p[n] = (char)('0' + v % 10);
		v /= 10;
	}
}

static bool
coarsen_epoch(const struct time_text *x, int64_t interval_s, char *ret)
{
	int64_t s = floor_to(x->epoch_us / SECOND_US, interval_s);
	size_t whole = x->epoch_digits <= 10 ? x->epoch_digits : 10;

	if (s < 0 || (whole == 9 && s > 999999999))
		return false;
	put_number(ret + x->epoch_at, whole, s);
	memset(ret + x->epoch_at + whole, '0', x->epoch_digits - whole);
	return true;
}

/* Writes the date DAYS in the place of X's; false where it would need another length. */
static bool
put_date(const struct time_text *x, int64_t days, char *ret)
{
	int year, month, day;

	time_date(days, &year, &month, &day);
	if (year < 0 || year > 9999 || (x->day_len == 1 && day > 9))
		return false;
	if (x->month_is_name && month != x->month) {
		if (x->month_len != 3 ||
			strncasecmp(ret + x->month_at, time_months[x->month - 1], 3) != 0)
			return false;
		memcpy(ret + x->month_at, time_months[month - 1], 3);
	}
	if (!x->month_is_name)
		put_number(ret + x->month_at, 2, month);
	if (x->year >= 0)
		put_number(ret + x->year_at, 4, year);
	if (x->day_len == 2 && day < 10 && ret[x->day_at] == ' ')
		ret[x->day_at + 1] = (char)('0' + day);
	else
		put_number(ret + x->day_at, x->day_len, day);
	if (x->has_weekday)
		memcpy(ret + x->weekday_at, time_weekdays[((days + 4) % 7 + 7) % 7], 3);
	return true;
}

/* Where the year is not written, intervals count from its first day and each year has a 29 February:
 * then the start of one is the start of the same one, whichever year it is read into. */
static bool
coarsen_date(const struct time_text *x, int64_t interval_s, int64_t *ret_second, char *ret)
{
	int64_t first = x->year < 0 ? time_days(2000, 1, 1) * DAY_S : 0, wall;

	wall = time_days(x->year < 0 ? 2000 : x->year, x->month, x->day) * DAY_S + *ret_second;
	wall = first + floor_to(wall - first, interval_s);
	*ret_second = wall - floor_to(wall, DAY_S);
	if (x->year < 0 && wall / DAY_S == time_days(2000, 2, 29) &&
		(x->month != 2 || x->day != 29)) /* which the year may lack */
		return false;
	return put_date(x, floor_to(wall, DAY_S) / DAY_S, ret);
}

static bool
coarsen(struct span s, int64_t interval_s, char *ret)
{
	struct time_text x;
	int64_t second;

	if (!time_text_read(s, &x))
		return false;
	memcpy(ret, s.p, s.len);
	memset(ret + x.fraction_at, '0', x.fraction_len);
	if (x.epoch_digits > 0)
		return coarsen_epoch(&x, interval_s, ret);
	if (x.day > time_month_days(x.year < 0 ? 2000 : x.year, x.month))
		return false;
	second = x.hour * 3600 + x.minute * 60 + (x.second > 59 ? 59 : x.second);
	if (interval_s <= DAY_S)
		second = floor_to(second, interval_s);
	else if (!coarsen_date(&x, interval_s, &second, ret))
		return false;
	put_number(ret + x.second_at - 6, 2, second / 3600);
	put_number(ret + x.second_at - 3, 2, second / 60 % 60);
	put_number(ret + x.second_at, 2, second % 60);
	return true;
}

bool
timestamp_coarsen(struct timestamp *t, struct span s, int64_t interval_s, char *ret)
{
	int64_t us;
	bool same = interval_s % 60 == 0 && (is_same(t, s) || parse_same_minute(t, s, &us));

	if (!same || t->coarse_s != interval_s) {
		if (!coarsen(s, interval_s, ret))
			return false;
		if (same) {
			memcpy(t->coarse, ret, t->head_len);
			t->coarse_s = interval_s;
		}
		return true;
	}
	memcpy(ret, s.p, s.len);
	memcpy(ret, t->coarse, t->head_len);
	memset(ret + t->head_len, '0', 2);
	for (size_t i = t->head_len + 3u; i < s.len - t->tail_len; i++) /* behind the point */
		ret[i] = '0';
	return true;
}

void
timestamp_format(int64_t us, char ret[28])
{
	int64_t day_us = floor_to(us, DAY_US), second = (us - day_us) / SECOND_US;
	int year, month, day;

	time_date(day_us / DAY_US, &year, &month, &day);
	if (year < 0 || year > 9999) { /* has no form of this length: nothing writes such a time */
		memcpy(ret, "-", sizeof("-"));
		return;
	}
	memcpy(ret, "0000-00-00T00:00:00.000000Z", 28);
	put_number(ret, 4, year);
	put_number(ret + 5, 2, month);
	put_number(ret + 8, 2, day);
	put_number(ret + 11, 2, second / 3600);
	put_number(ret + 14, 2, second / 60 % 60);
	put_number(ret + 17, 2, second % 60);
	put_number(ret + 20, 6, us - day_us - second * SECOND_US);
}
