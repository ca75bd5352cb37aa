/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * feed.h - one source at work: its entries on their way to the pipes
 *
 * For each stream and pipe there is a lane: the entry that is being assembled there, and the sinks
 * that had been further than the others when the stream was opened and skip what they have already.
 * An entry that a pipe does not take is held, and the source waits until it does.
 */
#pragma once
#include "base/cleanup.h"
#include "logscrub/service/bookmark.h"
#include "logscrub/service/pipe.h"
#include "logscrub/source/seal.h"
#include "logscrub/source/source.h"

struct feed;

/* What feeds need to know of the service; outlives them. */
struct feed_host {
	int (*watch)(void *ctx, struct source *s, int fd, bool add, struct err *e);
	void *ctx;
	const struct conf *conf;
	struct pipe **pipe; /* by store, n_stores of them; NULL: no source reaches it */
	struct metrics_store *unclaimed;
	struct bookmark *bookmark;
	struct seal_key *seal_key;
};

/* Opens D's source behind what the pipes' sinks have of it. */
int feed_open(
	const struct feed_host *h, const struct conf_source *d, struct feed **ret, struct err *e);
struct feed *feed_free(struct feed *f);
DEFINE_CLEANUP(struct feed, feed_free)

/* Goes over to a new configuration, which D is part of and F's source serves (source_serves()).
 * What is being assembled goes along. */
int feed_redeclare(
	struct feed *f, const struct feed_host *h, const struct conf_source *d, struct err *e);

struct source *feed_source(const struct feed *f);

/* Handles up to N entries. 0: no more for now; 1: there may be more; 2: one is held, its source
 * paused; -1: never again (pipe_take()). What goes wrong in the source is said and counted. */
int feed_turn(struct feed *f, unsigned n, struct err *e);
bool feed_is_held(const struct feed *f);

/* Hands on the assembled entries that have been quiet, or (ALL) every one that would not be read
 * again. */
int feed_settle(struct feed *f, bool all, struct err *e);
/* When feed_settle() has something to do next, monotonic; INT64_MAX: nothing. */
int64_t feed_settle_us(const struct feed *f);

/* source_sync(); what goes wrong is said once. */
void feed_sync(struct feed *f);

/* Tells sinks that have nothing of a stream's newest part how far it was read. */
void feed_advance(struct feed *f);

/* Notes in the bookmark how far its streams were read; for when all that was read is flushed. */
void feed_mark(struct feed *f);
bool feed_is_whole(const struct feed *f); /* nothing is held, nothing being assembled */

/* Does it have streams with positions, and sinks that cannot carry them? */
bool feed_needs_mark(const struct feed *f);
