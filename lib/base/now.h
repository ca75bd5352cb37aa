/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * now.h - the wall clock, in microseconds since 1970-01-01 UTC
 */
#pragma once
#include <stdint.h>
#include <time.h>

static inline int64_t
now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}
