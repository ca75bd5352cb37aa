/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/sink/sink_entries.h"

#include <unistd.h>

#define START_MS  5000
#define SETTLE_MS 1000
#define STORED_MS 1000
#define END_MS    1500
#define MARK_MS   600000 /* how often a quiet sink notes positions, which costs an entry */

int
sink_entries_start(struct sink_entries *s, struct err *e)
{
	struct readback_entry last;
	int r;

	s->k.carries = true;
	s->flushed_ms = sink_now_ms();
	if (s->way->settle(s, START_MS, e) != 0)
		return err_fail(e, EX_TEMPFAIL, 0, N_("the journal does not store entries"),
			N_("see whether it runs, its disk is full, or another process writes to it"),
			"%s", s->k.name);
	r = readback_last(&s->readback, NULL, &last, e);
	if (r < 0)
		return -1;
	s->number = r == 0 ? last.number + 1 : 1;
	s->started = true;
	return 0;
}

static struct sink_item *
item_add(struct sink_entries *s)
{
	if (s->n_items == s->cap_items) {
		unsigned cap = s->cap_items ? 2 * s->cap_items : 64;
		struct sink_item *p = realloc(s->item, cap * sizeof(*p));

		if (!p)
			return NULL;
		s->item = p;
		s->cap_items = cap;
	}
	s->item[s->n_items] = (struct sink_item){ .at = s->k.pending.len, .number = s->number };
	return &s->item[s->n_items];
}

/* What was put behind pending since item_add() is an item now. */
static int
item_commit(struct sink_entries *s, struct sink_item *i, struct err *e)
{
	struct buf *b = &s->k.pending;

	if (b->failed) {
		buf_cut(b, i->at);
		return err_memory(e);
	}
	/* Only now its size is known: too much for this batch, it comes back with the next. */
	if (i->at > 0 && b->len > SINK_PENDING_MAX) {
		buf_cut(b, i->at);
		return 1;
	}
	i->len = b->len - i->at;
	return 0;
}

int
sink_entries_write(struct sink *k, const char *stream, const struct entry *en, struct span text,
	const struct rule_trace *trace, struct err *e)
{
	struct sink_entries *s = (struct sink_entries *)k;
	struct journal_entry j = { k->store, stream, s->number, en, text, trace };
	struct sink_item *i;
	int r;

	if (!sink_has_room(k, text.len))
		return 1;
	i = item_add(s);
	if (!i)
		return err_memory(e);
	if (s->way->export)
		journal_entry_export(&k->pending, &j);
	else
		journal_entry_put(&k->pending, &j);
	r = item_commit(s, i, e);
	if (r != 0)
		return r;
	if (sink_take_position(k, stream, en, e) < 0) {
		buf_cut(&k->pending, i->at);
		return -1;
	}
	s->n_items++;
	s->number++;
	return 0;
}

/* A position that moved without a record (sink_advance()) takes an entry of its own. */
static void
add_marks(struct sink_entries *s)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	for (unsigned n = 0; n < s->k.taken.n; n++) {
		const struct position *p = &s->k.taken.at[n];
		const struct position *q = position_record_find(&s->k.written, p->stream);
		struct entry en = { .position = span_of(p->text, p->len),
			.order = p->order,
			.arrival_us = (int64_t)now.tv_sec * 1000000 };
		struct journal_entry j = { s->k.store, p->stream, s->number, &en, SPAN_NONE, NULL };
		struct sink_item *i;

		if (q && span_eq(en.position, span_of(q->text, q->len)))
			continue;
		i = item_add(s);
		if (!i)
			return; /* no more than a restart that reads a little more */
		journal_entry_mark(&s->k.pending, &j, s->way->export);
		if (item_commit(s, i, NULL) != 0)
			return;
		s->n_items++;
		s->number++;
	}
}

/* Drops the first N items. */
static void
items_drop(struct sink_entries *s, unsigned n)
{
	struct buf *b = &s->k.pending;
	size_t cut = n < s->n_items ? s->item[n].at : b->len;

	if (n == 0)
		return;
	memmove(b->p, b->p + cut, b->len - cut);
	buf_cut(b, b->len - cut);
	s->n_items -= n;
	memmove(s->item, s->item + n, s->n_items * sizeof(*s->item));
	for (unsigned i = 0; i < s->n_items; i++)
		s->item[i].at -= cut;
}

/* After a fault: what of the items was stored? */
static int
make_sure(struct sink_entries *s, struct err *e)
{
	struct readback_entry last;
	unsigned n = 0;
	int r = s->way->settle(s, SETTLE_MS, e);

	if (r != 0)
		return r;
	if (readback_last(&s->readback, NULL, &last, e) == 0)
		while (n < s->n_items && s->item[n].number <= last.number)
			n++;
	items_drop(s, n);
	s->n_sent = 0;
	s->unsure = false;
	return 0;
}

int
sink_entries_flush(struct sink *k, struct err *e)
{
	struct sink_entries *s = (struct sink_entries *)k;
	int r;

	if (s->unsure) {
		r = make_sure(s, e);
		if (r != 0)
			return r;
	}
	if (s->n_items == 0 && sink_now_ms() - s->flushed_ms >= MARK_MS)
		add_marks(s);
	if (s->n_items == 0)
		return 0;
	r = s->way->send(s, e);
	if (r != 0)
		return r;
	if (!readback_await(&s->readback, s->item[s->n_items - 1].number, NULL, STORED_MS)) {
		s->unsure = true;
		return sink_fail(k, N_("the journal does not store entries"));
	}
	s->n_items = s->n_sent = 0;
	s->flushed_ms = sink_now_ms();
	return sink_stored(k, e);
}

void
sink_entries_look_up(struct sink *k, const char *stream)
{
	struct sink_entries *s = (struct sink_entries *)k;
	struct readback_entry last;
	struct span at;

	if (readback_last(&s->readback, stream, &last, NULL) != 0 || last.len == 0)
		return;
	at = span_of(last.position, last.len);
	/* What does not fit is as if it were not known. */
	if (position_record_set(&k->written, stream, at, last.order, NULL) == 0 &&
		!position_record_find(&k->taken, stream))
		(void)position_record_set(&k->taken, stream, at, last.order, NULL);
}

void
sink_entries_end(struct sink_entries *s)
{
	int64_t until = sink_now_ms() + END_MS;

	if (s->started && s->n_items == 0)
		add_marks(s);
	/* What stays behind is read again, where it can be. */
	while (s->started && sink_entries_flush(&s->k, NULL) != 0 && sink_now_ms() < until)
		(void)usleep(50000);
	readback_release(&s->readback);
	free(s->item);
	sink_release(&s->k);
}
