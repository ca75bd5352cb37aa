/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * position_record.h - up to where each stream has been written to a sink
 *
 * A file sink keeps this record in an xattr of its file. It is true for the file's first `size`
 * bytes; `inode` tells a copy from the original (a copy's tail is not ours to cut), `sequence`
 * grows with each record that is set, so that among rotated siblings the newest is found. As text:
 *
 *   sparsam-position 1
 *   size 4711
 *   inode 123
 *   sequence 42
 *   stream NAME ORDER POSITION      (one line a stream)
 *
 * The limits keep it within the 4 KiB that ext4 has for all xattrs of a file: with journal cursors
 * about 15 streams, with tailed files about 30. File format: sparsam-position(5).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/span.h"
#include "logscrub/source/position.h"

#define POSITION_STREAMS_MAX 32
#define POSITION_NAME_MAX    96   /* bytes of a stream's name */
#define POSITION_RECORD_MAX  3840 /* bytes of text */
#define POSITION_XATTR       "user.sparsam.position"

struct position {
	char stream[POSITION_NAME_MAX + 1];
	char text[POSITION_MAX];
	size_t len; /* of `text` */
	int64_t order;
};

/* All zero is an empty one. */
struct position_record {
	uint64_t size, inode, sequence;
	size_t text_len; /* of the streams' lines, as text */
	unsigned n;
	struct position *at; /* owned, `n` of them */
};

void position_record_release(struct position_record *r);

/* Notes that STREAM is at TEXT. EX_CONFIG beyond the limits, or where a name or text has blanks:
 * then it is as it was. */
int position_record_set(struct position_record *r, const char *stream, struct span text,
	int64_t order, struct err *e);

/* Takes over all streams of FROM; its size, inode and sequence stay behind. */
int position_record_join(
	struct position_record *r, const struct position_record *from, struct err *e);

/* NULL where nothing is known. Borrowed until R changes. */
const struct position *position_record_find(const struct position_record *r, const char *stream);

/* Do both have the same streams at the same places? */
bool position_record_equal(const struct position_record *a, const struct position_record *b);

void position_record_format(const struct position_record *r, struct buf *out);

/* Reads what position_record_format() wrote into RET (owned by the caller, released before), which
 * is untouched on failure (EX_DATAERR). */
int position_record_parse(struct span text, struct position_record *ret, struct err *e);

/* From and to FD's xattr. Reading: 1 where there is none (or it is damaged: then it is none), 2
 * where the file system has no user xattrs; -1 EX_IOERR. Writing: 2 likewise, -1 EX_IOERR with
 * errno in e->errnum. */
int position_record_read(int fd, struct position_record *ret, struct err *e);
int position_record_write(int fd, const struct position_record *r, struct err *e);
