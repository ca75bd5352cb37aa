/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * day.h - a UTC day, counted from 1970-01-01
 *
 * A key serves one day from 00:00 to 24:00 UTC; timestamp_day() tells a time's day.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

#define DAY_TEXT_MAX 11 /* "2026-11-24" with its NUL */

int32_t day_today(void);

/* Only years 0000 to 9999 have a name; what lies outside is written "-" and returns false. */
bool day_format(int32_t day, char ret[DAY_TEXT_MAX]);

/* Reads all of S, "2026-11-24" and nothing else; a day that no calendar has is none. */
bool day_parse(struct span s, int32_t *ret);
