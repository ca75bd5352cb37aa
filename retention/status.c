/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <libintl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "evidence/hold.h"
#include "record/timestamp.h"
#include "retention/command.h"
#include "retention/due.h"
#include "retention/session.h"

#define _(text) gettext(text)

struct fact {
	const struct conf_store *store;
	bool absent, empty;
	int64_t age_s; /* of the oldest record that no hold covers */
	size_t n_holds;
	struct store_size size;
};

/* "6.2 d", "3.0 h", "12 s" */
static void
age_text(int64_t s, char ret[32])
{
	if (s >= 86400)
		(void)snprintf(ret, 32, "%.1f d", (double)s / 86400);
	else if (s >= 3600)
		(void)snprintf(ret, 32, "%.1f h", (double)s / 3600);
	else
		(void)snprintf(ret, 32, "%lld s", (long long)s);
}

static int
look(struct session *s, const struct conf_store *st, struct fact *ret, struct err *e)
{
	CLEANUP(store_freep) struct store *store = NULL;
	const struct selector held = select_ask(holds_ask(s->holds, s->now_us));
	int64_t oldest;
	int rc = store_open(&s->env, st, &store, e);

	*ret = (struct fact){ .store = st,
		.absent = rc > 0,
		.n_holds = holds_of_store(s->holds, st->name, s->now_us) };
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	rc = store_oldest(store, &held, &oldest, e);
	if (rc < 0 || store_size(store, &ret->size, e) < 0)
		return -1;
	ret->empty = rc > 0;
	ret->age_s = rc > 0 ? 0 : (s->now_us - oldest) / 1000000;
	return 0;
}

static void
fact_json(struct session *s, const struct fact *f)
{
	struct print *o = &s->out;

	print_begin(o);
	print_str(o, "store", span_str(f->store->name));
	print_int(o, "period_s", f->store->period_s);
	if (!f->empty)
		print_int(o, "oldest_s", f->age_s);
	print_bool(o, "late", f->age_s > f->store->period_s);
	print_int(o, "holds", (int64_t)f->n_holds);
	print_int(o, "bytes", (int64_t)f->size.bytes);
	print_end(o);
}

static void
fact_row(struct session *s, struct print_table *t, const struct fact *f)
{
	char age[32], period[32];
	const bool late = f->age_s > f->store->period_s;

	age_text(f->age_s, age);
	age_text(f->store->period_s, period);
	(void)s;
	print_table_cell(t, false, "%s", late ? _("LATE") : _("ok"));
	print_table_cell(t, false, "%s", f->store->name);
	print_table_cell(t, true, "%s", f->empty ? "-" : age);
	print_table_cell(t, true, "%s", period);
	print_table_cell(t, true, "%zu", f->n_holds);
	print_table_cell(t, true, "%llu", (unsigned long long)f->size.bytes);
}

int
status_main(struct session *s, int argc, char **argv, struct err *e)
{
	static const char *const head[] = { "", N_("store"), N_("oldest"), N_("period"),
		N_("holds"), N_("bytes") };
	struct print_table *t;
	int status = 0;

	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		fputs(_("Usage: retention status [--json]\n"
			"Shows the oldest record of each store against its period.\n"),
			stdout);
		return 0;
	}
	if (argc > 1)
		return usage_fail(_("status takes no argument"));
	t = s->out.json ? NULL : print_table_new(sizeof(head) / sizeof(head[0]));
	for (size_t i = 0; t && i < sizeof(head) / sizeof(head[0]); i++)
		print_table_cell(t, i >= 2, "%s", head[i][0] ? _(head[i]) : "");
	s->quiet = true;
	for (size_t i = 0; i < s->conf->n_stores; i++) {
		struct fact f;

		if (!due_applies(&s->conf->store[i]))
			continue;
		if (look(s, &s->conf->store[i], &f, e) < 0) {
			(void)err_print(e, "retention", stderr);
			status = EX_UNAVAILABLE;
			continue;
		}
		if (f.absent || (f.empty && f.size.n_parts == 0))
			continue;
		if (f.age_s > f.store->period_s && status == 0)
			status = 1;
		if (s->out.json)
			fact_json(s, &f);
		else if (t)
			fact_row(s, t, &f);
	}
	if (t)
		print_table_free(t, &s->out);
	return status;
}
