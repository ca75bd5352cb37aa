/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "retention/due.h"

#include <string.h>

#include "evidence/hold.h"
#include "record/record.h"
#include "retention/session.h"

/* That a run may begin late: AccuracySec= of retention.timer, and a busy machine. */
#define LATE_S 90

bool
due_applies(const struct conf_store *st)
{
	return st->period_s > 0;
}

static int64_t
cutoff_of(const struct due *d, const struct conf_store *st)
{
	const int64_t keep_us = (st->period_s - d->conf->run_interval_s - LATE_S) * 1000000 -
				d->longest_us;

	return due_applies(st) ? d->now_us - (keep_us > 0 ? keep_us : 0) : INT64_MIN;
}

static bool
own_record(void *ctx, const struct record *r)
{
	return r->copy || (r->time_us != RECORD_NO_TIME && r->time_us < cutoff_of(ctx, r->store));
}

static enum select_answer
own_block(void *ctx, const struct select_block *b)
{
	const int64_t us = cutoff_of(ctx, b->store);

	return b->copies || b->to_us < us ? SELECT_YES
	       : b->from_us >= us         ? SELECT_NO
					  : SELECT_MAYBE;
}

/* Its hold has it: in its place it is only what journald's vacuum would take young ones with. */
static bool
copied_record(void *ctx, const struct record *r)
{
	(void)ctx;
	return r->copied;
}

static enum select_answer
copied_block(void *ctx, const struct select_block *b)
{
	(void)ctx;
	return b->copies ? SELECT_NO : SELECT_MAYBE;
}

/* Since when ST, where it keeps its records for longer than the store that is looked at, has its own; INT64_MAX: it
 * does not. By its period, not by its cut-off: what the next run takes is not late. */
static int64_t
longer_since(const struct due *d, const struct conf_store *st)
{
	if (st == d->store || (due_applies(st) && st->period_s <= d->store->period_s))
		return INT64_MAX;
	return due_applies(st) ? d->now_us - st->period_s * 1000000 : INT64_MIN;
}

static bool
longer_record(void *ctx, const struct record *r)
{
	return r->time_us != RECORD_NO_TIME && r->time_us >= longer_since(ctx, r->store);
}

static enum select_answer
longer_block(void *ctx, const struct select_block *b)
{
	const int64_t us = longer_since(ctx, b->store);

	return b->from_us >= us ? SELECT_YES : b->to_us < us ? SELECT_NO : SELECT_MAYBE;
}

/* The latest of all stores whose entries may lie in a journal. */
static int64_t
latest_cutoff(const struct due *d, const struct conf_store *st)
{
	int64_t us = cutoff_of(d, st);

	for (size_t i = 0; i < d->conf->n_stores; i++)
		if (cutoff_of(d, &d->conf->store[i]) > us)
			us = cutoff_of(d, &d->conf->store[i]);
	return us;
}

void
due_init(struct due *d, struct session *s, const struct conf_store *st, int64_t now_us,
	int64_t longest_us)
{
	d->conf = s->conf;
	d->store = st;
	d->now_us = now_us;
	d->longest_us = longest_us;
	d->cutoff_us = cutoff_of(d, st);
	d->question = (struct select_question){
		.ctx = d, .block = own_block, .record = own_record, .late = true
	};
	d->own = select_ask(&d->question);
	d->bound = select_before(latest_cutoff(d, st));
	/* a journal has records of many stores, each with a period of its own */
	d->old = strcmp(st->type, "journal") == 0 ? select_and(&d->bound, &d->own)
						  : select_before(d->cutoff_us);
	d->hold = select_ask(holds_ask(s->holds, s->now_us));
	d->duty = select_ask(duties_ask(&s->duties, s->now_us));
	d->held = select_or(&d->hold, &d->duty);
	d->unheld = select_not(&d->held);
	d->copied_question = (struct select_question){
		.block = copied_block, .record = copied_record, .late = true
	};
	d->copied = select_ask(&d->copied_question);
	d->unrestricted = select_not(&d->duty);
	d->uncovered = select_not(&d->hold);
	d->uncovered_or_copied = select_or(&d->uncovered, &d->copied);
	d->free = select_and(&d->unrestricted, &d->uncovered_or_copied);
	d->longer_question = (struct select_question){
		.ctx = d, .block = longer_block, .record = longer_record, .late = true
	};
	d->longer = select_ask(&d->longer_question);
	d->rightly = strcmp(st->type, "journal") == 0 ? select_or(&d->held, &d->longer) : d->held;
	d->due = select_and(&d->old, strcmp(st->type, "journal") == 0 ? &d->free : &d->unheld);
}
