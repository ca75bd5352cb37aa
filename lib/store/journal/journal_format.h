/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * journal_format.h - a journal file as it lies on the disk
 *
 * Source: systemd.io/JOURNAL_FILE_FORMAT and systemd's src/libsystemd/sd-journal/journal-def.h (252 to 257). All
 * numbers are little endian, all objects begin at multiples of 8 and are followed by zeros up to the next
 * one. Offsets count from the file's beginning; 0 is none.
 *
 *   header          what it is, its ids, where its tables begin, how many objects of each kind
 *   hash tables     one of DATA, one of FIELD objects: buckets of chains, first and last
 *   DATA            "FIELD=value", once a file, however many entries have it; which entries those are
 *   FIELD           a field's name; the head of the chain of its DATA objects
 *   ENTRY           times, boot, number, and the offsets of its DATA objects
 *   ENTRY_ARRAY     offsets of entries, in their order: of all, or of one DATA object
 *   TAG             a seal over what lies before it
 *
 * In a compact file the offsets in entries and arrays take 32 bits, and a DATA object says where its last
 * array is.
 */
#pragma once
#include <endian.h>
#include <stddef.h>
#include <stdint.h>

enum jf_type {
	JF_UNUSED,
	JF_DATA,
	JF_FIELD,
	JF_ENTRY,
	JF_DATA_HASH_TABLE,
	JF_FIELD_HASH_TABLE,
	JF_ENTRY_ARRAY,
	JF_TAG,
	JF_TYPES
};

enum jf_state { JF_OFFLINE, JF_ONLINE, JF_ARCHIVED };

/* Of a header; who does not know an incompatible one may not read, who does not know any may not write. */
enum jf_incompatible {
	JF_HAS_XZ = 1 << 0,
	JF_HAS_LZ4 = 1 << 1,
	JF_KEYED_HASH = 1 << 2,
	JF_HAS_ZSTD = 1 << 3,
	JF_COMPACT = 1 << 4,
	JF_INCOMPATIBLE_KNOWN = (1 << 5) - 1
};

enum jf_compatible {
	JF_SEALED = 1 << 0,
	JF_TAIL_ENTRY_BOOT_ID = 1 << 1,
	JF_SEALED_CONTINUOUS = 1 << 2,
	JF_COMPATIBLE_KNOWN = (1 << 3) - 1
};

/* Of a DATA object, one at most. */
enum jf_compression { JF_XZ = 1 << 0, JF_LZ4 = 1 << 1, JF_ZSTD = 1 << 2, JF_COMPRESSED = 7 };

struct jf_header {
	uint8_t signature[8];
	uint32_t compatible, incompatible;
	uint8_t state, reserved[7];
	uint8_t file_id[16], machine_id[16], tail_entry_boot_id[16], seqnum_id[16];
	uint64_t header_size,
		arena_size; /* bytes: of this, as the writer knew it; of all that follows */
	uint64_t data_hash_table_offset,
		data_hash_table_size; /* of the buckets, not of the object */
	uint64_t field_hash_table_offset, field_hash_table_size;
	uint64_t tail_object_offset, n_objects, n_entries;
	uint64_t tail_entry_seqnum, head_entry_seqnum, entry_array_offset;
	uint64_t head_entry_realtime, tail_entry_realtime, tail_entry_monotonic;
	uint64_t n_data, n_fields;                                  /* since 187 */
	uint64_t n_tags, n_entry_arrays;                            /* 189 */
	uint64_t data_hash_chain_depth, field_hash_chain_depth;     /* 246 */
	uint32_t tail_entry_array_offset, tail_entry_array_n_items; /* 252 */
	uint64_t tail_entry_offset;                                 /* 254 */
};
#define JF_SIGNATURE  "LPKSHHRH"
#define JF_HEADER_MIN offsetof(struct jf_header, n_data)

/* Does the header H, as long as it says, have FIELD? */
#define JF_HAS(h, field)                                                                           \
	(le64toh((h)->header_size) >=                                                              \
		offsetof(struct jf_header, field) + sizeof(((struct jf_header *)0)->field))

struct jf_object {
	uint8_t type, flags, reserved[6];
	uint64_t size; /* with this head, without the zeros behind */
};

struct jf_data {
	struct jf_object object;
	uint64_t hash, next_hash_offset, next_field_offset;
	uint64_t entry_offset, entry_array_offset, n_entries; /* the first entry stands here */
	/* the payload; in a compact file after these two: */
	uint32_t tail_entry_array_offset, tail_entry_array_n_items;
};
#define JF_DATA_PAYLOAD(compact)                                                                   \
	((compact) ? sizeof(struct jf_data) : offsetof(struct jf_data, tail_entry_array_offset))

struct jf_field {
	struct jf_object object;
	uint64_t hash, next_hash_offset, head_data_offset;
	/* the name follows */
};

struct jf_entry {
	struct jf_object object;
	uint64_t seqnum, realtime, monotonic; /* microseconds */
	uint8_t boot_id[16];
	uint64_t xor_hash; /* of all payloads, by Jenkins' hash in any file */
			   /* items follow: u64 offset and u64 hash; compact: u32 offset */
};
#define JF_ITEM(compact) ((compact) ? 4u : 16u)

struct jf_entry_array {
	struct jf_object object;
	uint64_t next_entry_array_offset;
	/* offsets follow, u64; compact: u32; 0 ends an array that is not full */
};
#define JF_ARRAY_ITEM(compact) ((compact) ? 4u : 8u)

struct jf_bucket {
	uint64_t head_hash_offset, tail_hash_offset;
};

struct jf_tag {
	struct jf_object object;
	uint64_t seqnum, epoch;
	uint8_t tag[32];
};

_Static_assert(sizeof(struct jf_header) == 272, "as systemd 254 has it");
_Static_assert(sizeof(struct jf_data) == 72 && sizeof(struct jf_entry) == 64, "no padding");

static inline uint64_t
jf_align(uint64_t n)
{
	return (n + 7) & ~(uint64_t)7;
}
