/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * case_command.c - dsar case: enter requests, look at them, extend and close them
 */
#include <getopt.h>
#include <inttypes.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/options.h"
#include "dsar/case/case-private.h"
#include "dsar/command.h"
#include "dsar/case/deadline.h"
#include "dsar/given.h"
#include "dsar/answer/notice.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"
#include "record/key/day.h"

#define _(text) gettext(text)

/* What the options say, for whichever verb they are. */
struct asked {
	struct session *s;
	struct case_letter letter;
	const char *received, *address, *reason;
	bool all, reminder, sent, dry;
};

static void
help(void)
{
	fputs(_("Usage: dsar case new --article N... [--received DAY] --lang de|en [--address -|FILE]\n"
		"       dsar case list [--all]\n"
		"       dsar case show CASE\n"
		"       dsar case note CASE [--reminder]\n"
		"       dsar case address CASE --address -|FILE\n"
		"       dsar case extend CASE --reason complexity|number --notice-sent\n"
		"       dsar case close CASE\n"
		"       dsar case tidy [--dry-run]\n"
		"Keeps the requests of people, each with its dates.\n\n"
		"  --article N    what the letter invokes: 7 withdrawal, 15 access, 16 rectification,\n"
		"                 17 erasure, 18 restriction, 20 portability, 21 objection; several are\n"
		"                 several cases of one letter\n"
		"  --received DAY when our mail server took it, local date (today)\n"
		"  --address -    where the answer goes, from standard input\n"
		"  --reminder     the note (from standard input) is of a letter that reminds of the case\n\n"
		"Example:  dsar case new --article 15 --article 17 --received 2026-11-25 --lang de\n"),
		stdout);
}

/* --- the verbs -------------------------------------------------------------------------------- */

static int
print_number(struct session *s, const char *first, size_t n, struct err *e)
{
	const int dash = (int)(strchr(first, '-') - first),
		  number = (int)strtol(first + dash + 1, NULL, 10);

	(void)e;
	for (size_t i = 0; i < n; i++) {
		char text[CASE_NUMBER_MAX];

		(void)snprintf(text, sizeof(text), "%.*s-%04d", dash, first, number + (int)i);
		if (!s->out.json)
			puts(text);
		print_begin(&s->out);
		print_str(&s->out, "case", span_str(text));
		print_str(&s->out, "correspondence", span_str(first));
		print_end(&s->out);
	}
	return 0;
}

static int
new_do(struct session *s, struct asked *a, struct err *e)
{
	char first[CASE_NUMBER_MAX];
	struct case_letter *l = &a->letter;
	struct buf address = { 0 };
	int rc = 0;

	if (l->n == 0)
		return usage_fail(_("say what the letter invokes, with --article"));
	if (!s->lang)
		return usage_fail(_("say the person's language, with --lang de or --lang en"));
	l->lang = s->lang;
	l->received_day = day_local(s->now_us);
	if (a->received && !day_parse(span_str(a->received), &l->received_day))
		return usage_fail(_("--received is a day, such as 2026-11-25"));
	if (l->received_day > day_local(s->now_us))
		return usage_fail(_("nothing was received in the future"));
	if (a->address)
		rc = given_text(a->address, &address, e);
	if (a->address)
		l->address = span_of(address.p, address.len);
	if (rc == 0)
		rc = case_open(s->registry, l, s->now_us, first, e);
	buf_wipe(&address);
	return rc < 0 ? -1 : print_number(s, first, l->n, e);
}

static int
note_act(void *ctx, struct case_file *c, struct err *e)
{
	const struct asked *a = ctx;
	struct session *s = a->s;
	const char *kind = a->reminder ? "reminder" : "note";
	struct buf text;
	json_t *data = NULL;
	int rc = given_text("-", &text, e);

	if (rc == 0)
		data = json_pack("{s:s%}", "text", text.p, text.len);
	buf_wipe(&text);
	if (rc < 0)
		return -1;
	if (!data)
		return err_memory(e);
	if (registry_record(s->registry, c->number, "case", json_pack("{s:s}", "what", kind),
		    s->now_us, e) < 0) {
		json_decref(data);
		return -1;
	}
	return case_event(s->registry, c->number, kind, data, s->now_us, e);
}

/* R12b: once, with a reason, and told before the first date. */
static int
extend_act(void *ctx, struct case_file *c, struct err *e)
{
	const struct asked *a = ctx;
	struct session *s = a->s;
	const int32_t today = day_local(s->now_us);
	char due[DAY_TEXT_MAX];

	if (case_guard(s->registry, c, CASE_NEEDS_OPEN, s->now_us, e) < 0)
		return -1;
	if (c->extended)
		return err_fail(e, EX_NOPERM, 0, N_("the case is extended already"),
			N_("Article 12(3) knows one extension"), "%s", c->number);
	if (today > c->due_day)
		return err_fail(e, EX_NOPERM, 0, N_("it is too late for an extension"),
			N_("the notice had to be sent before the first date"), "%s", c->number);
	if (case_change(s->registry, c, "extended = 1", e) < 0)
		return -1;
	(void)day_format(deadline_raw(c->received_day, DEADLINE_MONTHS_EXTENDED), due);
	if (registry_record(s->registry, c->number, "case",
		    json_pack("{s:s, s:s}", "what", "extended", "reason", a->reason), s->now_us,
		    e) < 0)
		return -1;
	return case_event(s->registry, c->number, "extension",
		json_pack(
			"{s:s, s:b, s:s}", "reason", a->reason, "notice_sent", 1, "until_raw", due),
		s->now_us, e);
}

/* A letter has one address, whatever it asks for. */
static int
address_act(void *ctx, struct case_file *c, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	const struct asked *a = ctx;
	struct registry *r = a->s->registry;

	if (case_guard(r, c, CASE_NEEDS_OPEN, a->s->now_us, e) < 0 ||
		registry_prepare(r,
			"UPDATE case_file SET address = ?1, version = version + 1"
			" WHERE correspondence = ?2 AND state < ?3",
			&st, e) < 0)
		return -1;
	statement_text(st, 1, a->letter.address);
	statement_text(st, 2, span_str(c->correspondence));
	(void)sqlite3_bind_int(st, 3, CASE_CLOSED);
	if (registry_step(r, st, e) < 0 ||
		registry_record(r, c->number, "case", json_pack("{s:s}", "what", "address"),
			a->s->now_us, e) < 0)
		return -1;
	return case_event(
		r, c->number, "address", json_pack("{s:s}", "what", "changed"), a->s->now_us, e);
}

static int
address_do(struct session *s, const char *number, struct asked *a, struct err *e)
{
	struct buf address = { 0 };
	int rc;

	if (!a->address)
		return usage_fail(_("an address comes from standard input: --address -"));
	rc = given_text(a->address, &address, e);
	a->letter.address = span_of(address.p, address.len);
	if (rc == 0)
		rc = case_within(s->registry, number, address_act, a, e);
	buf_wipe(&address);
	return rc;
}

static int
extend_do(struct session *s, const char *number, struct asked *a, struct err *e)
{
	if (!a->reason ||
		(strcmp(a->reason, "complexity") != 0 && strcmp(a->reason, "number") != 0))
		return usage_fail(_("an extension has a --reason: complexity or number"));
	if (!a->sent)
		return usage_fail(_("tell the person first, then say --notice-sent"));
	return case_within(s->registry, number, extend_act, a, e);
}

/* R19: who was given the data is told of what became of it, or there is nobody to be told. */
static int
see_told(void *ctx, const char *kind, int64_t time_us, const json_t *data, struct err *e)
{
	bool *told = ctx;

	(void)time_us;
	(void)data;
	(void)e;
	*told = *told || strcmp(kind, "notified") == 0;
	return 0;
}

static int
told_check(struct session *s, struct case_file *c, struct err *e)
{
	bool told = false, due;

	if (notices_due(s->conf, s->registry, c, &due, e) < 0 ||
		case_events(s->registry, c->number, see_told, &told, e) < 0)
		return -1;
	if (!due) /* "notified" of a case that has nobody to notify says so, too */
		return told ? 0
			    : case_event(s->registry, c->number, "notified",
				      json_pack("{s:s}", "what", "none"), s->now_us, e);
	return case_forbid(s->registry, c->number, "notified", s->now_us,
		N_("the recipients of the data were not told"), N_("say `dsar notify`"), e);
}

static int
close_act(void *ctx, struct case_file *c, struct err *e)
{
	const struct asked *a = ctx;
	struct session *s = a->s;
	char set[96];

	if (told_check(s, c, e) < 0 || case_move(s->registry, c, CASE_CLOSED, s->now_us, e) < 0)
		return -1;
	(void)snprintf(set, sizeof(set), "closed_us = %" PRId64 ", gone_us = %" PRId64, s->now_us,
		case_gone_us(s->now_us));
	return case_change(s->registry, c, set, e);
}

/* In two changes: one that is ended in between is finished by the next `tidy`. */
static int
close_do(struct session *s, const char *number, struct asked *a, struct err *e)
{
	return case_within(s->registry, number, close_act, a, e) < 0
		       ? -1
		       : case_shrink(s->registry, number, s->now_us, e);
}

static void
tidied(void *ctx, const char *number)
{
	struct session *s = ctx;

	if (!s->out.json)
		puts(number);
	print_begin(&s->out);
	print_str(&s->out, "case", span_str(number));
	print_end(&s->out);
}

/* --- the command line ------------------------------------------------------------------------- */

/* Takes each --article N out of the arguments; the rest is of options.h, where the last one counts. */
static int
articles_take(int *argc, char **argv, struct case_letter *l)
{
	int n = 1;

	for (int i = 1; i < *argc; i++) {
		const char *value = strncmp(argv[i], "--article=", 10) == 0 ? argv[i] + 10 : NULL;
		char *end = NULL;
		long article;

		if (strcmp(argv[i], "--article") == 0 && i + 1 < *argc)
			value = argv[++i];
		if (!value) {
			argv[n++] = argv[i];
			continue;
		}
		article = strtol(value, &end, 10);
		for (size_t k = 0; k < l->n; k++)
			if ((long)l->article[k] == article)
				article = -1; /* twice */
		if (!article_is(article) || *end)
			return -1;
		l->article[l->n++] = (enum article)article;
	}
	argv[n] = NULL;
	*argc = n;
	return 0;
}

static int
dispatch(struct session *s, const char *verb, const char *number, struct asked *a, struct err *e)
{
	if (strcmp(verb, "new") == 0 && !number)
		return new_do(s, a, e);
	if (strcmp(verb, "list") == 0 && !number)
		return case_list(s, a->all, e);
	if (strcmp(verb, "tidy") == 0 && !number)
		return case_tidy(s->registry, s->now_us, a->dry, tidied, s, e);
	if (!number)
		return usage_fail(_("case takes new, list, or a verb and the number of a case"));
	if (strcmp(verb, "show") == 0)
		return case_show(s, number, e);
	if (strcmp(verb, "note") == 0)
		return case_within(s->registry, number, note_act, a, e);
	if (strcmp(verb, "address") == 0)
		return address_do(s, number, a, e);
	if (strcmp(verb, "extend") == 0)
		return extend_do(s, number, a, e);
	if (strcmp(verb, "close") == 0)
		return close_do(s, number, a, e);
	return usage_fail(_("case takes new, list, show, note, address, extend, close or tidy"));
}

int
case_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct asked a = { .s = s };
	const struct option_to table[] = {
		{ "received", 0, &a.received, NULL },
		{ "address", 0, &a.address, NULL },
		{ "reason", 0, &a.reason, NULL },
		{ "all", 0, NULL, &a.all },
		{ "reminder", 0, NULL, &a.reminder },
		{ "notice-sent", 0, NULL, &a.sent },
		{ "dry-run", 0, NULL, &a.dry },
	};
	int rc;

	if (articles_take(&argc, argv, &a.letter) < 0)
		return usage_fail(_("--article is 7, 15, 16, 17, 18, 20 or 21, each once"));
	rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);
	if (rc > 0)
		return 0;
	if (rc < 0 || optind >= argc || argc - optind > 2)
		return usage_fail(_("case takes new, list, or a verb and the number of a case"));
	return dispatch(s, argv[optind], optind + 1 < argc ? argv[optind + 1] : NULL, &a, e);
}
