/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * entry.h - one record on its way from a source to a sink
 *
 * Everything is borrowed from the source until it is asked for the next entry. `line` is what a
 * rule reads: text without its line end. An entry from the journal is written as an RFC 3339 syslog
 * line (TIME HOST IDENT[PID]: MESSAGE, line feeds as #012), so that one format reads a product's
 * file and its journal alike; one from a syslog socket is the datagram without its "<PRI>".
 */
#pragma once
#include <stdint.h>

#include "base/span.h"

#define ENTRY_TRUSTED_MAX 24

struct conf_store;

struct entry {
	struct span line;
	struct span ident; /* APP-NAME or SYSLOG_IDENTIFIER; routes to a store; may be empty */
	struct span
		message; /* the part of `line` behind a syslog header; `line` where there is none */
	int64_t arrival_us;             /* now, or the journal's own time */
	int priority;                   /* 0 to 7, -1 unknown (RFC 5424 severity) */
	int facility;                   /* 0 to 23, -1 unknown */
	const struct conf_store *store; /* journal: the one that claims it; else NULL */

	/* Where the source goes on after this entry, for sinks that carry it; empty: cannot be read
	 * again. Text without blanks, at most 512 bytes; `order` grows with it (journal: realtime;
	 * tail: bytes read). */
	struct span position;
	int64_t order;
	const char *stream; /* whose position it is: the source's name, or one of its files */

	/* Journal only: "FIELD=value", those that say where an entry came from and name no person.
	 */
	struct span trusted[ENTRY_TRUSTED_MAX];
	unsigned n_trusted;
	int64_t realtime_us, monotonic_us;
	char boot_id[33]; /* "" where there is none */
};
