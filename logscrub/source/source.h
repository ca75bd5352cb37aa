/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * source.h - where raw records come from
 *
 * A source has descriptors to wait on and gives entries one by one. It reads ahead no more than it
 * must, so that what is not yet taken stays where it was: in the journal, the file, the socket's
 * buffer.
 *
 * What can be read again comes in streams, each with a position of its own that the sinks carry
 * under the stream's name: a journal is one stream, named as its source; of a tail source each file
 * is one ("SOURCE:" and a hash of its path, so that no file name gets into a sink). A socket has
 * one stream without positions.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/conf/conf.h"
#include "base/err.h"
#include "logscrub/source/entry.h"
#include "logscrub/source/position.h"

struct source;

/* What the sinks know about a stream. */
struct source_past {
	char position[POSITION_MAX]; /* the earliest among them */
	size_t len;
	int64_t order;
	int64_t latest; /* the greatest order among them */
};

/* A place in a stream. */
struct source_mark {
	const char *stream;
	struct span position;
	int64_t order;
};

struct source_host {
	/* Adds FD to the service's epoll (EPOLLIN) on a source's behalf, or takes it out. */
	int (*watch)(void *ctx, struct source *s, int fd, bool add, struct err *e);
	/* Was STREAM read before? Then *ret says up to where. */
	bool (*past)(void *ctx, struct source *s, const char *stream, struct source_past *ret);
	/* A stream without a past begins at M; told before its first entry is given out. */
	void (*began)(void *ctx, struct source *s, const struct source_mark *m);
	/* A short keyed hash of TEXT (seal.h). False: DAY has no key that lasts. */
	bool (*seal)(void *ctx, int32_t day, struct span text, uint32_t *ret);
	void *ctx;
};

/* Opens what D declares, each stream behind its past: a position that is gone (vacuumed, rotated
 * away) means the oldest entry that is later in order. A stream without a past begins at the
 * journal's end, at a file's beginning. C, D, HOST outlive it. The caller owns *ret. Fails with
 * EX_UNAVAILABLE, EX_NOPERM, EX_CONFIG. */
int source_open(const struct conf *c, const struct conf_source *d, const struct source_host *host,
	struct source **ret, struct err *e);

/* 0: an entry; 1: none for now; -1: failed (a torn journal file, …), counted, go on later. */
int source_next(struct source *s, struct entry *ret, struct err *e);

/* FD is readable (or, fd = -1, `source_timeout_ms` has passed). */
int source_ready(struct source *s, int fd, struct err *e);
int source_timeout_ms(const struct source *s); /* -1: none */

/* For how long may it be left alone at most, so that many entries are taken in one go? Sockets with
 * a short queue say little. */
int source_patience_ms(const struct source *s);

/* What S has given out is on its disk when this returns: to be called before a sink records that it
 * was read, or a power cut could leave a source that ends before its sink's position and grows past
 * it with other records. Costs an fdatasync for each tailed file that was read since. EX_IOERR:
 * said once by the caller, and no reason to keep records back. */
int source_sync(struct source *s, struct err *e);

/* Stops and starts waiting on the descriptors, while a sink is in trouble. */
int source_pause(struct source *s, bool yes, struct err *e);

/* Up to where stream number I (from 0) has been given out; false behind the last. Borrowed until
 * the next call on S. */
bool source_mark(struct source *s, unsigned i, struct source_mark *ret);

/* Can S serve as what D declares, without being opened again? Then it may change over to a new
 * configuration, which C and D are part of. */
bool source_serves(const struct source *s, const struct conf_source *d);
int source_redeclare(
	struct source *s, const struct conf *c, const struct conf_source *d, struct err *e);

const struct conf_source *source_decl(const struct source *s);
uint64_t source_n_too_long(const struct source *s); /* lines dropped for length */
uint64_t source_n_missing(
	const struct source *s); /* entries numbered and not there (DROP_MISSING) */
uint64_t source_n_failed(const struct source *s); /* what could not be read: torn files, peers */
int64_t source_lag_us(const struct source *s);    /* behind its own end, by time; -1 unknown */

struct source *source_free(struct source *s);
DEFINE_CLEANUP(struct source, source_free)
