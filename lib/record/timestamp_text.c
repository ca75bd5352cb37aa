/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/timestamp-private.h"

#include <ctype.h>

const char time_months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
	"Oct", "Nov", "Dec" };
const char time_weekdays[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };

/* Other short names in the locales that journalctl and date write them in, without their dots. */
static const struct {
	char name[7];
	int month;
} other_months[] = {
	{ "janv", 1 },
	{ "ene", 1 },
	{ "gen", 1 },
	{ "f\xc3\xa9vr", 2 },
	{ "fev", 2 },
	{ "m\xc3\xa4r", 3 },
	{ "mrz", 3 },
	{ "mars", 3 },
	{ "mrt", 3 },
	{ "avr", 4 },
	{ "abr", 4 },
	{ "mai", 5 },
	{ "mag", 5 },
	{ "mei", 5 },
	{ "juin", 6 },
	{ "giu", 6 },
	{ "juil", 7 },
	{ "lug", 7 },
	{ "ao\xc3\xbbt", 8 },
	{ "ago", 8 },
	{ "sept", 9 },
	{ "set", 9 },
	{ "okt", 10 },
	{ "ott", 10 },
	{ "out", 10 },
	{ "dez", 12 },
	{ "d\xc3\xa9"
	  "c",
		12 },
	{ "dic", 12 },
};

struct cursor {
	const char *start, *p, *end;
	struct time_text *t;
};

static uint8_t
place(const struct cursor *c)
{
	return (uint8_t)(c->p - c->start);
}

static bool
at_digit(const struct cursor *c)
{
	return c->p < c->end && *c->p >= '0' && *c->p <= '9';
}

static bool
one_of(struct cursor *c, const char *set)
{
	for (; *set; set++) {
		if (c->p < c->end && *c->p == *set) {
			c->p++;
			return true;
		}
	}
	return false;
}

static size_t
digits(const struct cursor *c)
{
	size_t n = 0;

	while (c->p + n < c->end && c->p[n] >= '0' && c->p[n] <= '9')
		n++;
	return n;
}

/* Exactly N digits, between LOW and HIGH. */
static bool
number(struct cursor *c, size_t n, int low, int high, int *ret)
{
	int v = 0;

	if ((size_t)(c->end - c->p) < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (c->p[i] < '0' || c->p[i] > '9')
			return false;
		v = v * 10 + (c->p[i] - '0');
	}
	if (v < low || v > high)
		return false;
	c->p += n;
	*ret = v;
	return true;
}

static bool
year(struct cursor *c)
{
	c->t->year_at = place(c);
	return number(c, 4, 0, 9999, &c->t->year);
}

static bool
month_number(struct cursor *c)
{
	c->t->month_at = place(c);
	c->t->month_len = 2;
	return number(c, 2, 1, 12, &c->t->month);
}

static size_t
word_len(const struct cursor *c)
{
	size_t n = 0;

	while (c->p + n < c->end &&
		(isalpha((unsigned char)c->p[n]) || (unsigned char)c->p[n] >= 0x80))
		n++;
	return n;
}

static bool
word_is(const struct cursor *c, size_t n, const char *name)
{
	return strncasecmp(c->p, name, n) == 0 && name[n] == '\0';
}

static int
month_of(const struct cursor *c, size_t n)
{
	if (n < 3)
		return 0;
	for (int i = 0; i < 12 && n == 3; i++) {
		const char *m = time_months[i];

		if ((((c->p[0] ^ m[0]) | (c->p[1] ^ m[1]) | (c->p[2] ^ m[2])) & ~0x20) == 0)
			return i + 1;
	}
	for (size_t i = 0; i < sizeof(other_months) / sizeof(other_months[0]); i++)
		if (word_is(c, n, other_months[i].name))
			return other_months[i].month;
	return 0;
}

static bool
month_name(struct cursor *c)
{
	const size_t n = word_len(c);

	c->t->month = month_of(c, n);
	if (c->t->month == 0)
		return false;
	c->t->month_at = place(c);
	c->t->month_len = (uint8_t)n;
	c->t->month_is_name = true;
	c->p += n;
	(void)one_of(c, "."); /* an abbreviation's dot, in some languages */
	return true;
}

/* One or two digits, or a blank and one. */
static bool
day(struct cursor *c)
{
	c->t->day_at = place(c);
	(void)(c->end - c->p > 1 && c->p[0] == ' ' && one_of(c, " "));
	c->t->day_len = (uint8_t)(place(c) - c->t->day_at + (digits(c) >= 2 ? 2 : 1));
	return c->t->day_len <= 2 && number(c, digits(c) >= 2 ? 2 : 1, 1, 31, &c->t->day);
}

/* HH:MM:SS, perhaps with a fraction */
static bool
clock_time(struct cursor *c)
{
	struct time_text *t = c->t;
	int32_t unit = 100000;

	if (!number(c, 2, 0, 23, &t->hour) || !one_of(c, ":") || !number(c, 2, 0, 59, &t->minute) ||
		!one_of(c, ":"))
		return false;
	t->second_at = place(c);
	if (!number(c, 2, 0, 60, &t->second))
		return false;
	if (c->end - c->p > 1 && (*c->p == '.' || *c->p == ',') &&
		isdigit((unsigned char)c->p[1])) {
		c->p++;
		t->fraction_at = place(c);
		for (; at_digit(c); c->p++, unit /= 10)
			t->fraction_us += (*c->p - '0') * unit;
		t->fraction_len = (uint8_t)(place(c) - t->fraction_at);
	}
	t->tail_at = place(c);
	return true;
}

/* +01:00, +0100, +01 */
static bool
offset(struct cursor *c)
{
	bool west = *c->p == '-';
	int hours, minutes = 0;

	c->p++;
	if (!number(c, 2, 0, 23, &hours))
		return false;
	if ((one_of(c, ":") || at_digit(c)) && !number(c, 2, 0, 59, &minutes))
		return false;
	c->t->has_offset = true;
	c->t->offset_s = (hours * 60 + minutes) * (west ? -60 : 60);
	return true;
}

static bool
zone_name(struct cursor *c)
{
	size_t n = word_len(c);

	if (n == 0 || n > 5)
		return false;
	if (word_is(c, n, "Z") || word_is(c, n, "UTC") || word_is(c, n, "GMT")) {
		c->t->has_offset = true;
	} else {
		c->t->zone_at = place(c);
		c->t->zone_len = (uint8_t)n;
	}
	c->p += n;
	return true;
}

/* A zone, or none: then nothing else stands there. */
static bool
zone(struct cursor *c)
{
	if (c->p == c->end || *c->p == ']')
		return true;
	(void)one_of(c, " ");
	if (c->p < c->end && (*c->p == '+' || *c->p == '-'))
		return offset(c);
	return zone_name(c);
}

/* 2026-11-24T01:40:29.123Z, 2026/11/24 01:40:29 */
static bool
year_first(struct cursor *c)
{
	return year(c) && one_of(c, "-/") && month_number(c) && one_of(c, "-/") && day(c) &&
	       c->t->day_len == 2 && one_of(c, "T t") && clock_time(c) && zone(c);
}

/* 24/Nov/2026:01:40:29 +0000, 24 Nov 2026 01:40:26.044, 24-Nov-2026 01:40:29 */
static bool
day_first(struct cursor *c)
{
	return day(c) && one_of(c, "/ -") && month_name(c) && one_of(c, "/ -") && year(c) &&
	       one_of(c, ": ") && clock_time(c) && zone(c);
}

/* Nov 24 01:40:29, and with a weekday before it and the year behind it (asctime) */
static bool
month_first(struct cursor *c)
{
	if (!month_name(c) || !one_of(c, " ") || !day(c) || !one_of(c, " ") || !clock_time(c))
		return false;
	if (!c->t->has_weekday)
		return true;
	return one_of(c, " ") && year(c);
}

static bool
weekday(struct cursor *c)
{
	size_t n = word_len(c);

	for (int i = 0; i < 7; i++) {
		if (!word_is(c, n, time_weekdays[i]))
			continue;
		c->t->has_weekday = true;
		c->t->weekday_at = place(c);
		c->p += n;
		return true;
	}
	return false;
}

static bool
name_first(struct cursor *c)
{
	if (month_of(c, word_len(c)) > 0 || !weekday(c))
		return month_first(c);
	if (one_of(c, ","))
		return one_of(c, " ") && day_first(c);
	return one_of(c, " ") && month_first(c);
}

/* Seconds since 1970 (9 or 10 digits, perhaps with a fraction), ms, us or ns. */
static bool
epoch(struct cursor *c)
{
	const size_t n = digits(c);
	int64_t v = 0, unit = 100000;

	if (n != 9 && n != 10 && n != 13 && n != 16 && n != 19)
		return false;
	c->t->epoch_at = place(c);
	c->t->epoch_digits = (uint8_t)n;
	for (size_t i = 0; i < n; i++, c->p++)
		if (i < 16) /* what is finer than a microsecond falls away */
			v = v * 10 + (*c->p - '0');
	c->t->epoch_us = n <= 10 ? v * SECOND_US : n == 13 ? v * 1000 : v;
	if (n > 10 || c->p == c->end || *c->p != '.')
		return true;
	c->p++;
	c->t->fraction_at = place(c);
	for (; at_digit(c); c->p++, unit /= 10)
		c->t->epoch_us += (*c->p - '0') * unit;
	c->t->fraction_len = (uint8_t)(place(c) - c->t->fraction_at);
	return c->t->fraction_len > 0;
}

bool
time_text_read(struct span s, struct time_text *ret)
{
	struct cursor c = { .start = s.p, .p = s.p, .end = s.p + s.len, .t = ret };
	bool bracket, read;
	size_t n;

	*ret = (struct time_text){ .year = -1 };
	if (s.len < 9 || s.len > 64)
		return false;
	bracket = one_of(&c, "[");
	n = digits(&c);
	if (n == 4)
		read = year_first(&c);
	else if (n > 4)
		read = epoch(&c);
	else if (n > 0 || *c.p == ' ')
		read = day_first(&c);
	else
		read = name_first(&c);
	if (read && bracket)
		(void)one_of(&c, "]");
	return read && c.p == c.end;
}
