/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * lines.h - a stream of bytes, entry by entry
 *
 * An entry is a line, or, where the rule's format says what begins one, a line with those that
 * follow until the next begins. Line ends are LF or CR LF and no part of it. Memory is bounded: a
 * line over LINE_MAX_BYTES is passed over and counted, an entry takes no more than ENTRY_MAX_BYTES
 * of continuation.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/file/input.h"
#include "base/span.h"
#include "logscrub/rule/rule.h"

#define ENTRY_MAX_BYTES (64u << 10)

struct lines {
	struct rule *rule; /* asked what begins an entry; NULL: every line does */
	char *p;
	size_t len, cap;
	size_t at;        /* the next line begins here */
	size_t scanned;   /* no line end between `at` and here */
	size_t entry;     /* an entry begun begins here … */
	size_t entry_end; /* … and ends here so far */
	bool in_entry, full, skipping, ended;
	uint64_t n_too_long, n_orphan; /* counted drops: lines */
};

int lines_init(struct lines *l, struct rule *rule, struct err *e);
void lines_release(struct lines *l);

/* Ready for the next file: what is left of the last one is forgotten. Counts stay. */
void lines_restart(struct lines *l);

/* Reads once. 0: there may be more entries now; 1: the end (entries may be left); -1: failed, after
 * what was good (EX_DATAERR, EX_IOERR). */
int lines_fill(struct lines *l, struct input *in, struct err *e);

/* The next entry that is whole; borrowed until lines_fill(). False: fill, or, after the end, done.
 */
bool lines_take(struct lines *l, struct span *ret);
