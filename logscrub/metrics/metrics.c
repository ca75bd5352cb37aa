/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/metrics/metrics-private.h"

#include <stdlib.h>
#include <string.h>

int
metrics_new(const struct conf *c, struct metrics **ret, struct err *e)
{
	CLEANUP(metrics_freep) struct metrics *m = calloc(1, sizeof(*m));

	if (!m || metrics_reload(m, c, e) < 0)
		return err_memory(e);
	*ret = TAKE(m);
	return 0;
}

struct metrics *
metrics_free(struct metrics *m)
{
	if (m) {
		free(m->store);
		free(m->source);
		free(m);
	}
	return NULL;
}

struct metrics_store *
metrics_store(struct metrics *m, const char *name)
{
	for (size_t i = 0; i < m->n_stores; i++)
		if (strcmp(m->store[i].name, name ? name : "") == 0)
			return &m->store[i];
	return NULL;
}

struct metrics_source *
metrics_source(struct metrics *m, const char *name)
{
	for (size_t i = 0; i < m->n_sources; i++)
		if (strcmp(m->source[i].name, name) == 0)
			return &m->source[i];
	return NULL;
}

/* The new blocks, with what M has of the same name. */
static void
fill(struct metrics *m, const struct conf *c, struct metrics_store *store,
	struct metrics_source *source)
{
	for (size_t i = 0; i <= c->n_stores; i++) {
		const char *name = i < c->n_stores ? c->store[i].name : "";
		const struct metrics_store *old = metrics_store(m, name);

		if (old)
			store[i] = *old;
		store[i].name = name;
	}
	for (size_t i = 0; i < c->n_sources; i++)
		source[i] = (struct metrics_source){ .name = c->source[i].name, .lag_us = -1 };
}

int
metrics_reload(struct metrics *m, const struct conf *c, struct err *e)
{
	struct metrics_store *store = calloc(c->n_stores + 1, sizeof(*store));
	struct metrics_source *source = calloc(c->n_sources + 1, sizeof(*source));

	if (!store || !source) {
		free(store);
		free(source);
		return err_memory(e);
	}
	fill(m, c, store, source);
	free(m->store);
	free(m->source);
	*m = (struct metrics){ c, store, source, c->n_stores + 1, c->n_sources };
	return 0;
}
