/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * stats_text.c - the statistics for a terminal, and as JSON Lines
 */
#include <inttypes.h>
#include <libintl.h>
#include <string.h>

#include "base/print/print.h"
#include "logscrub/stats/stats_report.h"

#define _(text)   gettext(text)
#define BAR_WIDTH 32

static const struct {
	const char *head;
	enum tally_field field;
} columns[] = {
	{ N_("MEETINGS"), TALLY_MEETINGS },
	{ N_("BREAKOUTS"), TALLY_BREAKOUTS },
	{ N_("MINUTES"), TALLY_MEETING_MINUTES },
	{ N_("PEOPLE"), TALLY_PARTICIPANTS },
	{ N_("THEIR MINUTES"), TALLY_PARTICIPANT_MINUTES },
	{ N_("MICROPHONES"), TALLY_PEAK_MICROPHONES },
	{ N_("CAMERAS"), TALLY_PEAK_CAMERAS },
	{ N_("AT ONE TIME"), TALLY_PEAK_PARTICIPANTS },
};
#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

static void
print_row(const struct report_part *part, const struct report_row *row, const char *name,
	int64_t greatest, struct print_table *t)
{
	char bar[BAR_WIDTH + 1] = "";
	int64_t peak = row->n[TALLY_PEAK_PARTICIPANTS];

	print_table_cell(t, false, "%s", name);
	for (unsigned i = 0; i < N_COLUMNS; i++) {
		if (part->way != WAY_API && tally_is_media(columns[i].field))
			print_table_cell(t, true, "-");
		else
			print_table_cell(t, true, "%" PRId64, row->n[columns[i].field]);
	}
	if (greatest > 0)
		memset(bar, '#', (size_t)((peak * BAR_WIDTH + greatest / 2) / greatest));
	print_table_cell(t, false, "%s", row == &part->total ? "" : bar);
}

static void
print_part(const struct report *r, const struct report_part *part, struct print *p)
{
	struct print_table *t = print_table_new(N_COLUMNS + 2);
	int64_t greatest = report_greatest(part, TALLY_PEAK_PARTICIPANTS);
	char time[17];

	fprintf(p->f, "%s%s%s (%s)\n", print_ink(p, INK_BOLD), part->node, print_ink(p, INK_PLAIN),
		part->way == WAY_API ? _("by the API") : _("by the log"));
	print_table_cell(t, false, "%s", r->o.by_hour ? _("HOUR") : _("DAY"));
	for (unsigned i = 0; i < N_COLUMNS; i++)
		print_table_cell(t, true, "%s", _(columns[i].head));
	print_table_cell(t, false, "%s", "");
	for (size_t i = 0; i < part->n_rows; i++) {
		report_time(r, part->row[i].from, time);
		print_row(part, &part->row[i], time, greatest, t);
	}
	print_row(part, &part->total, _("all"), 0, t);
	print_table_free(t, p);
	fputc('\n', p->f);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void
json_row(const struct report *r, const struct report_part *part, const struct report_row *row,
	struct print *p)
{
	print_begin(p);
	print_str(p, "node", span_str(part->node));
	print_str(p, "way", span_str(stats_way_name(part->way)));
	print_str(p, "period",
		row == &part->total ? SPAN("all")
		: r->o.by_hour      ? SPAN("hour")
				    : SPAN("day"));
	print_time(p, "from", row->from * 1000000);
	print_time(p, "until", row->until * 1000000);
	for (unsigned f = 0; f < TALLY_FIELDS; f++)
		if (part->way == WAY_API || !tally_is_media((enum tally_field)f))
			print_int(p, tally_name((enum tally_field)f), row->n[f]);
	print_int(p, "rounded_to", r->round);
	print_end(p);
}

void
report_print(const struct report *r, struct print *p)
{
	for (size_t i = 0; i < r->n_parts; i++) {
		const struct report_part *part = &r->part[i];

		if (!p->json) {
			print_part(r, part, p);
			continue;
		}
		for (size_t k = 0; k < part->n_rows; k++)
			json_row(r, part, &part->row[k], p);
		json_row(r, part, &part->total, p);
	}
	if (p->json)
		return;
	if (r->n_parts == 0) {
		fprintf(p->f, "%s\n", _("Nothing was counted in this time."));
	} else if (r->round > 1) {
		fprintf(p->f, _("Each number but 0 is rounded to a multiple of %lld."),
			(long long)r->round);
		fputc('\n', p->f);
	}
}
