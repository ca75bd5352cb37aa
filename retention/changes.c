/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "retention/changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf/conf.h"
#include "evidence/ledger.h"
#include "record/key/sha256.h"
#include "retention/session.h"

/* --- the state -------------------------------------------------------------------------------- */

static json_t *
list_json(const struct conf_list *l)
{
	json_t *a = json_array();

	for (size_t i = 0; i < l->n; i++)
		(void)json_array_append_new(a, json_string(l->v[i]));
	return a;
}

/* Is given away; 16 digits of its hash. */
static json_t *
rest_of(json_t *what)
{
	cleanup_mem char *text = json_dumps(what, JSON_COMPACT | JSON_SORT_KEYS);
	char hex[SHA256_HEX];

	json_decref(what);
	sha256_hex(span_str(text ? text : ""), hex);
	hex[16] = '\0';
	return json_string(hex);
}

static json_t *
store_state(const struct conf_store *s)
{
	json_t *options = json_object(), *rest;

	for (size_t i = 0; i < s->n_options; i++)
		(void)json_object_set_new(
			options, s->option[i].key, json_string(s->option[i].value));
	rest = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "purpose", s->purpose, "basis", s->basis,
		"class", s->deletion_class, "paths", list_json(&s->paths), "journal",
		list_json(&s->journal), "options", options);
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:b, s:o}", "type", s->type, "format",
		s->format, "category", s->category, "start", s->start_event, "period_s",
		(json_int_t)s->period_s, "hold_max_s", (json_int_t)s->hold_max_s, "required",
		s->required, "rest", rest_of(rest));
}

static json_t *
category_state(const struct conf_category *c)
{
	json_t *rest = json_array();

	for (int i = 0; i < LANGUAGES; i++) {
		const struct conf_policy_text *t = &c->text[i];

		(void)json_array_append_new(
			rest, json_pack("[s, s, s, s, s, s, s]", t->title, t->holds, t->purpose,
				      t->basis, t->period, t->subjects, t->recipients));
	}
	return json_pack("{s:I, s:b, s:s, s:s, s:o}", "period_s", (json_int_t)c->period_s, "stored",
		c->stored, "start", c->start_event, "class", c->deletion_class, "rest",
		rest_of(rest));
}

static json_t *
duty_state(const struct conf_duty *d)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:o, s:o}", "law", d->law, "since_s",
		(json_int_t)d->since_s, "until_s", (json_int_t)d->until_s, "ends_s",
		(json_int_t)d->ends_s, "years", (json_int_t)d->years, "stores",
		list_json(&d->stores), "categories", list_json(&d->categories));
}

static void
put(json_t *state, const char *kind, const char *name, json_t *what)
{
	char key[200];

	(void)snprintf(key, sizeof(key), "%s %s", kind, name);
	(void)json_object_set_new(state, key, what);
}

json_t *
changes_state(const struct conf *c)
{
	json_t *state = json_object();

	(void)json_object_set_new(state, "retention",
		json_pack("{s:I, s:I, s:s}", "interval_s", (json_int_t)c->run_interval_s,
			"max_share", (json_int_t)c->max_share, "clock",
			c->clock_ntp ? "ntp" : "local"));
	for (size_t i = 0; i < c->n_stores; i++)
		put(state, "store", c->store[i].name, store_state(&c->store[i]));
	for (size_t i = 0; i < c->n_categories; i++)
		put(state, "category", c->category[i].name, category_state(&c->category[i]));
	for (size_t i = 0; i < c->n_duties; i++)
		put(state, "duty", c->duty[i].name, duty_state(&c->duty[i]));
	return state;
}

/* --- what changed ----------------------------------------------------------------------------- */

static json_t *
or_null(const json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	return v ? json_incref(v) : json_null();
}

/* What differs for the keys of KEYS, which is one of the two. */
static void
compare(json_t *to, const json_t *keys, const json_t *old, const json_t *now)
{
	const char *key;
	json_t *ignored;

	json_object_foreach((json_t *)keys, key, ignored)
	{
		const json_t *a = json_object_get(old, key), *b = json_object_get(now, key);

		if (!a || !b || !json_equal(a, b))
			(void)json_object_set_new(
				to, key, json_pack("[o, o]", or_null(old, key), or_null(now, key)));
	}
}

static void
compare_names(json_t *to, const json_t *names, const json_t *old, const json_t *now)
{
	const char *name;
	json_t *ignored;

	json_object_foreach((json_t *)names, name, ignored)
	{
		json_t *a = json_object_get(old, name), *b = json_object_get(now, name), *diff;

		if (json_object_get(to, name) || (a && b && json_equal(a, b)))
			continue;
		diff = json_object();
		if (a)
			compare(diff, a, a, b);
		if (b)
			compare(diff, b, a, b);
		(void)json_object_set_new(to, name, diff);
	}
}

json_t *
changes_between(const json_t *old, const json_t *now)
{
	json_t *to = json_object();

	compare_names(to, old, old, now);
	compare_names(to, now, old, now);
	return to;
}

/* --- the entry -------------------------------------------------------------------------------- */

static int
see_state(void *ctx, const struct ledger_entry *en, struct err *e)
{
	json_t *d = json_loads(en->data, 0, NULL);

	(void)e;
	*(json_t **)ctx = json_incref(json_object_get(d, "state"));
	json_decref(d);
	return 0;
}

int
changes_note(struct session *s, struct err *e)
{
	json_t *old = NULL, *now, *d;
	cleanup_mem char *text = NULL;
	char hex[SHA256_HEX];
	int rc = ledger_last(s->ledger, "config", see_state, &old, e);

	if (rc < 0)
		return -1;
	now = changes_state(s->conf);
	text = json_dumps(now, JSON_COMPACT | JSON_SORT_KEYS);
	if (!text || (old && json_equal(old, now))) {
		json_decref(old);
		json_decref(now);
		return text ? 0 : err_memory(e);
	}
	sha256_hex(span_str(text), hex);
	d = json_pack("{s:s, s:O}", "hash", hex, "state", now);
	if (old)
		(void)json_object_set_new(d, "changed", changes_between(old, now));
	json_decref(old);
	json_decref(now);
	return ledger_append(s->ledger, s->now_us, "config", d, NULL, e);
}
