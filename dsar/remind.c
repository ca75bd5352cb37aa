/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * remind.c - dsar remind: dates that come near, mail that did not arrive, keys that end
 *
 * What it says, and mails, are case numbers and dates: such a mail goes in clear.
 */
#include <getopt.h>
#include <libintl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/conf/conf.h"
#include "base/options.h"
#include "dsar/command.h"
#include "dsar/openpgp/key_state.h"
#include "dsar/mail/mail_compose.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"
#include "record/key/day.h"

#define _(text) gettext(text)

#define SOON_US  (INT64_C(30) * 86400 * 1000000)
#define TEXT_MAX (1u << 20)

struct reminding {
	struct session *s;
	struct buf text;
	unsigned n;
	const char *action;           /* of the newest report about a mail of the case */
	char letter[CASE_NUMBER_MAX]; /* whose key was looked at last */
};

static void
help(void)
{
	fputs(_("Usage: dsar remind [--mail]\n"
		"Says what waits: cases whose date comes near, mail that could not be delivered, keys that\n"
		"have ended or end within 30 days. Exit status 1: something does.\n\n"
		"  --mail   mails it to the data protection officer (`dpo` in sparsam.conf) as well: case\n"
		"           numbers and dates, nothing else\n\n"
		"Example:  dsar remind\n"),
		stdout);
}

/* One line of it: NUMBER may be "", DAY NULL. */
static void
put(struct reminding *g, const char *number, const char *kind, const char *what, const char *day)
{
	struct print *o = &g->s->out;

	g->n++;
	buf_printf(&g->text, "%-10s  %s%s%s\n", *number ? number : "-", what, day ? " " : "",
		day ? day : "");
	print_begin(o);
	print_str(o, "case", span_str(number));
	print_str(o, "waits", span_str(kind));
	if (day)
		print_str(o, "day", span_str(day));
	print_end(o);
}

static int
see_key(void *ctx, const char *number, const struct openpgp_key *k, struct err *e)
{
	struct reminding *g = ctx;
	const bool ends = k->expires_us && k->expires_us < g->s->now_us + SOON_US;
	char day[DAY_TEXT_MAX];

	(void)e;
	if (k->fault != KEY_USABLE)
		put(g, number ? number : "", "key",
			number ? _("her key cannot be used any more: ask her for another one")
			       : _("our own key cannot be used any more"),
			NULL);
	else if (ends) {
		(void)day_format(day_local(k->expires_us), day);
		put(g, number ? number : "", "key",
			number ? _("her key ends on") : _("our own key ends on"), day);
	}
	return 0;
}

static int
see_event(void *ctx, const char *kind, int64_t time_us, const json_t *data, struct err *e)
{
	struct reminding *g = ctx;
	const char *action = json_string_value(json_object_get(data, "action"));

	(void)time_us;
	(void)e;
	if (strcmp(kind, "delivery") == 0 && action)
		g->action = strcmp(action, "failed") == 0 ? "failed" : "";
	return 0;
}

static int
see_case(void *ctx, const struct case_file *c, struct err *e)
{
	struct reminding *g = ctx;
	const enum case_light light = case_light(c, day_local(g->s->now_us));
	char day[DAY_TEXT_MAX];

	if (c->state >= CASE_CLOSED)
		return 0;
	if (c->state < CASE_ANSWERED && light != LIGHT_GREEN) {
		(void)day_format(c->due_day, day);
		put(g, c->number, "date",
			light == LIGHT_RED ? _("the answer was due by") : _("the answer is due by"),
			day);
	}
	g->action = "";
	if (case_events(g->s->registry, c->number, see_event, g, e) < 0)
		return -1;
	if (*g->action)
		put(g, c->number, "undelivered", _("a mail to the person could not be delivered"),
			NULL);
	if (strcmp(c->correspondence, g->letter) == 0)
		return 0;
	(void)snprintf(g->letter, sizeof(g->letter), "%s", c->correspondence);
	return key_state_of(g->s, c, see_key, g, e);
}

static int
send(struct reminding *g, struct err *e)
{
	const struct conf *c = g->s->conf;
	const struct mail_draft m = { .sendmail = c->sendmail,
		.from = c->request_mail,
		.to = span_str(c->dpo),
		.in_reply_to = SPAN_NONE,
		.subject = _("Requests of people: what waits"),
		.text = span_of(g->text.p, g->text.len),
		.attached = -1,
		.now_us = g->s->now_us };

	return mail_send_clear(&m, e);
}

int
remind_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct reminding g = { .s = s, .text = { .max = TEXT_MAX } };
	bool mail = false;
	const struct option_to table[] = { { "mail", 0, NULL, &mail } };
	int rc = options_take(argc, argv, table, 1, help);

	if (rc > 0)
		return 0;
	if (rc < 0 || optind < argc)
		return usage_fail(_("remind takes --mail, and nothing else"));
	if (mail && (!s->conf->request_mail || !strchr(s->conf->dpo, '@')))
		return err_fail(e, EX_CONFIG, 0, N_("there is no address for mail"),
			N_("set `mail` in the section dsar, and `dpo` to an address"), NULL);
	rc = key_state_own(s, see_key, &g, e);
	if (rc == 0)
		rc = cases_each(s->registry, see_case, &g, e);
	if (rc == 0 && g.text.failed)
		rc = err_memory(e);
	if (rc == 0 && !s->out.json)
		(void)fwrite(g.text.p, 1, g.text.len, stdout);
	if (rc == 0 && mail && g.n > 0)
		rc = send(&g, e);
	buf_release(&g.text);
	return rc < 0 ? -1 : g.n > 0;
}
