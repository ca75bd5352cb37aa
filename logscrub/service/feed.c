/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/service/feed.h"

#include <limits.h>
#include <stdlib.h>
#include <time.h>

#include "logscrub/service/assembly.h"
#include "logscrub/sink/position_record.h"
#include "logscrub/service/route.h"
#include "logscrub/say.h"

#define SAY_US INT64_C(60000000) /* how often the same failure is told of */

struct lane {
	char stream[POSITION_NAME_MAX + 1];
	struct pipe *pipe;
	uint32_t waiting; /* sinks that have more of the stream already; a bit each */
	struct assembly assembly;
};

struct feed {
	const struct feed_host *host;
	const struct conf_source *decl;
	struct source_host source_host;
	struct source *source;
	struct lane **lane;
	size_t n_lanes, max_lanes;
	struct lane *last;              /* entries come in runs */
	uint64_t n_too_long, n_missing; /* of the source's, counted */
	const char *said;               /* its last failure that was told of */
	int64_t said_us;
	struct entry held;
	bool is_held;
	bool sync_said;
};

static int64_t
monotonic_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* --- what sinks have of a stream -------------------------------------------------------------- */

/* Its own position; else the bookmark's. */
static bool
sink_past(const struct feed *f, struct sink *k, const char *stream, struct span *ret,
	int64_t *ret_order)
{
	if (sink_carries_positions(k) && sink_position(k, stream, ret, ret_order))
		return true;
	return bookmark_find(f->host->bookmark, stream, ret, ret_order);
}

static void
past_join(struct source_past *past, struct span position, int64_t order)
{
	if (position.len > POSITION_MAX)
		return;
	if (!past->len || order > past->latest)
		past->latest = order;
	if (past->len && position_compare(position, order, span_of(past->position, past->len),
				 past->order) >= 0)
		return;
	memcpy(past->position, position.p, position.len);
	past->len = position.len;
	past->order = order;
}

/* The pipe number I of those that the source may feed; NULL: not this one. */
static struct pipe *
reached(const struct feed *f, size_t i)
{
	const struct conf *c = f->host->conf;

	return f->host->pipe[i] && route_reaches(c, f->decl, &c->store[i]) ? f->host->pipe[i]
									   : NULL;
}

static bool
host_past(void *ctx, struct source *s, const char *stream, struct source_past *ret)
{
	const struct feed *f = ctx;

	(void)s;
	ret->len = 0;
	for (size_t i = 0; i < f->host->conf->n_stores; i++) {
		struct pipe *p = reached(f, i);

		for (unsigned k = 0; p && k < pipe_n_sinks(p); k++) {
			struct span position;
			int64_t order;

			if (sink_past(f, pipe_sink(p, k), stream, &position, &order))
				past_join(ret, position, order);
		}
	}
	return ret->len > 0;
}

/* --- lanes ------------------------------------------------------------------------------------ */

static struct lane *
lane_free(struct lane *l)
{
	if (l) {
		assembly_release(&l->assembly);
		free(l);
	}
	return NULL;
}

static struct lane *
lane_new(struct feed *f, const char *stream, struct pipe *p)
{
	struct lane *l;

	if (f->n_lanes == f->max_lanes) {
		size_t n = f->max_lanes ? 2 * f->max_lanes : 16;
		struct lane **grown = reallocarray(f->lane, n, sizeof(struct lane *));

		if (!grown)
			return NULL;
		f->lane = grown;
		f->max_lanes = n;
	}
	l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	(void)snprintf(l->stream, sizeof(l->stream), "%s", stream);
	l->pipe = p;
	assembly_init(&l->assembly);
	for (unsigned k = 0; k < pipe_n_sinks(p); k++) {
		struct span position;
		int64_t order;

		if (sink_past(f, pipe_sink(p, k), stream, &position, &order))
			l->waiting |= UINT32_C(1) << k;
	}
	f->lane[f->n_lanes++] = l;
	return l;
}

static struct lane *
lane_find(struct feed *f, const char *stream, const struct pipe *p)
{
	if (f->last && f->last->pipe == p && strcmp(f->last->stream, stream) == 0)
		return f->last;
	for (size_t i = 0; i < f->n_lanes; i++)
		if (f->lane[i]->pipe == p && strcmp(f->lane[i]->stream, stream) == 0)
			return f->last = f->lane[i];
	return NULL;
}

/* Sinks that have EN already. One that EN lies behind has caught up and is not asked again. */
static uint32_t
lane_skip(struct feed *f, struct lane *l, const struct entry *en)
{
	uint32_t skip = 0;

	if (l->waiting == 0 || en->position.len == 0)
		return 0;
	for (unsigned k = 0; k < pipe_n_sinks(l->pipe); k++) {
		uint32_t bit = UINT32_C(1) << k;
		struct span position;
		int64_t order;

		if (!(l->waiting & bit))
			continue;
		if (sink_past(f, pipe_sink(l->pipe, k), l->stream, &position, &order) &&
			position_compare(en->position, en->order, position, order) <= 0)
			skip |= bit;
		else
			l->waiting &= ~bit;
	}
	return skip;
}

static int
lane_pass(struct feed *f, struct lane *l, const struct entry *en, struct span text, struct err *e)
{
	unsigned n = pipe_n_sinks(l->pipe);
	uint32_t all = n >= 32 ? UINT32_MAX : (UINT32_C(1) << n) - 1;
	uint32_t skip = lane_skip(f, l, en);

	if (n > 0 && skip == all)
		return 0;
	return pipe_take(l->pipe, l, skip, en, text, e);
}

static int
lane_settle(struct feed *f, struct lane *l, struct err *e)
{
	int rc;

	if (!l->assembly.open)
		return 0;
	rc = lane_pass(
		f, l, &l->assembly.entry, span_of(l->assembly.text.p, l->assembly.text.len), e);
	if (rc == 0)
		l->assembly.open = false;
	return rc;
}

/* Does a sink stand right behind what is being assembled? Then it ended there the last time, and
 * has to end there again. */
static bool
lane_ended_here(struct feed *f, struct lane *l)
{
	const struct entry *en = &l->assembly.entry;

	for (unsigned k = 0; l->waiting && k < pipe_n_sinks(l->pipe); k++) {
		struct span position;
		int64_t order;

		if ((l->waiting & (UINT32_C(1) << k)) &&
			sink_past(f, pipe_sink(l->pipe, k), l->stream, &position, &order) &&
			position_compare(en->position, en->order, position, order) == 0)
			return true;
	}
	return false;
}

/* A line of a product whose entries have several. */
static int
lane_assemble(
	struct feed *f, struct lane *l, const struct entry *en, struct span text, struct err *e)
{
	struct metrics_store *count = pipe_counters(l->pipe);
	bool begins = rule_begins(pipe_rule(l->pipe), text);
	int rc;

	if (l->assembly.open && (begins || lane_ended_here(f, l))) {
		rc = lane_settle(f, l, e);
		if (rc != 0)
			return rc;
	}
	if (begins)
		return assembly_begin(&l->assembly, en, text, monotonic_us(), e) < 0 ? 1 : 0;
	if (l->assembly.open) {
		if (!assembly_add(&l->assembly, en, text, monotonic_us()))
			count->n_dropped[DROP_TOO_LONG]++;
	} else {
		count->n_read++;
		count->n_dropped[DROP_ORPHAN]++;
	}
	return 0;
}

/* --- entries ---------------------------------------------------------------------------------- */

static int
drop_unclaimed(struct feed *f)
{
	if (f->host->unclaimed) {
		f->host->unclaimed->n_read++;
		f->host->unclaimed->n_dropped[DROP_UNCLAIMED]++;
	}
	return 0;
}

static int
handle(struct feed *f, const struct entry *en, struct err *e)
{
	const struct conf *c = f->host->conf;
	const struct conf_store *st = route_entry(c, f->decl, en);
	struct pipe *p = st ? f->host->pipe[st - c->store] : NULL;
	struct span text;
	struct lane *l;

	if (!p)
		return drop_unclaimed(f);
	l = lane_find(f, en->stream, p);
	if (!l)
		l = lane_new(f, en->stream, p);
	if (!l)
		return 1; /* memory is out: later */
	text = rule_takes_frame(pipe_rule(p)) ? en->line : en->message;
	if (rule_has_begin(pipe_rule(p)))
		return lane_assemble(f, l, en, text, e);
	return lane_pass(f, l, en, text, e);
}

/* What the source itself dropped is its store's, if it has one. */
static void
count_dropped(struct feed *f, uint64_t *before, uint64_t now, enum drop_reason why)
{
	struct metrics_store *m = f->host->unclaimed;

	if (now == *before)
		return;
	if (f->decl->store) {
		size_t i = (size_t)(conf_find_store(f->host->conf, f->decl->store) -
				    f->host->conf->store);

		if (f->host->pipe[i])
			m = pipe_counters(f->host->pipe[i]);
	}
	if (m) {
		m->n_read += now - *before;
		m->n_dropped[why] += now - *before;
	}
	*before = now;
}

/* A torn journal, or a socket in trouble, may fail thousands of times in a row. */
static void
say_failure(struct feed *f, const struct err *e)
{
	int64_t now = monotonic_us();

	if (f->said && f->said == e->what && now - f->said_us < SAY_US)
		return;
	say_err(LOG_ERR, e);
	f->said = e->what;
	f->said_us = now;
}

/* 0: one handled; 1: none for now; 2: held. */
static int
one(struct feed *f, struct err *e)
{
	struct err why = { 0 };
	int rc;

	if (!f->is_held) {
		rc = source_next(f->source, &f->held, &why);
		if (rc < 0)
			say_failure(f, &why);
		if (rc != 0)
			return rc < 0 ? 0 : 1;
	}
	rc = handle(f, &f->held, e);
	if (rc < 0)
		return rc;
	f->is_held = rc == 1;
	return rc == 1 ? 2 : 0;
}

int
feed_turn(struct feed *f, unsigned n, struct err *e)
{
	struct err why = { 0 };
	int rc = 0;

	while (n-- > 0 && rc == 0)
		rc = one(f, e);
	count_dropped(f, &f->n_too_long, source_n_too_long(f->source), DROP_TOO_LONG);
	count_dropped(f, &f->n_missing, source_n_missing(f->source), DROP_MISSING);
	if (rc < 0)
		return rc;
	if (source_pause(f->source, rc == 2, &why) < 0)
		say_err(LOG_ERR, &why);
	return rc == 0 ? 1 : rc == 1 ? 0 : 2;
}

bool
feed_is_held(const struct feed *f)
{
	return f->is_held;
}

/* Would the entry come again at the next start? */
static bool
comes_again(const struct lane *l)
{
	if (l->assembly.entry.position.len == 0)
		return false;
	for (unsigned k = 0; k < pipe_n_sinks(l->pipe); k++)
		if (!sink_carries_positions(pipe_sink(l->pipe, k)))
			return false;
	return true;
}

int
feed_settle(struct feed *f, bool all, struct err *e)
{
	int64_t now = monotonic_us();
	int worst = 0;

	for (size_t i = 0; i < f->n_lanes; i++) {
		struct lane *l = f->lane[i];
		int rc;

		if (!l->assembly.open || (all && comes_again(l)) ||
			(!all && now - l->assembly.touched_us < ASSEMBLY_QUIET_US))
			continue;
		rc = lane_settle(f, l, e);
		if (rc < 0)
			return rc;
		worst |= rc;
	}
	return worst;
}

int64_t
feed_settle_us(const struct feed *f)
{
	int64_t at = INT64_MAX;

	for (size_t i = 0; i < f->n_lanes; i++) {
		const struct assembly *a = &f->lane[i]->assembly;

		if (a->open && a->touched_us + ASSEMBLY_QUIET_US < at)
			at = a->touched_us + ASSEMBLY_QUIET_US;
	}
	return at;
}

/* --- positions -------------------------------------------------------------------------------- */

void
feed_sync(struct feed *f)
{
	struct err e = { 0 };

	if (source_sync(f->source, &e) == 0 || f->sync_said)
		return;
	say_err(LOG_ERR, &e);
	f->sync_said = true;
}

static void
advance_sink(struct sink *k, const struct source_mark *m)
{
	struct err e = { 0 };
	struct span position;
	int64_t order;

	if (!sink_carries_positions(k))
		return;
	if (sink_position(k, m->stream, &position, &order) &&
		position_compare(position, order, m->position, m->order) >= 0)
		return;
	if (sink_advance(k, m->stream, m->position, m->order, &e) < 0)
		say_err(LOG_ERR, &e);
}

static void
advance_stream(struct feed *f, const struct source_mark *m)
{
	for (size_t i = 0; i < f->host->conf->n_stores; i++) {
		struct pipe *p = reached(f, i);
		const struct lane *l = p ? lane_find(f, m->stream, p) : NULL;

		if (!p || (l && (l->assembly.open || pipe_is_held_by(p, l))))
			continue;
		for (unsigned k = 0; k < pipe_n_sinks(p); k++)
			advance_sink(pipe_sink(p, k), m);
	}
}

void
feed_advance(struct feed *f)
{
	struct source_mark m;

	for (unsigned i = 0; !f->is_held && source_mark(f->source, i, &m); i++)
		if (m.position.len > 0)
			advance_stream(f, &m);
}

void
feed_mark(struct feed *f)
{
	struct source_mark m;

	for (unsigned i = 0; source_mark(f->source, i, &m); i++)
		bookmark_set(f->host->bookmark, m.stream, m.position, m.order);
}

bool
feed_is_whole(const struct feed *f)
{
	if (f->is_held)
		return false;
	for (size_t i = 0; i < f->n_lanes; i++)
		if (f->lane[i]->assembly.open)
			return false;
	return true;
}

bool
feed_needs_mark(const struct feed *f)
{
	struct source_mark m;

	if (!source_mark(f->source, 0, &m))
		return false;
	for (size_t i = 0; i < f->host->conf->n_stores; i++) {
		const struct pipe *p = reached(f, i);

		for (unsigned k = 0; p && k < pipe_n_sinks(p); k++)
			if (!sink_carries_positions(pipe_sink(p, k)))
				return true;
	}
	return false;
}

/* --- opening ---------------------------------------------------------------------------------- */

static int
host_watch(void *ctx, struct source *s, int fd, bool add, struct err *e)
{
	const struct feed *f = ctx;

	return f->host->watch(f->host->ctx, s, fd, add, e);
}

/* Sinks that have nothing of the stream when a crash comes would not know where it began. */
static void
host_began(void *ctx, struct source *s, const struct source_mark *m)
{
	const struct feed *f = ctx;
	struct err e = { 0 };

	(void)s;
	bookmark_set(f->host->bookmark, m->stream, m->position, m->order);
	if (bookmark_save(f->host->bookmark, &e) < 0)
		say_err(LOG_WARNING, &e);
}

static bool
host_seal(void *ctx, int32_t day, struct span text, uint32_t *ret)
{
	const struct feed *f = ctx;

	return seal_key_hash(f->host->seal_key, day, text, ret);
}

int
feed_open(const struct feed_host *h, const struct conf_source *d, struct feed **ret, struct err *e)
{
	CLEANUP(feed_freep) struct feed *f = calloc(1, sizeof(*f));

	if (!f)
		return err_memory(e);
	f->host = h;
	f->decl = d;
	f->source_host = (struct source_host){ .watch = host_watch,
		.past = host_past,
		.began = host_began,
		.seal = host_seal,
		.ctx = f };
	if (source_open(h->conf, d, &f->source_host, &f->source, e) < 0)
		return -1;
	*ret = TAKE(f);
	return 0;
}

int
feed_redeclare(
	struct feed *f, const struct feed_host *h, const struct conf_source *d, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n_lanes; i++) {
		struct lane *l = f->lane[i];
		const struct conf_store *st = conf_find_store(h->conf, pipe_store(l->pipe)->name);

		l->pipe = st ? h->pipe[st - h->conf->store] : NULL;
		l->waiting = 0; /* what comes next is new to all */
		if (l->pipe)
			f->lane[n++] = l;
		else
			lane_free(l);
	}
	f->n_lanes = n;
	f->last = NULL;
	f->host = h;
	f->decl = d;
	return source_redeclare(f->source, h->conf, d, e);
}

struct source *
feed_source(const struct feed *f)
{
	return f->source;
}

struct feed *
feed_free(struct feed *f)
{
	if (!f)
		return NULL;
	source_free(f->source);
	for (size_t i = 0; i < f->n_lanes; i++)
		lane_free(f->lane[i]);
	free(f->lane);
	free(f);
	return NULL;
}
