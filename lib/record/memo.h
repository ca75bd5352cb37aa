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

#include "base/cleanup.h"
#include "base/span.h"

struct memo;

#define MEMO_INPUT_MAX  250 /* longer ones are not remembered */
#define MEMO_OUTPUT_MAX 254

/* Room for N_PAIRS (a power of two) times two inputs of up to INPUT_MAX bytes, with outputs of up
 * to OUTPUT_MAX. NULL: out of memory. */
struct memo *memo_new(unsigned n_pairs, size_t input_max, size_t output_max);
struct memo *memo_free(struct memo *m);
DEFINE_CLEANUP(struct memo, memo_free)

/* What was remembered for INPUT, or SPAN_NONE; borrowed until the next memo_put(). HASH is
 * memo_hash()'s, which also has the place brought near: asked some time before it costs no wait. */
uint64_t memo_hash(const struct memo *m, struct span input);
struct span memo_find_at(const struct memo *m, uint64_t hash, struct span input);
struct span memo_find(const struct memo *m, struct span input);

/* Remembers OUTPUT for INPUT, if both fit. */
bool memo_fits(const struct memo *m, struct span input, struct span output);
void memo_put(struct memo *m, struct span input, struct span output);
