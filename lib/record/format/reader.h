/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * reader.h - what a stored line says: its time, and its fields by name
 *
 * For ageing and searching, where nothing is written. The format is the store's own, with its inner
 * formats; of several times the outermost counts. A name is the field's own at any depth, or
 * "outer.name", or a path in the JSON of the tree. Values are as the product wrote them, without
 * the escapes of the places they stand in.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/span.h"

struct conf_store;
struct formats;
struct reader;

/* Compiles the format of S, borrowed from F. Fails with EX_CONFIG (no format, or a bad one). */
int reader_new(const struct conf_store *s, struct formats *f, struct reader **ret, struct err *e);
struct reader *reader_free(struct reader *r);
DEFINE_CLEANUP(struct reader, reader_free)

/* A missing year is the latest one not after US (the file's mtime). */
void reader_latest(struct reader *r, int64_t us);

/* Does LINE begin an entry, as far as its format says? */
bool reader_begins(struct reader *r, struct span line);

/* Reads LINE (borrowed until the next call). True: it is of the store's format. */
bool reader_read(struct reader *r, struct span line);

/* A glance at LINE. True: if reader_begins() and reader_read() say that it begins an entry and has a
 * time, then that is *RET_US or later. False: read it to know. Forgets the line read last. */
bool reader_glance(struct reader *r, struct span line, int64_t *ret_us);

/* Of the line read last. RECORD_NO_TIME: it has none that can be read. */
int64_t reader_time_us(const struct reader *r);

/* Borrowed until the next call of reader_read() or reader_field(). SPAN_NONE: it is not there. */
struct span reader_field(struct reader *r, const char *name);
