/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * plan.h - what one configuration amounts to: rules, and a pipe for each store that a source reaches
 *
 * A new one is made and checked whole beside the old one, which stays in force if anything is wrong.
 */
#pragma once
#include "logscrub/service/feed.h"
#include "logscrub/rule/setup.h"

struct plan {
	struct setup setup;
	struct pipe **pipe; /* by store */
	struct feed_host host;
};

/* Reads the configuration FILE (NULL: the default), compiles all rules and claims; opens no sink.
 * The caller owns *ret. */
int plan_new(const char *file, struct plan **ret, struct err *e);
struct plan *plan_free(struct plan *p);
DEFINE_CLEANUP(struct plan, plan_free)

/* Opens all sinks, or none. */
int plan_open(struct plan *p, struct err *e);
void plan_close(struct plan *p);

/* Counts into M, which knows P's configuration. */
void plan_count(struct plan *p, struct metrics *m);

/* As pipe_call_before_flush(), for all. */
void plan_call_before_flush(struct plan *p, void (*call)(void *ctx), void *ctx);

/* Flushes all: as pipe_flush(). */
int plan_flush(struct plan *p, struct err *e);
