/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * refuse.c - dsar refuse: say no, with the reasons that the law asks for (R12c, R12e)
 *
 * The program never proposes it. "Excessive" is refused by two people. A withdrawal cannot be refused but to somebody who is not
 * the person. The letter, with the right to complain and to go to court, is made from the event "refusal" that is kept here;
 * without that letter the case is not answered, and so not closed.
 */
#include <getopt.h>
#include <libintl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/options.h"
#include "dsar/case/case-private.h"
#include "dsar/command.h"
#include "dsar/given.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"

#define _(text) gettext(text)

static const char *const grounds[] = { "unidentified", "unfounded", "excessive", "exception",
	"balancing" };

struct asked {
	struct session *s;
	const char *ground;
	bool part, agree;
	struct buf reasons;
};

static void
help(void)
{
	fputs(_("Usage: dsar refuse CASE --ground GROUND [--part]\n"
		"       dsar refuse CASE --agree\n"
		"Refuses a request, or --part of it, for the reasons on standard input, which the letter\n"
		"to the person gives.\n\n"
		"  --ground GROUND   unidentified (Art. 11, 12(2)), unfounded or excessive (Art. 12(5)),\n"
		"                    exception (what the Article itself excepts), balancing (Art. 21(1))\n"
		"  --agree           as a second person, that the request is excessive\n\n"
		"Example:  dsar refuse 2026-0001 --ground unidentified <reasons.txt\n"),
		stdout);
}

static bool
ground_is(const char *word)
{
	for (size_t i = 0; i < sizeof(grounds) / sizeof(grounds[0]); i++)
		if (word && strcmp(word, grounds[i]) == 0)
			return true;
	return false;
}

static int
forbidden(struct session *s, const struct case_file *c, const char *what, const char *todo,
	struct err *e)
{
	return case_forbid(s->registry, c->number, "ground", s->now_us, what, todo, e);
}

int
case_refuse(struct session *s, struct case_file *c, const char *ground, bool part, json_t *event,
	struct err *e)
{
	if (!event)
		return err_memory(e);
	if ((!part && case_change(s->registry, c, "refused = 1", e) < 0) ||
		registry_record(s->registry, c->number, "case",
			json_pack("{s:s, s:s, s:b}", "what", "refused", "ground", ground, "part",
				part),
			s->now_us, e) < 0) {
		json_decref(event);
		return -1;
	}
	return case_event(s->registry, c->number, "refusal", event, s->now_us, e);
}

static json_t *
event_of(const struct asked *a)
{
	return json_pack("{s:s, s:s%, s:b, s:i}", "ground", a->ground, "reasons", a->reasons.p,
		a->reasons.len, "part", a->part, "by", (int)case_who());
}

static int
refuse_act(void *ctx, struct case_file *c, struct err *e)
{
	struct asked *a = ctx;
	struct session *s = a->s;
	json_t *event;

	if (case_guard(s->registry, c, CASE_NEEDS_OPEN, s->now_us, e) < 0)
		return -1;
	if (c->state >= CASE_ANSWERED)
		return forbidden(s, c, N_("the case is answered already"), NULL, e);
	if (c->article == ARTICLE_WITHDRAWAL && strcmp(a->ground, "unidentified") != 0)
		return forbidden(s, c, N_("a withdrawal of consent cannot be refused"),
			N_("Article 7(3) knows no exception"), e);
	if (strcmp(a->ground, "balancing") == 0 && c->article != ARTICLE_OBJECTION)
		return forbidden(
			s, c, N_("only an objection is balanced"), N_("give another ground"), e);
	event = event_of(a);
	if (strcmp(a->ground, "excessive") != 0)
		return case_refuse(s, c, a->ground, a->part, event, e);
	if (!event)
		return err_memory(e);
	if (registry_record(s->registry, c->number, "case",
		    json_pack("{s:s}", "what", "refusal proposed"), s->now_us, e) < 0) {
		json_decref(event);
		return -1;
	}
	return case_event(s->registry, c->number, "refusal-asked", event, s->now_us, e);
}

/* The newest proposal that nobody has agreed to. */
static int
see_proposal(void *ctx, const char *kind, int64_t time_us, const json_t *data, struct err *e)
{
	json_t **newest = ctx;

	(void)time_us;
	(void)e;
	if (strcmp(kind, "refusal-asked") != 0 && strcmp(kind, "refusal") != 0)
		return 0;
	json_decref(*newest);
	*newest = strcmp(kind, "refusal") == 0 ? NULL : json_deep_copy(data);
	return 0;
}

static int
agree_to(struct session *s, struct case_file *c, json_t *proposal, struct err *e)
{
	if (!proposal)
		return forbidden(s, c, N_("nobody has proposed that"),
			N_("the first person says `dsar refuse CASE --ground excessive`"), e);
	if (json_integer_value(json_object_get(proposal, "by")) == (json_int_t)case_who())
		return forbidden(s, c, N_("this needs a second person"),
			N_("somebody else of the group sparsam-dpo has to agree"), e);
	if (json_object_set_new(proposal, "second", json_integer(case_who())) < 0)
		return err_memory(e);
	return case_refuse(s, c, "excessive", json_is_true(json_object_get(proposal, "part")),
		json_incref(proposal), e);
}

static int
agree_act(void *ctx, struct case_file *c, struct err *e)
{
	struct asked *a = ctx;
	json_t *proposal = NULL;
	int rc = case_guard(a->s->registry, c, CASE_NEEDS_OPEN, a->s->now_us, e);

	if (rc == 0)
		rc = case_events(a->s->registry, c->number, see_proposal, &proposal, e);
	if (rc == 0)
		rc = agree_to(a->s, c, proposal, e);
	json_decref(proposal);
	return rc;
}

int
refuse_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct asked a = { .s = s };
	const struct option_to table[] = {
		{ "ground", 0, &a.ground, NULL },
		{ "part", 0, NULL, &a.part },
		{ "agree", 0, NULL, &a.agree },
	};
	int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);

	if (rc > 0)
		return 0;
	if (rc < 0 || argc - optind != 1 || a.agree == (a.ground != NULL))
		return usage_fail(_("refuse takes the number of a case, and --ground or --agree"));
	if (a.agree)
		return case_within(s->registry, argv[optind], agree_act, &a, e);
	if (!ground_is(a.ground))
		return usage_fail(_(
			"--ground is unidentified, unfounded, excessive, exception or balancing"));
	rc = given_text("-", &a.reasons, e);
	if (rc == 0)
		rc = case_within(s->registry, argv[optind], refuse_act, &a, e);
	if (rc == 0 && strcmp(a.ground, "excessive") == 0)
		fprintf(stderr, "dsar: %s\n", _("a second person has to agree with --agree"));
	buf_wipe(&a.reasons);
	return rc;
}
