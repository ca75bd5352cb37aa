/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * format.h - a grammar between text and record
 *
 * However it is declared (an nginx or Apache template, a PCRE2 pattern with named groups, syslog,
 * JSON), a format is compiled to one thing: a function from bytes to pieces. Pieces are the fields'
 * spans and, between them, the literal text of the grammar, in the order of the line; putting them
 * back together with fields changed gives a line of the same shape. Text that is neither a field
 * nor a literal of the grammar has no piece, and so is gone. Where there is no such text literals
 * need no pieces, and have none.
 *
 * A product may write one of several forms: `variants` names formats, and whoever uses it tries them
 * in order; the first that takes all of the line, its inner formats included, is the one.
 *
 * A field can have an inner format. The names of inner fields are seen from outside as they are,
 * or, where two are alike, by the path "outer.inner". JSON has no fixed fields: whoever uses a
 * format names paths.
 *
 * A format is used by one thread. PCRE2 runs with JIT, a match limit and a bounded heap (a pattern
 * that meets its limit is "no match", and counted by the caller as `limit`).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/conf/conf.h"
#include "base/err.h"
#include "base/span.h"

#define FORMAT_FIELDS_MAX   48
#define FORMAT_PIECES_MAX   128
#define FORMAT_VARIANTS_MAX 8
#define PIECE_LITERAL       (-1)

struct piece {
	const char *p;
	uint32_t len;
	int32_t field; /* index into the format's fields, or PIECE_LITERAL */
};

struct split {
	unsigned n;
	bool whole; /* only fields have pieces, and all else in the line is literal */
	struct piece piece[FORMAT_PIECES_MAX];
};

struct format;

struct format_field {
	const char *name;
	enum conf_escape escape; /* what the product did to the value in this place */
	struct format *inner;    /* or NULL; owned by the outer format's set */
	bool is_time;            /* the record's time stands here (or further in) */
};

/* All formats of a configuration, each compiled when it is first asked for. Borrows C. */
struct formats;
int formats_new(const struct conf *c, struct formats **ret, struct err *e);
struct formats *formats_free(struct formats *s);
DEFINE_CLEANUP(struct formats, formats_free)

/* The format NAME, compiled with its inner ones; borrowed from S. Fails with EX_CONFIG at the
 * declaration's place: a bad template or pattern, two variables without a delimiter between them, a
 * circle. */
int formats_get(struct formats *s, const char *name, struct format **ret, struct err *e);

const char *format_name(const struct format *f);
enum conf_format_type format_type(const struct format *f);
const struct conf_format *format_decl(const struct format *f);
unsigned format_n_fields(const struct format *f);
const struct format_field *format_field(const struct format *f, unsigned i);

/* Of FORMAT_VARIANTS; 0 for others. Borrowed from F's set. */
unsigned format_n_variants(const struct format *f);
struct format *format_variant(const struct format *f, unsigned i);

enum format_result {
	FORMAT_OK = 0,
	FORMAT_NO_MATCH = 1, /* the line is not of this form */
	FORMAT_LIMIT =
		2 /* the pattern met its match limit, or the line is over 1 MiB for a pattern */
};

/* Splits LINE (without its line end) into pieces that point into it. Not for JSON formats (json.h),
 * nor for variants. */
enum format_result format_split(struct format *f, struct span line, struct split *ret);

/* Is there a glance at lines of F? */
bool format_glances(const struct format *f);
/* Has a field of F an inner format with a time? */
bool format_has_inner_time(const struct format *f);

/* Of a pattern: is it known where a time further in may be, if none of its own is? Then that is nowhere, or in a line
 * that is one JSON object, of the format *RET (NULL: none). */
bool format_object(const struct format *f, struct format **ret);
/* The message of a syslog format. */
const struct format_field *format_message(const struct format *f);

/* Of a template or pattern that glances: splits LINE no further than to its time. False: it is not of F's
 * form. Else, if it is, its own time is one of RET's pieces that are fields, or it has none. Costs a fraction of
 * format_split(). */
bool format_glance(struct format *f, struct span line, struct split *ret);

/* Is F a template without inner formats? Then each line of it has the same pieces in the same order, a field
 * each: format_piece_field() of the I-th; -1: there is none. */
bool format_is_flat(const struct format *f);
int format_piece_field(const struct format *f, unsigned i);

/* After format_split() took LINE for a syslog line with a header, into RET, and the message's own
 * format does not fit: splits it again as a bare line, all of it the message. False, and RET as it
 * was, where there is nothing else to try (no syslog format, or no header was found). */
bool format_retry_bare(struct format *f, struct span line, struct split *ret);

/* Does LINE begin an entry? Always true where the format declares no `begin`. */
bool format_begins(struct format *f, struct span line);
bool format_has_begin(const struct format *f);
