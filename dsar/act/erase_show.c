/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <libintl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "dsar/act/erase-private.h"
#include "record/timestamp.h"

#define _(text) gettext(text)

static const char *const words[ERASURE_FATES] = { N_("missing"), N_("erase"), N_("keep"),
	N_("exclude"), N_("gone") };

static void
day_text(int64_t us, char ret[16])
{
	const time_t t = (time_t)(us / 1000000);
	struct tm tm;

	if (us == ERASURE_UNKNOWN || !localtime_r(&t, &tm) ||
		strftime(ret, 16, "%Y-%m-%d", &tm) == 0)
		(void)memcpy(ret, "-", sizeof("-"));
}

static void
show_json(struct session *s, const struct erasure *x)
{
	struct print *o = &s->out;

	for (size_t i = 0; i < x->n; i++) {
		const struct erasure_item *it = &x->item[i];

		print_begin(o);
		print_str(o, "case", span_str(x->number));
		print_str(o, "store", span_str(it->store));
		print_int(o, "find", it->find);
		print_int(o, "records", (int64_t)it->n);
		print_str(o, "fate", span_str(erasure_fate_name(it->fate)));
		if (it->fate == ERASURE_KEEP)
			print_str(o, "ground", span_str(it->ground));
		if (it->fate == ERASURE_KEEP && it->until_us != ERASURE_UNKNOWN)
			print_time(o, "until", it->until_us);
		print_end(o);
	}
	print_begin(o);
	print_str(o, "case", span_str(x->number));
	print_str(o, "plan", span_str(x->hash));
	print_str(o, "state", span_str(erasure_state_name(x->state)));
	for (int f = 0; f < ERASURE_FATES; f++)
		print_int(o, erasure_fate_name((enum erasure_fate)f),
			(int64_t)erasure_count(x, (enum erasure_fate)f));
	if (s->conf->backup_s > 0)
		print_time(o, "backups_until",
			(x->ended_us ? x->ended_us : s->now_us) + s->conf->backup_s * 1000000);
	print_end(o);
}

static void
show_table(struct session *s, const struct erasure *x)
{
	struct print_table *t = print_table_new(6);

	for (size_t c = 0; c < 6; c++) {
		static const char *const heads[] = { N_("STORE"), N_("FIND"), N_("RECORDS"),
			N_("WHAT"), N_("UNTIL"), N_("GROUND") };

		print_table_cell(t, c == 1 || c == 2, "%s", _(heads[c]));
	}
	for (size_t i = 0; i < x->n; i++) {
		const struct erasure_item *it = &x->item[i];
		char until[16] = "";

		if (it->fate == ERASURE_KEEP)
			day_text(it->until_us, until);
		print_table_cell(t, false, "%s", it->store);
		print_table_cell(t, true, "%lld", (long long)it->find);
		print_table_cell(t, true, "%llu", (unsigned long long)it->n);
		print_table_cell(t, false, "%s", _(words[it->fate]));
		print_table_cell(t, false, "%s", until);
		print_table_cell(t, false, "%s", it->fate == ERASURE_KEEP ? it->ground : "");
	}
	print_table_free(t, &s->out);
}

/* What is not done, and why: nobody is to take the plan for more than it is (R17d). */
static void
show_rest(const struct session *s, const struct erasure *x)
{
	char until[16];

	if (s->conf->backup_s > 0) {
		day_text((x->ended_us ? x->ended_us : s->now_us) + s->conf->backup_s * 1000000,
			until);
		printf(_("Not erased: copies in backups; the last is gone by %s.\n"), until);
	} else {
		printf(_("Not erased: copies in backups; none are declared "
			 "(dsar { backup_period }).\n"));
	}
	if (erasure_count(x, ERASURE_KEEP) > 0)
		printf(_(
			"What is kept is restricted, and erased when its ground ends: see `dsar erase "
			"--due`.\n"));
	if (erasure_count(x, ERASURE_MISSING) > 0)
		printf(_(
			"What is missing is not there any more, or not as it was looked at: search "
			"again.\n"));
	printf("%s %s\n", _("plan"), x->hash);
}

void
erase_show(struct session *s, const struct erasure *x)
{
	if (s->out.json) {
		show_json(s, x);
		return;
	}
	show_table(s, x);
	show_rest(s, x);
}
