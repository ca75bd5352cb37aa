/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * deadline.h - when an answer is due: periods in months by Regulation (EEC, Euratom) No 1182/71
 *
 * A period begins on the day of receipt, whatever day that is, and ends on the day of the same number
 * in its last month, or on that month's last day where it has no such day (Art. 3(2)(c)). Where that is
 * a Saturday, a Sunday or a public holiday, it ends with the next working day (Art. 3(4)). Holidays are
 * those of the whole Land; one that only some places keep (Assumption Day in Bavaria, Corpus Christi
 * in Saxony and Thuringia) is none here, since the earlier date is always in time. From 2018 on.
 *
 * No input, no output, no clock. Days are local, counted as in record/key/day.h. Also: GDPR Art. 12(3);
 * EDPB Guidelines 01/2022, 5.3.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf/conf.h"

#define DEADLINE_MONTHS          1 /* GDPR Art. 12(3) s. 1 */
#define DEADLINE_MONTHS_EXTENDED 3 /* … s. 2: two further months, from receipt as well */

/* Is DAY a public holiday in all of LAND? */
bool deadline_is_holiday(int32_t day, enum conf_land land);

/* The end of MONTHS from DAY, not moved to a working day. */
int32_t deadline_raw(int32_t day, int months);

/* DAY, or the working day that follows it. */
int32_t deadline_working_day(int32_t day, enum conf_land land);

/* Both of it: the date by which an answer is due. */
int32_t deadline_due(int32_t received, int months, enum conf_land land);

/* A time in which the controller waited for what it had asked the person: from the day of the question to
 * that of her answer. */
struct deadline_pause {
	int32_t from_day, to_day;
};

/* The due date with N pauses (in order of from_day) left out. A day that lies in several counts once. */
int32_t deadline_suspended(int32_t received, int months, enum conf_land land,
	const struct deadline_pause *pause, size_t n);
