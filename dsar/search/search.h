/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * search.h - this machine's stores searched for the person of a case
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "dsar/case/case.h"

struct conf_store;
struct find;
struct session;

struct searched {
	size_t n_identifiers; /* that were looked for */
	size_t n_waiting;     /* that came over other people's data */
	size_t n_failed;      /* stores that were not searched */
	uint64_t n_found;
	bool held; /* what was found is kept from routine deletion */
};

/* Searches for the person of case NUMBER, with so many stores at the same time; what is found is in the register
 * then. A store that cannot be searched is no failure: it is counted. */
int search_case(
	struct session *s, const char *number, unsigned jobs, struct searched *ret, struct err *e);

/* Looks for her once more, by all that is known by now, and keeps nothing: FIND is called for each record (its place in
 * the register is not known), FAILED for each store that could not be searched. 1: nothing is known to look by. */
struct search_seen {
	void *ctx;
	int (*find)(void *ctx, const struct find *f, struct err *e);
	void (*failed)(void *ctx, const struct conf_store *s);
};
int search_again(struct session *s, const char *number, unsigned jobs,
	const struct search_seen *seen, struct err *e);

unsigned search_jobs(void); /* as many as there are processors */
