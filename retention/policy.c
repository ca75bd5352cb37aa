/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * policy.c - the privacy policy's data table and the register of Art. 30 GDPR, from what runs
 *
 * What is published and what runs cannot drift apart, because it is the same declaration. A row of which
 * this machine should have a store, and has none, is a finding, and so is a store that keeps longer than
 * its row says; a shipped store whose product is absent is none, unless it is required.
 */
#include <getopt.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/print/html.h"
#include "evidence/duty.h"
#include "retention/command.h"
#include "retention/due.h"
#include "retention/session.h"
#include "retention/standing.h"

#define _(text) gettext(text)

enum form { FORM_TEXT, FORM_MD, FORM_HTML };

struct policy {
	struct session *s;
	enum form form;
	enum conf_language language;
	bool *here; /* of each store: is it on this machine? */
	unsigned n_findings;
};

/* --- what there is ---------------------------------------------------------------------------- */

static bool
is_here(struct session *s, const struct conf_store *st)
{
	CLEANUP(store_freep) struct store *store = NULL;
	struct err ignored;

	/* the journal is on every machine; what cannot be opened is there */
	return !due_applies(st) || store_open(&s->env, st, &store, &ignored) != STORE_ABSENT;
}

static bool
belongs(const struct policy *p, size_t i, const struct conf_category *c)
{
	const struct conf_store *st = &p->s->conf->store[i];

	return p->here[i] && strcmp(st->category, c->name) == 0;
}

static void
finding(struct policy *p, const char *what, const char *name)
{
	struct print *o = &p->s->out;

	p->n_findings++;
	if (!o->json) {
		fprintf(stderr, "retention: %s: %s\n", name, _(what));
		return;
	}
	print_begin(o);
	print_str(o, "finding", span_str(what));
	print_str(o, "name", span_str(name));
	print_end(o);
}

static void
findings_of(struct policy *p, const struct conf_category *c)
{
	size_t n = 0;

	for (size_t i = 0; i < p->s->conf->n_stores; i++) {
		const struct conf_store *st = &p->s->conf->store[i];

		if (!belongs(p, i, c))
			continue;
		n++;
		if (c->period_s > 0 && (st->until_erased || st->period_s > c->period_s))
			finding(p, N_("the store keeps longer than its row of the policy says"),
				st->name);
	}
	if (c->stored && n == 0)
		finding(p, N_("the policy has this row, and no store of it is on this machine"),
			c->name);
}

static void
findings_all(struct policy *p)
{
	const struct conf *c = p->s->conf;

	for (size_t i = 0; i < c->n_categories; i++)
		findings_of(p, &c->category[i]);
	for (size_t i = 0; i < c->n_stores; i++) {
		if (p->here[i] && !conf_find_category(c, c->store[i].category))
			finding(p, N_("the store's category is no row of the policy"),
				c->store[i].name);
		if (!p->here[i] && c->store[i].required)
			finding(p, N_("store is required and not there"), c->store[i].name);
	}
}

/* --- tables ----------------------------------------------------------------------------------- */

/* What Markdown would read as its own is escaped. */
static void
put_cell(const struct policy *p, const char *text)
{
	if (p->form == FORM_HTML)
		html_text(stdout, text);
	for (; p->form == FORM_MD && *text; text++) {
		if (strchr("|\\`*_<>[]", *text))
			putchar('\\');
		putchar(*text);
	}
}

/* One line of a table: the head where HEAD. */
static void
put_row(const struct policy *p, const char *const *cell, size_t n, bool head)
{
	fputs(p->form == FORM_HTML ? "<tr>" : "|", stdout);
	for (size_t i = 0; i < n; i++) {
		fputs(p->form == FORM_HTML ? head ? "<th scope=\"col\">" : "<td>" : " ", stdout);
		put_cell(p, cell[i]);
		fputs(p->form == FORM_HTML ? head ? "</th>" : "</td>" : " |", stdout);
	}
	fputs(p->form == FORM_HTML ? "</tr>\n" : "\n", stdout);
	for (size_t i = 0; head && p->form == FORM_MD && i < n; i++)
		fputs(i == 0 ? "|---|" : "---|", stdout);
	if (head && p->form == FORM_MD)
		putchar('\n');
}

static void
put_heading(const struct policy *p, const char *text)
{
	if (p->form == FORM_MD)
		printf("\n## %s\n\n", text);
	else if (p->form == FORM_HTML)
		printf("<h2>%s</h2>\n", text);
	else
		printf("\n%s%s%s\n", print_ink(&p->s->out, INK_BOLD), text,
			print_ink(&p->s->out, INK_PLAIN));
}

/* "nginx-access (7.0 d), …" of this machine */
static void
stores_text(const struct policy *p, const struct conf_category *c, char **ret)
{
	size_t len;
	FILE *f = open_memstream(ret, &len);
	char age[32];

	for (size_t i = 0; f && i < p->s->conf->n_stores; i++) {
		if (!belongs(p, i, c))
			continue;
		standing_period(&p->s->conf->store[i], age);
		fprintf(f, "%s%s (%s)", ftell(f) > 0 ? ", " : "", p->s->conf->store[i].name, age);
	}
	if (f)
		(void)fclose(f);
}

/* The laws under which records of C are restricted. */
static void
duties_text(const struct policy *p, const struct conf_category *c, char **ret)
{
	const struct conf *conf = p->s->conf;
	size_t len;
	FILE *f = open_memstream(ret, &len);

	for (size_t k = 0; f && k < conf->n_duties; k++) {
		const struct conf_duty *d = &conf->duty[k];
		bool named = false;

		for (size_t i = 0; i < d->categories.n; i++)
			named |= strcmp(d->categories.v[i], c->name) == 0;
		for (size_t i = 0; i < conf->n_stores; i++)
			named |= strcmp(conf->store[i].category, c->name) == 0 &&
				 conf_duty_names(d, &conf->store[i]);
		if (named && duty_stands(d, p->s->now_us))
			fprintf(f, "%s%s", ftell(f) > 0 ? ", " : "", d->law);
	}
	if (f)
		(void)fclose(f);
}

static void
row_text(const struct policy *p, const char *const *head, const char *const *cell, size_t n)
{
	printf("\n%s%s%s\n", print_ink(&p->s->out, INK_BOLD), cell[0],
		print_ink(&p->s->out, INK_PLAIN));
	for (size_t i = 1; i < n; i++)
		if (*cell[i])
			printf("  %s: %s\n", _(head[i]), cell[i]);
}

static void
put_line(const struct policy *p, const char *const *head, const char *const *cell, size_t n)
{
	if (p->form == FORM_TEXT)
		row_text(p, head, cell, n);
	else
		put_row(p, cell, n, false);
}

static void
table_begin(const struct policy *p, const char *const *head, size_t n)
{
	const char *said[8];

	for (size_t i = 0; i < n; i++)
		said[i] = _(head[i]);
	if (p->form == FORM_HTML)
		fputs("<table class=\"t\">\n", stdout);
	if (p->form != FORM_TEXT)
		put_row(p, said, n, true);
}

static void
table_end(const struct policy *p)
{
	if (p->form == FORM_HTML)
		fputs("</table>\n", stdout);
}

static void
put_data_table(const struct policy *p)
{
	static const char *const head[] = { N_("category"), N_("data"), N_("purpose"),
		N_("legal basis"), N_("how long"), N_("recipients") };
	const struct conf *c = p->s->conf;

	put_heading(p, _("What is stored, why, and how long"));
	table_begin(p, head, 6);
	for (size_t i = 0; i < c->n_categories; i++) {
		const struct conf_policy_text *t = &c->category[i].text[p->language];
		const char *const cell[] = { *t->title ? t->title : c->category[i].name, t->holds,
			t->purpose, t->basis, t->period, t->recipients };

		put_line(p, head, cell, 6);
	}
	table_end(p);
}

static void
put_register(const struct policy *p)
{
	static const char *const head[] = { N_("processing"), N_("persons"), N_("start event"),
		N_("deletion class"), N_("stores on this machine, and their periods"),
		N_("restricted under") };
	const struct conf *c = p->s->conf;
	const char *const who[][2] = { { N_("controller"), c->controller },
		{ N_("data protection officer"), c->dpo },
		{ N_("supervisory authority"), c->authority } };

	put_heading(p, _("Record of processing activities (Art. 30 GDPR)"));
	for (size_t i = 0; i < sizeof(who) / sizeof(who[0]); i++) {
		if (p->form == FORM_HTML)
			fputs("<p>", stdout);
		printf("%s: ", _(who[i][0]));
		if (p->form == FORM_TEXT)
			fputs(*who[i][1] ? who[i][1] : "-", stdout);
		else
			put_cell(p, *who[i][1] ? who[i][1] : "-");
		fputs(p->form == FORM_HTML ? "</p>\n" : p->form == FORM_MD ? "  \n" : "\n", stdout);
	}
	if (p->form == FORM_MD)
		putchar('\n');
	table_begin(p, head, 6);
	for (size_t i = 0; i < c->n_categories; i++) {
		const struct conf_category *k = &c->category[i];
		const struct conf_policy_text *t = &k->text[p->language];
		cleanup_mem char *stores = NULL, *duties = NULL;

		stores_text(p, k, &stores);
		duties_text(p, k, &duties);
		put_line(p, head,
			(const char *const[]){ *t->title ? t->title : k->name, t->subjects,
				*t->start_event ? t->start_event : k->start_event,
				*t->deletion_class ? t->deletion_class : k->deletion_class,
				stores ? stores : "", duties ? duties : "" },
			6);
	}
	table_end(p);
}

/* --- JSON Lines ------------------------------------------------------------------------------- */

static void
category_json(struct policy *p, const struct conf_category *c)
{
	const struct conf_policy_text *t = &c->text[p->language];
	struct print *o = &p->s->out;
	cleanup_mem char *duties = NULL;

	duties_text(p, c, &duties);
	print_begin(o);
	print_str(o, "category", span_str(c->name));
	print_str(o, "title", span_str(t->title));
	print_str(o, "holds", span_str(t->holds));
	print_str(o, "purpose", span_str(t->purpose));
	print_str(o, "basis", span_str(t->basis));
	print_str(o, "kept", span_str(t->period));
	print_str(o, "persons", span_str(t->subjects));
	print_str(o, "recipients", span_str(t->recipients));
	if (c->period_s > 0)
		print_int(o, "period_s", c->period_s);
	print_str(o, "start_event", span_str(c->start_event));
	print_str(o, "deletion_class", span_str(c->deletion_class));
	print_bool(o, "stored", c->stored);
	print_str(o, "restricted_under", span_str(duties));
	print_end(o);
	for (size_t i = 0; i < p->s->conf->n_stores; i++) {
		const struct conf_store *st = &p->s->conf->store[i];

		if (!belongs(p, i, c))
			continue;
		print_begin(o);
		print_str(o, "store", span_str(st->name));
		print_str(o, "category", span_str(c->name));
		print_str(o, "purpose", span_str(st->purpose));
		print_str(o, "basis", span_str(st->basis));
		if (st->until_erased)
			print_bool(o, "until_erased", true);
		else
			print_int(o, "period_s", st->period_s);
		print_str(o, "start_event", span_str(st->start_event));
		print_str(o, "deletion_class", span_str(st->deletion_class));
		print_end(o);
	}
}

/* ---------------------------------------------------------------------------------------------- */

static void
print_all(struct policy *p)
{
	const struct conf *c = p->s->conf;

	if (p->s->out.json) {
		for (size_t i = 0; i < c->n_categories; i++)
			category_json(p, &c->category[i]);
		return;
	}
	if (p->form == FORM_HTML)
		/* TRANSLATORS: the language's code, as HTML has it */
		html_begin(stdout, _("en"), _("Personal data on this service"));
	else
		printf("%s%s\n", p->form == FORM_MD ? "# " : "",
			_("Personal data on this service"));
	put_data_table(p);
	put_register(p);
	if (p->form == FORM_HTML)
		html_end(stdout);
}

static int
options_read(struct policy *p, int argc, char **argv)
{
	static const struct option options[] = {
		{ "text", no_argument, NULL, 't' },
		{ "md", no_argument, NULL, 'm' },
		{ "html", no_argument, NULL, 'H' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};

	for (int o; (o = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		if (o == '?')
			return -1;
		if (o == 'h') {
			fputs(_("Usage: retention policy [--text | --md | --html | --json]\n"
				"Prints the privacy policy's data table and the register of Art. 30 GDPR, from the\n"
				"declarations that run. Exit status 1: a row has no store here, or a store no row.\n\n"
				"Example:  retention policy --lang de --html >policy.html\n"),
				stdout);
			return 1;
		}
		p->form = o == 'm' ? FORM_MD : o == 'H' ? FORM_HTML : FORM_TEXT;
	}
	return optind == argc ? 0 : -1;
}

int
policy_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct policy p = { .s = s };
	int rc = options_read(&p, argc, argv);

	if (rc != 0)
		return rc > 0 ? 0 : usage_fail(_("unknown option, or its value is missing"));
	/* TRANSLATORS: the language's code, as HTML has it */
	p.language = strcmp(_("en"), "de") == 0 ? LANG_DE : LANG_EN;
	p.here = calloc(s->conf->n_stores + 1, sizeof(p.here[0]));
	if (!p.here)
		return err_memory(e);
	s->quiet = true;
	for (size_t i = 0; i < s->conf->n_stores; i++)
		p.here[i] = is_here(s, &s->conf->store[i]);
	print_all(&p);
	findings_all(&p);
	free(p.here);
	return p.n_findings > 0;
}
