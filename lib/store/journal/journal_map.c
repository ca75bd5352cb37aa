/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/journal/journal_map.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "store/journal/journal_hash.h"
#include "store/journal/journal_payload.h"

#define HEADER_MAX 4096u /* that a later systemd's header may have */

/* --- opening ---------------------------------------------------------------------------------- */

int
journal_map_bad(struct journal_map *m, uint64_t offset, const char *what)
{
	if (!m->bad) {
		m->bad = what;
		m->bad_offset = offset;
	}
	return -1;
}

int
journal_map_fail(const struct journal_map *m, struct err *e)
{
	const bool torn = map_is_torn(m->map);

	return err_fail(e, EX_DATAERR, 0,
		torn      ? N_("the journal file was cut while it was read")
		: !m->bad ? N_("the journal file is damaged")
			  : m->bad,
		NULL, "byte %llu", (unsigned long long)m->bad_offset);
}

static bool
is_table(const struct journal_map *m, uint64_t offset, uint64_t size)
{
	const uint64_t least = le64toh(m->header.header_size) + sizeof(struct jf_object);

	return offset % 8 == 0 && size >= sizeof(struct jf_bucket) &&
	       size % sizeof(struct jf_bucket) == 0 && offset >= least && offset <= m->size &&
	       size <= m->size - offset;
}

static int
header_check(struct journal_map *m, uint64_t file_size)
{
	const struct jf_header *h = &m->header;
	const uint64_t header_size = le64toh(h->header_size);

	if (memcmp(h->signature, JF_SIGNATURE, sizeof(h->signature)) != 0)
		return journal_map_bad(m, 0, N_("not a journal file"));
	if (le32toh(h->incompatible) & ~(unsigned)JF_INCOMPATIBLE_KNOWN)
		return journal_map_bad(
			m, 12, N_("a journal file of a kind that is not known here"));
	if (header_size < JF_HEADER_MIN || header_size > HEADER_MAX || header_size % 8 != 0 ||
		header_size > file_size || le64toh(h->arena_size) > UINT64_MAX - header_size)
		return journal_map_bad(m, 88, N_("a journal file's header is damaged"));
	m->size = header_size + le64toh(h->arena_size);
	if (m->size > file_size) /* an archive is cut to what it needs */
		m->size = file_size;
	if (!is_table(m, le64toh(h->data_hash_table_offset), le64toh(h->data_hash_table_size)) ||
		!is_table(
			m, le64toh(h->field_hash_table_offset), le64toh(h->field_hash_table_size)))
		return journal_map_bad(m, 104, N_("a journal file has no hash table"));
	return 0;
}

/* The copy is what counts from now on, for the file may be another the next moment. */
static void
header_take(struct journal_map *m, uint64_t file_size)
{
	uint64_t n = file_size < sizeof(m->header) ? file_size : sizeof(m->header);

	memcpy(&m->header, m->p, n);
	if (le64toh(m->header.header_size) < n) {
		n = le64toh(m->header.header_size);
		memset((uint8_t *)&m->header + n, 0, sizeof(m->header) - n);
	}
	m->compact = le32toh(m->header.incompatible) & JF_COMPACT;
	m->keyed = le32toh(m->header.incompatible) & JF_KEYED_HASH;
}

int
journal_map_open(int fd, uint64_t unpacked_max, struct journal_map *ret, struct err *e)
{
	struct journal_map m = { .bad = NULL };
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot read a journal file"), NULL, NULL);
	if (st.st_size < (off_t)JF_HEADER_MIN)
		return err_fail(e, EX_DATAERR, 0, N_("not a journal file"), NULL, NULL);
	if (map_new(fd, (size_t)st.st_size, false, &m.map) < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot read a journal file"), NULL, NULL);
	buf_init(&m.unpacked, unpacked_max);
	m.p = map_bytes(m.map);
	header_take(&m, (uint64_t)st.st_size);
	if (header_check(&m, (uint64_t)st.st_size) < 0) {
		(void)journal_map_fail(&m, e);
		journal_map_release(&m);
		return -1;
	}
	*ret = m;
	return 0;
}

void
journal_map_release(struct journal_map *m)
{
	m->map = map_free(m->map);
	buf_wipe(&m->unpacked);
}

/* --- objects ---------------------------------------------------------------------------------- */

static uint64_t
least_size(const struct journal_map *m, unsigned type)
{
	switch (type) {
	case JF_DATA:
		return JF_DATA_PAYLOAD(m->compact) + 1;
	case JF_FIELD:
		return sizeof(struct jf_field) + 1;
	case JF_ENTRY:
		return sizeof(struct jf_entry);
	case JF_ENTRY_ARRAY:
		return sizeof(struct jf_entry_array);
	case JF_DATA_HASH_TABLE:
	case JF_FIELD_HASH_TABLE:
		return sizeof(struct jf_object) + sizeof(struct jf_bucket);
	case JF_TAG:
		return sizeof(struct jf_tag);
	default:
		return sizeof(struct jf_object);
	}
}

/* Its items must fill an object: a part of one would be read past its end. */
static bool
is_whole(const struct journal_map *m, unsigned type, uint64_t size)
{
	if (size < least_size(m, type))
		return false;
	if (type == JF_ENTRY)
		return (size - sizeof(struct jf_entry)) % JF_ITEM(m->compact) == 0;
	if (type == JF_ENTRY_ARRAY)
		return (size - sizeof(struct jf_entry_array)) % JF_ARRAY_ITEM(m->compact) == 0;
	return true;
}

const struct jf_object *
journal_map_object(struct journal_map *m, uint64_t offset, enum jf_type type, uint64_t *ret_size)
{
	const struct jf_object *o;
	uint64_t size;
	uint8_t is;

	if (offset % 8 != 0 || offset < le64toh(m->header.header_size) || offset > m->size ||
		m->size - offset < sizeof(*o)) {
		(void)journal_map_bad(m, offset, N_("an offset leads out of the journal file"));
		return NULL;
	}
	o = (const struct jf_object *)(const void *)(m->p + offset);
	size = le64toh(*(const volatile uint64_t *)&o->size); /* once: it may change */
	is = *(const volatile uint8_t *)&o->type;
	if (size > m->size - offset || !is_whole(m, type == JF_UNUSED ? is : type, size)) {
		(void)journal_map_bad(m, offset, N_("an object of the journal file is damaged"));
		return NULL;
	}
	if (type != JF_UNUSED && is != type) {
		(void)journal_map_bad(
			m, offset, N_("an object of the journal file is of another kind"));
		return NULL;
	}
	*ret_size = size;
	return o;
}

int
journal_map_walk(struct journal_map *m, struct journal_walk *w)
{
	const uint64_t tail = le64toh(m->header.tail_object_offset);
	uint64_t at = le64toh(m->header.header_size);

	if (w->offset == 0 && tail == 0)
		return 1;
	if (w->offset != 0) {
		if (w->offset == tail)
			return 1;
		at = w->offset + jf_align(w->size);
	}
	if (at > tail)
		return journal_map_bad(
			m, at, N_("the journal file's last object is not where it should be"));
	w->o = journal_map_object(m, at, JF_UNUSED, &w->size);
	if (!w->o)
		return -1;
	w->offset = at;
	w->type = w->o->type;
	/* whoever goes by the type may go by the size it has to have */
	if (w->type < JF_TYPES && !is_whole(m, w->type, w->size))
		return journal_map_bad(m, at, N_("an object of the journal file is damaged"));
	return 0;
}

/* --- entries ---------------------------------------------------------------------------------- */

struct journal_chain
journal_map_entries(const struct journal_map *m)
{
	return (struct journal_chain){ .array = le64toh(m->header.entry_array_offset),
		.left = le64toh(m->header.n_entries) };
}

struct journal_chain
journal_map_entries_of(const struct jf_data *d)
{
	return (struct journal_chain){ .array = le64toh(d->entry_array_offset),
		.left = le64toh(d->n_entries),
		.first = le64toh(d->entry_offset) };
}

/* Looks at C's array, or at the one behind it. */
static int
chain_array(struct journal_map *m, struct journal_chain *c)
{
	const struct jf_entry_array *a;
	uint64_t size;

	if (c->items) {
		const uint64_t next = le64toh(
			((const struct jf_entry_array *)c->items - 1)->next_entry_array_offset);

		if (next != 0 && next <= c->array)
			return journal_map_bad(m, c->array, N_("a chain of entries is a circle"));
		c->array = next;
	}
	if (c->array == 0)
		return journal_map_bad(
			m, c->last, N_("a chain of entries ends before its last one"));
	a = (const void *)journal_map_object(m, c->array, JF_ENTRY_ARRAY, &size);
	if (!a)
		return -1;
	c->items = a + 1;
	c->i = 0;
	c->n = (size - sizeof(*a)) / JF_ARRAY_ITEM(m->compact);
	return 0;
}

static int
chain_item(struct journal_map *m, struct journal_chain *c, uint64_t *ret)
{
	while (c->i >= c->n)
		if (chain_array(m, c) < 0)
			return -1;
	*ret = m->compact ? le32toh(((const uint32_t *)c->items)[c->i])
			  : le64toh(((const uint64_t *)c->items)[c->i]);
	c->i++;
	return 0;
}

int
journal_chain_offset(struct journal_map *m, struct journal_chain *c, uint64_t *ret)
{
	uint64_t at = c->first;

	if (c->left == 0)
		return 1;
	c->first = 0;
	if (at == 0 && chain_item(m, c, &at) < 0)
		return -1;
	if (at <= c->last)
		return journal_map_bad(m, at, N_("a chain of entries goes backwards"));
	c->last = at;
	c->left--;
	*ret = at;
	return 0;
}

/* The same within the array at hand; what is wrong there is left to journal_chain_offset(). */
static uint64_t
pass_items(const struct journal_map *m, struct journal_chain *c, uint64_t wanted)
{
	const uint64_t here = c->n - c->i, max = here < c->left ? here : c->left;
	const uint32_t *compact = c->items;
	const uint64_t *regular = c->items;
	uint64_t i = 0, last = c->last;

	while (i < max && last < wanted) {
		const uint64_t at = m->compact ? le32toh(compact[c->i + i])
					       : le64toh(regular[c->i + i]);

		if (at <= last)
			break;
		last = at;
		i++;
	}
	c->i += i;
	c->left -= i;
	c->last = last;
	return i;
}

int
journal_chain_reach(struct journal_map *m, struct journal_chain *c, uint64_t wanted, uint64_t *n)
{
	while (c->last < wanted) {
		uint64_t at;
		const int rc = journal_chain_offset(m, c, &at);

		if (rc != 0)
			return rc;
		*n += 1 + pass_items(m, c, wanted);
	}
	return 0;
}

int
journal_chain_next(struct journal_map *m, struct journal_chain *c, struct journal_entry *ret)
{
	uint64_t at;
	const int rc = journal_chain_offset(m, c, &at);

	return rc == 0 ? journal_map_entry(m, at, ret) : rc;
}

int
journal_map_entry(struct journal_map *m, uint64_t offset, struct journal_entry *ret)
{
	uint64_t size;
	const struct jf_entry *o = (const void *)journal_map_object(m, offset, JF_ENTRY, &size);

	if (!o)
		return -1;
	*ret = (struct journal_entry){ .o = o,
		.offset = offset,
		.realtime = le64toh(o->realtime),
		.monotonic = le64toh(o->monotonic),
		.seqnum = le64toh(o->seqnum),
		.n_items = (size - sizeof(*o)) / JF_ITEM(m->compact) };
	if (ret->realtime == 0 || ret->realtime > INT64_MAX || ret->seqnum == 0)
		return journal_map_bad(m, offset, N_("an entry has no time or number"));
	return 0;
}

/* --- fields ----------------------------------------------------------------------------------- */

int
journal_map_payload(struct journal_map *m, uint64_t offset, struct span *ret)
{
	uint64_t size;
	const struct jf_object *o = journal_map_object(m, offset, JF_DATA, &size);
	const uint64_t head = JF_DATA_PAYLOAD(m->compact);
	struct span p;

	if (!o)
		return -1;
	p = span_of((const uint8_t *)o + head, size - head);
	if ((o->flags & JF_COMPRESSED) == 0) {
		*ret = p;
		return 0;
	}
	switch (journal_payload_unpack(o->flags & JF_COMPRESSED, p, &m->unpacked)) {
	case PAYLOAD_GOOD:
		*ret = span_of(m->unpacked.p, m->unpacked.len);
		return 0;
	case PAYLOAD_TOO_LARGE:
		return 1;
	default:
		return journal_map_bad(m, offset, N_("a field of the journal cannot be unpacked"));
	}
}

uint64_t
journal_map_hash(const struct journal_map *m, struct span text)
{
	return m->keyed ? journal_hash_keyed(text, m->header.file_id) : journal_hash_jenkins(text);
}

int
journal_map_find(struct journal_map *m, struct span text, uint64_t *ret)
{
	const uint64_t n = le64toh(m->header.data_hash_table_size) / sizeof(struct jf_bucket);
	const uint64_t hash = journal_map_hash(m, text);
	const struct jf_bucket *b = (const void *)(m->p +
						   le64toh(m->header.data_hash_table_offset));
	uint64_t at = le64toh(b[hash % n].head_hash_offset), next, size;

	for (; at != 0; at = next) {
		const struct jf_data *d = (const void *)journal_map_object(m, at, JF_DATA, &size);
		struct span p;
		int rc;

		if (!d)
			return -1;
		next = le64toh(d->next_hash_offset);
		if (next != 0 && next <= at)
			return journal_map_bad(m, at, N_("a hash chain is a circle"));
		if (le64toh(d->hash) != hash)
			continue;
		rc = journal_map_payload(m, at, &p);
		if (rc < 0)
			return -1;
		if (rc == 0 && span_eq(p, text)) {
			*ret = at;
			return 0;
		}
	}
	return 1;
}

static void
hex(const uint8_t id[16], char ret[33])
{
	for (size_t i = 0; i < 16; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", id[i]);
}

void
journal_map_cursor(
	const struct journal_map *m, const struct journal_entry *en, char ret[JOURNAL_CURSOR_MAX])
{
	char seqnum[33], boot[33];

	hex(m->header.seqnum_id, seqnum);
	hex(en->o->boot_id, boot);
	(void)snprintf(ret, JOURNAL_CURSOR_MAX, "s=%s;i=%llx;b=%s;m=%llx;t=%llx;x=%llx", seqnum,
		(unsigned long long)en->seqnum, boot, (unsigned long long)en->monotonic,
		(unsigned long long)en->realtime, (unsigned long long)le64toh(en->o->xor_hash));
}
