/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The loop waits for signals and, through an epoll of its own, for the sources. After each round it
 * leaves the sources alone for a moment, so that a thousand lines a second are taken in fifty goes
 * and not in a thousand.
 */
#include "logscrub/service/service.h"

#include <errno.h>
#include <libintl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>

#include "base/print/print.h"
#include "logscrub/say.h"
#include "logscrub/service/service-private.h"

#define TURN        512 /* entries of one source before the next has its turn */
#define EVENTS      64
#define WAIT_MAX_US INT64_C(60000000) /* the day may change meanwhile */
#define DRAIN_US    INT64_C(1000000)  /* at the end, for what waits in sockets */

int64_t
service_now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* --- descriptors ------------------------------------------------------------------------------ */

static int
own(struct service *s, int fd, struct source *src, struct err *e)
{
	if (fd >= s->n_owners) {
		int n = fd + 64;
		struct source **grown = reallocarray(s->owner, (size_t)n, sizeof(struct source *));

		if (!grown)
			return err_memory(e);
		for (; s->n_owners < n; s->n_owners++)
			grown[s->n_owners] = NULL;
		s->owner = grown;
	}
	s->owner[fd] = src;
	return 0;
}

static int
watch(void *ctx, struct source *src, int fd, bool add, struct err *e)
{
	struct service *s = ctx;
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	if (own(s, fd, add ? src : NULL, e) < 0)
		return -1;
	if (epoll_ctl(s->data_fd, add ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, fd, &ev) < 0)
		return err_fail(e, EX_OSERR, errno, N_("cannot wait for a source"), NULL, NULL);
	return 0;
}

static struct at_work *
work_of(struct service *s, const struct source *src)
{
	for (size_t i = 0; i < s->n_work; i++)
		if (feed_source(s->work[i].feed) == src)
			return &s->work[i];
	return NULL;
}

/* Tells the source of FD (-1: its time has come) to look. */
static void
ready(struct service *s, struct source *src, int fd)
{
	struct at_work *w = work_of(s, src);
	struct err e = { 0 };

	if (!w)
		return;
	if (source_ready(src, fd, &e) < 0)
		say_err(LOG_ERR, &e);
	w->busy = true;
}

static void
take_events(struct service *s)
{
	struct epoll_event ev[EVENTS];
	int n = epoll_wait(s->data_fd, ev, EVENTS, 0);

	for (int i = 0; i < n; i++) {
		int fd = ev[i].data.fd;

		if (fd < s->n_owners && s->owner[fd])
			ready(s, s->owner[fd], fd);
	}
}

/* --- signals ---------------------------------------------------------------------------------- */

static int
open_signals(struct service *s, struct err *e)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigaddset(&set, SIGUSR2);
	(void)signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_fail(e, EX_OSERR, errno, N_("cannot wait for signals"), NULL, NULL);
	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signal_fd < 0)
		return err_fail(e, EX_OSERR, errno, N_("cannot wait for signals"), NULL, NULL);
	return 0;
}

static void
reopen_sinks(struct service *s)
{
	for (size_t i = 0; i < s->plan->setup.conf->n_stores; i++)
		if (s->plan->pipe[i])
			pipe_reopen(s->plan->pipe[i]);
}

static void
print_metrics(struct service *s)
{
	struct print p;

	service_update_metrics(s);
	print_init(&p, stderr, false);
	metrics_print(s->metrics, &p);
}

static int
take_signals(struct service *s, struct err *e)
{
	struct signalfd_siginfo si;

	while (read(s->signal_fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		switch (si.ssi_signo) {
		case SIGHUP:
			if (service_reload(s, e) < 0)
				return -1;
			break;
		case SIGUSR1:
			reopen_sinks(s);
			break;
		case SIGUSR2:
			print_metrics(s);
			break;
		default:
			s->stop = true;
		}
	}
	return 0;
}

/* --- rounds ----------------------------------------------------------------------------------- */

/* One turn of each source that may have entries. *ret_more: some have more. */
static int
round_of_sources(struct service *s, bool *ret_more, struct err *e)
{
	*ret_more = false;
	for (size_t i = 0; i < s->n_work; i++) {
		struct at_work *w = &s->work[i];
		int rc, ms;

		if (!w->busy)
			continue;
		rc = feed_turn(w->feed, TURN, e);
		if (rc < 0)
			return -1;
		w->busy = rc == 1;
		*ret_more |= w->busy;
		ms = source_timeout_ms(feed_source(w->feed));
		w->due_us = ms < 0 ? INT64_MAX : service_now_us() + ms * INT64_C(1000);
		if (rc == 2)
			w->due_us = service_now_us() + PIPE_RETRY_US;
	}
	return 0;
}

static int
round_of_pipes(struct service *s, struct err *e)
{
	int64_t now = service_now_us();

	for (size_t i = 0; i < s->n_work; i++)
		if (feed_settle_us(s->work[i].feed) <= now &&
			feed_settle(s->work[i].feed, false, e) < 0)
			return -1;
	for (size_t i = 0; i < s->plan->setup.conf->n_stores; i++)
		if (s->plan->pipe[i] && pipe_tick(s->plan->pipe[i], now, e) < 0)
			return -1;
	return 0;
}

/* Sources whose time has come: to look again, or to try again what a sink did not take. */
static void
wake_due(struct service *s)
{
	int64_t now = service_now_us();

	for (size_t i = 0; i < s->n_work; i++) {
		struct at_work *w = &s->work[i];

		if (w->due_us > now)
			continue;
		if (feed_is_held(w->feed))
			w->busy = true;
		else
			ready(s, feed_source(w->feed), -1);
	}
}

/* Leaves the sources alone for as long as each of them can bear; signals do not wait. */
static void
be_patient(struct service *s)
{
	struct pollfd p = { .fd = s->signal_fd, .events = POLLIN };
	int ms = 1000;

	for (size_t i = 0; i < s->n_work; i++) {
		int m = source_patience_ms(feed_source(s->work[i].feed));

		ms = m < ms ? m : ms;
	}
	(void)poll(&p, 1, ms); /* the loop looks at both next */
}

static void
wait_for_something(struct service *s)
{
	struct pollfd p[2] = { { .fd = s->signal_fd, .events = POLLIN },
		{ .fd = s->data_fd, .events = POLLIN } };
	int64_t us = service_timers_us(s) - service_now_us();
	struct timespec t;

	if (us < 0)
		us = 0;
	if (us > WAIT_MAX_US)
		us = WAIT_MAX_US;
	t = (struct timespec){ .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };
	(void)ppoll(p, 2, &t, NULL); /* a signal or an error: the loop looks */
}

static bool
any_busy(const struct service *s)
{
	for (size_t i = 0; i < s->n_work; i++)
		if (s->work[i].busy)
			return true;
	return false;
}

static int
loop(struct service *s, struct err *e)
{
	while (!s->stop) {
		bool worked = any_busy(s), more;

		if (round_of_sources(s, &more, e) < 0 || round_of_pipes(s, e) < 0 ||
			service_timers(s, e) < 0)
			return -1;
		if (!more) {
			if (worked)
				be_patient(s);
			wait_for_something(s);
		}
		if (take_signals(s, e) < 0)
			return -1;
		take_events(s);
		wake_due(s);
	}
	return 0;
}

/* --- the end ---------------------------------------------------------------------------------- */

/* What waits in sockets cannot be read again; what else waits is caught up at the next start. */
static int
drain(struct service *s, struct err *e)
{
	int64_t until = service_now_us() + DRAIN_US;
	bool more = true;

	take_events(s);
	for (size_t i = 0; i < s->n_work; i++)
		if (source_decl(feed_source(s->work[i].feed))->type != SOURCE_SYSLOG)
			s->work[i].busy = false;
	while (more && service_now_us() < until)
		if (round_of_sources(s, &more, e) < 0)
			return -1;
	for (size_t i = 0; i < s->n_work; i++)
		if (feed_settle(s->work[i].feed, true, e) < 0)
			return -1;
	return 0;
}

static int
finish(struct service *s, struct err *e)
{
	int rc;

	say_state("STOPPING=1");
	if (drain(s, e) < 0)
		return -1;
	rc = service_mark(s, e);
	if (rc < 0)
		return -1;
	if (rc == 0)
		for (size_t i = 0; i < s->n_work; i++)
			feed_advance(s->work[i].feed);
	rc |= plan_flush(s->plan, e);
	for (size_t i = 0; i < s->n_work; i++)
		rc |= feed_is_held(s->work[i].feed);
	service_update_metrics(s);
	(void)metrics_write(s->metrics, NULL); /* said before, where it cannot be */
	counting_lines_commit(s->counting);
	if (rc != 0)
		return err_fail(e, EX_TEMPFAIL, 0, N_("a sink has not taken everything"),
			N_("what can be read again is read again at the next start"), NULL);
	return 0;
}

void
service_sync(void *service)
{
	struct service *s = service;

	for (size_t i = 0; i < s->n_work; i++)
		feed_sync(s->work[i].feed);
	counting_lines_save(s->counting);
}

int
service_run(struct service *s, struct err *e)
{
	say_state("READY=1");
	if (loop(s, e) < 0)
		return -1;
	return finish(s, e);
}

/* --- opening ---------------------------------------------------------------------------------- */

static int
open_feeds(struct service *s, struct err *e)
{
	const struct conf *c = s->plan->setup.conf;

	if (c->n_sources > SERVICE_SOURCES_MAX)
		return err_fail(e, EX_CONFIG, 0, N_("too many sources"), NULL, NULL);
	for (size_t i = 0; i < c->n_sources; i++) {
		struct at_work *w = &s->work[s->n_work];

		*w = (struct at_work){ .busy = true, .due_us = INT64_MAX };
		if (feed_open(&s->plan->host, &c->source[i], &w->feed, e) < 0)
			return -1;
		s->n_work++;
	}
	return 0;
}

int
service_open(const char *file, struct service **ret, struct err *e)
{
	CLEANUP(service_freep) struct service *s = calloc(1, sizeof(*s));

	if (!s)
		return err_memory(e);
	s->file = file;
	s->signal_fd = -1;
	s->data_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->data_fd < 0)
		return err_fail(e, EX_OSERR, errno, N_("cannot wait for a source"), NULL, NULL);
	if (open_signals(s, e) < 0 || plan_new(file, &s->plan, e) < 0 ||
		metrics_new(s->plan->setup.conf, &s->metrics, e) < 0 ||
		bookmark_open(s->plan->setup.conf->state_dir, &s->bookmark, e) < 0 ||
		plan_open(s->plan, e) < 0)
		return -1;
	s->plan->host.watch = watch;
	s->plan->host.ctx = s;
	s->plan->host.bookmark = s->bookmark;
	plan_count(s->plan, s->metrics);
	plan_call_before_flush(s->plan, service_sync, s);
	service_count(s);
	if (open_feeds(s, e) < 0)
		return -1;
	service_timers_start(s);
	*ret = TAKE(s);
	return 0;
}

struct service *
service_free(struct service *s)
{
	if (!s)
		return NULL;
	service_sync(s); /* sinks are flushed once more when they end, and then sources are gone */
	while (s->n_work > 0)
		feed_free(s->work[--s->n_work].feed);
	s->counting = counting_lines_free(s->counting);
	plan_free(s->plan);
	metrics_free(s->metrics);
	bookmark_free(s->bookmark);
	if (s->signal_fd >= 0)
		(void)close(s->signal_fd);
	if (s->data_fd >= 0)
		(void)close(s->data_fd);
	free(s->owner);
	free(s);
	return NULL;
}
