/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Restriction (GDPR Art. 18): a hold of the case's finds, without an end. What obeys holds obeys it: retention does
 * not delete these records, another case's erasure keeps them and names it, an export leaves them out. It is
 * lifted only after the person was told (Art. 18(3)), by the account of the case.
 */
#include <getopt.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/options.h"
#include "dsar/case.h"
#include "dsar/command.h"
#include "dsar/find.h"
#include "dsar/held.h"
#include "dsar/registry.h"
#include "dsar/session.h"
#include "evidence/hold.h"

#define _(text) gettext(text)

#define REASON "restriction (Art. 18 GDPR)"

struct restricting {
	struct session *s;
	struct case_file c;
	struct held held;
	bool told; /* the person, that it is going to be lifted */
};

/* --- what is restricted ----------------------------------------------------------------------- */

static int
see_find(void *ctx, const struct find *f, struct err *e)
{
	struct restricting *g = ctx;

	(void)e;
	if (f->decision != FIND_EXCLUDE)
		held_add(&g->held, f->store, f->digest);
	return 0;
}

/* One change of the case's account, announced and confirmed. */
static int
account(struct restricting *g, const char *what, uint64_t hold, struct err *e)
{
	struct registry *r = g->s->registry;
	json_t *d = json_pack("{s:s, s:I}", "what", what, "hold", (json_int_t)hold);
	json_t *copy = json_deep_copy(d);
	int rc;

	if (registry_begin(r, e) < 0) {
		json_decref(d);
		json_decref(copy);
		return -1;
	}
	rc = registry_record(r, g->c.number, "restriction", d, g->s->now_us, e);
	if (rc == 0)
		rc = case_event(r, g->c.number, "restriction", copy, g->s->now_us, e);
	else
		json_decref(copy);
	return registry_end(r, rc, e);
}

static int
restrict_now(struct restricting *g, struct err *e)
{
	uint64_t id = held_find(g->s, g->c.number, REASON);

	if (id != 0)
		return err_fail(
			e, EX_NOPERM, 0, N_("it is restricted already"), NULL, "%s", g->c.number);
	if (held_count(&g->held) == 0)
		return err_fail(e, EX_USAGE, 0, N_("there is nothing to restrict"),
			N_("search, and look at what was found"), "%s", g->c.number);
	if (held_keep(g->s, &g->held, g->c.number, REASON, HOLD_FOR_EVER, &id, e) < 0)
		return -1;
	return account(g, "restricted", id, e);
}

static int
restrict_case(struct restricting *g, struct err *e)
{
	struct session *s = g->s;
	int rc;

	if (case_guard(s->registry, &g->c, CASE_NEEDS_OPEN | CASE_NEEDS_VERIFIED, s->now_us, e) < 0)
		return -1;
	rc = held_init(&g->held, s->conf, e);
	if (rc == 0)
		rc = finds_each(s->registry, g->c.number, NULL, see_find, g, e);
	if (rc == 0)
		rc = restrict_now(g, e);
	if (rc == 0 && !s->out.json)
		printf(_("%zu records are restricted\n"), held_count(&g->held));
	held_release(&g->held);
	return rc;
}

/* --- and is not any more ---------------------------------------------------------------------- */

static int
see_event(void *ctx, const char *kind, int64_t time_us, const json_t *data, struct err *e)
{
	struct restricting *g = ctx;
	const char *what = json_string_value(json_object_get(data, "what"));

	(void)time_us;
	(void)e;
	if (strcmp(kind, "restriction") == 0 && what)
		g->told = strcmp(what, "told") == 0;
	return 0;
}

static int
lift(struct restricting *g, struct err *e)
{
	const uint64_t id = held_find(g->s, g->c.number, REASON);

	if (id == 0)
		return err_fail(
			e, EX_USAGE, 0, N_("it is not restricted"), NULL, "%s", g->c.number);
	if (case_events(g->s->registry, g->c.number, see_event, g, e) < 0)
		return -1;
	if (!g->told) {
		if (registry_record(g->s->registry, g->c.number, "refusal",
			    json_pack("{s:s}", "needs", "notice"), g->s->now_us, e) < 0)
			return -1;
		return err_fail(e, EX_NOPERM, 0,
			N_("the person has to be told before a restriction is lifted"),
			N_("tell her, then say `dsar restrict CASE --told`"), "%s", g->c.number);
	}
	if (account(g, "lifted", id, e) < 0)
		return -1;
	return held_end_all(g->s, g->c.number, REASON, e);
}

static int
told(struct restricting *g, struct err *e)
{
	const uint64_t id = held_find(g->s, g->c.number, REASON);

	if (id == 0)
		return err_fail(
			e, EX_USAGE, 0, N_("it is not restricted"), NULL, "%s", g->c.number);
	return account(g, "told", id, e);
}

static void
help(void)
{
	fputs(_("Usage: dsar restrict CASE [--told | --lift]\n"
		"Restricts what was found: nobody deletes, uses or exports it.\n\n"
		"  --told  the person was told that it is going to be lifted\n"
		"  --lift  lift it, after that\n"),
		stdout);
}

int
restrict_main(struct session *s, int argc, char **argv, struct err *e)
{
	bool is_told = false, is_lifted = false;
	struct restricting g = { .s = s };
	const struct option_to table[] = {
		{ "told", 0, NULL, &is_told },
		{ "lift", 0, NULL, &is_lifted },
	};
	int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);

	if (rc != 0)
		return rc > 0 ? 0 : usage_fail(_("unknown option, or its value is missing"));
	if (argc - optind != 1 || (is_told && is_lifted))
		return usage_fail(_("restrict takes a case"));
	if (case_get(s->registry, argv[optind], &g.c, e) < 0)
		return -1;
	return is_told ? told(&g, e) : is_lifted ? lift(&g, e) : restrict_case(&g, e);
}
