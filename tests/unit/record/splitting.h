/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A split written as text: literals as they stand, fields as {name=value}. "no match" and "limit"
 * stand for themselves, so that a case is one line and one expected text.
 */
#pragma once
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "record/format/format.h"
#include "tests/fuzz/pieces.h"

struct splitting {
	struct conf conf;
	struct conf_format decl;
	struct formats *formats;
	struct format *format;
	struct buf text;
};

static inline int
splitting_try(struct splitting *s, struct conf_format decl, struct err *e)
{
	memset(s, 0, sizeof(*s));
	s->decl = decl;
	if (!s->decl.name)
		s->decl.name = "test";
	s->decl.where = (struct conf_place){ "test.conf", 7 };
	s->conf.format = &s->decl;
	s->conf.n_formats = 1;
	buf_init(&s->text, 1 << 20);
	ck_assert_int_eq(formats_new(&s->conf, &s->formats, e), 0);
	return formats_get(s->formats, s->decl.name, &s->format, e);
}

static inline void
splitting_init(struct splitting *s, struct conf_format decl)
{
	struct err e;

	if (splitting_try(s, decl, &e) < 0)
		ck_abort_msg("%s: %s", e.what, e.where);
}

static inline void
splitting_release(struct splitting *s)
{
	formats_free(s->formats);
	buf_release(&s->text);
}

static inline const char *
splitting_text(struct splitting *s, const struct split *sp)
{
	buf_clear(&s->text);
	for (unsigned i = 0; i < sp->n; i++) {
		const struct piece *p = &sp->piece[i];

		if (p->field >= 0)
			buf_printf(&s->text, "{%s=%.*s}",
				format_field(s->format, (unsigned)p->field)->name, (int)p->len,
				p->p);
		else
			buf_put(&s->text, p->p, p->len);
	}
	buf_char(&s->text, '\0');
	return s->text.p;
}

static inline const char *
splitting_of(struct splitting *s, const char *line)
{
	struct split sp;

	switch (format_split(s->format, span_str(line), &sp)) {
	case FORMAT_OK:
		pieces_spell_out(span_str(line), &sp);
		return splitting_text(s, &sp);
	case FORMAT_LIMIT:
		return "limit";
	default:
		return "no match";
	}
}
