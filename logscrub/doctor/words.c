/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/doctor/words.h"

#include <string.h>
#include <strings.h>

#define TEXT_MAX (8u << 20)

void
words_init(struct words *w, const char *text, size_t len, unsigned style)
{
	w->at = text;
	w->end = text + len;
	w->style = style;
	w->next_line = 1;
	w->n = 0;
	buf_init(&w->text, TEXT_MAX);
}

void
words_release(struct words *w)
{
	buf_release(&w->text);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v' || c == '\0';
}

/* Does C, outside of quotes, end the statement? */
static bool
is_end(const struct words *w, char c)
{
	if (c == '{' || c == '}')
		return w->style & (WORDS_BLOCKS | WORDS_BRACES);
	return w->style & WORDS_BLOCKS ? c == ';' : c == '\n';
}

static void
comment_skip(struct words *w)
{
	while (w->at < w->end && *w->at != '\n')
		w->at++;
}

/* At a backslash that continues its line? Then goes on behind the line's end. */
static bool
continues(struct words *w)
{
	const char *p = w->at + 1;

	if (!(w->style & WORDS_CONTINUED) || *w->at != '\\')
		return false;
	if (p < w->end && *p == '\r')
		p++;
	if (p >= w->end || *p != '\n')
		return false;
	w->at = p + 1;
	w->next_line++;
	return true;
}

/* Goes to the next word or to what ends the statement. */
static void
blanks_skip(struct words *w)
{
	while (w->at < w->end) {
		if (continues(w))
			continue;
		if (*w->at == '#' && (w->n == 0 || w->style & (WORDS_COMMENTS | WORDS_BLOCKS)))
			comment_skip(w);
		else if (*w->at == '\n' && !is_end(w, '\n'))
			w->next_line++, w->at++;
		else if (is_blank(*w->at))
			w->at++;
		else
			return;
	}
}

static void
quoted_take(struct words *w)
{
	const char quote = *w->at++;

	for (; w->at < w->end && *w->at != quote; w->at++) {
		if (*w->at == '\n') {
			if (!(w->style & WORDS_BLOCKS))
				return; /* never closed */
			w->next_line++;
		}
		if (*w->at == '\\' && quote == '"' && w->at + 1 < w->end && w->at[1] != '\n')
			w->at++;
		buf_char(&w->text, *w->at);
	}
	if (w->at < w->end)
		w->at++;
}

static void
word_take(struct words *w)
{
	const bool plain = w->style & WORDS_PLAIN;
	const size_t start = w->text.len;
	bool in_variable = false; /* nginx: ${name} */

	while (w->at < w->end && !is_blank(*w->at) && *w->at != '\n') {
		const char c = *w->at;

		if (!in_variable && is_end(w, c))
			break;
		if (continues(w))
			break;
		if (c == '$' && w->at + 1 < w->end && w->at[1] == '{' && w->style & WORDS_BLOCKS) {
			in_variable = true;
			buf_put(&w->text, w->at, 2);
			w->at += 2;
			continue;
		}
		in_variable = in_variable && c != '}';
		if (!plain && (c == '"' || c == '\'') &&
			(w->text.len == start || !(w->style & WORDS_BLOCKS))) {
			quoted_take(w);
			continue;
		}
		if (!plain && c == '\\' && w->at + 1 < w->end && w->at[1] != '\n')
			w->at++;
		buf_char(&w->text, *w->at++);
	}
	buf_char(&w->text, '\0');
	if (w->n < WORDS_MAX && !w->text.failed)
		w->start[w->n++] = start;
}

bool
words_next(struct words *w)
{
	buf_clear(&w->text);
	w->n = 0;
	for (;;) {
		blanks_skip(w);
		if (w->n == 0)
			w->line = w->next_line;
		if (w->at >= w->end) {
			w->ended_by = '\0';
			return w->n > 0;
		}
		if (is_end(w, *w->at)) {
			w->ended_by = *w->at++;
			if (w->ended_by == '\n')
				w->next_line++;
			if (w->n > 0 || w->ended_by == '{' || w->ended_by == '}')
				return true;
			continue;
		}
		word_take(w);
	}
}

const char *
words_get(const struct words *w, size_t i)
{
	return i < w->n ? w->text.p + w->start[i] : "";
}

bool
words_is(const struct words *w, size_t i, const char *word)
{
	return i < w->n && strcasecmp(words_get(w, i), word) == 0;
}

void
words_skip_block(struct words *w)
{
	for (unsigned depth = 1; w->at < w->end && depth > 0; w->at++) {
		depth += *w->at == '{';
		depth -= *w->at == '}';
		w->next_line += *w->at == '\n';
	}
}
