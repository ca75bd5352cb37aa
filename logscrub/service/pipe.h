/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * pipe.h - one store at work: its rule, its sinks, its counters
 *
 * A record is scrubbed once and handed to each sink in turn. Where one does not take it, the pipe
 * keeps the scrubbed record and where it stood, and only that record's owner may come again with
 * it; everybody else waits.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "logscrub/metrics/metrics.h"
#include "logscrub/rule/rule.h"
#include "logscrub/rule/setup.h"
#include "logscrub/sink/sink.h"

#define PIPE_SINKS_MAX   32
#define PIPE_FLUSH_BYTES (64u << 10)
#define PIPE_FLUSH_US    INT64_C(200000)
#define PIPE_RETRY_US    INT64_C(1000000)

struct counting_lines;
struct pipe;

/* Compiles the rule of ST; opens nothing. Borrows S. The caller owns *ret. Fails with EX_CONFIG. */
int pipe_new(const struct setup *s, const struct conf_store *st, struct pipe **ret, struct err *e);
struct pipe *pipe_free(struct pipe *p);
DEFINE_CLEANUP(struct pipe, pipe_free)

/* Opens the sinks; REREADABLE as sink_recover() has it. Closing flushes what can be. */
int pipe_open(struct pipe *p, const struct conf *c, bool rereadable, struct err *e);
void pipe_close(struct pipe *p);

/* Counts into M from now on. */
void pipe_count(struct pipe *p, struct metrics_store *m);
struct metrics_store *pipe_counters(struct pipe *p);
void pipe_update_counters(struct pipe *p);

/* CALL(CTX) comes before each flush: the sources make durable what they gave out (source_sync()). */
void pipe_call_before_flush(struct pipe *p, void (*call)(void *ctx), void *ctx);

/* Shows each line to L (NULL: to nobody). */
void pipe_show(struct pipe *p, struct counting_lines *l);

/* Scrubs TEXT of EN for WHO and hands it to all sinks but those in SKIP (a bit each). 0: taken, or
 * dropped and counted; 1: not now, come again with the same; -1: never again (a sink is closed for
 * good). */
int pipe_take(struct pipe *p, const void *who, uint32_t skip, const struct entry *en,
	struct span text, struct err *e);
bool pipe_is_held_by(const struct pipe *p, const void *who);

/* 0: all written; 1: a sink is in trouble, nothing is lost; -1: never again. */
int pipe_flush(struct pipe *p, struct err *e);

/* Flushes when it is time to: PIPE_FLUSH_BYTES, PIPE_FLUSH_US after the first record; after trouble
 * every PIPE_RETRY_US. Says when trouble begins and ends. Results as pipe_flush(); 0 also where
 * there is nothing to do yet. */
int pipe_tick(struct pipe *p, int64_t now_us, struct err *e);
int64_t pipe_tick_us(const struct pipe *p); /* when next, monotonic; INT64_MAX: not by itself */
size_t pipe_pending(const struct pipe *p);

/* SIGUSR1. */
void pipe_reopen(struct pipe *p);

/* What keeps it from taking records, as fixed text, and which sink; NULL: nothing does. */
const char *pipe_trouble(const struct pipe *p, const char **ret_sink);

struct rule *pipe_rule(struct pipe *p);
const struct conf_store *pipe_store(const struct pipe *p);
unsigned pipe_n_sinks(const struct pipe *p);
struct sink *pipe_sink(const struct pipe *p, unsigned i);
