/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/bytes.h"
#include "store/signs.h"
#include "base/file/wipe.h"

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

/* --- showing ---------------------------------------------------------------------------------- */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* How much of TEXT stands at the beginning of S. */
static size_t
common(struct span s, struct span text)
{
	size_t n = 0;

	while (n < s.len && n < text.len && bytes_lower(s.p[n]) == bytes_lower(text.p[n]))
		n++;
	return n;
}

static bool
stands_within(struct span s, struct span text)
{
	for (size_t i = 0; i + text.len <= s.len; i++)
		if (common(span_from(s, i), text) == text.len)
			return true;
	return text.len == 0;
}

static bool
begins(struct span s, struct span text)
{
	const struct span value = span_trim(s);
	const size_t n = common(value, text);

	return n == text.len || (n < value.len && (unsigned char)value.p[n] >= 0x80);
}

/* Do the digits of S, whatever stands between them, begin with TEXT? */
static bool
digits_begin(struct span s, const char *text)
{
	for (size_t i = 0; *text && i < s.len; i++) {
		if (!is_digit(s.p[i]))
			continue;
		if (s.p[i] != *text)
			return false;
		text++;
	}
	return !*text;
}

static bool
has_digits(struct span s, const char *text)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] == *text && digits_begin(span_from(s, i), text))
			return true;
	return false;
}

bool
sign_shows(const struct sign *s, struct span value)
{
	const struct span text = span_str(s->text);
	struct span a, b;

	switch (s->kind) {
	case SIGN_EQUAL:
		a = span_trim(value);
		b = span_trim(text);
		return a.len == b.len && common(a, b) == b.len;
	case SIGN_WITHIN:
		return stands_within(value, text);
	case SIGN_BEGINS:
		return begins(value, text);
	case SIGN_DIGITS:
		return has_digits(value, s->text);
	case SIGN_BEYOND:
		break;
	}
	return !span_is_ascii(value);
}

/* --- parts ------------------------------------------------------------------------------------ */

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
