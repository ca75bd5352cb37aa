/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/mail/probe.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "base/cleanup.h"
#include "dsar/mail/mail_compose.h"
#include "dsar/register/registry-private.h"
#include "dsar/session.h"

#define LIFE_US (INT64_C(7) * 86400 * 1000000) /* one that never came is forgotten */

const char probe_schema[] =
	"CREATE TABLE probe (token TEXT PRIMARY KEY, sent_us INTEGER NOT NULL, seen_us INTEGER)"
	" STRICT;";

static int
one_text(struct registry *r, const char *sql, const char *token, int64_t us, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r, sql, &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(token));
	(void)sqlite3_bind_int64(st, 2, us);
	return registry_step(r, st, e);
}

static int
mail_it(struct session *s, const char *token, struct err *e)
{
	CLEANUP(openpgp_freep) struct openpgp *own = NULL;
	char text[160];
	const int len = snprintf(
		text, sizeof(text), "dsar doctor tries the way of mail: %s\n", token);
	const struct mail_draft m = { .sendmail = s->conf->sendmail,
		.from = s->conf->request_mail,
		.spool = registry_dir(s->registry),
		.to = span_str(s->conf->request_mail),
		.in_reply_to = SPAN_NONE,
		.subject = "dsar doctor",
		.text = span_of(text, (size_t)len),
		.attached = -1,
		.now_us = s->now_us };

	if (openpgp_open(registry_dir(s->registry), OPENPGP_OWN, &own, e) < 0)
		return -1;
	return mail_send_sealed(own, openpgp_own(own), &m, e);
}

int
probe_send(struct session *s, char ret_token[PROBE_TOKEN_MAX], struct err *e)
{
	unsigned char random[16];

	randombytes_buf(random, sizeof(random));
	(void)sodium_bin2hex(ret_token, PROBE_TOKEN_MAX, random, sizeof(random));
	if (one_text(s->registry, "DELETE FROM probe WHERE token = ?1 OR sent_us < ?2", ret_token,
		    s->now_us - LIFE_US, e) < 0 ||
		one_text(s->registry, "INSERT INTO probe (token, sent_us) VALUES (?1, ?2)",
			ret_token, s->now_us, e) < 0)
		return -1;
	return mail_it(s, ret_token, e);
}

int
probe_seen(struct registry *r, const char *token, struct err *e)
{
	return one_text(r, "SELECT 1 FROM probe WHERE token = ?1 AND seen_us > ?2", token, 0, e);
}

int
probe_forget(struct registry *r, const char *token, struct err *e)
{
	return one_text(r, "DELETE FROM probe WHERE token = ?1 AND sent_us > ?2", token, 0, e) < 0
		       ? -1
		       : 0;
}

int
probe_take(struct registry *r, const struct mail_read *read, const char *fpr, int64_t now_us,
	struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	const struct span text = mail_content(read)->text;
	char token[PROBE_TOKEN_MAX] = "";
	int rc;

	if (!read->encrypted || read->covered != COVERED_CONTENT || !read->signature.good ||
		strcmp(read->signature.fpr, fpr) != 0 || !text.p)
		return 1;
	if (registry_prepare(r, "SELECT token FROM probe", &st, e) < 0)
		return -1;
	while ((rc = registry_step(r, st, e)) == 0 && !*token)
		if (memmem(text.p, text.len, statement_str(st, 0), strlen(statement_str(st, 0))))
			(void)snprintf(token, sizeof(token), "%s", statement_str(st, 0));
	if (rc < 0 || !*token)
		return rc < 0 ? -1 : 1;
	(void)sqlite3_reset(st);
	return one_text(r, "UPDATE probe SET seen_us = ?2 WHERE token = ?1", token, now_us, e) < 0
		       ? -1
		       : 0;
}
