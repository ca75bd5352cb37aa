/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * stats_html.c - the statistics for the public page: one file, no scripts, nothing from elsewhere
 */
#include <inttypes.h>
#include <libintl.h>

#include "logscrub/stats_report.h"

#define _(text) gettext(text)

/* of a plot, in its own units */
#define WIDTH  760
#define HEIGHT 180
#define LEFT   48
#define BELOW  24

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
put_axis(const struct report *r, const struct report_part *p, int64_t greatest, FILE *f)
{
	char first[17], last[17];

	report_time(r, p->row[0].from, first);
	report_time(r, p->row[p->n_rows - 1].from, last);
	fprintf(f,
		"<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n"
		"<text x=\"%d\" y=\"12\" text-anchor=\"end\">%" PRId64 "</text>\n"
		"<text x=\"%d\" y=\"%d\" text-anchor=\"end\">0</text>\n"
		"<text x=\"%d\" y=\"%d\">%s</text>\n",
		LEFT, HEIGHT, WIDTH, HEIGHT, LEFT - 6, greatest, LEFT - 6, HEIGHT, LEFT,
		HEIGHT + 16, first);
	if (p->n_rows > 1)
		fprintf(f, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", WIDTH,
			HEIGHT + 16, last);
}

static void
put_plot(const struct report *r, const struct report_part *p, enum tally_field field,
	const char *title, FILE *f)
{
	int64_t greatest = report_greatest(p, field);
	double step = (double)(WIDTH - LEFT) / (double)p->n_rows;

	fprintf(f, "<figure>\n<figcaption>%s</figcaption>\n", title);
	fprintf(f, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n", WIDTH,
		HEIGHT + BELOW, title);
	for (size_t i = 0; i < p->n_rows && greatest > 0; i++) {
		int64_t n = p->row[i].n[field];
		double high = (double)n * (HEIGHT - 16) / (double)greatest;
		char time[17];

		report_time(r, p->row[i].from, time);
		if (n > 0)
			fprintf(f,
				"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\">"
				"<title>%s: %" PRId64 "</title></rect>\n",
				LEFT + (double)i * step + 0.1 * step, HEIGHT - high, 0.8 * step,
				high, time, n);
	}
	put_axis(r, p, greatest, f);
	fputs("</svg>\n</figure>\n", f);
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

static const char style[] =
	"body{font:16px/1.4 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
	"color:#222;background:#fff}\n"
	"figure{margin:1rem 0}figcaption{font-weight:600}\n"
	"svg{width:100%;height:auto}rect{fill:#2f6f9f}line{stroke:#888}"
	"text{font-size:12px;fill:currentColor}\n"
	"table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}\n"
	"th,td{padding:.2rem .6rem;text-align:right;border-bottom:1px solid #ddd}"
	"th:first-child{text-align:left}tfoot{font-weight:600}\n"
	"@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}"
	"th,td{border-color:#444}rect{fill:#6db1e0}}\n";

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
	fprintf(f, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n",
		_("en"));
	fputs("<meta name=\"viewport\" content=\"width=device-width\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\""
	      " content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
		f);
	fprintf(f, "<title>%s</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>%s</h1>\n",
		_("Conferences in numbers"), style, _("Conferences in numbers"));
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
	fputs("</p>\n</body>\n</html>\n", f);
}
