/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bookmark.h - how far streams were read, for sinks that cannot carry it
 *
 * One small file in the state folder, replaced as a whole: up to where everything has gone to all
 * its sinks. It serves sinks without positions (syslog, standard output), and those that have
 * nothing of a stream yet, which otherwise would not know where it began for them.
 */
#pragma once
#include "base/cleanup.h"
#include "base/err.h"
#include "base/span.h"

struct bookmark;

/* Reads state_dir/positions, if it is there. A file that is damaged counts as not there. */
int bookmark_open(const char *state_dir, struct bookmark **ret, struct err *e);
struct bookmark *bookmark_free(struct bookmark *b);
DEFINE_CLEANUP(struct bookmark, bookmark_free)

bool bookmark_find(
	const struct bookmark *b, const char *stream, struct span *ret, int64_t *ret_order);

/* Kept in memory until bookmark_save(). */
void bookmark_set(struct bookmark *b, const char *stream, struct span position, int64_t order);

/* Writes what has changed, durably. EX_CANTCREAT, EX_IOERR. */
int bookmark_save(struct bookmark *b, struct err *e);
