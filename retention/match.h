/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * match.h - which journal entries an operator names, in journalctl's own words
 *
 * FIELD=VALUE terms as journalctl(1) takes them: those of one field are alternatives, those of several must all be
 * there, "+" begins another alternative of all of it. "!" before a term: the entry must not have it. Tokens
 * are texts that may stand anywhere in a field: an entry that has one of them has "the token".
 *
 * What names a person is not for the command line, where every user of the machine reads it: there only
 * fields are taken that tell of services, MATCH_PUBLIC. The others, and tokens, are read from a file.
 *
 * A term becomes one bit of a field's marks (store/selector.h), so each value is compared once.
 * Not kept longer than asked; wiped by match_release(). Source: journalctl(1), systemd.journal-fields(7).
 */
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/selector.h"

#define MATCH_TERMS  62
#define MATCH_TOKENS 256

struct match_term {
	struct span text; /* FIELD=VALUE */
	size_t field_len;
	unsigned group;
	bool negated;
};

struct match {
	struct match_term term[MATCH_TERMS];
	struct span token[MATCH_TOKENS];
	size_t n_terms, n_tokens;
	unsigned n_groups; /* that have begun */
	uint64_t n_unread; /* records whose fields are too large to be looked at: not selected */
	struct buf text;   /* what was read from files */
	struct select_question question;
};

/* M is the caller's and must not move once match_ask() was called. */
void match_init(struct match *m);
void match_release(struct match *m);

/* One argument, borrowed. PUBLIC: it stands on the command line. EX_USAGE, which does not repeat it. */
int match_add(struct match *m, const char *text, bool public, struct err *e);

/* Terms, or TOKENS, one a line, from the file PATH ("-": standard input). EX_NOINPUT, EX_USAGE. */
int match_read(struct match *m, const char *path, bool tokens, struct err *e);

/* "Is it one of them?" */
const struct select_question *match_ask(struct match *m);
