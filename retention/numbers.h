/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * numbers.h - metrics_dir/sparsam_retention.prom for node_exporter
 *
 * Labels are names of stores and nothing else: nothing personal.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct session;
struct standing;

#define NUMBERS_FILE "sparsam_retention.prom"

/* Writes the N standings at V. LAST_RUN_US: 0, there was none. 1: nobody collects. */
int numbers_write(
	struct session *s, const struct standing *v, size_t n, int64_t last_run_us, struct err *e);
