/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * journal_entry.h - a scrubbed record as a journal entry
 *
 * Fields, in the serialisation that journald's native protocol and the export format have in common
 * (NAME=value, or NAME, a length and the value where that has line feeds):
 *
 *   MESSAGE            the scrubbed text behind its syslog header
 *   PRIORITY, SYSLOG_FACILITY, SYSLOG_IDENTIFIER   as they came
 *   SPARSAM_STORE, SPARSAM_SOURCE   the store's name, the stream's
 *   SPARSAM_POSITION   NUMBER ORDER POSITION: the record's number in its store, and the place
 * behind it in its stream ("-" where that cannot be read again) SPARSAM_UNIT       the unit that it
 * came from SPARSAM_TIME       its original time, RFC 3339 in UTC SPARSAM_F_NAME     each field
 * that the rule wrote, but for what it dropped SPARSAM_TOKEN      each pseudonym in it (the first
 * 512)
 *
 * What did not pass the rule (identifier, unit, trusted fields) is left out where a detector finds
 * an address in it; a unit's instance is then cut off ("sshd@.service"). Sources:
 * systemd.journal-fields(7), systemd.io/JOURNAL_NATIVE_PROTOCOL, systemd.io/JOURNAL_EXPORT_FORMATS.
 */
#pragma once
#include <stdint.h>

#include "base/buf.h"
#include "logscrub/source/entry.h"
#include "logscrub/rule/rule.h"

/* MESSAGE_ID of what logscrub itself writes: a start, and a position without a record. */
#define JOURNAL_ENTRY_START "0d6b2a5b3f0c4d0c9a5e0f1d7c3b8e21"
#define JOURNAL_ENTRY_MARK  "5a1c7e94d2b84f6fb0a3c9d1e8f74236"

struct journal_entry {
	const char *store, *stream;
	uint64_t number;
	const struct entry *en;
	struct span text;
	const struct rule_trace *trace; /* offsets count from the first byte of `text`; or NULL */
};

/* Appends the fields. */
void journal_entry_put(struct buf *out, const struct journal_entry *j);

/* The same with the original times, boot and trusted fields, as one entry of the export format. */
void journal_entry_export(struct buf *out, const struct journal_entry *j);

/* One field; NAME has no "=". */
void journal_entry_field(struct buf *out, const char *name, struct span value);

/* A position without a record (sink_advance()). */
void journal_entry_mark(struct buf *out, const struct journal_entry *j, bool export);
