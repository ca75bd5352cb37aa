/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/transform/memo.h"

#include <sodium.h>
#include <stdlib.h>

#define CACHE_LINE 64

struct memo *
memo_new(unsigned n_pairs, size_t input_max, size_t output_max)
{
	struct memo *m = calloc(1, sizeof(*m));
	size_t entry_len = sizeof(struct memo_entry) + input_max + output_max, misplaced;

	if (!m)
		return NULL;
	entry_len = (entry_len + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
	*m = (struct memo){ .input_max = input_max,
		.output_max = output_max,
		.entry_len = entry_len,
		.mask = n_pairs - 1 };
	randombytes_buf(m->seed, sizeof(m->seed));
	m->memory = calloc(1, 2 * (size_t)n_pairs * entry_len + CACHE_LINE + MEMO_BEHIND);
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

bool
memo_fits(const struct memo *m, struct span input, struct span output)
{
	return input.len > 0 && input.len <= m->input_max && output.len <= m->output_max;
}

void
memo_put(struct memo *m, struct span input, struct span output)
{
	struct memo_entry *e;

	if (!memo_fits(m, input, output))
		return;
	e = memo_pair(m, memo_hash(m, input));
	memcpy(memo_second(m, e), e, m->entry_len);
	e->input_len = (uint8_t)input.len;
	e->output_len = (uint8_t)output.len;
	memcpy(e->text, input.p, input.len);
	memcpy(e->text + input.len, output.p, output.len);
}
