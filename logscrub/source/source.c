/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/source/source.h"

#include "logscrub/source/source-private.h"

#define PATIENCE_MS 100

int
source_open(const struct conf *c, const struct conf_source *d, const struct source_host *host,
	struct source **ret, struct err *e)
{
	int rc = -1;

	switch (d->type) {
	case SOURCE_JOURNAL:
		rc = source_journal_open(c, d, host, ret, e);
		break;
	case SOURCE_SYSLOG:
		rc = source_syslog_open(c, d, host, ret, e);
		break;
	case SOURCE_TAIL:
		rc = source_tail_open(c, d, host, ret, e);
		break;
	}
	return rc < 0 ? err_within(e, "source \"%s\"", d->name) : 0;
}

int
source_next(struct source *s, struct entry *ret, struct err *e)
{
	int rc = s->ops->next(s, ret, e);

	if (rc < 0)
		s->n_failed++;
	return rc < 0 ? err_within(e, "source \"%s\"", s->decl->name) : rc;
}

int
source_ready(struct source *s, int fd, struct err *e)
{
	if (s->ops->ready(s, fd, e) == 0)
		return 0;
	s->n_failed++;
	return err_within(e, "source \"%s\"", s->decl->name);
}

int
source_timeout_ms(const struct source *s)
{
	return s->ops->timeout_ms && !s->paused ? s->ops->timeout_ms(s) : -1;
}

int
source_patience_ms(const struct source *s)
{
	return s->ops->patience_ms ? s->ops->patience_ms(s) : PATIENCE_MS;
}

int
source_sync(struct source *s, struct err *e)
{
	if (!s->ops->sync || s->ops->sync(s, e) == 0)
		return 0;
	return err_within(e, "source \"%s\"", s->decl->name);
}

int
source_pause(struct source *s, bool yes, struct err *e)
{
	if (s->paused == yes)
		return 0;
	if (s->ops->pause(s, yes, e) < 0)
		return err_within(e, "source \"%s\"", s->decl->name);
	s->paused = yes;
	return 0;
}

bool
source_mark(struct source *s, unsigned i, struct source_mark *ret)
{
	return s->ops->mark && s->ops->mark(s, i, ret);
}

static bool
same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool
same_list(const struct conf_list *a, const struct conf_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return true;
}

bool
source_serves(const struct source *s, const struct conf_source *d)
{
	const struct conf_source *o = s->decl;

	return o->type == d->type && same(o->name, d->name) && same(o->listen, d->listen) &&
	       same(o->namespace_, d->namespace_) && same(o->directory, d->directory) &&
	       same_list(&o->match, &d->match) && same_list(&o->paths, &d->paths);
}

int
source_redeclare(struct source *s, const struct conf *c, const struct conf_source *d, struct err *e)
{
	const struct conf_source *old = s->decl;

	s->decl = d;
	if (!s->ops->redeclare || s->ops->redeclare(s, c, e) == 0)
		return 0;
	s->decl = old;
	return err_within(e, "source \"%s\"", d->name);
}

const struct conf_source *
source_decl(const struct source *s)
{
	return s->decl;
}

uint64_t
source_n_too_long(const struct source *s)
{
	return s->n_too_long;
}

uint64_t
source_n_missing(const struct source *s)
{
	return s->n_missing;
}

uint64_t
source_n_failed(const struct source *s)
{
	return s->n_failed;
}

int64_t
source_lag_us(const struct source *s)
{
	return s->lag_us;
}

struct source *
source_free(struct source *s)
{
	if (s)
		s->ops->free(s);
	return NULL;
}
