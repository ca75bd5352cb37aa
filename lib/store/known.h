/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * known.h - what reading a file has found, remembered for as long as it is the same file
 *
 * A run that has nothing to do would read every log only to find that out. What it found is the time of
 * a file's oldest record, and that is a fact about the file alone: not about holds, periods or the
 * clock, which are asked anew each time. It is remembered with all that tells the file from another one and
 * from itself before a change: device, inode, birth, size, mtime and ctime (which nobody can set), in
 * nanoseconds. A file that has only grown is told by samples of what was there; then the rest of it is read.
 *
 * Never is it believed on another day (UTC) than that on which the file was read whole, nor since another
 * boot, with another configuration, program or time zone, when the clock has gone otherwise than
 * time since boot, nor of a file that was written in the instant in which it was looked at.
 *
 * A mere cache: one SQLite file, state_dir/known.db, mode 0600, without names or texts: sums under a key
 * made by chance stand for them. It may be deleted at any time; what is damaged is thrown away, what
 * cannot be opened is done without. Nothing here fails. A run writes it, all else only reads.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"

struct conf;
struct known;

/* A file as it was at one instant. */
struct known_id {
	uint64_t dev, ino, size;
	int64_t born_ns, mtime_ns, ctime_ns; /* born: 0 where the file system does not say */
	bool fresh; /* written in the very tick of the clock: what comes later may have the same times */
};

struct known_file {
	int64_t oldest_us; /* of all its records; INT64_MAX: it has none */
	bool timed;  /* some of them have a time of their own: else they are as old as the file */
	uint64_t to; /* how far it was read: behind a line's end; 0: it is packed */
};

/* NULL: there is none, and all is read. NOW_US: of this run. */
struct known *known_open(const struct conf *c, bool writable, int64_t now_us);
struct known *known_free(struct known *k); /* what was put is kept from now on */
DEFINE_CLEANUP(struct known, known_free)

/* From now on nothing is believed; what is read is remembered. NULL is fine. */
void known_distrust(struct known *k);

/* NAME in the folder DIRFD ("": DIRFD itself), to be looked at before it is read. False: it cannot be told. */
bool known_look(struct known *k, int dirfd, const char *name, struct known_id *ret);

/* SAME: *ret is as true as when the file was read. GROWN: of the first ret->to bytes of it. FD is the file
 * (its offset is left alone), WHAT what was looked for, as in known_put(). K may be NULL. */
enum known_state { KNOWN_NOT, KNOWN_SAME, KNOWN_GROWN };
enum known_state known_find(struct known *k, const char *what, const struct known_id *id, int fd,
	struct known_file *ret);

/* FD, which was ID before it was read, has F: it was read whole or, where it was GROWN, from there on. */
void known_put(struct known *k, const char *what, const struct known_id *id, int fd,
	const struct known_file *f);
