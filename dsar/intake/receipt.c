/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/intake/receipt.h"

#include "dsar/answer/letter_case.h"
#include "dsar/mail/mail_compose.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"

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

int
receipt_send(struct session *s, const struct case_file *c, struct span to, struct span in_reply_to,
	struct err *e)
{
	struct letter l;
	struct buf text = { .max = LETTER_MAX };
	int rc = letter_write(s, c, letter_kind_find("receipt"), SPAN_NONE, &l, e);

	if (rc == 0)
		rc = letter_text(&l, &text, e);
	if (rc == 0) /* it may have left, also where this is ended before the cases say so */
		rc = registry_record(s->registry, c->number, "mail",
			json_pack("{s:s}", "what", "receipt"), s->now_us, e);
	if (rc == 0) {
		const struct mail_draft m = { .sendmail = s->conf->sendmail,
			.from = s->conf->request_mail,
			.case_number = c->number,
			.to = to,
			.in_reply_to = in_reply_to,
			.subject = letter_title(&l),
			.text = span_of(text.p, text.len),
			.attached = -1,
			.now_us = s->now_us };

		rc = mail_send_clear(&m, e);
	}
	letter_release(&l);
	buf_wipe(&text);
	return rc < 0 ? -1 : receipted(s, c, e);
}
