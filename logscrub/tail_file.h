/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tail_file.h - one path that is read on across rotation
 *
 * A position is "t:DEV:INODE:BIRTH:OFFSET" (hexadecimal; BIRTH is the time of birth, or 0 where the
 * file system knows none, and keeps an inode that is used again from passing for the old file). The
 * order is the number of bytes read of the path in all, over all the files that stood there.
 *
 * - Renamed: the old file is read on until it has been quiet for TAIL_QUIET_US, since its writer
 *   may still have it open, and there is a next one: of the rotated siblings (NAME.1,
 * NAME-20261124) and NAME itself the one that was born next (where births are unknown: was changed
 * next).
 * - Gone by the next start: the same. Packed siblings are passed over.
 * - Cut to less than was read (copytruncate): from the beginning.
 * - A last line without its end waits; in a file that was rotated away it counts as whole.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/span.h"
#include "logscrub/source.h"

#define TAIL_QUIET_US (INT64_C(2) * 1000000)

/* Text read from a file ahead of what was taken; one for all files of a source. */
struct tail_window {
	const struct tail_file *file; /* whose; NULL: nobody's */
	char *p;
	size_t len, cap;
	off_t base;     /* offset of p[0] in the file */
	size_t scanned; /* no line end before this */
};

struct tail_id {
	uint64_t dev, ino;
	uint64_t birth; /* ns since the epoch; 0: the file system knows none */
};

struct tail_file {
	char *path, *stream; /* owned */
	int fd;              /* -1: nothing is open */
	bool refused;        /* what stands there may not be read; said once */
	bool skipping;       /* within a line that is too long */
	bool unsynced;       /* lines were taken since it was synced last */
	bool known;          /* `id` is one that was read */
	struct tail_id id;   /* of the file at hand, or of the last one */
	uint64_t changed_ns; /* mtime, where there is no birth */
	off_t offset;        /* the next unread line begins here */
	int64_t order;
	int64_t quiet_since_us; /* monotonic: read to its end since; 0: not yet */
	char position[96];
	uint64_t n_too_long;
};

/* Readies F for PATH. STREAM is copied. PAST may be NULL: from the beginning of what is there.
 * Opens what it can; a path with nothing there is no failure. */
int tail_file_init(struct tail_file *f, const char *path, const char *stream,
	const struct source_past *past, struct err *e);
void tail_file_release(struct tail_file *f);

/* The next whole line, without its end; borrowed until the next call with W. 0; 1: none for now;
 * -1: EX_IOERR, EX_NOPERM (a symbolic link in its place). */
int tail_file_next(struct tail_file *f, struct tail_window *w, struct span *ret, struct err *e);

/* Lines taken are on the disk when this returns. EX_IOERR; then it counts as done, since the kernel
 * tells of a page that it could not write only once. */
int tail_file_sync(struct tail_file *f, struct err *e);

/* Position behind the line last taken; of its file's beginning. Empty: nothing was opened yet. */
struct span tail_file_position(struct tail_file *f);
struct span tail_file_start(struct tail_file *f);

bool tail_file_is_reading(const struct tail_file *f, const struct tail_id *id);

void tail_window_release(struct tail_window *w);
