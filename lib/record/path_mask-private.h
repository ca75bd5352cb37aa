/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
#include "record/path_mask.h"
#include "record/value_set.h"

/* What a byte is within a path; one bit each, so that a segment's kinds can be gathered. */
enum {
	PATH_LOWER = 1,
	PATH_UPPER = 2,
	PATH_DIGIT = 4,
	PATH_DOT = 8,
	PATH_DASH = 16,
	PATH_UNDERSCORE = 32,
	PATH_OTHER = 64,
	PATH_STOP = 128, /* ends a segment: slash, semicolon */
};
extern const unsigned char path_kinds[256];

static inline unsigned
path_kind(char c)
{
	return path_kinds[(unsigned char)c] ^ PATH_OTHER;
}

/* Can S, without slashes, stand as it is (path_mask.h has the rules)? KINDS: of all its bytes. */
bool path_segment_is_plain(struct span s, unsigned kinds);

/* Does S, as "users" does, say that what follows it is somebody's name or number? S has a byte. */
bool path_segment_names_owner(struct span s);

/* Is S among KNOWN, or is each of its words? A word is three letters or more, without a capital but the
 * first; fewer say nothing. */
bool path_segment_is_known(struct span s, const struct value_set *known);
