/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/doctor/doctor_findings.h"

#include <libintl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "record/key/day.h"
#include "record/detect/detect.h"

#define _(text) gettext(text)

#define TEXT_MAX     16384
#define PLACES_MAX   8 /* named of one finding */
#define FINDINGS_MAX 20000

static const char *const severity_names[] = {
	[DOCTOR_LOW] = N_("low"), [DOCTOR_MEDIUM] = N_("medium"), [DOCTOR_HIGH] = N_("high")
};

/* "anna@example.org.log" would be no mail address: there is no such domain. */
static void
endings_hide(char *text)
{
	static const char *const endings[] = { ".log", ".txt", ".gz", ".out", ".err" };

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		for (char *p = text; (p = strstr(p, endings[i])) != NULL;)
			*p = '/';
	}
}

/* TEXT with addresses in it masked: file names may be made of them. */
static void
masked_put(struct buf *b, const char *text)
{
	cleanup_mem char *copy = strdup(text);
	const struct span s = span_str(copy);
	struct detect detect;
	struct finding f;
	size_t at = 0;

	if (!copy) {
		b->failed = true;
		return;
	}
	endings_hide(copy);
	detect_start(&detect, s, DETECT_ADDRESSES | DETECT_BIT(DETECT_EMAIL));
	while (detect_next(&detect, &f)) {
		buf_put(b, text + at, f.start - at);
		buf_printf(b, "[%s]", detect_type_name(f.type));
		at = f.end;
	}
	buf_str(b, text + at);
}

/* The finished text, owned by the caller; NULL when memory is out. */
static char *
text_take(struct buf *b)
{
	buf_char(b, '\0');
	if (b->failed) {
		buf_release(b);
		return NULL;
	}
	return TAKE(b->p);
}

static char *
id_of(const struct doctor_finding *f)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	buf_str(&b, f->check);
	if (f->subject && *f->subject) {
		buf_char(&b, ':');
		masked_put(&b, f->subject);
	}
	return text_take(&b);
}

static char *
where_of(const struct doctor_finding *f, const char *before)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	if (before) {
		buf_str(&b, before);
		buf_str(&b, ", ");
	}
	masked_put(&b, f->file);
	if (f->line > 0)
		buf_printf(&b, ":%u", f->line);
	return text_take(&b);
}

static char *
copy_masked(const char *text)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	masked_put(&b, text);
	return text_take(&b);
}

/* Of lines from a file the last one's end is not copied. */
static char *
copy_lines(const char *text)
{
	char *copy = copy_masked(text);
	const size_t n = copy ? strlen(copy) : 0;

	if (n > 0 && copy[n - 1] == '\n')
		copy[n - 1] = '\0';
	return copy;
}

/* One more place of a finding that is there. */
static void
place_add(struct doctor *d, struct doctor_record *r, const struct doctor_finding *f)
{
	const struct doctor_finding rest = { .file = "\xe2\x80\xa6" };
	cleanup_mem char *place = where_of(f, NULL);
	char *where;

	if (f->severity > r->severity)
		r->severity = f->severity;
	if (r->n_places > PLACES_MAX || (place && strcmp(place, r->where) == 0))
		return;
	where = where_of(++r->n_places > PLACES_MAX ? &rest : f, r->where);
	if (!where) {
		d->failed = true;
		return;
	}
	free(r->where);
	r->where = where;
}

static struct doctor_record *
record_find(const struct doctor *d, const char *id)
{
	for (size_t i = d->n; i-- > 0;) {
		if (strcmp(d->record[i].id, id) == 0)
			return &d->record[i];
	}
	return NULL;
}

static bool
room_make(struct doctor *d)
{
	struct doctor_record *v;

	if (d->n < d->room)
		return true;
	if (d->n >= FINDINGS_MAX)
		return false;
	v = reallocarray(d->record, d->room ? 2 * d->room : 64, sizeof(*v));
	if (!v) {
		d->failed = true;
		return false;
	}
	d->record = v;
	d->room = d->room ? 2 * d->room : 64;
	return true;
}

static void
record_release(struct doctor_record *r)
{
	free(r->id);
	free(r->where);
	free(r->proof);
	free(r->lines);
}

void
doctor_report(struct doctor *d, const struct doctor_finding *f)
{
	cleanup_mem char *id = id_of(f);
	struct doctor_record *r = id ? record_find(d, id) : NULL;
	struct doctor_record fresh;

	if (r) {
		place_add(d, r, f);
		return;
	}
	if (!id || !room_make(d)) {
		d->failed |= !id;
		return;
	}
	fresh = (struct doctor_record){
		.where = where_of(f, NULL),
		.proof = f->proof ? copy_masked(f->proof) : NULL,
		.lines = f->lines ? copy_lines(f->lines) : NULL,
		.what = f->what,
		.row = f->row,
		.mend = f->mend,
		.severity = f->severity,
		.n_places = 1,
	};
	fresh.id = TAKE(id);
	if (!fresh.where || (f->proof && !fresh.proof) || (f->lines && !fresh.lines)) {
		record_release(&fresh);
		d->failed = true;
		return;
	}
	d->record[d->n++] = fresh;
}

static int
worst_first(const void *a, const void *b)
{
	const struct doctor_record *x = a, *y = b;

	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	return strcmp(x->id, y->id);
}

static bool
accept_covers(const struct conf_accept *a, const char *id)
{
	const size_t n = strlen(a->id);

	if (n > 0 && a->id[n - 1] == '*')
		return strncmp(a->id, id, n - 1) == 0;
	return strcmp(a->id, id) == 0;
}

/* Its last day counts as a whole, by UTC. */
static bool
accept_is_over(const struct doctor *d, const struct conf_accept *a)
{
	int32_t until;

	return !day_parse(span_str(a->until), &until) || until < d->today;
}

size_t
doctor_findings_judge(struct doctor *d)
{
	size_t left = 0;

	if (d->n > 1)
		qsort(d->record, d->n, sizeof(*d->record), worst_first);
	for (size_t i = 0; i < d->n; i++) {
		struct doctor_record *r = &d->record[i];

		for (size_t k = 0; k < d->conf->n_accepts && !r->is_accepted; k++) {
			const struct conf_accept *a = &d->conf->accept[k];

			if (!accept_covers(a, r->id))
				continue;
			r->accept = a;
			r->is_accepted = !accept_is_over(d, a);
		}
		left += !r->is_accepted;
	}
	return left;
}

static char *
fix_of(const struct doctor_record *r)
{
	char *fix = NULL;

	if (asprintf(&fix, "%s%s%s", _(r->mend), r->lines ? "\n" : "", r->lines ? r->lines : "") <
		0)
		return NULL;
	return fix;
}

static void
json_one(struct print *p, const struct doctor_record *r)
{
	cleanup_mem char *fix = fix_of(r);

	print_begin(p);
	print_str(p, "id", span_str(r->id));
	print_str(p, "severity", span_str(severity_names[r->severity]));
	print_str(p, "what", span_str(_(r->what)));
	print_str(p, "where", span_str(r->where));
	print_str(p, "proof", span_str(r->proof ? r->proof : ""));
	print_str(p, "policy_row", span_str(r->row));
	print_str(p, "fix", span_str(fix ? fix : ""));
	if (r->accept)
		print_str(p, "accepted_until", span_str(r->accept->until));
	print_end(p);
}

static void
table_print(const struct doctor *d, struct print *p)
{
	struct print_table *t = print_table_new(3);

	print_table_cell(t, false, "%s", _("severity"));
	print_table_cell(t, false, "%s", _("where"));
	print_table_cell(t, false, "%s", _("what"));
	for (size_t i = 0; i < d->n; i++) {
		const struct doctor_record *r = &d->record[i];

		if (r->is_accepted)
			continue;
		print_table_cell(t, false, "%s", _(severity_names[r->severity]));
		print_table_cell(t, false, "%s", r->where);
		print_table_cell(t, false, "%s", _(r->what));
	}
	print_table_free(t, p);
}

static void
row_print(struct print *p, const char *label, const char *text)
{
	const int pad = 10;

	if (!text || *text == '\0')
		return;
	fprintf(p->f, "  %s", label);
	for (int n = 0; n == 0 || *text; n++) {
		const size_t len = strcspn(text, "\n");

		if (n == 0)
			fprintf(p->f, "%*s",
				(int)strlen(label) < pad ? pad - (int)strlen(label) : 1, "");
		else
			fprintf(p->f, "%*s", pad + 2, "");
		print_safe(p, span_of(text, len));
		putc('\n', p->f);
		text += len + (text[len] == '\n');
	}
}

static void
block_print(struct print *p, const struct doctor_record *r)
{
	static const enum print_ink inks[] = {
		[DOCTOR_LOW] = INK_BLUE, [DOCTOR_MEDIUM] = INK_YELLOW, [DOCTOR_HIGH] = INK_RED
	};
	cleanup_mem char *fix = fix_of(r);

	fprintf(p->f, "\n%s%s%s  ", print_ink(p, inks[r->severity]), _(severity_names[r->severity]),
		print_ink(p, INK_PLAIN));
	fputs(print_ink(p, INK_BOLD), p->f);
	print_safe(p, span_str(r->id));
	fprintf(p->f, "%s\n", print_ink(p, INK_PLAIN));
	row_print(p, _("what"), _(r->what));
	row_print(p, _("where"), r->where);
	row_print(p, _("proof"), r->proof);
	row_print(p, _("breaks"), r->row);
	row_print(p, _("mend"), fix);
}

void
doctor_findings_print(const struct doctor *d, struct print *p)
{
	bool any = false;

	for (size_t i = 0; i < d->n; i++) {
		any |= !d->record[i].is_accepted;
		if (p->json && !d->record[i].is_accepted)
			json_one(p, &d->record[i]);
	}
	if (p->json || !any)
		return;
	table_print(d, p);
	for (size_t i = 0; i < d->n; i++) {
		if (!d->record[i].is_accepted)
			block_print(p, &d->record[i]);
	}
}

void
doctor_findings_talk(const struct doctor *d)
{
	for (size_t k = 0; k < d->conf->n_accepts; k++) {
		const struct conf_accept *a = &d->conf->accept[k];
		const bool over = accept_is_over(d, a);
		unsigned n = 0;

		for (size_t i = 0; i < d->n; i++)
			n += accept_covers(a, d->record[i].id);
		fprintf(stderr, "logscrub: %s:%u: ", a->where.file, a->where.line);
		if (n == 0)
			fprintf(stderr, _("accepts nothing that is found: %s\n"), a->id);
		else if (over)
			fprintf(stderr, _("accepted until %s, which is over: %s\n"), a->until,
				a->id);
		else
			fprintf(stderr, _("accepted until %s: %s (%s)\n"), a->until, a->id,
				a->reason);
	}
}

void
doctor_findings_release(struct doctor *d)
{
	for (size_t i = 0; i < d->n; i++)
		record_release(&d->record[i]);
	free(d->record);
	d->record = NULL;
	d->n = d->room = 0;
}
