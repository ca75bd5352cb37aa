/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * subject_command.c - dsar subject: by what a person is known, and what of it is hers
 */
#include <getopt.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "dsar/case/case.h"
#include "dsar/command.h"
#include "dsar/given.h"
#include "dsar/subject/identifier.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"
#include "dsar/subject/subject.h"
#include "record/timestamp.h"

#define _(text) gettext(text)

struct asked {
	struct session *s;
	const char *number, *verb, *word; /* word: a kind */
	char *const *id;                  /* numbers of identifiers, ended by NULL */
	const char *from_file, *since, *until;
	int64_t since_us, until_us;
};

static void
help(void)
{
	fputs(_("Usage: dsar subject CASE add KIND [--from FILE] [--since TIME] [--until TIME]\n"
		"       dsar subject CASE list\n"
		"       dsar subject CASE confirm|drop ID...\n"
		"Says by which identifiers a person is known.\n\n"
		"  add KIND       adds each line of standard input, for each case of her letter that is\n"
		"                 not decided yet: email, account, external-id, name, ip, phone, room,\n"
		"                 meeting, pattern, or another kind that a store has\n"
		"  --from FILE    from there instead\n"
		"  --since TIME   when it began to be hers: an address, a name in a meeting; UTC\n"
		"  --until TIME   when it ended to be hers\n"
		"  confirm ID     it is hers: of those that came over somebody else's data, or that\n"
		"                 another machine has found\n"
		"  drop ID        it is not, and neither is what came over it alone\n\n"
		"Example:  echo anna@example.org | dsar subject 2026-0001 add email\n"),
		stdout);
}

/* --- adding ----------------------------------------------------------------------------------- */

static int
add_line(struct session *s, const struct asked *a, struct subject *all, struct span line,
	size_t *n_new, struct err *e)
{
	const struct identifier i = { .kind = a->word,
		.value = line,
		.from_us = a->since_us,
		.to_us = a->until_us,
		.store = "",
		.link = "",
		.own = true };
	bool is_new = false;

	if (subject_add(s->registry, a->number, all, &i, &is_new, e) < 0)
		return -1;
	*n_new += is_new;
	return 0;
}

static int
add_lines(struct session *s, const struct asked *a, struct span text, size_t *n_new, struct err *e)
{
	struct subject all = { 0 };
	size_t n_line = 0;
	int rc = subject_read(s->registry, a->number, &all, e);

	while (rc == 0 && text.len > 0) {
		const char *lf = memchr(text.p, '\n', text.len);
		const struct span line = span_of(text.p, lf ? (size_t)(lf - text.p) : text.len);

		n_line++;
		text = span_from(text, lf ? line.len + 1 : line.len);
		if (line.len > 0 && add_line(s, a, &all, line, n_new, e) < 0)
			rc = err_within(e, "line %zu", n_line);
	}
	subject_release(&all);
	return rc;
}

/* A kind that nothing is searched by would be a slip that nobody sees. */
static int
kind_known(const struct conf *c, const char *kind, struct err *e)
{
	if (identifier_class(kind) != IDENTIFIER_ID)
		return 0;
	for (size_t i = 0; i < c->n_stores; i++)
		for (size_t k = 0; k < c->store[i].n_subjects; k++)
			if (strcmp(c->store[i].subject[k].kind, kind) == 0)
				return 0;
	return err_fail(e, EX_USAGE, 0, N_("not a kind of identifier"),
		N_("no store is searched by it; email, name, ip, phone and pattern are, everywhere"),
		NULL);
}

static int
add_act(void *ctx, struct case_file *c, struct err *e)
{
	const struct asked *a = ctx;
	struct session *s = a->s;
	struct buf text;
	size_t n_new = 0;
	int rc;

	if (case_guard(s->registry, c, CASE_NEEDS_OPEN, s->now_us, e) < 0 ||
		kind_known(s->conf, a->word, e) < 0)
		return -1;
	rc = given_text(a->from_file ? a->from_file : "-", &text, e);
	if (rc == 0)
		rc = add_lines(s, a, span_of(text.p, text.len), &n_new, e);
	buf_wipe(&text);
	if (rc < 0 || subject_share(s->registry, a->number, e) < 0)
		return -1;
	return registry_record(s->registry, a->number, "subject",
		json_pack("{s:s, s:s, s:I}", "what", "added", "kind", a->word, "n",
			(json_int_t)n_new),
		s->now_us, e);
}

static int
mark_one(const struct asked *a, const char *word, struct err *e)
{
	const bool confirm = strcmp(a->verb, "confirm") == 0;
	struct registry *r = a->s->registry;
	char *end;
	const long long id = strtoll(word, &end, 10);
	int rc;

	if (*end)
		return err_fail(e, EX_USAGE, 0, N_("not the number of an identifier"),
			N_("see `dsar subject CASE list`"), NULL);
	rc = confirm ? subject_confirm(r, a->number, id, e) : subject_drop(r, a->number, id, e);
	if (rc != 0)
		return rc < 0 ? -1
			      : err_fail(e, EX_USAGE, 0,
					N_("there is no such identifier in this case"),
					N_("see `dsar subject CASE list`"), "%lld", id);
	return registry_record(r, a->number, "subject",
		json_pack("{s:s, s:I}", "what", confirm ? "confirmed" : "dropped", "identifier",
			(json_int_t)id),
		a->s->now_us, e);
}

static int
mark_act(void *ctx, struct case_file *c, struct err *e)
{
	const struct asked *a = ctx;

	if (case_guard(a->s->registry, c, CASE_NEEDS_OPEN, a->s->now_us, e) < 0)
		return -1;
	for (char *const *id = a->id; *id; id++)
		if (mark_one(a, *id, e) < 0)
			return -1;
	return 0;
}

/* --- listing ---------------------------------------------------------------------------------- */

static const char *
standing_of(const struct identifier *i)
{
	return i->parent == 0 ? N_("given")
	       : i->confirmed ? N_("confirmed")
	       : i->own       ? N_("own")
			      : N_("to be confirmed");
}

static void
print_identifier(struct session *s, const struct identifier *i)
{
	struct print *o = &s->out;

	print_begin(o);
	print_int(o, "id", i->id);
	print_str(o, "kind", span_str(i->kind));
	print_str(o, "value", i->value);
	if (i->from_us != INT64_MIN)
		print_time(o, "since", i->from_us);
	if (i->to_us != INT64_MAX)
		print_time(o, "until", i->to_us);
	print_int(o, "parent", i->parent);
	print_str(o, "store", span_str(i->store));
	print_str(o, "field", span_str(i->link));
	print_bool(o, "own", i->own);
	print_bool(o, "confirmed", i->confirmed);
	print_end(o);
	if (o->json)
		return;
	fprintf(o->f, "%4lld  %-16s ", (long long)i->id, i->kind);
	print_safe(o, i->value);
	fprintf(o->f, "  %s", _(standing_of(i)));
	if (i->parent != 0)
		fprintf(o->f, _(", over %lld (%s: %s)"), (long long)i->parent, i->store, i->link);
	fputc('\n', o->f);
}

static int
list(struct session *s, const struct asked *a, struct err *e)
{
	struct subject all = { 0 };
	struct case_file c;
	int rc = case_get(s->registry, a->number, &c, e);

	if (rc == 0)
		rc = subject_read(s->registry, a->number, &all, e);
	for (size_t i = 0; rc == 0 && i < all.n; i++)
		print_identifier(s, &all.v[i]);
	subject_release(&all);
	return rc;
}

/* --- the command line ------------------------------------------------------------------------- */

static bool
time_read(const char *text, int64_t *ret_us)
{
	struct timestamp ts;
	char day[32];

	if (!text)
		return true;
	timestamp_init(&ts, "UTC");
	(void)snprintf(day, sizeof(day), "%s%s", text, strlen(text) == 10 ? "T00:00:00" : "");
	return timestamp_parse(&ts, span_str(day), ret_us);
}

int
subject_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct asked a = { .s = s, .since_us = INT64_MIN, .until_us = INT64_MAX };
	const struct option_to table[] = {
		{ "from", 0, &a.from_file, NULL },
		{ "since", 0, &a.since, NULL },
		{ "until", 0, &a.until, NULL },
	};
	const int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);
	const int n = rc == 0 ? argc - optind : 0;

	if (rc > 0)
		return 0;
	if (n < 2)
		return usage_fail(_("subject takes a case and add, list, confirm or drop"));
	a.number = argv[optind];
	a.verb = argv[optind + 1];
	a.word = n > 2 ? argv[optind + 2] : NULL;
	a.id = argv + optind + 2;
	if (!time_read(a.since, &a.since_us) || !time_read(a.until, &a.until_us))
		return usage_fail(_("a time is 2026-11-24 or 2026-11-24T01:40:29Z"));
	if (strcmp(a.verb, "list") == 0 && n == 2)
		return list(s, &a, e);
	if (strcmp(a.verb, "add") == 0 &&
		(n == 3 || (n == 4 && strcmp(argv[optind + 3], "-") == 0)))
		return case_within(s->registry, a.number, add_act, &a, e);
	if ((strcmp(a.verb, "confirm") == 0 || strcmp(a.verb, "drop") == 0) && n > 2)
		return case_within(s->registry, a.number, mark_act, &a, e);
	return usage_fail(_("subject takes a case and add, list, confirm or drop"));
}
