/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/conf/conf-private.h"

static const struct conf_set *
set_find(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->n_sets; i++)
		if (strcmp(c->set[i].name, name) == 0)
			return &c->set[i];
	return NULL;
}

static bool
names_a_set(const struct conf_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i][0] == '@')
			return true;
	return false;
}

/* How many texts L has once each "@NAME" has made room for its set. */
static int
count(const struct conf *c, const struct conf_list *l, const struct conf_place *at, size_t *ret,
	struct err *e)
{
	*ret = 0;
	for (size_t i = 0; i < l->n; i++) {
		const struct conf_set *set;

		if (l->v[i][0] != '@') {
			++*ret;
			continue;
		}
		set = set_find(c, l->v[i] + 1);
		if (!set)
			return conf_fail(e, at, N_("no such list"),
				N_("declare it, or mend its name"), "\"%s\"", l->v[i] + 1);
		*ret += set->values.n;
	}
	return 0;
}

static int
expand(struct conf_draft *d, struct conf_list *l, const struct conf_place *at, struct err *e)
{
	struct conf_list all = { 0 };
	size_t n;

	if (!names_a_set(l))
		return 0;
	if (count(&d->conf, l, at, &n, e) < 0)
		return -1;
	all.v = conf_alloc(d, (n + 1) * sizeof(all.v[0]));
	if (!all.v)
		return err_memory(e);
	for (size_t i = 0; i < l->n; i++) {
		const struct conf_set *set;

		if (l->v[i][0] != '@') {
			all.v[all.n++] = l->v[i];
			continue;
		}
		set = set_find(&d->conf, l->v[i] + 1);
		for (size_t k = 0; k < set->values.n; k++)
			all.v[all.n++] = set->values.v[k];
	}
	*l = all;
	return 0;
}

int
conf_sets_expand(struct conf_draft *d, struct err *e)
{
	struct conf *c = &d->conf;

	for (size_t i = 0; i < c->n_stores; i++) {
		for (size_t k = 0; k < c->store[i].n_rules; k++) {
			struct conf_reduce *r = &c->store[i].rule[k];

			if (expand(d, &r->mask, &r->where, e) < 0 ||
				expand(d, &r->values, &r->where, e) < 0)
				return -1;
		}
	}
	return 0;
}
