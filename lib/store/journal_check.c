/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What `journalctl --verify` looks at, in one pass over each structure instead of a search for each reference.
 * That every entry's field knows the entry follows from counts: no more are known, in order, each once, and
 * as many as the entries have.
 */
#include "store/journal_collect.h"

#include <errno.h>
#include <fcntl.h>
#include <sysexits.h>

struct check {
	struct journal_map *m;
	uint8_t *is_data, *is_entry;     /* a bit for each place where an object may begin */
	uint64_t n[JF_TYPES], n_objects; /* found by their type */
	uint64_t n_items, n_references;  /* that entries have; that DATA objects know */
	uint64_t n_data_in_table;
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

static int
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

static int
check_objects(struct check *c)
{
	const struct jf_header *h = &c->m->header;
	struct journal_walk w = { 0 };
	int rc;

	while ((rc = journal_map_walk(c->m, &w)) == 0) {
		c->n_objects++;
		if (w.type < JF_TYPES)
			c->n[w.type]++;
		if (w.type == JF_DATA || w.type == JF_ENTRY)
			bit_set(w.type == JF_DATA ? c->is_data : c->is_entry, w.offset);
	}
	if (rc < 0)
		return -1;
	if (c->n[JF_DATA_HASH_TABLE] != 1 || c->n[JF_FIELD_HASH_TABLE] != 1)
		return journal_map_bad(c->m, 0, N_("a journal file's header is damaged"));
	if (is_count(c, c->n_objects, h->n_objects) < 0 ||
		is_count(c, c->n[JF_ENTRY], h->n_entries) < 0)
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
		for (uint64_t i = 0; i < en.n_items; i++) {
			const uint64_t at = journal_entry_item(c->m, &en, i);

			if (is_object(c, c->is_data, at) < 0)
				return -1;
			/* one that has a field twice, as old files do, is known to it once */
			c->n_items += i == 0 || at != journal_entry_item(c->m, &en, i - 1);
		}
	}
	return rc < 0 ? -1 : is_count(c, seqnum, c->m->header.tail_entry_seqnum);
}

static int
check_data(struct check *c, uint64_t offset, const struct jf_data *d)
{
	struct journal_chain chain = journal_map_entries_of(d);
	struct span text;
	uint64_t at;
	int rc = journal_map_payload(c->m, offset, &text);

	if (rc < 0)
		return -1;
	if (rc == 0 && journal_map_hash(c->m, text) != le64toh(d->hash))
		return journal_map_bad(
			c->m, offset, N_("a field of the journal is not what its hash says"));
	while ((rc = journal_chain_offset(c->m, &chain, &at)) == 0) {
		if (is_object(c, c->is_entry, at) < 0)
			return -1;
		c->n_references++;
	}
	return rc < 0 ? -1 : 0;
}

static int
check_bucket(struct check *c, const struct jf_bucket *b, uint64_t i, uint64_t n)
{
	uint64_t at = le64toh(b->head_hash_offset), last = 0, size;

	while (at != 0) {
		const struct jf_data *d = (const void *)journal_map_object(
			c->m, at, JF_DATA, &size);

		if (!d)
			return -1;
		if (at <= last || le64toh(d->hash) % n != i)
			return journal_map_bad(c->m, at, N_("a hash chain is wrong"));
		c->n_data_in_table++;
		if (check_data(c, at, d) < 0)
			return -1;
		last = at;
		at = le64toh(d->next_hash_offset);
	}
	return last == le64toh(b->tail_hash_offset)
		       ? 0
		       : journal_map_bad(c->m, last, N_("a hash chain is wrong"));
}

static int
check_table(struct check *c)
{
	const struct jf_header *h = &c->m->header;
	const uint64_t n = le64toh(h->data_hash_table_size) / sizeof(struct jf_bucket);
	const struct jf_bucket *b = (const void *)(c->m->p + le64toh(h->data_hash_table_offset));

	for (uint64_t i = 0; i < n; i++)
		if (check_bucket(c, &b[i], i, n) < 0)
			return -1;
	return is_count(c, c->n_data_in_table, htole64(c->n[JF_DATA])) < 0 ||
			       is_count(c, c->n_references, htole64(c->n_items)) < 0
		       ? -1
		       : 0;
}

int
journal_check(struct journal_map *m, int scratch_fd, struct err *e)
{
	CLEANUP(map_freep) struct map *bits = NULL;
	const size_t n = m->size / 64 + 1;
	const int full = posix_fallocate(scratch_fd, 0, (off_t)(2 * n));
	struct check c = { .m = m };
	bool good;

	if (full != 0 || map_new(scratch_fd, 2 * n, true, &bits) < 0)
		return err_fail(e, EX_CANTCREAT, full ? full : errno,
			N_("no room for a scratch file"), N_("is the disk full?"), NULL);
	c.is_data = map_bytes(bits);
	c.is_entry = map_bytes(bits) + n;
	good = check_objects(&c) == 0 && check_entries(&c) == 0 && check_table(&c) == 0;
	if (map_is_torn(bits))
		return err_fail(
			e, EX_CANTCREAT, ENOSPC, N_("no room for a scratch file"), NULL, NULL);
	return good && !map_is_torn(m->map) ? 0 : journal_map_fail(m, e);
}
