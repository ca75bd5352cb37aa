/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * rotations.h - logrotate's rules, and how old a line gets under them
 *
 * A rule that rotates each P and keeps N old files keeps a line for (N + 1) P: it may be written
 * just after a rotation, is then in the current file for P, and in the N old ones for P each. So
 * "daily, rotate 7" keeps eight days. maxage M removes an old file at the first rotation at which
 * its last line is M days old, and its first line is P older: P and M days, rounded up to whole P.
 * Rotation by size alone has no such end, nor has minsize. Measured with logrotate 3.21.
 */
#pragma once
#include "base/cleanup.h"
#include "base/file/tree.h"

struct rotation {
	const char *pattern; /* the files */
	const char *file;    /* where the rule is */
	unsigned line;       /* where its pattern is */
	unsigned rule;       /* which; several files may share one */
	long every_s;        /* 0: by size alone */
	long n_kept;         /* rotate; -1: all */
	long max_age_days;   /* maxage; 0: none */
	bool min_size;       /* minsize: not before it is that large */
	bool hourly;         /* asked for, whether or not logrotate runs so often */
	long long keeps_s;   /* a line's greatest age; -1: no end */
};

struct rotations;

struct rotations *rotations_read(struct tree *t); /* NULL: memory is out */
struct rotations *rotations_free(struct rotations *r);
DEFINE_CLEANUP(struct rotations, rotations_free)

size_t rotations_count(const struct rotations *r);
const struct rotation *rotations_get(const struct rotations *r, size_t i);

/* The rule that rotates PATH, or NULL. */
const struct rotation *rotations_find(const struct rotations *r, const char *path);
