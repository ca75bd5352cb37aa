/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * selector.h - a yes/no question about records
 *
 * older than, since, and whatever a program asks (covered by a hold? about this person?), joined by
 * and, or, not:  erase = (expired or subject) and not held.  A selector is a small tree of structs
 * on the stack that borrows its parts.
 *
 * A driver asks it three times, from cheap to dear: selector_reach() for what an index can leave
 * out, selector_block() for a file or partition of which it knows only the times, and
 * selector_record() for each record that is left.
 *
 * A record without a time is neither before nor since anything. A hold's own copy (record.h) is before
 * everything, besides: it has no period, and goes when nothing holds it.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct conf_store;
struct needles;
struct record;
struct signs;

enum select_answer { SELECT_NO, SELECT_YES, SELECT_MAYBE };

/* Records of one store and kind, whose times lie from FROM_US to (included) TO_US. */
struct select_block {
	const struct conf_store *store;
	int64_t from_us, to_us;
	bool copies; /* a hold's own */
};

/* A program's own question. lib/store takes it as functions: it knows neither holds nor people. */
struct select_question {
	void *ctx;
	/* YES or NO only where it holds for every record that the block may have; NULL: always MAYBE */
	enum select_answer (*block)(void *ctx, const struct select_block *b);
	bool (*record)(void *ctx, const struct record *r);
	/* `record` asks for the text by record_text(), and only when it needs it; else it is read before. */
	bool late;
	/* May this field, "NAME=value", matter to `record`, once it has asked for the text? What has no such field
	 * is `silent`. Asked once where a value is stored once for many records. NULL: none; of one that is late. */
	bool (*matters)(void *ctx, struct span field);
	/* What one field counts for: up to 63 marks, of which a record has those of all its fields (record.h).
	 * Asked as often as `matters`. NULL: nothing. One question of a selector may have it. */
	uint64_t (*marks)(void *ctx, struct span field);
	bool marked; /* no record without a mark is selected */
	/* What each record that is selected has, as it is stored: one of these texts, or one of these signs
	 * (store/signs.h). NULL: none; both NULL: nobody knows. A driver that can look for all that is there may
	 * pass over what has none of it unread: logs go by texts, journals by both, databases by signs. */
	const struct needles *needles;
	const struct signs *signs;
};

struct selector {
	enum select_kind {
		SELECTOR_BEFORE, /* time_us: older than */
		SELECTOR_SINCE,  /* time_us: that or younger */
		SELECTOR_ASK,
		SELECTOR_AND,
		SELECTOR_OR,
		SELECTOR_NOT
	} kind;
	int64_t time_us;
	const struct select_question *ask;
	const struct selector *a, *b;
};

static inline struct selector
select_before(int64_t us)
{
	return (struct selector){ .kind = SELECTOR_BEFORE, .time_us = us };
}

static inline struct selector
select_since(int64_t us)
{
	return (struct selector){ .kind = SELECTOR_SINCE, .time_us = us };
}

static inline struct selector
select_ask(const struct select_question *q)
{
	return (struct selector){ .kind = SELECTOR_ASK, .ask = q };
}

static inline struct selector
select_and(const struct selector *a, const struct selector *b)
{
	return (struct selector){ .kind = SELECTOR_AND, .a = a, .b = b };
}

static inline struct selector
select_or(const struct selector *a, const struct selector *b)
{
	return (struct selector){ .kind = SELECTOR_OR, .a = a, .b = b };
}

static inline struct selector
select_not(const struct selector *a)
{
	return (struct selector){ .kind = SELECTOR_NOT, .a = a };
}

/* The times outside of which no record is selected: from *RET_FROM_US to before *RET_TO_US;
 * INT64_MIN and INT64_MAX where there is no bound. Records without a time may be selected besides;
 * *ret_timeless tells whether. */
void selector_reach(
	const struct selector *s, int64_t *ret_from_us, int64_t *ret_to_us, bool *ret_timeless);

/* YES: all records of B are selected, NO: none is, MAYBE: look at each. */
enum select_answer selector_block(const struct selector *s, const struct select_block *b);

/* The question in S that makes marks, or NULL. *ret_needed: S selects no record without a mark. */
const struct select_question *selector_marker(const struct selector *s, bool *ret_needed);

/* Texts and signs of which each record that S selects has one, or NULL. */
const struct needles *selector_needles(const struct selector *s);
const struct signs *selector_signs(const struct selector *s);

/* Do all questions in S ask for the text themselves? May FIELD matter to one of them? */
bool selector_is_late(const struct selector *s);
bool selector_matters(const struct selector *s, struct span field);

bool selector_record(const struct selector *s, const struct record *r);
