/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tail_file.h - one path that is read on across rotation
 *
 * A position is "t:DEV:INODE:BIRTH:OFFSET:DAY:SEAL" (hexadecimal; BIRTH is the time of birth, or 0
 * where the file system knows none, and keeps an inode that is used again from passing for the old
 * file; SEAL is what seal.h makes of the up to TAIL_BEFORE bytes in front of OFFSET under the key of
 * DAY, and both are missing where that does not last). OFFSET is where a line begins. The order is
 * the number of bytes read of the path in all, over all the files that stood there.
 *
 * - Renamed: the old file is read on until it has been quiet for TAIL_QUIET_US, since its writer
 *   may still have it open, and there is a next one: of the rotated siblings (NAME.1,
 * NAME-20261124) and NAME itself the one that was born next (where births are unknown: was changed
 * next).
 * - Gone by the next start: the same. Packed siblings are passed over.
 * - Cut to less than was read, or cut and grown past it since (copytruncate): from the beginning.
 * - A last line without its end waits; in a file that was rotated away it counts as whole.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/span.h"
#include "logscrub/source/source.h"
#include "logscrub/source/tail_window.h"

#define TAIL_QUIET_US (INT64_C(2) * 1000000)

struct tail_id {
	uint64_t dev, ino;
	uint64_t birth; /* ns since the epoch; 0: the file system knows none */
};

struct tail_file {
	char *path, *stream; /* owned */
	const struct source_host *host;
	int fd;              /* -1: nothing is open */
	bool refused;        /* what stands there may not be read; said once */
	bool unsynced;       /* lines were taken since it was synced last */
	bool known;          /* `id` is one that was read */
	struct tail_id id;   /* of the file at hand, or of the last one */
	uint64_t changed_ns; /* mtime, where there is no birth */
	off_t offset;        /* the next unread line begins here */
	off_t passed; /* of that line, if it is too long and has not ended: bytes passed over */
	int64_t order;
	char before[TAIL_BEFORE]; /* `offset` and `passed`, while the window is another's */
	size_t n_before;
	uint32_t seal; /* of what is in front of `offset`, under the key of `seal_day` */
	int32_t seal_day;
	bool sealed;
	int64_t quiet_since_us; /* monotonic: read to its end since; 0: not yet */
	char position[128];
	uint64_t n_too_long;
};

/* Readies F for PATH. STREAM is copied, HOST (its seal() is what is needed) borrowed. PAST may be
 * NULL: from the beginning of what is there. Opens what it can; a path with nothing there is no
 * failure. */
int tail_file_init(struct tail_file *f, const char *path, const char *stream,
	const struct source_past *past, const struct source_host *host, struct err *e);
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
