/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * rule.h - a store's scrub section, compiled against its format
 *
 * Deny by default: a field that no rule names is written "-" (JSON: its key is absent), a line that
 * the format does not match is not written at all. The scrubbed line keeps its input's shape, so
 * that the same format reads it again and a second pass changes no byte.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/conf/conf.h"
#include "base/err.h"
#include "record/format/format.h"
#include "record/transform/transform.h"

enum drop_reason {
	DROP_NONE,
	DROP_NO_MATCH,  /* no format matches */
	DROP_LIMIT,     /* a pattern met its match limit */
	DROP_TOO_LONG,  /* the line is over LINE_MAX_BYTES, or what was made of it */
	DROP_INVALID,   /* JSON that is none */
	DROP_ORPHAN,    /* does not begin an entry and belongs to none */
	DROP_UNCLAIMED, /* no store has it */
	DROP_MISSING, /* the journal has numbered it and does not have it: torn, or gone too early */
	DROP_REASONS
};

#define LINE_MAX_BYTES (1u << 20)

const char *drop_reason_name(enum drop_reason r); /* "no-match", …: labels of the metrics */

struct rule;

/* Compiles S's rule. Borrows S, F, P. Fails with EX_CONFIG: a field that the format does not have,
 * a field named twice, a rule that drops its time, a store without a scrub section. */
int rule_new(const struct conf_store *s, struct formats *f, struct pseudonym *p, struct rule **ret,
	struct err *e);
struct rule *rule_free(struct rule *r);
DEFINE_CLEANUP(struct rule, rule_free)

/* What rule_apply() wrote, field by field, for sinks that keep fields apart and for `explain`. */
struct rule_field {
	const char *name;   /* as a rule names it */
	const char *action; /* "keep", "pseudonym", "drop", … */
	struct span before; /* into the line, or a buffer that lives until the next rule_apply() */
	size_t at, len;     /* into OUT */
	bool token;         /* holds pseudonyms */
};

struct rule_trace {
	unsigned n;
	struct rule_field field[2 * FORMAT_FIELDS_MAX];
	size_t message_at; /* where the message begins in OUT (syslog); 0 otherwise */
};

/* Appends LINE, scrubbed, to OUT without a line end. TRACE may be NULL. Returns DROP_NONE (0), a
 * drop_reason (OUT is as it was), or -1 (a key could not be had, memory: the line must be kept and
 * tried again). */
int rule_apply(struct rule *r, struct span line, int64_t arrival_us, struct buf *out,
	struct rule_trace *trace, struct err *e);

/* Multi-line entries: does LINE begin one? True where the format has no `begin`. */
bool rule_begins(struct rule *r, struct span line);
bool rule_has_begin(const struct rule *r);

/* Does the rule read the syslog header itself (true), or only the message behind it? */
bool rule_takes_frame(const struct rule *r);

/* Time of the record last scrubbed; its arrival where it has none. */
int64_t rule_time_us(const struct rule *r);

/* Hits by detector, since rule_new(); DETECT_TYPES numbers. */
const uint64_t *rule_hits(const struct rule *r);
