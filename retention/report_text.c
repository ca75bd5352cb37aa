/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <libintl.h>
#include <stdio.h>

#include "record/key/day.h"
#include "record/timestamp.h"
#include "retention/report.h"
#include "retention/session.h"
#include "retention/standing.h"

#define _(text) gettext(text)

static void
kept_text(struct session *s, const json_t *kept)
{
	const char *by;
	json_t *n;
	char why[320];

	json_object_foreach((json_t *)kept, by, n)
	{
		report_why(s, by, why);
		printf(_("             kept %lld by %s"), (long long)json_integer_value(n), by);
		fputs(*why ? " (" : "", stdout);
		print_safe(&s->out, span_str(why));
		fputs(*why ? ")\n" : "\n", stdout);
	}
}

static void
store_text(struct session *s, const struct report_store *st)
{
	char worst[32], period[32], day[DAY_TEXT_MAX];

	standing_age(st->worst_s, worst);
	standing_age(st->period_s, period);
	printf("\n%s%s%s: ", print_ink(&s->out, INK_BOLD), st->name, print_ink(&s->out, INK_PLAIN));
	printf(_("oldest record ever %s, limit %s\n"), worst, period);
	for (size_t i = 0; i < st->n_days; i++) {
		const struct report_day *d = &st->day[i];

		if (d->due + d->dropped + d->failed + d->unread == 0 && !d->kept)
			continue;
		(void)day_format(d->day, day);
		printf(_("  %s due %llu, dropped %llu (%llu bytes), whole files %llu, failed %llu\n"),
			day, (unsigned long long)d->due, (unsigned long long)d->dropped,
			(unsigned long long)d->bytes, (unsigned long long)d->unread,
			(unsigned long long)d->failed);
		kept_text(s, d->kept);
	}
}

static void
change_text(const struct report_change *c)
{
	const char *name, *key;
	json_t *keys, *pair;
	char text[200], time[28];

	timestamp_format(c->time_us, time);
	printf("  %.16sZ %.16s…%s\n", time, c->hash, c->changed ? "" : _(" the first on record"));
	json_object_foreach(c->changed, name, keys)
	{
		json_object_foreach(keys, key, pair)
		{
			report_change_text(key, pair, text);
			printf("    %s: %s\n", name, text);
		}
	}
}

void
report_print_text(struct session *s, const struct report *r)
{
	char from[DAY_TEXT_MAX], until[DAY_TEXT_MAX], time[28];

	report_day_text(r->from_us, from);
	report_day_text(r->until_us, until);
	printf(_("Retention from %s to %s: %llu runs, %zu findings\n"), from, until,
		(unsigned long long)r->n_runs, r->n_findings);
	printf(_("ledger: entry %llu, %s\n"), (unsigned long long)r->head_seq, r->head);
	for (size_t i = 0; i < r->n_findings; i++) {
		timestamp_format(r->finding[i].time_us, time);
		printf("%s%.16sZ  %s%s%s%s\n", print_ink(&s->out, INK_RED), time,
			_(r->finding[i].what), r->finding[i].detail[0] ? ": " : "",
			r->finding[i].detail, print_ink(&s->out, INK_PLAIN));
	}
	for (size_t i = 0; i < r->n_stores; i++)
		store_text(s, &r->store[i]);
	if (r->n_changes > 0)
		printf(_("\nConfiguration\n"));
	for (size_t i = 0; i < r->n_changes; i++)
		change_text(&r->change[i]);
}

/* --- JSON Lines ------------------------------------------------------------------------------- */

static void
day_json(struct session *s, const struct report_store *st, const struct report_day *d)
{
	struct print *o = &s->out;
	char day[DAY_TEXT_MAX], why[320];
	const char *by;
	json_t *n;

	(void)day_format(d->day, day);
	print_begin(o);
	print_str(o, "store", span_str(st->name));
	print_str(o, "day", span_str(day));
	print_int(o, "due", (int64_t)d->due);
	print_int(o, "due_bytes", (int64_t)d->due_bytes);
	print_int(o, "dropped", (int64_t)d->dropped);
	print_int(o, "bytes", (int64_t)d->bytes);
	print_int(o, "unread", (int64_t)d->unread);
	print_int(o, "failed", (int64_t)d->failed);
	print_end(o);
	json_object_foreach(d->kept, by, n)
	{
		report_why(s, by, why);
		print_begin(o);
		print_str(o, "store", span_str(st->name));
		print_str(o, "day", span_str(day));
		print_str(o, "kept_by", span_str(by));
		print_int(o, "records", json_integer_value(n));
		print_str(o, "why", span_str(why));
		print_end(o);
	}
}

static void
change_json(struct session *s, const struct report_change *c)
{
	struct print *o = &s->out;
	const char *name, *key;
	json_t *keys, *pair;
	char text[200];

	print_begin(o);
	print_time(o, "time", c->time_us);
	print_str(o, "config", span_str(c->hash));
	print_end(o);
	json_object_foreach(c->changed, name, keys)
	{
		json_object_foreach(keys, key, pair)
		{
			report_change_text(key, pair, text);
			print_begin(o);
			print_time(o, "time", c->time_us);
			print_str(o, "changed", span_str(name));
			print_str(o, "what", span_str(text));
			print_end(o);
		}
	}
}

void
report_print_json(struct session *s, const struct report *r)
{
	struct print *o = &s->out;

	print_begin(o);
	print_time(o, "from", r->from_us);
	print_time(o, "until", r->until_us);
	print_int(o, "runs", (int64_t)r->n_runs);
	print_int(o, "findings", (int64_t)r->n_findings);
	print_int(o, "entry", (int64_t)r->head_seq);
	print_str(o, "head", span_str(r->head));
	print_end(o);
	for (size_t i = 0; i < r->n_findings; i++) {
		print_begin(o);
		print_time(o, "time", r->finding[i].time_us);
		print_str(o, "finding", span_str(r->finding[i].what));
		print_str(o, "detail", span_str(r->finding[i].detail));
		print_end(o);
	}
	for (size_t i = 0; i < r->n_stores; i++) {
		print_begin(o);
		print_str(o, "store", span_str(r->store[i].name));
		print_int(o, "period_s", r->store[i].period_s);
		print_int(o, "worst_s", r->store[i].worst_s);
		print_bool(o, "late", r->store[i].late);
		print_end(o);
		for (size_t k = 0; k < r->store[i].n_days; k++)
			day_json(s, &r->store[i], &r->store[i].day[k]);
	}
	for (size_t i = 0; i < r->n_changes; i++)
		change_json(s, &r->change[i]);
}
