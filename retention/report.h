/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * report.h - what the ledger says of a period: what was due, dropped and kept, and what went wrong
 *
 * Built from the ledger's entries alone (retention/account.h, changes.h), but for the reasons of holds,
 * which the ledger does not have: they come from the hold file, with whatever the detectors find in them
 * struck out. Days are UTC.
 *
 *   report.c        the command
 *   report_read.c   from the ledger to the structs below
 *   report_text.c   for a terminal, and as JSON Lines
 *   report_html.c   one file for a browser, with plots
 *   report_pdf.c    the same for paper
 */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct session;

struct report_day {
	int32_t day; /* timestamp_day() */
	uint64_t due, due_bytes, dropped, bytes, unread, failed;
	json_t *kept; /* at the end of the day: "hold 3" to records; NULL: nothing */
};

/* The oldest record at a moment: its age. Two at one moment are a drop. */
struct report_point {
	int64_t time_us, age_s;
};

struct report_store {
	char *name;
	int64_t period_s; /* as it last was; 0: unknown */
	struct report_day *day;
	size_t n_days;
	struct report_point *point;
	size_t n_points;
	struct report_day total;
	int64_t oldest_us, worst_s; /* INT64_MAX: it was empty */
	bool late;
};

struct report_finding {
	int64_t time_us;
	const char *what; /* N_() */
	char detail[160];
};

struct report_change {
	int64_t time_us;
	char hash[65];
	json_t *changed; /* changes.h; NULL: the first configuration on record */
};

struct report {
	int64_t from_us, until_us;
	struct report_store *store;
	size_t n_stores;
	struct report_finding *finding;
	size_t n_findings;
	struct report_change *change;
	size_t n_changes;
	uint64_t n_runs, n_entries;
	char head[65], key[41]; /* the newest entry's hash; the node's key, or "" */
	uint64_t head_seq;
	bool failed; /* memory is out */
};

int report_read(struct session *s, int64_t from_us, struct report *ret, struct err *e);
void report_release(struct report *r);

void report_print_text(struct session *s, const struct report *r);
void report_print_json(struct session *s, const struct report *r);
void report_print_html(struct session *s, const struct report *r);
/* Writes a PDF to standard output. */
int report_print_pdf(struct session *s, const struct report *r, struct err *e);

/* Why "hold 3" or "duty NAME" keeps; RET is always set. */
void report_why(const struct session *s, const char *by, char ret[320]);

/* "period_s: 604800 -> 1209600" of a change's [old, new]. */
void report_change_text(const char *key, const json_t *pair, char ret[200]);

/* The days of R's period that a run has ended on, and "2026-11-24" of a time. */
void report_day_text(int64_t us, char ret[11]);

/* At most this many points are drawn; of those between the oldest age counts. The caller frees *RET. */
#define REPORT_POINTS 400
size_t report_thin(
	const struct report *r, const struct report_store *st, struct report_point **ret);
int64_t report_greatest(const struct report_store *st); /* seconds, of plot and limit */
