/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Who else is in the finds: identifiers that came over a path which leaves the person's own key, and what
 * stands in the fields that stores declare as people's (`subject "KIND" { field = … }`) and is not hers.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf/conf.h"
#include "dsar/subject/identifier.h"
#include "dsar/register/registry.h"
#include "dsar/review/review.h"

struct gathering {
	const struct conf *conf;
	struct known *known;
};

void
known_release(struct known *k)
{
	for (size_t i = 0; i < k->n_other; i++) {
		explicit_bzero((char *)k->other[i].value.p, k->other[i].value.len);
		free((char *)k->other[i].value.p);
	}
	free(k->other);
	free(k->own);
	subject_release(&k->subject);
	*k = (struct known){ 0 };
}

/* --- whose is it ------------------------------------------------------------------------------ */

static bool
folds_alike(const char *kind, struct span a, struct span b)
{
	const enum identifier_class class = identifier_class(kind);
	struct buf x, y;
	bool alike;

	buf_init(&x, IDENTIFIER_MAX * 4);
	buf_init(&y, IDENTIFIER_MAX * 4);
	alike = identifier_fold_class(class, a, &x) == 0 &&
		identifier_fold_class(class, b, &y) == 0 &&
		span_eq(span_of(x.p, x.len), span_of(y.p, y.len));
	buf_wipe(&x);
	buf_wipe(&y);
	return alike;
}

/* As it was given, or in any spelling of its kind. */
static bool
is_own(const struct known *k, const char *kind, struct span value)
{
	for (size_t i = 0; i < k->n_own; i++)
		if (span_eq(k->own[i].value, value) || folds_alike(kind, k->own[i].value, value))
			return true;
	return false;
}

static int
other_add(struct known *k, const char *kind, struct span value, struct err *e)
{
	char *copy;

	if (value.len == 0 || value.len > IDENTIFIER_MAX || is_own(k, kind, value))
		return 0;
	for (size_t i = 0; i < k->n_other; i++)
		if (span_eq(k->other[i].value, value))
			return 0;
	if (k->n_other == k->max_other) {
		const size_t max = k->max_other ? 2 * k->max_other : 32;
		struct known_value *v = reallocarray(k->other, max, sizeof(*v));

		if (!v)
			return err_memory(e);
		k->other = v;
		k->max_other = max;
	}
	copy = malloc(value.len);
	if (!copy)
		return err_memory(e);
	memcpy(copy, value.p, value.len);
	k->other[k->n_other++] = (struct known_value){ kind, span_of(copy, value.len) };
	return 0;
}

/* --- fields ----------------------------------------------------------------------------------- */

/* Rows (store/row.h) are "column=value" between tabs, up to a line end. */
static struct span
row_field(struct span text, const char *name)
{
	const size_t n = strlen(name);

	while (text.len > n) {
		const char *end = memchr(text.p, '\t', text.len);
		const size_t len = end ? (size_t)(end - text.p) : text.len;

		if (len > n && memcmp(text.p, name, n) == 0 && text.p[n] == '=') {
			struct span value = span_of(text.p + n + 1, len - n - 1);

			while (value.len > 0 && value.p[value.len - 1] == '\n')
				value.len--;
			return value;
		}
		text = span_from(text, len + (end != NULL));
	}
	return SPAN_NONE;
}

/* A member of that name, however deep; "." in names leads down. */
static int
json_fields(struct known *k, const char *kind, const json_t *json, const char *last, struct err *e)
{
	const char *name;
	json_t *value;
	size_t i;

	if (json_is_array(json)) {
		json_array_foreach(
			json, i, value) if (json_fields(k, kind, value, last, e) < 0) return -1;
		return 0;
	}
	json_object_foreach((json_t *)json, name, value)
	{
		if (json_is_string(value) && strcmp(name, last) == 0 &&
			other_add(k, kind,
				span_of(json_string_value(value), json_string_length(value)),
				e) < 0)
			return -1;
		if (!json_is_string(value) && json_fields(k, kind, value, last, e) < 0)
			return -1;
	}
	return 0;
}

/* <name …>value</name>, or name="value"; as it is written. */
static int
xml_fields(struct known *k, const char *kind, struct span text, const char *last, struct err *e)
{
	const size_t n = strlen(last);
	const char *at = text.p;
	const char *end = text.p + text.len;

	while (at && at < end && (at = memmem(at, (size_t)(end - at), last, n))) {
		const bool element = at > text.p && at[-1] == '<';
		const char *p = at + n, *from = NULL, *to = NULL;

		if (element && p < end) {
			from = memchr(p, '>', (size_t)(end - p));
			to = from ? memchr(from, '<', (size_t)(end - from)) : NULL;
		} else if (p + 1 < end && p[0] == '=' && (p[1] == '"' || p[1] == '\'')) {
			from = p + 1;
			to = memchr(p + 2, p[1], (size_t)(end - p - 2));
		}
		if (from && to &&
			other_add(k, kind, span_of(from + 1, (size_t)(to - from) - 1), e) < 0)
			return -1;
		at = p;
	}
	return 0;
}

static int
field_gather(struct known *k, const struct conf_subject *s, const struct find *f,
	enum blacken_form form, const json_t *json, struct err *e)
{
	const char *dot = strrchr(s->field, '.'), *last = dot ? dot + 1 : s->field;
	struct span value;

	if (json)
		return json_fields(k, s->kind, json, last, e);
	if (form == BLACKEN_XML)
		return xml_fields(k, s->kind, f->text, last, e);
	value = row_field(f->text, s->field);
	return value.p ? other_add(k, s->kind, value, e) : 0;
}

static int
see_find(void *ctx, const struct find *f, struct err *e)
{
	struct gathering *g = ctx;
	const struct conf_store *s = conf_find_store(g->conf, f->store);
	const enum blacken_form form = f->text.p ? blacken_form_of(f->text) : BLACKEN_TEXT;
	json_t *json = NULL;
	int rc = 0;

	if (!s || !f->text.p)
		return 0;
	if (form == BLACKEN_JSON)
		json = json_loadb(f->text.p, f->text.len, JSON_ALLOW_NUL, NULL);
	for (size_t i = 0; i < s->n_subjects && rc == 0; i++)
		if (!s->subject[i].pseudonym)
			rc = field_gather(g->known, &s->subject[i], f, form, json, e);
	json_decref(json);
	return rc;
}

/* --- both ------------------------------------------------------------------------------------- */

static int
identifiers_sort(struct known *k, struct err *e)
{
	k->own = calloc(k->subject.n + 1, sizeof(*k->own));
	if (!k->own)
		return err_memory(e);
	for (size_t i = 0; i < k->subject.n; i++) {
		const struct identifier *id = &k->subject.v[i];

		if ((id->own || id->confirmed) && identifier_class(id->kind) != IDENTIFIER_PATTERN)
			k->own[k->n_own++] = (struct known_value){ id->kind, id->value };
	}
	for (size_t i = 0; i < k->subject.n; i++) {
		const struct identifier *id = &k->subject.v[i];

		if (!id->own && !id->confirmed && other_add(k, id->kind, id->value, e) < 0)
			return -1;
	}
	return 0;
}

int
known_read(const struct conf *c, struct registry *r, const char *number, struct known *ret,
	struct err *e)
{
	struct gathering g = { c, ret };

	*ret = (struct known){ 0 };
	if (subject_read(r, number, &ret->subject, e) < 0 || identifiers_sort(ret, e) < 0 ||
		finds_each(r, number, NULL, see_find, &g, e) < 0) {
		known_release(ret);
		return -1;
	}
	ret->blacken = (struct blacken_known){ ret->own, ret->n_own, ret->other, ret->n_other };
	return 0;
}
