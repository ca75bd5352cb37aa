/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sink_entries.h - what the sinks that write journal entries have in common
 *
 * Entries stay pending until they can be read back. After a fault of the way to the journal it is
 * unsure which of them were stored: then nothing is sent until the way is settled (nothing that was
 * sent is still under way), what was stored is dropped, and the rest is sent again.
 */
#pragma once
#include "logscrub/sink/journal_entry.h"
#include "logscrub/sink/readback.h"
#include "logscrub/sink/sink-private.h"

struct sink_entries;

struct sink_way {
	/* Sends the items from n_sent on. 0; 1 trouble (sets `unsure` where what was sent may be
	 * lost). */
	int (*send)(struct sink_entries *s, struct err *e);
	/* Waits up to LIMIT_MS until nothing sent is under way. 0; 1 trouble. */
	int (*settle)(struct sink_entries *s, int limit_ms, struct err *e);
	bool export; /* in the export format */
};

struct sink_item {
	size_t at, len; /* into k.pending */
	uint64_t number;
};

struct sink_entries {
	struct sink k;
	const struct sink_way *way;
	struct readback readback;
	struct sink_item *item; /* owned */
	unsigned n_items, cap_items, n_sent;
	uint64_t number; /* of the next record */
	int64_t flushed_ms;
	bool started, unsure;
};

/* Settles the way and reads where the numbers go on. EX_TEMPFAIL if that takes too long. */
int sink_entries_start(struct sink_entries *s, struct err *e);

int sink_entries_write(struct sink *k, const char *stream, const struct entry *en, struct span text,
	const struct rule_trace *trace, struct err *e);
int sink_entries_flush(struct sink *k, struct err *e);
void sink_entries_look_up(struct sink *k, const char *stream);

/* Flushes, with positions that moved, and releases all but the way's own. */
void sink_entries_end(struct sink_entries *s);
