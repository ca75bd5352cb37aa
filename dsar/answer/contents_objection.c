/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/cleanup.h"
#include "base/conf/conf.h"
#include "dsar/answer/contents.h"
#include "dsar/search/find.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"

struct counting {
	const struct conf *conf;
	uint64_t *n; /* for each store */
};

static int
see_find(void *ctx, const struct find *f, struct err *e)
{
	struct counting *g = ctx;
	const struct conf_store *s = conf_find_store(g->conf, f->store);

	(void)e;
	if (s && f->decision != FIND_EXCLUDE)
		g->n[s - g->conf->store]++;
	return 0;
}

int
contents_objection(struct session *s, const struct case_file *c, struct places *p, struct err *e)
{
	cleanup_mem uint64_t *n = calloc(s->conf->n_stores + 1, sizeof(*n));
	struct counting g = { s->conf, n };

	if (!n)
		return err_memory(e);
	if (place_has(p, "done"))
		return 0;
	if (finds_each(s->registry, c->number, NULL, see_find, &g, e) < 0)
		return -1;
	for (size_t i = 0; i < s->conf->n_stores; i++)
		if (n[i] > 0 && place_printf(p, "done", e, "%s: %s", s->conf->store[i].name,
					s->conf->store[i].purpose) < 0)
			return -1;
	return 0;
}
