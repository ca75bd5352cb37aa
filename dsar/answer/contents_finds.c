/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf/conf.h"
#include "dsar/answer/contents.h"
#include "dsar/subject/identifier.h"
#include "dsar/register/registry.h"
#include "dsar/act/restriction.h"
#include "dsar/review/review.h"
#include "dsar/session.h"
#include "record/record.h"

#define _(text) gettext(text)

/* What a store has of her. */
struct share {
	const struct conf_store *store;
	uint64_t n_given, n_blackened, n_covers, n_files, n_others;
	uint64_t n_excluded
		[16]; /* by the place of the ground in review_grounds[]; the last: any other */
	int64_t first_us, last_us;
};

struct counting {
	struct session *s;
	const struct case_file *c;
	bool provided;
	struct share *share; /* one for each store of the configuration */
	struct places *p;
};

/* --- counting --------------------------------------------------------------------------------- */

bool
contents_is_portable(const struct conf_store *s)
{
	const char *at = strstr(s->basis, "6(1)");

	return at && (strstr(at, "(a)") || strstr(at, "(b)"));
}

static void
count_excluded(struct share *h, const char *ground, uint64_t n)
{
	size_t i = 0;

	while (review_grounds[i] && strcmp(ground, review_grounds[i]) != 0)
		i++;
	h->n_excluded[i] += n;
}

/* What was left out because it is about somebody else is none of hers. */
static bool
is_hers(const struct find *f)
{
	return f->decision != FIND_EXCLUDE || strcmp(f->ground, GROUND_NOT_HERS) != 0;
}

static int
count_find(void *ctx, const struct find *f, struct err *e)
{
	struct counting *g = ctx;
	const struct conf_store *s = conf_find_store(g->s->conf, f->store);
	struct share *h = s ? &g->share[s - g->s->conf->store] : NULL;
	struct covers c = { 0 };
	int rc = 0;

	if (!h || !is_hers(f) || (g->provided && !(contents_is_portable(s) && f->own)))
		return 0;
	h->store = s;
	h->n_others += f->own ? 0 : f->n;
	if (f->time_us != RECORD_NO_TIME) {
		h->first_us = h->first_us == 0 || f->time_us < h->first_us ? f->time_us
									   : h->first_us;
		h->last_us = f->time_us > h->last_us ? f->time_us : h->last_us;
	}
	if (f->decision == FIND_EXCLUDE || restriction_bars(g->s->registry, g->c->number, f)) {
		count_excluded(
			h, f->decision == FIND_EXCLUDE ? f->ground : GROUND_RESTRICTED, f->n);
		return 0;
	}
	h->n_given += f->n;
	h->n_files += f->text.p ? 0 : f->n;
	if (f->decision == FIND_BLACKEN)
		rc = review_covers(g->s->registry, f->id, &c, e);
	h->n_blackened += c.n > 0 ? f->n : 0;
	h->n_covers += c.n * f->n;
	covers_release(&c);
	return rc;
}

/* --- by store --------------------------------------------------------------------------------- */

#define ENTRIES_MAX 64

static const char *
entries(uint64_t n, char ret[ENTRIES_MAX])
{
	(void)snprintf(ret, ENTRIES_MAX,
		ngettext("%" PRIu64 " entry", "%" PRIu64 " entries", (unsigned long)n), n);
	return ret;
}

static int
put_store(struct counting *g, const struct share *h, struct err *e)
{
	char first[CONTENTS_DAY_MAX], last[CONTENTS_DAY_MAX];
	char n[ENTRIES_MAX];
	const char *name = h->store->name;

	if (h->n_given == 0)
		return 0;
	if (h->first_us == 0)
		return place_printf(g->p, "stores", e, "%s: %s", name, entries(h->n_given, n));
	contents_day(g->c->lang, day_local(h->first_us), first);
	contents_day(g->c->lang, day_local(h->last_us), last);
	if (strcmp(first, last) == 0)
		return place_printf(
			g->p, "stores", e, _("%s: %s, of %s"), name, entries(h->n_given, n), first);
	return place_printf(g->p, "stores", e, _("%s: %s, from %s to %s"), name,
		entries(h->n_given, n), first, last);
}

static const char *
why_excluded(size_t ground)
{
	const char *word = review_grounds[ground];

	if (word && strcmp(word, GROUND_OTHERS) == 0)
		return _("rights and freedoms of others (Art. 15(4) GDPR)");
	if (word && strcmp(word, GROUND_SECRET) == 0)
		return _("security of the service (Art. 15(4) GDPR)");
	if (word && strcmp(word, GROUND_RESTRICTED) == 0)
		return _("restricted on behalf of another person (Art. 18 GDPR)");
	if (word && strcmp(word, GROUND_TWICE) == 0)
		return _("enclosed already");
	return _("for the reason that is kept with your case");
}

static int
put_left_out(struct counting *g, const struct share *h, struct err *e)
{
	char n[ENTRIES_MAX];

	if (h->n_covers > 0 && place_printf(g->p, "blackened", e, _("%s: %" PRIu64 " places in %s"),
				       h->store->name, h->n_covers, entries(h->n_blackened, n)) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(h->n_excluded) / sizeof(h->n_excluded[0]); i++)
		if (h->n_excluded[i] > 0 &&
			place_printf(g->p, "excluded", e, "%s: %s: %s", h->store->name,
				entries(h->n_excluded[i], n), why_excluded(i)) < 0)
			return -1;
	return 0;
}

static int
put_source(struct counting *g, const struct share *h, struct err *e)
{
	if (h->n_others < h->n_given &&
		place_printf(g->p, "sources", e, _("%s: from yourself, by using the service"),
			h->store->name) < 0)
		return -1;
	if (h->n_others > 0)
		return place_printf(g->p, "sources", e,
			_("%s: from other people who use the service and have named or invited you"),
			h->store->name);
	return 0;
}

/* --- by category ------------------------------------------------------------------------------ */

static enum conf_language
language_of(const char *lang)
{
	return strcmp(lang, "de") == 0 ? LANG_DE : LANG_EN;
}

static int
put_period(struct counting *g, const struct conf_store *s, const struct conf_policy_text *t,
	const char *title, struct err *e)
{
	if (t && *t->period)
		return place_printf(g->p, "periods", e, "%s: %s", title, t->period);
	if (s->period_s > 0)
		return place_printf(
			g->p, "periods", e, _("%s: %" PRId64 " days"), title, s->period_s / 86400);
	return place_printf(g->p, "periods", e, _("%s: until you have it erased"), title);
}

/* The row of the privacy policy, in her language. */
static int
put_category(struct counting *g, const struct conf_store *s, struct err *e)
{
	const struct conf_category *k = conf_find_category(g->s->conf, s->category);
	const struct conf_policy_text *t = k ? &k->text[language_of(g->c->lang)] : NULL;
	const char *title = t && *t->title ? t->title : s->category;

	if (place_printf(g->p, "purposes", e, "%s: %s (%s)", title,
		    t && *t->purpose ? t->purpose : s->purpose,
		    t && *t->basis ? t->basis : s->basis) < 0)
		return -1;
	if (place_printf(g->p, "categories", e, "%s: %s", title, t && *t->holds ? t->holds : "-") <
		0)
		return -1;
	return put_period(g, s, t, title, e);
}

static bool
is_first_of_category(const struct counting *g, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (g->share[i].store &&
			strcmp(g->share[i].store->category, g->share[at].store->category) == 0)
			return false;
	return true;
}

/* --- recipients ------------------------------------------------------------------------------- */

static int
put_recipient(struct counting *g, const struct conf_recipient *r, struct err *e)
{
	const char *what = r->what[language_of(g->c->lang)];

	if (place_printf(g->p, "recipients", e, "%s%s%s (%s)%s%s%s", r->name,
		    *r->address ? ", " : "", r->address, r->country, *what ? ": " : "", what,
		    r->processor ? _(", on our order (Art. 28 GDPR)") : "") < 0)
		return -1;
	if (!conf_recipient_is_third_country(r))
		return 0;
	return place_printf(g->p, "third_countries", e, "%s (%s): %s", r->name, r->country,
		*r->safeguards ? r->safeguards : _("no safeguards are on record"));
}

static int
put_recipients(struct counting *g, struct err *e)
{
	const struct conf *c = g->s->conf;

	for (size_t i = 0; i < c->n_recipients; i++)
		for (size_t k = 0; k < c->n_stores; k++) {
			if (!g->share[k].store ||
				!conf_recipient_has(&c->recipient[i], g->share[k].store))
				continue;
			if (put_recipient(g, &c->recipient[i], e) < 0)
				return -1;
			break;
		}
	return 0;
}

/* --- answers of stores ------------------------------------------------------------------------ */

static int
put_store_of(struct counting *g, const char *place, const struct answer_of_store *a, struct err *e)
{
	return *a->node ? place_printf(g->p, place, e, "%s (%s)", a->store, a->node)
			: place_put(g->p, place, span_str(a->store), e);
}

static int
put_answer(void *ctx, const struct answer_of_store *a, struct err *e)
{
	struct counting *g = ctx;
	const struct span note = span_str(a->note);

	if (span_starts(note, SPAN(NOTE_PART)))
		return 0;
	if (span_starts(note, SPAN(NOTE_KEYS)) && a->answer != ANSWER_FAILED &&
		place_printf(g->p, "keys_gone", e, _("%s: keys destroyed before %s"), a->store,
			note.p + strlen(NOTE_KEYS)) < 0)
		return -1;
	if (a->answer == ANSWER_NOTHING)
		return put_store_of(g, "searched", a, e);
	if (a->answer == ANSWER_FAILED)
		return put_store_of(g, "not_searched", a, e);
	return 0;
}

static const char *
kind_text(const char *kind)
{
	switch (identifier_class(kind)) {
	case IDENTIFIER_EMAIL:
		return _("mail addresses");
	case IDENTIFIER_IP:
		return _("IP addresses, with their time");
	case IDENTIFIER_PHONE:
		return _("phone numbers");
	case IDENTIFIER_NAME:
		return _("names");
	case IDENTIFIER_PATTERN:
		return _("patterns");
	default:
		return _("identifiers of the service (accounts, rooms, meetings)");
	}
}

static int
put_kinds(struct counting *g, struct err *e)
{
	struct subject who = { 0 };
	int rc = subject_read(g->s->registry, g->c->number, &who, e);

	for (size_t i = 0; i < who.n && rc == 0; i++) {
		bool told = false;

		for (size_t k = 0; k < i; k++)
			told = told ||
			       identifier_class(who.v[k].kind) == identifier_class(who.v[i].kind);
		if (!told)
			rc = place_put(g->p, "kinds", span_str(kind_text(who.v[i].kind)), e);
	}
	subject_release(&who);
	return rc;
}

static int
put_backups(struct counting *g, struct err *e)
{
	if (g->s->conf->backup_s == 0)
		return 0;
	return place_printf(g->p, "backups", e,
		_("they hold nothing that is not named here, and each is overwritten after %" PRId64
		  " days"),
		g->s->conf->backup_s / 86400);
}

/* --- all of it -------------------------------------------------------------------------------- */

static int
put_all(struct counting *g, uint64_t *ret_n, struct err *e)
{
	uint64_t n = 0;

	for (size_t i = 0; i < g->s->conf->n_stores; i++) {
		const struct share *h = &g->share[i];

		if (!h->store)
			continue;
		n++;
		if (put_store(g, h, e) < 0 || put_left_out(g, h, e) < 0 || put_source(g, h, e) < 0)
			return -1;
		if (is_first_of_category(g, i) && put_category(g, h->store, e) < 0)
			return -1;
	}
	*ret_n = n;
	return put_recipients(g, e);
}

int
contents_finds(struct session *s, const struct case_file *c, bool provided, struct places *ret,
	uint64_t *ret_n, struct err *e)
{
	cleanup_mem struct share *share = calloc(s->conf->n_stores + 1, sizeof(*share));
	struct counting g = { s, c, provided, share, ret };

	if (!share)
		return err_memory(e);
	if (finds_each(s->registry, c->number, NULL, count_find, &g, e) < 0 ||
		answers_each(s->registry, c->number, put_answer, &g, e) < 0)
		return -1;
	if (put_all(&g, ret_n, e) < 0 || put_kinds(&g, e) < 0)
		return -1;
	return *ret_n > 0 ? put_backups(&g, e) : 0;
}
