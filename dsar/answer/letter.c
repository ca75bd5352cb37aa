/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/answer/letter.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/file/wipe.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
/* U+2068, first strong isolate, and U+2069, its end: not as texts, which would turn this file's own lines */
static const char isolate[] = { (char)0xe2, (char)0x81, (char)0xa8, 0 };
static const char isolate_end[] = { (char)0xe2, (char)0x81, (char)0xa9, 0 };

void
letter_init(struct letter *l, const char *lang, int64_t day_us)
{
	*l = (struct letter){ .day_us = day_us };
	(void)snprintf(l->lang, sizeof(l->lang), "%s", lang);
}

void
letter_release(struct letter *l)
{
	for (size_t i = 0; i < l->n; i++)
		wipe_text(l->v[i].text);
	free(l->v);
	*l = (struct letter){ 0 };
}

static bool
is_isolate(struct span s)
{
	return span_starts(s, span_str(isolate)) || span_starts(s, span_str(isolate_end));
}

/* TEXT as it may stand in a letter; our own isolates stay. */
static void
clean(struct buf *out, struct span text, bool lines, bool isolates)
{
	while (text.len > 0) {
		const size_t n = utf8_length(text);

		if (n > 0 && ((lines && text.p[0] == '\n') || (isolates && is_isolate(text)) ||
				     !utf8_is_control(text)))
			buf_put(out, text.p, n);
		else if (text.p[0] == '\t' || text.p[0] == '\n')
			buf_char(out, ' ');
		else
			buf_str(out, REPLACEMENT);
		text = span_from(text, n > 0 ? n : 1);
	}
}

static bool
is_rtl(gunichar c)
{
	switch (g_unichar_get_script(c)) {
	case G_UNICODE_SCRIPT_HEBREW:
	case G_UNICODE_SCRIPT_ARABIC:
	case G_UNICODE_SCRIPT_SYRIAC:
	case G_UNICODE_SCRIPT_THAANA:
	case G_UNICODE_SCRIPT_NKO:
		return true;
	default:
		return false;
	}
}

static bool
has_rtl(struct span s)
{
	while (s.len > 0) {
		const size_t n = utf8_length(s);

		if (n > 1 && is_rtl(g_utf8_get_char(s.p)))
			return true;
		s = span_from(s, n > 0 ? n : 1);
	}
	return false;
}

void
letter_quote(struct buf *out, struct span s)
{
	const bool rtl = has_rtl(s);

	if (rtl)
		buf_str(out, isolate);
	clean(out, s, true, false);
	if (rtl)
		buf_str(out, isolate_end);
}

int
letter_add(struct letter *l, enum letter_part part, struct span text, struct err *e)
{
	struct buf b;

	if (l->n == l->max) {
		const size_t max = l->max ? 2 * l->max : 32;
		struct letter_block *v = reallocarray(l->v, max, sizeof(*v));

		if (!v)
			return err_memory(e);
		l->v = v;
		l->max = max;
	}
	buf_init(&b, LETTER_MAX);
	clean(&b, text, part == LETTER_ADDRESS, true);
	buf_char(&b, '\0');
	if (b.failed) {
		buf_wipe(&b);
		return err_memory(e);
	}
	l->v[l->n++] = (struct letter_block){ .part = part, .text = b.p };
	return 0;
}

int
letter_add_bar(struct letter *l, struct span text, double share, struct err *e)
{
	if (letter_add(l, LETTER_BAR, text, e) < 0)
		return -1;
	l->v[l->n - 1].share = share;
	return 0;
}

const char *
letter_title(const struct letter *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].part == LETTER_TITLE)
			return l->v[i].text;
	return "";
}
