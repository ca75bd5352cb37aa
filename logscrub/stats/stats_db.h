/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * stats_db.h - the counters on disk: state_dir/statistics.db
 *
 * SQLite, so that an auditor can see with sqlite3 that it holds numbers and nothing else. Each node
 * is counted in two ways, which are kept apart, so that one can be held against the other and
 * nothing is counted twice. The numbers are exact; they are rounded where they leave the program.
 * Format: sparsam-statistics(5).
 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "logscrub/stats/tally.h"

#define STATS_DB_NAME  "statistics.db"
#define STATS_NODE_MAX 64

struct conf;
struct stats_db;

enum stats_way { WAY_API, WAY_LOG, WAYS };
const char *stats_way_name(enum stats_way w); /* "api", "log" */

/* How it is at this moment, and what has been since the beginning. */
struct stats_now {
	const char *node; /* borrowed for the call */
	enum stats_way way;
	int64_t counted_us;
	int64_t meetings, participants;
	int64_t microphones, listeners, cameras; /* api only */
	struct tally_hour total;                 /* filled by stats_db_each_now() */
};

/* Opens it to read (EX_UNAVAILABLE where nothing was ever counted), or to write (made, if it is not
 * there). Fails with EX_CANTCREAT, EX_DATAERR (no database, or of a later version), EX_TEMPFAIL
 * (busy for long), EX_IOERR; so do all below. */
int stats_db_open(const struct conf *c, bool write, struct stats_db **ret, struct err *e);
struct stats_db *stats_db_free(struct stats_db *db);
DEFINE_CLEANUP(struct stats_db, stats_db_free)

/* How often a way of counting a node was added to: 0 for never. */
int stats_db_serial(
	struct stats_db *db, const char *node, enum stats_way w, int64_t *ret, struct err *e);

/* Adds T and puts N in the place of what was; all of it or nothing, and SERIAL with it. */
int stats_db_add(struct stats_db *db, const struct stats_now *n, int64_t serial,
	const struct tally *t, struct err *e);

/* Hours from FROM on and before UNTIL, by node, way and hour. SEE returns 0, or -1 to stop. */
typedef int stats_db_see(
	void *ctx, const char *node, enum stats_way w, const struct tally_hour *h, struct err *e);
int stats_db_each_hour(struct stats_db *db, int64_t from, int64_t until, stats_db_see *see,
	void *ctx, struct err *e);

typedef int stats_db_see_now(void *ctx, const struct stats_now *n, struct err *e);
int stats_db_each_now(struct stats_db *db, stats_db_see_now *see, void *ctx, struct err *e);
