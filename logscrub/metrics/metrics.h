/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * metrics.h - what the service has done, as numbers
 *
 * One block of counters a store, which the service counts up in place, and one gauge a source. They
 * are written for node_exporter's textfile collector (metrics_dir/sparsam_logscrub.prom, by rename)
 * and printed on SIGUSR2. Labels are names from the configuration and from this program, nothing
 * that came with a record.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "logscrub/rule/rule.h"
#include "record/detect/detect.h"

#define METRICS_FILE       "sparsam_logscrub.prom"
#define METRICS_INTERVAL_S 15

struct conf;
struct metrics;
struct print;

struct metrics_store {
	const char *name; /* "" for what no store has */
	uint64_t n_read, n_written;
	uint64_t n_dropped[DROP_REASONS];
	uint64_t n_hits[DETECT_TYPES]; /* since the start: a copy of rule_hits() */
	size_t pending;                /* bytes that its sinks have not written yet */
	bool trouble;                  /* a sink of it takes nothing */
};

struct metrics_source {
	const char *name;
	uint64_t n_failed; /* what could not be read */
	int64_t lag_us;    /* behind the source's own end; -1 unknown: not written */
};

/* Borrows C, which names the stores and sources. The caller owns *ret. */
int metrics_new(const struct conf *c, struct metrics **ret, struct err *e);
struct metrics *metrics_free(struct metrics *m);
DEFINE_CLEANUP(struct metrics, metrics_free)

/* Counters of a store, or (NULL) of what no store has; of a source. Borrowed, they stay where they
 * are. NULL for a name that C does not declare. */
struct metrics_store *metrics_store(struct metrics *m, const char *name);
struct metrics_source *metrics_source(struct metrics *m, const char *name);

/* Goes on under a new configuration: counters of stores that stay are kept, the rest begin at 0.
 * What metrics_store() gave before is void. */
int metrics_reload(struct metrics *m, const struct conf *c, struct err *e);

/* Writes the file. 1: the folder is not there (node_exporter is not installed), which is worth one
 * line in the log; -1: EX_CANTCREAT, EX_IOERR. */
int metrics_write(const struct metrics *m, struct err *e);

/* A table for people, or JSON Lines: one object a store and a source. */
void metrics_print(const struct metrics *m, struct print *p);
