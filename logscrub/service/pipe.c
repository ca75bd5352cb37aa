/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/service/pipe.h"

#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>

#include "logscrub/stats/counting_lines.h"
#include "logscrub/say.h"

#define OUT_BYTES_KEPT (256u << 10) /* a buffer that a giant record left behind is given back */

struct pipe {
	const struct conf_store *store;
	struct rule *rule;
	struct sink *sink[PIPE_SINKS_MAX];
	unsigned n_sinks;
	struct metrics_store *count, own_count;
	uint64_t hits_before[DETECT_TYPES]; /* of the rules before this one */
	struct counting_lines *counting;    /* or NULL */

	const void *owner; /* whose record is in `out`, not yet with all sinks */
	unsigned next;     /* the sink that it goes to next */
	struct buf out;
	struct rule_trace trace;
	bool wants_trace;
	const char *trouble; /* of the rule: no key */

	void (*before_flush)(void *ctx); /* NULL: nothing */
	void *before_ctx;

	int64_t pending_since_us; /* monotonic; 0: nothing is pending */
	int64_t retry_us;         /* in trouble: not before */
	const char *said;         /* trouble that was told of */
};

int
pipe_new(const struct setup *s, const struct conf_store *st, struct pipe **ret, struct err *e)
{
	CLEANUP(pipe_freep) struct pipe *p = calloc(1, sizeof(*p));

	if (!p)
		return err_memory(e);
	p->store = st;
	p->count = &p->own_count;
	buf_init(&p->out, 4 * LINE_MAX_BYTES);
	if (rule_new(st, s->formats, s->pseudonym, &p->rule, e) < 0)
		return -1;
	*ret = TAKE(p);
	return 0;
}

struct pipe *
pipe_free(struct pipe *p)
{
	if (!p)
		return NULL;
	pipe_close(p);
	rule_free(p->rule);
	buf_release(&p->out);
	free(p);
	return NULL;
}

/* --- sinks ------------------------------------------------------------------------------------ */

static void
say_notices(struct sink *k)
{
	const char *text;

	while ((text = sink_notice(k)) != NULL)
		say(LOG_WARNING, "%s: %s", sink_name(k), gettext(text));
}

static int
open_sink(struct pipe *p, const struct conf *c, const struct conf_sink *d, bool rereadable,
	struct err *e)
{
	struct sink *k;

	if (p->n_sinks == PIPE_SINKS_MAX)
		return conf_fail(e, &d->where, N_("too many sinks for one store"), NULL,
			"store \"%s\"", p->store->name);
	if (sink_open(c, p->store, d, &k, e) < 0)
		return -1;
	p->sink[p->n_sinks++] = k;
	p->wants_trace |= d->type == SINK_NAMESPACE || d->type == SINK_JOURNAL ||
			  d->type == SINK_SYSLOG;
	if (sink_carries_positions(k) && sink_recover(k, rereadable, e) < 0)
		return -1;
	say_notices(k);
	return 0;
}

int
pipe_open(struct pipe *p, const struct conf *c, bool rereadable, struct err *e)
{
	char path[4096];

	p->n_sinks = 0;
	p->wants_trace = false;
	if (p->store->n_sinks == 0) {
		const struct conf_sink d = {
			.where = p->store->where, .type = SINK_FILE, .path = path
		};

		(void)snprintf(path, sizeof(path), "%s/%s.log", c->log_dir, p->store->name);
		if (open_sink(p, c, &d, rereadable, e) < 0) {
			pipe_close(p);
			return -1;
		}
	}
	for (size_t i = 0; i < p->store->n_sinks; i++)
		if (open_sink(p, c, &p->store->sink[i], rereadable, e) < 0) {
			pipe_close(p);
			return -1;
		}
	return 0;
}

void
pipe_close(struct pipe *p)
{
	for (unsigned i = 0; i < p->n_sinks; i++)
		p->sink[i] = sink_free(p->sink[i]);
	p->n_sinks = 0;
}

void
pipe_call_before_flush(struct pipe *p, void (*call)(void *ctx), void *ctx)
{
	p->before_flush = call;
	p->before_ctx = ctx;
}

static void
before_flush(struct pipe *p)
{
	if (p->before_flush)
		p->before_flush(p->before_ctx);
}

int
pipe_flush(struct pipe *p, struct err *e)
{
	int rc = 0;

	before_flush(p);
	for (unsigned i = 0; i < p->n_sinks; i++) {
		int r = sink_flush(p->sink[i], e);

		if (r < 0)
			return err_within(e, "store \"%s\"", p->store->name);
		rc |= r;
		say_notices(p->sink[i]);
	}
	return rc;
}

void
pipe_reopen(struct pipe *p)
{
	before_flush(p);
	for (unsigned i = 0; i < p->n_sinks; i++) {
		struct err e = { 0 };

		/* trouble (1) shows in sink_trouble() */
		if (sink_reopen(p->sink[i], &e) < 0)
			say_err(LOG_ERR, &e);
		say_notices(p->sink[i]);
	}
}

size_t
pipe_pending(const struct pipe *p)
{
	size_t n = 0;

	for (unsigned i = 0; i < p->n_sinks; i++)
		n += sink_pending(p->sink[i]);
	return n;
}

const char *
pipe_trouble(const struct pipe *p, const char **ret_sink)
{
	*ret_sink = p->store->name;
	if (p->trouble)
		return p->trouble;
	for (unsigned i = 0; i < p->n_sinks; i++) {
		const char *t = sink_trouble(p->sink[i]);

		if (t) {
			*ret_sink = sink_name(p->sink[i]);
			return t;
		}
	}
	return NULL;
}

static void
say_trouble(struct pipe *p)
{
	const char *sink, *trouble = pipe_trouble(p, &sink);

	if (trouble && !p->said)
		say(LOG_ERR, gettext("store \"%s\" waits for %s: %s"), p->store->name, sink,
			gettext(trouble));
	if (!trouble && p->said)
		say(LOG_NOTICE, gettext("store \"%s\" goes on"), p->store->name);
	p->said = trouble;
}

int64_t
pipe_tick_us(const struct pipe *p)
{
	if (p->said)
		return p->retry_us;
	return p->pending_since_us ? p->pending_since_us + PIPE_FLUSH_US : INT64_MAX;
}

int
pipe_tick(struct pipe *p, int64_t now_us, struct err *e)
{
	size_t pending = pipe_pending(p);
	const char *sink;
	int rc;

	if (pending > 0 && p->pending_since_us == 0)
		p->pending_since_us = now_us;
	if (pipe_trouble(p, &sink) && !p->said) {
		say_trouble(p);
		p->retry_us = now_us + PIPE_RETRY_US;
	}
	if (p->said ? now_us < p->retry_us : pending < PIPE_FLUSH_BYTES && now_us < pipe_tick_us(p))
		return 0;
	p->retry_us = now_us + PIPE_RETRY_US;
	rc = pipe_flush(p, e);
	if (rc < 0)
		return rc;
	p->pending_since_us = pipe_pending(p) > 0 ? now_us : 0;
	say_trouble(p);
	return rc;
}

/* --- records ---------------------------------------------------------------------------------- */

/* 0: in `out`; 1: not now; 2: dropped. */
static int
scrub(struct pipe *p, const struct entry *en, struct span text, struct err *e)
{
	struct rule_trace *trace = p->wants_trace ? &p->trace : NULL;
	int rc;

	if (p->out.cap > OUT_BYTES_KEPT)
		buf_release(&p->out);
	buf_clear(&p->out);
	rc = rule_apply(p->rule, text, en->arrival_us, &p->out, trace, e);
	p->trouble = rc < 0 ? N_("no key for the day") : NULL;
	if (rc < 0)
		return 1;
	p->count->n_read++;
	if (p->counting)
		counting_lines_take(p->counting, text, en->arrival_us);
	if (rc == DROP_NONE)
		return 0;
	p->count->n_dropped[rc]++;
	return 2;
}

/* One flush makes room; a sink that then takes nothing is in trouble. */
static int
hand_over(struct pipe *p, struct sink *k, const struct entry *en, struct err *e)
{
	const struct rule_trace *trace = p->wants_trace ? &p->trace : NULL;
	struct span out = span_of(p->out.p, p->out.len);
	int rc = sink_write(k, en->stream, en, out, trace, e);

	if (rc <= 0)
		return rc;
	before_flush(p);
	rc = sink_flush(k, e);
	return rc == 0 ? sink_write(k, en->stream, en, out, trace, e) : rc;
}

int
pipe_take(struct pipe *p, const void *who, uint32_t skip, const struct entry *en, struct span text,
	struct err *e)
{
	int rc;

	if (p->owner && p->owner != who)
		return 1;
	if (!p->owner) {
		rc = scrub(p, en, text, e);
		if (rc != 0)
			return rc == 2 ? 0 : rc;
		p->owner = who;
		p->next = 0;
	}
	for (; p->next < p->n_sinks; p->next++) {
		if (skip & (UINT32_C(1) << p->next))
			continue;
		rc = hand_over(p, p->sink[p->next], en, e);
		if (rc != 0)
			return rc;
	}
	p->owner = NULL;
	p->count->n_written++;
	return 0;
}

bool
pipe_is_held_by(const struct pipe *p, const void *who)
{
	return p->owner == who;
}

/* --- counters --------------------------------------------------------------------------------- */

void
pipe_count(struct pipe *p, struct metrics_store *m)
{
	p->count = m ? m : &p->own_count;
	memcpy(p->hits_before, p->count->n_hits, sizeof(p->hits_before));
	for (unsigned i = 0; i < DETECT_TYPES; i++)
		p->hits_before[i] -= rule_hits(p->rule)[i];
}

struct metrics_store *
pipe_counters(struct pipe *p)
{
	return p->count;
}

void
pipe_update_counters(struct pipe *p)
{
	const char *sink;

	for (unsigned i = 0; i < DETECT_TYPES; i++)
		p->count->n_hits[i] = p->hits_before[i] + rule_hits(p->rule)[i];
	p->count->pending = pipe_pending(p);
	p->count->trouble = pipe_trouble(p, &sink) != NULL;
}

void
pipe_show(struct pipe *p, struct counting_lines *l)
{
	p->counting = l;
}

struct rule *
pipe_rule(struct pipe *p)
{
	return p->rule;
}

const struct conf_store *
pipe_store(const struct pipe *p)
{
	return p->store;
}

unsigned
pipe_n_sinks(const struct pipe *p)
{
	return p->n_sinks;
}

struct sink *
pipe_sink(const struct pipe *p, unsigned i)
{
	return p->sink[i];
}
