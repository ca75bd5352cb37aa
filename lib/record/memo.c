/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/memo.h"

#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/bytes.h"

/* One remembered pair: its lengths, the input, the output. A free place has length 0. */
struct entry {
	uint8_t input_len, output_len;
	char text[];
};

struct memo {
	size_t input_max, output_max, entry_len;
	uint64_t mask; /* of the hash: which pair */
	uint64_t seed[2];
	char *memory, *entries; /* the entries begin at a cache line */
};

#define CACHE_LINE 64

struct memo *
memo_new(unsigned n_pairs, size_t input_max, size_t output_max)
{
	struct memo *m = calloc(1, sizeof(*m));
	size_t entry_len = sizeof(struct entry) + input_max + output_max, misplaced;

	if (!m)
		return NULL;
	entry_len = (entry_len + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
	*m = (struct memo){ .input_max = input_max,
		.output_max = output_max,
		.entry_len = entry_len,
		.mask = n_pairs - 1 };
	randombytes_buf(m->seed, sizeof(m->seed));
	m->memory = calloc(1, 2 * (size_t)n_pairs * entry_len + CACHE_LINE);
	if (!m->memory)
		return memo_free(m);
	misplaced = (uintptr_t)m->memory % CACHE_LINE;
	m->entries = m->memory + (misplaced ? CACHE_LINE - misplaced : 0);
	return m;
}

struct memo *
memo_free(struct memo *m)
{
	if (m)
		free(m->memory);
	free(m);
	return NULL;
}

static inline struct entry *
pair_at(const struct memo *m, uint64_t hash)
{
	return (struct entry *)(void *)(m->entries + (hash & m->mask) * 2 * m->entry_len);
}

static struct entry *
second_of(const struct memo *m, struct entry *first)
{
	return (struct entry *)(void *)((char *)first + m->entry_len);
}

static bool
entry_is(const struct entry *e, struct span input)
{
	return e->input_len == input.len && bytes_eq(e->text, input.p, input.len);
}

uint64_t
memo_hash(const struct memo *m, struct span input)
{
	uint64_t hash;
	const char *place;

	if (input.len == 0 || input.len > m->input_max)
		return 0;
	hash = bytes_hash(m->seed, input.p, input.len);
	place = (const char *)pair_at(m, hash);
	__builtin_prefetch(place);
	__builtin_prefetch(place + CACHE_LINE);
	return hash;
}

struct span
memo_find_at(const struct memo *m, uint64_t hash, struct span input)
{
	struct entry *e;

	if (input.len == 0 || input.len > m->input_max)
		return SPAN_NONE;
	e = pair_at(m, hash);
	if (!entry_is(e, input)) {
		e = second_of(m, e);
		if (!entry_is(e, input))
			return SPAN_NONE;
	}
	return span_of(e->text + e->input_len, e->output_len);
}

struct span
memo_find(const struct memo *m, struct span input)
{
	return memo_find_at(m, memo_hash(m, input), input);
}

bool
memo_fits(const struct memo *m, struct span input, struct span output)
{
	return input.len > 0 && input.len <= m->input_max && output.len <= m->output_max;
}

void
memo_put(struct memo *m, struct span input, struct span output)
{
	struct entry *e;

	if (!memo_fits(m, input, output))
		return;
	e = pair_at(m, memo_hash(m, input));
	memcpy(second_of(m, e), e, m->entry_len);
	e->input_len = (uint8_t)input.len;
	e->output_len = (uint8_t)output.len;
	memcpy(e->text, input.p, input.len);
	memcpy(e->text + input.len, output.p, output.len);
}
