/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "evidence/hold.h"
#include "record/timestamp.h"
#include "retention/command.h"
#include "retention/health.h"
#include "retention/session.h"
#include "retention/standing.h"

#define _(text) gettext(text)

/* --- a store ---------------------------------------------------------------------------------- */

static const char *
word_of(const struct standing *f)
{
	if (f->failed)
		return _("FAILED");
	if (f->moved) /* whatever is there may be another system's */
		return _("MOVED");
	if (f->late)
		return _("LATE");
	if (f->absent && f->light == LIGHT_RED)
		return _("MISSING");
	return f->light == LIGHT_YELLOW ? _("look") : _("ok");
}

static void
store_json(struct session *s, const struct standing *f)
{
	struct print *o = &s->out;

	print_begin(o);
	print_str(o, "store", span_str(f->store->name));
	print_str(o, "light", span_str(light_name(f->light)));
	if (f->store->until_erased)
		print_bool(o, "until_erased", true);
	else
		print_int(o, "period_s", f->store->period_s);
	if (!f->empty && !f->absent && !f->failed)
		print_int(o, "oldest_s", f->age_s);
	print_bool(o, "late", f->late);
	print_bool(o, "moved", f->moved);
	print_int(o, "holds", (int64_t)f->n_holds);
	print_int(o, "duties", (int64_t)f->n_duties);
	print_int(o, "bytes", (int64_t)f->size.bytes);
	print_end(o);
}

static void
store_row(struct print_table *t, const struct standing *f)
{
	char age[32], period[32];

	standing_age(f->age_s, age);
	standing_period(f->store, period);
	print_table_cell(t, false, "%s", word_of(f));
	print_table_cell(t, false, "%s", f->store->name);
	print_table_cell(t, true, "%s", f->empty || f->absent || f->failed ? "-" : age);
	print_table_cell(t, true, "%s", period);
	print_table_cell(t, true, "%zu", f->n_holds);
	print_table_cell(t, true, "%zu", f->n_duties);
	print_table_cell(t, true, "%llu", (unsigned long long)f->size.bytes);
}

static void
stores_print(struct session *s, const struct standing *v, size_t n)
{
	static const char *const head[] = { "", N_("store"), N_("oldest"), N_("period"),
		N_("holds"), N_("duties"), N_("bytes") };
	struct print_table *t = s->out.json ? NULL
					    : print_table_new(sizeof(head) / sizeof(head[0]));

	for (size_t i = 0; t && i < sizeof(head) / sizeof(head[0]); i++)
		print_table_cell(t, i >= 2, "%s", head[i][0] ? _(head[i]) : "");
	for (size_t i = 0; i < n; i++)
		if (t)
			store_row(t, &v[i]);
		else
			store_json(s, &v[i]);
	if (t)
		print_table_free(t, &s->out);
}

/* --- retention itself ------------------------------------------------------------------------- */

static void
ink(struct session *s, enum light l, const char *text)
{
	printf("%s%s%s\n",
		print_ink(&s->out, l == LIGHT_RED      ? INK_RED
				   : l == LIGHT_YELLOW ? INK_YELLOW
						       : INK_GREEN),
		text, print_ink(&s->out, INK_PLAIN));
}

static void
ending_print(struct session *s)
{
	const struct hold *list;
	size_t n = holds_list(s->holds, &list);
	char time[28];

	for (size_t i = 0; i < n; i++) {
		if (!hold_is_ending(s, &list[i]))
			continue;
		timestamp_format(list[i].expires_us, time);
		printf(_("hold %llu (%s) ends %.16sZ: extend or release it\n"),
			(unsigned long long)list[i].id, list[i].incident, time);
	}
}

static void
duties_print(struct session *s)
{
	char time[28];

	for (size_t i = 0; i < s->conf->n_duties; i++) {
		const struct conf_duty *d = &s->conf->duty[i];

		if (!duty_stands(d, s->now_us))
			continue;
		printf(_("restricted under duty \"%s\" (%s)"), d->name, d->law);
		if (d->ends_s != INT64_MAX) {
			timestamp_format((d->ends_s - 1) * 1000000, time);
			printf(_(", until %.10s"), time);
		}
		if (d->years >= 0)
			printf(_(", %ld years from the end of each record's year"), d->years);
		putchar('\n');
	}
}

static void
health_print(struct session *s, const struct health *h)
{
	char last[28], next[28];

	if (h->never)
		ink(s, LIGHT_RED, _("no run yet"));
	if (h->overdue)
		ink(s, LIGHT_RED, _("the last run is too long ago"));
	if (h->cut_short)
		ink(s, LIGHT_RED, _("the last run did not end"));
	if (h->refused)
		ink(s, LIGHT_RED, _("the last run was refused"));
	if (h->failed)
		ink(s, LIGHT_RED, _("the last run failed"));
	if (h->restored)
		ink(s, LIGHT_YELLOW, _("restored from a backup: see `retention report`"));
	if (h->last_run_us > 0) {
		timestamp_format(h->last_run_us, last);
		timestamp_format(h->last_run_us + s->conf->run_interval_s * 1000000, next);
		printf(_("last run %.16sZ, next by %.16sZ\n"), last, next);
	}
	ending_print(s);
	duties_print(s);
}

static void
health_json(struct session *s, const struct health *h)
{
	struct print *o = &s->out;

	print_begin(o);
	print_str(o, "light",
		span_str(light_name(health_is_bad(h)                 ? LIGHT_RED
				    : h->n_ending > 0 || h->restored ? LIGHT_YELLOW
								     : LIGHT_GREEN)));
	if (h->last_run_us > 0) {
		print_time(o, "last_run", h->last_run_us);
		print_time(o, "next_run", h->last_run_us + s->conf->run_interval_s * 1000000);
	}
	print_bool(o, "never", h->never);
	print_bool(o, "overdue", h->overdue);
	print_bool(o, "cut_short", h->cut_short);
	print_bool(o, "refused", h->refused);
	print_bool(o, "failed", h->failed);
	print_bool(o, "restored", h->restored);
	print_int(o, "holds_ending", (int64_t)h->n_ending);
	print_end(o);
}

int
status_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct standing *v = NULL;
	struct health h;
	int status = 0;
	size_t n;

	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		fputs(_("Usage: retention status [--json]\n"
			"Shows how retention does, and the oldest record of each store against its period.\n\n"
			"Example:  retention status\n"),
			stdout);
		return 0;
	}
	if (argc > 1)
		return usage_fail(_("status takes no argument"));
	if (health_look(s, &h, e) < 0)
		return -1;
	n = standing_all(s, &v);
	stores_print(s, v, n);
	if (s->out.json)
		health_json(s, &h);
	else
		health_print(s, &h);
	for (size_t i = 0; i < n; i++) {
		if (v[i].failed)
			status = EX_UNAVAILABLE;
		else if (v[i].light == LIGHT_RED && status == 0)
			status = 1;
	}
	free(v);
	return status;
}
