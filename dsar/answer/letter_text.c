/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <glib.h>
#include <string.h>

#include "dsar/answer/letter.h"

#define COLUMNS 72

/* Columns on a terminal of the N bytes at P. */
static size_t
width_of(const char *p, size_t n)
{
	size_t width = 0;

	for (const char *end = p + n; p < end; p = g_utf8_next_char(p)) {
		const gunichar c = g_utf8_get_char(p);

		width += g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
	}
	return width;
}

/* TEXT in lines, the first after FIRST, the others after INDENT; a word longer than a line stays whole. */
static void
put_wrapped(struct buf *out, const char *text, const char *first, const char *indent)
{
	size_t column = strlen(first);
	bool begins = true;

	buf_str(out, first);
	while (*text) {
		const size_t n = strcspn(text, " "), width = width_of(text, n);

		if (n > 0 && !begins && column + 1 + width > COLUMNS) {
			buf_char(out, '\n');
			buf_str(out, indent);
			column = strlen(indent);
			begins = true;
		}
		if (n > 0 && !begins) {
			buf_char(out, ' ');
			column++;
		}
		buf_put(out, text, n);
		column += width;
		begins = begins && n == 0;
		text += n + (text[n] == ' ');
	}
	buf_char(out, '\n');
}

static void
put_underlined(struct buf *out, const char *text, char line)
{
	size_t n = width_of(text, strlen(text));

	buf_str(out, text);
	buf_char(out, '\n');
	for (n = n < COLUMNS ? n : COLUMNS; n > 0; n--)
		buf_char(out, line);
	buf_char(out, '\n');
}

int
letter_text(const struct letter *l, struct buf *out, struct err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct letter_block *b = &l->v[i];
		const bool list_goes_on = i > 0 && b->part == LETTER_ITEM &&
					  l->v[i - 1].part == LETTER_ITEM;

		if (i > 0 && !list_goes_on)
			buf_char(out, '\n');
		switch (b->part) {
		case LETTER_TITLE:
			put_underlined(out, b->text, '=');
			break;
		case LETTER_HEADING:
			put_underlined(out, b->text, '-');
			break;
		case LETTER_ADDRESS:
			buf_str(out, b->text);
			buf_char(out, '\n');
			break;
		case LETTER_TEXT:
			put_wrapped(out, b->text, "", "");
			break;
		case LETTER_ITEM:
		case LETTER_BAR:
			put_wrapped(out, b->text, "- ", "  ");
			break;
		}
	}
	return out->failed ? err_memory(e) : 0;
}
