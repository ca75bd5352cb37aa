/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/intake/receipt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "dsar/answer/letter_case.h"
#include "dsar/mail/mail_compose.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"
#include "evidence/ledger.h"

/* All of the letter have arrived with it. */
static int
receipted(struct session *s, const struct case_file *c, struct err *e)
{
	struct case_file v[CASE_SIBLINGS_MAX];
	size_t n = 0;
	int rc;

	if (registry_begin(s->registry, e) < 0)
		return -1;
	rc = case_siblings(s->registry, c, v, &n, e);
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (v[i].state == CASE_RECEIVED)
			rc = case_move(s->registry, &v[i], CASE_RECEIPTED, s->now_us, e);
	return registry_end(s->registry, rc, e);
}

/* Sends V, or sets v->unmade. */
static int
one_send(struct session *s, struct receipt *v, struct err *e)
{
	struct letter l;
	struct buf text = { .max = LETTER_MAX };
	int rc = letter_write(s, v->c, letter_kind_find("receipt"), SPAN_NONE, &l, &v->unmade);

	if (rc == 0)
		rc = letter_text(&l, &text, &v->unmade);
	if (rc == 0) {
		const struct mail_draft m = { .sendmail = s->conf->sendmail,
			.from = s->conf->request_mail,
			.case_number = v->c->number,
			.to = v->to,
			.in_reply_to = v->in_reply_to,
			.subject = letter_title(&l),
			.text = span_of(text.p, text.len),
			.attached = -1,
			.now_us = s->now_us };

		rc = mail_send_clear(&m, e);
	}
	letter_release(&l);
	buf_wipe(&text);
	return v->unmade.exit ? -1 : rc;
}

/* --- what has left ---------------------------------------------------------------------------- */

#define SENT     "receipts.sent"
#define SENT_MAX (64u << 10)

static int
sent_open(struct session *s, int flags, struct err *e)
{
	cleanup_mem char *path = NULL;
	int fd;

	if (asprintf(&path, "%s/" SENT, registry_dir(s->registry)) < 0)
		return err_memory(e);
	fd = open(path, flags | O_NOFOLLOW | O_CLOEXEC, 0660);
	return fd >= 0 ? fd
		       : err_fail(e, EX_TEMPFAIL, errno, N_("cannot note that a receipt was sent"),
				 NULL, "%s", path);
}

/* One write: whole, or not there. */
static void
sent_note(int fd, const char *number)
{
	char line[CASE_NUMBER_MAX + 1];
	const int n = snprintf(line, sizeof(line), "%s\n", number);

	(void)!write(fd, line, (size_t)n); /* else it may be sent once more */
}

static void
sent_forget(struct session *s)
{
	cleanup_mem char *path = NULL;

	if (asprintf(&path, "%s/" SENT, registry_dir(s->registry)) >= 0)
		(void)unlink(path);
}

static int
settle_line(struct session *s, struct span line, struct err *e)
{
	char number[CASE_NUMBER_MAX];
	struct case_file c;
	int rc;

	if (line.len >= sizeof(number))
		return 0;
	memcpy(number, line.p, line.len);
	number[line.len] = '\0';
	rc = case_read(s->registry, number, &c, e);
	return rc == 0 ? receipted(s, &c, e) : rc < 0 ? -1 : 0;
}

static int
settle_lines(struct session *s, struct span text, struct err *e)
{
	const char *lf;

	while (text.len > 0 && (lf = memchr(text.p, '\n', text.len))) {
		const size_t n = (size_t)(lf - text.p);

		if (settle_line(s, span_of(text.p, n), e) < 0)
			return -1;
		text = span_from(text, n + 1);
	}
	return 0;
}

int
receipts_settle(struct session *s, struct err *e)
{
	struct err none;
	cleanup_fd int fd = sent_open(s, O_RDONLY, &none);
	char text[SENT_MAX];
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text));
	if (n < 0)
		return err_fail(e, EX_TEMPFAIL, errno, N_("cannot note that a receipt was sent"),
			NULL, SENT);
	if (registry_batch_begin(s->registry, e) < 0)
		return -1;
	if (registry_batch_end(s->registry, settle_lines(s, span_of(text, (size_t)n), e), e) < 0)
		return -1;
	sent_forget(s);
	return 0;
}

/* --- many ------------------------------------------------------------------------------------- */

/* They may have left, also where this is ended before the cases say so. */
static int
announce(struct session *s, const struct receipt *v, size_t n, struct err *e)
{
	struct ledger *l = registry_ledger(s->registry);
	int rc = ledger_begin(l, e);

	if (rc < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = registry_record(s->registry, v[i].c->number, "mail",
			json_pack("{s:s}", "what", "receipt"), s->now_us, e);
	if (rc == 0)
		rc = ledger_commit(l, e);
	if (rc < 0)
		ledger_undo(l);
	return rc;
}

/* For good, by the mail server: this mail, and no other. Without one nothing is refused. */
static bool
is_refused(const struct err *e)
{
	return e->exit == EX_UNAVAILABLE && e->errnum == 0;
}

static int
send_all(struct session *s, struct receipt *v, size_t n, size_t *ret_n, struct err *e)
{
	cleanup_fd int fd = sent_open(s, O_WRONLY | O_CREAT | O_APPEND, e);

	for (*ret_n = 0; fd >= 0 && *ret_n < n; ++*ret_n) {
		struct receipt *one = &v[*ret_n];

		one->sent = one_send(s, one, e) == 0;
		if (one->sent)
			sent_note(fd, one->c->number);
		else if (one->unmade.exit)
			continue; /* of this one alone: a letter in another language may be well */
		else if (is_refused(e))
			one->refused = *e;
		else if (e->exit !=
			 EX_DATAERR) /* else there is no address for it: the case is there */
			return -1;
	}
	return fd < 0 ? -1 : 0;
}

static int
receipted_all(struct session *s, const struct receipt *v, size_t n, struct err *e)
{
	int rc = registry_batch_begin(s->registry, e);

	if (rc < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = v[i].sent ? receipted(s, v[i].c, e) : 0;
	return registry_batch_end(s->registry, rc, e);
}

int
receipts_send(struct session *s, struct receipt *v, size_t n, size_t *ret_n, struct err *e)
{
	struct err late;
	int rc;

	*ret_n = 0;
	if (announce(s, v, n, e) < 0)
		return -1;
	rc = send_all(s, v, n, ret_n, e);
	if (receipted_all(s, v, *ret_n, &late) < 0) {
		*e = late;
		*ret_n = 0;
		return -1;
	}
	sent_forget(s);
	return rc;
}
