/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * claim-private.h - what the files of claims share
 *
 *   claim.c      the claims of a configuration, and an entry's fields one by one
 *   claim_set.c  the same fields met again and again, as numbers
 */
#pragma once
#include "record/claim.h"

#define CLAIM_TERMS 8

struct term {
	struct span field, value; /* into the configuration */
	bool prefix;
	bool negated; /* the entry must not have it */
	bool seen;    /* in the entry at hand */
};

struct claim {
	const struct conf_store *store;
	bool names; /* by the field that names it: before all others */
	unsigned n;
	struct term *term[CLAIM_TERMS];
};

/* The terms of one field lie together. */
struct group {
	struct span field;
	size_t from, to;
};

struct claim_sets; /* of claim_set.c */

struct claims {
	struct term *term;
	size_t n_terms;
	struct group *group; /* few: an entry's field is compared with these alone */
	size_t n_groups;
	struct claim *claim; /* those that name their store first, then those with more terms */
	size_t n_claims;
	const struct conf_store *rest;
	const struct conf_store *none; /* whose is what has none of the terms */
	struct claim_sets *sets;       /* NULL: nobody has asked for any yet */
};

struct claim_sets *claim_sets_free(struct claim_sets *s);
