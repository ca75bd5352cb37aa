/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <libintl.h>
#include <stdio.h>
#include <string.h>

#include <systemd/sd-daemon.h>

#include "logscrub/say.h"
#include "logscrub/service/service-private.h"
#include "logscrub/source/source-private.h"
#include "record/timestamp.h"

#define SECOND_US    INT64_C(1000000)
#define ADVANCE_US   (600 * SECOND_US)
#define FLUSH_ALL_US (10 * SECOND_US) /* positions of quiet sinks, files renamed without a signal */
#define MARK_US      SECOND_US
#define DAY_S        86400

/* --- keys ------------------------------------------------------------------------------------- */

/* A key goes when no record of its day may exist any more. */
static void
destroy_old_keys(struct service *s, int32_t today)
{
	const struct conf *c = s->plan->setup.conf;
	int32_t periods = (int32_t)((c->longest_period_s + DAY_S - 1) / DAY_S);
	struct err e = { 0 };
	unsigned n = 0;

	if (keyring_destroy_before(s->plan->setup.keyring, today - periods, &n, &e) < 0)
		say_err(LOG_ERR, &e);
	else if (n > 0)
		say(LOG_INFO, gettext("keys destroyed: %u"), n);
	s->day = today;
}

/* --- counters --------------------------------------------------------------------------------- */

void
service_update_metrics(struct service *s)
{
	for (size_t i = 0; i < s->plan->setup.conf->n_stores; i++)
		if (s->plan->pipe[i])
			pipe_update_counters(s->plan->pipe[i]);
	for (size_t i = 0; i < s->n_work; i++) {
		struct source *src = feed_source(s->work[i].feed);
		struct metrics_source *m = metrics_source(s->metrics, source_decl(src)->name);

		if (!m)
			continue;
		m->lag_us = source_lag_us(src);
		m->n_failed = source_n_failed(src);
	}
}

static void
write_metrics(struct service *s)
{
	struct err e = { 0 };
	int rc;

	service_update_metrics(s);
	rc = metrics_write(s->metrics, &e);
	if (rc < 0 && !s->metrics_said)
		say_err(LOG_WARNING, &e);
	if (rc > 0 && !s->metrics_said)
		say(LOG_INFO, gettext("no counters are written: %s is not there"),
			s->plan->setup.conf->metrics_dir);
	s->metrics_said = rc != 0;
}

/* What systemctl status shows; sent when it changes. */
static void
tell_status(struct service *s)
{
	char text[sizeof(s->status)];
	const char *trouble = NULL, *sink = NULL, *store = NULL;

	for (size_t i = 0; i < s->plan->setup.conf->n_stores && !trouble; i++)
		if (s->plan->pipe[i]) {
			trouble = pipe_trouble(s->plan->pipe[i], &sink);
			store = s->plan->setup.conf->store[i].name;
		}
	if (trouble)
		(void)snprintf(
			text, sizeof(text), "store \"%s\" waits for %s: %s", store, sink, trouble);
	else
		(void)snprintf(text, sizeof(text), "%zu sources read", s->n_work);
	if (strcmp(text, s->status) == 0)
		return;
	memcpy(s->status, text, sizeof(s->status));
	say_state("STATUS=%s", text);
}

/* --- who comes and goes ----------------------------------------------------------------------- */

void
service_count(struct service *s)
{
	const struct conf *c = s->plan->setup.conf;
	struct err e = { 0 };

	counting_lines_commit(s->counting);
	s->counting = counting_lines_free(s->counting);
	if (counting_lines_open(c, &s->counting, &e) < 0)
		say_err(LOG_ERR, &e); /* logs are written all the same */
	for (size_t i = 0; i < c->n_stores; i++)
		if (s->plan->pipe[i] && strcmp(c->store[i].name, c->statistics.store) == 0)
			pipe_show(s->plan->pipe[i], s->counting);
	s->count_us = s->counting ? service_now_us() + COUNTING_COMMIT_S * SECOND_US : INT64_MAX;
}

static bool
is_caught_up(const struct service *s)
{
	for (size_t i = 0; i < s->n_work; i++)
		if (s->work[i].busy || feed_is_held(s->work[i].feed))
			return false;
	return true;
}

static void
count_due(struct service *s, int64_t now)
{
	if (now < s->count_us)
		return;
	s->count_us = now + COUNTING_COMMIT_S * SECOND_US;
	if (is_caught_up(s))
		counting_lines_idle(s->counting, now_us());
	counting_lines_commit(s->counting);
}

/* --- positions -------------------------------------------------------------------------------- */

/* With everything flushed, what was read is also written: positions may say so. */
int
service_mark(struct service *s, struct err *e)
{
	struct err why = { 0 };
	int rc = plan_flush(s->plan, e);

	if (rc != 0)
		return rc;
	for (size_t i = 0; i < s->n_work; i++)
		if (feed_is_whole(s->work[i].feed))
			feed_mark(s->work[i].feed);
	if (bookmark_save(s->bookmark, &why) < 0)
		say_err(LOG_WARNING, &why);
	return 0;
}

static bool
needs_mark(const struct service *s)
{
	for (size_t i = 0; i < s->n_work; i++)
		if (feed_needs_mark(s->work[i].feed))
			return true;
	return false;
}

/* --- the clock -------------------------------------------------------------------------------- */

void
service_timers_start(struct service *s)
{
	int64_t now = service_now_us();
	uint64_t usec = 0;

	if (sd_watchdog_enabled(0, &usec) > 0)
		s->watchdog_every_us = (int64_t)usec / 2;
	s->watchdog_us = s->watchdog_every_us ? now : INT64_MAX;
	s->metrics_us = now;
	s->advance_us = now + ADVANCE_US;
	s->flush_us = now + FLUSH_ALL_US;
	s->mark_us = needs_mark(s) ? now + MARK_US : INT64_MAX;
	destroy_old_keys(s, timestamp_day(now_us()));
}

static void
sooner(int64_t *at, int64_t other)
{
	if (other < *at)
		*at = other;
}

int64_t
service_timers_us(const struct service *s)
{
	int64_t at = s->metrics_us;

	sooner(&at, s->watchdog_us);
	sooner(&at, s->flush_us);
	sooner(&at, s->mark_us);
	sooner(&at, s->count_us);
	for (size_t i = 0; i < s->plan->setup.conf->n_stores; i++)
		if (s->plan->pipe[i])
			sooner(&at, pipe_tick_us(s->plan->pipe[i]));
	for (size_t i = 0; i < s->n_work; i++) {
		sooner(&at, s->work[i].due_us);
		sooner(&at, feed_settle_us(s->work[i].feed));
	}
	return at;
}

static int
flush_due(struct service *s, int64_t now, struct err *e)
{
	if (now >= s->advance_us) {
		for (size_t i = 0; i < s->n_work; i++)
			feed_advance(s->work[i].feed);
		s->advance_us = now + ADVANCE_US;
	}
	if (now >= s->mark_us) {
		s->mark_us = now + MARK_US;
		if (service_mark(s, e) < 0)
			return -1;
	}
	if (now >= s->flush_us) {
		s->flush_us = now + FLUSH_ALL_US;
		if (plan_flush(s->plan, e) < 0)
			return -1;
	}
	return 0;
}

int
service_timers(struct service *s, struct err *e)
{
	int64_t now = service_now_us();
	int32_t today = timestamp_day(now_us());

	if (now >= s->watchdog_us) {
		say_state("WATCHDOG=1");
		s->watchdog_us = now + s->watchdog_every_us;
	}
	if (today != s->day)
		destroy_old_keys(s, today);
	if (flush_due(s, now, e) < 0)
		return -1;
	if (now >= s->metrics_us) {
		s->metrics_us = now + METRICS_INTERVAL_S * SECOND_US;
		write_metrics(s);
	}
	count_due(s, now);
	tell_status(s);
	return 0;
}
