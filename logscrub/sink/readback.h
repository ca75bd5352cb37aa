/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * readback.h - what a journal has stored of what we sent
 *
 * Neither journald nor systemd-journal-remote acknowledges. What was stored is known by reading it
 * back: the last entry of a store (or of one stream of it) in the order of writing.
 *
 * A namespace is read through libsystemd as a whole, and only what a process of our own user sent
 * counts (_UID, which journald sets): its socket is open to everybody. A journal file's rotated
 * siblings (NAME@….journal, NAME@….journal~ after a kill) are looked through as well, each on its
 * own: the times in them are the records' and do not order them.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"
#include "logscrub/sink/position_record.h"

struct sd_journal;

struct readback {
	struct sd_journal *j;
	char *path;             /* of a journal file, owned; NULL: a namespace */
	const char *namespace_; /* borrowed */
	const char *store;
	char store_match[128], uid_match[32];
	uint64_t floor; /* greatest number in the siblings */
	ino_t ino;      /* of the file that `j` reads */
};

struct readback_entry {
	uint64_t number;
	int64_t order;
	char position[POSITION_MAX];
	size_t len; /* 0: an entry of a stream that cannot be read again */
};

/* STORE is borrowed. The caller owns R's content and ends it with readback_release(). */
int readback_open_namespace(
	struct readback *r, const char *namespace_, const char *store, struct err *e);
int readback_open_file(struct readback *r, const char *path, const char *store, struct err *e);
void readback_release(struct readback *r);

/* The last entry of the store, or of its STREAM. 1: there is none. */
int readback_last(
	struct readback *r, const char *stream, struct readback_entry *ret, struct err *e);

/* Is an entry with MATCH ("FIELD=value") there? */
bool readback_has(struct readback *r, const char *match);

/* Waits up to LIMIT_MS until number NUMBER of the store is there, or (number = 0) an entry with
 * MATCH. Returns whether it is. */
bool readback_await(struct readback *r, uint64_t number, const char *match, int limit_ms);
