/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/print/html.h"
#include "base/print/plot.h"
#include "record/key/day.h"
#include "record/timestamp.h"
#include "retention/report.h"
#include "retention/session.h"
#include "retention/standing.h"

#define _(text) gettext(text)

static void
head_row(FILE *f, const char *const *head, size_t n)
{
	fputs("<thead><tr>", f);
	for (size_t i = 0; i < n; i++) {
		fputs("<th scope=\"col\">", f);
		html_text(f, _(head[i]));
		fputs("</th>", f);
	}
	fputs("</tr></thead>\n<tbody>\n", f);
}

static void
put_findings(const struct report *r, FILE *f)
{
	static const char *const head[] = { N_("time"), N_("finding"), N_("detail") };
	char time[28];

	fprintf(f, "<h2>%s</h2>\n", _("Findings"));
	if (r->n_findings == 0) {
		fprintf(f, "<p class=\"good\">%s</p>\n",
			_("None: a run on each day, nothing kept past its period."));
		return;
	}
	fputs("<table class=\"t\">\n", f);
	head_row(f, head, 3);
	for (size_t i = 0; i < r->n_findings; i++) {
		timestamp_format(r->finding[i].time_us, time);
		fprintf(f, "<tr><td>%.16sZ</td><td class=\"bad\">", time);
		html_text(f, _(r->finding[i].what));
		fputs("</td><td>", f);
		html_text(f, r->finding[i].detail);
		fputs("</td></tr>\n", f);
	}
	fputs("</tbody></table>\n", f);
}

/* --- a store ---------------------------------------------------------------------------------- */

static void
put_plot(const struct report *r, const struct report_store *st, FILE *f)
{
	char first[DAY_TEXT_MAX], last[DAY_TEXT_MAX], top[32], limit[32];
	struct report_point *point;
	const size_t n = report_thin(r, st, &point);
	const double span = (double)(r->until_us - r->from_us);
	const struct plot p = { _("age of the oldest record"), (double)report_greatest(st), top,
		first, last };

	report_day_text(r->from_us, first);
	report_day_text(r->until_us, last);
	standing_age(report_greatest(st), top);
	standing_age(st->period_s, limit);
	plot_begin(f, &p);
	if (n > 0)
		plot_line_begin(f);
	for (size_t i = 0; i < n; i++)
		plot_line_point(f, &p, (double)(point[i].time_us - r->from_us) / span,
			(double)point[i].age_s);
	if (n > 0)
		plot_line_end(f);
	if (st->period_s > 0)
		plot_limit(f, &p, (double)st->period_s, limit);
	plot_end(f, &p);
	free(point);
}

static void
put_kept(struct session *s, const json_t *kept, FILE *f)
{
	const char *by;
	json_t *n;
	char why[320];

	json_object_foreach((json_t *)kept, by, n)
	{
		report_why(s, by, why);
		fprintf(f, "%" JSON_INTEGER_FORMAT ": ", json_integer_value(n));
		html_text(f, by);
		fputs(*why ? ", " : "", f);
		html_text(f, why);
		fputs("<br>", f);
	}
}

static void
put_day(struct session *s, const char *name, const struct report_day *d, FILE *f)
{
	fprintf(f, "<tr><th scope=\"row\">%s</th>", name);
	fprintf(f,
		"<td>%" PRIu64 "</td><td>%" PRIu64 "</td><td>%" PRIu64 "</td><td>%" PRIu64
		"</td><td%s>%" PRIu64 "</td><td>",
		d->due, d->dropped, d->bytes, d->unread, d->failed ? " class=\"bad\"" : "",
		d->failed);
	put_kept(s, d->kept, f);
	fputs("</td></tr>\n", f);
}

static void
put_store(struct session *s, const struct report *r, const struct report_store *st, FILE *f)
{
	static const char *const head[] = { N_("day"), N_("due"), N_("dropped"), N_("bytes"),
		N_("whole files"), N_("failed"), N_("kept by") };
	char worst[32], period[32], day[DAY_TEXT_MAX];

	standing_age(st->worst_s, worst);
	standing_age(st->period_s, period);
	fputs("<h3>", f);
	html_text(f, st->name);
	fprintf(f, "</h3>\n<p class=\"%s\">", st->late ? "bad" : "good");
	fprintf(f, _("The oldest record was %s old; the limit is %s."), worst, period);
	fputs("</p>\n", f);
	put_plot(r, st, f);
	fputs("<table>\n", f);
	head_row(f, head, sizeof(head) / sizeof(head[0]));
	for (size_t i = 0; i < st->n_days; i++) {
		const struct report_day *d = &st->day[i];

		if (d->due + d->dropped + d->failed + d->unread == 0 && !d->kept)
			continue; /* nothing came of the day */
		(void)day_format(d->day, day);
		put_day(s, day, d, f);
	}
	fputs("</tbody>\n<tfoot>\n", f);
	put_day(s, _("all"), &st->total, f);
	fputs("</tfoot>\n</table>\n", f);
}

/* --- configuration ---------------------------------------------------------------------------- */

static void
put_change(const struct report_change *c, FILE *f)
{
	const char *name, *key;
	json_t *keys, *pair;
	char text[200], time[28];

	timestamp_format(c->time_us, time);
	fprintf(f, "<tr><td>%.16sZ</td><td><code>%.16s…</code></td><td>", time, c->hash);
	if (!c->changed)
		html_text(f, _("the first on record"));
	json_object_foreach(c->changed, name, keys)
	{
		json_object_foreach(keys, key, pair)
		{
			report_change_text(key, pair, text);
			html_text(f, name);
			fputs(": ", f);
			html_text(f, text);
			fputs("<br>", f);
		}
	}
	fputs("</td></tr>\n", f);
}

static void
put_changes(const struct report *r, FILE *f)
{
	static const char *const head[] = { N_("time"), N_("hash"), N_("what changed") };

	fprintf(f, "<h2>%s</h2>\n", _("Configuration"));
	if (r->n_changes == 0) {
		fprintf(f, "<p>%s</p>\n", _("It did not change."));
		return;
	}
	fputs("<table class=\"t\">\n", f);
	head_row(f, head, 3);
	for (size_t i = 0; i < r->n_changes; i++)
		put_change(&r->change[i], f);
	fputs("</tbody></table>\n", f);
}

void
report_print_html(struct session *s, const struct report *r)
{
	FILE *f = stdout;
	char from[DAY_TEXT_MAX], until[DAY_TEXT_MAX];

	report_day_text(r->from_us, from);
	report_day_text(r->until_us, until);
	/* TRANSLATORS: the language's code, as HTML has it */
	html_begin(f, _("en"), _("What was kept and dropped, and why"));
	fputs("<p>", f);
	fprintf(f, _("From %s to %s (UTC): %llu runs."), from, until,
		(unsigned long long)r->n_runs);
	fputs("</p>\n<p>", f);
	fprintf(f, _("From the ledger, up to entry %llu with hash %s."),
		(unsigned long long)r->head_seq, r->head);
	fputs("</p>\n", f);
	put_findings(r, f);
	fprintf(f, "<h2>%s</h2>\n", _("Stores"));
	for (size_t i = 0; i < r->n_stores; i++)
		put_store(s, r, &r->store[i], f);
	put_changes(r, f);
	html_end(f);
}
