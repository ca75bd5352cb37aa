/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sink.h - where scrubbed records go
 *
 * A sink takes records, holds at most SINK_PENDING_MAX bytes of them, and carries for each source
 * the position up to which they came from it: a journal sink in each entry (SPARSAM_POSITION=), a
 * file sink in an xattr (user.sparsam.position) that is set after the write and names the size it
 * is true for. What lies behind that size after a crash is cut off and read again from the source:
 * nothing twice, nothing torn. Sinks never fall back to anything else: one that is full or gone
 * says so (1) and takes no more.
 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/conf.h"
#include "base/err.h"
#include "logscrub/entry.h"
#include "logscrub/rule.h"

#define SINK_PENDING_MAX (256u << 10)

struct sink;

/* Opens what D declares for store S; positions found there are read. The caller owns *ret. Fails
 * with EX_CANTCREAT, EX_UNAVAILABLE (no such namespace, no systemd-journal-remote), EX_CONFIG. */
int sink_open(const struct conf *c, const struct conf_store *s, const struct conf_sink *d,
	struct sink **ret, struct err *e);

/* Takes the record (copied). SOURCE is the source's name. 0 taken; 1 not taken: flush first, or the
 * sink is in trouble (sink_trouble()). */
int sink_write(struct sink *k, const char *source, const struct entry *en, struct span text,
	const struct rule_trace *trace, struct err *e);

/* Writes what is pending, then the positions. 0 all written; 1 in trouble, nothing lost, to be
 * tried again. */
int sink_flush(struct sink *k, struct err *e);

/* Up to where SOURCE was written here: text, and its order; false where nothing is known. */
bool sink_position(const struct sink *k, const char *source, struct span *ret, int64_t *ret_order);

/* SOURCE has been read up to POSITION and nothing of it belongs here: so that a quiet sink does not
 * hold a restart back. Carried with the next flush. */
int sink_advance(
	struct sink *k, const char *source, struct span position, int64_t order, struct err *e);

/* Reopens by name (SIGUSR1, after rotation by rename); the positions go along. */
int sink_reopen(struct sink *k, struct err *e);

bool sink_carries_positions(const struct sink *k); /* file, journal, namespace */
const char *sink_trouble(const struct sink *k);    /* fixed text, or NULL: fine */
const char *sink_name(const struct sink *k);       /* its path or namespace, for messages */
size_t sink_pending(const struct sink *k);         /* bytes */

struct sink *sink_free(struct sink *k); /* flushes what it can */
DEFINE_CLEANUP(struct sink, sink_free)
