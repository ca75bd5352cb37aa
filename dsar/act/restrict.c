/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * dsar restrict. It is lifted only after the person was told (Art. 18(3)), by the account of the case.
 */
#include <getopt.h>
#include <libintl.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/options.h"
#include "dsar/case/case.h"
#include "dsar/command.h"
#include "dsar/register/registry.h"
#include "dsar/act/restriction.h"
#include "dsar/session.h"

#define _(text) gettext(text)

static int
restrict_case(struct session *s, const struct case_file *c, struct err *e)
{
	size_t n;
	int rc = case_guard(s->registry, c, CASE_NEEDS_OPEN | CASE_NEEDS_VERIFIED, s->now_us, e);

	if (rc == 0)
		rc = restriction_begin(s, c, &n, e);
	if (rc == 1)
		return err_fail(e, EX_USAGE, 0, N_("there is nothing to restrict"),
			N_("search, and look at what was found"), "%s", c->number);
	if (rc == 0 && !s->out.json)
		printf(_("%zu records are restricted\n"), n);
	return rc;
}

static int
lift(struct session *s, const struct case_file *c, struct err *e)
{
	bool told;

	if (restriction_told(s->registry, c->number, &told, e) < 0)
		return -1;
	if (told)
		return restriction_lift(s, c->number, e);
	return case_forbid(s->registry, c->number, "notice", s->now_us,
		N_("the person has to be told before a restriction is lifted"),
		N_("tell her, then say `dsar restrict CASE --told`"), e);
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
	struct case_file c;
	const struct option_to table[] = {
		{ "told", 0, NULL, &is_told },
		{ "lift", 0, NULL, &is_lifted },
	};
	int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);

	if (rc != 0)
		return rc > 0 ? 0 : usage_fail(_("unknown option, or its value is missing"));
	if (argc - optind != 1 || (is_told && is_lifted))
		return usage_fail(_("restrict takes a case"));
	if (case_get(s->registry, argv[optind], &c, e) < 0)
		return -1;
	if (!is_told && !is_lifted)
		return restrict_case(s, &c, e);
	if (!restriction_is(s, c.number))
		return err_fail(e, EX_USAGE, 0, N_("it is not restricted"), NULL, "%s", c.number);
	return is_told ? restriction_note(s, c.number, "told", e) : lift(s, &c, e);
}
