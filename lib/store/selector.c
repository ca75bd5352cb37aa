/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/selector.h"

#include "record/record.h"

/* Is everything outside FROM to TO left out? Of a NOT nothing is known but where times are all it
 * asks about. */
struct reach {
	int64_t from_us, to_us;
	bool timeless;
};

static struct reach
reach_all(void)
{
	return (struct reach){ INT64_MIN, INT64_MAX, true };
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static struct reach
reach_of(const struct selector *s)
{
	struct reach a, b;

	switch (s->kind) {
	case SELECTOR_BEFORE:
		return (struct reach){ INT64_MIN, s->time_us, false };
	case SELECTOR_SINCE:
		return (struct reach){ s->time_us, INT64_MAX, false };
	case SELECTOR_AND:
		a = reach_of(s->a);
		b = reach_of(s->b);
		return (struct reach){ later(a.from_us, b.from_us), earlier(a.to_us, b.to_us),
			a.timeless && b.timeless };
	case SELECTOR_OR:
		a = reach_of(s->a);
		b = reach_of(s->b);
		return (struct reach){ earlier(a.from_us, b.from_us), later(a.to_us, b.to_us),
			a.timeless || b.timeless };
	case SELECTOR_NOT:
		if (s->a->kind == SELECTOR_BEFORE)
			return (struct reach){ s->a->time_us, INT64_MAX, true };
		if (s->a->kind == SELECTOR_SINCE)
			return (struct reach){ INT64_MIN, s->a->time_us, true };
		return reach_all();
	default:
		return reach_all();
	}
}

void
selector_reach(
	const struct selector *s, int64_t *ret_from_us, int64_t *ret_to_us, bool *ret_timeless)
{
	struct reach r = reach_of(s);

	*ret_from_us = r.from_us;
	*ret_to_us = r.to_us;
	*ret_timeless = r.timeless;
}

/* Is a time before US, for all, some or none of B? */
static enum select_answer
block_before(const struct select_block *b, int64_t us)
{
	if (b->to_us < us)
		return SELECT_YES;
	return b->from_us >= us ? SELECT_NO : SELECT_MAYBE;
}

static enum select_answer
answer_not(enum select_answer a)
{
	return a == SELECT_MAYBE ? a : a == SELECT_YES ? SELECT_NO : SELECT_YES;
}

enum select_answer
selector_block(const struct selector *s, const struct select_block *b)
{
	enum select_answer x;

	switch (s->kind) {
	case SELECTOR_BEFORE:
		return b->copies ? SELECT_YES : block_before(b, s->time_us);
	case SELECTOR_SINCE:
		return answer_not(block_before(b, s->time_us));
	case SELECTOR_ASK:
		return s->ask->block ? s->ask->block(s->ask->ctx, b) : SELECT_MAYBE;
	case SELECTOR_AND:
		x = selector_block(s->a, b);
		if (x == SELECT_NO)
			return x;
		return x == SELECT_YES                        ? selector_block(s->b, b)
		       : selector_block(s->b, b) == SELECT_NO ? SELECT_NO
							      : SELECT_MAYBE;
	case SELECTOR_OR:
		x = selector_block(s->a, b);
		if (x == SELECT_YES)
			return x;
		return x == SELECT_NO                          ? selector_block(s->b, b)
		       : selector_block(s->b, b) == SELECT_YES ? SELECT_YES
							       : SELECT_MAYBE;
	default:
		return answer_not(selector_block(s->a, b));
	}
}

const struct select_question *
selector_marker(const struct selector *s, bool *ret_needed)
{
	const struct select_question *a, *b;
	bool need_a, need_b;

	*ret_needed = false;
	switch (s->kind) {
	case SELECTOR_ASK:
		*ret_needed = s->ask->marks && s->ask->marked;
		return s->ask->marks ? s->ask : NULL;
	case SELECTOR_AND:
	case SELECTOR_OR:
		a = selector_marker(s->a, &need_a);
		b = selector_marker(s->b, &need_b);
		*ret_needed = s->kind == SELECTOR_AND ? need_a || need_b : need_a && need_b;
		return a ? a : b;
	case SELECTOR_NOT:
		return selector_marker(s->a, &need_a);
	default:
		return NULL;
	}
}

const struct needles *
selector_needles(const struct selector *s)
{
	const struct needles *a;

	if (s->kind == SELECTOR_ASK)
		return s->ask->needles;
	if (s->kind != SELECTOR_AND)
		return NULL;
	a = selector_needles(s->a);
	return a ? a : selector_needles(s->b);
}

const struct signs *
selector_signs(const struct selector *s)
{
	const struct signs *a;

	if (s->kind == SELECTOR_ASK)
		return s->ask->signs;
	if (s->kind != SELECTOR_AND)
		return NULL;
	a = selector_signs(s->a);
	return a ? a : selector_signs(s->b);
}

bool
selector_is_late(const struct selector *s)
{
	switch (s->kind) {
	case SELECTOR_ASK:
		return s->ask->late;
	case SELECTOR_AND:
	case SELECTOR_OR:
		return selector_is_late(s->a) && selector_is_late(s->b);
	case SELECTOR_NOT:
		return selector_is_late(s->a);
	default:
		return true;
	}
}

bool
selector_matters(const struct selector *s, struct span field)
{
	switch (s->kind) {
	case SELECTOR_ASK:
		return s->ask->matters && s->ask->matters(s->ask->ctx, field);
	case SELECTOR_AND:
	case SELECTOR_OR:
		return selector_matters(s->a, field) || selector_matters(s->b, field);
	case SELECTOR_NOT:
		return selector_matters(s->a, field);
	default:
		return false;
	}
}

bool
selector_record(const struct selector *s, const struct record *r)
{
	const bool timed = r->time_us != RECORD_NO_TIME;

	switch (s->kind) {
	case SELECTOR_BEFORE:
		return r->copy || (timed && r->time_us < s->time_us);
	case SELECTOR_SINCE:
		return timed && r->time_us >= s->time_us;
	case SELECTOR_ASK:
		return s->ask->record(s->ask->ctx, r);
	case SELECTOR_AND:
		return selector_record(s->a, r) && selector_record(s->b, r);
	case SELECTOR_OR:
		return selector_record(s->a, r) || selector_record(s->b, r);
	default:
		return !selector_record(s->a, r);
	}
}
