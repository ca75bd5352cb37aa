/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/review/blacken.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "dsar/review/blacken-private.h"

/* --- covers ----------------------------------------------------------------------------------- */

void
covers_release(struct covers *c)
{
	free(c->v);
	*c = (struct covers){ 0 };
}

int
covers_add(struct covers *c, size_t begin, size_t end, const char *why, struct err *e)
{
	struct cover *to;

	if (begin >= end || end > BLACKEN_TEXT_MAX)
		return 0;
	if (c->n == c->max) {
		const size_t max = c->max ? 2 * c->max : 16;
		struct cover *v = reallocarray(c->v, max, sizeof(*v));

		if (!v)
			return err_memory(e);
		c->v = v;
		c->max = max;
	}
	to = &c->v[c->n++];
	*to = (struct cover){ .begin = (uint32_t)begin, .end = (uint32_t)end };
	(void)snprintf(to->why, sizeof(to->why), "%s", why);
	return 0;
}

static int
by_begin(const void *a, const void *b)
{
	const struct cover *x = a, *y = b;

	return x->begin != y->begin ? (x->begin > y->begin) - (x->begin < y->begin)
				    : (x->end < y->end) - (x->end > y->end);
}

void
covers_settle(struct covers *c)
{
	size_t n = 0;

	if (c->n > 1)
		qsort(c->v, c->n, sizeof(c->v[0]), by_begin);
	for (size_t i = 0; i < c->n; i++) {
		if (n > 0 && c->v[i].begin < c->v[n - 1].end) {
			if (c->v[i].end > c->v[n - 1].end)
				c->v[n - 1].end = c->v[i].end;
		} else
			c->v[n++] = c->v[i];
	}
	c->n = n;
}

/* --- form ------------------------------------------------------------------------------------- */

static struct span
without_blanks(struct span s)
{
	while (s.len > 0 && strchr(" \t\r\n", s.p[0]) && s.p[0])
		s = span_from(s, 1);
	return s;
}

static bool
is_json(struct span s)
{
	json_t *json;

	if (s.len == 0 || (s.p[0] != '{' && s.p[0] != '['))
		return false;
	json = json_loadb(s.p, s.len, JSON_ALLOW_NUL, NULL);
	json_decref(json);
	return json != NULL;
}

static bool
begins_tag(char c)
{
	return c == '?' || c == '!' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A tag at both ends: a syslog line begins with "<34>". */
static bool
is_xml(struct span s)
{
	while (s.len > 0 && strchr(" \t\r\n", s.p[s.len - 1]) && s.p[s.len - 1])
		s.len--;
	return s.len > 2 && s.p[0] == '<' && begins_tag(s.p[1]) && s.p[s.len - 1] == '>';
}

enum blacken_form
blacken_form_of(struct span text)
{
	const struct span s = without_blanks(text);

	return is_json(s) ? BLACKEN_JSON : is_xml(s) ? BLACKEN_XML : BLACKEN_TEXT;
}

/* --- what is left ----------------------------------------------------------------------------- */

struct applying {
	struct span text;
	enum blacken_form form;
	const struct covers *covers;
	size_t next; /* the first cover that ends behind what was written */
	size_t at;   /* text before this is written */
	struct buf *out;
};

static void
write_mark(struct applying *a, bool bare)
{
	buf_str(a->out, bare ? "\"" BLACKEN_MARK "\"" : BLACKEN_MARK);
}

/* Bytes of what S begins with: an escape is whole or gone, or the form would not be valid. */
static size_t
step(struct span s, enum blacken_form form)
{
	const char *end;

	if (form == BLACKEN_JSON && s.p[0] == '\\')
		return s.len > 5 && s.p[1] == 'u' ? 6 : 2;
	if (form == BLACKEN_CSV && s.p[0] == '"')
		return 2;
	if (form != BLACKEN_XML || s.p[0] != '&')
		return 1;
	end = memchr(s.p, ';', s.len < 12 ? s.len : 12);
	return end ? (size_t)(end - s.p) + 1 : 1;
}

/* Makes *BEGIN and *END, which lie in L, ends of whole characters. */
static void
snap(const struct applying *a, const struct leaf *l, size_t *begin, size_t *end)
{
	size_t at = l->begin, last = l->begin;

	if (a->form == BLACKEN_TEXT)
		return;
	while (at < *end) {
		if (at <= *begin)
			last = at;
		at += step(span_of(a->text.p + at, l->end - at), a->form);
	}
	*begin = last;
	*end = at < l->end ? at : l->end;
}

static int
leaf_apply(void *ctx, const struct leaf *l, struct err *e)
{
	struct applying *a = ctx;

	(void)e;
	while (a->next < a->covers->n && a->covers->v[a->next].end <= l->begin)
		a->next++;
	for (; a->next < a->covers->n && a->covers->v[a->next].begin < l->end; a->next++) {
		const struct cover *c = &a->covers->v[a->next];
		size_t begin = l->bare || c->begin < l->begin ? l->begin : c->begin;
		size_t end = l->bare || c->end > l->end ? l->end : c->end;

		snap(a, l, &begin, &end);
		if (begin >= a->at) {
			buf_put(a->out, a->text.p + a->at, begin - a->at);
			write_mark(a, l->bare);
		}
		a->at = end > a->at ? end : a->at;
		if (c->end > l->end)
			break; /* the next leaf is under it, too */
	}
	return 0;
}

int
blacken_apply(struct span text, enum blacken_form form, const struct covers *covers,
	struct buf *out, struct err *e)
{
	struct applying a = { .text = text, .form = form, .covers = covers, .out = out };

	if (leaves_each(text, form, leaf_apply, &a, e) < 0)
		return -1;
	buf_put(out, text.p + a.at, text.len - a.at);
	return out->failed ? err_memory(e) : 0;
}
