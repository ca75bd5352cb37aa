/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * service-private.h - what the loop, the timers and the reload share
 */
#pragma once
#include <signal.h>

#include "logscrub/stats/counting_lines.h"
#include "logscrub/metrics/metrics.h"
#include "logscrub/service/plan.h"
#include "logscrub/service/service.h"

#define SERVICE_SOURCES_MAX 64

struct at_work {
	struct feed *feed;
	bool busy;      /* may have entries */
	int64_t due_us; /* monotonic: its source wants to be asked */
};

struct service {
	const char *file;
	struct plan *plan;
	struct at_work work[SERVICE_SOURCES_MAX];
	size_t n_work;
	struct metrics *metrics;
	struct bookmark *bookmark;
	struct counting_lines *counting; /* or NULL */

	int data_fd; /* epoll over the sources' descriptors */
	int signal_fd;
	struct source **owner; /* by descriptor */
	int n_owners;

	bool stop;
	int64_t metrics_us, advance_us, flush_us, mark_us, watchdog_us; /* monotonic: due */
	int64_t count_us;                                               /* … as well */
	int64_t watchdog_every_us;                                      /* 0: none */
	int32_t day;
	bool metrics_said;
	char status[256];
};

int64_t service_now_us(void); /* monotonic */

/* SIGHUP. Says what is wrong. -1: neither the new nor the old configuration can go on. */
int service_reload(struct service *s, struct err *e);

/* What is due by the clock: keys, counters, positions, the watchdog. */
int service_timers(struct service *s, struct err *e);
int64_t service_timers_us(const struct service *s); /* when next */
void service_timers_start(struct service *s);
void service_update_metrics(struct service *s);
int service_mark(struct service *s, struct err *e);
void service_sync(void *service); /* what pipes call before they flush */

/* Begins, or begins anew, to count who comes and goes, where the plan's configuration wants it. */
void service_count(struct service *s);
