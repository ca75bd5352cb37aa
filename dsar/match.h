/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * match.h - is a record about the person?
 *
 * A record of a store is about her where a declared field (`subject "KIND" { field = … }`) equals an
 * identifier of that kind, where one of her day's tokens stands in it (a pseudonymised address, while
 * the day's key lives), or where an identifier stands in its text on its own. The first is certain;
 * what only stands in a text is a mention, and goes to review.
 *
 * All identifiers are looked for in one pass over the text, whatever their number; nothing is
 * allocated per record.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/conf.h"
#include "base/err.h"
#include "store/selector.h"

struct keyring;
struct record;
struct subject;
struct matcher;

enum match_how { MATCH_FIELD, MATCH_TOKEN, MATCH_MENTION };

struct match {
	const struct identifier *identifier; /* borrowed from the subject */
	enum match_how how;
	const char *field; /* MATCH_FIELD: its name */
	size_t begin,
		end; /* MATCH_MENTION, MATCH_TOKEN: bytes of the record's text, end excluded */
};

/* Makes S ready to be looked for in records of STORE; both are borrowed. KEYS may be NULL: no tokens. */
int matcher_new(const struct conf *c, const struct conf_store *store, const struct subject *s,
	struct keyring *keys, struct matcher **ret, struct err *e);
struct matcher *matcher_free(struct matcher *m); /* wipes */
DEFINE_CLEANUP(struct matcher, matcher_free)

/* "Is it about her?", for selectors; borrowed from M. */
const struct select_question *matcher_ask(struct matcher *m);

/* Calls SEEN for each match in R, fields first; returns how many. */
size_t matcher_each(struct matcher *m, const struct record *r,
	void (*seen)(void *ctx, const struct match *match), void *ctx);
