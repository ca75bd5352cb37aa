/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * words.h - a configuration file as statements, each of some words
 *
 * What nginx, Apache, HAProxy, logrotate, Redis, coturn, fstab and their like have in common: words
 * between blanks, quotes, comments. Any text is read; what is wrong in it the program itself will
 * tell its operator.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum words_style {
	WORDS_LINES = 0,     /* a statement is a line */
	WORDS_BLOCKS = 1,    /* a statement ends with ; { or }, over however many lines (nginx) */
	WORDS_BRACES = 2,    /* lines, and braces end one, too (logrotate) */
	WORDS_CONTINUED = 4, /* a backslash at its end continues a line */
	WORDS_COMMENTS = 8,  /* a # begins a comment before any word, not only before the first */
	WORDS_PLAIN = 16     /* quotes and backslashes stand for themselves */
};

#define WORDS_MAX 1024 /* of one statement; what is beyond is dropped */

/* A file being read; and its statement, valid until the next words_next(). */
struct words {
	const char *at, *end; /* the text, borrowed */
	unsigned style;
	unsigned next_line;
	struct buf text;
	size_t start[WORDS_MAX]; /* of each word in `text` */

	unsigned line; /* where the statement begins, from 1 */
	size_t n;      /* words; may be 0 before a brace */
	char ended_by; /* ';' '{' '}' '\n', or 0: the file's end */
};

void words_init(struct words *w, const char *text, size_t len, unsigned style);
bool words_next(struct words *w);
void words_release(struct words *w);

/* Word I, or "" where there is none. */
const char *words_get(const struct words *w, size_t i);

/* Is word I this one? Case does not matter. */
bool words_is(const struct words *w, size_t i, const char *word);

/* WORDS_BLOCKS: skips what stands in the braces that the last statement opened, whatever it is. */
void words_skip_block(struct words *w);
