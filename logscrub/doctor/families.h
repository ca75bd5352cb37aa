/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * families.h - log files that are one log
 *
 * A log and its rotated files are one, and so are files whose names differ by numbers, dates and ids
 * alone: access.log, access.log.1, access.log-20261124.gz are "access.log", and a file a meeting is
 * "archive-*.log". What is said of a family is one finding, whose name holds no id of anybody.
 */
#pragma once
#include "base/cleanup.h"
#include "logscrub/doctor/tails.h"

struct family {
	char *name;                 /* a path, with asterisks for what differs */
	char *example;              /* a file of it: one that was found raw, or the newest */
	unsigned n;                 /* files */
	int64_t oldest_s, newest_s; /* by their last writing */
	struct tails_found found;
	bool is_raw;     /* the detectors found something */
	bool is_deleted; /* and still written to */
	enum verdict {
		VERDICT_FINE,
		VERDICT_RAW,
		VERDICT_OUTLIVED,
		VERDICT_UNCLAIMED,
		N_VERDICTS
	} verdict;
};

struct families {
	struct family *v;
	size_t n;
	/* private: */
	size_t room, n_slots;
	size_t *slot; /* index + 1 into v, by the name's hash */
};

/* The family of PATH, made if need be; NULL when memory is out. Pointers hold until the next call. */
struct family *families_get(struct families *f, const char *path);
void families_release(struct families *f);

/* Writes the family's name of PATH. */
void families_name(const char *path, char *ret, size_t size);
