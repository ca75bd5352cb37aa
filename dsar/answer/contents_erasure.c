/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an erasure has done, told in groups: of a store so many entries erased, so many kept under one law until one
 * day. Nothing of the entries themselves.
 */
#include <inttypes.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf/conf.h"
#include "dsar/answer/contents.h"
#include "dsar/act/erasure.h"
#include "dsar/answer/notice.h"
#include "dsar/order/ordered.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"

#define _(text) gettext(text)

struct telling {
	struct session *s;
	const struct case_file *c;
	const struct erasure *x;
	struct places *p;
	bool unfinished; /* not all was erased or searched again */
};

static bool
is_alike(const struct erasure_item *a, const struct erasure_item *b)
{
	return a->fate == b->fate && strcmp(a->store, b->store) == 0 &&
	       (a->fate != ERASURE_KEEP ||
		       (a->until_us == b->until_us && strcmp(a->ground, b->ground) == 0));
}

/* Has an item before AT told of it already? */
static bool
is_told(const struct erasure *x, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (is_alike(&x->item[i], &x->item[at]))
			return true;
	return false;
}

static int
put_kept(struct telling *t, const struct erasure_item *i, const char *n, struct err *e)
{
	char day[CONTENTS_DAY_MAX];

	if (i->until_us == ERASURE_UNKNOWN)
		return place_printf(t->p, "kept", e,
			_("%s: %s, under %s, looked at again within a year"), i->store, n,
			i->ground);
	contents_day(t->c->lang, day_local(i->until_us), day);
	return place_printf(
		t->p, "kept", e, _("%s: %s, under %s, until %s"), i->store, n, i->ground, day);
}

static int
put_group(struct telling *t, const struct erasure_item *i, uint64_t n, struct err *e)
{
	char text[64];

	(void)snprintf(text, sizeof(text),
		ngettext("%" PRIu64 " entry", "%" PRIu64 " entries", (unsigned long)n), n);
	switch (i->fate) {
	case ERASURE_GONE:
		return place_printf(t->p, "done", e, "%s: %s", i->store, text);
	case ERASURE_MISSING:
		return place_printf(t->p, "done", e,
			_("%s: %s, which was gone by its period already"), i->store, text);
	case ERASURE_KEEP:
		return put_kept(t, i, text, e);
	case ERASURE_ERASE:
		return place_printf(t->p, "not_done", e,
			_("%s: %s, which could not be reached; we try again"), i->store, text);
	default: /* not about the person */
		return 0;
	}
}

static int
put_groups(struct telling *t, struct err *e)
{
	const struct erasure *x = t->x;

	for (size_t at = 0; at < x->n; at++) {
		uint64_t n = 0;

		if (is_told(x, at))
			continue;
		for (size_t i = at; i < x->n; i++)
			n += is_alike(&x->item[i], &x->item[at]) ? x->item[i].n : 0;
		if (put_group(t, &x->item[at], n, e) < 0)
			return -1;
	}
	return 0;
}

/* Recipients are told; what they hold is theirs to erase. */
static int
see_recipient(void *ctx, const struct conf_recipient *r, enum notice_state state, struct err *e)
{
	struct telling *t = ctx;

	(void)state;
	if (place_put(t->p, "recipients", span_str(r->name), e) < 0)
		return -1;
	return place_printf(t->p, "not_done", e,
		_("what %s holds: it is told, and has to erase it itself"), r->name);
}

static int
put_times(struct telling *t, struct err *e)
{
	const int64_t done_us = t->x->ended_us ? t->x->ended_us : t->s->now_us;
	char day[CONTENTS_DAY_MAX];

	contents_day(t->c->lang, day_local(done_us), day);
	if (place_put(t->p, "done_day", span_str(day), e) < 0)
		return -1;
	if (t->s->conf->backup_s == 0)
		return 0;
	contents_day(t->c->lang, day_local(done_us + t->s->conf->backup_s * 1000000), day);
	return place_put(t->p, "backups_until", span_str(day), e);
}

/* The newest proof of each machine, by its name; "": the case's own. */
static int
see_proof(void *ctx, const char *kind, int64_t time_us, const json_t *data, struct err *e)
{
	const char *node = json_string_value(json_object_get(data, "node"));

	(void)time_us;
	if (strcmp(kind, "proof") != 0)
		return 0;
	return json_object_set_new(ctx, node ? node : "", json_deep_copy(data)) < 0 ? err_memory(e)
										    : 0;
}

static int
put_unsearched(struct telling *t, const json_t *names, struct err *e)
{
	for (size_t i = 0; i < json_array_size(names); i++) {
		t->unfinished = true;
		if (place_printf(t->p, "not_done", e,
			    _("%s: could not be searched again; we try again"),
			    json_string_value(json_array_get(names, i))) < 0)
			return -1;
	}
	return 0;
}

/* What came after the search is hers to be told of, too. */
static int
put_came_since(struct telling *t, int64_t left, struct err *e)
{
	return left == 0 ? 0
			 : place_printf(t->p, "not_done", e,
				   ngettext("%" PRId64 " entry that came after we had searched",
					   "%" PRId64 " entries that came after we had searched",
					   (unsigned long)left),
				   left);
}

static int
put_proofs(struct telling *t, struct err *e)
{
	json_t *proofs = json_object(), *proof;
	const char *node;
	int64_t left = 0;
	int rc = case_events(t->s->registry, t->c->number, see_proof, proofs, e);

	json_object_foreach(proofs, node, proof)
	{
		left += json_integer_value(json_object_get(proof, "left"));
		if (rc == 0)
			rc = put_unsearched(t, json_object_get(proof, "unsearched"), e);
	}
	json_decref(proofs);
	return rc < 0 ? -1 : put_came_since(t, left, e);
}

static int
put_searched_again(struct telling *t, struct err *e)
{
	const size_t left = erasure_count(t->x, ERASURE_ERASE);

	if (left == 0 && t->unfinished)
		return place_put(t->p, "searched_again",
			span_str(_("not everywhere yet; we go on with it.")), e);
	if (left == 0)
		return place_put(t->p, "searched_again",
			span_str(_("nothing of what was to be erased is left.")), e);
	return place_printf(t->p, "searched_again", e,
		ngettext("%" PRIu64 " entry is left and named above.",
			"%" PRIu64 " entries are left and named above.", (unsigned long)left),
		(uint64_t)left);
}

/* What other machines have erased by order, told with their names. */
static int
see_ordered(void *ctx, const struct ordered_item *i, struct err *e)
{
	struct erasure *x = ctx;
	cleanup_mem char *store = NULL, *ground = NULL;
	struct find f = { .id = i->item->find, .n = i->item->n, .place = "" };
	struct erasure_item *added;

	if (!i->erased)
		return 0;
	if (asprintf(&store, "%s (%s)", i->item->store, i->node) < 0 ||
		!(ground = strdup(i->item->ground)))
		return err_memory(e);
	f.store = store;
	if (erasure_add(x, &f, i->item->fate, e) < 0)
		return -1;
	added = &x->item[x->n - 1];
	free(added->ground);
	added->ground = TAKE(ground);
	added->until_us = i->item->until_us;
	x->state = ERASURE_DONE;
	x->ended_us = i->made_us > x->ended_us ? i->made_us : x->ended_us;
	return 0;
}

int
contents_erasure(struct session *s, const struct case_file *c, struct places *p, struct err *e)
{
	struct erasure x;
	struct telling t = { .s = s, .c = c, .x = &x, .p = p };
	int rc;

	erasure_init(&x, c->number);
	rc = erasure_read(s->registry, c->number, &x, e);
	if (rc >= 0 && x.state == ERASURE_PLANNED)
		erasure_release(&x); /* a plan says nothing of what was done */
	t.unfinished = x.state == ERASURE_BEGUN;
	if (rc >= 0)
		rc = ordered_items(s->registry, c->number, NULL, see_ordered, &x, e);
	if (rc == 0 && x.state == ERASURE_PLANNED)
		rc = err_fail(e, EX_NOPERM, 0, N_("nothing was erased in this case yet"),
			N_("see `dsar erase`"), "%s", c->number);
	if (rc == 0 && (put_groups(&t, e) < 0 || put_times(&t, e) < 0 || put_proofs(&t, e) < 0 ||
			       put_searched_again(&t, e) < 0 ||
			       notices_each(s->conf, s->registry, c, see_recipient, &t, e) < 0))
		rc = -1;
	erasure_release(&x);
	return rc;
}
