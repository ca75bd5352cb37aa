/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/answer_mail.h"

#include <inttypes.h>
#include <libintl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "dsar/contents.h"
#include "dsar/identity.h"
#include "dsar/mail_compose.h"
#include "dsar/openpgp.h"
#include "dsar/registry.h"
#include "dsar/session.h"

#define _(text) gettext(text)

#define WHOLE (CASE_NEEDS_OPEN | CASE_NEEDS_VERIFIED | CASE_NEEDS_SEARCHED | CASE_NEEDS_LOOKED)

struct sending {
	struct session *s;
	const char *hash, *step;
	bool again;
	int fd;
	struct case_file c;
	char fpr[FINGERPRINT_LEN + 1];
	struct buf to;
};

static int
was_made(struct sending *g, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(g->s->registry, "SELECT 1 FROM made WHERE number = ? AND sha256 = ?",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(g->c.number));
	statement_text(st, 2, span_str(g->hash));
	return registry_step(g->s->registry, st, e);
}

/* The last word on this file: "sending" alone leaves it open whether it has left. */
static int
see_step(void *ctx, const char *kind, int64_t time_us, const json_t *data, struct err *e)
{
	struct sending *g = ctx;
	const char *hash = json_string_value(json_object_get(data, "hash"));

	(void)time_us;
	(void)e;
	if (strcmp(kind, "mail") == 0 && hash && strcmp(hash, g->hash) == 0)
		g->step = strcmp(json_string_value(json_object_get(data, "what")), "sending") == 0
				  ? "sending"
				  : "";
	return 0;
}

static int
note(struct sending *g, const char *what, struct err *e)
{
	json_t *event = json_pack(
		"{s:s, s:s, s:s}", "what", what, "hash", g->hash, "fingerprint", g->fpr);

	if (!event)
		return err_memory(e);
	if (registry_record(g->s->registry, g->c.number, "mail", json_deep_copy(event),
		    g->s->now_us, e) < 0) {
		json_decref(event);
		return -1;
	}
	return case_event(g->s->registry, g->c.number, "mail", event, g->s->now_us, e);
}

static int
begin(void *ctx, struct case_file *c, struct err *e)
{
	struct sending *g = ctx;
	int rc;

	g->c = *c;
	if (case_guard(g->s->registry, c, WHOLE, g->s->now_us, e) < 0 ||
		case_address(g->s->registry, c, &g->to, e) < 0)
		return -1;
	rc = was_made(g, e);
	if (rc > 0)
		return err_fail(e, EX_DATAERR, 0,
			N_("this file was not made here for the case, or was changed since"),
			N_("make it with `dsar export` or `dsar letter`"), "%s: %.16s", c->number,
			g->hash);
	if (rc < 0)
		return -1;
	rc = identity_key(g->s->registry, c, g->fpr, e);
	if (rc > 0)
		return err_fail(e, EX_NOPERM, 0, N_("no key is confirmed for this person"),
			N_("see `dsar key`, and send her the letter `key`"), "%s", c->number);
	if (rc < 0 || case_events(g->s->registry, c->number, see_step, g, e) < 0)
		return -1;
	if (*g->step && !g->again)
		return err_fail(e, EX_NOPERM, 0, N_("it may have been sent already"),
			N_("look into the mail server's log; if it was not, add --again"), "%s",
			c->number);
	return note(g, "sending", e);
}

static int
not_sent(void *ctx, struct case_file *c, struct err *e)
{
	(void)c;
	return note(ctx, "not sent", e);
}

static int
fits(const struct sending *g, struct err *e)
{
	struct stat st;

	if (fstat(g->fd, &st) < 0 || lseek(g->fd, 0, SEEK_SET) < 0)
		return err_fail(e, EX_NOINPUT, 0, N_("cannot read what is to be sent"), NULL, NULL);
	if (mail_sealed_size((uint64_t)st.st_size) > (uint64_t)g->s->conf->request_mail_max)
		return err_fail(e, EX_DATAERR, 0, N_("the answer is too large for a mail"),
			N_("see `mail_max` in the section dsar, or give it another way"),
			"%s: %" PRIu64, g->c.number, mail_sealed_size((uint64_t)st.st_size));
	return 0;
}

static int
send_it(struct sending *g, struct err *e)
{
	CLEANUP(openpgp_freep) struct openpgp *ring = NULL;
	char name[CASE_NUMBER_MAX + 4];
	struct mail_draft m = { .sendmail = g->s->conf->sendmail,
		.from = g->s->conf->request_mail,
		.spool = registry_dir(g->s->registry),
		.case_number = g->c.number,
		.to = span_of(g->to.p, g->to.len),
		.attached = g->fd,
		.file_name = name,
		.now_us = g->s->now_us };
	int rc;

	if (openpgp_open(registry_dir(g->s->registry), g->c.correspondence, &ring, e) < 0)
		return -1;
	(void)snprintf(name, sizeof(name), "%s.zip", g->c.number);
	letter_speak(g->c.lang);
	m.subject = _("Our answer to your request");
	m.text = span_str(
		_("Our answer to your request is attached. Its letter says what it holds.\n"));
	rc = mail_send_sealed(ring, g->fpr, &m, NULL, e);
	letter_speak(NULL);
	return rc;
}

int
answer_mail(struct session *s, const char *number, int fd, const char hash[MADE_HASH_MAX],
	bool again, struct err *e)
{
	struct sending g = { .s = s, .hash = hash, .step = "", .again = again, .fd = fd };
	struct err ignored;
	int rc;

	if (!s->conf->request_mail)
		return err_fail(e, EX_CONFIG, 0, N_("there is no address for mail"),
			N_("set `mail` in the section dsar"), NULL);
	buf_init(&g.to, 1024);
	rc = case_within(s->registry, number, begin, &g, e);
	if (rc == 0) {
		rc = fits(&g, e);
		if (rc == 0)
			rc = send_it(&g, e);
		if (rc < 0)
			(void)case_within(s->registry, number, not_sent, &g, &ignored);
	}
	buf_wipe(&g.to);
	return rc;
}
