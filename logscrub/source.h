/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * source.h - where raw records come from
 *
 * A source has descriptors to wait on and gives entries one by one. It reads ahead no more than it
 * must, so that what is not yet taken stays where it was: in the journal, the file, the socket's
 * buffer.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/conf.h"
#include "base/err.h"
#include "logscrub/entry.h"

struct source;

/* Adds FD to the service's epoll (EPOLLIN) on a source's behalf, or takes it out (add = false). */
typedef int source_watch(void *ctx, struct source *s, int fd, bool add, struct err *e);

struct source_host {
	source_watch *watch;
	void *ctx;
};

/* Opens what D declares. HOST outlives it. The caller owns *ret. Fails with EX_UNAVAILABLE,
 * EX_NOPERM, EX_CONFIG. */
int source_open(const struct conf *c, const struct conf_source *d, const struct source_host *host,
	struct source **ret, struct err *e);

/* Goes to the entry behind POSITION (from a sink), before the first source_next(). A position that
 * is gone (vacuumed, rotated away): the oldest entry that is later in order. Without a call: the
 * journal's end, a file's beginning. */
int source_seek(struct source *s, struct span position, int64_t order, struct err *e);

/* 0: an entry; 1: none for now; -1: failed (a torn journal file, …), counted, go on later. */
int source_next(struct source *s, struct entry *ret, struct err *e);

/* FD is readable (or, fd = -1, `source_timeout_ms` has passed). */
int source_ready(struct source *s, int fd, struct err *e);
int source_timeout_ms(const struct source *s); /* -1: none */

/* Stops and starts waiting on the descriptors, while a sink is in trouble. */
int source_pause(struct source *s, bool yes, struct err *e);

const struct conf_source *source_decl(const struct source *s);
uint64_t source_n_too_long(const struct source *s); /* lines dropped for length */
int64_t source_lag_us(const struct source *s);      /* behind its own end, by time; -1 unknown */

struct source *source_free(struct source *s);
DEFINE_CLEANUP(struct source, source_free)
