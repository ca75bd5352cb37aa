/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * timestamp.h - the times that logs carry
 *
 * Shapes read, found out by looking: CLF (24/Nov/2026:01:40:29 +0000), RFC 3339 and ISO 8601 with
 * space or T, fraction by dot or comma, with and without zone, RFC 3164 (Nov 24 01:40:29, no year;
 * month names also as journalctl has them in German, French, Spanish, Italian, Dutch, Portuguese),
 * nginx error (2026/11/24 01:40:29), Apache error (Tue Nov 24 01:41:30.083173 2026), redis (24 Nov
 * 2026 01:40:26.044), mail (Tue, 24 Nov 2026 01:40:29 +0000), epoch seconds, with fraction or in
 * ms, us, ns. A leading "[" is not part of it, nor is the "]" that ends it. A time without zone is
 * read in the store's, and so is an abbreviation (CET) that the zone has at that time; a missing
 * year is the latest that does not lie after `latest_us`; in autumn's doubled hour the order of
 * lines decides, else the earlier reading; an hour that spring leaves out is read as if the clock
 * had not moved.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

#define DAY_US (INT64_C(86400) * 1000000)

#define TIMESTAMP_QUARTERS 8

/* A quarter of an hour, local, whose offsets from UTC are known. */
struct timestamp_quarter {
	int64_t number;      /* since 1970 */
	int32_t offset_s[2]; /* two in the doubled hour, the earlier reading first */
	char abbreviation[2][8];
	uint8_t n_offsets; /* 0: not yet */
};

/* Reads times of one store; remembers the last minute, so that the next line of it costs a memcmp.
 * Of the fields only `latest_us` is for others; it may be set at any time. */
struct timestamp {
	const char *timezone; /* TZ name, or NULL: the machine's */
	int64_t latest_us; /* upper bound for a missing year; 0: now, and an hour for clocks ahead
			    */
	int64_t last_us;   /* the last one read, for the doubled hour; 0: none */

	char text[48]; /* the last one's text before its seconds, and behind them */
	uint8_t head_len, tail_len;
	int64_t minute_us, minute_latest_us;
	char same[52]; /* the whole of it, where it has no fraction */
	uint8_t same_len;
	int64_t same_us;
	char coarse[48];  /* text before the seconds, made coarse */
	int64_t coarse_s; /* … to this interval; 0: not yet */

	struct timestamp_quarter quarter[TIMESTAMP_QUARTERS];
};

void timestamp_init(struct timestamp *t, const char *timezone);

/* Reads all of S. Returns whether it was a time. *ret_us: microseconds since the epoch, UTC. About
 * 10 ns for a time of the same minute as the one before. */
bool timestamp_parse(struct timestamp *t, struct span s, int64_t *ret_us);

/* Writes S, a time of a shape above, into RET (at least S.len bytes) with everything finer than
 * INTERVAL_S (> 0) set to the interval's start, in S's own shape and zone and of the same length.
 * Intervals up to a day count from midnight in that zone, longer ones from 1970-01-01, or from
 * 1 January where S has no year. False: S is no time, or the interval's start cannot be written in
 * S's length (a month's name of another length, in a language other than English). As cheap as timestamp_parse(), after it. */
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
