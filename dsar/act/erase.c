/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <getopt.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/now.h"
#include "base/options.h"
#include "dsar/act/approval.h"
#include "dsar/case/case.h"
#include "dsar/command.h"
#include "dsar/act/erase-private.h"
#include "dsar/act/erase.h"
#include "dsar/search/held.h"
#include "dsar/search/keep.h"
#include "dsar/act/objection.h"
#include "dsar/register/registry.h"
#include "dsar/act/restriction.h"
#include "evidence/hold.h"
#include "evidence/ledger.h"
#include "evidence/sign.h"

#define _(text) gettext(text)

#define NEEDS_ALL (CASE_NEEDS_OPEN | CASE_NEEDS_VERIFIED | CASE_NEEDS_SEARCHED | CASE_NEEDS_LOOKED)

#define KEPT_REASON "kept from erasure"

struct erasing {
	struct session *s;
	const char *number, *confirm;
	bool ordered; /* approved by an order (order.h), which the agent has checked */
	struct case_file c;
	struct erasure x;
	struct erase_proof proof;
};

/* --- a plan ----------------------------------------------------------------------------------- */

static int
plan_make(struct erasing *g, struct erasure *ret, struct buf *text, struct err *e)
{
	erasure_init(ret, g->number);
	if (erase_plan(g->s, ret, e) < 0)
		return -1;
	return erasure_text(ret, text, e);
}

static json_t *
plan_entry(const struct erasure *x)
{
	json_t *d = json_pack("{s:s}", "plan", x->hash);

	for (int f = 0; f < ERASURE_FATES; f++)
		(void)json_object_set_new(d, erasure_fate_name((enum erasure_fate)f),
			json_integer((json_int_t)erasure_count(x, (enum erasure_fate)f)));
	return d;
}

static int
plan_keep(struct erasing *g, struct err *e)
{
	struct registry *r = g->s->registry;

	int rc = registry_begin(r, e);

	if (rc < 0)
		return -1;
	if (case_guard(r, &g->c, NEEDS_ALL, g->s->now_us, e) < 0 ||
		registry_record(r, g->number, "plan", plan_entry(&g->x), g->s->now_us, e) < 0 ||
		erasure_write(r, &g->x, g->s->now_us, e) < 0)
		rc = -1;
	return registry_end(r, rc, e);
}

static int
refuse(struct erasing *g, const char *why, const char *what, const char *todo, struct err *e)
{
	return case_forbid(g->s->registry, g->number, why, g->s->now_us, what, todo, e);
}

/* What is objected to is erased when that is right, and not before (Art. 17(1)(c)). */
static int
objection_check(struct erasing *g, struct err *e)
{
	struct objection o;

	if (g->c.article != ARTICLE_OBJECTION || g->ordered) /* whoever orders has decided it */
		return 0;
	if (objection_read(g->s->registry, g->number, &o, e) < 0)
		return -1;
	return o.state == OBJECTION_UPHELD
		       ? 0
		       : refuse(g, "objection", N_("the objection is not upheld"),
				 N_("decide it with `dsar object CASE --uphold`"), e);
}

static int
plan(struct erasing *g, struct err *e)
{
	struct buf text = { 0 };
	int rc;

	if (case_guard(g->s->registry, &g->c, NEEDS_ALL, g->s->now_us, e) < 0 ||
		objection_check(g, e) < 0)
		return -1;
	rc = erasure_read(g->s->registry, g->number, &g->x, e);
	if (rc < 0)
		return -1;
	if (rc == 0 && g->x.state != ERASURE_PLANNED) /* what was approved, and how far it is */
		return 0;
	erasure_release(&g->x);
	rc = plan_make(g, &g->x, &text, e);
	buf_release(&text);
	return rc < 0 ? -1 : plan_keep(g, e);
}

/* --- the act ---------------------------------------------------------------------------------- */

/* Is the plan that was approved still the plan of now? */
static int
still_stands(struct erasing *g, struct buf *text, struct err *e)
{
	struct erasure now;
	bool same;
	int rc = plan_make(g, &now, text, e);

	same = rc == 0 && strcmp(now.hash, g->confirm) == 0;
	erasure_release(&now);
	if (rc < 0)
		return -1;
	return same ? 0
		    : refuse(g, "plan",
			      N_("what is stored is not what the plan was made of; nothing was erased"),
			      N_("search again, then show the plan with `dsar erase CASE --dry-run`"),
			      e);
}

static int
approved(struct erasing *g, struct buf *text, struct err *e)
{
	const struct approved plan = { g->number, g->x.hash };

	if (g->ordered)
		return 0;
	return approvals_guard(
		g->s->registry, g->s->conf, &plan, span_of(text->p, text->len), g->s->now_us, e);
}

static int
begin(struct erasing *g, struct err *e)
{
	struct registry *r = g->s->registry;
	struct buf text = { 0 };
	int rc = still_stands(g, &text, e);

	if (rc == 0)
		rc = approved(g, &text, e);
	buf_release(&text);
	if (rc < 0 || registry_begin(r, e) < 0)
		return -1;
	g->x.state = ERASURE_BEGUN;
	g->x.begun_us = g->s->now_us;
	if (case_guard(r, &g->c, NEEDS_ALL, g->s->now_us, e) < 0 ||
		case_reach(r, &g->c, CASE_EXECUTING, g->s->now_us, e) < 0 ||
		registry_record(r, g->number, "begin", plan_entry(&g->x), g->s->now_us, e) < 0 ||
		erasure_update(r, &g->x, e) < 0)
		rc = -1;
	return registry_end(r, rc, e);
}

/* --- what had to be kept ---------------------------------------------------------------------- */

/* The hold that a run before this one has made, and was ended before it could write that down. An older one is of an erasure
 * of this case before (agent_kept.h). */
static uint64_t
hold_made(const struct erasing *g)
{
	const struct hold *list;
	const size_t n = holds_list(g->s->holds, &list);

	for (size_t i = 0; i < n; i++)
		if (held_is(&list[i], KEPT_REASON) && strcmp(list[i].incident, g->number) == 0 &&
			list[i].created_us >= g->x.begun_us)
			return list[i].id;
	return 0;
}

/* Nobody else uses or erases it meanwhile (Art. 18); only this case's own erasure passes. */
static int
restrict_kept(struct erasing *g, struct err *e)
{
	struct held h;
	int rc = held_init(&h, g->s->conf, e);

	for (size_t i = 0; rc == 0 && i < g->x.n; i++)
		if (g->x.item[i].fate == ERASURE_KEEP)
			held_add(&h, g->x.item[i].store, g->x.item[i].digest);
	if (rc == 0 && held_count(&h) > 0 && g->x.hold == 0)
		g->x.hold = hold_made(g);
	if (rc == 0 && held_count(&h) > 0 && g->x.hold == 0)
		rc = held_keep(g->s, &h, g->number, KEPT_REASON, HOLD_FOR_EVER, &g->x.hold, e);
	held_release(&h);
	return rc;
}

/* How far it is, under the name KIND. */
static int
account(struct erasing *g, const char *kind, struct err *e)
{
	struct registry *r = g->s->registry;
	int rc = registry_begin(r, e);

	if (rc < 0)
		return -1;
	rc = registry_record(r, g->number, kind, plan_entry(&g->x), now_us(), e);
	if (rc == 0)
		rc = erasure_update(r, &g->x, e);
	return registry_end(r, rc, e);
}

static int
finish(struct erasing *g, uint64_t n_failed, struct err *e)
{
	const size_t n_left = erasure_count(&g->x, ERASURE_ERASE);

	if (n_left == 0 && n_failed == 0) {
		g->x.state = ERASURE_DONE;
		g->x.ended_us = now_us();
	}
	/* what comes back of it now is a backup's, and not kept for an answer */
	if (account(g, g->x.state == ERASURE_DONE ? "end" : "unfinished", e) < 0 ||
		(g->x.state == ERASURE_DONE && (keep_end(g->s, g->number, e) < 0 ||
						       restriction_lift(g->s, g->number, e) < 0)))
		return -1;
	return ledger_sign(g->s->ledger, g->s->sign, e) < 0 ? -1 : 0;
}

/* What had to be kept is restricted before anything else is asked for: searching again may take hours, and may not come to its
 * end. It is done when every store has been searched again, whatever is found there. */
static int
act(struct erasing *g, uint64_t *ret_failed, struct err *e)
{
	if (erase_act(g->s, &g->x, ERASURE_ERASE, ret_failed, e) < 0 || restrict_kept(g, e) < 0)
		return -1;
	if (*ret_failed == 0 && erase_prove(g->s, &g->x, &g->proof, e) < 0)
		return -1;
	*ret_failed += g->proof.n_failed;
	return finish(g, *ret_failed, e);
}

static int
confirm(struct erasing *g, struct err *e)
{
	uint64_t n_failed = 0;
	int rc = erasure_read(g->s->registry, g->number, &g->x, e);

	if (rc < 0)
		return -1;
	if (rc > 0 || strcmp(g->confirm, g->x.hash) != 0)
		return refuse(g, "hash", N_("this is not the plan of the case"),
			N_("show it with `dsar erase CASE --dry-run`"), e);
	if (g->x.state == ERASURE_PLANNED && begin(g, e) < 0)
		return -1;
	if (g->x.state == ERASURE_BEGUN && act(g, &n_failed, e) < 0)
		return -1;
	if (n_failed > 0)
		return EX_UNAVAILABLE;
	return erasure_count(&g->x, ERASURE_ERASE) > 0 || g->proof.n_left > 0 ? 1 : 0;
}

int
erase_kept_end(struct session *s, const char *number, struct err *e)
{
	return held_end_others(s, number, KEPT_REASON, 0, e);
}

/* --- what is due ------------------------------------------------------------------------------ */

/* A case that is closed leaves nothing of what was erased late, either; one that is forgotten nothing at all. */
static int
due_forget(struct erasing *g, struct err *e)
{
	struct registry *r = g->s->registry;
	struct case_file c;
	int rc = case_read(r, g->number, &c, e);

	if (rc < 0 || (rc == 0 && c.state < CASE_SHRUNK))
		return rc;
	if (registry_begin(r, e) < 0)
		return -1;
	return registry_end(
		r, rc == 1 ? erasure_forget(r, g->number, e) : erasure_shrink(r, g->number, e), e);
}

static int
due_one(struct erasing *g, struct err *e)
{
	const size_t before = erasure_count(&g->x, ERASURE_KEEP);
	uint64_t n_failed;

	if (erase_act(g->s, &g->x, ERASURE_KEEP, &n_failed, e) < 0)
		return -1;
	if (erasure_count(&g->x, ERASURE_KEEP) == before)
		return 0;
	if (account(g, g->x.state == ERASURE_DONE ? "end" : "unfinished", e) < 0)
		return -1;
	if (erasure_count(&g->x, ERASURE_KEEP) == 0 && erase_kept_end(g->s, g->number, e) < 0)
		return -1;
	if (ledger_sign(g->s->ledger, g->s->sign, e) < 0)
		return -1;
	erase_show(g->s, &g->x);
	return due_forget(g, e);
}

/* The numbers of the cases that have kept something, one behind the other. */
static int
due_numbers(struct registry *r, struct buf *out, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(r,
		    "SELECT DISTINCT number FROM erasure_items JOIN erasures USING (number)"
		    " WHERE fate = ?1 AND state <> ?2 ORDER BY number",
		    &st, e) < 0)
		return -1;
	(void)sqlite3_bind_int(st, 1, ERASURE_KEEP);
	(void)sqlite3_bind_int(st, 2, ERASURE_PLANNED);
	while ((rc = registry_step(r, st, e)) == 0) {
		buf_span(out, statement_span(st, 0));
		buf_char(out, '\0');
	}
	return rc < 0 ? -1 : 0;
}

int
erase_due(struct session *s, struct err *e)
{
	struct buf numbers;
	int status = 0;

	buf_init(&numbers, 1u << 20);
	if (due_numbers(s->registry, &numbers, e) < 0 || numbers.failed) {
		buf_release(&numbers);
		return -1;
	}
	for (size_t at = 0; at < numbers.len; at += strlen(numbers.p + at) + 1) {
		struct erasing g = { .s = s, .number = numbers.p + at };

		if (erasure_read(s->registry, g.number, &g.x, e) != 0 || due_one(&g, e) < 0)
			status = err_print(e, "dsar", stderr);
		erasure_release(&g.x);
	}
	buf_release(&numbers);
	return status;
}

/* --- for an order ----------------------------------------------------------------------------- */

static int
ordered(struct session *s, const char *number, const char *hash, struct erasure *ret, struct err *e)
{
	struct erasing g = { .s = s, .number = number, .confirm = hash, .ordered = true };
	int rc = case_get(s->registry, number, &g.c, e);

	if (rc == 0)
		rc = hash ? confirm(&g, e) : plan(&g, e);
	erase_proof_release(&g.proof);
	if (rc < 0)
		erasure_release(&g.x);
	else
		*ret = g.x;
	return rc;
}

int
erase_plan_case(struct session *s, const char *number, struct erasure *ret, struct err *e)
{
	return ordered(s, number, NULL, ret, e);
}

int
erase_case(
	struct session *s, const char *number, const char *hash, struct erasure *ret, struct err *e)
{
	return ordered(s, number, hash, ret, e);
}

/* --- the command ------------------------------------------------------------------------------ */

static void
help(void)
{
	fputs(_("Usage: dsar erase CASE [--dry-run]\n"
		"       dsar erase CASE --confirm HASH\n"
		"       dsar erase --due\n"
		"Erases what was found about the person, by an approved plan.\n\n"
		"  --dry-run       show the plan and its hash, erase nothing (also without it)\n"
		"  --confirm HASH  carry out the plan of that hash, or go on with it\n"
		"  --due           erase what was kept and whose ground has ended\n"),
		stdout);
}

int
erase_main(struct session *s, int argc, char **argv, struct err *e)
{
	bool dry = false, is_due = false;
	struct erasing g = { .s = s };
	const struct option_to table[] = {
		{ "confirm", 0, &g.confirm, NULL },
		{ "dry-run", 'n', NULL, &dry },
		{ "due", 0, NULL, &is_due },
	};
	int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);

	if (rc != 0)
		return rc > 0 ? 0 : usage_fail(_("unknown option, or its value is missing"));
	if (argc - optind != !is_due || (dry && g.confirm) || (is_due && (dry || g.confirm)))
		return usage_fail(_("erase takes a case, or --due"));
	if (is_due)
		return erase_due(s, e);
	g.number = argv[optind];
	if (case_get(s->registry, g.number, &g.c, e) < 0)
		return -1;
	rc = g.confirm ? confirm(&g, e) : plan(&g, e);
	if (rc >= 0) {
		erase_show(s, &g.x);
		erase_proof_show(s, g.number, &g.proof);
	}
	erase_proof_release(&g.proof);
	erasure_release(&g.x);
	return rc;
}
