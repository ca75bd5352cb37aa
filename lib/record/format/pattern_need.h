/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * pattern_need.h - what a line must have before a pattern can match it
 *
 * A format with forty alternatives would try them all on each line, and PCRE2 needs a hundred
 * instructions to say no. So two things are read off each pattern once: the first bytes that a
 * line may have, and a literal that must stand in it. Both are necessary and never sufficient:
 * where a pattern says neither, or in a way that is not followed here, it needs nothing.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

#define NEED_HEADS_MAX   16
#define NEED_HEAD_MAX    8 /* bytes */
#define NEED_LITERAL_MAX 32

struct pattern_need {
	unsigned n_heads;                                    /* 0: a line may begin with anything */
	uint64_t head[NEED_HEADS_MAX], mask[NEED_HEADS_MAX]; /* as bytes_word() has them */
	uint8_t literal_len;                                 /* 0: none */
	uint8_t rare; /* which byte of the literal to look for */
	char literal[NEED_LITERAL_MAX];
};

/* Reads SOURCE, NUL-terminated, which PCRE2 takes as a pattern for the whole of a line, without
 * options that change what a character means. */
void pattern_need_read(const char *source, struct pattern_need *ret);

/* May a line that the pattern matches begin with the byte C? */
bool pattern_need_begins(const struct pattern_need *n, unsigned char c);

/* May the pattern match LINE, whose first bytes, up to 8 and behind them zeros, are HEAD? */
bool pattern_need_is_met(const struct pattern_need *n, struct span line, uint64_t head);
