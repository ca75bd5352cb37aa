/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * journal_collect-private.h - what judging and writing share
 */
#pragma once
#include "store/journal_collect.h"

/* An object of the old file; offsets are in units of 8. Half a cache line. */
struct slot {
	uint32_t to;        /* in the new file; 0: not there */
	uint32_t size;      /* bytes */
	uint32_t n_entries; /* of DATA: that stay; of others: 1 if it stays */
	uint32_t used;      /* judging: the last entry that had it; writing: entries written */
	uint32_t array;     /* of DATA: its array in the new file */
	uint8_t type;
	bool seen;      /* its marks are known */
	uint64_t marks; /* writing: the last entry that has it */
};

struct journal_collect {
	struct journal_map *m;
	struct map *scratch;
	/* in the order in which the objects lie; where they lie stands apart, for it is what is searched */
	struct slot *slot;
	uint32_t *at, *index; /* index: the first slot of each piece of 256 bytes */
	uint32_t n_slots;
	struct journal_collected done;
	/* what the new file has, for its header */
	uint64_t size, n_data, n_fields, n_arrays;
	uint64_t data_table, field_table, main_array; /* offsets of the objects */
};

/* The object at OFFSET of the old file, if it is one of TYPE; NULL: said to be bad. */
struct slot *journal_collect_slot(struct journal_collect *c, uint64_t offset, enum jf_type type);

/* The offset in the old file. */
static inline uint64_t
slot_offset(const struct journal_collect *c, const struct slot *s)
{
	return (uint64_t)c->at[s - c->slot] * 8;
}
