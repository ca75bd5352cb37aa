/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * search.c - dsar search: every declared store is asked for a person
 *
 * First the subject grows: in rounds, each asks the stores that can lead on for what the round before has
 * brought, until nothing new comes. Then every store is searched once for all that is known. What is found
 * goes into the register by this process alone.
 */
#include <getopt.h>
#include <libintl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/now.h"
#include "base/options.h"
#include "dsar/case/case.h"
#include "dsar/command.h"
#include "dsar/search/find.h"
#include "dsar/search/keep.h"
#include "dsar/register/registry.h"
#include "dsar/act/restriction.h"
#include "dsar/search/scan.h"
#include "dsar/search/search.h"
#include "dsar/session.h"
#include "dsar/subject/subject.h"
#include "store/store.h"

#define _(text) gettext(text)

#define JOBS_MAX     64
#define SUBJECT_MAX  10000 /* identifiers: more are not one person's */
#define BATCH        200   /* finds of one transaction: others at the register wait that long */
#define UNKNOWN_COST 4096

struct search {
	struct session *s;
	struct case_file c;
	unsigned jobs;
	struct subject all;    /* as the register has it */
	struct subject active; /* what is looked for: borrowed from `all` */
	int64_t last;          /* the newest identifier that an earlier round has asked for */
	struct scan *scan;     /* one of each store */
	size_t n_scans;
	uint64_t *n_found; /* of each store of the configuration */
	int64_t begun_us; /* later than any search before: finds remember by which one they were seen */
	size_t n_batch; /* finds in the transaction at hand */
	size_t n_new;   /* identifiers of this round */
	uint64_t done, total;
	const struct search_seen *again; /* NULL: what is found goes into the register */
};

static void
help(void)
{
	fputs(_("Usage: dsar search CASE [--jobs N]\n"
		"       dsar search --settle\n"
		"Searches every declared store for the person of a case, and keeps what is found from\n"
		"routine deletion until the answer is out. A store that could not be searched is named, and\n"
		"the search is not complete (exit 69).\n\n"
		"  --jobs N       stores searched at the same time (as many as there are processors)\n"
		"  --settle       only releases what was kept for cases that are answered\n\n"
		"Example:  sudo dsar search 2026-0001\n"),
		stdout);
}

/* --- the subject ------------------------------------------------------------------------------ */

/* Those that may be asked for, from identifier LAST on. */
static int
activate(struct search *x, int64_t last, struct err *e)
{
	free(x->active.v);
	x->active = (struct subject){ .v = calloc(x->all.n + 1, sizeof(*x->active.v)) };
	if (!x->active.v)
		return err_memory(e);
	for (size_t i = 0; i < x->all.n; i++)
		if ((x->all.v[i].own || x->all.v[i].confirmed) && x->all.v[i].id > last)
			x->active.v[x->active.n++] = x->all.v[i];
	return 0;
}

static int
read_subject(struct search *x, struct err *e)
{
	subject_release(&x->all);
	return subject_read(x->s->registry, x->c.number, &x->all, e);
}

static bool
is_asked_for(const struct search *x, const char *kind)
{
	for (size_t i = 0; i < x->active.n; i++)
		if (strcmp(x->active.v[i].kind, kind) == 0)
			return true;
	return false;
}

/* Can S lead on from what is asked for? A journal gives other stores' records. */
static bool
leads_on(const struct search *x, const struct conf_store *s)
{
	const struct conf *c = x->s->conf;
	const bool journal = strcmp(s->type, "journal") == 0;

	for (size_t k = 0; k < c->n_stores; k++) {
		const struct conf_store *of = &c->store[k];

		if ((of != s && !(journal && of->journal.n > 0)) || of->n_links == 0)
			continue;
		for (size_t i = 0; i < of->n_subjects; i++)
			if (is_asked_for(x, of->subject[i].kind))
				return true;
	}
	return false;
}

/* --- what comes in ---------------------------------------------------------------------------- */

static int
batch_begin(struct search *x, struct err *e)
{
	if (x->n_batch++ > 0)
		return 0;
	return registry_begin(x->s->registry, e);
}

static int
batch_end(struct search *x, struct err *e)
{
	const size_t n = x->n_batch;

	x->n_batch = 0;
	return n > 0 ? registry_commit(x->s->registry, e) : 0;
}

static size_t
place_of(const struct search *x, const char *store)
{
	return (size_t)(conf_find_store(x->s->conf, store) - x->s->conf->store);
}

static int
take_find(void *ctx, const struct find *f, struct err *e)
{
	struct search *x = ctx;
	struct find find = *f;
	int rc;

	if (x->again)
		return x->again->find(x->again->ctx, f, e);
	find.identifier = x->active.v[f->identifier].id;
	find.searched_us = x->begun_us;
	if (batch_begin(x, e) < 0)
		return -1;
	rc = find_add(x->s->registry, x->c.number, &find, NULL, e);
	if (rc < 0)
		return -1;
	x->n_found[place_of(x, f->store)] += rc == 0;
	return x->n_batch < BATCH ? 0 : batch_end(x, e);
}

/* What a field has that is no identifier of its kind leads nowhere. */
static int
take_link(void *ctx, const struct scan_link *l, struct err *e)
{
	struct search *x = ctx;
	const struct identifier *from = &x->active.v[l->identifier];
	const struct identifier i = { .kind = l->link->kind,
		.value = l->value,
		.from_us = INT64_MIN,
		.to_us = INT64_MAX,
		.parent = from->id,
		.store = l->store->name,
		.link = l->link->field,
		.own = l->own };
	bool is_new = false;

	if (batch_begin(x, e) < 0)
		return -1;
	if (subject_add(x->s->registry, x->c.number, &x->all, &i, &is_new, e) < 0)
		return e->exit == EX_DATAERR ? 0 : -1;
	x->n_new += is_new;
	if (x->all.n > SUBJECT_MAX)
		return err_fail(e, EX_DATAERR, 0, N_("the subject grows without an end"),
			N_("a link leads to other people; mark it with review"), "store \"%s\"",
			l->store->name);
	return 0;
}

/* --- a pass over stores ----------------------------------------------------------------------- */

static void
cost_of(struct search *x, struct scan *c)
{
	const struct selector all = select_since(INT64_MIN + 1);
	struct store_env env = x->s->env;
	struct store_cost cost = { 0 };
	struct store *store = NULL;
	struct err ignored;

	c->cost = UNKNOWN_COST;
	/* of services it is asked by the child alone */
	if (c->store->paths.n == 0 && strcmp(c->store->type, "journal") != 0)
		return;
	if (store_open(&env, c->store, &store, &ignored) != 0)
		return;
	if (store_cost(store, &all, &cost, &ignored) == 0)
		c->cost += cost.bytes;
	store_free(store);
}

static int
dearest_first(const void *va, const void *vb)
{
	const struct scan *a = va, *b = vb;

	return a->cost < b->cost ? 1 : a->cost > b->cost ? -1 : 0;
}

static int
scans_make(struct search *x, struct err *e)
{
	x->scan = calloc(x->s->conf->n_stores + 1, sizeof(*x->scan));
	x->n_found = calloc(x->s->conf->n_stores + 1, sizeof(*x->n_found));
	if (!x->scan || !x->n_found)
		return err_memory(e);
	for (size_t i = 0; i < x->s->conf->n_stores; i++) {
		if (x->s->conf->store[i].part_of)
			continue; /* its records are found there */
		x->scan[x->n_scans].store = &x->s->conf->store[i];
		cost_of(x, &x->scan[x->n_scans++]);
	}
	qsort(x->scan, x->n_scans, sizeof(*x->scan), dearest_first);
	return 0;
}

static int
scan_ended(struct search *x, struct scan *c, bool grow, struct err *e)
{
	struct answer_of_store a = { .store = c->store->name,
		.answer = c->end.answer,
		.n_read = c->end.n_read,
		.note = c->end.note,
		.begun_us = c->begun_us,
		.ended_us = c->ended_us };

	x->done += c->cost;
	print_progress(_("search"), x->done, x->total + 1);
	if (x->again && c->end.answer == ANSWER_FAILED)
		x->again->failed(x->again->ctx, c->store);
	if (x->again)
		return 0;
	if (grow)
		return batch_end(x, e);
	if (batch_begin(x, e) < 0 || answer_put(x->s->registry, x->c.number, &a, e) < 0)
		return -1;
	return batch_end(x, e);
}

static int
take(struct search *x, struct scan *c, bool grow, struct err *e)
{
	const struct scan_seen seen = { .ctx = x, .find = take_find, .link = take_link };
	const int rc = scan_take(c, x->s->conf, &seen, e);

	if (rc <= 0)
		return rc;
	c->ended_us = now_us();
	return scan_ended(x, c, grow, e);
}

/* Waits until one of those that run has something to say, and takes it. */
static int
wait_and_take(struct search *x, bool grow, struct err *e)
{
	struct pollfd fd[JOBS_MAX];
	struct scan *of[JOBS_MAX];
	nfds_t n = 0;

	for (size_t i = 0; i < x->n_scans; i++)
		if (x->scan[i].pid > 0) {
			of[n] = &x->scan[i];
			fd[n++] = (struct pollfd){ .fd = x->scan[i].fd, .events = POLLIN };
		}
	if (poll(fd, n, -1) < 0)
		return 0; /* a signal: look again */
	for (nfds_t i = 0; i < n; i++)
		if (fd[i].revents && take(x, of[i], grow, e) < 0)
			return -1;
	return batch_end(x, e);
}

static int
begin_next(struct search *x, bool grow, size_t *next, unsigned *running, struct err *e)
{
	while (*next < x->n_scans && *running < x->jobs) {
		struct scan *c = &x->scan[(*next)++];

		if (grow && !leads_on(x, c->store))
			continue;
		c->begun_us = now_us();
		c->ended = false;
		if (scan_begin(c, x->s, &x->active, grow, e) < 0)
			return -1;
		++*running;
	}
	return 0;
}

static unsigned
count_running(const struct search *x)
{
	unsigned n = 0;

	for (size_t i = 0; i < x->n_scans; i++)
		n += x->scan[i].pid > 0;
	return n;
}

static int
pass(struct search *x, bool grow, struct err *e)
{
	size_t next = 0;
	unsigned running = 0;

	x->done = x->total = 0;
	for (size_t i = 0; i < x->n_scans; i++)
		x->total += x->scan[i].cost;
	do {
		if (begin_next(x, grow, &next, &running, e) < 0 ||
			(running > 0 && wait_and_take(x, grow, e) < 0))
			return -1;
		running = count_running(x);
	} while (running > 0 || next < x->n_scans);
	print_progress("", 1, 1);
	return 0;
}

/* --- the course of a search ------------------------------------------------------------------- */

static int
record(struct search *x, json_t *data, struct err *e)
{
	return registry_record(x->s->registry, x->c.number, "search", data, now_us(), e);
}

static int
begin_case(struct search *x, struct err *e)
{
	struct registry *r = x->s->registry;

	if (case_get(r, x->c.number, &x->c, e) < 0 || read_subject(x, e) < 0 ||
		activate(x, 0, e) < 0)
		return -1;
	if (x->active.n == 0)
		return err_fail(e, EX_USAGE, 0, N_("nothing is known to search by"),
			N_("add an identifier: see `dsar subject`"), "%s", x->c.number);
	if (case_guard(r, &x->c, CASE_NEEDS_OPEN, x->s->now_us, e) < 0 ||
		case_move(r, &x->c, CASE_SEARCHING, x->s->now_us, e) < 0 ||
		answers_clear(r, x->c.number, NULL, e) < 0)
		return -1;
	return record(x,
		json_pack("{s:s, s:I, s:I}", "what", "begun", "identifiers",
			(json_int_t)x->active.n, "stores", (json_int_t)x->s->conf->n_stores),
		e);
}

static int
begin(struct search *x, struct err *e)
{
	struct registry *r = x->s->registry;

	if (registry_begin(r, e) < 0)
		return -1;
	return registry_end(r, begin_case(x, e), e);
}

/* Until a round brings nothing new. */
static int
grow(struct search *x, struct err *e)
{
	int64_t asked = 0;

	do {
		if (activate(x, asked, e) < 0)
			return -1;
		for (size_t i = 0; i < x->all.n; i++)
			if (x->all.v[i].id > asked)
				asked = x->all.v[i].id;
		x->n_new = 0;
		if (x->active.n > 0 && pass(x, true, e) < 0)
			return -1;
		if (read_subject(x, e) < 0)
			return -1;
	} while (x->n_new > 0);
	return activate(x, 0, e);
}

struct sum {
	struct search *x;
	struct scan *journal; /* the one that reads the machine's */
	size_t n_failed, n_stores;
	uint64_t n_found;
};

/* A store whose records lie in the journal has answered when that has. */
static int
settle_answer(struct sum *sum, const struct scan *c, struct err *e)
{
	struct search *x = sum->x;
	struct answer_of_store a = { .store = c->store->name,
		.answer = c->end.answer,
		.n_found = x->n_found[c->store - x->s->conf->store],
		.n_read = c->end.n_read,
		.note = c->end.note,
		.begun_us = c->begun_us,
		.ended_us = c->ended_us };

	if (a.answer == ANSWER_ABSENT && c->store->journal.n > 0 && sum->journal &&
		sum->journal->end.answer != ANSWER_ABSENT) {
		a.answer = sum->journal->end.answer;
		a.note = sum->journal->end.note;
	}
	if (a.answer != ANSWER_FAILED && a.n_found > 0)
		a.answer = ANSWER_FOUND;
	sum->n_stores++;
	sum->n_failed += a.answer == ANSWER_FAILED;
	sum->n_found += a.n_found;
	return answer_put(x->s->registry, x->c.number, &a, e);
}

/* Those whose records are a part of C's have answered with it. */
static int
settle_parts(struct search *x, const struct scan *c, struct err *e)
{
	for (size_t i = 0; i < x->s->conf->n_stores; i++) {
		const struct conf_store *s = &x->s->conf->store[i];
		char note[128];
		const struct answer_of_store a = { .store = s->name,
			.answer = c->end.answer == ANSWER_FOUND ? ANSWER_NOTHING : c->end.answer,
			.note = note,
			.begun_us = c->begun_us,
			.ended_us = c->ended_us };

		if (!s->part_of || strcmp(s->part_of, c->store->name) != 0)
			continue;
		(void)snprintf(note, sizeof(note), NOTE_PART "%s", c->store->name);
		if (answer_put(x->s->registry, x->c.number, &a, e) < 0)
			return -1;
	}
	return 0;
}

static int
settle_answers(struct sum *sum, struct err *e)
{
	struct search *x = sum->x;

	for (size_t i = 0; i < x->n_scans; i++)
		if (strcmp(x->scan[i].store->type, "journal") == 0 && !sum->journal)
			sum->journal = &x->scan[i];
	for (size_t i = 0; i < x->n_scans; i++)
		if (settle_answer(sum, &x->scan[i], e) < 0 || settle_parts(x, &x->scan[i], e) < 0)
			return -1;
	return 0;
}

static int
end(struct search *x, struct sum *sum, struct err *e)
{
	struct registry *r = x->s->registry;
	int rc;

	if (registry_begin(r, e) < 0)
		return -1;
	rc = settle_answers(sum, e);
	if (rc == 0 && sum->n_failed == 0)
		rc = case_move(r, &x->c, CASE_REVIEW, now_us(), e);
	if (rc == 0)
		rc = record(x,
			json_pack("{s:s, s:I, s:I, s:I, s:I}", "what", "ended", "identifiers",
				(json_int_t)x->active.n, "stores", (json_int_t)sum->n_stores,
				"failed", (json_int_t)sum->n_failed, "found",
				(json_int_t)sum->n_found),
			e);
	return registry_end(r, rc, e);
}

/* --- what is said ----------------------------------------------------------------------------- */

static const char *
answer_word(enum store_answer a)
{
	static const char *const words[STORE_ANSWERS] = { N_("found"), N_("nothing found"),
		N_("not on this machine"), N_("not searched") };

	return words[a];
}

struct showing {
	struct print *o;
	struct print_table *table;
};

static int
show_answer(void *ctx, const struct answer_of_store *a, struct err *e)
{
	const struct showing *v = ctx;

	(void)e;
	print_begin(v->o);
	print_str(v->o, "node", span_str(a->node));
	print_str(v->o, "store", span_str(a->store));
	print_str(v->o, "answer", span_str(store_answer_name(a->answer)));
	print_int(v->o, "found", (int64_t)a->n_found);
	print_int(v->o, "read", (int64_t)a->n_read);
	print_str(v->o, "note", span_str(a->note));
	print_time(v->o, "begun", a->begun_us);
	print_time(v->o, "ended", a->ended_us);
	print_end(v->o);
	if (v->o->json || a->answer == ANSWER_ABSENT)
		return 0;
	print_table_cell(v->table, false, "%s", a->store);
	print_table_cell(v->table, false, "%s", _(answer_word(a->answer)));
	print_table_cell(v->table, true, "%llu", (unsigned long long)a->n_found);
	print_table_cell(v->table, false, "%s", a->note);
	return 0;
}

static void
show_sum(struct session *s, const char *number, const struct searched *d, uint64_t restricted)
{
	struct print *o = &s->out;

	print_begin(o);
	print_str(o, "case", span_str(number));
	print_int(o, "identifiers", (int64_t)d->n_identifiers);
	print_int(o, "waiting", (int64_t)d->n_waiting);
	print_int(o, "found", (int64_t)d->n_found);
	print_int(o, "failed", (int64_t)d->n_failed);
	print_int(o, "restricted", (int64_t)restricted);
	print_bool(o, "complete", d->n_failed == 0);
	print_bool(o, "held", d->held);
	print_end(o);
	if (o->json)
		return;
	fprintf(o->f, _("%llu records by %zu identifiers\n"), (unsigned long long)d->n_found,
		d->n_identifiers);
	if (d->n_waiting > 0)
		fprintf(o->f,
			ngettext(
				"%zu identifier came over other people's data and waits: `dsar subject "
				"%s list`\n",
				"%zu identifiers came over other people's data and wait: `dsar subject %s "
				"list`\n",
				d->n_waiting),
			d->n_waiting, number);
	if (restricted > 0)
		fprintf(o->f,
			ngettext(
				"%zu record is restricted on behalf of another case: see `dsar review %s`\n",
				"%zu records are restricted on behalf of another case: see `dsar review "
				"%s`\n",
				restricted),
			(size_t)restricted, number);
	if (d->n_failed > 0)
		fprintf(o->f,
			ngettext("%zu store was not searched: the search is not complete\n",
				"%zu stores were not searched: the search is not complete\n",
				d->n_failed),
			d->n_failed);
}

static int
show(struct session *s, const char *number, const struct searched *d, struct err *e)
{
	struct showing v = { .o = &s->out, .table = print_table_new(4) };
	uint64_t restricted = 0;
	int rc;

	if (!v.table)
		return err_memory(e);
	print_table_cell(v.table, false, "%s", _("store"));
	print_table_cell(v.table, false, "%s", _("answer"));
	print_table_cell(v.table, true, "%s", _("records"));
	print_table_cell(v.table, false, "%s", _("note"));
	rc = answers_each(s->registry, number, show_answer, &v, e);
	if (v.o->json)
		v.table = (print_table_free(v.table, NULL), NULL);
	else
		print_table_free(v.table, v.o);
	if (rc == 0)
		rc = restriction_count(s->registry, number, &restricted, e);
	show_sum(s, number, d, restricted);
	return rc;
}

/* --- the command line ------------------------------------------------------------------------- */

static void
search_release(struct search *x)
{
	for (size_t i = 0; i < x->n_scans; i++)
		scan_release(&x->scan[i]);
	if (x->n_batch > 0)
		registry_undo(x->s->registry);
	free(x->scan);
	free(x->n_found);
	free(x->active.v);
	subject_release(&x->all);
}

static int
search(struct search *x, struct searched *ret, struct err *e)
{
	struct sum sum = { .x = x };
	struct err why = { 0 };

	if (begin(x, e) < 0 || scans_make(x, e) < 0 || grow(x, e) < 0 || pass(x, false, e) < 0)
		return -1;
	/* held before it is said to be complete */
	ret->held = keep_finds(x->s, &x->c, &why) >= 0;
	if (!ret->held) {
		(void)err_print(&why, "dsar", stderr);
		fputs(_("dsar: what was found is not kept from routine deletion\n"), stderr);
	}
	if (end(x, &sum, e) < 0)
		return -1;
	ret->n_identifiers = x->active.n;
	ret->n_failed = sum.n_failed;
	ret->n_found = sum.n_found;
	for (size_t i = 0; i < x->all.n; i++)
		ret->n_waiting += !x->all.v[i].own && !x->all.v[i].confirmed;
	return 0;
}

int
search_case(
	struct session *s, const char *number, unsigned jobs, struct searched *ret, struct err *e)
{
	struct search x = { .s = s, .jobs = jobs, .begun_us = now_us() };
	int rc;

	*ret = (struct searched){ 0 };
	(void)snprintf(x.c.number, sizeof(x.c.number), "%s", number);
	rc = search(&x, ret, e);
	search_release(&x);
	return rc;
}

int
search_again(struct session *s, const char *number, unsigned jobs, const struct search_seen *seen,
	struct err *e)
{
	struct search x = { .s = s, .jobs = jobs, .again = seen };
	int rc;

	(void)snprintf(x.c.number, sizeof(x.c.number), "%s", number);
	rc = read_subject(&x, e);
	if (rc == 0)
		rc = activate(&x, 0, e);
	if (rc == 0 && x.active.n == 0)
		rc = 1;
	if (rc == 0)
		rc = scans_make(&x, e);
	if (rc == 0)
		rc = pass(&x, false, e);
	search_release(&x);
	return rc;
}

unsigned
search_jobs(void)
{
	const long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > JOBS_MAX ? JOBS_MAX : (unsigned)n;
}

static unsigned
jobs_of(const char *text)
{
	const long n = text ? strtol(text, NULL, 10) : (long)search_jobs();

	return n < 1 ? 0 : n > JOBS_MAX ? JOBS_MAX : (unsigned)n;
}

int
search_main(struct session *s, int argc, char **argv, struct err *e)
{
	const char *jobs = NULL;
	bool settle = false;
	const struct option_to table[] = { { "jobs", 'j', &jobs, NULL },
		{ "settle", 0, NULL, &settle } };
	const int opt = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);
	struct searched done;

	if (opt > 0)
		return 0;
	if (opt < 0 || argc - optind != !settle || jobs_of(jobs) == 0)
		return usage_fail(_("search takes a case"));
	if (keep_settle(s, e) < 0)
		return -1;
	if (settle)
		return 0;
	if (search_case(s, argv[optind], jobs_of(jobs), &done, e) < 0 ||
		show(s, argv[optind], &done, e) < 0)
		return -1;
	return done.n_failed > 0 ? EX_UNAVAILABLE : done.held ? 0 : 1;
}
