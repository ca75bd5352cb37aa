/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * dsar object: notes an objection and restricts the finds meanwhile; then the officer's decision.
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
#include "dsar/act/objection.h"
#include "dsar/register/registry.h"
#include "dsar/act/restriction.h"
#include "dsar/session.h"

#define _(text) gettext(text)

struct objecting {
	struct session *s;
	const char *number;
	bool marketing, uphold, reject;
	struct objection objection;
	struct buf reasons; /* of the rejection */
};

static int
forbidden(struct objecting *g, const char *needs, const char *what, const char *todo, struct err *e)
{
	return case_forbid(g->s->registry, g->number, needs, g->s->now_us, what, todo, e);
}

/* Announced, and on the case's account. EVENT is given away. */
static int
account(struct objecting *g, struct case_file *c, enum objection_state to, json_t *event,
	struct err *e)
{
	struct registry *r = g->s->registry;

	if (!event)
		return err_memory(e);
	if (registry_record(r, c->number, "objection",
		    json_pack(
			    "{s:s, s:i}", "what", objection_state_name(to), "by", (int)case_who()),
		    g->s->now_us, e) < 0) {
		json_decref(event);
		return -1;
	}
	g->objection.state = to;
	return case_event(r, c->number, "objection", event, g->s->now_us, e);
}

static json_t *
event_of(const struct objecting *g, enum objection_state to)
{
	return json_pack("{s:s, s:s, s:i}", "what", objection_state_name(to), "kind",
		g->objection.marketing ? "marketing" : "grounds", "by", (int)case_who());
}

/* Compelling legitimate grounds which override her interests, or legal claims (Art. 21(1)): the case is refused, as by
 * `dsar refuse --ground balancing`, and the refusal's letter says why. */
static int
reject(struct objecting *g, struct case_file *c, struct err *e)
{
	json_t *event;

	if (g->objection.marketing)
		return forbidden(g, "marketing",
			N_("an objection against direct marketing cannot be rejected"),
			N_("Article 21(3) knows no exception: uphold it"), e);
	if (account(g, c, OBJECTION_REJECTED, event_of(g, OBJECTION_REJECTED), e) < 0)
		return -1;
	event = json_pack("{s:s, s:s%, s:b, s:i}", "ground", "balancing", "reasons", g->reasons.p,
		g->reasons.len, "part", 0, "by", (int)case_who());
	return case_refuse(g->s, c, "balancing", false, event, e);
}

static int
decide(struct objecting *g, struct case_file *c, struct err *e)
{
	if (g->objection.state == OBJECTION_NONE)
		return forbidden(g, "objection", N_("the objection is not noted yet"),
			N_("say `dsar object CASE`"), e);
	if (g->objection.state != OBJECTION_NOTED)
		return forbidden(g, "objection", N_("the objection is decided already"), NULL, e);
	if (g->reject)
		return reject(g, c, e);
	return account(g, c, OBJECTION_UPHELD, event_of(g, OBJECTION_UPHELD), e);
}

static int
act(void *ctx, struct case_file *c, struct err *e)
{
	struct objecting *g = ctx;

	if (c->article != ARTICLE_OBJECTION)
		return forbidden(g, "article", N_("this case is no objection"),
			N_("open one with `dsar case new --article 21`"), e);
	if (case_guard(g->s->registry, c, CASE_NEEDS_OPEN | CASE_NEEDS_VERIFIED, g->s->now_us, e) <
			0 ||
		objection_read(g->s->registry, c->number, &g->objection, e) < 0)
		return -1;
	if (g->uphold || g->reject)
		return decide(g, c, e);
	if (g->objection.state != OBJECTION_NONE) /* said again, to restrict what was found since */
		return 0;
	g->objection.marketing = g->marketing;
	return account(g, c, OBJECTION_NOTED, event_of(g, OBJECTION_NOTED), e);
}

/* Art. 18(1)(d). Before a search there is nothing; what is not decided stays so until it is. */
static int
restrict_meanwhile(struct objecting *g, struct err *e)
{
	struct case_file c;
	size_t n = 0;
	int rc = case_get(g->s->registry, g->number, &c, e);

	if (rc == 0 && g->objection.state == OBJECTION_NOTED)
		rc = restriction_begin(g->s, &c, &n, e);
	if (rc < 0)
		return -1;
	print_begin(&g->s->out);
	print_str(&g->s->out, "case", span_str(g->number));
	print_str(&g->s->out, "objection", span_str(objection_state_name(g->objection.state)));
	print_int(&g->s->out, "restricted", (int64_t)n);
	print_end(&g->s->out);
	if (g->s->out.json)
		return 0;
	if (rc == 1)
		puts(_("Noted. Nothing was found yet: search, then say it again, so that it is restricted."));
	else
		printf(_("%zu records are restricted\n"), n);
	return 0;
}

static void
tell_decision(const struct objecting *g)
{
	struct print *p = &g->s->out;

	print_begin(p);
	print_str(p, "case", span_str(g->number));
	print_str(p, "objection", span_str(objection_state_name(g->objection.state)));
	print_end(p);
	if (p->json)
		return;
	if (g->uphold)
		puts(_("Upheld. What is to go is erased by this case's own plan: `dsar erase CASE`."));
	else
		puts(_("Rejected. Write the refusal with `dsar letter CASE refusal`; tell her before the "
		       "restriction is lifted."));
}

static void
help(void)
{
	fputs(_("Usage: dsar object CASE [--marketing]\n"
		"       dsar object CASE --uphold | --reject\n"
		"Notes an objection (Art. 21), and restricts what was found until it is decided.\n\n"
		"  --marketing  it is against direct marketing, and cannot be rejected\n"
		"  --uphold     it is right: `dsar erase CASE` then erases\n"
		"  --reject     compelling grounds override it, or legal claims: they are read from\n"
		"               standard input, and the letter of refusal gives them\n\n"
		"Example:  dsar object 2026-0001 --reject <grounds.txt\n"),
		stdout);
}

int
object_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct objecting g = { .s = s };
	const struct option_to table[] = {
		{ "marketing", 0, NULL, &g.marketing },
		{ "uphold", 0, NULL, &g.uphold },
		{ "reject", 0, NULL, &g.reject },
	};
	int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);

	if (rc != 0)
		return rc > 0 ? 0 : usage_fail(_("unknown option, or its value is missing"));
	if (argc - optind != 1 || g.marketing + g.uphold + g.reject > 1)
		return usage_fail(_("object takes a case, and one option"));
	g.number = argv[optind];
	if (g.reject)
		rc = given_text("-", &g.reasons, e);
	if (rc == 0)
		rc = case_within(s->registry, g.number, act, &g, e);
	if (rc == 0 && !g.uphold && !g.reject)
		rc = restrict_meanwhile(&g, e);
	else if (rc == 0)
		tell_decision(&g);
	buf_wipe(&g.reasons);
	return rc;
}
