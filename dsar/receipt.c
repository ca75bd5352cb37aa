/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/receipt.h"

#include <libintl.h>

#include "base/lang.h"
#include "dsar/letter.h"
#include "dsar/mail_compose.h"
#include "dsar/registry.h"
#include "dsar/session.h"
#include "dsar/template.h"
#include "record/day.h"

#define _(text) gettext(text)

static int
put_day(struct places *p, const char *name, int32_t day, struct err *e)
{
	char text[DAY_TEXT_MAX];

	(void)day_format(day, text);
	return place_put(p, name, span_str(text), e);
}

static int
fill(struct session *s, const struct case_file *c, struct places *p, struct err *e)
{
	static const char *const names[] = { "controller", "address", "dpo", "name", "case",
		"right", "request_day", "due_day", "today" };

	if (places_init(p, names, sizeof(names) / sizeof(names[0]), e) < 0)
		return -1;
	for (size_t i = 0; i < s->conf->address.n; i++)
		if (place_put(p, "address", span_str(s->conf->address.v[i]), e) < 0)
			return -1;
	if (place_put(p, "controller", span_str(s->conf->controller), e) < 0 ||
		place_put(p, "dpo", span_str(s->conf->dpo), e) < 0 ||
		place_put(p, "case", span_str(c->number), e) < 0 ||
		place_put(p, "right", span_str(_(article_name(c->article))), e) < 0 ||
		put_day(p, "request_day", c->received_day, e) < 0 ||
		put_day(p, "due_day", c->due_day, e) < 0)
		return -1;
	return put_day(p, "today", day_local(s->now_us), e);
}

static int
write_letter(struct session *s, const struct case_file *c, struct letter *l, struct buf *text,
	struct err *e)
{
	struct places p = { 0 };
	int rc;

	(void)lang_init(c->lang, e); /* "de" or "en": known */
	rc = fill(s, c, &p, e);
	if (rc == 0)
		rc = template_read(s->conf, "receipt", &p, l, e);
	if (rc == 0)
		rc = letter_text(l, text, e);
	places_release(&p);
	(void)lang_init(s->lang, NULL);
	return rc;
}

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
	int rc;

	letter_init(&l, c->lang, s->now_us);
	rc = write_letter(s, c, &l, &text, e);
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
