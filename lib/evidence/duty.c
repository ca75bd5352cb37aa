/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "evidence/duty.h"

#include <time.h>

#include "record/record.h"

bool
duty_stands(const struct conf_duty *y, int64_t now_us)
{
	return now_us / 1000000 < y->ends_s;
}

/* The end of year YEARS after that of S. */
static int64_t
years_end_s(int64_t s, long years)
{
	const time_t t = s;
	struct tm tm;

	if (!gmtime_r(&t, &tm))
		return INT64_MAX;
	tm = (struct tm){ .tm_year = tm.tm_year + (int)years + 1, .tm_mday = 1 };
	return timegm(&tm);
}

static bool
covers_time(const struct conf_duty *y, int64_t time_us, int64_t now_us)
{
	const int64_t s = time_us / 1000000;

	return s >= y->since_s && s < y->until_s &&
	       (y->years < 0 || now_us / 1000000 < years_end_s(s, y->years));
}

bool
duty_covers(const struct conf_duty *y, const struct record *r, int64_t now_us)
{
	return duty_stands(y, now_us) && conf_duty_names(y, r->store) &&
	       (r->time_us == RECORD_NO_TIME || covers_time(y, r->time_us, now_us));
}

int64_t
duty_until_us(const struct conf_duty *y, const struct record *r)
{
	int64_t s = y->ends_s;

	if (y->years >= 0 && r->time_us != RECORD_NO_TIME) {
		const int64_t end_s = years_end_s(r->time_us / 1000000, y->years);

		s = end_s < s ? end_s : s;
	}
	return s > INT64_MAX / 1000000 ? INT64_MAX : s * 1000000;
}

static bool
ask_record(void *ctx, const struct record *r)
{
	const struct duties *d = ctx;

	for (size_t i = 0; i < d->conf->n_duties; i++)
		if (duty_covers(&d->conf->duty[i], r, d->now_us))
			return true;
	return false;
}

/* What covers a block's first and last moment covers all between. */
static enum select_answer
ask_block(void *ctx, const struct select_block *b)
{
	const struct duties *d = ctx;
	enum select_answer a = SELECT_NO;

	for (size_t i = 0; i < d->conf->n_duties; i++) {
		const struct conf_duty *y = &d->conf->duty[i];

		if (!duty_stands(y, d->now_us) || !conf_duty_names(y, b->store))
			continue;
		if (covers_time(y, b->from_us, d->now_us) && covers_time(y, b->to_us, d->now_us))
			return SELECT_YES;
		a = SELECT_MAYBE;
	}
	return a;
}

void
duties_init(struct duties *d, const struct conf *c)
{
	*d = (struct duties){ .conf = c, .question = { d, ask_block, ask_record, .late = true } };
}

const struct select_question *
duties_ask(struct duties *d, int64_t now_us)
{
	d->now_us = now_us;
	return &d->question;
}

size_t
duties_of_store(const struct conf *c, const struct conf_store *s, int64_t now_us)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_duties; i++)
		n += duty_stands(&c->duty[i], now_us) && conf_duty_names(&c->duty[i], s);
	return n;
}
