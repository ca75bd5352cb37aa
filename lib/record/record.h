/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * record.h - one log line, journal entry, table row, mail or file, as its store gives it
 *
 * A record owns nothing: what it points to is valid until its store gives the next one.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

#define RECORD_NO_TIME INT64_MIN

/* A mark of a field that is too large to be read: no question was shown it. */
#define RECORD_MARK_UNREAD ((uint64_t)1 << 63)

struct conf_store;

struct record {
	const struct conf_store *store;
	int64_t time_us; /* microseconds since 1970-01-01 UTC, or RECORD_NO_TIME */
	struct span
		text; /* as it is stored, with its line end; SPAN_NONE: not read for this question */
	/* Reads it, where nobody has yet; SPAN_NONE: it cannot be read. NULL: `text` is it. */
	struct span (*read)(const struct record *r);
	bool silent; /* no field of it is one that a question says may matter (store/selector.h) */
	/* Of its text, the bytes that it is known by (record/key/digest.h); 0: all. What hangs on a row goes
	 * with it, and comes and goes while the row stays what it was; what the row points to may go, too. */
	size_t known_by;
	uint64_t size;     /* bytes that it takes up in its place */
	const char *place; /* file, table, key: for reports and messages */
	uint64_t
		offset; /* where in its place: bytes of the unpacked file, row, entry; 0: all of it */

	/* It may be a copy of one that this scan has given already: files were rotated or packed meanwhile. */
	bool again;

	uint64_t
		marks; /* of its fields, where a selector's question makes some (store/selector.h) */

	/* It lies in a hold's own folder: whatever its time, it goes as soon as nothing holds it. */
	bool copy;
	/* A copy of it lies there, so that its place need not keep it for a hold; where somebody else would
	 * drop young records with it (journald's vacuum). */
	bool copied;

	/* One of its fields; SPAN_NONE: it has none of that name. */
	struct span (*field)(const struct record *r, const char *name);
	void *driver; /* of its store */
};

/* R's text, for whoever may be asked before it was read. */
static inline struct span
record_text(const struct record *r)
{
	return r->read ? r->read(r) : r->text;
}
