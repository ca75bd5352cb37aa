/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/service/plan.h"

#include <stdlib.h>

#include "record/claim.h"
#include "logscrub/service/route.h"

static const struct conf_source *
source_of(const struct conf *c, const struct conf_store *st, size_t *from)
{
	for (; *from < c->n_sources; ++*from)
		if (route_reaches(c, &c->source[*from], st))
			return &c->source[(*from)++];
	return NULL;
}

/* Can everything that comes to ST be read again? Of syslog nothing can. */
static bool
is_rereadable(const struct conf *c, const struct conf_store *st)
{
	const struct conf_source *s;
	size_t from = 0;

	while ((s = source_of(c, st, &from)) != NULL)
		if (s->type == SOURCE_SYSLOG)
			return false;
	return true;
}

static int
make_pipes(struct plan *p, struct err *e)
{
	const struct conf *c = p->setup.conf;

	p->pipe = calloc(c->n_stores + 1, sizeof(struct pipe *));
	if (!p->pipe)
		return err_memory(e);
	for (size_t i = 0; i < c->n_stores; i++) {
		size_t from = 0;

		/* a store that only retention and dsar know has no rule */
		if (!source_of(c, &c->store[i], &from))
			continue;
		if (pipe_new(&p->setup, &c->store[i], &p->pipe[i], e) < 0)
			return -1;
	}
	return 0;
}

int
plan_new(const char *file, struct plan **ret, struct err *e)
{
	CLEANUP(plan_freep) struct plan *p = calloc(1, sizeof(*p));
	CLEANUP(claims_freep) struct claims *claims = NULL;

	if (!p)
		return err_memory(e);
	if (setup_open(&p->setup, file, e) < 0)
		return -1;
	if (p->setup.conf->n_sources == 0)
		return err_fail(e, EX_CONFIG, 0, N_("no source is declared"),
			N_("declare one: source \"NAME\" { type = … }"), "%s",
			p->setup.conf->file ? p->setup.conf->file : "");
	if (claims_new(p->setup.conf, NULL, &claims, e) < 0 || make_pipes(p, e) < 0)
		return -1;
	if (seal_key_new(p->setup.keyring, &p->host.seal_key, e) < 0)
		return -1;
	p->host.conf = p->setup.conf;
	p->host.pipe = p->pipe;
	*ret = TAKE(p);
	return 0;
}

struct plan *
plan_free(struct plan *p)
{
	if (!p)
		return NULL;
	for (size_t i = 0; p->pipe && i < p->setup.conf->n_stores; i++)
		pipe_free(p->pipe[i]);
	free(p->pipe);
	seal_key_free(p->host.seal_key);
	setup_release(&p->setup);
	free(p);
	return NULL;
}

int
plan_open(struct plan *p, struct err *e)
{
	const struct conf *c = p->setup.conf;

	for (size_t i = 0; i < c->n_stores; i++)
		if (p->pipe[i] && pipe_open(p->pipe[i], c, is_rereadable(c, &c->store[i]), e) < 0) {
			plan_close(p);
			return -1;
		}
	return 0;
}

void
plan_close(struct plan *p)
{
	for (size_t i = 0; i < p->setup.conf->n_stores; i++)
		if (p->pipe[i])
			pipe_close(p->pipe[i]);
}

void
plan_count(struct plan *p, struct metrics *m)
{
	for (size_t i = 0; i < p->setup.conf->n_stores; i++)
		if (p->pipe[i])
			pipe_count(p->pipe[i], metrics_store(m, p->setup.conf->store[i].name));
	p->host.unclaimed = metrics_store(m, NULL);
}

void
plan_call_before_flush(struct plan *p, void (*call)(void *ctx), void *ctx)
{
	for (size_t i = 0; i < p->setup.conf->n_stores; i++)
		if (p->pipe[i])
			pipe_call_before_flush(p->pipe[i], call, ctx);
}

int
plan_flush(struct plan *p, struct err *e)
{
	int worst = 0;

	for (size_t i = 0; i < p->setup.conf->n_stores; i++) {
		int rc = p->pipe[i] ? pipe_flush(p->pipe[i], e) : 0;

		if (rc < 0)
			return rc;
		worst |= rc;
	}
	return worst;
}
