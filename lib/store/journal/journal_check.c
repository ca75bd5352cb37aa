/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What `journalctl --verify` looks at, but in one pass over the entries' array and one over all objects as they
 * lie, instead of a search for each reference. Chains of hashes go up: so each DATA object has to be where the
 * last one of its bucket, or the bucket, says that the next one is. That every entry's field knows the entry
 * follows from counts: no more are known, in order, each once, and as many as the entries have.
 */
#include "store/journal/journal_collect.h"

#include <errno.h>
#include <fcntl.h>
#include <sysexits.h>

struct check {
	struct journal_map *m;
	uint8_t *is_data, *is_entry; /* a bit for each place where an object may begin */
	uint32_t *next;              /* of each bucket: its next object's place, in units of 8 */
	const struct jf_bucket *bucket;
	uint64_t n_buckets;
	uint64_t n[JF_TYPES], n_objects; /* found by their type */
	uint64_t n_items, n_references;  /* that entries have; that DATA objects know */
};

/* Asked instead of the object itself, which is somewhere else for each reference. */
static bool
bit(const uint8_t *bits, uint64_t offset)
{
	return bits[offset / 64] & (1u << (offset / 8 % 8));
}

static void
bit_set(uint8_t *bits, uint64_t offset)
{
	bits[offset / 64] |= (uint8_t)(1u << (offset / 8 % 8));
}

static inline int
is_object(const struct check *c, const uint8_t *bits, uint64_t offset)
{
	if (offset % 8 == 0 && offset < c->m->size && bit(bits, offset))
		return 0;
	return journal_map_bad(
		c->m, offset, N_("an object of the journal file is of another kind"));
}

static int
is_count(struct check *c, uint64_t found, uint64_t le_told)
{
	return found == le64toh(le_told)
		       ? 0
		       : journal_map_bad(c->m, 0, N_("a journal file's counts are wrong"));
}

/* --- objects ---------------------------------------------------------------------------------- */

static int
bad_chain(struct check *c, uint64_t offset)
{
	return journal_map_bad(c->m, offset, N_("a hash chain is wrong"));
}

/* Makes the place that LE_OFFSET, or the end, is what bucket I expects. */
static int
expect(struct check *c, uint64_t i, uint64_t le_offset)
{
	const uint64_t offset = le64toh(le_offset);

	if (offset % 8 != 0 || offset >= c->m->size)
		return bad_chain(c, offset);
	c->next[i] = (uint32_t)(offset / 8);
	return 0;
}

static int
check_place(struct check *c, uint64_t offset, const struct jf_data *d)
{
	const uint64_t i = le64toh(d->hash) % c->n_buckets;

	if (c->next[i] != offset / 8 || expect(c, i, d->next_hash_offset) < 0)
		return bad_chain(c, offset);
	return c->next[i] != 0 || le64toh(c->bucket[i].tail_hash_offset) == offset
		       ? 0
		       : bad_chain(c, offset);
}

static int
check_data(struct check *c, uint64_t offset, const struct jf_data *d)
{
	struct journal_chain chain = journal_map_entries_of(d);
	struct span text;
	uint64_t at;
	int rc = journal_map_payload(c->m, offset, &text);

	if (rc < 0 || check_place(c, offset, d) < 0)
		return -1;
	if (rc == 0 && journal_map_hash(c->m, text) != le64toh(d->hash))
		return journal_map_bad(
			c->m, offset, N_("a field of the journal is not what its hash says"));
	while ((rc = journal_chain_offset(c->m, &chain, &at)) == 0) {
		if (is_object(c, c->is_entry, at) < 0)
			return -1;
		c->n_references++;
	}
	bit_set(c->is_data, offset);
	return rc < 0 ? -1 : 0;
}

/* Its fields lie before it: they were written first. */
static int
check_entry(struct check *c, uint64_t offset)
{
	struct journal_entry en;
	uint64_t last = 0;

	if (is_object(c, c->is_entry, offset) < 0 || journal_map_entry(c->m, offset, &en) < 0)
		return -1;
	for (uint64_t i = 0; i < en.n_items; i++) {
		const uint64_t at = journal_entry_item(c->m, &en, i);

		if (is_object(c, c->is_data, at) < 0)
			return -1;
		/* one that has a field twice, as old files do, is known to it once */
		c->n_items += at != last;
		last = at;
	}
	return 0;
}

static int
check_counts(struct check *c)
{
	const struct jf_header *h = &c->m->header;

	if (c->n[JF_DATA_HASH_TABLE] != 1 || c->n[JF_FIELD_HASH_TABLE] != 1)
		return journal_map_bad(c->m, 0, N_("a journal file's header is damaged"));
	if (is_count(c, c->n_objects, h->n_objects) < 0 ||
		is_count(c, c->n[JF_ENTRY], h->n_entries) < 0 ||
		is_count(c, c->n_references, htole64(c->n_items)) < 0)
		return -1;
	if (JF_HAS(h, n_fields) && (is_count(c, c->n[JF_DATA], h->n_data) < 0 ||
					   is_count(c, c->n[JF_FIELD], h->n_fields) < 0))
		return -1;
	return JF_HAS(h, n_entry_arrays) &&
			       (is_count(c, c->n[JF_TAG], h->n_tags) < 0 ||
				       is_count(c, c->n[JF_ENTRY_ARRAY], h->n_entry_arrays) < 0)
		       ? -1
		       : 0;
}

static int
check_objects(struct check *c)
{
	struct journal_walk w = { 0 };
	int rc;

	while ((rc = journal_map_walk(c->m, &w)) == 0) {
		c->n_objects++;
		if (w.type < JF_TYPES)
			c->n[w.type]++;
		if (w.type == JF_DATA && check_data(c, w.offset, (const void *)w.o) < 0)
			return -1;
		if (w.type == JF_ENTRY && check_entry(c, w.offset) < 0)
			return -1;
	}
	return rc < 0 ? -1 : check_counts(c);
}

/* --- tables ----------------------------------------------------------------------------------- */

static int
chains_begin(struct check *c)
{
	const struct jf_header *h = &c->m->header;

	c->bucket = (const void *)(c->m->p + le64toh(h->data_hash_table_offset));
	for (uint64_t i = 0; i < c->n_buckets; i++) {
		if ((c->bucket[i].head_hash_offset == 0) != (c->bucket[i].tail_hash_offset == 0))
			return bad_chain(c, 0);
		if (expect(c, i, c->bucket[i].head_hash_offset) < 0)
			return -1;
	}
	return 0;
}

static int
chains_end(struct check *c)
{
	for (uint64_t i = 0; i < c->n_buckets; i++)
		if (c->next[i] != 0)
			return bad_chain(c, (uint64_t)c->next[i] * 8);
	return 0;
}

/* The entries' own array: which objects are entries. */
static int
check_entries(struct check *c)
{
	struct journal_chain chain = journal_map_entries(c->m);
	struct journal_entry en = { .seqnum = 0 };
	uint64_t seqnum = 0;
	int rc;

	while ((rc = journal_chain_next(c->m, &chain, &en)) == 0) {
		if (en.seqnum <= seqnum)
			return journal_map_bad(
				c->m, en.offset, N_("an entry's number is not above the last"));
		seqnum = en.seqnum;
		bit_set(c->is_entry, en.offset);
	}
	return rc < 0 ? -1 : is_count(c, seqnum, c->m->header.tail_entry_seqnum);
}

int
journal_check(struct journal_map *m, int scratch_fd, struct err *e)
{
	CLEANUP(map_freep) struct map *scratch = NULL;
	const size_t n = m->size / 64 + 1;
	struct check c = { .m = m,
		.n_buckets = le64toh(m->header.data_hash_table_size) / sizeof(struct jf_bucket) };
	const size_t all = 2 * n + c.n_buckets * sizeof(*c.next);
	int full;
	bool good;

	if (m->size > JOURNAL_SIZE_MAX) {
		(void)journal_map_bad(m, m->size, N_("the journal file is too large"));
		return journal_map_fail(m, e);
	}
	full = posix_fallocate(scratch_fd, 0, (off_t)all);
	if (full != 0 || map_new(scratch_fd, all, true, &scratch) < 0)
		return err_fail(e, EX_CANTCREAT, full ? full : errno,
			N_("no room for a scratch file"), N_("is the disk full?"), NULL);
	c.next = (uint32_t *)(void *)map_bytes(scratch);
	c.is_data = map_bytes(scratch) + c.n_buckets * sizeof(*c.next);
	c.is_entry = c.is_data + n;
	good = chains_begin(&c) == 0 && check_entries(&c) == 0 && check_objects(&c) == 0 &&
	       chains_end(&c) == 0;
	if (map_is_torn(scratch))
		return err_fail(
			e, EX_CANTCREAT, ENOSPC, N_("no room for a scratch file"), NULL, NULL);
	return good && !map_is_torn(m->map) ? 0 : journal_map_fail(m, e);
}
