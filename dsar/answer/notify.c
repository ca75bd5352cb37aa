/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * notify.c - dsar notify: whom to tell, the notice, and what became of it
 */
#include <getopt.h>
#include <libintl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/conf/conf.h"
#include "base/options.h"
#include "dsar/command.h"
#include "dsar/answer/contents.h"
#include "dsar/given.h"
#include "dsar/answer/letter_case.h"
#include "dsar/case/made.h"
#include "dsar/answer/notice.h"
#include "dsar/register/registry.h"
#include "dsar/order/seal.h"
#include "dsar/session.h"

#define _(text) gettext(text)

struct asked {
	struct session *s;
	const char *recipient, *to, *form;
	bool sent, impossible, disproportionate;
	struct buf ground;
};

static void
help(void)
{
	fputs(_("Usage: dsar notify CASE\n"
		"       dsar notify CASE --recipient NAME [--form text|html|pdf] [--to FILE]\n"
		"       dsar notify CASE --recipient NAME --sent|--impossible|--disproportionate\n"
		"Tells recipients of what was rectified, erased or restricted (Art. 19): lists whom, writes\n"
		"the notice (encrypted where the recipient's key is declared), and keeps what became of it.\n"
		"Why it was impossible or disproportionate is read from standard input. Exit status 1:\n"
		"somebody is still to be told.\n\n"
		"Example:  dsar notify 2026-0002 --recipient 'Example Telefon GmbH' --form pdf --to notice.pdf\n"),
		stdout);
}

/* --- list ------------------------------------------------------------------------------------- */

struct listing {
	struct session *s;
	const struct case_file *c;
	uint64_t n_open;
};

static int
list_one(void *ctx, const struct conf_recipient *r, enum notice_state state, struct err *e)
{
	struct listing *l = ctx;
	struct print *p = &l->s->out;

	(void)e;
	l->n_open += state == NOTICE_OPEN;
	if (!p->json)
		printf("%-16s %s\n", notice_state_name(state), r->name);
	print_begin(p);
	print_str(p, "case", span_str(l->c->number));
	print_str(p, "recipient", span_str(r->name));
	print_str(p, "state", span_str(notice_state_name(state)));
	print_end(p);
	return 0;
}

static int
list(struct session *s, const char *number, struct err *e)
{
	struct case_file c;
	struct listing l = { .s = s, .c = &c };

	if (case_get(s->registry, number, &c, e) < 0 ||
		notices_each(s->conf, s->registry, &c, list_one, &l, e) < 0)
		return -1;
	return l.n_open > 0;
}

/* --- one recipient ---------------------------------------------------------------------------- */

struct looking {
	const char *name;
	const struct conf_recipient *met;
};

static int
see_one(void *ctx, const struct conf_recipient *r, enum notice_state state, struct err *e)
{
	struct looking *l = ctx;

	(void)state;
	(void)e;
	if (strcmp(r->name, l->name) == 0)
		l->met = r;
	return l->met != NULL;
}

/* A stranger's letter: the person's name is not in it, and the language is the controller's. */
static int
notice_places(struct session *s, const struct case_file *c, const struct conf_recipient *r,
	struct places *p, struct err *e)
{
	const enum conf_language lang = strcmp(c->lang, "de") == 0 ? LANG_DE : LANG_EN;
	char today[CONTENTS_DAY_MAX];

	contents_day(c->lang, day_local(s->now_us), today);
	if (contents_init(s, c, p, e) < 0)
		return -1;
	place_clear(p, "name");
	if (place_put(p, "recipient", span_str(r->name), e) < 0 ||
		place_put(p, "recipient_address", span_str(r->address), e) < 0 ||
		place_put(p, "what", span_str(*r->what[lang] ? r->what[lang] : "-"), e) < 0)
		return -1;
	return place_put(p, "done_day", span_str(today), e);
}

static int
write_notice(struct asked *a, const struct case_file *c, const struct conf_recipient *r,
	struct buf *out, struct err *e)
{
	struct places p = { 0 };
	struct letter l = { 0 };
	int rc;

	letter_speak(c->lang);
	rc = notice_places(a->s, c, r, &p, e);
	if (rc == 0)
		rc = letter_write_places(a->s, c, "notice", &p, &l, e);
	if (rc == 0)
		rc = letter_as(&l, a->form, out, e);
	places_release(&p);
	letter_release(&l);
	letter_speak(NULL);
	return rc;
}

static int
put_made(struct asked *a, const struct case_file *c, const char *what, const struct buf *b,
	struct err *e)
{
	char hash[SHA256_HEX];

	sha256_hex(span_of(b->p, b->len), hash);
	return made_put(a->s->registry, c->number, what, hash, b->len, a->s->now_us, e);
}

/* Where its key is pinned, nothing is written that others could read. Both hashes stay: of what is sent, and of what the
 * recipient has of it. */
static int
make(struct asked *a, struct case_file *c, const struct conf_recipient *r, struct err *e)
{
	struct buf out, sealed;
	int rc;

	buf_init(&out, LETTER_MAX);
	buf_init(&sealed, 2 * LETTER_MAX);
	rc = write_notice(a, c, r, &out, e);
	if (rc == 0)
		rc = put_made(a, c, "notice", &out, e);
	if (rc == 0 && *r->key) {
		rc = seal_once(r->key, r->fingerprint, span_of(out.p, out.len), &sealed, e);
		if (rc == 0)
			rc = put_made(a, c, "sealed notice", &sealed, e);
	}
	if (rc == 0)
		rc = letter_save(a->to,
			*r->key ? span_of(sealed.p, sealed.len) : span_of(out.p, out.len), e);
	buf_wipe(&out);
	buf_release(&sealed);
	return rc;
}

/* When the last one is told, the case may be closed. */
static int
keep_outcome(struct asked *a, struct case_file *c, const struct conf_recipient *r, struct err *e)
{
	const enum notice_state state = a->sent         ? NOTICE_SENT
					: a->impossible ? NOTICE_IMPOSSIBLE
							: NOTICE_DISPROPORTIONATE;
	struct registry *g = a->s->registry;
	bool due;

	if (notice_set(g, c, r, state, a->ground.len > 0 ? a->ground.p : "", a->s->now_us, e) < 0 ||
		notices_due(a->s->conf, g, c, &due, e) < 0)
		return -1;
	return due ? 0
		   : case_event(g, c->number, "notified", json_pack("{s:s}", "what", "all"),
			     a->s->now_us, e);
}

static int
act(void *ctx, struct case_file *c, struct err *e)
{
	struct asked *a = ctx;
	struct looking l = { .name = a->recipient };

	if (case_guard(a->s->registry, c, CASE_NEEDS_OPEN | CASE_NEEDS_VERIFIED, a->s->now_us, e) <
			0 ||
		notices_each(a->s->conf, a->s->registry, c, see_one, &l, e) < 0)
		return -1;
	if (!l.met)
		return err_fail(e, EX_USAGE, 0,
			N_("no recipient of that name has data of the case"),
			N_("see `dsar notify CASE`"), "%s", c->number);
	if (!a->sent && !a->impossible && !a->disproportionate)
		return make(a, c, l.met, e);
	return keep_outcome(a, c, l.met, e);
}

static int
run(struct asked *a, const char *number, struct err *e)
{
	int rc = 0;

	if (a->impossible || a->disproportionate) {
		rc = given_text("-", &a->ground, e);
		buf_char(&a->ground, '\0');
	}
	if (rc == 0)
		rc = case_within(a->s->registry, number, act, a, e);
	buf_wipe(&a->ground);
	return rc;
}

int
notify_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct asked a = { .s = s, .form = "text" };
	const struct option_to table[] = {
		{ "recipient", 0, &a.recipient, NULL },
		{ "form", 0, &a.form, NULL },
		{ "to", 0, &a.to, NULL },
		{ "sent", 0, NULL, &a.sent },
		{ "impossible", 0, NULL, &a.impossible },
		{ "disproportionate", 0, NULL, &a.disproportionate },
	};
	int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);

	if (rc > 0)
		return 0;
	if (rc < 0 || argc - optind != 1)
		return usage_fail(_("notify takes the number of a case"));
	if (a.sent + a.impossible + a.disproportionate > (a.recipient != NULL))
		return usage_fail(_("say who, with --recipient, and one outcome"));
	if (strcmp(a.form, "text") != 0 && strcmp(a.form, "html") != 0 &&
		strcmp(a.form, "pdf") != 0)
		return usage_fail(_("--form is text, html or pdf"));
	return a.recipient ? run(&a, argv[optind], e) : list(s, argv[optind], e);
}
