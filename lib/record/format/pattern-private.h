/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * pattern-private.h - a pattern's source, read and rewritten
 *
 *   pattern.c         compiled, matched, from groups to pieces
 *   pattern_scan.c    sequences and groups: the source rewritten
 *   pattern_syntax.c  escapes, classes, quantifiers: what one character's place is filled by
 *
 * After a match we must know which text a literal of the pattern matched and which something else
 * did: the first stays, the second has no piece. Where a pattern is nothing but fields and
 * literals, all that lies between the fields is literal (`gaps`). Elsewhere each run of literals is
 * wrapped in a group of its own, numbered together with the fields in the order of the source.
 */
#pragma once
#include "base/buf.h"
#include "record/format/format-private.h"

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
	bool no_jit; /* PCRE2's JIT would get it wrong */
};

/* What one item of a pattern stands for. */
enum pattern_atom {
	ATOM_FAILED = -1,
	ATOM_LITERAL,
	ATOM_SPACE,   /* \s: blank or new line */
	ATOM_NEWLINE, /* a literal new line */
	ATOM_OTHER,   /* text that only the input knows */
	ATOM_ASSERT,  /* no text */
	ATOM_OPTION,  /* (?i): holds to the end of its group, so no group may begin before it */
	ATOM_GROUP    /* has fields or runs of its own */
};

/* The lengths of the escape ("\\…"), class ("[…]") and quantifier ("{1,2}") at P, and what they are.
 * 0: none, or none that can be followed. */
size_t pattern_escape(const char *p, enum pattern_atom *ret);
size_t pattern_class(const char *p, enum pattern_atom *ret);
size_t pattern_braces(const char *p);

/* Reads alternative NUMBER (from 0) of DECL into *RET, whose source the caller releases. It must be
 * valid PCRE2. Fails with EX_CONFIG for what cannot be followed: numbers of groups (they change),
 * fields in fields or in look-arounds, conditions, verbs, callouts. */
int pattern_scan(const struct conf_format *decl, size_t number, struct format_names *names,
	struct pattern_plan *ret, struct err *e);
