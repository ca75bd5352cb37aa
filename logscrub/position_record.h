/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * position_record.h - up to where each source has been written to a sink
 *
 * A file sink keeps this record in an xattr of its file. It is true for the file's first `size`
 * bytes; `inode` tells a copy from the original (a copy's tail is not ours to cut), `sequence`
 * grows with each record that is set, so that among rotated siblings the newest is found. As text:
 *
 *   sparsam-position 1
 *   size 4711
 *   inode 123
 *   sequence 42
 *   source NAME ORDER POSITION      (one line a source)
 *
 * The limits keep it within the 4 KiB that ext4 has for all xattrs of a file. File format:
 * sparsam-position(5).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

#define POSITION_SOURCES_MAX 6
#define POSITION_NAME_MAX    64
#define POSITION_TEXT_MAX    512
#define POSITION_RECORD_MAX  3840
#define POSITION_XATTR       "user.sparsam.position"

struct position {
	char source[POSITION_NAME_MAX + 1];
	char text[POSITION_TEXT_MAX];
	size_t len; /* of `text` */
	int64_t order;
};

struct position_record {
	uint64_t size, inode, sequence;
	unsigned n;
	struct position at[POSITION_SOURCES_MAX];
};

/* Notes that SOURCE is at TEXT. EX_CONFIG for more sources than POSITION_SOURCES_MAX, for a name or
 * a text that is too long or has blanks. */
int position_record_set(struct position_record *r, const char *source, struct span text,
	int64_t order, struct err *e);

/* NULL where nothing is known. */
const struct position *position_record_find(const struct position_record *r, const char *source);

void position_record_format(const struct position_record *r, struct buf *out);

/* Reads what position_record_format() wrote; *ret is untouched on failure (EX_DATAERR). */
int position_record_parse(struct span text, struct position_record *ret, struct err *e);

/* From and to FD's xattr. Reading: 1 where there is none (or it is damaged: then it is none), 2
 * where the file system has no user xattrs; -1 EX_IOERR. Writing: 2 likewise, -1 EX_IOERR with
 * errno in e->errnum. */
int position_record_read(int fd, struct position_record *ret, struct err *e);
int position_record_write(int fd, const struct position_record *r, struct err *e);
