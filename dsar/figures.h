/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * figures.h - a year's requests in numbers, for auditors: nothing of a single person
 *
 * Counted is by the year in which a request was received. Cases that are gone count by what they left behind
 * (case_count), whose times are not known any more.
 */
#pragma once
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"

struct registry;

#define FIGURES_ARTICLES 7

struct figures_article {
	int article;
	uint64_t timed; /* answered, and it is known when */
	uint64_t n, answered, in_time, late, refused, open, extended;
	uint64_t days,
		longest; /* from receipt to answer: of all that are answered; of the slowest */
};

struct figures {
	int year;
	struct figures_article of[FIGURES_ARTICLES];
	uint64_t month[12]; /* received */
	uint64_t within[5]; /* answered within a week, two weeks, a month, three months; later */
	uint64_t gone;      /* of which only a number is left */
	json_t *refusals;   /* of the engine: what was missing, to how often; owned */
	uint64_t n_entries; /* of the register's ledger in the year */
};

/* The caller ends *ret by figures_release(), also on failure. */
int figures_read(struct registry *r, int year, int32_t today, struct figures *ret, struct err *e);
void figures_release(struct figures *f);
