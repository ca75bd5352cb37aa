/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/source/syslog_frame.h"

#include <stdlib.h>

#define COUNT_DIGITS_MAX 9

/* --- headers ---------------------------------------------------------------------------------- */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Takes "<PRI>" off; PRI is at most 191. */
static struct span
take_priority(struct span s, struct frame *ret)
{
	unsigned pri = 0;
	size_t i = 1;

	ret->priority = ret->facility = -1;
	if (s.len < 3 || s.p[0] != '<')
		return s;
	while (i < s.len && i <= 3 && is_digit(s.p[i]))
		pri = pri * 10 + (unsigned)(s.p[i++] - '0');
	if (i == 1 || i >= s.len || s.p[i] != '>' || pri > 191)
		return s;
	ret->priority = (int)(pri & 7);
	ret->facility = (int)(pri >> 3);
	return span_from(s, i + 1);
}

/* The next word up to a blank; *rest is what follows the blanks behind it. */
static struct span
take_word(struct span *rest)
{
	struct span s = *rest;
	const char *blank = memchr(s.p, ' ', s.len);
	size_t n = blank ? (size_t)(blank - s.p) : s.len;

	*rest = span_from(s, n);
	while (rest->len > 0 && rest->p[0] == ' ')
		*rest = span_from(*rest, 1);
	return span_of(s.p, n);
}

/* "Nov 24 01:40:29 " or "2026-11-24T01:40:29…": is it there? Then it is taken off. */
static bool
take_time(struct span *rest)
{
	struct span s = *rest;

	if (s.len > 16 && s.p[3] == ' ' && s.p[6] == ' ' && s.p[9] == ':' && s.p[12] == ':' &&
		s.p[15] == ' ') {
		*rest = span_from(s, 16);
		return true;
	}
	if (s.len > 20 && is_digit(s.p[0]) && s.p[4] == '-' && s.p[10] == 'T' && s.p[13] == ':') {
		(void)take_word(rest);
		return true;
	}
	return false;
}

/* One structured data part, "-" or "[id a=\"b\"]…" (RFC 5424 6.3); false if it does not end. */
static bool
take_structured_data(struct span *rest)
{
	struct span s = *rest;
	bool quoted = false;

	if (s.len == 0 || s.p[0] != '[') {
		(void)take_word(rest);
		return true;
	}
	for (size_t i = 0; i < s.len; i++) {
		if (quoted && s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && s.p[i] == ']' && (i + 1 == s.len || s.p[i + 1] != '[')) {
			*rest = span_from(s, i + 1);
			if (rest->len > 0 && rest->p[0] == ' ')
				*rest = span_from(*rest, 1);
			return true;
		}
	}
	return false;
}

/* "1 TIME HOST APP-NAME PROCID MSGID SD MSG" */
static bool
read_5424(struct span s, struct frame *ret)
{
	struct span ident;

	if (!span_starts(s, SPAN("1 ")))
		return false;
	s = span_from(s, 2);
	(void)take_word(&s); /* TIME may be "-" */
	(void)take_word(&s);
	ident = take_word(&s);
	(void)take_word(&s);
	(void)take_word(&s);
	if (ident.len == 0 || !take_structured_data(&s))
		return false;
	ret->ident = span_eq(ident, SPAN("-")) ? span_of(ident.p, 0) : ident;
	ret->message = s;
	return true;
}

/* "TAG:" or "TAG[PID]:"; the tag alone, or nothing. */
static struct span
tag_of(struct span word)
{
	const char *bracket;

	if (word.len < 2 || word.p[word.len - 1] != ':')
		return span_of(word.p, 0);
	word.len--;
	bracket = memchr(word.p, '[', word.len);
	if (bracket && word.p[word.len - 1] == ']')
		word.len = (size_t)(bracket - word.p);
	return word;
}

void
frame_read_header(struct span line, struct frame *ret)
{
	struct span rest = line, host = SPAN_NONE, word, after;

	ret->line = ret->message = line;
	ret->ident = span_of(line.p, 0);
	if (read_5424(line, ret))
		return;
	/* TAG, HOST TAG, or HOST HOST TAG; without a time only the first can be told from text */
	for (int words = take_time(&rest) ? 3 : 1; words > 0 && rest.len > 0; words--) {
		after = rest;
		word = take_word(&after);
		if (tag_of(word).len > 0) {
			ret->ident = tag_of(word);
			ret->message = span_from(rest, word.len);
			if (ret->message.len > 0)
				ret->message = span_from(ret->message, 1);
			return;
		}
		if (words == 2 && !span_eq(word, host))
			return;
		host = word;
		rest = after;
	}
}

void
frame_read(struct span raw, struct frame *ret)
{
	frame_read_header(take_priority(raw, ret), ret);
}

/* --- framing ---------------------------------------------------------------------------------- */

void
framer_release(struct framer *f)
{
	if (f->p)
		explicit_bzero(f->p, FRAMER_BYTES); /* raw records */
	free(f->p);
	*f = (struct framer){ 0 };
}

int
framer_room(struct framer *f, char **ret, size_t *ret_n, struct err *e)
{
	if (!f->p) {
		f->p = malloc(FRAMER_BYTES);
		if (!f->p)
			return err_memory(e);
	}
	if (f->at > 0) {
		memmove(f->p, f->p + f->at, f->len - f->at);
		f->len -= f->at;
		f->at = 0;
	}
	*ret = f->p + f->len;
	*ret_n = FRAMER_BYTES - f->len;
	return 0;
}

void
framer_fill(struct framer *f, size_t n)
{
	f->len += n;
}

static const char *
find_end(struct span s)
{
	const char *lf = memchr(s.p, '\n', s.len);

	if (lf)
		s.len = (size_t)(lf - s.p);
	const char *nul = memchr(s.p, '\0', s.len);

	return nul ? nul : lf;
}

/* Drops what is left of a frame that was too long. False: all there is belongs to it. */
static bool
finish_skip(struct framer *f)
{
	struct span s = span_of(f->p + f->at, f->len - f->at);
	const char *end;

	if (f->skip > 0) {
		size_t n = f->skip < s.len ? f->skip : s.len;

		f->at += n;
		f->skip -= n;
		return f->skip == 0;
	}
	if (!f->skip_line)
		return true;
	end = find_end(s);
	f->at += end ? (size_t)(end - s.p) + 1 : s.len;
	f->skip_line = end == NULL;
	return end != NULL;
}

/* "MSG-LEN SP" in front of "<": > 0 its own length, 0 not octet counting, -1 cannot be told yet. */
static int
read_count(struct span s, size_t *ret_len)
{
	size_t i = 0, n = 0;

	while (i < s.len && i < COUNT_DIGITS_MAX && is_digit(s.p[i]))
		n = n * 10 + (size_t)(s.p[i++] - '0');
	if (i == 0 || s.p[0] == '0')
		return 0;
	if (i == s.len)
		return i < COUNT_DIGITS_MAX ? -1 : 0;
	if (s.p[i] != ' ')
		return 0;
	if (i + 1 == s.len)
		return -1;
	if (s.p[i + 1] != '<')
		return 0;
	*ret_len = n;
	return (int)i + 1;
}

static bool
take_counted(struct framer *f, struct span s, size_t head, size_t n, struct span *ret)
{
	if (head + n > FRAMER_BYTES) {
		f->n_too_long++;
		f->at += head;
		f->skip = n;
		return false;
	}
	if (s.len < head + n)
		return false;
	*ret = span_of(s.p + head, n);
	f->at += head + n;
	return true;
}

static bool
take_line(struct framer *f, struct span s, struct span *ret)
{
	const char *end = find_end(s);

	if (!end) {
		if (s.len == FRAMER_BYTES) {
			f->n_too_long++;
			f->at = f->len;
			f->skip_line = true;
		}
		return false;
	}
	*ret = span_of(s.p, (size_t)(end - s.p));
	f->at += ret->len + 1;
	return true;
}

bool
framer_take(struct framer *f, struct span *ret)
{
	for (;;) {
		struct span s;
		size_t n = 0;
		int head;

		if (!finish_skip(f))
			return false;
		/* an octet counter may write an end of line as well; it is part of nothing */
		while (f->at < f->len && (f->p[f->at] == '\n' || f->p[f->at] == '\0'))
			f->at++;
		if (f->at == f->len)
			return false;
		s = span_of(f->p + f->at, f->len - f->at);
		head = read_count(s, &n);
		if (head < 0)
			return false;
		if (head == 0)
			return take_line(f, s, ret);
		if (take_counted(f, s, (size_t)head, n, ret))
			return true;
		if (f->skip == 0)
			return false;
	}
}

bool
framer_take_last(struct framer *f, struct span *ret)
{
	struct span s = span_of(f->p + f->at, f->len - f->at);
	size_t n;

	if (s.len == 0 || f->skip > 0 || f->skip_line || read_count(s, &n) != 0)
		return false;
	*ret = s;
	f->at = f->len;
	return true;
}

bool
framer_is_within(const struct framer *f)
{
	return f->at < f->len || f->skip > 0 || f->skip_line;
}
