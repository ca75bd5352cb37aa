/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * rsyslog_filter.h - which messages get to a statement of rsyslog's configuration
 *
 * A message goes through the statements in their order, and ends at a "stop" that it gets to. Messages
 * are told apart by program, facility and severity: what filters ask of these is followed, in
 * selectors ("auth,authpriv.*;mail.none"), property filters and expressions. Of a filter that asks for
 * a word in a message it is known that some get through and some do not. Of all else (where a message
 * comes from, variables, functions, regular expressions) nothing is known, and what is said then is
 * that it cannot be told.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RSYSLOG_FACILITIES 24
#define RSYSLOG_PROGRAMS   32 /* that filters name, and one for all others */
#define RSYSLOG_CELLS      (RSYSLOG_PROGRAMS * RSYSLOG_FACILITIES)
#define RSYSLOG_DEEP       32
#define RSYSLOG_WORDS      256
#define RSYSLOG_TEXT       4096

/* For messages of a program, a facility and a severity (debug 7, a bit): can it be that none of them
 * is in the set; a few, which have a word in them that is asked for; most, which do not; all? */
struct rsyslog_set {
	uint8_t none[RSYSLOG_CELLS];
	uint8_t few[RSYSLOG_CELLS];
	uint8_t most[RSYSLOG_CELLS];
	uint8_t all[RSYSLOG_CELLS];
};

/* A block of statements that is open. */
struct rsyslog_block {
	struct rsyslog_set set;   /* what gets into it */
	struct rsyslog_set other; /* into the "else" behind it */
	struct rsyslog_set alive; /* of a ruleset: what goes on behind it */
	bool is_ruleset;
};

/* Where in the configuration a reader is. */
struct rsyslog_flow {
	struct rsyslog_set alive; /* what has not been stopped */
	struct rsyslog_set here;  /* what the filter of the statement that is read lets through */
	struct rsyslog_set last;  /* of the one before it: "&" */
	struct rsyslog_set other; /* what the last "if" does not let through: "else" */
	struct rsyslog_block block[RSYSLOG_DEEP];
	unsigned depth, beyond;             /* blocks; those for which there was no room */
	bool is_ruleset;                    /* the block that opens next */
	char program[RSYSLOG_PROGRAMS][64]; /* from 1: names; 0: all others */
	unsigned n_programs;
};

/* An expression's words; a quoted text begins with a quotation mark, which it does not end with. */
struct rsyslog_words {
	char text[RSYSLOG_TEXT];
	size_t used;
	const char *v[RSYSLOG_WORDS];
	size_t n;
	bool failed; /* there was no room */
};

enum rsyslog_reach { RSYSLOG_NO, RSYSLOG_MAYBE, RSYSLOG_YES };

void rsyslog_words_clear(struct rsyslog_words *w);
/* Adds the LEN bytes at TEXT, as a quoted text or as a word. */
void rsyslog_words_add(struct rsyslog_words *w, bool quoted, const char *text, size_t len);

/* Is WORD one of WORDS, which end with NULL, in either case? */
bool rsyslog_is_one_of(const char *word, const char *const words[]);

void rsyslog_flow_init(struct rsyslog_flow *f);

/* Begins again, and knows the names of programs that filters ask for: of one that is met only later it
 * could not be told what a filter by the beginning of names does with it. */
void rsyslog_flow_again(struct rsyslog_flow *f);

/* The next statement has no filter of its own, or that of the one before it. */
void rsyslog_flow_statement(struct rsyslog_flow *f);
void rsyslog_flow_same(struct rsyslog_flow *f);

/* It has a selector; a property filter (":programname, !isequal, "x""); an expression; is the "else"
 * of one; is reached in a way that is not known. */
void rsyslog_flow_selector(struct rsyslog_flow *f, const char *selector);
void rsyslog_flow_property(
	struct rsyslog_flow *f, const char *property, const char *operation, const char *value);
void rsyslog_flow_condition(struct rsyslog_flow *f, const struct rsyslog_words *expression);
void rsyslog_flow_else(struct rsyslog_flow *f);
void rsyslog_flow_unknown(struct rsyslog_flow *f);

/* The block that comes next is a ruleset's: messages come to it by other ways. */
void rsyslog_flow_ruleset(struct rsyslog_flow *f);

/* A block under the filter begins; ends. */
void rsyslog_flow_open(struct rsyslog_flow *f);
void rsyslog_flow_close(struct rsyslog_flow *f);

/* The statement is a "stop" (or "~"); may or may not stop what gets to it. */
void rsyslog_flow_stop(struct rsyslog_flow *f);
void rsyslog_flow_call(struct rsyslog_flow *f);

/* Does any message get to the statement? */
enum rsyslog_reach rsyslog_flow_reaches(const struct rsyslog_flow *f);
