/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * breach.c - dsar breach: an answer went astray (R32; GDPR Art. 33, 34)
 *
 * The 72 hours run from when it became known, holidays or not (Regulation 1182/71 Art. 3(4) moves no period of hours).
 */
#include <getopt.h>
#include <inttypes.h>
#include <libintl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/options.h"
#include "dsar/case/case.h"
#include "dsar/command.h"
#include "dsar/register/registry-private.h"
#include "dsar/session.h"
#include "record/timestamp.h"

#define _(text) gettext(text)

#define REPORT_US (INT64_C(72) * 3600 * 1000000)

const char breach_schema[] =
	"CREATE TABLE breach (number TEXT PRIMARY KEY, what TEXT NOT NULL, known_us INTEGER NOT NULL,"
	" due_us INTEGER NOT NULL, reported_us INTEGER NOT NULL DEFAULT 0) STRICT;";

static const struct kind {
	const char *word, *text;
} kinds[] = {
	{ "wrong-address", N_("an answer was sent to a wrong address") },
	{ "wrong-key", N_("an answer was encrypted to a wrong key") },
	{ "bounced", N_("an answer came back, and others may have read it on its way") },
	{ "other", N_("an answer reached somebody whom it was not for") },
};

struct asked {
	struct session *s;
	const char *what, *known;
	bool reported;
	int64_t known_us;
};

struct breach {
	const struct kind *kind;
	int64_t known_us, due_us, reported_us, n_records;
};

static void
help(void)
{
	fputs(_("Usage: dsar breach CASE --what wrong-address|wrong-key|bounced|other [--known TIME]\n"
		"       dsar breach CASE [--reported]\n"
		"Opens the record of a breach, with the time until which the authority is told (72 hours),\n"
		"and prints the form of Article 33(3).\n\n"
		"  --known TIME   when it became known (now)\n"
		"  --reported     the authority was told\n\n"
		"Example:  dsar --lang de breach 2026-0001 --what wrong-address\n"),
		stdout);
}

static const struct kind *
kind_of(const char *word)
{
	for (size_t i = 0; word && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].word, word) == 0)
			return &kinds[i];
	return NULL;
}

static int
row_put(struct registry *r, const char *number, const struct asked *a, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r,
		    "INSERT INTO breach (number, what, known_us, due_us) VALUES (?, ?, ?, ?)"
		    " ON CONFLICT DO NOTHING",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	statement_text(st, 2, span_str(a->what));
	(void)sqlite3_bind_int64(st, 3, a->known_us);
	(void)sqlite3_bind_int64(st, 4, a->known_us + REPORT_US);
	if (registry_step(r, st, e) < 0)
		return -1;
	return sqlite3_changes(r->db) == 1
		       ? 0
		       : err_fail(e, EX_USAGE, 0, N_("the breach is on record already"),
				 N_("look at it with `dsar breach CASE`"), "%s", number);
}

static int
reported_set(struct registry *r, const char *number, int64_t now_us, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r, "UPDATE breach SET reported_us = ? WHERE number = ?", &st, e) < 0)
		return -1;
	(void)sqlite3_bind_int64(st, 1, now_us);
	statement_text(st, 2, span_str(number));
	if (registry_step(r, st, e) < 0)
		return -1;
	return sqlite3_changes(r->db) == 1
		       ? 0
		       : err_fail(e, EX_USAGE, 0, N_("no breach is on record"),
				 N_("open it with `dsar breach CASE --what`"), "%s", number);
}

static int
act(void *ctx, struct case_file *c, struct err *e)
{
	const struct asked *a = ctx;
	struct session *s = a->s;
	json_t *event;
	char due[28];

	timestamp_format(a->known_us + REPORT_US, due);
	if ((a->reported ? reported_set(s->registry, c->number, s->now_us, e)
			 : row_put(s->registry, c->number, a, e)) < 0)
		return -1;
	event = a->reported ? json_pack("{s:s}", "what", "reported")
			    : json_pack("{s:s, s:s, s:s}", "what", "opened", "kind", a->what, "due",
				      due);
	return case_event_recorded(s->registry, c->number, "breach", event, s->now_us, e);
}

static int
breach_read(struct registry *r, const char *number, struct breach *ret, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(r,
		    "SELECT what, known_us, due_us, reported_us,"
		    " (SELECT count(*) FROM finds WHERE number = ?1) FROM breach WHERE number = ?1",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	rc = registry_step(r, st, e);
	if (rc > 0)
		return err_fail(e, EX_USAGE, 0, N_("no breach is on record"),
			N_("open it with `dsar breach CASE --what`"), "%s", number);
	if (rc < 0)
		return -1;
	*ret = (struct breach){ .kind = kind_of(statement_str(st, 0)),
		.known_us = sqlite3_column_int64(st, 1),
		.due_us = sqlite3_column_int64(st, 2),
		.reported_us = sqlite3_column_int64(st, 3),
		.n_records = sqlite3_column_int64(st, 4) };
	return 0;
}

static void
form_print(const struct session *s, const char *number, const struct breach *b)
{
	const struct conf *c = s->conf;
	char known[28], due[28];

	timestamp_format(b->known_us, known);
	timestamp_format(b->due_us, due);
	printf(_("Notification of a personal data breach (Article 33 GDPR), case %s\n\n"), number);
	printf(_("To              %s\nController      %s\n"), c->authority, c->controller);
	printf(_("Known since     %.16sZ\nTo be told by   %.16sZ (72 hours)\n\n"), known, due);
	printf(_("(a) Nature of the breach: %s.\n"
		 "    People concerned: about 1, a person who had asked for her data.\n"
		 "    Categories of people: ____________________\n"
		 "    Categories of records: ____________________\n"
		 "    Records concerned: about %" PRId64 "\n"),
		b->kind ? _(b->kind->text) : "", b->n_records);
	printf(_("(b) Data protection officer, who has more information: %s\n"), c->dpo);
	puts(_("(c) Likely consequences: ____________________\n"
	       "(d) Measures taken or proposed, also against its effects: ____________________\n"
	       "    Was the person told (Article 34, where the risk is high)? ____________________\n"
	       "If it is later than 72 hours, the reasons: ____________________"));
}

static int
breach_show(struct session *s, const char *number, struct err *e)
{
	struct breach b;

	if (breach_read(s->registry, number, &b, e) < 0)
		return -1;
	if (!s->out.json)
		form_print(s, number, &b);
	print_begin(&s->out);
	print_str(&s->out, "case", span_str(number));
	print_str(&s->out, "what", span_str(b.kind ? b.kind->word : ""));
	print_time(&s->out, "known", b.known_us);
	print_time(&s->out, "due", b.due_us);
	if (b.reported_us)
		print_time(&s->out, "reported", b.reported_us);
	print_end(&s->out);
	return 0;
}

int
breach_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct asked a = { .s = s, .known_us = s->now_us };
	const struct option_to table[] = {
		{ "what", 0, &a.what, NULL },
		{ "known", 0, &a.known, NULL },
		{ "reported", 0, NULL, &a.reported },
	};
	const int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);
	struct timestamp t;

	if (rc > 0)
		return 0;
	timestamp_init(&t, NULL);
	if (rc < 0 || argc - optind != 1 || (a.what && (a.reported || !kind_of(a.what))))
		return usage_fail(_("breach takes the number of a case, and --what or --reported"));
	if (a.known &&
		(!timestamp_parse(&t, span_str(a.known), &a.known_us) || a.known_us > s->now_us))
		return usage_fail(_("--known is a time that is past, such as 2026-11-25T09:30"));
	if ((a.what || a.reported) && case_within(s->registry, argv[optind], act, &a, e) < 0)
		return -1;
	return breach_show(s, argv[optind], e);
}
