/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * journal_collect-private.h - what judging and writing share
 */
#pragma once
#include "store/journal/journal_collect.h"

/* An object of the old file; offsets are in units of 8. Half a cache line. */
struct slot {
	union {
		uint32_t whose; /* judging */
		uint32_t to;    /* writing: in the new file; 0: not there */
	};
	uint32_t size;      /* bytes */
	uint32_t n_entries; /* of DATA: that stay; of others: 1 if it stays */
	uint32_t used;      /* judging: the last entry that had it; writing: entries written */
	uint32_t
		next; /* of a FIELD's chain: the next DATA in the old file; when judged: the next that
			       stays, its slot's number from 1 */
	uint8_t type;
	bool seen;    /* what it says is known */
	bool matters; /* … and that */
	bool chained; /* of DATA: it is in a FIELD's chain */
	union {
		uint64_t marks; /* judging */
		struct {        /* writing: the last entry that has it; its array in the new file */
			uint32_t last, array;
		};
	};
};

/* A piece of the old file, 32 places where an object may begin: a bit for each that has a slot, and the number
 * of the first one's. */
struct piece {
	uint32_t has, first;
};

struct journal_collect {
	struct journal_map *m;
	struct map *scratch;
	/* in the order in which the objects lie; where they lie stands apart, for it is seldom asked for */
	struct slot *slot;
	uint32_t *at;
	struct piece *piece;
	uint32_t n_slots, max_slots;
	struct journal_collected done;
	/* what the new file has, for its header */
	uint64_t size, n_data, n_fields, n_arrays;
	uint64_t data_table, field_table, main_array; /* offsets of the objects */
};

/* Says that the object at OFFSET of the old file is none of those that it should be. Returns NULL. */
struct slot *journal_collect_no_slot(struct journal_collect *c, uint64_t offset);

/* How many bits X has. Written out, since the least of our processors has no instruction for it. */
static inline uint32_t
bits_of(uint32_t x)
{
	x -= x >> 1 & 0x55555555;
	x = (x & 0x33333333) + (x >> 2 & 0x33333333);
	x = (x + (x >> 4)) & 0x0f0f0f0f;
	return x * 0x01010101 >> 24;
}

/* The object at OFFSET of the old file, if it is one of TYPE; NULL: said to be bad. */
static inline struct slot *
journal_collect_slot(struct journal_collect *c, uint64_t offset, enum jf_type type)
{
	const uint64_t at = offset / 8;

	if (offset % 8 == 0 && offset < c->m->size) {
		const struct piece p = c->piece[at / 32];
		const uint32_t bit = (uint32_t)1 << at % 32;
		struct slot *s = &c->slot[p.first + bits_of(p.has & (bit - 1))];

		if ((p.has & bit) && s->type == type)
			return s;
	}
	return journal_collect_no_slot(c, offset);
}

/* The offset in the old file. */
static inline uint64_t
slot_offset(const struct journal_collect *c, const struct slot *s)
{
	return (uint64_t)c->at[s - c->slot] * 8;
}
