/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * agent_settle.c - what is left of orders: those whose files are gone, and what an erasure had to keep
 */
#include <stdio.h>
#include <string.h>

#include "base/now.h"
#include "dsar/order/agent-private.h"
#include "dsar/order/agent_kept.h"
#include "dsar/act/correction.h"
#include "dsar/act/erase.h"
#include "dsar/act/rectification.h"
#include "dsar/act/restriction.h"
#include "dsar/search/keep.h"
#include "dsar/order/queue.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"
#include "evidence/ledger.h"

int
agent_note(struct agent *a, const char *id, const char *what, enum order_fault fault, json_t *d,
	struct err *e)
{
	json_t *entry = json_pack(
		"{s:s, s:s, s:s}", "what", what, "order", id, "fault", order_fault_name(fault));

	if (d && json_object_update(entry, d) < 0) {
		json_decref(entry);
		entry = NULL;
	}
	json_decref(d);
	return ledger_append(a->s->ledger, now_us(), "order", entry, NULL, e);
}

/* --- orders without a file -------------------------------------------------------------------- */

/* 1: its file is gone. What cannot be looked for is not taken for gone: an act would be taken back for it. */
static int
find_file(const struct agent *a, const char *id, struct err *e)
{
	char name[QUEUE_NAME_MAX];

	queue_name(id, QUEUE_ORDER, name);
	return queue_has(a->orders, name, e);
}

static int
erasure_begun(struct agent *a, const char *number, char ret_hash[SHA256_HEX], struct err *e)
{
	struct erasure x;
	const int rc = erasure_read(a->s->registry, number, &x, e);
	const bool begun = rc == 0 && x.state != ERASURE_PLANNED;

	memcpy(ret_hash, x.hash, SHA256_HEX);
	erasure_release(&x);
	return rc < 0 ? -1 : begun;
}

static int
rectification_begun(struct agent *a, const char *number, char ret_hash[SHA256_HEX], struct err *e)
{
	struct rectification x;
	const int rc = rectification_read(a->s->registry, number, &x, e);
	const bool begun = rc == 0 && x.state != ERASURE_PLANNED;

	memcpy(ret_hash, x.hash, SHA256_HEX);
	rectification_release(&x);
	return rc < 0 ? -1 : begun;
}

int
agent_plan_begun(struct agent *a, enum order_kind kind, const char *number,
	char ret_hash[SHA256_HEX], struct err *e)
{
	return kind == ORDER_RECTIFY ? rectification_begun(a, number, ret_hash, e)
				     : erasure_begun(a, number, ret_hash, e);
}

int
agent_is_halfway(
	struct agent *a, const struct agent_order *o, char ret_hash[SHA256_HEX], struct err *e)
{
	return order_has_plan(o->kind) ? agent_plan_begun(a, o->kind, o->number, ret_hash, e) : 0;
}

/* An act that has begun is carried out: half of it is nobody's will. *ret_begun: it had. */
static int
go_on_acting(struct agent *a, const struct agent_order *o, bool *ret_begun, struct err *e)
{
	char hash[SHA256_HEX];
	const int rc = agent_is_halfway(a, o, hash, e);

	*ret_begun = rc > 0;
	if (rc <= 0)
		return rc;
	return o->kind == ORDER_RECTIFY ? agent_rectify(a, o->number, hash, e)
					: agent_erase(a, o->number, hash, e);
}

/* *ret_stands: what O asked for is so, and stays so. A restriction is taken back, but for one that was there before: that
 * is an earlier order's, which this one has only added to. What was lifted or let go cannot be had back, for what it kept
 * may be gone since. */
static int
go_on(struct agent *a, const struct agent_order *o, bool *ret_stands, struct err *e)
{
	*ret_stands = false;
	switch (o->kind) {
	case ORDER_ERASE:
	case ORDER_RECTIFY:
		return go_on_acting(a, o, ret_stands, e);
	case ORDER_RESTRICT:
		*ret_stands = o->restricted;
		return o->restricted ? 0 : restriction_lift(a->s, o->number, e);
	case ORDER_LIFT:
		*ret_stands = !restriction_is(a->s, o->number);
		return 0;
	case ORDER_RELEASE:
		*ret_stands = !keep_is(a->s, o->number);
		return 0;
	default:
		return 0;
	}
}

static int
forget(struct agent *a, const struct agent_order *o, bool stands, struct err *e)
{
	struct registry *r = a->s->registry;

	if (agent_kept_back(a->s, o->number, e) < 0)
		return -1;
	return stands ? agent_move(r, o->id, AGENT_DONE, e) : agent_forget(r, o->id, e);
}

/* What a search of it has kept for an answer goes, too, unless an earlier order's answer needs it. */
static int
drop(struct agent *a, const struct agent_order *o, struct err *e)
{
	struct registry *r = a->s->registry;
	bool stands;
	int rc;

	if (go_on(a, o, &stands, e) < 0)
		return -1;
	rc = agent_has_done(r, o->number, e);
	if (rc < 0 || (rc == 1 && keep_end(a->s, o->number, e) < 0) ||
		agent_note(a, o->id, stands ? "unanswered" : "dropped", ORDER_FINE,
			json_pack("{s:s}", "case", o->number), e) < 0 ||
		registry_begin(r, e) < 0)
		return -1;
	return registry_end(r, forget(a, o, stands, e), e);
}

int
agent_dropped(struct agent *a, struct err *e)
{
	struct registry *r = a->s->registry;
	struct agent_order o = { .id = "" };
	int rc, n, status = 0;

	while ((rc = agent_next_taken(r, o.id, &o, e)) == 0) {
		rc = find_file(a, o.id, e);
		if (rc < 0)
			return -1;
		if (rc == 0 || o.attempts >= ATTEMPTS_MAX) /* agent_say_stuck() */
			continue;
		if (agent_try(r, o.id, &n, e) < 0)
			return -1;
		if (drop(a, &o, e) < 0) {
			(void)err_within(e, "order %s", o.id);
			status = err_print(e, "dsar", stderr);
		}
		if (agent_tried(r, o.id, e) < 0)
			return -1;
	}
	return rc < 0 ? -1 : status;
}

/* --- what is due ------------------------------------------------------------------------------ */

/* No case is closed here: what waits for a backup to come back goes by its own time. */
static int
tidy(struct registry *r, struct err *e)
{
	return corrections_expire(r, now_us(), e) < 0 ? -1 : agent_kept_tidy(r, e);
}

int
agent_due(struct agent *a, struct err *e)
{
	struct registry *r = a->s->registry;
	const int status = erase_due(a->s, e);

	if (status < 0 || registry_begin(r, e) < 0)
		return -1;
	return registry_end(r, tidy(r, e), e) < 0 ? -1 : status;
}
