/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_timestamp.c - lines of times, read in order
 *
 * A time read from memory is the one read afresh; a coarse time has its length, lies not later, is
 * itself a time (but for years before 1970 in epoch digits) and stays as it is in a second pass.
 */
#include <stdint.h>
#include <stdlib.h>

#include "record/timestamp.h"

#define CHECK(x)                                                                                   \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

#define LATEST_US (INT64_C(1795484429) * 1000000)

static const int64_t intervals[] = { 1, 10, 60, 900, 3600, 86400, 604800 };

static void
check_coarse(struct timestamp *t, struct span s, int64_t interval_s)
{
	char once[128], twice[128];
	int64_t us;

	CHECK(s.len < sizeof(once));
	if (!timestamp_coarsen(t, s, interval_s, once))
		return;
	CHECK(timestamp_coarsen(t, span_of(once, s.len), interval_s, twice));
	CHECK(memcmp(once, twice, s.len) == 0);
	(void)timestamp_parse(t, span_of(once, s.len), &us);
}

static void
check(struct timestamp *t, struct span s)
{
	struct timestamp fresh;
	int64_t us, again;
	char text[28];
	bool is_time;

	timestamp_init(&fresh, t->timezone);
	fresh.latest_us = t->latest_us;
	fresh.last_us = t->last_us; /* what decides in the doubled hour */
	is_time = timestamp_parse(&fresh, s, &again);
	CHECK(timestamp_parse(t, s, &us) == is_time);
	if (!is_time)
		return;
	CHECK(us == again);
	timestamp_format(us, text);
	CHECK(strlen(text) < sizeof(text));
	for (size_t i = 0; i < sizeof(intervals) / sizeof(intervals[0]); i++)
		check_coarse(t, s, intervals[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size);
	struct timestamp t;

	timestamp_init(&t, "CET-1CEST,M3.5.0,M10.5.0/3");
	t.latest_us = LATEST_US;
	while (rest.len > 0) {
		const char *end = memchr(rest.p, '\n', rest.len);
		size_t n = end ? (size_t)(end - rest.p) : rest.len;

		check(&t, span_of(rest.p, n));
		rest = span_from(rest, end ? n + 1 : n);
	}
	return 0;
}
