/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "base/print/html.h"
#include "dsar/answer/letter.h"

static void
put_address(FILE *f, const char *text)
{
	fputs("<p dir=\"auto\">", f);
	for (; *text; text++) {
		const char one[2] = { *text, 0 };

		if (*text == '\n')
			fputs("<br>\n", f);
		else
			html_text(f, one);
	}
	fputs("</p>\n", f);
}

static void
put_within(FILE *f, const char *element, const char *text)
{
	fprintf(f, "<%s dir=\"auto\">", element);
	html_text(f, text);
	fprintf(f, "</%s>\n", element);
}

static void
put_block(FILE *f, const struct letter_block *b)
{
	switch (b->part) {
	case LETTER_TITLE: /* is the page's */
		break;
	case LETTER_ADDRESS:
		put_address(f, b->text);
		break;
	case LETTER_HEADING:
		put_within(f, "h2", b->text);
		break;
	case LETTER_TEXT:
		put_within(f, "p", b->text);
		break;
	case LETTER_ITEM:
	case LETTER_BAR:
		put_within(f, "li", b->text);
		break;
	}
}

static bool
is_item(enum letter_part p)
{
	return p == LETTER_ITEM || p == LETTER_BAR;
}

int
letter_html(const struct letter *l, struct buf *out, struct err *e)
{
	char *page = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&page, &len);

	if (!f)
		return err_memory(e);
	html_begin(f, l->lang, letter_title(l));
	for (size_t i = 0; i < l->n; i++) {
		const bool item = is_item(l->v[i].part);

		if (item && (i == 0 || !is_item(l->v[i - 1].part)))
			fputs("<ul>\n", f);
		put_block(f, &l->v[i]);
		if (item && (i + 1 == l->n || !is_item(l->v[i + 1].part)))
			fputs("</ul>\n", f);
	}
	html_end(f);
	if (fclose(f) != 0) {
		free(page);
		return err_memory(e);
	}
	buf_put(out, page, len);
	explicit_bzero(page, len);
	free(page);
	return out->failed ? err_memory(e) : 0;
}
