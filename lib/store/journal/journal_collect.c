/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/journal/journal_collect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "store/journal/journal_collect-private.h"

#define SLACK 16 /* objects that a journald which was killed has not counted yet */

/* --- slots ------------------------------------------------------------------------------------ */

struct slot *
journal_collect_no_slot(struct journal_collect *c, uint64_t offset)
{
	(void)journal_map_bad(c->m, offset, N_("an object of the journal file is of another kind"));
	return NULL;
}

static bool
has_slot(enum jf_type type)
{
	return type == JF_DATA || type == JF_FIELD || type == JF_ENTRY;
}

/* What else is to be known of an object of the old file stands in it, and is read once. */
static struct slot
slot_of(const struct journal_walk *w)
{
	struct slot s = { .type = (uint8_t)w->type, .size = (uint32_t)w->size };
	uint64_t next = 0;

	if (w->type == JF_DATA)
		next = le64toh(((const struct jf_data *)(const void *)w->o)->next_field_offset);
	if (w->type == JF_FIELD)
		next = le64toh(((const struct jf_field *)(const void *)w->o)->head_data_offset);
	/* what leads nowhere is found by whoever follows it: there is no object at 8 */
	s.next = next % 8 == 0 && next < JOURNAL_SIZE_MAX ? (uint32_t)(next / 8) : 1;
	return s;
}

static struct slot *
slot_add(struct journal_collect *c, const struct journal_walk *w)
{
	struct piece *p = &c->piece[w->offset / 8 / 32];
	const uint32_t i = c->n_slots;

	if (i == c->max_slots) {
		(void)journal_map_bad(c->m, w->offset, N_("a journal file's counts are wrong"));
		return NULL;
	}
	if (w->size > UINT32_MAX) {
		(void)journal_map_bad(
			c->m, w->offset, N_("an object of the journal file is too large"));
		return NULL;
	}
	if (p->has == 0)
		p->first = i;
	p->has |= (uint32_t)1 << w->offset / 8 % 32;
	c->at[i] = (uint32_t)(w->offset / 8);
	c->slot[i] = slot_of(w);
	c->n_slots++;
	return &c->slot[i];
}

static int
scratch_make(struct journal_collect *c, int fd, struct err *e)
{
	const size_t slots = c->max_slots * sizeof(struct slot);
	const size_t pieces = (c->m->size / 8 / 32 + 1) * sizeof(struct piece);
	const size_t all = slots + pieces + c->max_slots * sizeof(uint32_t);
	const int rc = posix_fallocate(fd, 0, (off_t)all);

	if (rc != 0 || map_new(fd, all, true, &c->scratch) < 0)
		return err_fail(e, EX_CANTCREAT, rc ? rc : errno, N_("no room for a scratch file"),
			N_("is the disk full?"), NULL);
	c->slot = (struct slot *)(void *)map_bytes(c->scratch);
	c->piece = (struct piece *)(void *)(map_bytes(c->scratch) + slots);
	c->at = (uint32_t *)(void *)(map_bytes(c->scratch) + slots + pieces);
	return 0;
}

int
journal_collect_new(
	struct journal_map *m, int scratch_fd, struct journal_collect **ret, struct err *e)
{
	CLEANUP(journal_collect_freep) struct journal_collect *c = calloc(1, sizeof(*c));
	uint64_t n;

	if (!c)
		return err_memory(e);
	c->m = m;
	if (le32toh(m->header.compatible) & ~(unsigned)JF_COMPATIBLE_KNOWN) {
		(void)journal_map_bad(m, 8, N_("a journal file of a kind that is not known here"));
		return journal_map_fail(m, e);
	}
	if (m->size > JOURNAL_SIZE_MAX) {
		(void)journal_map_bad(m, m->size, N_("the journal file is too large"));
		return journal_map_fail(m, e);
	}
	n = le64toh(m->header.n_objects);
	if (n > m->size / sizeof(struct jf_object)) {
		(void)journal_map_bad(m, 0, N_("a journal file's counts are wrong"));
		return journal_map_fail(m, e);
	}
	c->max_slots = (uint32_t)n + SLACK;
	if (scratch_make(c, scratch_fd, e) < 0)
		return -1;
	*ret = TAKE(c);
	return 0;
}

struct journal_collect *
journal_collect_free(struct journal_collect *c)
{
	if (!c)
		return NULL;
	map_free(c->scratch);
	free(c);
	return NULL;
}

/* --- judging ---------------------------------------------------------------------------------- */

/* What a DATA object counts for, whose payload has to be what its hash says. */
static int
see_data(struct journal_collect *c, struct slot *s, const struct journal_judge *judge)
{
	const uint64_t offset = slot_offset(c, s);
	const struct jf_data *d = (const void *)(c->m->p + offset);
	struct journal_says says = { 0 };
	struct span text;
	int rc = journal_map_payload(c->m, offset, &text);

	if (rc < 0)
		return -1;
	s->seen = true;
	if (rc > 0) {
		s->marks = RECORD_MARK_UNREAD;
		s->matters = true;
		return 0;
	}
	if (journal_map_hash(c->m, text) != le64toh(d->hash))
		return journal_map_bad(
			c->m, offset, N_("a field of the journal is not what its hash says"));
	if (judge->data)
		judge->data(judge->ctx, text, &says);
	s->marks = says.marks & ~RECORD_MARK_UNREAD;
	s->whose = says.whose;
	s->matters = says.matters;
	return 0;
}

/* All objects, as they lie. One that is damaged is asked for again by an entry that has it, if there is one. */
static int
see_objects(struct journal_collect *c, const struct journal_judge *judge)
{
	struct journal_walk w = { 0 };
	int rc;

	while ((rc = journal_map_walk(c->m, &w)) == 0) {
		struct slot *s;

		if (!has_slot(w.type))
			continue;
		s = slot_add(c, &w);
		if (!s)
			return -1;
		if (w.type == JF_DATA && see_data(c, s, judge) < 0)
			c->m->bad = NULL;
	}
	return rc < 0 ? -1 : 0;
}

/* The slots of an entry's first items, so that they are not searched again when it stays. */
#define NEAR 32

struct items {
	struct slot *near[NEAR];
	struct journal_says all;
};

static struct slot *
item(struct journal_collect *c, const struct journal_entry *en, uint64_t i)
{
	return journal_collect_slot(c, journal_entry_item(c->m, en, i), JF_DATA);
}

static int
see_items(struct journal_collect *c, const struct journal_entry *en,
	const struct journal_judge *judge, struct items *ret)
{
	for (uint64_t i = 0; i < en->n_items; i++) {
		struct slot *s = item(c, en, i);

		if (!s || (!s->seen && see_data(c, s, judge) < 0))
			return -1;
		journal_judge_join(judge, &ret->all,
			&(struct journal_says){
				s->marks, journal_map_bytes(c->m, s->size), s->whose, s->matters });
		if (i < NEAR)
			ret->near[i] = s;
	}
	return 0;
}

/* Counts EN, which lies at AT, for each of its fields, once where it has one twice. */
static int
count_entry(struct journal_collect *c, const struct journal_entry *en, const struct items *t,
	uint32_t at)
{
	for (uint64_t i = 0; i < en->n_items; i++) {
		struct slot *s = i < NEAR ? t->near[i] : item(c, en, i);

		if (!s)
			return -1;
		s->n_entries += s->used != at;
		s->used = at;
	}
	return 0;
}

static int
judge_entry(struct journal_collect *c, const struct journal_entry *en,
	const struct journal_judge *judge, struct err *e)
{
	struct slot *s = journal_collect_slot(c, en->offset, JF_ENTRY);
	struct items items;
	int goes;

	items.all = (struct journal_says){ 0 };
	if (!s || see_items(c, en, judge, &items) < 0)
		return journal_map_fail(c->m, e);
	goes = judge->entry(judge->ctx, c->m, en, &items.all, e);
	if (goes < 0)
		return -1;
	if (goes == 0) {
		c->done.n_stay++;
		s->n_entries = 1;
		return count_entry(c, en, &items, (uint32_t)(en->offset / 8)) < 0
			       ? journal_map_fail(c->m, e)
			       : 0;
	}
	c->done.n_gone++;
	if ((int64_t)en->realtime < c->done.oldest_us)
		c->done.oldest_us = (int64_t)en->realtime;
	if ((int64_t)en->realtime > c->done.newest_us)
		c->done.newest_us = (int64_t)en->realtime;
	return 0;
}

/* A FIELD object stays with the first of its DATA objects. Each of these is in one chain, once. */
static int
judge_field(struct journal_collect *c, struct slot *field)
{
	uint32_t *link = &field->next, at = field->next;

	while (at != 0) {
		struct slot *s = journal_collect_slot(c, (uint64_t)at * 8, JF_DATA);

		if (!s)
			return -1;
		if (s->chained)
			return journal_map_bad(
				c->m, (uint64_t)at * 8, N_("a chain of fields is a circle"));
		s->chained = true;
		at = s->next;
		if (s->n_entries == 0)
			continue;
		field->n_entries = 1;
		*link = (uint32_t)(s - c->slot) + 1;
		link = &s->next;
	}
	*link = 0;
	return 0;
}

int
journal_collect_judge(struct journal_collect *c, const struct journal_judge *judge,
	struct journal_collected *ret, struct err *e)
{
	struct journal_chain chain = journal_map_entries(c->m);
	struct journal_entry en;
	int rc;

	c->done = (struct journal_collected){ .oldest_us = INT64_MAX, .newest_us = INT64_MIN };
	if (see_objects(c, judge) < 0)
		return journal_map_fail(c->m, e);
	while ((rc = journal_chain_next(c->m, &chain, &en)) == 0)
		if (judge_entry(c, &en, judge, e) < 0)
			return -1;
	for (uint32_t i = 0; i < c->n_slots && rc > 0; i++)
		if (c->slot[i].type == JF_FIELD && judge_field(c, &c->slot[i]) < 0)
			rc = -1;
	if (rc < 0 || map_is_torn(c->m->map))
		return journal_map_fail(c->m, e);
	if (map_is_torn(c->scratch))
		return err_fail(
			e, EX_CANTCREAT, ENOSPC, N_("no room for a scratch file"), NULL, NULL);
	*ret = c->done;
	return 0;
}
