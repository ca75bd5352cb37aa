/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * stats_report.h - the statistics of a period, by hour or by day, as they may be published
 *
 * Each number is rounded by the declared rule (tally_round()) on its own, also those of the total:
 * what a rounded total says cannot be used to undo the rounding of one row. Days are those of the
 * machine's time zone, or of TZ.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "logscrub/stats/stats_db.h"

struct conf;
struct print;

struct report_row {
	int64_t from, until; /* seconds since 1970 */
	int64_t n[TALLY_FIELDS];
};

/* One node, counted in one way; rows without a gap, in the order of time. */
struct report_part {
	char node[STATS_NODE_MAX + 1];
	enum stats_way way;
	struct report_row *row;
	size_t n_rows, max_rows;
	struct report_row total;
};

struct report_options {
	int64_t from, until; /* seconds since 1970 */
	bool by_hour;
	const char *node; /* NULL: all */
	int way;          /* an enum stats_way; -1: the API's numbers, where there are any */
};

struct report {
	struct report_options o;
	int64_t round;
	struct report_part *part;
	size_t n_parts;
};

/* The caller owns *ret. Fails as stats_db_open() does. */
int report_new(
	const struct conf *c, const struct report_options *o, struct report **ret, struct err *e);
struct report *report_free(struct report *r);
DEFINE_CLEANUP(struct report, report_free)

/* "2026-11-24", or with the hour "2026-11-24 13:00"; RET has 17 bytes at least. */
void report_time(const struct report *r, int64_t s, char ret[17]);
int64_t report_greatest(const struct report_part *p, enum tally_field f);

/* A table with bars, or JSON Lines: one object a row, then one the total of each part. */
void report_print(const struct report *r, struct print *p);

/* One file for a browser: tables and plots (SVG), no scripts, nothing from elsewhere. */
void report_print_html(const struct report *r, FILE *f);
