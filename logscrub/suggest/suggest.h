/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * suggest.h - a format and a store for a log that nobody has described yet
 *
 *   suggest.c         the command: what is read, and how it is read
 *   suggest_token.c   a line into tokens, by what they look like
 *   suggest_field.c   what a field holds: kinds, variety, findings; which rule that asks for
 *   suggest_form.c    lines of the same form into one pattern; JSON into paths
 *   suggest_print.c   the configuration file
 *
 * No value of the log stands in what is printed. Patterns have punctuation and the names of
 * `name=value` pairs alone, times as their shape; words are fields, also where all lines have the
 * same. Examples are masked: each run of letters is an "a", each run of digits a "0".
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

#define SUGGEST_LINES_MAX 20000
#define SUGGEST_BYTES_MAX (16u << 20)
#define SUGGEST_FIELDS    40 /* of the 48 that a format may have */
#define SUGGEST_FORMS     8
#define SUGGEST_TOKENS    24 /* of a line; what follows is text */
#define SUGGEST_WORDS     12 /* … or so many that are no pairs */
#define SUGGEST_NAME_MAX  48

/* --- tokens ----------------------------------------------------------------------------------- */

enum token_kind {
	TOKEN_WORD,
	TOKEN_TIME,
	TOKEN_QUOTED,  /* "…" */
	TOKEN_BRACKET, /* […] */
	TOKEN_PAREN,   /* (…) */
	TOKEN_PAIR,    /* name=… */
	TOKEN_QPAIR,   /* name="…" */
	TOKEN_CELL,    /* between delimiters */
	TOKEN_TEXT     /* the rest of the line */
};

struct token {
	enum token_kind kind;
	unsigned blanks;   /* before it */
	struct span name;  /* PAIR, QPAIR */
	struct span value; /* without quotes and brackets */
	char tail;         /* a comma, colon or semicolon behind it, or 0 */
	bool quoted;       /* CELL */
};

struct tokens {
	unsigned n;
	struct token v[SUGGEST_TOKENS + 1];
};

/* Splits LINE. DELIMITER: 0 for blanks, else of a table. IS_NAME says which names of pairs may be
 * shown; others are words. */
typedef bool token_is_name(void *ctx, struct span name);
void tokens_read(
	struct span line, char delimiter, token_is_name *is_name, void *ctx, struct tokens *ret);

/* Is S a time, with a date, that a rule can read? */
bool suggest_is_time(struct span s);

/* The shape of a time as a pattern: digits become \d, letters [A-Za-z]. */
void token_put_time(struct span time, struct buf *out);

/* --- fields ----------------------------------------------------------------------------------- */

enum value_kind {
	VALUE_OTHER,
	VALUE_TIME,
	VALUE_ADDRESS,
	VALUE_REQUEST,
	VALUE_AGENT,
	VALUE_LEVEL,
	VALUE_METHOD,
	VALUE_FLAG,
	VALUE_NUMBER,
	VALUE_CLOCK, /* a date, or a time of day, alone */
	VALUE_URL,
	VALUE_PATH,
	VALUE_KINDS
};

#define FIELD_VARIETY_MAX 200

struct field {
	char name[SUGGEST_NAME_MAX];
	uint64_t n; /* values that are neither empty nor "-" */
	uint64_t kind[VALUE_KINDS];
	uint64_t finding[8]; /* values with one, by enum detect_type */
	uint64_t n_long;     /* numbers with more than three digits and no fraction */
	uint64_t n_blank;    /* values with blanks in them */
	unsigned variety;    /* different values, up to FIELD_VARIETY_MAX */
	uint64_t seen[2 * FIELD_VARIETY_MAX + 56]; /* their hashes */
	char example[40];                          /* masked */
};

/* TYPES: findings (DETECT_BIT) that the value is part of, as a piece of a phone number is. */
void field_see(struct field *f, struct span value, unsigned types);
void field_merge(struct field *a, const struct field *b);
enum value_kind field_kind(const struct field *f); /* of nearly all its values */
const char *field_word(const struct field *f);     /* "address", "number", …: a name for it */

/* What the store does with it: the name of a list in a scrub section ("pseudonym"), or of a
 * transform; NULL: nothing, it is left out. */
const char *field_rule(const struct field *f, bool *ret_list);
void field_put_reason(const struct field *f, struct buf *out);

/* --- forms ------------------------------------------------------------------------------------ */

struct sample {
	struct buf text;
	struct span *line; /* not valid while it grows: offsets are kept in `at` */
	size_t *at;
	size_t n, cap;
	bool cut; /* there is more in the files */
};

struct proposal {
	enum { READ_PATTERN, READ_SYSLOG, READ_JSON } how;
	char delimiter;
	unsigned n_forms;
	struct buf form[SUGGEST_FORMS + 1]; /* patterns */
	uint64_t covered[SUGGEST_FORMS + 1];
	struct field field[SUGGEST_FIELDS];
	unsigned n_fields;
	char time[SUGGEST_NAME_MAX]; /* the field that has the record's time, or "" */
	uint64_t n_lines, n_covered;
};

/* Fills P (zeroed by the caller, ended with proposal_release()). Fails with EX_OSERR. */
int proposal_from_lines(struct proposal *p, const struct sample *s, struct err *e);
int proposal_from_json(struct proposal *p, const struct sample *s, struct err *e);
void proposal_release(struct proposal *p);

/* The configuration file. PATH: where the log lies, to be claimed; NULL: not said. */
void proposal_print(
	const struct proposal *p, const char *name, const char *path, bool cut, struct buf *out);
