/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a backup has brought back is looked for by its tombstones, and erased again; before, what was set right
 * (reapply_set.c). What is held, or under a duty, stays as it did before.
 */
#include <getopt.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/now.h"
#include "base/options.h"
#include "dsar/command.h"
#include "dsar/act/keeper.h"
#include "dsar/act/reapply-private.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"
#include "dsar/act/tombstone.h"
#include "evidence/hold.h"
#include "evidence/ledger.h"
#include "store/plan.h"

#define _(text) gettext(text)

struct reapplying {
	struct session *s;
	struct tombstones *tombstones;
	struct corrections *corrections;
	struct keeper keeper;
	struct select_question erased;
	struct selector of;
	const struct selector *which; /* … and not kept */
	const char *only;
	bool dry;
	uint64_t n_failed;
};

static bool
ask_erased(void *ctx, const struct record *r)
{
	return tombstones_cover(((struct reapplying *)ctx)->tombstones, r);
}

static enum select_answer
ask_block(void *ctx, const struct select_block *b)
{
	const struct reapplying *a = ctx;

	/* a journal has entries of other stores */
	return strcmp(b->store->type, "journal") == 0 ||
			       tombstones_concern(a->tombstones, b->store->name)
		       ? SELECT_MAYBE
		       : SELECT_NO;
}

static int
note(struct reapplying *a, const char *kind, const struct plan_step *p, uint64_t n, struct err *e)
{
	json_t *d = json_pack("{s:s, s:s, s:I}", "store", p->store, "action",
		plan_action_name(p->action), "records", (json_int_t)(n == UINT64_MAX ? 0 : n));
	json_t *copy = json_deep_copy(d);

	if (registry_record(a->s->registry, "-", kind, d, now_us(), e) < 0) {
		json_decref(copy);
		return -1;
	}
	return ledger_append(a->s->ledger, now_us(), kind, copy, NULL, e);
}

static int
act_step(struct reapplying *a, struct store *store, const struct plan_step *p, uint64_t *n,
	struct err *e)
{
	struct store_result result;

	if (note(a, "reapply", p, p->n_records, e) < 0 ||
		holds_act(a->s->holds, store, p, a->which, &result, e) < 0)
		return -1;
	*n += result.n_erased == UINT64_MAX ? 0 : result.n_erased;
	return note(a, "reapplied", p, result.n_erased, e);
}

static void
show(struct reapplying *a, const char *store, uint64_t n)
{
	struct print *o = &a->s->out;

	print_begin(o);
	print_str(o, "store", span_str(store));
	print_int(o, "records", (int64_t)n);
	print_bool(o, "erased", !a->dry);
	print_end(o);
	if (!o->json)
		printf(a->dry ? _("%s: %llu records have come back\n")
			      : _("%s: %llu records had come back, and are erased again\n"),
			store, (unsigned long long)n);
}

static bool
is_ours(const struct err *e)
{
	return e->exit == EX_DATAERR ||
	       e->exit == EX_CANTCREAT; /* a ledger, the register, the holds */
}

/* What cannot be set right keeps nothing from being erased. */
static int
set_again(struct reapplying *a, struct store *store, struct err *e)
{
	if (reapply_set(a->s, a->corrections, store, a->dry, e) == 0)
		return 0;
	if (is_ours(e))
		return -1;
	(void)err_within(e, "store \"%s\"", store_conf(store)->name);
	(void)err_print(e, "dsar", stderr);
	a->n_failed++;
	return 0;
}

static int
reapply_store(struct reapplying *a, const struct conf_store *st, struct err *e)
{
	CLEANUP(store_freep) struct store *store = NULL;
	struct plan plan;
	uint64_t n = 0;
	int rc = store_open(&a->s->env, st, &store, e);

	if (rc == STORE_ABSENT)
		return 0;
	if (rc < 0)
		return -1;
	if (set_again(a, store, e) < 0)
		return -1;
	plan_init(&plan);
	rc = store_plan(store, a->which, &plan, e);
	for (size_t i = 0; rc == 0 && i < plan.n; i++) {
		if (a->dry)
			n += plan.step[i].n_records;
		else
			rc = act_step(a, store, &plan.step[i], &n, e);
	}
	plan_release(&plan);
	if (rc == 0 && n > 0)
		show(a, st->name, n);
	return rc;
}

static bool
concerns(const struct reapplying *a, const struct conf_store *st)
{
	const struct conf *c = a->s->conf;

	if (a->only && strcmp(a->only, st->name) != 0)
		return false;
	if (tombstones_concern(a->tombstones, st->name) ||
		corrections_concern(a->corrections, st->name))
		return true;
	for (size_t i = 0; strcmp(st->type, "journal") == 0 && i < c->n_stores; i++)
		if (c->store[i].journal.n > 0 &&
			tombstones_concern(a->tombstones, c->store[i].name))
			return true;
	return false;
}

static int
reapply(struct reapplying *a, struct err *e)
{
	const struct conf *c = a->s->conf;

	if (a->only && !conf_find_store(c, a->only))
		return err_fail(e, EX_USAGE, 0, N_("no such store"),
			N_("see `logscrub check-config` for the names"), "%s", a->only);
	for (size_t i = 0; i < c->n_stores; i++) {
		const struct conf_store *st = c->erase_order[i];

		if (!concerns(a, st) || reapply_store(a, st, e) == 0)
			continue;
		if (is_ours(e))
			return -1;
		(void)err_within(e, "store \"%s\"", st->name);
		(void)err_print(e, "dsar", stderr);
		a->n_failed++;
	}
	if (a->dry)
		return 0;
	return ledger_sign(a->s->ledger, a->s->sign, e) < 0 ? -1 : 0;
}

static void
help(void)
{
	fputs(_("Usage: dsar reapply [--store NAME] [--dry-run]\n"
		"Erases again what was erased and a backup has brought back, and sets right again what was\n"
		"rectified.\n"),
		stdout);
}

int
reapply_main(struct session *s, int argc, char **argv, struct err *e)
{
	CLEANUP(tombstones_freep) struct tombstones *tombstones = NULL;
	CLEANUP(corrections_freep) struct corrections *corrections = NULL;
	struct reapplying a = { .s = s };
	const struct option_to table[] = {
		{ "store", 's', &a.only, NULL },
		{ "dry-run", 'n', NULL, &a.dry },
	};
	int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);

	if (rc != 0)
		return rc > 0 ? 0 : usage_fail(_("unknown option, or its value is missing"));
	if (optind != argc)
		return usage_fail(_("reapply takes no argument"));
	if (keeper_init(&a.keeper, s, "-", e) < 0 ||
		tombstones_open(s->conf, s->registry, s->now_us, &tombstones, e) < 0 ||
		corrections_open(s->conf, s->registry, s->now_us, &corrections, e) < 0)
		return -1;
	a.corrections = corrections;
	a.tombstones = tombstones;
	a.erased = (struct select_question){ .ctx = &a, .block = ask_block, .record = ask_erased };
	a.of = select_ask(&a.erased);
	a.which = keeper_spare(&a.keeper, &a.of);
	if (reapply(&a, e) < 0)
		return -1;
	return a.n_failed > 0 ? EX_UNAVAILABLE : 0;
}
