/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * stats_html.c - the statistics for the public page: one file, no scripts, nothing from elsewhere
 */
#include <inttypes.h>
#include <libintl.h>

#include "base/print/html.h"
#include "base/print/plot.h"
#include "logscrub/stats/stats_report.h"

#define _(text) gettext(text)

static const struct {
	const char *head;
	enum tally_field field;
} columns[] = {
	{ N_("meetings"), TALLY_MEETINGS },
	{ N_("breakout rooms"), TALLY_BREAKOUTS },
	{ N_("minutes of meetings"), TALLY_MEETING_MINUTES },
	{ N_("participants"), TALLY_PARTICIPANTS },
	{ N_("minutes of participants"), TALLY_PARTICIPANT_MINUTES },
	{ N_("meetings at one time"), TALLY_PEAK_MEETINGS },
	{ N_("participants at one time"), TALLY_PEAK_PARTICIPANTS },
	{ N_("microphones at one time"), TALLY_PEAK_MICROPHONES },
	{ N_("cameras at one time"), TALLY_PEAK_CAMERAS },
};
#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

static bool
is_told(const struct report_part *p, unsigned column)
{
	return p->way == WAY_API || !tally_is_media(columns[column].field);
}

/* --- the plot --------------------------------------------------------------------------------- */

static void
put_plot(const struct report *r, const struct report_part *p, enum tally_field field,
	const char *title, FILE *f)
{
	const int64_t greatest = report_greatest(p, field);
	char top[24], first[17], last[17], tip[64];
	const struct plot plot = { title, (double)greatest, top, first,
		p->n_rows > 1 ? last : NULL };

	(void)snprintf(top, sizeof(top), "%" PRId64, greatest);
	report_time(r, p->row[0].from, first);
	report_time(r, p->row[p->n_rows - 1].from, last);
	plot_begin(f, &plot);
	for (size_t i = 0; i < p->n_rows; i++) {
		const int64_t n = p->row[i].n[field];
		char time[17];

		report_time(r, p->row[i].from, time);
		(void)snprintf(tip, sizeof(tip), "%s: %" PRId64, time, n);
		plot_bar(f, &plot, i, p->n_rows, (double)n, tip);
	}
	plot_end(f, &plot);
}

/* --- the table -------------------------------------------------------------------------------- */

static void
put_row(const struct report_part *p, const struct report_row *row, const char *name, FILE *f)
{
	fprintf(f, "<tr><th scope=\"row\">%s</th>", name);
	for (unsigned i = 0; i < N_COLUMNS; i++)
		if (is_told(p, i))
			fprintf(f, "<td>%" PRId64 "</td>", row->n[columns[i].field]);
	fputs("</tr>\n", f);
}

static void
put_table(const struct report *r, const struct report_part *p, FILE *f)
{
	fprintf(f, "<table>\n<thead><tr><th scope=\"col\">%s</th>",
		r->o.by_hour ? _("hour") : _("day"));
	for (unsigned i = 0; i < N_COLUMNS; i++)
		if (is_told(p, i))
			fprintf(f, "<th scope=\"col\">%s</th>", _(columns[i].head));
	fputs("</tr></thead>\n<tbody>\n", f);
	for (size_t i = 0; i < p->n_rows; i++) {
		char time[17];

		report_time(r, p->row[i].from, time);
		put_row(p, &p->row[i], time, f);
	}
	fputs("</tbody>\n<tfoot>\n", f);
	put_row(p, &p->total, _("all"), f);
	fputs("</tfoot>\n</table>\n", f);
}

/* ---------------------------------------------------------------------------------------------- */

static void
put_part(const struct report *r, const struct report_part *p, FILE *f)
{
	/* a node's name needs no quoting: conf_statistics_check() */
	fprintf(f, "<h2>%s</h2>\n", p->node);
	put_plot(r, p, TALLY_PEAK_PARTICIPANTS, _("participants at one time"), f);
	put_plot(r, p, TALLY_MEETINGS, _("meetings"), f);
	put_table(r, p, f);
}

void
report_print_html(const struct report *r, FILE *f)
{
	/* TRANSLATORS: the language's code, as HTML has it */
	html_begin(f, _("en"), _("Conferences in numbers"));
	if (r->n_parts == 0)
		fprintf(f, "<p>%s</p>\n", _("Nothing was counted in this time."));
	for (size_t i = 0; i < r->n_parts; i++)
		put_part(r, &r->part[i], f);
	fprintf(f, "<p>%s",
		_("These are numbers alone: who was counted is not kept. Each minute it is counted "
		  "who is there; a participant counts once a meeting."));
	if (r->round > 1) {
		fputc(' ', f);
		fprintf(f, _("Each number but 0 is rounded to a multiple of %lld."),
			(long long)r->round);
	}
	fputs("</p>\n", f);
	html_end(f);
}
