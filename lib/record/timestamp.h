/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * timestamp.h - the times that logs carry
 *
 * Shapes read, found out by looking: CLF (24/Nov/2026:01:40:29 +0000), RFC 3339 and ISO 8601 with
 * space or T, fraction by dot or comma, with and without zone, RFC 3164 (Nov 24 01:40:29, no year),
 * nginx error (2026/11/24 01:40:29), Apache error (Tue Nov 24 01:41:30.083173 2026), redis (24 Nov
 * 2026 01:40:26.044), epoch seconds, with fraction or in ms, a leading "[" is not part of it. A
 * time without zone is read in the store's; a missing year is the latest that does not lie after
 * `latest_us`; in autumn's doubled hour the order of lines decides, else the earlier reading.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

#define DAY_US (INT64_C(86400) * 1000000)

/* Reads times of one store; remembers the last minute, so that the next line of it costs a memcmp.
 */
struct timestamp {
	const char *timezone; /* TZ name, or NULL: the machine's */
	int64_t latest_us;    /* upper bound for a missing year; 0: now */
	int64_t last_us;      /* the last one read, for the doubled hour */
	char head[48];        /* the cached text up to its minute, and its zone */
	uint8_t head_len, zone_at, zone_len, shape;
	int64_t minute_us;
};

void timestamp_init(struct timestamp *t, const char *timezone);

/* Reads all of S. Returns whether it was a time. *ret_us: microseconds since the epoch, UTC. */
bool timestamp_parse(struct timestamp *t, struct span s, int64_t *ret_us);

/* Writes S, a time of a shape above, into RET (at least S.len bytes) with everything finer than
 * INTERVAL_S set to the interval's start, in S's own shape and zone and of the same length. */
bool timestamp_coarsen(struct timestamp *t, struct span s, int64_t interval_s, char *ret);

/* Days since the epoch, UTC, also for times before it. */
static inline int32_t
timestamp_day(int64_t us)
{
	int64_t d = us / DAY_US;

	return (int32_t)(us % DAY_US < 0 ? d - 1 : d);
}

/* "2026-11-24T01:40:29.123456Z"; RET has 28 bytes at least. */
void timestamp_format(int64_t us, char ret[28]);
