/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * letter_command.c - dsar letter
 */
#include <getopt.h>
#include <libintl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/options.h"
#include "dsar/command.h"
#include "dsar/given.h"
#include "dsar/answer/letter_case.h"
#include "dsar/case/made.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"

#define _(text) gettext(text)

struct asked {
	struct session *s;
	const struct letter_kind *kind;
	const char *from, *to, *form;
	struct buf lines, letter;
};

static void
help(void)
{
	fputs(_("Usage: dsar letter CASE KIND [--from FILE|-] [--form text|html|pdf] [--to FILE]\n"
		"Writes a letter to the person in the language of the case, and puts its hash on record.\n"
		"KIND is receipt, question, key, extension, refusal (these need no verified identity),\n"
		"nothing, access, portability, erasure, restriction, rectification or objection.\n\n"
		"  --from   lines of your own: what is asked, the reasons, what was changed\n"
		"  --form   text (the default), html, pdf\n"
		"  --to     a file that is not there yet; without it: standard output\n\n"
		"Example:  dsar letter 2026-0001 receipt --form pdf --to receipt.pdf\n"),
		stdout);
}

static int
make(struct asked *a, const struct case_file *c, struct err *e)
{
	struct letter l = { 0 };
	int rc = letter_write(a->s, c, a->kind, span_of(a->lines.p, a->lines.len), &l, e);

	buf_init(&a->letter, LETTER_MAX);
	if (rc == 0)
		rc = letter_as(&l, a->form, &a->letter, e);
	letter_release(&l);
	return rc;
}

static int
act(void *ctx, struct case_file *c, struct err *e)
{
	struct asked *a = ctx;
	struct registry *r = a->s->registry;
	char what[32], hash[SHA256_HEX];

	if (case_guard(r, c, a->kind->needs, a->s->now_us, e) < 0 || make(a, c, e) < 0)
		return -1;
	(void)snprintf(what, sizeof(what), "letter %s", a->kind->name);
	sha256_hex(span_of(a->letter.p, a->letter.len), hash);
	if (made_put(r, c->number, what, hash, a->letter.len, a->s->now_us, e) < 0)
		return -1;
	if (strcmp(a->kind->name, "receipt") == 0 && c->state == CASE_RECEIVED &&
		case_move(r, c, CASE_RECEIPTED, a->s->now_us, e) < 0)
		return -1;
	return letter_save(a->to, span_of(a->letter.p, a->letter.len), e);
}

static int
run(struct asked *a, const char *number, struct err *e)
{
	int rc = a->from ? given_text(a->from, &a->lines, e) : 0;

	if (rc == 0)
		rc = case_within(a->s->registry, number, act, a, e);
	buf_wipe(&a->lines);
	buf_wipe(&a->letter);
	return rc;
}

int
letter_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct asked a = { .s = s, .form = "text" };
	const struct option_to table[] = {
		{ "from", 0, &a.from, NULL },
		{ "form", 0, &a.form, NULL },
		{ "to", 0, &a.to, NULL },
	};
	int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);

	if (rc > 0)
		return 0;
	if (rc < 0 || argc - optind != 2)
		return usage_fail(_("letter takes the number of a case, and a kind"));
	a.kind = letter_kind_find(argv[optind + 1]);
	if (!a.kind)
		return usage_fail(_("there is no letter of that kind"));
	if (strcmp(a.form, "text") != 0 && strcmp(a.form, "html") != 0 &&
		strcmp(a.form, "pdf") != 0)
		return usage_fail(_("--form is text, html or pdf"));
	if (a.kind->needs_given && !a.from)
		return usage_fail(_("this letter needs lines of yours: --from"));
	return run(&a, argv[optind], e);
}
