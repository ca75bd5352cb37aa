/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * match.h - is a record about the person?
 *
 * A record of a store is about her where a declared field (`subject "KIND" { field = … }`) equals an
 * identifier of that kind, where one of her day's tokens stands in it (a pseudonymised address, while
 * the day's key lives), or where an identifier stands in its text on its own. The first is certain;
 * what only stands in a text is a mention, and goes to review.
 *
 * All identifiers are looked for in one pass over the text, whatever their number (record/detect/needles.h);
 * nothing is allocated per record. Of lines of logs only those in which one stands are split into fields.
 * An identifier of its kind's own bytes (not an address, a number, a name) that has less than eight of them, or
 * none but digits and less than ten, is looked for in fields alone: "42" stands everywhere.
 *
 * What databases can look for themselves they are told (sign.h), and give the rows that show it.
 *
 * A record whose text was not read (a row that is too large) can only be asked for its fields; how many
 * there were matcher_unread() tells.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/conf/conf.h"
#include "base/err.h"
#include "store/selector.h"

struct keyring;
struct record;
struct subject;
struct matcher;

enum match_how { MATCH_FIELD, MATCH_TOKEN, MATCH_MENTION };

struct conf_subject;

struct match {
	const struct identifier *identifier; /* borrowed from the subject */
	enum match_how how;
	const struct conf_subject *subject; /* MATCH_FIELD: as it was declared */
	size_t begin,
		end; /* MATCH_MENTION, MATCH_TOKEN: bytes of the record's text, end excluded */
};

/* Makes S ready to be looked for in records that STORE gives (a journal gives those of other stores, too); all
 * are borrowed. KEYS may be NULL: no tokens. One thread. */
int matcher_new(const struct conf *c, const struct conf_store *store, const struct subject *s,
	struct keyring *keys, struct matcher **ret, struct err *e);
struct matcher *matcher_free(struct matcher *m); /* wipes */
DEFINE_CLEANUP(struct matcher, matcher_free)

/* "Is it about her?", for selectors; borrowed from M. */
const struct select_question *matcher_ask(struct matcher *m);

/* The same for those records alone by whose fields others may be found; a record that is only mentioned need not be
 * among them. */
const struct select_question *matcher_ask_fields(struct matcher *m);

/* Appends to OUT what VALUE is as AS says (base/conf/conf.h). */
struct buf;
void match_as(const char *as, struct span value, struct buf *out);

/* Calls SEEN for each match in R, fields first; returns how many. */
size_t matcher_each(struct matcher *m, const struct record *r,
	void (*seen)(void *ctx, const struct match *match), void *ctx);

/* Records that had no text. */
size_t matcher_unread(const struct matcher *m);

/* Is it hers for certain: does a field say so that is declared as hers alone, by an identifier of her own, or one
 * that was confirmed? */
bool match_is_own(const struct match *match);
