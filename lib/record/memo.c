/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/memo.h"

#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>

/* One remembered pair: its lengths, the input, the output. A free place has length 0. */
struct entry {
	uint8_t input_len, output_len;
	char text[];
};

struct memo {
	size_t input_max, output_max, entry_len;
	uint64_t mask; /* of the hash: which pair */
	uint64_t seed[2];
	char *entries;
};

static inline uint64_t
word(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t
mix(uint64_t a, uint64_t b)
{
	unsigned __int128 r = (unsigned __int128)a * b;

	return (uint64_t)r ^ (uint64_t)(r >> 64);
}

/* Sixteen bytes a multiplication, the last ones overlapping (after wyhash). */
static inline uint64_t
input_hash(const struct memo *m, struct span s)
{
	uint64_t h = m->seed[0] ^ s.len;
	uint64_t a = 0, b = 0;
	const char *p = s.p, *end = s.p + s.len;

	for (; end - p > 16; p += 16)
		h = mix(word(p) ^ m->seed[1], word(p + 8) ^ h);
	if (s.len >= 16) {
		a = word(end - 16);
		b = word(end - 8);
	} else if (s.len >= 8) {
		a = word(s.p);
		b = word(end - 8);
	} else {
		memcpy(&a, s.p, s.len);
	}
	return mix(a ^ m->seed[1], b ^ h);
}

struct memo *
memo_new(unsigned n_pairs, size_t input_max, size_t output_max)
{
	struct memo *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	*m = (struct memo){ .input_max = input_max,
		.output_max = output_max,
		.entry_len = sizeof(struct entry) + input_max + output_max,
		.mask = n_pairs - 1 };
	randombytes_buf(m->seed, sizeof(m->seed));
	m->entries = calloc(2 * (size_t)n_pairs, m->entry_len);
	return m->entries ? m : memo_free(m);
}

struct memo *
memo_free(struct memo *m)
{
	if (m)
		free(m->entries);
	free(m);
	return NULL;
}

static struct entry *
pair_of(const struct memo *m, struct span input)
{
	uint64_t h = input_hash(m, input);

	return (struct entry *)(void *)(m->entries + (h & m->mask) * 2 * m->entry_len);
}

static struct entry *
second_of(const struct memo *m, struct entry *first)
{
	return (struct entry *)(void *)((char *)first + m->entry_len);
}

static bool
entry_is(const struct entry *e, struct span input)
{
	return e->input_len == input.len && memcmp(e->text, input.p, input.len) == 0;
}

struct span
memo_find(struct memo *m, struct span input)
{
	struct entry *e;

	if (input.len == 0 || input.len > m->input_max)
		return SPAN_NONE;
	e = pair_of(m, input);
	if (!entry_is(e, input)) {
		e = second_of(m, e);
		if (!entry_is(e, input))
			return SPAN_NONE;
	}
	return span_of(e->text + e->input_len, e->output_len);
}

void
memo_put(struct memo *m, struct span input, struct span output)
{
	struct entry *e;

	if (input.len == 0 || input.len > m->input_max || output.len > m->output_max)
		return;
	e = pair_of(m, input);
	memcpy(second_of(m, e), e, m->entry_len);
	e->input_len = (uint8_t)input.len;
	e->output_len = (uint8_t)output.len;
	memcpy(e->text, input.p, input.len);
	memcpy(e->text + input.len, output.p, output.len);
}
