/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/suggest/suggest.h"

#include <ctype.h>
#include <string.h>

#include "record/timestamp.h"

#define TIME_WORDS_MAX 6 /* "Tue, 24 Nov 2026 01:40:29 +0000" */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_tail(char c)
{
	return c == ',' || c == ':' || c == ';';
}

/* --- times ------------------------------------------------------------------------------------ */

/* A number is one only with the digits of an epoch that is ours. */
bool
suggest_is_time(struct span s)
{
	struct timestamp t;
	int64_t us;
	size_t digits = 0;

	if (s.len < 10 || s.len > 40)
		return false;
	while (digits < s.len && isdigit((unsigned char)s.p[digits]))
		digits++;
	if (digits > 4 && (digits < 10 || s.p[0] != '1'))
		return false;
	timestamp_init(&t, "UTC");
	return timestamp_parse(&t, s, &us);
}

/* The longest time that begins at P, in bytes; 0: none. */
static size_t
time_at(const char *p, const char *end)
{
	size_t best = 0;
	unsigned words = 0;

	if (!isdigit((unsigned char)*p) && !isupper((unsigned char)*p))
		return 0;
	for (const char *q = p; q < end && words < TIME_WORDS_MAX && q - p < 41;) {
		struct span s;

		while (q < end && !is_blank(*q) && *q != ']' && *q != '"')
			q++;
		s = span_of(p, (size_t)(q - p));
		if (suggest_is_time(s))
			best = s.len;
		else if (s.len > 1 && is_tail(p[s.len - 1]) &&
			 suggest_is_time(span_of(p, s.len - 1)))
			best = s.len - 1;
		words++;
		while (q < end && is_blank(*q))
			q++;
		if (q < end && (*q == ']' || *q == '"'))
			break;
	}
	return best;
}

void
token_put_time(struct span s, struct buf *out)
{
	for (size_t i = 0, n; i < s.len; i += n) {
		unsigned char c = (unsigned char)s.p[i];

		for (n = 1; i + n < s.len; n++)
			if (isdigit(c)       ? !isdigit((unsigned char)s.p[i + n])
				: isalpha(c) ? !isalpha((unsigned char)s.p[i + n])
					     : !is_blank((char)c) || s.p[i + n] != (char)c)
				break;
		if (isdigit(c) && i > 0 && (s.p[i - 1] == '.' || s.p[i - 1] == ','))
			buf_str(out, "\\d+");
		else if (isdigit(c) && n <= 2)
			buf_str(out, "\\d{1,2}");
		else if (isdigit(c))
			buf_printf(out, "\\d{%zu}", n);
		else if (isalpha(c))
			buf_str(out, "[A-Za-z]+");
		else if (is_blank((char)c))
			buf_str(out, " +");
		else if (c == '+' || (c == '-' && i > 10))
			buf_str(out, "[+-]");
		else
			buf_printf(out,
				isalnum(c) || c == '/' || c == ':' || c == '-' ? "%c" : "\\%c", c);
	}
}

/* --- the parts of a line ---------------------------------------------------------------------- */

/* The place of what closes the part that begins behind P; NULL: nothing does. */
static const char *
closing(const char *p, const char *end, char with, bool escapes)
{
	for (; p < end; p++) {
		if (escapes && *p == '\\' && p + 1 < end)
			p++;
		else if (*p == with)
			return p;
	}
	return NULL;
}

static bool
ends_here(const char *p, const char *end)
{
	return p == end || is_blank(*p) || (is_tail(*p) && (p + 1 == end || is_blank(p[1])));
}

/* "…", […] or (…), standing by itself. */
static const char *
read_enclosed(const char *p, const char *end, struct token *t)
{
	static const struct {
		char open, close;
		enum token_kind kind;
	} kinds[] = { { '"', '"', TOKEN_QUOTED }, { '[', ']', TOKEN_BRACKET },
		{ '(', ')', TOKEN_PAREN } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *close;

		if (*p != kinds[i].open)
			continue;
		close = closing(p + 1, end, kinds[i].close, kinds[i].open == '"');
		if (!close || !ends_here(close + 1, end))
			return NULL;
		t->kind = kinds[i].kind;
		t->value = span_of(p + 1, (size_t)(close - p - 1));
		return close + 1;
	}
	return NULL;
}

static const char *
word_end(const char *p, const char *end)
{
	while (p < end && !is_blank(*p))
		p++;
	return p;
}

static const char *
read_pair(const char *p, const char *end, token_is_name *is_name, void *ctx, struct token *t)
{
	const char *q = p, *close;

	while (q < end && (isalnum((unsigned char)*q) || *q == '_' || *q == '.' || *q == '-'))
		q++;
	if (q == p || q + 1 >= end || *q != '=' || q[1] == '=' || is_blank(q[1]) ||
		!is_name(ctx, span_of(p, (size_t)(q - p))))
		return NULL;
	t->name = span_of(p, (size_t)(q - p));
	p = q + 1;
	close = *p == '"' ? closing(p + 1, end, '"', true) : NULL;
	if (close && ends_here(close + 1, end)) {
		t->kind = TOKEN_QPAIR;
		t->value = span_of(p + 1, (size_t)(close - p - 1));
		return close + 1;
	}
	t->kind = TOKEN_PAIR;
	q = word_end(p, end);
	if (q - p > 1 && is_tail(q[-1]))
		q--;
	t->value = span_of(p, (size_t)(q - p));
	return q;
}

static const char *
read_word(const char *p, const char *end, struct token *t)
{
	const char *q = word_end(p, end);

	if (q - p > 1 && is_tail(q[-1]))
		q--;
	t->kind = TOKEN_WORD;
	t->value = span_of(p, (size_t)(q - p));
	return q;
}

static const char *
read_token(const char *p, const char *end, token_is_name *is_name, void *ctx, struct token *t)
{
	size_t n = time_at(p, end);
	const char *q;

	if (n > 0 && ends_here(p + n, end)) {
		t->kind = TOKEN_TIME;
		t->value = span_of(p, n);
		return p + n;
	}
	q = read_enclosed(p, end, t);
	if (!q)
		q = read_pair(p, end, is_name, ctx, t);
	return q ? q : read_word(p, end, t);
}

static void
read_cells(const char *p, const char *end, char delimiter, struct tokens *ret)
{
	for (;; p++) {
		struct token *t = &ret->v[ret->n++];
		const char *close = p < end && *p == '"' ? closing(p + 1, end, '"', false) : NULL;

		*t = (struct token){ .kind = TOKEN_CELL };
		if (ret->n == SUGGEST_TOKENS) {
			t->kind = TOKEN_TEXT;
			t->value = span_of(p, (size_t)(end - p));
			return;
		}
		if (close && (close + 1 == end || close[1] == delimiter)) {
			t->quoted = true;
			t->value = span_of(p + 1, (size_t)(close - p - 1));
			p = close + 1;
		} else {
			const char *q = memchr(p, delimiter, (size_t)(end - p));

			t->value = span_of(p, (size_t)((q ? q : end) - p));
			p = q ? q : end;
		}
		if (p == end)
			return;
		t->tail = delimiter;
	}
}

void
tokens_read(struct span line, char delimiter, token_is_name *is_name, void *ctx, struct tokens *ret)
{
	const char *p = line.p, *end = line.p + line.len;
	unsigned n_words = 0;

	ret->n = 0;
	if (delimiter) {
		read_cells(p, end, delimiter, ret);
		return;
	}
	while (p < end) {
		struct token *t = &ret->v[ret->n];
		const char *begin = p;

		while (p < end && is_blank(*p))
			p++;
		if (p == end)
			return; /* blanks at the end belong to nothing */
		*t = (struct token){ .blanks = (unsigned)(p - begin) };
		ret->n++;
		if (ret->n == SUGGEST_TOKENS || n_words == SUGGEST_WORDS) {
			t->kind = TOKEN_TEXT;
			t->value = span_of(p, (size_t)(end - p));
			return;
		}
		p = read_token(p, end, is_name, ctx, t);
		n_words += t->kind == TOKEN_WORD || t->kind == TOKEN_PAREN;
		if (p < end && is_tail(*p))
			t->tail = *p++;
	}
}
