/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "record/claim-private.h"

#define TERMS_MAX      1024 /* different ones, of all stores' lists */
#define FIELD_NAME_MAX 64

static struct span
trim(struct span s)
{
	while (s.len > 0 && s.p[0] == ' ')
		s = span_from(s, 1);
	while (s.len > 0 && s.p[s.len - 1] == ' ')
		s.len--;
	return s;
}

/* systemd.journal-fields(7): one of another kind no entry has. */
static bool
is_field(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!(name.p[i] >= 'A' && name.p[i] <= 'Z') && name.p[i] != '_' &&
			!(i > 0 && name.p[i] >= '0' && name.p[i] <= '9'))
			return false;
	return name.len > 0 && name.len <= FIELD_NAME_MAX;
}

static bool
term_read(struct span text, struct term *ret)
{
	const char *eq;
	bool negated;

	text = trim(text);
	negated = text.len > 0 && text.p[0] == '!';
	text = span_from(text, negated);
	eq = text.len > 0 ? memchr(text.p, '=', text.len) : NULL;
	if (!eq || !is_field(span_of(text.p, (size_t)(eq - text.p))))
		return false;
	*ret = (struct term){ .field = span_of(text.p, (size_t)(eq - text.p)),
		.value = span_from(text, (size_t)(eq - text.p) + 1),
		.negated = negated };
	if (ret->value.len > 0 && ret->value.p[ret->value.len - 1] == '*') {
		ret->prefix = true;
		ret->value.len--;
	}
	return true;
}

/* Splits off the first term of "A=x + B=y". */
static struct span
take_term(struct span *rest)
{
	const char *plus = rest->len >= 3 ? memmem(rest->p, rest->len, " + ", 3) : NULL;
	struct span s = *rest;

	if (!plus) {
		*rest = SPAN_NONE;
		return s;
	}
	s.len = (size_t)(plus - s.p);
	*rest = span_from(*rest, s.len + 3);
	return s;
}

static int
term_compare(const void *a, const void *b)
{
	const struct term *x = a, *y = b;
	size_t n = x->field.len < y->field.len ? x->field.len : y->field.len;
	int c = memcmp(x->field.p, y->field.p, n);

	return c != 0 ? c : (x->field.len > y->field.len) - (x->field.len < y->field.len);
}

/* First pass: all terms, in a row. Equal ones of several claims are kept each; they are few. */
static int
terms_read(struct claims *cl, const struct conf *c, const char *naming, struct err *e)
{
	const size_t max = TERMS_MAX + (naming ? c->n_stores : 0);

	cl->term = calloc(max + c->n_stores + 1, sizeof(*cl->term));
	if (!cl->term)
		return err_memory(e);
	for (size_t i = 0; i < c->n_stores; i++) {
		const struct conf_store *s = &c->store[i];

		if (naming)
			cl->term[cl->n_terms++] = (struct term){ .field = span_str(naming),
				.value = span_str(s->name) };
		for (size_t k = 0; k < s->journal.n; k++, cl->n_claims++) {
			struct span rest = span_str(s->journal.v[k]);

			do {
				if (cl->n_terms == max ||
					!term_read(take_term(&rest), &cl->term[cl->n_terms]))
					return conf_fail(e, &s->where, N_("bad journal claim"),
						N_("write \"FIELD=VALUE\", or several with \" + \" "
						   "between; \"!\" before one that it must not have"),
						"store \"%s\"", s->name);
				cl->n_terms++;
			} while (rest.p);
		}
	}
	qsort(cl->term, cl->n_terms, sizeof(*cl->term), term_compare);
	return 0;
}

static int
groups_make(struct claims *cl, struct err *e)
{
	cl->group = calloc(cl->n_terms + 1, sizeof(*cl->group));
	if (!cl->group)
		return err_memory(e);
	for (size_t i = 0; i < cl->n_terms; i++) {
		if (i == 0 || term_compare(&cl->term[i], &cl->term[i - 1]) != 0)
			cl->group[cl->n_groups++] = (struct group){ .field = cl->term[i].field,
				.from = i };
		cl->group[cl->n_groups - 1].to = i + 1;
	}
	return 0;
}

static struct term *
term_find(struct claims *cl, const struct term *t)
{
	for (size_t i = 0; i < cl->n_terms; i++)
		if (cl->term[i].value.p == t->value.p)
			return &cl->term[i];
	return NULL;
}

static int
claim_compare(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;

	if (x->names != y->names)
		return x->names ? -1 : 1;
	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	return x->store < y->store ? -1 : x->store > y->store;
}

static int
claims_read(struct claims *cl, const struct conf *c, const char *naming, struct err *e)
{
	size_t n = 0;

	cl->n_claims += naming ? c->n_stores : 0;
	cl->claim = calloc(cl->n_claims + 1, sizeof(*cl->claim));
	if (!cl->claim)
		return err_memory(e);
	for (size_t i = 0; i < c->n_stores; i++) {
		const struct term own = { .value = span_str(c->store[i].name) };

		if (naming) {
			cl->claim[n] = (struct claim){ .store = &c->store[i],
				.names = true,
				.n = 1,
				.term = { term_find(cl, &own) } };
			n++;
		}
		for (size_t k = 0; k < c->store[i].journal.n; k++, n++) {
			struct span rest = span_str(c->store[i].journal.v[k]);
			struct claim *m = &cl->claim[n];
			struct term t;

			m->store = &c->store[i];
			do {
				if (m->n == CLAIM_TERMS || !term_read(take_term(&rest), &t))
					return conf_fail(e, &m->store->where,
						N_("journal claim has too many terms"), NULL,
						"store \"%s\"", m->store->name);
				m->term[m->n++] = term_find(cl, &t);
			} while (rest.p);
		}
	}
	qsort(cl->claim, cl->n_claims, sizeof(*cl->claim), claim_compare);
	return 0;
}

int
claims_new(const struct conf *c, const char *naming, struct claims **ret, struct err *e)
{
	CLEANUP(claims_freep) struct claims *cl = calloc(1, sizeof(*cl));

	if (!cl)
		return err_memory(e);
	if (terms_read(cl, c, naming, e) < 0 || groups_make(cl, e) < 0 ||
		claims_read(cl, c, naming, e) < 0)
		return -1;
	cl->rest = conf_find_store(c, "journal-rest");
	cl->none = claims_store(cl);
	*ret = TAKE(cl);
	return 0;
}

struct claims *
claims_free(struct claims *cl)
{
	if (!cl)
		return NULL;
	free(cl->term);
	free(cl->group);
	free(cl->claim);
	claim_sets_free(cl->sets);
	free(cl);
	return NULL;
}

void
claims_begin(struct claims *cl)
{
	for (size_t i = 0; i < cl->n_terms; i++)
		cl->term[i].seen = false;
}

bool
claims_see(struct claims *cl, struct span data)
{
	bool any = false;

	for (size_t g = 0; g < cl->n_groups; g++) {
		const struct group *gr = &cl->group[g];
		struct span value;

		if (data.len <= gr->field.len || data.p[gr->field.len] != '=' ||
			memcmp(data.p, gr->field.p, gr->field.len) != 0)
			continue;
		value = span_from(data, gr->field.len + 1);
		for (size_t i = gr->from; i < gr->to; i++) {
			struct term *t = &cl->term[i];

			if (t->prefix ? span_starts(value, t->value) : span_eq(value, t->value))
				any = t->seen = true;
		}
		break;
	}
	return any;
}

const struct conf_store *
claims_store(const struct claims *cl)
{
	for (size_t i = 0; i < cl->n_claims; i++) {
		unsigned k = 0;

		while (k < cl->claim[i].n &&
			cl->claim[i].term[k]->seen != cl->claim[i].term[k]->negated)
			k++;
		if (k == cl->claim[i].n)
			return cl->claim[i].store;
	}
	return cl->rest;
}
