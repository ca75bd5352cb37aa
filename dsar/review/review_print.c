/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <libintl.h>
#include <stdio.h>

#include "dsar/act/rectification.h"
#include "dsar/act/restriction.h"
#include "dsar/review/review-private.h"
#include "dsar/session.h"
#include "record/record.h"
#include "record/timestamp.h"

#define _(text) gettext(text)

static const struct identifier *
identifier_of(const struct reviewing *r, int64_t id)
{
	for (size_t i = 0; i < r->known.subject.n; i++)
		if (r->known.subject.v[i].id == id)
			return &r->known.subject.v[i];
	return NULL;
}

static void
time_text(int64_t us, char ret[28])
{
	if (us == RECORD_NO_TIME)
		(void)snprintf(ret, 28, "-");
	else
		timestamp_format(us, ret);
}

/* --- list ------------------------------------------------------------------------------------- */

struct listing {
	struct reviewing *r;
	struct print_table *t;
};

/* The case on whose behalf F is restricted, or "". */
static void
restricted_by(struct reviewing *r, const struct find *f, char ret[CASE_NUMBER_MAX])
{
	struct err ignored;

	if (restriction_by(r->s->registry, r->file.number, f->digest, ret, &ignored) != 0)
		ret[0] = '\0';
}

static void
put_row(struct reviewing *r, struct print_table *t, const struct find *f, const struct covers *c)
{
	char time[28], by[CASE_NUMBER_MAX];

	time_text(f->time_us, time);
	print_table_cell(t, true, "%" PRId64, f->id);
	print_table_cell(t, false, find_is_here(f) ? "%s" : "%s (%s)", f->store, f->node);
	print_table_cell(t, false, "%.19s", time);
	print_table_cell(t, false, "%s", f->own ? _("own") : _("over others"));
	print_table_cell(t, false, "%s", find_decision_name(f->decision));
	print_table_cell(t, true, "%zu", c->n);
	print_table_cell(t, false, "%s", review_ground_is_known(f->ground) ? f->ground : "");
	restricted_by(r, f, by);
	print_table_cell(t, false, "%s", by);
}

static void
put_json(struct reviewing *r, const struct find *f, const struct covers *c)
{
	struct print *p = &r->s->out;
	char by[CASE_NUMBER_MAX];

	restricted_by(r, f, by);
	print_begin(p);
	print_str(p, "case", span_str(r->file.number));
	print_int(p, "find", f->id);
	print_str(p, "node", span_str(f->node));
	print_str(p, "store", span_str(f->store));
	print_int(p, "records", (int64_t)f->n);
	if (*by)
		print_str(p, "restricted", span_str(by));
	if (f->time_us != RECORD_NO_TIME)
		print_time(p, "time", f->time_us);
	print_bool(p, "own", f->own);
	print_str(p, "decision", span_str(find_decision_name(f->decision)));
	print_str(p, "ground", span_str(f->ground));
	print_int(p, "covers", (int64_t)c->n);
	print_end(p);
}

/* Of what is decided the covers, of what is open what is proposed. */
static int
covers_of(struct reviewing *r, const struct find *f, struct covers *ret, struct err *e)
{
	if (f->decision == FIND_OPEN)
		return review_propose(&r->known, f, ret, e);
	return review_covers(r->s->registry, f->id, ret, e);
}

static int
list_find(void *ctx, const struct find *f, struct err *e)
{
	struct listing *l = ctx;
	struct covers c = { 0 };
	const int rc = covers_of(l->r, f, &c, e);

	if (rc == 0 && l->t)
		put_row(l->r, l->t, f, &c);
	else if (rc == 0)
		put_json(l->r, f, &c);
	covers_release(&c);
	return rc;
}

int
review_list(struct reviewing *r, struct err *e)
{
	struct listing l = { .r = r };
	int rc;

	if (!r->s->out.json) {
		l.t = print_table_new(8);
		print_table_cell(l.t, true, "%s", _("find"));
		print_table_cell(l.t, false, "%s", _("store"));
		print_table_cell(l.t, false, "%s", _("time"));
		print_table_cell(l.t, false, "%s", _("found"));
		print_table_cell(l.t, false, "%s", _("decision"));
		print_table_cell(l.t, true, "%s", _("to blacken"));
		print_table_cell(l.t, false, "%s", _("ground"));
		print_table_cell(l.t, false, "%s", _("restricted by"));
	}
	rc = finds_each(r->s->registry, r->file.number, NULL, list_find, &l, e);
	if (l.t)
		print_table_free(l.t, &r->s->out);
	return rc;
}

/* --- one find --------------------------------------------------------------------------------- */

static void
put_covered(struct print *p, struct span text, const struct covers *c)
{
	size_t at = 0;

	for (size_t i = 0; i < c->n; i++) {
		print_safe(p, span_of(text.p + at, c->v[i].begin - at));
		fprintf(p->f, "%s[", print_ink(p, INK_RED));
		print_safe(p, span_of(text.p + c->v[i].begin, c->v[i].end - c->v[i].begin));
		fprintf(p->f, "]%s", print_ink(p, INK_PLAIN));
		at = c->v[i].end;
	}
	print_safe(p, span_of(text.p + at, text.len - at));
	fputc('\n', p->f);
}

/* How it was found: back along the identifiers to one that the person gave. */
static void
put_path(struct reviewing *r, int64_t identifier)
{
	struct print *p = &r->s->out;
	const struct identifier *id = identifier_of(r, identifier);

	for (int depth = 0; id && depth < 20; depth++) {
		fprintf(p->f, "  %s ", id->kind);
		print_safe(p, id->value);
		if (id->parent)
			fprintf(p->f, _(", from %s of %s"), id->link, id->store);
		fprintf(p->f, "%s\n",
			id->own         ? ""
			: id->confirmed ? _(" (confirmed)")
					: _(" (leaves the person's own key)"));
		id = id->parent ? identifier_of(r, id->parent) : NULL;
	}
}

static int
put_place(void *ctx, const char *place, uint64_t offset)
{
	const struct reviewing *r = ctx;

	(void)offset;
	fputs("  ", r->s->out.f);
	print_safe(&r->s->out, span_str(place));
	fputc('\n', r->s->out.f);
	return 0;
}

static int
put_text(struct reviewing *r, const struct find *f, const struct covers *c, struct err *e)
{
	struct print *p = &r->s->out;
	char time[28];

	time_text(f->time_us, time);
	fprintf(p->f, "%s%" PRId64 "%s  %s  %s  %s\n", print_ink(p, INK_BOLD), f->id,
		print_ink(p, INK_PLAIN), f->store, time, find_decision_name(f->decision));
	put_path(r, f->identifier);
	if (f->n > 1)
		fprintf(p->f,
			ngettext("  %llu record of these very bytes:\n",
				"  %llu records of these very bytes:\n", f->n),
			(unsigned long long)f->n);
	if (find_places(r->s->registry, f, put_place, r, e) < 0)
		return -1;
	fputc('\n', p->f);
	if (f->text.p)
		put_covered(p, f->text, c);
	else
		fprintf(p->f, _("(%" PRIu64 " bytes, given as they are)\n"), f->size);
	if (*f->ground) {
		fprintf(p->f, "%s: ", _("ground"));
		print_safe(p, span_str(f->ground));
		fputc('\n', p->f);
	}
	return 0;
}

static int
put_place_json(void *ctx, const char *place, uint64_t offset)
{
	struct reviewing *r = ctx;
	struct print *p = &r->s->out;

	print_begin(p);
	print_int(p, "find", r->shown);
	print_str(p, "place", span_str(place));
	print_int(p, "offset", (int64_t)offset);
	print_end(p);
	return 0;
}

static int
put_find_json(struct reviewing *r, const struct find *f, const struct covers *c,
	const struct buf *said, struct err *e)
{
	struct print *p = &r->s->out;
	const struct identifier *id = identifier_of(r, f->identifier);
	char by[CASE_NUMBER_MAX];

	restricted_by(r, f, by);
	print_begin(p);
	print_str(p, "case", span_str(r->file.number));
	print_int(p, "find", f->id);
	print_str(p, "store", span_str(f->store));
	print_str(p, "place", span_str(f->place));
	if (f->time_us != RECORD_NO_TIME)
		print_time(p, "time", f->time_us);
	print_bool(p, "own", f->own);
	if (id)
		print_str(p, "identifier_kind", span_str(id->kind));
	print_str(p, "decision", span_str(find_decision_name(f->decision)));
	print_str(p, "ground", span_str(f->ground));
	if (f->text.p)
		print_str(p, "text", f->text);
	if (*by)
		print_str(p, "restricted", span_str(by));
	if (said->len > 0)
		print_str(p, "statement", span_of(said->p, said->len));
	print_int(p, "records", (int64_t)f->n);
	print_int(p, "covers", (int64_t)c->n);
	print_end(p);
	for (size_t i = 0; p->json && i < c->n; i++) {
		print_begin(p);
		print_int(p, "find", f->id);
		print_int(p, "start", c->v[i].begin);
		print_int(p, "end", c->v[i].end);
		print_str(p, "why", span_str(c->v[i].why));
		print_end(p);
	}
	r->shown = f->id;
	return f->n > 1 ? find_places(r->s->registry, f, put_place_json, r, e) : 0;
}

int
review_show_find(struct reviewing *r, const struct find *f, struct err *e)
{
	struct covers c = { 0 };
	struct buf said;
	char by[CASE_NUMBER_MAX];
	int rc = covers_of(r, f, &c, e);

	restricted_by(r, f, by);
	buf_init(&said, STATEMENTS_MAX);
	if (rc == 0)
		rc = statements_of(r->s->registry, f->digest, &said, e);
	if (rc == 0 && r->s->out.json)
		rc = put_find_json(r, f, &c, &said, e);
	else if (rc == 0)
		rc = put_text(r, f, &c, e);
	if (rc == 0 && !r->s->out.json && *by)
		printf(_("restricted on behalf of case %s (Art. 18)\n"), by);
	if (rc == 0 && !r->s->out.json && said.len > 0) {
		printf("%s: ", _("statement about it"));
		print_safe(&r->s->out, span_of(said.p, said.len));
		putchar('\n');
	}
	buf_wipe(&said);
	covers_release(&c);
	return rc;
}

static int
show_find(void *ctx, const struct find *f, struct err *e)
{
	return review_show_find(ctx, f, e);
}

int
review_show(struct reviewing *r, int64_t id, struct err *e)
{
	return review_find(r->s->registry, r->file.number, id, show_find, r, e);
}
