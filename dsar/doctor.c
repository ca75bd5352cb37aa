/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * doctor.c - dsar doctor: can a request be read, and an answer sent? configuration, keys, and the whole way of mail
 */
#include <getopt.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/conf/conf.h"
#include "base/options.h"
#include "dsar/command.h"
#include "dsar/openpgp/key_state.h"
#include "dsar/mail/probe.h"
#include "dsar/order/agent.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"
#include "record/key/day.h"

#define _(text) gettext(text)

#define SOON_US (INT64_C(30) * 86400 * 1000000)
#define WAIT_S  60
#define POLL_NS 200000000

enum severity { LOW, MEDIUM, HIGH, SEVERITIES };
static const char *const severity_names[SEVERITIES] = { N_("low"), N_("medium"), N_("high") };

struct finding {
	enum severity severity;
	const char *id, *what, *fix; /* fixed texts, N_() */
	char where[80];
};
#define FINDINGS_MAX 256

struct doctor {
	struct session *s;
	struct finding v[FINDINGS_MAX];
	size_t n;
	bool has_key; /* … of our own, usable */
};

static void
help(void)
{
	fputs(_("Usage: dsar doctor [--no-mail] [--wait SECONDS]\n"
		"Looks whether requests can be read and answers sent: configuration, our own key and those\n"
		"of people, and the way of mail, by a mail to ourselves that is encrypted, handed over,\n"
		"received by `dsar intake`, and read. Exit status 1: there are findings.\n\n"
		"  --no-mail   sends none\n"
		"  --wait      how long for it to arrive (60)\n\n"
		"Example:  dsar doctor\n"),
		stdout);
}

static void
found(struct doctor *d, enum severity severity, const char *id, const char *where, const char *what,
	const char *fix)
{
	struct finding *f = &d->v[d->n];

	if (d->n == FINDINGS_MAX)
		return;
	d->n++;
	*f = (struct finding){ .severity = severity, .id = id, .what = what, .fix = fix };
	(void)snprintf(f->where, sizeof(f->where), "%s", where);
}

/* --- configuration ---------------------------------------------------------------------------- */

static void
look_at_configuration(struct doctor *d)
{
	const struct conf *c = d->s->conf;
	struct stat st;

	if (!c->request_mail)
		found(d, MEDIUM, "no-address", "sparsam.conf",
			N_("there is no address for requests by mail"),
			N_("set `mail` in the section dsar"));
	if (!strchr(c->dpo, '@'))
		found(d, LOW, "no-officer", "sparsam.conf", N_("reminders can be mailed to nobody"),
			N_("set `dpo` to an address"));
	if (!*c->controller)
		found(d, MEDIUM, "no-controller", "sparsam.conf",
			N_("letters do not say who answers"), N_("set `controller`"));
	if (!*c->authority)
		found(d, LOW, "no-authority", "sparsam.conf",
			N_("letters do not name the supervisory authority"), N_("set `authority`"));
	if (c->request_mail && access(c->sendmail, X_OK) < 0)
		found(d, HIGH, "no-sendmail", c->sendmail,
			N_("there is no program that takes mail"),
			N_("install a mail server, or name its sendmail in the section retention"));
	if (stat(registry_dir(d->s->registry), &st) == 0 && (st.st_mode & 07) != 0)
		found(d, HIGH, "register-open", registry_dir(d->s->registry),
			N_("others than its group reach the register"),
			N_("chmod 2770 the folder"));
}

/* --- keys ------------------------------------------------------------------------------------- */

static int
see_key(void *ctx, const char *number, const struct openpgp_key *k, struct err *e)
{
	struct doctor *d = ctx;
	const char *copy = d->s->conf->own_key_copy;
	char where[80], day[DAY_TEXT_MAX] = "";

	(void)e;
	if (k->expires_us)
		(void)day_format(day_local(k->expires_us), day);
	(void)snprintf(where, sizeof(where), "%.16s %s %s", k->fpr, number ? number : "", day);
	if (k->fault != KEY_USABLE)
		found(d, number ? MEDIUM : HIGH, number ? "key-unusable" : "own-key-unusable",
			where, openpgp_fault_text(k->fault),
			number ? N_("ask the person for another one")
			       : N_("make another one, and publish it"));
	else if (k->expires_us && k->expires_us < d->s->now_us + SOON_US)
		found(d, number ? LOW : MEDIUM, number ? "key-ends" : "own-key-ends", where,
			N_("the key ends within 30 days"),
			number ? N_("ask the person for another one")
			       : N_("give it a later date, and publish it"));
	if (number)
		return 0;
	d->has_key = k->fault == KEY_USABLE;
	if (!copy || strcasecmp(copy, k->fpr) != 0)
		found(d, MEDIUM, "own-key-copy", k->fpr,
			N_("no copy of our own key is declared: without it no mail can be read again"),
			N_("keep one in a safe place, then set `key_copy` in the section dsar to its fingerprint"));
	return 0;
}

struct looking {
	struct doctor *d;
	char letter[CASE_NUMBER_MAX];
};

static int
see_case(void *ctx, const struct case_file *c, struct err *e)
{
	struct looking *l = ctx;

	if (c->state >= CASE_CLOSED || strcmp(c->correspondence, l->letter) == 0)
		return 0;
	(void)snprintf(l->letter, sizeof(l->letter), "%s", c->correspondence);
	return key_state_of(l->d->s, c, see_key, l->d, e);
}

static int
look_at_keys(struct doctor *d, struct err *e)
{
	struct looking l = { .d = d };
	const size_t before = d->n;

	if (key_state_own(d->s, see_key, d, e) < 0)
		return -1;
	if (!d->has_key && d->n == before && d->s->conf->request_mail)
		found(d, HIGH, "no-own-key", registry_dir(d->s->registry),
			N_("there is no key of our own"),
			N_("make one with `dsar key own --make`"));
	return cases_each(d->s->registry, see_case, &l, e);
}

/* --- orders on this machine ------------------------------------------------------------------- */

static int
look_at_orders(struct doctor *d, struct err *e)
{
	size_t n;

	if (agent_stuck_count(d->s->conf, &n, e) < 0)
		return -1;
	if (n > 0)
		found(d, HIGH, "order-stuck", d->s->conf->state_dir,
			N_("an order is half done, and each agent was ended by it; its case waits"),
			N_("see `dsar agent status`, mend what ended it, then say `dsar agent retry ORDER`"));
	return 0;
}

/* --- the way of mail -------------------------------------------------------------------------- */

/* 0: it was read; 1: not in time. */
static int
await(struct doctor *d, const char *token, long seconds, struct err *e)
{
	const struct timespec nap = { 0, POLL_NS };
	int rc = 1;

	for (long n = seconds * (1000000000 / POLL_NS); n >= 0 && rc > 0; n--) {
		rc = probe_seen(d->s->registry, token, e);
		if (rc > 0)
			(void)nanosleep(&nap, NULL);
	}
	return rc;
}

static int
try_mail(struct doctor *d, long seconds, struct err *e)
{
	char token[PROBE_TOKEN_MAX];
	struct err why;
	int rc = 1;

	if (probe_send(d->s, token, &why) < 0)
		found(d, HIGH, "mail-not-sent", d->s->conf->sendmail,
			N_("the mail server did not take a mail to ourselves"), N_("see its log"));
	else {
		rc = await(d, token, seconds, e);
		if (rc > 0)
			found(d, HIGH, "mail-not-read", d->s->conf->request_mail,
				N_("a mail to ourselves was handed over, and did not arrive"),
				N_("see the mail server's log, and sparsam-mail(7) for its way to `dsar intake`"));
	}
	return rc < 0 || probe_forget(d->s->registry, token, e) < 0 ? -1 : 0;
}

/* --- what was found --------------------------------------------------------------------------- */

static void
json(struct print *o, const struct finding *f)
{
	print_begin(o);
	print_str(o, "id", span_str(f->id));
	print_str(o, "severity", span_str(severity_names[f->severity]));
	print_str(o, "where", span_str(f->where));
	print_str(o, "what", span_str(_(f->what)));
	print_str(o, "fix", span_str(_(f->fix)));
	print_end(o);
}

static void
say(struct doctor *d)
{
	static const enum print_ink inks[SEVERITIES] = { INK_PLAIN, INK_YELLOW, INK_RED };
	static const char *const head[] = { N_("weight"), N_("finding"), N_("where"), N_("mend") };
	struct print *o = &d->s->out;
	struct print_table *t = o->json ? NULL : print_table_new(4);

	for (size_t i = 0; t && d->n > 0 && i < 4; i++)
		print_table_cell(t, false, "%s", _(head[i]));
	for (int severity = HIGH; severity >= LOW; severity--)
		for (size_t i = 0; i < d->n; i++) {
			const struct finding *f = &d->v[i];

			if ((int)f->severity != severity)
				continue;
			if (o->json) {
				json(o, f);
				continue;
			}
			print_table_cell(t, false, "%s", _(severity_names[f->severity]));
			print_table_ink(t, inks[f->severity]);
			print_table_cell(t, false, "%s", _(f->what));
			print_table_cell(t, false, "%s", f->where);
			print_table_cell(t, false, "%s", _(f->fix));
		}
	if (t)
		print_table_free(t, o);
}

int
doctor_main(struct session *s, int argc, char **argv, struct err *e)
{
	cleanup_mem struct doctor *d = NULL;
	const char *wait = NULL;
	bool no_mail = false;
	const struct option_to table[] = {
		{ "no-mail", 0, NULL, &no_mail },
		{ "wait", 0, &wait, NULL },
	};
	const int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);
	char *end = NULL;
	long seconds;

	if (rc > 0)
		return 0;
	seconds = wait ? strtol(wait, &end, 10) : WAIT_S;
	if (rc < 0 || optind < argc || (wait && (*end || seconds < 0 || seconds > 3600)))
		return usage_fail(_("doctor takes --no-mail and --wait SECONDS"));
	d = calloc(1, sizeof(*d));
	if (!d)
		return err_memory(e);
	d->s = s;
	look_at_configuration(d);
	if (look_at_keys(d, e) < 0 || look_at_orders(d, e) < 0)
		return -1;
	if (!no_mail && s->conf->request_mail && d->has_key && try_mail(d, seconds, e) < 0)
		return -1;
	say(d);
	if (d->n == 0 && !s->out.json)
		puts(no_mail ? _("nothing found; the way of mail was not tried")
			     : _("nothing found"));
	return d->n > 0;
}
