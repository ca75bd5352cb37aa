/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * run.c - plan, ledger entry, act, result: in that order, store by store
 *
 * A run that was killed has left a plan without a result; the next one plans anew.
 */
#include <getopt.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include <sodium.h>

#include "base/now.h"
#include "base/options.h"
#include "evidence/hold.h"
#include "evidence/ledger.h"
#include "evidence/sign.h"
#include "record/record.h"
#include "record/timestamp.h"
#include "retention/account.h"
#include "retention/changes.h"
#include "retention/clock.h"
#include "retention/command.h"
#include "retention/hold_copy.h"
#include "retention/keys.h"
#include "retention/numbers.h"
#include "retention/run-private.h"
#include "retention/seal.h"
#include "retention/session.h"
#include "retention/standing.h"
#include "store/known.h"

#define _(text) gettext(text)

void
run_worse(struct run *r, int status)
{
	if (r->status == 0 || (r->status == 1 && status != 0))
		r->status = status;
}

/* One store alone ends with its own status, one of several with 69; damaged holds stop all of them. */
static void
say(struct run *r, const struct err *e)
{
	const int status = err_print(e, "retention", stderr);

	run_worse(r, r->only || status == EX_DATAERR ? status : EX_UNAVAILABLE);
}

/* --- plan ------------------------------------------------------------------------------------- */

static void
hash_text(const struct plan *p, char ret[2 * PLAN_HASH_LEN + 1])
{
	uint8_t hash[PLAN_HASH_LEN];

	plan_hash(p, hash);
	(void)sodium_bin2hex(ret, 2 * PLAN_HASH_LEN + 1, hash, sizeof(hash));
}

static int
plan_steps(struct run *r, struct job *j, struct err *e)
{
	int rc;

	if (mounts_of(j->store, &j->lies, e) < 0)
		return -1;
	r->s->foreign = j->lies;
	rc = store_plan(j->store, &j->due.due, &j->plan, e);
	r->s->foreign = NULL;
	if (rc < 0 || store_size(j->store, &j->size, e) < 0)
		return -1;
	hash_text(&j->plan, j->hash);
	(void)mounts_expected(&r->mounts, j->store, j->lies, &j->elsewhere);
	return 0;
}

static int
plan_one(struct run *r, const struct conf_store *st, struct err *e)
{
	struct job *j = &r->job[r->n_open];
	int rc = store_open(&r->s->env, st, &j->store, e);

	if (rc == STORE_ABSENT && st->required)
		return err_fail(e, EX_UNAVAILABLE, 0, N_("store is required and not there"), NULL,
			"store \"%s\"", st->name);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	r->n_open++;
	due_init(&j->due, r->s, st, r->of.now_us ? r->of.now_us : r->s->now_us,
		r->of.now_us ? r->of.longest_us : r->longest_us);
	plan_init(&j->plan);
	j->failed = true;
	if (plan_steps(r, j, e) < 0)
		return -1;
	j->failed = false;
	account_plan(r->stores, st->name, &j->plan);
	for (size_t i = 0; i < j->plan.n; i++)
		if (plan_add(&r->all, &j->plan.step[i], e) < 0)
			return -1;
	return 0;
}

static int
plan_all(struct run *r, struct err *e)
{
	const struct conf *c = r->s->conf;
	bool found = false;

	r->job = calloc(c->n_stores + 1, sizeof(*r->job));
	if (!r->job)
		return err_memory(e);
	for (size_t i = 0; i < c->n_stores; i++) {
		const struct conf_store *st = &c->store[i];

		print_progress(_("plan"), i, c->n_stores);
		if (r->only && strcmp(st->name, r->only) != 0)
			continue;
		found = true;
		if (!due_applies(st) || plan_one(r, st, e) == 0)
			continue;
		say(r, e); /* one store of many stops no other, nor what a product's update moved */
		account_add(r->stores, st->name, "failed", 1);
		r->scrubbed_unread |= st->has_scrub;
	}
	print_progress("", 1, 1);
	if (!found && r->only)
		return err_fail(e, EX_USAGE, 0, N_("no such store"),
			N_("see `logscrub check-config` for the names"), "%s", r->only);
	hash_text(&r->all, r->hash);
	return 0;
}

static void
time_cell(struct print_table *t, int64_t us)
{
	char text[28];

	if (us == RECORD_NO_TIME) {
		print_table_cell(t, false, "-");
		return;
	}
	timestamp_format(us, text);
	print_table_cell(t, false, "%.16sZ", text);
}

static void
count_cell(struct print_table *t, uint64_t n)
{
	if (n == UINT64_MAX)
		print_table_cell(t, true, "-");
	else
		print_table_cell(t, true, "%llu", (unsigned long long)n);
}

static void
plan_table(struct run *r)
{
	static const char *const head[] = { N_("store"), N_("action"), N_("place"), N_("records"),
		N_("stay"), N_("bytes"), N_("newest that goes") };
	struct print_table *t = print_table_new(sizeof(head) / sizeof(head[0]));

	for (size_t i = 0; t && i < sizeof(head) / sizeof(head[0]); i++)
		print_table_cell(t, i >= 3 && i <= 5, "%s", _(head[i]));
	for (size_t i = 0; t && i < r->all.n; i++) {
		const struct plan_step *p = &r->all.step[i];

		print_table_cell(t, false, "%s", p->store);
		print_table_cell(t, false, "%s", plan_action_name(p->action));
		print_table_cell(t, false, "%s", p->place);
		count_cell(t, p->n_records);
		count_cell(t, p->n_stay);
		count_cell(t, p->bytes);
		time_cell(t, p->newest_us);
	}
	if (r->all.n > 0)
		print_table_free(t, &r->s->out);
	if (r->n_keys > 0)
		printf(ngettext("%u key of days past is destroyed\n",
			       "%u keys of days past are destroyed\n", r->n_keys),
			r->n_keys);
	printf(_("plan %s: %zu steps\n"), r->hash, r->all.n);
}

static void
plan_json(struct run *r)
{
	struct print *o = &r->s->out;

	for (size_t i = 0; i < r->all.n; i++) {
		const struct plan_step *p = &r->all.step[i];

		print_begin(o);
		print_str(o, "store", span_str(p->store));
		print_str(o, "action", span_str(plan_action_name(p->action)));
		print_str(o, "technique", span_str(plan_technique_name(p->technique)));
		print_str(o, "place", span_str(p->place));
		if (p->n_records != UINT64_MAX)
			print_int(o, "records", (int64_t)p->n_records);
		print_int(o, "bytes", (int64_t)p->bytes);
		if (p->oldest_us != RECORD_NO_TIME)
			print_time(o, "oldest", p->oldest_us);
		if (p->newest_us != RECORD_NO_TIME)
			print_time(o, "newest", p->newest_us);
		print_end(o);
	}
	print_begin(o);
	print_str(o, "plan", span_str(r->hash));
	print_int(o, "steps", (int64_t)r->all.n);
	print_int(o, "keys", r->n_keys);
	print_end(o);
}

/* --- act -------------------------------------------------------------------------------------- */

struct total {
	uint64_t n_records, bytes, n_steps;
};

static json_t *
entry_of(const struct job *j, const struct run *r, const struct total *t)
{
	json_t *d = json_pack("{s:s, s:I, s:I}", "store", store_conf(j->store)->name, "steps",
		(json_int_t)t->n_steps, "bytes", (json_int_t)t->bytes);

	(void)json_object_set_new(d, "records", json_integer((json_int_t)t->n_records));
	(void)json_object_set_new(d, "plan", json_string(r->hash));
	return d;
}

static void
set_time(json_t *d, const char *key, int64_t us)
{
	char text[28];

	timestamp_format(us, text);
	(void)json_object_set_new(d, key, json_string(text));
}

static int
act_step(struct run *r, struct job *j, const struct plan_step *p, struct total *t, struct err *e)
{
	struct store_result result;

	if (holds_act(r->s->holds, j->store, p, &j->due.due, &result, e) < 0)
		return -1;
	if (result.skipped)
		return 0;
	if (seal_note(r->s, store_conf(j->store)->name, r->hash, &result, e) < 0)
		return -1;
	t->n_steps++;
	t->bytes += result.bytes;
	if (result.n_erased != UINT64_MAX)
		t->n_records += result.n_erased;
	return 0;
}

/* Steps that fail are said and counted; the rest of the store goes on. */
static void
act_steps(struct run *r, struct job *j, struct total *t, uint64_t *ret_failed)
{
	struct err e;

	*ret_failed = 0;
	for (size_t i = 0; i < j->plan.n; i++) {
		print_progress(store_conf(j->store)->name, i, j->plan.n);
		if (act_step(r, j, &j->plan.step[i], t, &e) == 0)
			continue;
		++*ret_failed;
		say(r, &e);
		if (e.exit == EX_DATAERR) /* the hold file: then nothing may be erased */
			return;
	}
	print_progress("", 1, 1);
}

static void
read_back(struct run *r, struct job *j)
{
	struct err e;
	int rc;

	r->s->quiet = true; /* the plan has said it already */
	rc = store_oldest(j->store, &j->due.rightly, &j->oldest_us, &e);
	if (rc == 0)
		account_oldest(r->stores, store_conf(j->store)->name, j->oldest_us);
	else
		j->oldest_us = RECORD_NO_TIME;
	if (rc < 0 || account_kept(r->stores, r->s, j->store, &j->due, &e) < 0)
		say(r, &e);
	r->s->quiet = false;
}

static int
act_store(struct run *r, struct job *j, struct err *e)
{
	struct total planned = { .n_steps = j->plan.n }, done = { 0 };
	uint64_t n_failed;
	json_t *d;

	for (size_t i = 0; i < j->plan.n; i++) {
		planned.bytes += j->plan.step[i].bytes;
		if (j->plan.step[i].n_records != UINT64_MAX)
			planned.n_records += j->plan.step[i].n_records;
	}
	if (j->plan.n == 0)
		return 0;
	d = entry_of(j, r, &planned);
	set_time(d, "cutoff", j->due.cutoff_us);
	if (ledger_append(r->s->ledger, now_us(), "plan", d, NULL, e) < 0)
		return -1;
	act_steps(r, j, &done, &n_failed);
	account_add(r->stores, store_conf(j->store)->name, "dropped", done.n_records);
	account_add(r->stores, store_conf(j->store)->name, "bytes", done.bytes);
	account_add(r->stores, store_conf(j->store)->name, "failed", n_failed);
	d = entry_of(j, r, &done);
	(void)json_object_set_new(d, "failed", json_integer((json_int_t)n_failed));
	(void)json_object_set_new(d, "holds",
		json_integer((json_int_t)holds_of_store(
			r->s->holds, store_conf(j->store)->name, r->s->now_us)));
	return ledger_append(r->s->ledger, now_us(), "result", d, NULL, e);
}

/* --- keys ------------------------------------------------------------------------------------- */

/* How many keys no record needs any more: of those past every period, the days before the oldest record
 * that is left, or (a dry run) that will be. Cannot be told while a store cannot be read. */
static int
plan_keys(struct run *r, struct err *e)
{
	r->n_keys = 0;
	if (r->only || r->scrubbed_unread)
		return 0;
	if (keys_past(r->s, &r->keys_before, &r->n_keys, e) < 0)
		return -1;
	for (size_t i = 0; i < r->n_open && r->n_keys > 0; i++) {
		struct job *j = &r->job[i];
		int64_t oldest_us;
		int rc;

		if (!store_conf(j->store)->has_scrub)
			continue;
		rc = store_oldest(j->store, r->dry ? &j->due.due : NULL, &oldest_us, e);
		if (rc < 0)
			return -1;
		if (rc == 0 && timestamp_day(oldest_us) < r->keys_before)
			r->keys_before = timestamp_day(oldest_us);
	}
	return r->n_keys == 0 ? 0 : keys_count(r->s, r->keys_before, &r->n_keys, e);
}

static void
erase_keys(struct run *r)
{
	struct err e;

	r->s->quiet = true; /* the plan has said it already */
	if (plan_keys(r, &e) < 0 ||
		(r->n_keys > 0 && keys_erase(r->s, r->keys_before, r->n_keys, &e) < 0))
		say(r, &e);
	r->s->quiet = false;
}

/* --- a run ------------------------------------------------------------------------------------ */

static int
see_end(void *ctx, const struct ledger_entry *en, struct err *e)
{
	json_t *d = json_loads(en->data, 0, NULL);

	(void)e;
	*(int64_t *)ctx = json_integer_value(json_object_get(d, "longest_us"));
	json_decref(d);
	return 0;
}

static int
begin(struct run *r, struct err *e)
{
	struct session *s = r->s;
	json_t *d;

	if (clock_check(s, e) < 0) {
		struct err why = *e;

		if (e->exit != EX_NOPERM)
			return -1;
		d = json_pack("{s:s, s:s, s:b}", "why", "clock", "what", e->what, "accepted",
			r->accept_clock);
		if (ledger_append(s->ledger, s->now_us, "refusal", d, NULL, e) < 0)
			return -1;
		*e = why;
		if (!r->accept_clock)
			return -1;
	}
	d = json_pack("{s:s}", "version", SPARSAM_VERSION);
	clock_note(d);
	if (ledger_append(s->ledger, s->now_us, "run", d, NULL, e) < 0)
		return -1;
	return changes_note(s, e);
}

static int
expire_holds(struct run *r, struct err *e)
{
	const struct hold *list;
	json_t *ids = json_array();
	size_t n = holds_list(r->s->holds, &list);
	int rc;

	for (size_t i = 0; i < n; i++)
		if (list[i].end == HOLD_IN_FORCE && list[i].expires_us <= r->s->now_us)
			(void)json_array_append_new(ids, json_integer((json_int_t)list[i].id));
	rc = holds_expire(r->s->holds, r->s->now_us, &n, e);
	if (rc < 0 || n == 0) {
		json_decref(ids);
		return rc;
	}
	return ledger_append(r->s->ledger, r->s->now_us, "hold",
		json_pack("{s:s, s:o}", "what", "expired", "holds", ids), NULL, e);
}

static int
end(struct run *r, struct err *e)
{
	const int64_t took = now_us() - r->s->now_us;
	uint64_t findings = 0;
	json_t *d = json_pack("{s:I, s:I, s:i}", "took_us", (json_int_t)took, "longest_us",
		(json_int_t)(took > r->longest_us ? took : r->longest_us), "status", r->status);

	for (int n = 0; n < STORE_NOTES; n++) {
		findings += n != NOTE_NOT_SHRUNK && n != NOTE_REMAINS && n != NOTE_SEAL
				    ? r->s->n_notes[n]
				    : 0;
		if (r->s->n_notes[n] > 0)
			(void)json_object_set_new(
				d, note_name(n), json_integer((json_int_t)r->s->n_notes[n]));
	}
	if (findings > 0)
		run_worse(r, 1);
	(void)json_object_set(d, "stores", r->stores);
	if (r->only)
		(void)json_object_set_new(d, "only", json_string(r->only));
	return ledger_append(r->s->ledger, now_us(), "end", d, NULL, e);
}

/* Monitoring sees what this run has read back; nobody who reads it is no failure. */
static void
numbers(struct run *r)
{
	struct standing *v = calloc(r->n_open + 1, sizeof(*v));
	size_t n = 0;
	struct err e;

	for (size_t i = 0; v && i < r->n_open; i++) {
		const struct job *j = &r->job[i];

		if (j->failed)
			continue;
		v[n++] = (struct standing){ .store = store_conf(j->store),
			.empty = j->oldest_us == RECORD_NO_TIME,
			.age_s = (now_us() - j->oldest_us) / 1000000,
			.n_holds = holds_of_store(
				r->s->holds, store_conf(j->store)->name, r->s->now_us) };
	}
	if (v && !r->only && numbers_write(r->s, v, n, now_us(), &e) < 0)
		(void)err_print(&e, "retention", stderr);
	free(v);
}

static int
run_steps(struct run *r, struct err *e)
{
	if (begin(r, e) < 0 || expire_holds(r, e) < 0 || plan_all(r, e) < 0)
		return -1;
	for (size_t i = 0; i < r->n_open; i++) {
		struct job *j = &r->job[i];
		struct err why;
		int rc = j->failed ? 1 : refuse(r, j, e);

		if (rc < 0)
			return -1;
		j->failed |= rc > 0;
		if (j->failed)
			continue;
		if (hold_copy_new(r->s, j->store, &why) < 0)
			say(r, &why); /* what is held stays where it is, in any case */
		if (act_store(r, j, e) < 0)
			return -1;
		read_back(r, j);
	}
	if (mounts_note(&r->mounts, r->s, e) < 0)
		return -1;
	erase_keys(r);
	if (end(r, e) < 0)
		return -1;
	numbers(r);
	return 0;
}

/* Whatever came of it is signed: a refusal is on record like all else. */
static int
run_for_real(struct run *r, struct err *e)
{
	struct err unsigned_;
	int rc = run_steps(r, e);

	if (ledger_sign(r->s->ledger, r->s->sign, &unsigned_) >= 0)
		return rc;
	if (rc < 0)
		say(r, &unsigned_);
	else
		*e = unsigned_;
	return -1;
}

static int
run_dry(struct run *r, struct err *e)
{
	if (plan_all(r, e) < 0)
		return -1;
	for (size_t i = 0; i < r->n_open; i++)
		if (!r->job[i].failed)
			(void)refuse(r, &r->job[i], e);
	return plan_keys(r, e);
}

/* What earlier runs have left on the ledger. */
static int
look_back(struct run *r, struct err *e)
{
	struct session *s = r->s;

	if (s->ledger && ledger_last(s->ledger, "end", see_end, &r->longest_us, e) < 0)
		return -1;
	return refuse_look_back(r, e);
}

static void
help(void)
{
	fputs(_("Usage: retention run [--dry-run] [--store NAME] [--json]\n"
		"                     [--confirm HASH [--store NAME --accept-mount]]\n"
		"                     [--accept-clock] [--verify-all]\n"
		"Drops what is past its period and not held.\n\n"
		"  --dry-run        show the plan and its hash, change nothing\n"
		"  --store NAME     this store only\n"
		"  --confirm HASH   carry out this plan, though much of a store goes or\n"
		"                   it lies on an unexpected mount; once\n"
		"  --accept-mount   with --confirm and --store: where it lies now is where\n"
		"                   it is expected from now on\n"
		"  --accept-clock   the clock is right, whatever it looks like; once\n"
		"  --verify-all     read every file, also those known unchanged today\n"),
		stdout);
}

static int
options_read(struct run *r, int argc, char **argv)
{
	bool verify_all = false;
	const struct option_to table[] = {
		{ "store", 's', &r->only, NULL },
		{ "confirm", 0, &r->confirm, NULL },
		{ "accept-clock", 0, NULL, &r->accept_clock },
		{ "accept-mount", 0, NULL, &r->accept_mount },
		{ "verify-all", 0, NULL, &verify_all },
	};
	int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);

	if (rc != 0)
		return rc;
	if (verify_all)
		known_distrust(r->s->known);
	if (r->accept_mount && !(r->confirm && r->only))
		return -1;
	return optind == argc ? 0 : -1;
}

int
run_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct run r = { .s = s, .dry = strcmp(argv[0], "plan") == 0 };
	int rc = options_read(&r, argc, argv);

	if (rc != 0)
		return rc > 0 ? 0 : usage_fail(_("unknown option, or its value is missing"));
	plan_init(&r.all);
	r.stores = json_object();
	rc = session_holds_known(s, e) < 0 ? -1 : look_back(&r, e);
	if (rc == 0)
		rc = r.dry ? run_dry(&r, e) : run_for_real(&r, e);
	if (rc == 0 && s->out.json)
		plan_json(&r);
	else if (rc == 0)
		plan_table(&r);
	for (size_t i = 0; i < r.n_open; i++) {
		plan_release(&r.job[i].plan);
		json_decref(r.job[i].lies);
		store_free(r.job[i].store);
	}
	free(r.job);
	mounts_release(&r.mounts);
	json_decref(r.stores);
	plan_release(&r.all);
	return rc < 0 ? -1 : r.status;
}
