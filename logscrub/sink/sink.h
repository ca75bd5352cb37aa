/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sink.h - where scrubbed records go
 *
 * A sink takes records, holds at most SINK_PENDING_MAX bytes of them (or one record, if that alone
 * is larger), and carries for each source the position up to which they came from it. Sinks never
 * fall back to anything else: one that is full or gone says so (1) and takes no more.
 *
 * What a crash leaves, by source (in the columns) and sink:
 *
 *            | journal, tailed file, omprog with confirmation | syslog sockets, a plain pipe
 *  file      | exactly once                                   | at most what was in flight is lost
 *  namespace | exactly once                                   | at most what was in flight is lost
 *  journal   | exactly once                                   | at most what was in flight is lost
 *  syslog    | in flight may be lost (unix, udp: datagrams sent; tcp: the kernel's buffers), and
 *            | the source goes on at its own end (journal) or beginning of what is new
 *  stdout    | the same as syslog
 *
 * In flight is what was read from the source and is not yet acknowledged: at most SINK_PENDING_MAX.
 * - A file is written, synced, and then given an xattr (user.sparsam.position, position_record.h)
 * that names the size it is true for; what lies behind that size after a crash is cut off and read
 *   again. A file system without user xattrs (older tmpfs, NFS before 4.2) carries no positions.
 * - Journal entries carry it themselves: SPARSAM_SOURCE=, and SPARSAM_POSITION= with three words, a
 *   number that grows with each record of the store, the order, the position. A flush ends when the
 *   last record can be read back; what journald or systemd-journal-remote did not store (killed,
 *   full disk, rate limit) is sent again.
 *
 * SIGPIPE has to be ignored by the program.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/conf/conf.h"
#include "base/err.h"
#include "logscrub/source/entry.h"
#include "logscrub/rule/rule.h"

#define SINK_PENDING_MAX (256u << 10)

struct sink;

/* Opens what D declares for store S; positions found there are read. The caller owns *ret, which
 * borrows nothing. Fails
 * with EX_CANTCREAT, EX_UNAVAILABLE (no such namespace, no systemd-journal-remote), EX_CONFIG. */
int sink_open(const struct conf *c, const struct conf_store *s, const struct conf_sink *d,
	struct sink **ret, struct err *e);

/* To be called once, before the first write, for a sink that carries positions. REREADABLE: every
 * source that feeds K gives a position with each entry and is sought to sink_position(). Then what
 * was written and not recorded is cut off; otherwise it stays, but for a torn last line. */
int sink_recover(struct sink *k, bool rereadable, struct err *e);

/* Takes the record (copied). SOURCE is the name of the stream
 * (source.h). 0 taken; 1 not taken: flush first, or the
 * sink is in trouble (sink_trouble()). */
int sink_write(struct sink *k, const char *source, const struct entry *en, struct span text,
	const struct rule_trace *trace, struct err *e);

/* Writes what is pending, then the positions. 0 all written; 1 in trouble, nothing lost, to be
 * tried again (not faster than every 100 ms); -1 will never work again (standard output is closed).
 * Waits at most about 2 s. */
int sink_flush(struct sink *k, struct err *e);

/* Up to where SOURCE (a stream's name) was written here: text, and its order; false where nothing
 * is known. Borrowed until the next call on K. */
bool sink_position(struct sink *k, const char *source, struct span *ret, int64_t *ret_order);

/* SOURCE has been read up to POSITION and nothing of it belongs here: so that a quiet sink does not
 * hold a restart back. Carried with a later flush: a file's within a second, a journal's (which
 * costs an entry) within ten minutes, both at sink_free(). */
int sink_advance(
	struct sink *k, const char *source, struct span position, int64_t order, struct err *e);

/* Reopens by name (SIGUSR1, after rotation by rename); the positions go along. 1: in trouble, the
 * old one stays. A file that was renamed without a signal is noticed by sink_flush(). */
int sink_reopen(struct sink *k, struct err *e);

bool sink_carries_positions(const struct sink *k); /* file, journal, namespace */
const char *sink_trouble(const struct sink *k);    /* fixed text, or NULL: fine */
const char *sink_notice(struct sink *k);     /* fixed text for the log, each once; NULL: no more */
const char *sink_name(const struct sink *k); /* its path or namespace, for messages */
size_t sink_pending(const struct sink *k);   /* bytes */

struct sink *sink_free(struct sink *k); /* flushes what it can */
DEFINE_CLEANUP(struct sink, sink_free)
