/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "retention/standing.h"

#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/hold.h"
#include "retention/due.h"
#include "retention/mounts.h"
#include "retention/session.h"

#define _(text) gettext(text)

void
standing_age(int64_t s, char ret[32])
{
	if (s >= 86400)
		(void)snprintf(ret, 32, "%.1f d", (double)s / 86400);
	else if (s >= 3600)
		(void)snprintf(ret, 32, "%.1f h", (double)s / 3600);
	else
		(void)snprintf(ret, 32, "%lld s", (long long)s);
}

void
standing_period(const struct conf_store *st, char ret[32])
{
	if (st->until_erased)
		(void)snprintf(ret, 32, "%s", _("until erased"));
	else
		standing_age(st->period_s, ret);
}

const char *
light_name(enum light l)
{
	static const char *const names[] = { "green", "yellow", "red" };

	return names[l];
}

bool
hold_is_ending(const struct session *s, const struct hold *d)
{
	return d->end == HOLD_IN_FORCE && d->expires_us > s->now_us &&
	       d->expires_us - s->now_us <= s->conf->remind_s * 1000000;
}

static size_t
count_ending(const struct session *s, const char *store)
{
	const struct hold *list;
	size_t n = holds_list(s->holds, &list), found = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < list[i].stores.n; k++)
			found += strcmp(list[i].stores.v[k], store) == 0 &&
				 hold_is_ending(s, &list[i]);
	return found;
}

/* What a person has to look at: it could not be erased, or may not be gone. */
static uint64_t
notes_of(const struct session *s)
{
	return s->n_notes[NOTE_DELETED_OPEN] + s->n_notes[NOTE_DAMAGED] +
	       s->n_notes[NOTE_NOT_POSSIBLE] + s->n_notes[NOTE_FOREIGN_MOUNT] +
	       s->n_notes[NOTE_ODD];
}

/* Its oldest record, and whether it and what lies in it are on the mounts that are expected. */
static int
read_oldest(struct session *s, struct store *store, const struct due *due, const struct mounts *m,
	int64_t *ret_us, bool *ret_moved, struct err *e)
{
	const char *what;
	json_t *lies;
	int rc;

	if (mounts_of(store, &lies, e) < 0)
		return -1;
	s->foreign = lies;
	rc = store_oldest(store, &due->rightly, ret_us, e);
	s->foreign = NULL;
	*ret_moved = !mounts_expected(m, store, lies, &what);
	json_decref(lies);
	return rc;
}

static int
look(struct session *s, const struct conf_store *st, const struct mounts *m, struct standing *ret,
	struct err *e)
{
	CLEANUP(store_freep) struct store *store = NULL;
	struct due due;
	int64_t oldest;
	int rc = store_open(&s->env, st, &store, e);

	ret->absent = rc > 0;
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	due_init(&due, s, st, s->now_us, 0);
	/* where nothing ages, how old it is does not matter, and may cost a whole pass */
	rc = due_applies(st) ? read_oldest(s, store, &due, m, &oldest, &ret->moved, e)
			     : STORE_EMPTY;
	if (rc < 0 || store_size(store, &ret->size, e) < 0)
		return -1;
	ret->empty = rc > 0;
	ret->age_s = rc > 0 ? 0 : (s->now_us - oldest) / 1000000;
	return 0;
}

/* What failed is printed and makes it red; it stops no other. */
static void
standing_look(struct session *s, const struct conf_store *st, const struct mounts *m,
	struct standing *ret)
{
	const uint64_t notes = notes_of(s);
	struct err e;

	*ret = (struct standing){ .store = st,
		.n_holds = holds_of_store(s->holds, st->name, s->now_us),
		.n_duties = duties_of_store(s->conf, st, s->now_us),
		.n_ending = count_ending(s, st->name) };
	ret->failed = look(s, st, m, ret, &e) < 0;
	if (ret->failed)
		(void)err_print(&e, "retention", stderr);
	ret->n_notes = notes_of(s) - notes;
	ret->late = due_applies(st) && ret->age_s > st->period_s;
	if (ret->failed || ret->late || ret->moved || (ret->absent && st->required))
		ret->light = LIGHT_RED;
	else if (ret->n_ending > 0 || ret->n_notes > 0)
		ret->light = LIGHT_YELLOW;
}

size_t
standing_all(struct session *s, struct standing **ret)
{
	const struct conf *c = s->conf;
	struct standing *v = calloc(c->n_stores + 1, sizeof(*v));
	struct mounts m = { 0 };
	struct err e;
	size_t n = 0;

	s->quiet = true;
	if (mounts_read(&m, s, &e) < 0)
		(void)err_print(&e, "retention", stderr); /* then all is where it is expected */
	for (size_t i = 0; v && i < c->n_stores; i++) {
		if (!due_applies(&c->store[i]) && !c->store[i].until_erased)
			continue;
		standing_look(s, &c->store[i], &m, &v[n]);
		n += v[n].light != LIGHT_GREEN || v[n].n_holds + v[n].n_duties > 0 ||
		     (!v[n].absent && !(v[n].empty && v[n].size.n_parts == 0));
	}
	mounts_release(&m);
	*ret = v;
	return n;
}
