/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "dsar/case/case-private.h"
#include "dsar/search/find.h"
#include "dsar/order/ordered.h"
#include "dsar/register/registry.h"

struct looked {
	uint64_t n_answers, n_failed, n_open, n_waiting;
};

static int
see_answer(void *ctx, const struct answer_of_store *a, struct err *e)
{
	struct looked *l = ctx;

	(void)e;
	l->n_answers++;
	l->n_failed += a->answer == ANSWER_FAILED;
	return 0;
}

static int
see_find(void *ctx, const struct find *f, struct err *e)
{
	struct looked *l = ctx;

	(void)e;
	l->n_open += f->decision == FIND_OPEN;
	return 0;
}

int
case_forbid(struct registry *r, const char *number, const char *needs, int64_t now_us,
	const char *what, const char *todo, struct err *e)
{
	if (registry_record(r, number, "refusal", json_pack("{s:s}", "needs", needs), now_us, e) <
		0)
		return -1;
	return err_fail(e, EX_NOPERM, 0, what, todo, "%s", number);
}

int
case_guard(struct registry *r, const struct case_file *c, unsigned needs, int64_t now_us,
	struct err *e)
{
	struct looked l = { 0 };

	if (needs & CASE_NEEDS_OPEN && c->state >= CASE_CLOSED)
		return case_forbid(r, c->number, "open", now_us, N_("the case is closed"),
			N_("open a new one"), e);
	if (needs & CASE_NEEDS_VERIFIED && c->identity != IDENTITY_VERIFIED)
		return case_forbid(r, c->number, "verified", now_us,
			N_("the person's identity is not verified"),
			N_("only letters without personal data leave before: see `dsar identity`"),
			e);
	if (needs & CASE_NEEDS_SEARCHED && answers_each(r, c->number, see_answer, &l, e) < 0)
		return -1;
	if (needs & CASE_NEEDS_SEARCHED && ordered_waiting(r, c->number, &l.n_waiting, e) < 0)
		return -1;
	if (needs & CASE_NEEDS_LOOKED && finds_each(r, c->number, NULL, see_find, &l, e) < 0)
		return -1;
	if (needs & CASE_NEEDS_SEARCHED && (l.n_answers == 0 || l.n_failed > 0))
		return case_forbid(r, c->number, "searched", now_us,
			N_("not every store has answered"), N_("search again: see `dsar search`"),
			e);
	if (l.n_waiting > 0)
		return case_forbid(r, c->number, "ordered", now_us,
			N_("a machine has not answered an order to search"),
			N_("see `dsar order CASE`, and `dsar collect`"), e);
	if (needs & CASE_NEEDS_LOOKED && l.n_open > 0)
		return case_forbid(r, c->number, "looked", now_us,
			N_("not every find was looked at"), N_("decide them: see `dsar review`"),
			e);
	return 0;
}

/* What TO itself asks for. */
static unsigned
state_needs(const struct case_file *c, enum case_state to)
{
	if (to == CASE_EXECUTING)
		return CASE_NEEDS_OPEN | CASE_NEEDS_VERIFIED;
	if (to == CASE_ANSWERED && !c->refused)
		return CASE_NEEDS_OPEN | CASE_NEEDS_VERIFIED | CASE_NEEDS_SEARCHED |
		       CASE_NEEDS_LOOKED;
	return to < CASE_ANSWERED ? CASE_NEEDS_OPEN : 0;
}

static bool
may_move(const struct case_file *c, enum case_state to)
{
	if (to == c->state + 1 && to != CASE_GONE)
		return true;
	if (to == CASE_SEARCHING && c->state == CASE_RECEIVED)
		return true;
	if (to == CASE_ANSWERED && c->refused && c->state < CASE_ANSWERED)
		return true;
	return (to == CASE_SEARCHING || to == CASE_REVIEW) && to <= c->state &&
	       c->state < CASE_ANSWERED;
}

int
case_change(struct registry *r, struct case_file *c, const char *sql, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	cleanup_mem char *whole = NULL;

	if (asprintf(&whole,
		    "UPDATE case_file SET version = version + 1, %s WHERE number = ? AND version = ?",
		    sql) < 0)
		return err_memory(e);
	if (registry_prepare(r, whole, &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(c->number));
	(void)sqlite3_bind_int64(st, 2, c->version);
	if (registry_step(r, st, e) < 0)
		return -1;
	if (sqlite3_changes(registry_db(r)) != 1)
		return err_fail(e, EX_TEMPFAIL, 0, N_("somebody else has changed the case"),
			N_("look at it again with `dsar case show`"), "%s", c->number);
	c->version++;
	return 0;
}

int
case_move(
	struct registry *r, struct case_file *c, enum case_state to, int64_t now_us, struct err *e)
{
	char set[32];

	if (!may_move(c, to))
		return case_forbid(r, c->number, case_state_name(to), now_us,
			N_("the case is not so far yet, or further"),
			N_("look at its state with `dsar case show`"), e);
	if (case_guard(r, c, state_needs(c, to), now_us, e) < 0)
		return -1;
	(void)snprintf(set, sizeof(set), "state = %d", (int)to);
	if (case_change(r, c, set, e) < 0 ||
		registry_record(r, c->number, "case",
			json_pack("{s:s, s:s, s:s}", "what", "moved", "from",
				case_state_name(c->state), "to", case_state_name(to)),
			now_us, e) < 0 ||
		case_event(r, c->number, "moved", json_pack("{s:s}", "to", case_state_name(to)),
			now_us, e) < 0)
		return -1;
	c->state = to;
	return 0;
}

int
case_reach(
	struct registry *r, struct case_file *c, enum case_state to, int64_t now_us, struct err *e)
{
	while (c->state < to)
		if (case_move(r, c, (enum case_state)(c->state + 1), now_us, e) < 0)
			return -1;
	return 0;
}
