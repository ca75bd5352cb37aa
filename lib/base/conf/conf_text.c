/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * libconfuse 3.3 adds two to its line count for each one-line comment, keeps its scanner's state
 * after an open quote, takes "\x00" for the end of a string and the end of the file for that of a
 * section. So comments go and such texts are refused before it sees them. The rules for what is a
 * word, a quote or a comment are those of its lexer.l.
 */
#include "base/conf/conf-private.h"

#include <ctype.h>
#include <string.h>

struct scan {
	const char *file, *p, *end;
	unsigned line;
	struct buf *out;
	bool after_quoted; /* nothing but blanks and comments since a quoted piece */
	unsigned depth;    /* braces open, … */
	unsigned opened;   /* … and where the outermost of them stands */
};

static int
scan_fail(const struct scan *s, unsigned line, const char *what, struct err *e)
{
	const struct conf_place at = { s->file, line };

	return conf_fail(e, &at, what, NULL, "%s", "");
}

static void
scan_take(struct scan *s)
{
	if (*s->p == '\n')
		s->line++;
	buf_char(s->out, *s->p++);
}

/* Takes what is nothing but itself within QUOTE: no new line, variable or escape, and not its end. */
static void
scan_plain(struct scan *s, char quote)
{
	const char *from = s->p;

	while (s->p < s->end && *s->p != quote && *s->p != '\\' && *s->p != '$' && *s->p != '\n')
		s->p++;
	buf_put(s->out, from, (size_t)(s->p - from));
}

static bool
scan_sees(const struct scan *s, const char *two)
{
	return s->end - s->p >= 2 && memcmp(s->p, two, 2) == 0;
}

static void
scan_line_comment(struct scan *s)
{
	while (s->p < s->end && *s->p != '\n')
		s->p++;
}

static int
scan_block_comment(struct scan *s, struct err *e)
{
	const unsigned began = s->line;

	for (s->p += 2; s->p < s->end && !scan_sees(s, "*/"); s->p++) {
		if (*s->p == '\n') {
			s->line++;
			buf_char(s->out, '\n');
		}
	}
	if (s->p == s->end)
		return scan_fail(s, began, N_("comment without an end"), e);
	s->p += 2;
	buf_char(s->out, ' ');
	return 0;
}

/* `${NAME}` in double quotes, to its brace */
static int
scan_variable(struct scan *s, struct err *e)
{
	while (s->p < s->end && *s->p != '}') {
		if (*s->p == '"' || *s->p == '\n')
			break;
		scan_take(s);
	}
	if (s->p == s->end || *s->p != '}')
		return scan_fail(s, s->line,
			N_("\"${\" without its brace: templates and patterns stand in single "
			   "quotes"),
			e);
	scan_take(s);
	return 0;
}

static int
scan_quoted(struct scan *s, struct err *e)
{
	const unsigned began = s->line;
	const char quote = *s->p;

	if (s->after_quoted)
		buf_char(s->out, ',');
	scan_take(s);
	for (;;) {
		scan_plain(s, quote);
		if (s->p == s->end || *s->p == quote)
			break;
		if (quote == '"' && scan_sees(s, "${")) {
			if (scan_variable(s, e) < 0)
				return -1;
			continue;
		}
		if (*s->p == '\\' && s->end - s->p > 1) {
			if (quote == '"' && (isdigit((unsigned char)s->p[1]) || s->p[1] == 'x'))
				return scan_fail(s, s->line,
					N_("numeric escape in double quotes: write it in single "
					   "quotes"),
					e);
			scan_take(s);
		}
		scan_take(s);
	}
	if (s->p == s->end)
		return scan_fail(s, began, N_("quoted text without an end"), e);
	scan_take(s);
	s->after_quoted = true;
	return 0;
}

/* One token or blank; IN_WORD says that an unquoted word goes on. */
static int
scan_next(struct scan *s, bool in_word, struct err *e)
{
	if (*s->p == '#' || (!in_word && scan_sees(s, "//"))) {
		scan_line_comment(s);
		return 0;
	}
	if (!in_word && scan_sees(s, "/*"))
		return scan_block_comment(s, e);
	if (!in_word && scan_sees(s, "${"))
		return scan_fail(s, s->line, N_("\"${…}\" stands only in double quotes"), e);
	if (*s->p == '"' || *s->p == '\'')
		return scan_quoted(s, e);
	if (*s->p == '{' && s->depth++ == 0)
		s->opened = s->line;
	else if (*s->p == '}' && s->depth > 0)
		s->depth--;
	if (!isspace((unsigned char)*s->p))
		s->after_quoted = false;
	scan_take(s);
	return 0;
}

static bool
ends_word(char c)
{
	switch (c) {
	case ' ':
	case '\t':
	case '\n':
	case '\r':
	case '#':
	case '"':
	case '\'':
	case '=':
	case '{':
	case '}':
	case '(':
	case ')':
	case '+':
	case ',':
	case '*':
	case '\0':
		return true;
	default:
		return false;
	}
}

int
conf_text_prepare(const char *file, const char *text, size_t len, struct buf *out, struct err *e)
{
	struct scan s = { .file = file, .p = text, .end = text + len, .line = 1, .out = out };
	const char *nul = memchr(text, '\0', len);

	if (nul)
		s.end = nul;
	while (s.p < s.end) {
		const char last = out->len > 0 ? out->p[out->len - 1] : ' ';

		if (scan_next(&s, !ends_word(last), e) < 0)
			return -1;
	}
	if (nul)
		return scan_fail(&s, s.line, N_("NUL byte in a configuration file"), e);
	if (s.depth > 0)
		return scan_fail(&s, s.opened, N_("brace without its end"), e);
	buf_char(out, '\n');
	return out->failed ? err_memory(e) : 0;
}
