/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The new file is laid out before a byte of it is written, so that its room on the disk is there at once, and
 * it is written through a mapping: links that go back to earlier objects are set where these lie.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "store/journal/journal_collect-private.h"

/* The new file while it is written. */
struct out {
	struct journal_collect *c;
	struct map *map;
	uint8_t *p;
	struct jf_bucket *data, *field; /* its hash tables */
	uint64_t n_data_buckets, n_field_buckets;
	uint64_t n_in_main; /* entries written */
	const struct slot *first, *last;
};

/* --- layout ----------------------------------------------------------------------------------- */

static uint64_t
header_size(const struct journal_map *m)
{
	const uint64_t size = le64toh(m->header.header_size);

	/* what a later systemd has put behind what we know may be an offset of the old file */
	return size < sizeof(m->header) ? size : sizeof(m->header);
}

static uint64_t
array_size(const struct journal_map *m, uint64_t n)
{
	return sizeof(struct jf_entry_array) + n * JF_ARRAY_ITEM(m->compact);
}

static void
layout(struct journal_collect *c)
{
	const struct journal_map *m = c->m;
	uint64_t at = header_size(m);

	c->field_table = at;
	at += sizeof(struct jf_object) + le64toh(m->header.field_hash_table_size);
	c->data_table = at;
	at += sizeof(struct jf_object) + le64toh(m->header.data_hash_table_size);
	c->n_data = c->n_fields = 0;
	c->n_arrays = 1;
	for (uint32_t i = 0; i < c->n_slots; i++) {
		struct slot *s = &c->slot[i];

		s->to = s->used = s->last = s->array = 0;
		if (s->n_entries == 0)
			continue;
		s->to = (uint32_t)(at / 8);
		at += jf_align(s->size);
		c->n_data += s->type == JF_DATA;
		c->n_fields += s->type == JF_FIELD;
	}
	c->main_array = at;
	at += jf_align(array_size(m, c->done.n_stay));
	for (uint32_t i = 0; i < c->n_slots; i++) {
		struct slot *s = &c->slot[i];

		if (s->type != JF_DATA || s->n_entries < 2)
			continue;
		s->array = (uint32_t)(at / 8);
		at += jf_align(array_size(m, s->n_entries - 1));
		c->n_arrays++;
	}
	c->size = at;
}

/* --- objects ---------------------------------------------------------------------------------- */

static void *
at(const struct out *o, uint64_t offset)
{
	return o->p + offset;
}

static void *
put_head(const struct out *o, uint64_t offset, enum jf_type type, uint64_t size)
{
	struct jf_object *h = at(o, offset);

	h->type = (uint8_t)type;
	h->size = htole64(size);
	return h;
}

static void *
put_copy(const struct out *o, const struct slot *s)
{
	void *p = at(o, (uint64_t)s->to * 8);

	memcpy(p, o->c->m->p + slot_offset(o->c, s), s->size);
	((struct jf_object *)p)->size = htole64(s->size); /* as it was looked at */
	return p;
}

/* Links the object at OFFSET before the first one of its bucket, which is returned. */
static uint64_t
put_hash(struct jf_bucket *b, uint64_t offset)
{
	const uint64_t next = b->head_hash_offset;

	b->head_hash_offset = htole64(offset);
	if (next == 0)
		b->tail_hash_offset = b->head_hash_offset;
	return next;
}

/* Where the DATA object that stays and has the slot NUMBER, from 1, lies in the new file; 0: there is none. */
static uint64_t
number_to(const struct journal_collect *c, uint32_t number)
{
	return number != 0 ? (uint64_t)c->slot[number - 1].to * 8 : 0;
}

static void
put_data(const struct out *o, const struct slot *s)
{
	struct jf_data *d = put_copy(o, s);

	d->entry_offset = 0;
	d->next_field_offset = s->chained ? htole64(number_to(o->c, s->next)) : 0;
	d->entry_array_offset = htole64((uint64_t)s->array * 8);
	d->n_entries = htole64(s->n_entries);
	if (o->c->m->compact) {
		d->tail_entry_array_offset = htole32(s->array * 8);
		d->tail_entry_array_n_items = htole32(s->array ? s->n_entries - 1 : 0);
	}
	if (s->array)
		(void)put_head(o, (uint64_t)s->array * 8, JF_ENTRY_ARRAY,
			array_size(o->c->m, s->n_entries - 1));
	d->next_hash_offset = put_hash(
		&o->data[le64toh(d->hash) % o->n_data_buckets], (uint64_t)s->to * 8);
}

static void
put_field(const struct out *o, const struct slot *s)
{
	struct jf_field *f = put_copy(o, s);

	f->head_data_offset = htole64(number_to(o->c, s->next));
	f->next_hash_offset = put_hash(
		&o->field[le64toh(f->hash) % o->n_field_buckets], (uint64_t)s->to * 8);
}

static void
put_in_array(const struct out *o, uint64_t array, uint64_t i, uint64_t offset)
{
	uint8_t *items = o->p + array + sizeof(struct jf_entry_array);

	if (o->c->m->compact)
		((uint32_t *)(void *)items)[i] = htole32((uint32_t)offset);
	else
		((uint64_t *)(void *)items)[i] = htole64(offset);
}

/* Tells the DATA object S of the entry that lies at ENTRY, once. The old file may be another by now. */
static int
put_reference(const struct out *o, struct slot *s, uint32_t entry)
{
	struct jf_data *d = at(o, (uint64_t)s->to * 8);
	const uint64_t offset = (uint64_t)entry * 8;

	if (s->last == entry)
		return 0; /* an entry that has the field twice */
	if (s->used >= s->n_entries)
		return journal_map_bad(
			o->c->m, slot_offset(o->c, s), N_("the file has changed meanwhile"));
	if (s->used == 0)
		d->entry_offset = htole64(offset);
	else
		put_in_array(o, (uint64_t)s->array * 8, s->used - 1, offset);
	s->used++;
	s->last = entry;
	return 0;
}

static int
put_entry(struct out *o, const struct slot *s)
{
	const struct journal_map *m = o->c->m;
	struct jf_entry *en = put_copy(o, s);
	const uint64_t n = (s->size - sizeof(*en)) / JF_ITEM(m->compact);
	uint32_t *compact = (uint32_t *)(void *)(en + 1);
	uint64_t *regular = (uint64_t *)(void *)(en + 1);

	for (uint64_t i = 0; i < n; i++) {
		const uint64_t old = m->compact ? le32toh(compact[i]) : le64toh(regular[2 * i]);
		struct slot *d = journal_collect_slot(o->c, old, JF_DATA);

		if (!d || put_reference(o, d, s->to) < 0)
			return -1;
		if (m->compact)
			compact[i] = htole32(d->to * 8);
		else
			regular[2 * i] = htole64((uint64_t)d->to * 8);
	}
	put_in_array(o, o->c->main_array, o->n_in_main++, (uint64_t)s->to * 8);
	o->first = o->first ? o->first : s;
	o->last = s;
	return 0;
}

/* Backwards, so that each one's links lead to what is there already: chains of hashes go up. */
static void
put_values(const struct out *o)
{
	for (uint32_t i = o->c->n_slots; i-- > 0;) {
		const struct slot *s = &o->c->slot[i];

		if (s->to != 0 && s->type == JF_DATA)
			put_data(o, s);
		else if (s->to != 0 && s->type == JF_FIELD)
			put_field(o, s);
	}
}

static int
put_entries(struct out *o)
{
	for (uint32_t i = 0; i < o->c->n_slots; i++) {
		const struct slot *s = &o->c->slot[i];

		if (s->to != 0 && s->type == JF_ENTRY && put_entry(o, s) < 0)
			return -1;
	}
	return 0;
}

/* --- header ----------------------------------------------------------------------------------- */

static void
counts_put(const struct out *o, struct jf_header *h)
{
	const struct journal_collect *c = o->c;

	/* hash tables and arrays are there besides */
	h->n_objects = htole64(2 + c->n_data + c->n_fields + c->done.n_stay + c->n_arrays);
	h->n_entries = htole64(c->done.n_stay);
	h->n_data = htole64(c->n_data);
	h->n_fields = htole64(c->n_fields);
	h->n_tags = 0;
	h->n_entry_arrays = htole64(c->n_arrays);
	/* the depths stay: no chain is longer than it was, and what they decide is decided of an archive */
}

/* The object that lies last: the array of the last DATA object that has one. */
static uint64_t
tail_object(const struct journal_collect *c)
{
	for (uint32_t i = c->n_slots; i-- > 0;)
		if (c->slot[i].type == JF_DATA && c->slot[i].array != 0)
			return (uint64_t)c->slot[i].array * 8;
	return c->main_array;
}

static void
header_put(const struct out *o)
{
	const struct journal_collect *c = o->c;
	const struct jf_entry *first = at(o, (uint64_t)o->first->to * 8);
	const struct jf_entry *last = at(o, (uint64_t)o->last->to * 8);
	struct jf_header h = c->m->header;

	h.state = JF_ARCHIVED;
	h.compatible &= htole32(~(unsigned)(JF_SEALED | JF_SEALED_CONTINUOUS));
	h.header_size = htole64(header_size(c->m));
	h.arena_size = htole64(c->size - header_size(c->m));
	h.data_hash_table_offset = htole64(c->data_table + sizeof(struct jf_object));
	h.field_hash_table_offset = htole64(c->field_table + sizeof(struct jf_object));
	h.tail_object_offset = htole64(tail_object(c));
	h.entry_array_offset = htole64(c->main_array);
	h.head_entry_seqnum = first->seqnum;
	h.head_entry_realtime = first->realtime;
	h.tail_entry_seqnum = last->seqnum;
	h.tail_entry_realtime = last->realtime;
	h.tail_entry_monotonic = last->monotonic;
	memcpy(h.tail_entry_boot_id, last->boot_id, sizeof(h.tail_entry_boot_id));
	h.tail_entry_array_offset = c->main_array <= UINT32_MAX ? htole32((uint32_t)c->main_array)
								: 0;
	h.tail_entry_array_n_items = h.tail_entry_array_offset ? htole32((uint32_t)c->done.n_stay)
							       : 0;
	h.tail_entry_offset = htole64((uint64_t)o->last->to * 8);
	counts_put(o, &h);
	memcpy(o->p, &h, header_size(c->m));
}

/* --- the file --------------------------------------------------------------------------------- */

static void
tables_put(struct out *o)
{
	const struct journal_collect *c = o->c;
	const uint64_t data = le64toh(c->m->header.data_hash_table_size);
	const uint64_t field = le64toh(c->m->header.field_hash_table_size);
	struct jf_object *h;

	h = put_head(o, c->data_table, JF_DATA_HASH_TABLE, sizeof(*h) + data);
	o->data = (struct jf_bucket *)(void *)(h + 1);
	o->n_data_buckets = data / sizeof(*o->data);
	h = put_head(o, c->field_table, JF_FIELD_HASH_TABLE, sizeof(*h) + field);
	o->field = (struct jf_bucket *)(void *)(h + 1);
	o->n_field_buckets = field / sizeof(*o->field);
	(void)put_head(o, c->main_array, JF_ENTRY_ARRAY, array_size(c->m, c->done.n_stay));
}

static int
out_write(struct out *o)
{
	tables_put(o);
	put_values(o);
	if (put_entries(o) < 0)
		return -1;
	if (o->n_in_main != o->c->done.n_stay)
		return journal_map_bad(o->c->m, 0, N_("the file has changed meanwhile"));
	header_put(o);
	return 0;
}

int
journal_collect_write(struct journal_collect *c, int to_fd, struct err *e)
{
	struct out o = { .c = c };
	bool full;
	int rc;

	layout(c);
	/* a mapping over a hole would meet the full disk when it is too late to say so */
	rc = posix_fallocate(to_fd, 0, (off_t)c->size);
	if (rc != 0 || map_new(to_fd, c->size, true, &o.map) < 0)
		return err_fail(e, EX_CANTCREAT, rc ? rc : errno, N_("cannot write a journal file"),
			N_("is the disk full?"), NULL);
	o.p = map_bytes(o.map);
	rc = out_write(&o);
	full = map_is_torn(o.map) || map_is_torn(c->scratch);
	map_free(o.map);
	if (full)
		return err_fail(e, EX_CANTCREAT, ENOSPC, N_("cannot write a journal file"),
			N_("is the disk full?"), NULL);
	return rc < 0 || map_is_torn(c->m->map) ? journal_map_fail(c->m, e) : 0;
}
