/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * metrics-private.h - what the counters and their two ways out share
 */
#pragma once
#include "base/conf/conf.h"
#include "logscrub/metrics/metrics.h"

struct metrics {
	const struct conf *conf;     /* borrowed */
	struct metrics_store *store; /* those of the configuration, and one for none of them */
	struct metrics_source *source;
	size_t n_stores, n_sources;
};
