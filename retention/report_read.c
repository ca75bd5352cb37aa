/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/cleanup.h"
#include "evidence/hold.h"
#include "evidence/ledger.h"
#include "evidence/sign.h"
#include "record/key/day.h"
#include "record/detect/detect.h"
#include "record/timestamp.h"
#include "retention/report.h"
#include "retention/session.h"
#include "retention/standing.h"

#define DAY_S INT64_C(86400)

struct reading {
	struct session *s;
	struct report *r;
	int64_t begun_us; /* of the run that has not ended yet; 0: none */
	int64_t first_us; /* of the ledger */
	int32_t last_day; /* on which a run of all stores has ended; INT32_MIN: none */
	json_t *state;    /* the newest configuration */
};

/* One more of SIZE bytes at the end of *V, zeroed. NULL: memory is out. */
static void *
one_more(struct report *r, void *v, size_t *n, size_t size)
{
	void *old;
	char *grown;

	memcpy(&old, v, sizeof(old));
	grown = reallocarray(old, *n + 1, size);
	if (!grown) {
		r->failed = true;
		return NULL;
	}
	memcpy(v, &grown, sizeof(old));
	memset(grown + *n * size, 0, size);
	return grown + (*n)++ * size;
}

static void __attribute__((format(printf, 4, 5)))
find(struct reading *g, int64_t us, const char *what, const char *fmt, ...)
{
	struct report_finding *f;
	va_list ap;

	if (us < g->r->from_us)
		return;
	f = one_more(g->r, &g->r->finding, &g->r->n_findings, sizeof(*f));
	if (!f)
		return;
	f->time_us = us;
	f->what = what;
	va_start(ap, fmt);
	(void)vsnprintf(f->detail, sizeof(f->detail), fmt, ap);
	va_end(ap);
}

/* --- stores ----------------------------------------------------------------------------------- */

static struct report_store *
store_of(struct report *r, const char *name)
{
	struct report_store *st;

	for (size_t i = 0; i < r->n_stores; i++)
		if (strcmp(r->store[i].name, name) == 0)
			return &r->store[i];
	st = one_more(r, &r->store, &r->n_stores, sizeof(*st));
	if (!st)
		return NULL;
	st->oldest_us = INT64_MAX;
	st->name = strdup(name);
	if (st->name)
		return st;
	r->n_stores--;
	r->failed = true;
	return NULL;
}

static struct report_day *
day_of(struct report *r, struct report_store *st, int32_t day)
{
	struct report_day *d = st->n_days > 0 ? &st->day[st->n_days - 1] : NULL;

	if (d && d->day == day)
		return d;
	d = one_more(r, &st->day, &st->n_days, sizeof(*d));
	if (d)
		d->day = day;
	return d;
}

static void
point_add(struct report *r, struct report_store *st, int64_t us, int64_t age_s)
{
	struct report_point *p;

	if (us < r->from_us)
		return;
	p = one_more(r, &st->point, &st->n_points, sizeof(*p));
	if (p)
		*p = (struct report_point){ us, age_s };
	if (age_s > st->worst_s)
		st->worst_s = age_s;
}

/* What a run left has grown older until now: that is the oldest that anything ever was. */
static void
age_until(struct reading *g, struct report_store *st, int64_t us)
{
	int64_t age_s;
	char text[32];

	if (st->oldest_us == INT64_MAX)
		return;
	age_s = (us - st->oldest_us) / 1000000;
	point_add(g->r, st, us, age_s);
	if (st->period_s > 0 && age_s > st->period_s) {
		if (!st->late) {
			standing_age(age_s - st->period_s, text);
			find(g, us, N_("a record was kept past its period"), "%s: %s", st->name,
				text);
		}
		st->late = us >= g->r->from_us;
	}
}

static uint64_t
number(const json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

static void
day_add(struct report_day *d, const json_t *o)
{
	json_t *kept = json_object_get(o, "kept");

	d->due += number(o, "due");
	d->due_bytes += number(o, "due_bytes");
	d->dropped += number(o, "dropped");
	d->bytes += number(o, "bytes");
	d->unread += number(o, "unread");
	d->failed += number(o, "failed");
	json_decref(d->kept);
	d->kept = kept ? json_incref(kept) : NULL;
}

static void
see_store(struct reading *g, const char *name, const json_t *o, int64_t us)
{
	struct report_store *st = store_of(g->r, name);
	const char *oldest = json_string_value(json_object_get(o, "oldest"));
	struct report_day *d;
	struct timestamp t;
	char key[200];

	if (!st)
		return;
	(void)snprintf(key, sizeof(key), "store %s", name);
	st->period_s = (int64_t)number(json_object_get(g->state, key), "period_s");
	age_until(g, st, us);
	timestamp_init(&t, "UTC");
	if (!oldest || !timestamp_parse(&t, span_str(oldest), &st->oldest_us))
		st->oldest_us = INT64_MAX;
	else
		point_add(g->r, st, us, (us - st->oldest_us) / 1000000);
	if (us < g->r->from_us)
		return;
	d = day_of(g->r, st, timestamp_day(us));
	if (d)
		day_add(d, o);
	day_add(&st->total, o);
	if (number(o, "failed") > 0)
		find(g, us, N_("something could not be erased, or the store not be read"), "%s",
			name);
}

/* A store that the run did not name is empty by now, if it is one of the run's. */
static void
see_stores(struct reading *g, const json_t *d, int64_t us)
{
	json_t *stores = json_object_get(d, "stores"), *o;
	const bool all = !json_object_get(d, "only");
	const char *name;

	for (size_t i = 0; all && i < g->r->n_stores; i++) {
		struct report_store *st = &g->r->store[i];

		if (json_object_get(stores, st->name))
			continue;
		age_until(g, st, us);
		st->oldest_us = INT64_MAX;
	}
	json_object_foreach(stores, name, o) see_store(g, name, o, us);
}

/* --- entries ---------------------------------------------------------------------------------- */

static void
gaps_until(struct reading *g, int32_t day)
{
	int32_t from = g->last_day == INT32_MIN ? timestamp_day(g->first_us) : g->last_day + 1;
	const int32_t least = timestamp_day(g->r->from_us);
	char text[DAY_TEXT_MAX];

	for (from = from < least ? least : from; from < day; from++) {
		(void)day_format(from, text);
		find(g, ((int64_t)from + 1) * DAY_US - 1, N_("a day without a run"), "%s", text);
	}
}

static void
see_end(struct reading *g, const struct ledger_entry *en, const json_t *d)
{
	const int64_t status = json_integer_value(json_object_get(d, "status"));

	g->begun_us = 0;
	if (!json_object_get(d, "only")) {
		gaps_until(g, timestamp_day(en->time_us));
		g->last_day = timestamp_day(en->time_us);
	}
	g->r->n_runs += en->time_us >= g->r->from_us;
	if (status >= 64)
		find(g, en->time_us, N_("a run failed"), "exit %" PRId64, status);
	see_stores(g, d, en->time_us);
}

static void
see_config(struct reading *g, const struct ledger_entry *en, const json_t *d)
{
	json_t *changed = json_object_get(d, "changed");
	const char *hash = json_string_value(json_object_get(d, "hash"));
	struct report_change *c;

	json_decref(g->state);
	g->state = json_incref(json_object_get(d, "state"));
	if (en->time_us < g->r->from_us)
		return;
	c = one_more(g->r, &g->r->change, &g->r->n_changes, sizeof(*c));
	if (!c)
		return;
	c->time_us = en->time_us;
	c->changed = changed ? json_incref(changed) : NULL;
	(void)snprintf(c->hash, sizeof(c->hash), "%s", hash ? hash : "");
}

static const char *
text_of(const json_t *d, const char *key)
{
	const char *s = json_string_value(json_object_get(d, key));

	return s ? s : "";
}

static void
see_kind(struct reading *g, const struct ledger_entry *en, const json_t *d)
{
	if (strcmp(en->kind, "run") == 0) {
		if (g->begun_us > 0)
			find(g, g->begun_us, N_("a run did not end"), "%s", "");
		g->begun_us = en->time_us;
	} else if (strcmp(en->kind, "end") == 0) {
		see_end(g, en, d);
	} else if (strcmp(en->kind, "config") == 0) {
		see_config(g, en, d);
	} else if (strcmp(en->kind, "refusal") == 0) {
		find(g, en->time_us,
			json_is_true(json_object_get(d, "accepted"))
				? N_("a person overruled a refusal")
				: N_("a run was refused for safety"),
			"%s %s", text_of(d, "why"), text_of(d, "store"));
	} else if (strcmp(en->kind, "failure") == 0) {
		find(g, en->time_us, N_("the service failed"), "%s %s", text_of(d, "result"),
			text_of(d, "status"));
	} else if (strcmp(en->kind, "restore") == 0) {
		find(g, en->time_us, N_("restored from a backup: nothing is on record between"),
			"%.19s, %.19s", text_of(d, "from"), text_of(d, "until"));
		g->begun_us = 0;
	} else if (strcmp(en->kind, "hold") == 0 && strcmp(text_of(d, "what"), "expired") == 0) {
		json_t *id;
		size_t i;

		json_array_foreach(json_object_get(d, "holds"), i, id)
			find(g, en->time_us, N_("a hold ended by itself"),
				"hold %" JSON_INTEGER_FORMAT, json_integer_value(id));
	}
}

static int
see(void *ctx, const struct ledger_entry *en, struct err *e)
{
	struct reading *g = ctx;
	json_t *d = json_loads(en->data, 0, NULL);

	if (g->first_us == 0)
		g->first_us = en->time_us;
	g->r->n_entries++;
	g->r->head_seq = en->seq;
	(void)sodium_bin2hex(g->r->head, sizeof(g->r->head), en->hash, sizeof(en->hash));
	see_kind(g, en, d);
	json_decref(d);
	return g->r->failed ? err_memory(e) : 0;
}

static void
see_holds(struct reading *g)
{
	const struct hold *list;
	size_t n = holds_list(g->s->holds, &list);
	char time[28];

	for (size_t i = 0; i < n; i++) {
		if (!hold_is_ending(g->s, &list[i]))
			continue;
		timestamp_format(list[i].expires_us, time);
		find(g, g->s->now_us, N_("a hold is about to end"), "hold %llu, %.16sZ",
			(unsigned long long)list[i].id, time);
	}
}

int
report_read(struct session *s, int64_t from_us, struct report *ret, struct err *e)
{
	struct reading g = { .s = s, .r = ret, .last_day = INT32_MIN };
	int rc;

	*ret = (struct report){ .from_us = from_us, .until_us = s->now_us };
	rc = ledger_read(s->ledger, 0, see, &g, e);
	json_decref(g.state);
	if (rc < 0)
		return -1;
	if (g.begun_us > 0 && g.begun_us + s->conf->run_interval_s * 1000000 < s->now_us)
		find(&g, g.begun_us, N_("a run did not end"), "%s", "");
	gaps_until(&g, timestamp_day(s->now_us));
	for (size_t i = 0; i < ret->n_stores; i++)
		age_until(&g, &ret->store[i], s->now_us);
	see_holds(&g);
	return ret->failed ? err_memory(e) : 0;
}

void
report_release(struct report *r)
{
	for (size_t i = 0; i < r->n_stores; i++) {
		for (size_t k = 0; k < r->store[i].n_days; k++)
			json_decref(r->store[i].day[k].kept);
		json_decref(r->store[i].total.kept);
		free(r->store[i].name);
		free(r->store[i].day);
		free(r->store[i].point);
	}
	for (size_t i = 0; i < r->n_changes; i++)
		json_decref(r->change[i].changed);
	free(r->store);
	free(r->finding);
	free(r->change);
	*r = (struct report){ 0 };
}

/* --- what the ways out share ------------------------------------------------------------------ */

/* TEXT, and "[ipv4]" and the like where it names somebody after all. */
static void
put_struck(const char *text, char *ret, size_t size)
{
	struct detect d;
	struct finding f;
	size_t at = 0, len = strlen(ret);

	detect_start(&d, span_str(text), DETECT_DEFAULT);
	while (detect_next(&d, &f)) {
		len += (size_t)snprintf(ret + len, size - len, "%.*s[%s]", (int)(f.start - at),
			text + at, detect_type_name(f.type));
		at = f.end;
		if (len >= size)
			return;
	}
	(void)snprintf(ret + len, size - len, "%s", text + at);
}

void
report_why(const struct session *s, const char *by, char ret[320])
{
	const struct hold *list;
	size_t n = holds_list(s->holds, &list);
	unsigned long long id = strncmp(by, "hold ", 5) == 0 ? strtoull(by + 5, NULL, 10) : 0;

	*ret = '\0';
	for (size_t i = 0; i < n; i++) {
		if (list[i].id != id)
			continue;
		put_struck(list[i].incident, ret, 320);
		(void)strncat(ret, ": ", 320 - strlen(ret) - 1);
		put_struck(list[i].reason, ret, 320);
	}
	for (size_t i = 0; i < s->conf->n_duties; i++)
		if (strncmp(by, "duty ", 5) == 0 && strcmp(s->conf->duty[i].name, by + 5) == 0)
			(void)snprintf(ret, 320, "%s", s->conf->duty[i].law);
}

void
report_change_text(const char *key, const json_t *pair, char ret[200])
{
	cleanup_mem char *old = json_dumps(json_array_get(pair, 0), JSON_ENCODE_ANY | JSON_COMPACT);
	cleanup_mem char *now = json_dumps(json_array_get(pair, 1), JSON_ENCODE_ANY | JSON_COMPACT);

	(void)snprintf(ret, 200, "%s: %.80s -> %.80s", key, old ? old : "", now ? now : "");
}

void
report_day_text(int64_t us, char ret[11])
{
	(void)day_format(timestamp_day(us), ret);
}

int64_t
report_greatest(const struct report_store *st)
{
	const int64_t n = st->worst_s > st->period_s ? st->worst_s : st->period_s;

	return n > 0 ? n + n / 8 : 1;
}

size_t
report_thin(const struct report *r, const struct report_store *st, struct report_point **ret)
{
	const int64_t span = r->until_us - r->from_us + 1;
	struct report_point *v = calloc(st->n_points + 1, sizeof(*v));
	int64_t slot = -1;
	size_t n = 0;

	*ret = v;
	for (size_t i = 0; v && i < st->n_points; i++) {
		const struct report_point *p = &st->point[i];
		const int64_t now = (p->time_us - r->from_us) / (span / REPORT_POINTS + 1);

		if (st->n_points <= REPORT_POINTS || now != slot)
			v[n++] = *p;
		else if (p->age_s > v[n - 1].age_s)
			v[n - 1] = *p;
		slot = now;
	}
	return n;
}
