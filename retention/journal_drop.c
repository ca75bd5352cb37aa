/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <libintl.h>
#include <stdio.h>
#include <sysexits.h>

#include <sodium.h>

#include "base/now.h"
#include "evidence/hold.h"
#include "evidence/ledger.h"
#include "evidence/sign.h"
#include "record/record.h"
#include "retention/command.h"
#include "retention/due.h"
#include "retention/journal.h"
#include "retention/seal.h"
#include "retention/session.h"

#define _(text) gettext(text)

struct drop {
	struct session *s;
	struct journal_asked *a;
	struct store *store;
	struct due due; /* for what is held */
	struct selector match, since, until, times, asked, goes;
	struct plan plan;
	struct total {
		uint64_t n_records, bytes, n_files;
	} planned, done;
	uint64_t n_failed;
};

/* match and since and until and not held */
static void
selector_make(struct drop *d)
{
	due_init(&d->due, d->s, &d->a->conf, d->s->now_us, 0);
	d->match = select_ask(match_ask(&d->a->match));
	d->since = select_since(d->a->since_us);
	d->until = select_before(d->a->until_us);
	d->times = select_and(&d->since, &d->until);
	d->asked = d->a->match.n_terms + d->a->match.n_tokens > 0 ? select_and(&d->times, &d->match)
								  : d->times;
	d->goes = select_and(&d->asked, &d->due.unheld);
}

/* --- what is said ----------------------------------------------------------------------------- */

static void
step_json(struct print *o, const struct plan_step *p)
{
	print_begin(o);
	print_str(o, "action", span_str(plan_action_name(p->action)));
	print_str(o, "place", span_str(p->place));
	if (p->n_records != UINT64_MAX)
		print_int(o, "records", (int64_t)p->n_records);
	print_int(o, "bytes", (int64_t)p->bytes);
	print_end(o);
}

static void
plan_say(struct drop *d)
{
	static const char *const head[] = { N_("action"), N_("file"), N_("entries"), N_("stay"),
		N_("bytes") };
	struct print_table *t = d->s->out.json ? NULL : print_table_new(5);

	for (size_t i = 0; t && i < 5; i++)
		print_table_cell(t, i >= 2, "%s", _(head[i]));
	for (size_t i = 0; i < d->plan.n; i++) {
		const struct plan_step *p = &d->plan.step[i];

		step_json(&d->s->out, p);
		if (!t)
			continue;
		print_table_cell(t, false, "%s", plan_action_name(p->action));
		print_table_cell(t, false, "%s", p->place);
		print_table_cell(t, true, "%llu", (unsigned long long)p->n_records);
		print_table_cell(t, true, "%llu", (unsigned long long)p->n_stay);
		print_table_cell(t, true, "%llu", (unsigned long long)p->bytes);
	}
	if (t)
		print_table_free(t, &d->s->out);
}

static void
end_say(struct drop *d)
{
	const struct total *t = d->a->dry ? &d->planned : &d->done;
	struct print *o = &d->s->out;

	if (!o->json) {
		printf(d->a->dry ? _("%llu entries in %llu files would go, %llu bytes\n")
				 : _("%llu entries of %llu files are gone, %llu bytes\n"),
			(unsigned long long)t->n_records, (unsigned long long)t->n_files,
			(unsigned long long)t->bytes);
		if (!d->a->dry && t->n_files > 0)
			printf(_(
				"the old files are unlinked: their blocks may be read from the disk until "
				"they are used again, and snapshots and backups have their own\n"));
		return;
	}
	print_begin(o);
	print_bool(o, "dry_run", d->a->dry);
	print_int(o, "records", (int64_t)t->n_records);
	print_int(o, "files", (int64_t)t->n_files);
	print_int(o, "bytes", (int64_t)t->bytes);
	print_str(o, "technique", span_str(plan_technique_name(PLAN_UNLINKED)));
	print_end(o);
}

/* --- acts ------------------------------------------------------------------------------------- */

static void
hash_of(const struct drop *d, char ret[2 * PLAN_HASH_LEN + 1])
{
	uint8_t hash[PLAN_HASH_LEN];

	plan_hash(&d->plan, hash);
	(void)sodium_bin2hex(ret, 2 * PLAN_HASH_LEN + 1, hash, sizeof(hash));
}

/* On record, where there is a ledger: of what kind the match was, and never its values. */
static int
note(struct drop *d, const char *kind, const struct total *t, struct err *e)
{
	char hex[2 * PLAN_HASH_LEN + 1];
	json_t *j;

	if (!d->s->ledger)
		return 0;
	hash_of(d, hex);
	j = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "store", d->a->conf.name, "why", "by hand",
		"steps", (json_int_t)t->n_files, "bytes", (json_int_t)t->bytes, "matches",
		(json_int_t)d->a->match.n_terms, "tokens", (json_int_t)d->a->match.n_tokens);
	(void)json_object_set_new(j, "records", json_integer((json_int_t)t->n_records));
	(void)json_object_set_new(j, "plan", json_string(hex));
	(void)json_object_set_new(j, "failed", json_integer((json_int_t)d->n_failed));
	return ledger_append(d->s->ledger, now_us(), kind, j, NULL, e);
}

/* What the seal says no more is shown as well: there may be no ledger. */
static void
seal_say(struct print *o, const char *place, const struct store_result *r)
{
	char before[2 * sizeof(r->before) + 1], after[2 * sizeof(r->after) + 1];

	(void)sodium_bin2hex(before, sizeof(before), r->before, sizeof(r->before));
	(void)sodium_bin2hex(after, sizeof(after), r->after, sizeof(r->after));
	print_begin(o);
	print_str(o, "seal", span_str(place));
	print_str(o, "before", span_str(before));
	print_str(o, "after", span_str(after));
	print_end(o);
	if (!o->json)
		printf(_("the seal of %s is broken: SHA-256 %s became %s\n"), place, before, after);
}

static int
act(struct drop *d, const struct plan_step *p, struct err *e)
{
	char hex[2 * PLAN_HASH_LEN + 1];
	struct store_result r;
	int rc;

	/* without a ledger nobody has added one */
	rc = holds_act(d->s->ledger ? d->s->holds : NULL, d->store, p, &d->goes, &r, e);
	if (rc < 0 || r.skipped)
		return rc;
	hash_of(d, hex);
	if (r.seal_broken)
		seal_say(&d->s->out, p->place, &r);
	if (seal_note(d->s, d->a->conf.name, hex, &r, e) < 0)
		return -1;
	d->done.n_files++;
	d->done.bytes += r.bytes;
	d->done.n_records += r.n_erased == UINT64_MAX ? 0 : r.n_erased;
	return 0;
}

static int
act_all(struct drop *d, struct err *e)
{
	int status = 0;

	if (d->plan.n == 0)
		return 0;
	if (note(d, "plan", &d->planned, e) < 0)
		return -1;
	for (size_t i = 0; i < d->plan.n; i++) {
		struct err why;

		print_progress(d->a->conf.name, i, d->plan.n);
		if (act(d, &d->plan.step[i], &why) == 0)
			continue;
		d->n_failed++;
		status = err_print(&why, "retention", stderr);
	}
	print_progress("", 1, 1);
	d->s->env.unlinked = NULL; /* looked for again: who reads the old files still has them */
	store_unlinked(d->store);
	if (note(d, "result", &d->done, e) < 0)
		return -1;
	return d->s->ledger && ledger_sign(d->s->ledger, d->s->sign, e) < 0 ? -1 : status;
}

static int
drop(struct drop *d, struct err *e)
{
	int status = 0;

	if (store_plan(d->store, &d->goes, &d->plan, e) < 0)
		return -1;
	for (size_t i = 0; i < d->plan.n; i++) {
		d->planned.n_files++;
		d->planned.bytes += d->plan.step[i].bytes;
		if (d->plan.step[i].n_records != UINT64_MAX)
			d->planned.n_records += d->plan.step[i].n_records;
	}
	if (d->a->dry || !d->s->out.json)
		plan_say(d);
	if (!d->a->dry)
		status = act_all(d, e);
	if (status < 0)
		return -1;
	end_say(d);
	if (d->a->match.n_unread > 0)
		fprintf(stderr,
			_("retention: entries with a field too large to be read are left\n"));
	for (int n = 0; n < STORE_NOTES; n++)
		if (status == 0 && d->s->n_notes[n] > 0 && n != NOTE_REMAINS && n != NOTE_SEAL &&
			n != NOTE_DELETED_OPEN)
			status = 1;
	return status == 0 && d->a->match.n_unread > 0 ? 1 : status;
}

int
journal_drop(struct session *s, struct journal_asked *a, struct err *e)
{
	struct drop d = { .s = s, .a = a };
	int rc;

	if (session_holds_known(s, e) < 0)
		return -1;
	rc = store_open(&s->env, &a->conf, &d.store, e);
	if (rc != 0)
		return rc < 0 ? -1
			      : err_fail(e, EX_NOINPUT, 0, N_("no journal lies there"), NULL, NULL);
	selector_make(&d);
	plan_init(&d.plan);
	rc = drop(&d, e);
	plan_release(&d.plan);
	store_free(d.store);
	return rc;
}
