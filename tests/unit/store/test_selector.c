/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdlib.h>

#include "base/span.h"
#include "record/record.h"
#include "store/selector.h"
#include "tests/unit/suite.h"

/* "Held" are the records from 100 to before 200 whose text says so. */
static enum select_answer
held_block(void *ctx, const struct select_block *b)
{
	(void)ctx;
	return b->to_us < 100 || b->from_us >= 200 ? SELECT_NO : SELECT_MAYBE;
}

static bool
held_record(void *ctx, const struct record *r)
{
	(void)ctx;
	return r->time_us >= 100 && r->time_us < 200 && span_eq(r->text, SPAN("held"));
}

static const struct select_question held_question = { .block = held_block, .record = held_record };

/* (older than 150) and not held */
struct due {
	struct selector old, held, free, due;
};

static void
due_init(struct due *d)
{
	d->old = select_before(150);
	d->held = select_ask(&held_question);
	d->free = select_not(&d->held);
	d->due = select_and(&d->old, &d->free);
}

static const struct {
	int64_t time_us;
	const char *text;
	bool due;
} records[] = {
	{ 0, "x", true },
	{ 149, "x", true },
	{ 150, "x", false },
	{ 99, "held", true },
	{ 100, "held", false },
	{ 149, "held", false },
	{ RECORD_NO_TIME, "x", false },
};

START_TEST(erase_keeps_what_is_young_held_or_without_time)
{
	struct due d;
	struct record r = { .time_us = records[_i].time_us, .text = span_str(records[_i].text) };

	due_init(&d);
	ck_assert_int_eq(selector_record(&d.due, &r), records[_i].due);
}
END_TEST

static const struct {
	int64_t from_us, to_us;
	enum select_answer due;
} blocks[] = {
	{ 0, 99, SELECT_YES },
	{ 0, 100, SELECT_MAYBE },
	{ 120, 130, SELECT_MAYBE },
	{ 140, 150, SELECT_MAYBE },
	{ 150, 160, SELECT_NO },
	{ 200, 300, SELECT_NO },
};

START_TEST(block_is_answered_only_where_all_its_records_agree)
{
	struct due d;
	struct select_block b = { .from_us = blocks[_i].from_us, .to_us = blocks[_i].to_us };

	due_init(&d);
	ck_assert_int_eq(selector_block(&d.due, &b), blocks[_i].due);
}
END_TEST

/* Random trees: what a block or the reach says has to hold for each record. */
static uint64_t
next(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static struct selector *
grow(struct selector *pool, unsigned *used, unsigned depth, uint64_t *x)
{
	struct selector *s = &pool[(*used)++];
	unsigned kind = (unsigned)(next(x) % (depth ? 6 : 3));

	*s = (struct selector){
		.kind = kind, .time_us = (int64_t)(next(x) % 300), .ask = &held_question
	};
	if (kind > SELECTOR_ASK)
		s->a = grow(pool, used, depth - 1, x);
	if (kind == SELECTOR_AND || kind == SELECTOR_OR)
		s->b = grow(pool, used, depth - 1, x);
	return s;
}

START_TEST(short_cuts_agree_with_looking_at_each_record)
{
	uint64_t x = 88172645463325252u + (uint64_t)_i;

	for (int round = 0; round < 2000; round++) {
		struct selector pool[64];
		unsigned used = 0;
		struct selector *s = grow(pool, &used, 4, &x);
		int64_t from = (int64_t)(next(&x) % 300), to = from + (int64_t)(next(&x) % 50), lo,
			hi;
		struct select_block b = { .from_us = from, .to_us = to };
		enum select_answer all = selector_block(s, &b);
		bool timeless;

		selector_reach(s, &lo, &hi, &timeless);
		for (int64_t t = from; t <= to; t++) {
			for (int held = 0; held < 2; held++) {
				struct record r = { .time_us = t,
					.text = held ? SPAN("held") : SPAN("x") };
				bool yes = selector_record(s, &r);

				ck_assert(all != SELECT_YES || yes);
				ck_assert(all != SELECT_NO || !yes);
				ck_assert(!yes || (t >= lo && t < hi));
			}
		}
		ck_assert(
			timeless || !selector_record(s, &(struct record){ .time_us = RECORD_NO_TIME,
								.text = SPAN("x") }));
	}
}
END_TEST

START_TEST(a_copy_is_before_everything_whatever_its_time)
{
	const struct selector old = select_before(100), young = select_since(100);
	const struct record copy = { .time_us = 200, .copy = true }, late = { .time_us = 200 };
	const struct select_block b = { .from_us = 150, .to_us = 300, .copies = true };

	ck_assert(selector_record(&old, &copy));
	ck_assert(!selector_record(&old, &late));
	ck_assert(selector_record(&young, &copy));
	ck_assert_int_eq(selector_block(&old, &b), SELECT_YES);
	ck_assert_int_eq(selector_block(&young, &b), SELECT_YES);
}
END_TEST

#define N(table) ((int)(sizeof(table) / sizeof(table[0])))

int
main(void)
{
	Suite *s = suite_create("selector");
	TCase *t = tcase_create("all");

	tcase_add_loop_test(t, erase_keeps_what_is_young_held_or_without_time, 0, N(records));
	tcase_add_loop_test(t, block_is_answered_only_where_all_its_records_agree, 0, N(blocks));
	tcase_add_loop_test(t, short_cuts_agree_with_looking_at_each_record, 0, 5);
	tcase_add_test(t, a_copy_is_before_everything_whatever_its_time);
	suite_add_tcase(s, t);
	return suite_run(s);
}
