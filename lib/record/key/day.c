/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/key/day.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY_S 86400

int32_t
day_today(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int32_t)(now.tv_sec / DAY_S);
}

bool
day_format(int32_t day, char ret[DAY_TEXT_MAX])
{
	time_t t = (time_t)day * DAY_S;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900) {
		memcpy(ret, "-", 2);
		return false;
	}
	/* The remainders change nothing; they show the compiler that it fits. */
	snprintf(ret, DAY_TEXT_MAX, "%04u-%02u-%02u", (tm.tm_year + 1900U) % 10000,
		(tm.tm_mon + 1U) % 100, (unsigned)tm.tm_mday % 100);
	return true;
}

/* Reads N digits. */
static bool
digits_parse(const char *p, unsigned n, int *ret)
{
	*ret = 0;
	for (unsigned i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		*ret = *ret * 10 + (p[i] - '0');
	}
	return true;
}

bool
day_parse(struct span s, int32_t *ret)
{
	char again[DAY_TEXT_MAX];
	struct tm tm = { 0 };
	int32_t day;

	if (s.len != DAY_TEXT_MAX - 1 || s.p[4] != '-' || s.p[7] != '-' ||
		!digits_parse(s.p, 4, &tm.tm_year) || !digits_parse(s.p + 5, 2, &tm.tm_mon) ||
		!digits_parse(s.p + 8, 2, &tm.tm_mday))
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	day = (int32_t)(timegm(&tm) / DAY_S);
	/* timegm() makes March of February 30th: only what is written the same again is a day. */
	if (!day_format(day, again) || memcmp(again, s.p, s.len) != 0)
		return false;
	*ret = day;
	return true;
}
