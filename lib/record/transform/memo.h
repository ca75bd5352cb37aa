/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * memo.h - what a costly function gave for an input the last time
 *
 * Exact: an entry holds the whole input and is compared with it, so a hit is never a mistake. Two
 * places for each input, the newer one first; what falls out is made again. The hash is keyed by
 * chance, so that nobody can aim at a place. Fixed in size; memory is touched only as it fills.
 */
#pragma once
#include <stdint.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/span.h"

#define MEMO_INPUT_MAX  250 /* longer ones are not remembered */
#define MEMO_OUTPUT_MAX 254
#define MEMO_BEHIND     16 /* bytes that may be read behind an output */

/* Here only so that it can be inlined; a place that is free has length 0. */
struct memo_entry {
	uint8_t input_len, output_len;
	char text[]; /* the input, the output */
};

struct memo {
	size_t input_max, output_max, entry_len;
	uint64_t mask; /* of the hash: which pair */
	uint64_t seed[2];
	char *memory, *entries; /* the entries begin at a cache line */
};

/* Room for N_PAIRS (a power of two) times two inputs of up to INPUT_MAX bytes, with outputs of up
 * to OUTPUT_MAX. NULL: out of memory. */
struct memo *memo_new(unsigned n_pairs, size_t input_max, size_t output_max);
struct memo *memo_free(struct memo *m);
DEFINE_CLEANUP(struct memo, memo_free)

static inline struct memo_entry *
memo_pair(const struct memo *m, uint64_t hash)
{
	return (struct memo_entry *)(void *)(m->entries + (hash & m->mask) * 2 * m->entry_len);
}

static inline struct memo_entry *
memo_second(const struct memo *m, struct memo_entry *first)
{
	return (struct memo_entry *)(void *)((char *)first + m->entry_len);
}

static inline bool
memo_is(const struct memo_entry *e, struct span input)
{
	return e->input_len == input.len && bytes_eq(e->text, input.p, input.len);
}

/* What was remembered for INPUT, or SPAN_NONE; borrowed until the next memo_put(), with MEMO_BEHIND bytes
 * behind it that may be read. HASH is memo_hash()'s, which also has the place brought near: asked some time
 * before it costs no wait. */
static inline uint64_t
memo_hash(const struct memo *m, struct span input)
{
	uint64_t hash;
	const char *place;

	if (input.len - 1 >= m->input_max) /* empty: a large number */
		return 0;
	hash = bytes_hash(m->seed, input.p, input.len);
	place = (const char *)memo_pair(m, hash);
	__builtin_prefetch(place);
	__builtin_prefetch(place + 64);
	return hash;
}

static inline struct span
memo_find_at(const struct memo *m, uint64_t hash, struct span input)
{
	struct memo_entry *e = memo_pair(m, hash);

	if (input.len - 1 >= m->input_max)
		return SPAN_NONE;
	if (!memo_is(e, input)) {
		e = memo_second(m, e);
		if (!memo_is(e, input))
			return SPAN_NONE;
	}
	return span_of(e->text + e->input_len, e->output_len);
}

static inline struct span
memo_find(const struct memo *m, struct span input)
{
	return memo_find_at(m, memo_hash(m, input), input);
}

/* Remembers OUTPUT for INPUT, if both fit. */
bool memo_fits(const struct memo *m, struct span input, struct span output);
void memo_put(struct memo *m, struct span input, struct span output);
