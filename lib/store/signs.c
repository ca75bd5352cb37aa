/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/signs.h"
#include "base/wipe.h"

#include <stdlib.h>
#include <string.h>

static bool
is_there(const struct signs *s, enum sign_kind kind, const char *field, struct span text)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct sign *one = &s->v[i];

		if (one->kind == kind && strcmp(one->field, field) == 0 &&
			(!one->text || (strlen(one->text) == text.len &&
					       strncmp(one->text, text.p, text.len) == 0)))
			return true;
	}
	return false;
}

int
signs_add(struct signs *s, enum sign_kind kind, const char *field, struct span text, struct err *e)
{
	struct sign one = { .kind = kind, .field = field };

	if (is_there(s, kind, field, text))
		return 0;
	if (s->n == s->max) {
		const size_t max = s->max ? 2 * s->max : 32;
		struct sign *v = reallocarray(s->v, max, sizeof(*v));

		if (!v)
			return err_memory(e);
		s->v = v;
		s->max = max;
	}
	if (text.p) {
		one.text = strndup(text.p, text.len);
		if (!one.text)
			return err_memory(e);
	}
	s->v[s->n++] = one;
	return 0;
}

void
signs_release(struct signs *s)
{
	for (size_t i = 0; i < s->n; i++)
		wipe_text(s->v[i].text);
	free(s->v);
	*s = (struct signs){ 0 };
}

/* Quotes and backslashes would have to be written in another way in a list. */
struct span
sign_part(struct span text)
{
	struct span best = SPAN("");
	size_t from = 0;

	for (size_t i = 0; i <= text.len; i++) {
		const char c = i < text.len ? text.p[i] : '"';

		if (c >= ' ' && c <= '~' && c != '"' && c != '\\')
			continue;
		if (i - from > best.len)
			best = span_of(text.p + from, i - from);
		from = i + 1;
	}
	return best;
}
