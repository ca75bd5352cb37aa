/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which terms some fields meet together is a set, and each set that occurs gets a number: so an entry's store is
 * found by a few numbers, each known since its field was met first. What programs may write into a journal has
 * no bound, so that the sets have one.
 */
#include <stdlib.h>
#include <string.h>

#include "record/claim-private.h"

#define SETS_MAX 4096
#define BUCKETS  (4 * SETS_MAX) /* powers of two */
#define JOINS    4096

/* The last pair that fell on a place, and what it made. A place that was never used is 0 and 0: nothing. */
struct join {
	uint32_t a, b, both;
};

struct claim_sets {
	size_t words;  /* of 64 terms */
	uint64_t *bit; /* of each set, one behind the other; the first is empty */
	const struct conf_store **store;
	uint32_t n;
	uint32_t bucket[BUCKETS]; /* a set's number; 0: free */
	struct join join[JOINS];
};

struct claim_sets *
claim_sets_free(struct claim_sets *s)
{
	if (!s)
		return NULL;
	free(s->bit);
	free(s->store);
	free(s);
	return NULL;
}

static struct claim_sets *
sets_of(struct claims *cl)
{
	struct claim_sets *s;

	if (cl->sets)
		return cl->sets;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->words = cl->n_terms / 64 + 1;
	/* one more, in which a set is put together; memory is touched only as it fills */
	s->bit = calloc((SETS_MAX + 1) * s->words, sizeof(*s->bit));
	s->store = calloc(SETS_MAX, sizeof(struct conf_store *));
	if (!s->bit || !s->store)
		return claim_sets_free(s);
	s->store[0] = cl->none;
	s->n = 1;
	cl->sets = s;
	return s;
}

static uint64_t *
set_bits(const struct claim_sets *s, uint32_t i)
{
	return s->bit + i * s->words;
}

/* Whose an entry with the set I is. */
static const struct conf_store *
owner(struct claims *cl, uint32_t i)
{
	const uint64_t *bit = set_bits(cl->sets, i);

	for (size_t t = 0; t < cl->n_terms; t++)
		cl->term[t].seen = bit[t / 64] >> t % 64 & 1;
	return claims_store(cl);
}

/* The number of the set, which is not empty, that was put together behind the last one. */
static uint32_t
number(struct claims *cl)
{
	struct claim_sets *s = cl->sets;
	const uint64_t *made = set_bits(s, s->n);
	uint64_t hash = 0;
	size_t at;

	for (size_t i = 0; i < s->words; i++)
		hash = (hash ^ made[i]) * 0x9e3779b97f4a7c15 + (hash >> 29);
	for (at = hash >> 40 & (BUCKETS - 1); s->bucket[at]; at = (at + 1) & (BUCKETS - 1))
		if (memcmp(set_bits(s, s->bucket[at]), made, s->words * sizeof(*made)) == 0)
			return s->bucket[at];
	if (s->n == SETS_MAX)
		return CLAIMS_MANY;
	s->bucket[at] = s->n;
	s->store[s->n] = owner(cl, s->n);
	return s->n++;
}

uint32_t
claims_of(struct claims *cl, struct span data)
{
	struct claim_sets *s = sets_of(cl);
	uint64_t *made;

	if (!s)
		return CLAIMS_MANY;
	claims_begin(cl);
	if (!claims_see(cl, data))
		return CLAIMS_NOTHING;
	made = set_bits(s, s->n);
	memset(made, 0, s->words * sizeof(*made));
	for (size_t t = 0; t < cl->n_terms; t++)
		made[t / 64] |= (uint64_t)cl->term[t].seen << t % 64;
	return number(cl);
}

uint32_t
claims_join(struct claims *cl, uint32_t a, uint32_t b)
{
	struct claim_sets *s = cl->sets;
	uint64_t *made;
	struct join *j;

	if (a == CLAIMS_NOTHING || a == b)
		return b;
	if (b == CLAIMS_NOTHING)
		return a;
	if (a == CLAIMS_MANY || b == CLAIMS_MANY)
		return CLAIMS_MANY;
	j = &s->join[(a * 31 + b) % JOINS];
	if (j->a == a && j->b == b)
		return j->both;
	made = set_bits(s, s->n);
	for (size_t i = 0; i < s->words; i++)
		made[i] = set_bits(s, a)[i] | set_bits(s, b)[i];
	*j = (struct join){ a, b, number(cl) };
	return j->both;
}

const struct conf_store *
claims_store_of(const struct claims *cl, uint32_t fields)
{
	return cl->sets && fields < cl->sets->n ? cl->sets->store[fields] : cl->none;
}
