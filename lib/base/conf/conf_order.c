/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "base/conf/conf-private.h"

/* Of one store, while the order is made. */
enum { ORDER_OPEN, ORDER_BEGUN, ORDER_DONE };

struct order {
	const struct conf *conf;
	unsigned char *mark;
	const struct conf_store **to;
	size_t n;
};

/* Puts S behind what it waits for. A name that no store has is another check's matter. */
static int
order_put(struct order *o, const struct conf_store *s, struct err *e)
{
	unsigned char *mark = &o->mark[s - o->conf->store];

	if (*mark == ORDER_DONE)
		return 0;
	if (*mark == ORDER_BEGUN)
		return conf_fail(e, &s->where,
			N_("stores that are erased after one another in a circle"),
			N_("mend erase_after"), "store \"%s\"", s->name);
	*mark = ORDER_BEGUN;
	for (size_t i = 0; i < s->erase_after.n; i++) {
		const struct conf_store *before = conf_find_store(o->conf, s->erase_after.v[i]);

		if (before && order_put(o, before, e) < 0)
			return -1;
	}
	*mark = ORDER_DONE;
	o->to[o->n++] = s;
	return 0;
}

int
conf_order_take(struct conf_draft *d, struct err *e)
{
	struct conf *c = &d->conf;
	cleanup_mem unsigned char *mark = calloc(c->n_stores + 1, 1);
	struct order o = { .conf = c, .mark = mark };

	c->erase_order = conf_alloc(d, (c->n_stores + 1) * sizeof(struct conf_store *));
	if (!c->erase_order || !mark)
		return err_memory(e);
	o.to = c->erase_order;
	for (size_t i = 0; i < c->n_stores; i++)
		for (size_t k = 0; k < c->store[i].erase_after.n; k++)
			if (!conf_find_store(c, c->store[i].erase_after.v[k]))
				return conf_fail(e, &c->store[i].where, N_("no such store"),
					N_("declare it, or mend its name"), "erase_after: \"%s\"",
					c->store[i].erase_after.v[k]);
	for (size_t i = 0; i < c->n_stores; i++)
		if (order_put(&o, &c->store[i], e) < 0)
			return -1;
	return 0;
}
