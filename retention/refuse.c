/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <libintl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "evidence/ledger.h"
#include "retention/run-private.h"
#include "retention/session.h"

#define _(text) gettext(text)

#define SHARE_LEAST (64u << 20) /* bytes of a store from which on max_share counts */

static bool
is_confirmed(const struct run *r, const struct job *j)
{
	return r->confirm &&
	       (strcasecmp(r->confirm, r->hash) == 0 || strcasecmp(r->confirm, j->hash) == 0);
}

/* More than a set share of a store goes only when a person has looked at the plan. */
static bool
is_too_much(const struct run *r, const struct job *j)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < j->plan.n; i++)
		bytes += j->plan.step[i].bytes;
	return j->size.bytes >= SHARE_LEAST &&
	       bytes > j->size.bytes / 100 * (uint64_t)r->s->conf->max_share;
}

/* The rest of the line, which says how a person goes on. */
static void
say_how(const struct job *j)
{
	const char *name = store_conf(j->store)->name;

	fprintf(stderr,
		_("; look at `retention run --dry-run --store %s`, then run with --store %s "
		  "--confirm %s\n"),
		name, name, j->hash);
}

static void
say_refused(const struct run *r, const struct job *j, bool share)
{
	const char *name = store_conf(j->store)->name;

	if (share)
		fprintf(stderr,
			_("retention: store \"%s\": refused: more than %ld %% of it would go"),
			name, r->s->conf->max_share);
	else
		fprintf(stderr,
			_("retention: store \"%s\": refused: it lies on an unexpected mount: %s"),
			name, j->elsewhere);
	say_how(j);
}

static int
refuse_for(struct run *r, struct job *j, bool share, struct err *e)
{
	const bool accepted = is_confirmed(r, j);
	json_t *d;

	if (!accepted) {
		run_worse(r, EX_NOPERM);
		say_refused(r, j, share);
		/* what is hidden there may be of any day */
		r->scrubbed_unread |= store_conf(j->store)->has_scrub;
	}
	if (r->dry)
		return !accepted;
	d = json_pack("{s:s, s:s, s:s, s:b, s:I}", "store", store_conf(j->store)->name, "why",
		share ? "share" : "mount", "plan", j->hash, "accepted", accepted, "longest_us",
		(json_int_t)r->longest_us);
	if (ledger_append(r->s->ledger, r->s->now_us, "refusal", d, NULL, e) < 0)
		return -1;
	return !accepted;
}

int
refuse(struct run *r, struct job *j, struct err *e)
{
	int mount = j->elsewhere ? refuse_for(r, j, false, e) : 0, share = 0;

	if (mount == 0 && is_too_much(r, j))
		share = refuse_for(r, j, true, e);
	if (mount == 0 && share == 0 && (!j->elsewhere || r->accept_mount))
		mounts_accept(&r->mounts, j->store, j->lies);
	return mount | share;
}

/* The plan that a person has looked at was of its own time: what has become due since would make another
 * one of it. */
static int
see_refusal(void *ctx, const struct ledger_entry *en, struct err *e)
{
	struct run *r = ctx;
	json_t *d;
	const char *plan;
	int found = 0;

	(void)e;
	if (strcmp(en->kind, "refusal") != 0)
		return 0;
	d = json_loads(en->data, 0, NULL);
	plan = json_string_value(json_object_get(d, "plan"));
	if (plan && strcasecmp(plan, r->confirm) == 0) {
		r->of.now_us = en->time_us;
		r->of.longest_us = json_integer_value(json_object_get(d, "longest_us"));
		found = 1;
	}
	json_decref(d);
	return found;
}

int
refuse_look_back(struct run *r, struct err *e)
{
	if (r->s->ledger && r->confirm && ledger_read_back(r->s->ledger, see_refusal, r, e) < 0)
		return -1;
	return mounts_read(&r->mounts, r->s, e);
}
