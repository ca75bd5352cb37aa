/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * value_set.h - the values that a field may have: words, and PCRE2 patterns for whole values
 *
 * A value is in the set if it equals a word, byte by byte, or if a pattern matches all of it.
 * A word costs one look into a hash table; patterns are tried in order, unless the value is one of
 * the last that matched. A pattern that meets its match limit does not match.
 */
#pragma once
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/conf/conf.h"
#include "base/err.h"
#include "base/span.h"

struct value_set;

/* Of D's `values`: words, or patterns behind a tilde. With SPLIT a text with blanks is several
 * words. Copies no text: D lives as long. Fails with EX_CONFIG at its place: a bad pattern, or no
 * value at all. */
int value_set_new(const struct conf_reduce *d, bool split, struct value_set **ret, struct err *e);
struct value_set *value_set_free(struct value_set *s);
DEFINE_CLEANUP(struct value_set, value_set_free)

bool value_set_has(const struct value_set *s, struct span value);
bool value_set_has_word(const struct value_set *s, struct span value); /* no pattern is tried */
