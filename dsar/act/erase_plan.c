/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "dsar/act/erase-private.h"
#include "dsar/register/registry.h"
#include "record/record.h"

#define PART_GROUND "part of a record of others, too, which stays"

struct planning {
	struct session *s;
	struct erasure *x;
	const struct conf_store
		*store; /* whose finds are taken; NULL: of stores that are declared no more */
	struct keeper keeper;
	struct select_question question;
	uint64_t seen;
};

/* --- the finds, in the order of the acts ------------------------------------------------------ */

static int
take_find(void *ctx, const struct find *f, struct err *e)
{
	struct planning *p = ctx;

	if (!find_is_here(f) || (!p->store && conf_find_store(p->s->conf, f->store)))
		return 0;
	if (f->decision == FIND_OPEN) /* the guard has looked; somebody searches meanwhile */
		return err_fail(e, EX_NOPERM, 0, N_("not every find was looked at"),
			N_("decide them: see `dsar review`"), "%s", p->x->number);
	return erasure_add(
		p->x, f, f->decision == FIND_EXCLUDE ? ERASURE_EXCLUDE : ERASURE_MISSING, e);
}

static int
take_finds(struct planning *p, struct err *e)
{
	const struct conf *c = p->s->conf;

	for (size_t i = 0; i < c->n_stores; i++) {
		p->store = c->erase_order[i];
		if (finds_each(p->s->registry, p->x->number, p->store->name, take_find, p, e) < 0)
			return -1;
	}
	p->store = NULL;
	return finds_each(p->s->registry, p->x->number, NULL, take_find, p, e);
}

/* --- where they lie --------------------------------------------------------------------------- */

bool
erase_concerns(const struct session *s, const struct erasure *x, const struct conf_store *st)
{
	const bool journal = strcmp(st->type, "journal") == 0;

	for (size_t i = 0; i < x->n; i++) {
		const struct conf_store *of = conf_find_store(s->conf, x->item[i].store);

		if (of == st || (journal && of && of->journal.n > 0))
			return true;
	}
	return false;
}

bool
erase_has_parts(const struct conf_store *st)
{
	for (size_t i = 0; i < st->n_subjects; i++)
		if (st->subject[i].element)
			return true;
	return false;
}

static bool
ask_item(void *ctx, const struct record *r)
{
	const struct planning *p = ctx;
	const struct erasure_item *i = erasure_item_of(p->x, r);

	return i && i->fate != ERASURE_EXCLUDE;
}

static int
see_item(void *ctx, const struct record *r, struct err *e)
{
	struct planning *p = ctx;
	struct erasure_item *i = erasure_item_of(p->x, r);
	char ground[KEEPER_GROUND_MAX];
	int64_t until_us;
	char *copy;

	if (!i)
		return 0;
	if (!keeper_why(&p->keeper, r, ground, &until_us)) {
		i->fate = i->fate == ERASURE_KEEP ? ERASURE_KEEP : ERASURE_ERASE;
		return 0;
	}
	copy = strdup(ground);
	if (!copy)
		return err_memory(e);
	free(i->ground);
	i->ground = copy;
	i->fate = ERASURE_KEEP;
	i->until_us = until_us;
	return 0;
}

/* The whole that PART, which no store gives as a record, lies in; NULL: it is none. Another part that was left out
 * says nothing where the whole is there. */
static const struct erasure_item *
whole_of(const struct planning *p, const struct erasure_item *part)
{
	const struct conf_store *st = conf_find_store(p->s->conf, part->store);
	const struct erasure_item *whole = NULL;

	for (size_t i = 0; st && erase_has_parts(st) && i < p->x->n; i++) {
		const struct erasure_item *of = &p->x->item[i];

		if (of->fate == ERASURE_MISSING || strcmp(of->store, part->store) != 0 ||
			strcmp(of->place, part->place) != 0)
			continue;
		if (!whole || whole->fate == ERASURE_EXCLUDE)
			whole = of;
	}
	return whole;
}

/* A part goes with its whole, or stays with it. */
static int
settle_parts(struct planning *p, struct err *e)
{
	for (size_t i = 0; i < p->x->n; i++) {
		struct erasure_item *part = &p->x->item[i];
		const struct erasure_item *of = part->fate == ERASURE_MISSING ? whole_of(p, part)
									      : NULL;

		if (!of)
			continue;
		if (of->fate != ERASURE_ERASE) {
			free(part->ground);
			part->ground = strdup(of->fate == ERASURE_KEEP ? of->ground : PART_GROUND);
			if (!part->ground)
				return err_memory(e);
			part->until_us = of->fate == ERASURE_KEEP ? of->until_us : ERASURE_UNKNOWN;
		}
		part->fate = of->fate == ERASURE_ERASE ? ERASURE_ERASE : ERASURE_KEEP;
	}
	return 0;
}

int
erase_plan(struct session *s, struct erasure *x, struct err *e)
{
	struct planning p = { .s = s, .x = x };
	struct selector which;

	p.question = (struct select_question){ .ctx = &p, .record = ask_item };
	which = select_ask(&p.question);
	if (keeper_init(&p.keeper, s, x->number, e) < 0 || take_finds(&p, e) < 0)
		return -1;
	for (size_t i = 0; i < s->conf->n_stores; i++) {
		print_progress(s->conf->store[i].name, i, s->conf->n_stores);
		if (erase_concerns(s, x, &s->conf->store[i]) &&
			store_visit(&s->env, &s->conf->store[i], &which, see_item, &p, e) < 0)
			return -1;
	}
	print_progress("", 1, 1);
	return settle_parts(&p, e);
}
