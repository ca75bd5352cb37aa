/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * report.c - dsar report: a year's figures for auditors
 */
#include <getopt.h>
#include <inttypes.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/print/html.h"
#include "base/options.h"
#include "base/print/plot.h"
#include "dsar/case/case.h"
#include "dsar/command.h"
#include "dsar/figures.h"
#include "dsar/answer/letter.h"
#include "dsar/session.h"

#define _(text) gettext(text)

static void
help(void)
{
	fputs(_("Usage: dsar report [--year YEAR] [--text | --html | --pdf | --json]\n"
		"Tells of the requests that were received in a year: kinds, times, dates kept, outcomes,\n"
		"and what the program has refused to do. Nothing of a single person is in it.\n\n"
		"Example:  dsar report --year 2026 --html --lang de >report.html\n"),
		stdout);
}

/* Its name as in "access (15)". */
static const char *
name_of(const struct figures_article *a, char ret[64])
{
	(void)snprintf(ret, 64, "%s (%d)", _(article_name((enum article)a->article)), a->article);
	return ret;
}

static uint64_t
mean_days(const struct figures_article *a)
{
	return a->timed > 0 ? (a->days + a->timed / 2) / a->timed : 0;
}

/* --- text and JSON ---------------------------------------------------------------------------- */

static const char *const heads[] = { N_("request"), N_("received"), N_("answered"), N_("in time"),
	N_("late"), N_("refused"), N_("open"), N_("extended"), N_("days, mean"),
	N_("days, longest") };
#define N_HEADS (sizeof(heads) / sizeof(heads[0]))

static void
cells(const struct figures_article *a, uint64_t ret[N_HEADS - 1])
{
	const uint64_t all[] = { a->n, a->answered, a->in_time, a->late, a->refused, a->open,
		a->extended, mean_days(a), a->longest };

	memcpy(ret, all, sizeof(all));
}

static void
put_table(struct session *s, const struct figures *f)
{
	struct print_table *t = print_table_new(N_HEADS);
	uint64_t cell[N_HEADS - 1];
	char name[64];

	for (size_t i = 0; i < N_HEADS; i++)
		print_table_cell(t, i > 0, "%s", _(heads[i]));
	for (int k = 0; k < FIGURES_ARTICLES; k++) {
		cells(&f->of[k], cell);
		print_table_cell(t, false, "%s", name_of(&f->of[k], name));
		for (size_t i = 0; i < N_HEADS - 1; i++)
			print_table_cell(t, true, "%" PRIu64, cell[i]);
	}
	print_table_free(t, &s->out);
}

static void
put_text(struct session *s, const struct figures *f)
{
	const char *needs;
	json_t *n;

	printf(_("Requests received in %d\n\n"), f->year);
	put_table(s, f);
	printf(_("\nWhat the program has refused to do, because it lacked:\n"));
	if (json_object_size(f->refusals) == 0)
		printf("  -\n");
	json_object_foreach(f->refusals, needs, n)
		printf("  %s: %" JSON_INTEGER_FORMAT "\n", needs, json_integer_value(n));
}

static void
put_json(struct session *s, const struct figures *f)
{
	static const char *const keys[] = { "received", "answered", "in_time", "late", "refused",
		"open", "extended", "days_mean", "days_longest" };
	struct print *p = &s->out;
	uint64_t cell[N_HEADS - 1];
	const char *needs;
	json_t *n;

	for (int k = 0; k < FIGURES_ARTICLES; k++) {
		cells(&f->of[k], cell);
		print_begin(p);
		print_int(p, "year", f->year);
		print_int(p, "article", f->of[k].article);
		for (size_t i = 0; i < N_HEADS - 1; i++)
			print_int(p, keys[i], (int64_t)cell[i]);
		print_end(p);
	}
	json_object_foreach(f->refusals, needs, n)
	{
		print_begin(p);
		print_int(p, "year", f->year);
		print_str(p, "refused_for", span_str(needs));
		print_int(p, "times", json_integer_value(n));
		print_end(p);
	}
}

/* --- HTML ------------------------------------------------------------------------------------- */

static uint64_t
greatest(const uint64_t *v, size_t n)
{
	uint64_t most = 0;

	for (size_t i = 0; i < n; i++)
		most = v[i] > most ? v[i] : most;
	return most;
}

static void
put_bars(FILE *f, const char *title, const uint64_t *v, size_t n, const char *const *names)
{
	char top[32], tip[96];
	const struct plot p = { title, (double)greatest(v, n), top, names[0], names[n - 1] };

	(void)snprintf(top, sizeof(top), "%" PRIu64, greatest(v, n));
	plot_begin(f, &p);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(tip, sizeof(tip), "%s: %" PRIu64, names[i], v[i]);
		plot_bar(f, &p, i, n, (double)v[i], tip);
	}
	plot_end(f, &p);
}

#define N_TIMES 5

static const char *const months[] = { "01", "02", "03", "04", "05", "06", "07", "08", "09", "10",
	"11", "12" };

static const char *const *
times(void)
{
	static const char *names[N_TIMES];

	names[0] = _("a week");
	names[1] = _("two weeks");
	names[2] = _("a month");
	names[3] = _("three months");
	names[4] = _("later");
	return names;
}

static void
put_plots(FILE *f, const struct figures *g)
{
	put_bars(f, _("received, by month"), g->month, 12, months);
	put_bars(f, _("answered within"), g->within, N_TIMES, times());
}

static void
put_rows(FILE *f, const struct figures *g)
{
	uint64_t cell[N_HEADS - 1];
	char name[64];

	fputs("<table>\n<thead><tr>", f);
	for (size_t i = 0; i < N_HEADS; i++) {
		fputs("<th scope=\"col\">", f);
		html_text(f, _(heads[i]));
		fputs("</th>", f);
	}
	fputs("</tr></thead>\n<tbody>\n", f);
	for (int k = 0; k < FIGURES_ARTICLES; k++) {
		cells(&g->of[k], cell);
		fputs("<tr><th scope=\"row\">", f);
		html_text(f, name_of(&g->of[k], name));
		fputs("</th>", f);
		for (size_t i = 0; i < N_HEADS - 1; i++)
			fprintf(f, "<td>%" PRIu64 "</td>", cell[i]);
		fputs("</tr>\n", f);
	}
	fputs("</tbody></table>\n", f);
}

static void
put_html(const struct figures *g)
{
	FILE *f = stdout;
	char title[64];
	const char *needs;
	json_t *n;

	(void)snprintf(title, sizeof(title), _("Requests received in %d"), g->year);
	html_begin(f, _("en"), title);
	put_rows(f, g);
	put_plots(f, g);
	fprintf(f, "<h2>%s</h2>\n<ul>\n",
		_("What the program has refused to do, because it lacked"));
	json_object_foreach(g->refusals, needs, n)
	{
		fputs("<li>", f);
		html_text(f, needs);
		fprintf(f, ": %" JSON_INTEGER_FORMAT "</li>\n", json_integer_value(n));
	}
	fputs("</ul>\n", f);
	html_end(f);
}

/* --- PDF -------------------------------------------------------------------------------------- */

static int
add(struct letter *l, enum letter_part part, const char *text, struct err *e)
{
	return letter_add(l, part, span_str(text), e);
}

static int
add_article(struct letter *l, const struct figures_article *a, struct err *e)
{
	uint64_t cell[N_HEADS - 1];
	char name[64], line[160];

	if (a->n == 0)
		return 0;
	if (add(l, LETTER_HEADING, name_of(a, name), e) < 0)
		return -1;
	cells(a, cell);
	for (size_t i = 0; i < N_HEADS - 1; i++) {
		(void)snprintf(line, sizeof(line), "%s: %" PRIu64, _(heads[i + 1]), cell[i]);
		if (add(l, LETTER_ITEM, line, e) < 0)
			return -1;
	}
	return 0;
}

static int
add_bars(struct letter *l, const char *title, const uint64_t *v, size_t n, const char *const *names,
	struct err *e)
{
	const double most = (double)greatest(v, n);
	char line[160];

	if (add(l, LETTER_HEADING, title, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(line, sizeof(line), "%s: %" PRIu64, names[i], v[i]);
		if (letter_add_bar(l, span_str(line), most > 0 ? (double)v[i] / most : 0, e) < 0)
			return -1;
	}
	return 0;
}

static int
add_all(struct letter *l, const struct figures *f, struct err *e)
{
	char line[160];
	const char *needs;
	json_t *n;

	(void)snprintf(line, sizeof(line), _("Requests received in %d"), f->year);
	if (add(l, LETTER_TITLE, line, e) < 0)
		return -1;
	if (add_bars(l, _("received, by month"), f->month, 12, months, e) < 0 ||
		add_bars(l, _("answered within"), f->within, N_TIMES, times(), e) < 0)
		return -1;
	for (int k = 0; k < FIGURES_ARTICLES; k++)
		if (add_article(l, &f->of[k], e) < 0)
			return -1;
	if (add(l, LETTER_HEADING, _("What the program has refused to do, because it lacked"), e) <
		0)
		return -1;
	json_object_foreach(f->refusals, needs, n)
	{
		(void)snprintf(line, sizeof(line), "%s: %" JSON_INTEGER_FORMAT, needs,
			json_integer_value(n));
		if (add(l, LETTER_ITEM, line, e) < 0)
			return -1;
	}
	return 0;
}

static int
put_pdf(struct session *s, const struct figures *f, struct err *e)
{
	struct letter l;
	struct buf out;
	int rc;

	letter_init(&l, _("en"), s->now_us);
	buf_init(&out, LETTER_MAX);
	rc = add_all(&l, f, e);
	if (rc == 0)
		rc = letter_pdf(&l, &out, e);
	if (rc == 0)
		(void)fwrite(out.p, 1, out.len, stdout); /* main() asks for failures */
	buf_release(&out);
	letter_release(&l);
	return rc;
}

int
report_main(struct session *s, int argc, char **argv, struct err *e)
{
	const time_t now = (time_t)(s->now_us / 1000000);
	const char *year = NULL;
	bool text = false, html = false, pdf = false;
	const struct option_to table[] = {
		{ "year", 0, &year, NULL },
		{ "text", 0, NULL, &text },
		{ "html", 0, NULL, &html },
		{ "pdf", 0, NULL, &pdf },
	};
	struct figures f = { 0 };
	struct tm tm;
	int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);

	if (rc > 0)
		return 0;
	(void)localtime_r(&now, &tm);
	if (rc < 0 || argc != optind || text + html + pdf > 1 ||
		(year && (strlen(year) != 4 || strspn(year, "0123456789") != 4)))
		return usage_fail(_("report takes --year, and one form"));
	rc = figures_read(s->registry, year ? (int)strtol(year, NULL, 10) : tm.tm_year + 1900,
		day_local(s->now_us), &f, e);
	if (rc == 0 && s->out.json)
		put_json(s, &f);
	else if (rc == 0 && html)
		put_html(&f);
	else if (rc == 0 && pdf)
		rc = put_pdf(s, &f, e);
	else if (rc == 0)
		put_text(s, &f);
	figures_release(&f);
	return rc;
}
