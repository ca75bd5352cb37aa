/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A reload is all or nothing. The new configuration is read and its rules are compiled first; then
 * everything is flushed, for two plans cannot have the same files open; then the new sinks and the
 * new sources are opened. What fails on the way puts the old plan back. Sources that are declared
 * as before stay open, so that no datagram is lost and no connection is cut.
 */
#include <libintl.h>
#include <stdio.h>

#include "logscrub/say.h"
#include "logscrub/service/service-private.h"

static int
fail_busy(const struct service *s, struct err *e)
{
	for (size_t i = 0; i < s->n_work; i++)
		if (feed_is_held(s->work[i].feed))
			return err_fail(e, EX_TEMPFAIL, 0,
				N_("the configuration is not changed while a sink takes nothing"),
				N_("see what the sink waits for, or restart"), "source \"%s\"",
				source_decl(feed_source(s->work[i].feed))->name);
	return err_fail(e, EX_TEMPFAIL, 0,
		N_("the configuration is not changed while a sink takes nothing"),
		N_("see what the sink waits for, or restart"), NULL);
}

/* The feed whose source can go on as D; SERVICE_SOURCES_MAX: none. */
static size_t
find_feed(const struct service *s, const struct conf_source *d)
{
	for (size_t i = 0; i < s->n_work; i++)
		if (source_serves(feed_source(s->work[i].feed), d))
			return i;
	return SERVICE_SOURCES_MAX;
}

/* Opens those of the new sources that no old one serves. */
static int
open_new(const struct service *s, const struct plan *new, struct at_work *ret, struct err *e)
{
	const struct conf *c = new->setup.conf;

	if (c->n_sources > SERVICE_SOURCES_MAX)
		return err_fail(e, EX_CONFIG, 0, N_("too many sources"), NULL, NULL);
	for (size_t i = 0; i < c->n_sources; i++) {
		ret[i] = (struct at_work){ .busy = true, .due_us = INT64_MAX };
		if (find_feed(s, &c->source[i]) == SERVICE_SOURCES_MAX &&
			feed_open(&new->host, &c->source[i], &ret[i].feed, e) < 0)
			return -1;
	}
	return 0;
}

/* Cannot fail but for memory: the claims have been compiled once before. */
static int
change_over(struct service *s, struct plan *new, struct at_work *work, struct err *e)
{
	const struct conf *c = new->setup.conf;

	for (size_t i = 0; i < c->n_sources; i++) {
		size_t old = work[i].feed ? SERVICE_SOURCES_MAX : find_feed(s, &c->source[i]);

		if (old == SERVICE_SOURCES_MAX)
			continue;
		work[i] = s->work[old];
		s->work[old] = s->work[--s->n_work];
		work[i].busy = true;
		if (feed_redeclare(work[i].feed, &new->host, &c->source[i], e) < 0)
			return -1;
	}
	while (s->n_work > 0)
		feed_free(s->work[--s->n_work].feed);
	for (; s->n_work < c->n_sources; s->n_work++)
		s->work[s->n_work] = work[s->n_work];
	return 0;
}

static int
put_back(struct service *s, struct plan *new, struct at_work *work, struct err *e)
{
	struct err fatal = { 0 };

	for (size_t i = 0; i < new->setup.conf->n_sources &&i < SERVICE_SOURCES_MAX; i++)
		feed_free(work[i].feed);
	plan_close(new);
	if (plan_open(s->plan, &fatal) == 0)
		return 1;
	*e = fatal;
	return -1;
}

/* 0: done; 1: E says why not, and the old plan goes on; -1: nothing goes on. */
static int
reload(struct service *s, struct err *e)
{
	CLEANUP(plan_freep) struct plan *new = NULL;
	struct at_work work[SERVICE_SOURCES_MAX] = { 0 };
	struct plan *old = s->plan;
	int rc;

	if (plan_new(s->file, &new, e) < 0)
		return 1;
	new->host.watch = old->host.watch;
	new->host.ctx = old->host.ctx;
	new->host.bookmark = old->host.bookmark;
	rc = plan_flush(old, e);
	if (rc < 0)
		return -1;
	for (size_t i = 0; i < s->n_work; i++)
		rc |= feed_is_held(s->work[i].feed);
	if (rc > 0) {
		(void)fail_busy(s, e);
		return 1;
	}
	plan_close(old);
	if (plan_open(new, e) < 0 || open_new(s, new, work, e) < 0)
		return put_back(s, new, work, e);
	if (metrics_reload(s->metrics, new->setup.conf, e) < 0)
		return -1;
	plan_count(new, s->metrics);
	plan_call_before_flush(new, service_sync, s);
	if (change_over(s, new, work, e) < 0)
		return -1;
	counting_lines_commit(s->counting);
	s->counting = counting_lines_free(s->counting); /* it borrows the old configuration */
	s->plan = TAKE(new);
	plan_free(old);
	service_count(s);
	return 0;
}

int
service_reload(struct service *s, struct err *e)
{
	int rc;

	say_state("RELOADING=1\nMONOTONIC_USEC=%lld", (long long)service_now_us());
	rc = reload(s, e);
	if (rc < 0)
		return -1;
	if (rc > 0) {
		say_err(LOG_ERR, e);
		say(LOG_WARNING, "%s", gettext("the old configuration stays in force"));
		*e = (struct err){ 0 };
	} else {
		say(LOG_INFO, "%s", gettext("the configuration was read anew"));
		service_timers_start(s);
	}
	s->status[0] = '\0';
	say_state("READY=1");
	return 0;
}
