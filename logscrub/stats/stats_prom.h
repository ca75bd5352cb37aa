/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * stats_prom.h - the statistics for node_exporter: metrics_dir/sparsam_statistics.prom
 *
 * All nodes and both ways of counting, from the database, each number rounded by the declared rule
 * (tally_round()). Written by whoever has counted, in one step.
 */
#pragma once
#include "base/err.h"

#define STATS_PROM_FILE "sparsam_statistics.prom"

struct conf;
struct stats_db;

/* A metrics_dir that is not there is no failure: node_exporter is not installed. */
int stats_prom_write(const struct conf *c, struct stats_db *db, struct err *e);
