/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * needles.h - many short texts, looked for in one pass over a long one
 *
 * Letters of ASCII are the same in either case, all other bytes are themselves. A window of four bytes
 * of each text, the rarest it has, is what the pass looks for; where one is met the whole text is compared.
 * So the pass costs about the same for one and for a hundred of them.
 *
 * Read-only once it is made: several threads may look with one.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/span.h"

#define NEEDLE_MIN 3 /* bytes; what is shorter stands everywhere */

struct needles;

struct needle {
	struct span text; /* copied */
	size_t anchor;    /* where its window begins; NEEDLE_ANY: wherever it is rarest */
};
#define NEEDLE_ANY SIZE_MAX

/* The N of V; none may be shorter than NEEDLE_MIN. Texts with an anchor whose windows are the same are looked up
 * by their whole, so that a thousand of them cost what one does. The caller owns *ret. */
int needles_new(const struct needle *v, size_t n, struct needles **ret, struct err *e);
struct needles *needles_free(struct needles *n); /* wipes */
DEFINE_CLEANUP(struct needles, needles_free)

/* A walk over HAY. */
struct needles_walk {
	const struct needles *needles;
	struct span hay;
	size_t at;      /* of the next window that is looked at */
	uint64_t maybe; /* … among those of the block from BLOCK on, where one may be */
	size_t block;
	size_t group; /* the next one to be compared at `found` */
	size_t found;
	size_t same, same_end; /* what is still to be told of there */
};

struct needle_hit {
	size_t which; /* of those at needles_new() */
	size_t begin, end;
};

struct needles_walk needles_in(const struct needles *n, struct span hay);

/* 0: *ret is the next one; 1: there is no other. They come in the order of their windows. */
int needles_next(struct needles_walk *w, struct needle_hit *ret);

/* The bytes of the longest. */
size_t needles_longest(const struct needles *n);
