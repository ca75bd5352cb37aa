/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * journal_map.h - a journal file, read as it lies on the disk
 *
 * The file is mapped, and nothing in it is believed: each offset is looked at before it is followed, each
 * object lies whole within the file, and chains end after as many links as there can be. A file that is
 * being written to is read as it was when it was opened.
 *
 * Memory is the file's own pages and one buffer for what is compressed, up to a stated maximum. Formats:
 * regular and compact, both hashes, xz, lz4, zstd (journal_format.h); with an incompatible flag that is not
 * known a file is refused. One thread.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/file/map.h"
#include "store/journal/journal_format.h"

struct journal_map {
	struct map *map;
	const uint8_t *p;
	uint64_t size;           /* bytes that objects may lie in */
	struct jf_header header; /* a copy: as long as the file says, zeros behind */
	bool compact, keyed;
	struct buf unpacked; /* the payload at hand, where it was compressed */
	uint64_t bad_offset; /* where it was found to be damaged */
	const char *bad;     /* how: a fixed text; NULL: not yet */
};

/* Opens FD (which may be closed then). UNPACKED_MAX: bytes that one compressed payload may have. 0: RET is the
 * caller's. EX_DATAERR: no journal, damaged in its header, or of a kind that is not known; EX_IOERR. */
int journal_map_open(int fd, uint64_t unpacked_max, struct journal_map *ret, struct err *e);
void journal_map_release(struct journal_map *m);

/* Says what is wrong at OFFSET. Returns -1. The first time counts. */
int journal_map_bad(struct journal_map *m, uint64_t offset, const char *what);

/* Fails E (EX_DATAERR) with what was said. Returns -1. */
int journal_map_fail(const struct journal_map *m, struct err *e);

/* The object at OFFSET, if one of that type lies there whole (JF_UNUSED: of any type); NULL: said to be bad.
 * *ret_size: its bytes, which are those that were looked at: what stands there may change meanwhile. */
const struct jf_object *journal_map_object(
	struct journal_map *m, uint64_t offset, enum jf_type type, uint64_t *ret_size);

/* Goes through all objects as they lie. 0; 1: that was the last; -1. */
struct journal_walk { /* all zero before the first */
	const struct jf_object *o;
	enum jf_type type;
	uint64_t offset, size;
};
int journal_map_walk(struct journal_map *m, struct journal_walk *w);

/* --- entries ---------------------------------------------------------------------------------- */

struct journal_entry {
	const struct jf_entry *o;
	uint64_t offset, realtime, monotonic, seqnum;
	uint64_t n_items;
};

/* A chain of arrays, of all entries or of one DATA object's. */
struct journal_chain {
	uint64_t array;    /* at hand */
	const void *items; /* of it; NULL: not looked at yet */
	uint64_t i, n;     /* the next item; how many there are */
	uint64_t left;     /* entries that are still to come */
	uint64_t last;     /* offset of the last one: they go up */
	uint64_t first;    /* stands apart, in the DATA object; 0: no more */
};

struct journal_chain journal_map_entries(const struct journal_map *m);
struct journal_chain journal_map_entries_of(const struct jf_data *d);

/* 0; 1: that was the last; -1. The entry's offset alone: nobody has looked whether it is one. */
int journal_chain_next(struct journal_map *m, struct journal_chain *c, struct journal_entry *ret);
int journal_chain_offset(struct journal_map *m, struct journal_chain *c, uint64_t *ret);
int journal_map_entry(struct journal_map *m, uint64_t offset, struct journal_entry *ret);

/* Goes on to the first offset that is not before WANTED (c->last); adds to *N how many were passed, with it. */
int journal_chain_reach(
	struct journal_map *m, struct journal_chain *c, uint64_t wanted, uint64_t *n);

/* The offset of an entry's item, from 0. */
static inline uint64_t
journal_entry_item(const struct journal_map *m, const struct journal_entry *en, uint64_t i)
{
	const void *items = en->o + 1;

	return m->compact ? le32toh(((const uint32_t *)items)[i])
			  : le64toh(((const uint64_t *)items)[2 * i]);
}

/* --- fields ----------------------------------------------------------------------------------- */

/* "FIELD=value" of the DATA object at OFFSET. 0: *ret is valid until the next call; 1: larger than may be
 * unpacked; -1. */
int journal_map_payload(struct journal_map *m, uint64_t offset, struct span *ret);
/* What a field takes up in the file, with a line's end, of which the DATA object has SIZE bytes. */
static inline uint64_t
journal_map_bytes(const struct journal_map *m, uint64_t size)
{
	return size - JF_DATA_PAYLOAD(m->compact) + 1;
}

uint64_t journal_map_hash(const struct journal_map *m, struct span text);

/* The DATA object that holds exactly "FIELD=value", by the file's index: its offset in *ret. 1: there is none. */
int journal_map_find(struct journal_map *m, struct span text, uint64_t *ret);

/* The cursor of an entry, as sd_journal_get_cursor() has it. */
#define JOURNAL_CURSOR_MAX 160
void journal_map_cursor(
	const struct journal_map *m, const struct journal_entry *en, char ret[JOURNAL_CURSOR_MAX]);
