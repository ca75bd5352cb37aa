/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * path_mask-private.h - a path, 64 bytes at a time
 *
 * What kind of byte stands where is kept as words of one bit a byte, so that a segment is judged by
 * a look at its bits. The functions named _scalar are the twins without SIMD, for machines that have
 * none and for tests.
 */
#pragma once
#include "record/transform/path_mask.h"
#include "record/transform/value_set.h"

#define PATH_WINDOW 64 /* bytes that are read at once */
#define SEGMENT_MAX 40 /* bytes; longer ones are never plain */
#define WORD_MAX    15 /* letters that cannot be an id by themselves */
_Static_assert(SEGMENT_MAX < PATH_WINDOW, "a segment that may be plain is read whole");

/* Bit i: the byte at i … */
struct path_glance {
	uint64_t stop; /* is a slash, semicolon, "?" or "#", or lies behind the text */
	uint64_t odd;  /* is neither a small letter nor a dot */
};

/* Reads the first bytes of S, 64 at most. */
void path_glance_read(struct span s, struct path_glance *ret);
void path_glance_read_scalar(struct span s, struct path_glance *ret);

/* Bit i: the byte at i is … Bits behind the text are none. */
struct path_bits {
	uint64_t digit, lower, upper, dot, dash, underscore;
};

void path_bits_read(struct span s, struct path_bits *ret);
void path_bits_read_scalar(struct span s, struct path_bits *ret);

/* Can S, which has no stop, stand as it is (path_mask.h has the rules)? It is not empty. */
bool path_segment_is_plain(struct span s);

/* Is S masked whatever else it says? It is too long, and nothing in it is an escape, a percent sign or
 * what ends a segment. */
bool path_segment_is_opaque(struct span s);
bool path_segment_is_opaque_scalar(struct span s);

/* The same as path_segment_is_plain(), for one at byte AT of the window that G speaks of: most are a short word, and that shows
 * at a glance. */
static inline bool
path_segment_is_word(struct span s, const struct path_glance *g, size_t at)
{
	return s.len - 1 < WORD_MAX && (g->odd >> at & ((UINT64_C(1) << s.len) - 1)) == 0 &&
	       s.p[0] != '.';
}

/* Does S, as "users" does, say that what follows it is somebody's name or number? S has a byte. */
bool path_segment_names_owner(struct span s);

/* Is S among KNOWN, or is each of its words? A word is three letters or more, without a capital but the
 * first; fewer say nothing. */
bool path_segment_is_known(struct span s, const struct value_set *known);
