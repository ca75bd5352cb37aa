/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * pattern-private.h - a pattern's source, read and rewritten
 *
 * After a match we must know which text a literal of the pattern matched and which something else
 * did: the first stays, the second has no piece. Where a pattern is nothing but fields and
 * literals, all that lies between the fields is literal (`gaps`). Elsewhere each run of literals is
 * wrapped in a group of its own, numbered together with the fields in the order of the source.
 */
#pragma once
#include "base/buf.h"
#include "record/format-private.h"

#define PATTERN_MARKS_MAX  (FORMAT_PIECES_MAX - 1)
#define PATTERN_DEPTH_MAX  64
#define PATTERN_SOURCE_MAX (64u << 10)

/* A group of the rewritten source. */
struct pattern_mark {
	uint32_t start, end; /* in the source before the literals' parentheses are put in */
	int16_t field;       /* or PIECE_LITERAL */
	bool spaces;         /* a literal with \s in it: new lines that it matched are dropped */
};

struct pattern_plan {
	struct buf source;
	unsigned n_marks;
	struct pattern_mark mark[PATTERN_MARKS_MAX];
	bool gaps;   /* marks are fields only; what lies between them is literal */
	bool spaces; /* … with \s in it */
};

/* Reads alternative NUMBER (from 0) of DECL into *RET, whose source the caller releases. It must be
 * valid PCRE2. Fails with EX_CONFIG for what cannot be followed: numbers of groups (they change),
 * fields in fields or in look-arounds, conditions, verbs, callouts. */
int pattern_scan(const struct conf_format *decl, size_t number, struct format_names *names,
	struct pattern_plan *ret, struct err *e);
