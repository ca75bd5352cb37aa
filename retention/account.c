/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "retention/account.h"

#include <stdio.h>

#include "evidence/duty.h"
#include "evidence/hold.h"
#include "record/record.h"
#include "record/timestamp.h"
#include "retention/due.h"
#include "retention/session.h"

/* The object KEY of OF, made if it is not there. NULL: memory is out, and so is the number. */
static json_t *
object_of(json_t *of, const char *key)
{
	json_t *o = json_object_get(of, key);

	if (o)
		return o;
	o = json_object();
	return json_object_set_new(of, key, o) == 0 ? o : NULL;
}

static void
add(json_t *o, const char *key, uint64_t n)
{
	const json_int_t was = json_integer_value(json_object_get(o, key));

	if (n > 0)
		(void)json_object_set_new(o, key, json_integer(was + (json_int_t)n));
}

void
account_add(json_t *stores, const char *store, const char *key, uint64_t n)
{
	if (n > 0)
		add(object_of(stores, store), key, n);
}

void
account_plan(json_t *stores, const char *store, const struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct plan_step *p = &plan->step[i];
		const bool unread = p->n_records == UINT64_MAX;

		account_add(stores, store, unread ? "unread" : "due", unread ? 1 : p->n_records);
		account_add(stores, store, "due_bytes", p->bytes);
	}
}

struct keeping {
	struct session *s;
	json_t *kept; /* one of these two */
	json_t *in_place, *copied;
	int64_t cutoff_us;
};

static void
see_hold(void *ctx, uint64_t id)
{
	const struct keeping *k = ctx;
	char name[32];

	(void)snprintf(name, sizeof(name), "hold %llu", (unsigned long long)id);
	add(k->kept, name, 1);
}

static int
see_kept(void *ctx, const struct record *r, struct err *e)
{
	struct keeping *k = ctx;
	const struct conf *c = k->s->conf;
	char name[160];

	(void)e;
	if (r->copy && r->time_us >= k->cutoff_us)
		return 0; /* within its period */
	k->kept = r->copy ? k->copied : k->in_place;
	holds_each(k->s->holds, r, k->s->now_us, see_hold, ctx);
	for (size_t i = 0; i < c->n_duties; i++) {
		if (!duty_covers(&c->duty[i], r, k->s->now_us))
			continue;
		(void)snprintf(name, sizeof(name), "duty %s", c->duty[i].name);
		add(k->kept, name, 1);
	}
	return 0;
}

int
account_kept(json_t *stores, struct session *s, struct store *store, const struct due *due,
	struct err *e)
{
	const struct conf_store *st = store_conf(store);
	const struct selector kept = select_and(&due->old, &due->held);
	struct keeping k = { .s = s, .cutoff_us = due->cutoff_us };
	const char *name;
	json_t *n;
	int rc;

	if (holds_of_store(s->holds, st->name, s->now_us) == 0 &&
		duties_of_store(s->conf, st, s->now_us) == 0)
		return 0;
	k.in_place = json_object();
	k.copied = json_object();
	rc = store_scan(store, &kept, see_kept, &k, e);
	/* what is copied and still in its place is one record; logrotate leaves the copy alone */
	json_object_foreach(
		k.copied, name, n) if (json_integer_value(n) >
				       json_integer_value(json_object_get(k.in_place, name)))(void)
		json_object_set(k.in_place, name, n);
	if (rc == 0 && json_object_size(k.in_place) > 0)
		(void)json_object_set(object_of(stores, st->name), "kept", k.in_place);
	json_decref(k.in_place);
	json_decref(k.copied);
	return rc < 0 ? -1 : 0;
}

void
account_oldest(json_t *stores, const char *store, int64_t oldest_us)
{
	char text[28];

	timestamp_format(oldest_us, text);
	(void)json_object_set_new(object_of(stores, store), "oldest", json_string(text));
}
