/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * identity_command.c - dsar identity: find out whether it is really the person
 */
#include <getopt.h>
#include <libintl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/options.h"
#include "dsar/command.h"
#include "dsar/given.h"
#include "dsar/case/identity.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"

#define _(text) gettext(text)

#define FILE_MAX (1u << 20) /* bytes of a key or a statement */

struct asked {
	struct session *s;
	const char *pin, *signature, *statement, *role, *answer_to;
	bool ask, code, check, by_hand, failed;
	struct buf first, second; /* what was read, before the register is locked */
	char code_text[CODE_TEXT_MAX], fingerprint[FINGERPRINT_LEN + 1];
};

static void
help(void)
{
	fputs(_("Usage: dsar identity CASE --pin FILE\n"
		"       dsar identity CASE --signature FILE [--statement FILE]\n"
		"       dsar identity CASE --code | --check-code | --ask | --by-hand | --failed\n"
		"       dsar identity CASE --authority representative|parent --answer-to person|representative\n"
		"Says whether it is really the person who asks, for all open cases of her letter.\n\n"
		"  --pin FILE        the OpenPGP key by which she was known before\n"
		"  --signature FILE  a statement signed clear, or the detached signature of --statement;\n"
		"                    it names the case\n"
		"  --code            prints a code once, to be sent to the address that is known of her\n"
		"  --check-code      … as she has sent it back, from standard input\n"
		"  --ask             she was asked; the doubt (standard input) is kept\n"
		"  --by-hand         the DPO knows her; the reason (standard input) is kept\n"
		"  --authority WHO   who acts for her; the authority (standard input) is kept\n\n"
		"Example:  dsar identity 2026-0001 --code\n"),
		stdout);
}

static int
signature_act(struct asked *a, const struct case_file *c, struct err *e)
{
	const struct span first = span_of(a->first.p, a->first.len);

	if (!a->statement)
		return identity_by_signature(a->s->registry, c, first, SPAN_NONE, a->s->now_us, e);
	return identity_by_signature(
		a->s->registry, c, span_of(a->second.p, a->second.len), first, a->s->now_us, e);
}

static int
authority_act(struct asked *a, const struct case_file *c, struct err *e)
{
	struct session *s = a->s;
	json_t *event = json_pack("{s:s, s:s, s:s%}", "role", a->role, "answer_to", a->answer_to,
		"text", a->first.p, a->first.len);

	if (!event)
		return err_memory(e);
	if (case_guard(s->registry, c, CASE_NEEDS_OPEN, s->now_us, e) < 0 ||
		registry_record(s->registry, c->number, "identity",
			json_pack("{s:s, s:s, s:s}", "what", "authority", "role", a->role,
				"answer_to", a->answer_to),
			s->now_us, e) < 0) {
		json_decref(event);
		return -1;
	}
	return case_event(s->registry, c->number, "authority", event, s->now_us, e);
}

static int
act(void *ctx, struct case_file *c, struct err *e)
{
	struct asked *a = ctx;
	struct session *s = a->s;
	const struct span text = span_of(a->first.p, a->first.len);

	if (a->pin)
		return identity_pin(s->registry, c, text, s->now_us, a->fingerprint, e);
	if (a->signature)
		return signature_act(a, c, e);
	if (a->code)
		return identity_code_new(s->registry, c, s->now_us, a->code_text, e);
	if (a->check)
		return identity_by_code(s->registry, c, text, s->now_us, e);
	if (a->role)
		return authority_act(a, c, e);
	return identity_set(s->registry, c,
		a->ask       ? IDENTITY_ASKED
		: a->by_hand ? IDENTITY_VERIFIED
			     : IDENTITY_FAILED,
		a->by_hand ? "hand" : "letter", a->failed ? SPAN_NONE : text, s->now_us, e);
}

/* What the act needs is read before the register is locked. */
static int
read_given(struct asked *a, struct err *e)
{
	if (a->pin)
		return given_bytes(a->pin, FILE_MAX, &a->first, e);
	if (a->signature && given_bytes(a->signature, FILE_MAX, &a->first, e) < 0)
		return -1;
	if (a->statement)
		return given_bytes(a->statement, FILE_MAX, &a->second, e);
	return a->check || a->ask || a->by_hand || a->role ? given_text("-", &a->first, e) : 0;
}

static void
tell(struct asked *a, const char *number)
{
	struct print *o = &a->s->out;

	print_begin(o);
	print_str(o, "case", span_str(number));
	if (a->code)
		print_str(o, "code", span_str(a->code_text));
	if (a->pin)
		print_str(o, "fingerprint", span_str(a->fingerprint));
	print_end(o);
	if (o->json)
		return;
	if (a->code)
		puts(a->code_text);
	if (a->pin)
		printf(_("pinned: %s\n"), a->fingerprint);
}

static int
show(struct session *s, const char *number, struct err *e)
{
	char fingerprint[FINGERPRINT_LEN + 1] = "";
	struct case_file c;

	if (case_get(s->registry, number, &c, e) < 0 ||
		identity_key(s->registry, &c, fingerprint, e) < 0)
		return -1;
	if (!s->out.json)
		printf(_("%s, pinned key: %s\n"), case_identity_name(c.identity),
			*fingerprint ? fingerprint : _("none"));
	print_begin(&s->out);
	print_str(&s->out, "case", span_str(c.number));
	print_str(&s->out, "identity", span_str(case_identity_name(c.identity)));
	print_str(&s->out, "fingerprint", span_str(fingerprint));
	print_end(&s->out);
	return 0;
}

static int
run(struct asked *a, const char *number, struct err *e)
{
	int rc = read_given(a, e);

	if (rc == 0)
		rc = case_within(a->s->registry, number, act, a, e);
	if (rc == 0)
		tell(a, number);
	buf_wipe(&a->first);
	buf_wipe(&a->second);
	explicit_bzero(a->code_text, sizeof(a->code_text));
	return rc > 0 ? err_fail(e, EX_NOPERM, 0, N_("that does not show who it is"),
				N_("it is on record; the identity stays as it was"), "%s", number)
		      : rc;
}

static bool
is_one_of(const char *word, const char *a, const char *b)
{
	return word && (strcmp(word, a) == 0 || strcmp(word, b) == 0);
}

int
identity_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct asked a = { .s = s };
	const struct option_to table[] = {
		{ "pin", 0, &a.pin, NULL },
		{ "signature", 0, &a.signature, NULL },
		{ "statement", 0, &a.statement, NULL },
		{ "authority", 0, &a.role, NULL },
		{ "answer-to", 0, &a.answer_to, NULL },
		{ "code", 0, NULL, &a.code },
		{ "check-code", 0, NULL, &a.check },
		{ "ask", 0, NULL, &a.ask },
		{ "by-hand", 0, NULL, &a.by_hand },
		{ "failed", 0, NULL, &a.failed },
	};
	const int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);
	int n;

	if (rc > 0)
		return 0;
	n = (a.pin != NULL) + (a.signature != NULL) + (a.role != NULL) + a.code + a.check + a.ask +
	    a.by_hand + a.failed;
	if (rc < 0 || argc - optind != 1 || n > 1 || (a.statement && !a.signature))
		return usage_fail(_("identity takes the number of a case and one way to find out"));
	if (a.role && (!is_one_of(a.role, "representative", "parent") ||
			      !is_one_of(a.answer_to, "person", "representative")))
		return usage_fail(_(
			"--authority is representative or parent, --answer-to person or representative"));
	return n == 0 ? show(s, argv[optind], e) : run(&a, argv[optind], e);
}
