/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * review_command.c - dsar review
 */
#include <getopt.h>
#include <inttypes.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/options.h"
#include "dsar/command.h"
#include "dsar/given.h"
#include "dsar/register/registry.h"
#include "dsar/act/restriction.h"
#include "dsar/review/review-private.h"
#include "dsar/session.h"

#define _(text) gettext(text)

#define IDS_MAX 10000

struct asked {
	bool list, keep, blacken, exclude, undo;
	const char *show, *store, *rule, *ground, *only, *also;
	int64_t id[IDS_MAX];
	size_t n_ids;
	struct buf words, text; /* what --ground - and --only or --also - give */
};

static void
help(void)
{
	fputs(_("Usage: dsar review CASE [--list | --show ID]\n"
		"       dsar review CASE --keep|--blacken|--exclude ID...|--store STORE [--ground WORD|-]\n"
		"       dsar review CASE --rule clean|own\n"
		"       dsar review CASE --undo [ID]\n"
		"Decides which finds go into the answer. Without an option it asks for one after the other.\n\n"
		"  --keep       it goes into the answer as it is\n"
		"  --blacken    … without what is proposed: others' data, keys and passwords\n"
		"  --also FILE  … and without these texts (one a line; -: standard input)\n"
		"  --only FILE  … without these texts alone\n"
		"  --exclude    it is left out; needs a ground\n"
		"  --ground     hers, others, secret, not-hers, duplicate, restricted, or - for a text on standard input;\n"
		"               of what is restricted on another's behalf: consent, claims, rights, public-interest\n"
		"  --store      all finds of a store that are not decided; those that came over a path\n"
		"               that is not the person's own have to be named to be kept\n"
		"  --rule       clean: keep what is her own and has nothing to blacken; own: blacken\n"
		"               the rest of what is her own, too\n"
		"  --undo       take the last decision back, or the last one of a find\n\n"
		"Exit status 1: some finds are not decided yet.\n\n"
		"Example:  dsar review 2026-0001 --blacken 14 15 --ground others\n"),
		stdout);
}

/* --- one decision ----------------------------------------------------------------------------- */

static int
record_decision(struct reviewing *r, int64_t id, const struct decision *d, struct err *e)
{
	const char *word = !*d->ground                         ? ""
			   : review_ground_is_known(d->ground) ? d->ground
							       : "text";

	return registry_record(r->s->registry, r->file.number, "review",
		json_pack("{s:s, s:I, s:s, s:I}", "decision", find_decision_name(d->decision),
			"find", (json_int_t)id, "ground", word, "covers",
			(json_int_t)(d->covers ? d->covers->n : 0)),
		r->s->now_us, e);
}

/* The case is in review from the first decision on. */
static int
begin(struct reviewing *r, struct err *e)
{
	struct registry *g = r->s->registry;

	if (registry_begin(g, e) < 0)
		return -1;
	if (case_get(g, r->file.number, &r->file, e) < 0 ||
		case_guard(g, &r->file, CASE_NEEDS_OPEN, r->s->now_us, e) < 0 ||
		(r->file.state != CASE_REVIEW &&
			case_move(g, &r->file, CASE_REVIEW, r->s->now_us, e) < 0)) {
		registry_undo(g);
		return -1;
	}
	return 0;
}

static int
decide(struct reviewing *r, int64_t id, const struct decision *d, struct err *e)
{
	if (record_decision(r, id, d, e) < 0)
		return -1;
	return review_decide(r->s->registry, r->file.number, id, d, r->s->now_us, e);
}

int
review_one(struct reviewing *r, int64_t id, const struct decision *d, struct err *e)
{
	if (begin(r, e) < 0)
		return -1;
	return registry_end(r->s->registry, decide(r, id, d, e), e);
}

/* --- several ---------------------------------------------------------------------------------- */

struct deciding {
	struct reviewing *r;
	const struct asked *a;
	struct decision d;
	struct chosen { /* gathered first: the register is not written while it is read */
		int64_t id;
		struct covers covers;
		enum find_decision decision;
	} * v;
	size_t n, max;
};

static int
choose(struct deciding *g, int64_t id, enum find_decision decision, struct covers *covers,
	struct err *e)
{
	if (g->n == g->max) {
		const size_t max = g->max ? 2 * g->max : 64;
		struct chosen *v = reallocarray(g->v, max, sizeof(*v));

		if (!v)
			return err_memory(e);
		g->v = v;
		g->max = max;
	}
	g->v[g->n++] = (struct chosen){ id, *covers, decision };
	*covers = (struct covers){ 0 };
	return 0;
}

/* The lines of TEXT, wherever they stand in F. */
static int
cover_lines(const struct find *f, struct span text, struct covers *ret, struct err *e)
{
	const enum blacken_form form = blacken_form_of(f->text);

	while (text.len > 0) {
		const char *lf = memchr(text.p, '\n', text.len);
		const size_t n = lf ? (size_t)(lf - text.p) : text.len;

		if (n > 0 && blacken_find(f->text, form, span_of(text.p, n), ret, e) < 0)
			return -1;
		text = span_from(text, n + (lf != NULL));
	}
	return 0;
}

static int
cover(struct deciding *g, const struct find *f, struct covers *ret, struct err *e)
{
	if (!f->text.p)
		return 0;
	if (!g->a->only && review_propose(&g->r->known, f, ret, e) < 0)
		return -1;
	if (g->a->text.len == 0)
		return 0;
	return cover_lines(f, span_of(g->a->text.p, g->a->text.len), ret, e);
}

/* A ground that was not given is the one that goes without saying. */
static const char *
ground_of(const struct asked *a, enum find_decision d)
{
	if (a->ground)
		return strcmp(a->ground, "-") == 0 ? a->words.p : a->ground;
	return d == FIND_KEEP ? GROUND_HERS : d == FIND_BLACKEN ? GROUND_OTHERS : "";
}

/* Restricted on another's behalf, and no ground to give it out all the same. */
static bool
is_barred(const struct deciding *g, const struct find *f)
{
	struct find as = *f;

	as.ground = ground_of(g->a, g->d.decision);
	return restriction_bars(g->r->s->registry, g->r->file.number, &as);
}

static int
choose_find(void *ctx, const struct find *f, struct err *e)
{
	struct deciding *g = ctx;
	struct covers c = { 0 };
	int rc = 0;

	if (g->d.decision != FIND_EXCLUDE && is_barred(g, f))
		return err_fail(e, EX_NOPERM, 0,
			N_("it is restricted on behalf of another case (Art. 18)"),
			N_("it goes out with a --ground of Art. 18(2): consent, claims, rights, "
			   "public-interest"),
			"%lld", (long long)f->id);
	if (g->d.decision == FIND_BLACKEN)
		rc = cover(g, f, &c, e);
	if (rc == 0)
		rc = choose(g, f->id, g->d.decision, &c, e);
	covers_release(&c);
	return rc;
}

/* What is to be given out and not her own has to be named. */
static int
choose_of_store(void *ctx, const struct find *f, struct err *e)
{
	struct deciding *g = ctx;

	if (f->decision != FIND_OPEN)
		return 0;
	if (g->d.decision != FIND_EXCLUDE && (!f->own || is_barred(g, f))) {
		g->r->n_left++;
		return 0;
	}
	return choose_find(ctx, f, e);
}

static int
choose_by_rule(void *ctx, const struct find *f, struct err *e)
{
	struct deciding *g = ctx;
	const bool all = strcmp(g->a->rule, "own") == 0;
	struct covers c = { 0 };
	int rc = 0;

	if (f->decision != FIND_OPEN)
		return 0;
	if (!f->own || is_barred(g, f)) {
		g->r->n_left++;
		return 0;
	}
	rc = review_propose(&g->r->known, f, &c, e);
	if (rc == 0 && (c.n == 0 || all))
		rc = choose(g, f->id, c.n == 0 ? FIND_KEEP : FIND_BLACKEN, &c, e);
	covers_release(&c);
	return rc;
}

static int
choose_all(struct deciding *g, struct err *e)
{
	struct registry *r = g->r->s->registry;
	const char *number = g->r->file.number;

	if (g->a->rule)
		return finds_each(r, number, NULL, choose_by_rule, g, e);
	if (g->a->store)
		return finds_each(r, number, g->a->store, choose_of_store, g, e);
	for (size_t i = 0; i < g->a->n_ids; i++)
		if (review_find(r, number, g->a->id[i], choose_find, g, e) < 0)
			return -1;
	return 0;
}

static int
chosen_decide(struct deciding *g, struct err *e)
{
	int rc = g->n > 0 ? begin(g->r, e) : 0;

	if (g->n == 0 || rc < 0)
		return rc;
	for (size_t i = 0; i < g->n && rc == 0; i++) {
		const struct decision d = { g->v[i].decision, ground_of(g->a, g->v[i].decision),
			&g->v[i].covers };

		rc = decide(g->r, g->v[i].id, &d, e);
	}
	return registry_end(g->r->s->registry, rc, e);
}

static int
decide_all(struct reviewing *r, struct asked *a, struct err *e)
{
	struct deciding g = { .r = r, .a = a };
	int rc;

	g.d.decision = a->keep ? FIND_KEEP : a->blacken ? FIND_BLACKEN : FIND_EXCLUDE;
	rc = choose_all(&g, e);
	if (rc == 0)
		rc = chosen_decide(&g, e);
	for (size_t i = 0; i < g.n; i++)
		covers_release(&g.v[i].covers);
	free(g.v);
	return rc;
}

static int
undo(struct reviewing *r, const struct asked *a, struct err *e)
{
	int64_t id = a->n_ids > 0 ? a->id[0] : 0;
	int rc;

	if (begin(r, e) < 0)
		return -1;
	rc = review_undo(r->s->registry, r->file.number, &id, e);
	if (rc > 0)
		rc = err_fail(e, EX_USAGE, 0, N_("there is no decision to take back"), NULL, "%s",
			r->file.number);
	if (rc == 0)
		rc = registry_record(r->s->registry, r->file.number, "review",
			json_pack("{s:s, s:I}", "decision", "undo", "find", (json_int_t)id),
			r->s->now_us, e);
	return registry_end(r->s->registry, rc, e);
}

/* --- what is left ----------------------------------------------------------------------------- */

static int
count_open(void *ctx, const struct find *f, struct err *e)
{
	struct reviewing *r = ctx;

	(void)e;
	r->n_open += f->decision == FIND_OPEN;
	return 0;
}

/* All looked at, and every store has answered: the case goes on. */
static int
go_on(struct reviewing *r, struct err *e)
{
	struct registry *g = r->s->registry;
	int rc;

	if (finds_each(g, r->file.number, NULL, count_open, r, e) < 0)
		return -1;
	if (r->n_open > 0 || r->file.state != CASE_REVIEW)
		return 0;
	if (registry_begin(g, e) < 0)
		return -1;
	rc = case_get(g, r->file.number, &r->file, e);
	if (rc == 0)
		rc = case_guard(
			g, &r->file, CASE_NEEDS_SEARCHED | CASE_NEEDS_LOOKED, r->s->now_us, e);
	if (rc == 0)
		rc = case_move(g, &r->file, CASE_DECIDED, r->s->now_us, e);
	return registry_end(g, rc, e);
}

static void
say_left(struct reviewing *r)
{
	if (r->n_left > 0)
		fprintf(stderr,
			_("dsar: %" PRIu64
			  " finds came over a path that is not the person's own, or are restricted: name them\n"),
			r->n_left);
	if (r->s->out.json) {
		print_begin(&r->s->out);
		print_str(&r->s->out, "case", span_str(r->file.number));
		print_str(&r->s->out, "state", span_str(case_state_name(r->file.state)));
		print_int(&r->s->out, "open", (int64_t)r->n_open);
		print_end(&r->s->out);
	} else
		printf(_("%" PRIu64 " finds are not decided yet; the case is %s.\n"), r->n_open,
			case_state_name(r->file.state));
}

/* --- the command line ------------------------------------------------------------------------- */

static bool
decides(const struct asked *a)
{
	return a->keep || a->blacken || a->exclude || a->rule;
}

static int
work(struct reviewing *r, struct asked *a, struct err *e)
{
	const bool asks = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !r->s->out.json;
	char *rest;
	int rc;

	if (a->show)
		return review_show(r, strtoll(a->show, &rest, 10), e);
	if (a->list || (!decides(a) && !a->undo && !asks))
		return review_list(r, e);
	rc = a->undo ? undo(r, a, e) : decides(a) ? decide_all(r, a, e) : review_ask(r, e);
	if (rc == 0)
		rc = go_on(r, e);
	if (rc < 0)
		return -1;
	say_left(r);
	return r->n_open > 0;
}

static int
texts_read(struct asked *a, struct err *e)
{
	const char *from = a->only ? a->only : a->also;

	if (a->ground && strcmp(a->ground, "-") == 0) {
		if (given_text("-", &a->words, e) < 0)
			return -1;
		buf_char(&a->words, '\0');
	}
	return from ? given_text(from, &a->text, e) : 0;
}

static int
run(struct session *s, const char *number, struct asked *a, struct err *e)
{
	struct reviewing r = { .s = s };
	int rc = texts_read(a, e);

	if (rc == 0)
		rc = case_get(s->registry, number, &r.file, e);
	if (rc == 0)
		rc = known_read(s->conf, s->registry, number, &r.known, e);
	if (rc == 0)
		rc = work(&r, a, e);
	known_release(&r.known);
	return rc;
}

/* What is wrong with what was asked for, or NULL. */
static const char *
wrong(const struct asked *a)
{
	const bool both = a->ground && strcmp(a->ground, "-") == 0 &&
			  ((a->only && strcmp(a->only, "-") == 0) ||
				  (a->also && strcmp(a->also, "-") == 0));

	if (a->keep + a->blacken + a->exclude + a->undo + a->list + (a->rule != NULL) +
			(a->show != NULL) >
		1)
		return _("review does one thing at a time");
	if ((a->keep || a->blacken || a->exclude) && (a->n_ids > 0) == (a->store != NULL))
		return _("say which finds, or --store");
	if (a->exclude && !a->ground)
		return _("what is left out needs a --ground");
	if (a->ground && strcmp(a->ground, "-") != 0 && !review_ground_is_known(a->ground))
		return _(
			"--ground is hers, others, secret, not-hers, duplicate, restricted, consent, claims, rights, public-interest, or - for a text");
	if (a->rule && strcmp(a->rule, "clean") != 0 && strcmp(a->rule, "own") != 0)
		return _("--rule is clean or own");
	if ((a->only || a->also) && !a->blacken)
		return _("--only and --also are of --blacken");
	return both || (a->only && a->also) ? _("one text on standard input at a time") : NULL;
}

static bool
ids_take(struct asked *a, char **argv, int n)
{
	for (int i = 0; i < n && a->n_ids < IDS_MAX; i++) {
		char *rest;

		a->id[a->n_ids++] = strtoll(argv[i], &rest, 10);
		if (*rest || a->id[a->n_ids - 1] <= 0)
			return false;
	}
	return n <= IDS_MAX;
}

int
review_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct asked *a = calloc(1, sizeof(*a));
	cleanup_mem void *owned = a;
	const char *what;
	int rc;

	if (!a)
		return err_memory(e);
	const struct option_to table[] = {
		{ "list", 0, NULL, &a->list },
		{ "show", 0, &a->show, NULL },
		{ "keep", 0, NULL, &a->keep },
		{ "blacken", 0, NULL, &a->blacken },
		{ "exclude", 0, NULL, &a->exclude },
		{ "undo", 0, NULL, &a->undo },
		{ "store", 0, &a->store, NULL },
		{ "rule", 0, &a->rule, NULL },
		{ "ground", 0, &a->ground, NULL },
		{ "only", 0, &a->only, NULL },
		{ "also", 0, &a->also, NULL },
	};
	rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);
	if (rc > 0)
		return 0;
	if (rc < 0 || optind >= argc || !ids_take(a, argv + optind + 1, argc - optind - 1))
		return usage_fail(_("review takes the number of a case, and of finds"));
	what = wrong(a);
	if (what)
		return usage_fail(what);
	rc = run(s, argv[optind], a, e);
	buf_wipe(&a->words);
	buf_wipe(&a->text);
	return rc;
}
