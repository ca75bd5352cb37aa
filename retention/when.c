/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "retention/when.h"

#include <string.h>

#include "base/conf/conf.h"
#include "record/key/day.h"
#include "record/timestamp.h"

bool
when_parse(const char *text, int64_t now_us, int64_t *ret_us)
{
	struct timestamp t;
	int64_t period_s;
	int32_t day;

	if (strcmp(text, "now") == 0) {
		*ret_us = now_us;
		return true;
	}
	if (*text == '+' || *text == '-') {
		period_s = conf_period_s(text + 1);
		*ret_us = now_us + (*text == '-' ? -period_s : period_s) * 1000000;
		return period_s >= 0;
	}
	if (day_parse(span_str(text), &day)) {
		*ret_us = day * DAY_US;
		return true;
	}
	timestamp_init(&t, "UTC");
	return timestamp_parse(&t, span_str(text), ret_us);
}
