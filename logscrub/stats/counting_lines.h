/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * counting_lines.h - the service counts who comes and goes, from the lines that it scrubs
 *
 * Each line of the store that `statistics' names is shown to it before it is scrubbed. What it
 * keeps in memory is at least as new as what the sinks have: after a crash it is told again of what
 * it knows, which changes nothing. No failure in here keeps a line from being written.
 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/span.h"

#define COUNTING_COMMIT_S 60 /* how often the database gets what was counted */

struct conf;
struct counting_lines;

/* *ret is NULL where C has no section statistics. Otherwise as counting_open(). Borrows C. */
int counting_lines_open(const struct conf *c, struct counting_lines **ret, struct err *e);
struct counting_lines *counting_lines_free(struct counting_lines *l);
DEFINE_CLEANUP(struct counting_lines, counting_lines_free)

void counting_lines_take(struct counting_lines *l, struct span line, int64_t arrival_us);

/* The clock says NOW_US, and no lines are waiting: minutes go by. */
void counting_lines_idle(struct counting_lines *l, int64_t now_us);

/* Before a sink writes what came after. Says what goes wrong, once. L may be NULL. */
void counting_lines_save(struct counting_lines *l);

/* Adds to the database, and writes the metrics. Says what goes wrong, once. L may be NULL. */
void counting_lines_commit(struct counting_lines *l);
