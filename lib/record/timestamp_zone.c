/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The C library knows one zone at a time, the process's: TZ is set to the store's and back again.
 * That costs a file read, so the offsets of the last quarters of an hour are kept; no zone changes
 * its offset in the midst of one.
 */
#include "record/timestamp-private.h"

#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"

#define QUARTER_S    900
#define DAY_QUARTERS 96

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Offset of the process's zone at AT; its abbreviation into NAME. */
static int32_t
offset_at(int64_t at, char name[8])
{
	time_t clock = (time_t)at;
	struct tm tm;

	if (!localtime_r(&clock, &tm)) {
		name[0] = '\0';
		return 0;
	}
	strncpy(name, tm.tm_zone ? tm.tm_zone : "", 7);
	name[7] = '\0';
	return (int32_t)tm.tm_gmtoff;
}

/* The offsets of a day before and a day after: where they differ, the change lies between. */
static void
find_offsets(struct timestamp_quarter *q, int64_t local_s)
{
	char before_name[8], after_name[8], name[8];
	int32_t before = offset_at(local_s - 86400, before_name);
	int32_t after = offset_at(local_s + 86400, after_name);
	bool before_stands = offset_at(local_s - before, name) == before;
	bool after_stands = offset_at(local_s - after, name) == after;

	q->n_offsets = 1;
	q->offset_s[0] = after_stands && !before_stands ? after : before;
	memcpy(q->abbreviation[0], q->offset_s[0] == before ? before_name : after_name, 8);
	if (before == after || !before_stands || !after_stands)
		return;
	q->n_offsets =
		2; /* clocks went back: the same time of day twice, first by the old offset */
	q->offset_s[1] = after;
	memcpy(q->abbreviation[1], after_name, 8);
}

static void
with_zone(struct timestamp_quarter *q, const char *timezone, int64_t local_s)
{
	const char *old = getenv("TZ");
	cleanup_mem char *saved = old ? strdup(old) : NULL;

	if (setenv("TZ", timezone, 1) < 0 || (old && !saved)) {
		find_offsets(q, local_s); /* memory is out: in the machine's zone, then */
	} else {
		tzset();
		find_offsets(q, local_s);
	}
	if (saved)
		(void)setenv("TZ", saved, 1); /* it was there before, so there is room */
	else if (!old)
		(void)unsetenv("TZ");
	tzset();
}

const struct timestamp_quarter *
time_zone_read(struct timestamp *t, int64_t local_s)
{
	int64_t number = floor_div(local_s, QUARTER_S);
	/* the same time of other days has another place */
	uint64_t place = (uint64_t)(number + floor_div(number, DAY_QUARTERS)) % TIMESTAMP_QUARTERS;
	struct timestamp_quarter *q = &t->quarter[place];

	if (q->n_offsets > 0 && q->number == number)
		return q;
	q->number = number;
	if (t->timezone) {
		with_zone(q, t->timezone, number * QUARTER_S);
	} else {
		tzset();
		find_offsets(q, number * QUARTER_S);
	}
	return q;
}
