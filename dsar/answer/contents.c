/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/answer/contents.h"

#include <libintl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/lang.h"
#include "dsar/review/blacken.h"
#include "dsar/case/deadline.h"
#include "dsar/subject/identifier.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"
#include "dsar/subject/subject.h"

#define _(text) gettext(text)

static const char *const names[] = { "case", "today", "request_day", "due_day", "new_due_day",
	"name", "controller", "address", "dpo", "authority", "right", "mark", "key", "questions",
	"reasons", "stores", "searched", "not_searched", "kinds", "keys_gone", "blackened",
	"excluded", "backups", "purposes", "categories", "recipients", "periods", "sources",
	"automated", "third_countries", "done", "done_day", "kept", "not_done", "backups_until",
	"restricted", "changed", "certificate", "recipient", "recipient_address", "what",
	"searched_again", "ledger_seq", "ledger_head" };

/* What the program spoke before: gettext heeds the environment, which lang_init() changes. */
static char *said, *locale;

void
letter_speak(const char *lang)
{
	const char *language = getenv("LANGUAGE");

	if (lang) {
		free(said);
		free(locale);
		said = language ? strdup(language) : NULL;
		locale = strdup(setlocale(LC_MESSAGES, NULL));
		(void)lang_init(lang, NULL); /* of the two that there are */
		return;
	}
	if (said)
		(void)setenv("LANGUAGE", said, 1);
	else
		(void)unsetenv("LANGUAGE");
	if (locale)
		(void)setlocale(LC_MESSAGES, locale);
	free(said);
	free(locale);
	said = locale = NULL;
}

void
contents_day(const char *lang, int32_t day, char ret[CONTENTS_DAY_MAX])
{
	static const char *const months[][12] = {
		{ "January", "February", "March", "April", "May", "June", "July", "August",
			"September", "October", "November", "December" },
		{ "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August",
			"September", "Oktober", "November", "Dezember" },
	};
	const bool german = strcmp(lang, "de") == 0;
	const time_t t = (time_t)day * 86400;
	struct tm tm;

	(void)gmtime_r(&t, &tm);
	(void)snprintf(ret, CONTENTS_DAY_MAX, german ? "%d. %s %d" : "%d %s %d", tm.tm_mday,
		months[german][tm.tm_mon], tm.tm_year + 1900);
}

/* As a letter says it: "access (Art. 15 GDPR)". */
static const char *
right_of(enum article a)
{
	switch (a) {
	case ARTICLE_WITHDRAWAL:
		return _("withdrawal of consent (Art. 7(3) GDPR)");
	case ARTICLE_ACCESS:
		return _("access (Art. 15 GDPR)");
	case ARTICLE_RECTIFICATION:
		return _("rectification (Art. 16 GDPR)");
	case ARTICLE_ERASURE:
		return _("erasure (Art. 17 GDPR)");
	case ARTICLE_RESTRICTION:
		return _("restriction of processing (Art. 18 GDPR)");
	case ARTICLE_PORTABILITY:
		return _("data portability (Art. 20 GDPR)");
	case ARTICLE_OBJECTION:
		return _("objection (Art. 21 GDPR)");
	}
	return "";
}

static int
put_day(struct places *p, const char *name, const char *lang, int32_t day, struct err *e)
{
	char text[CONTENTS_DAY_MAX];

	contents_day(lang, day, text);
	return place_put(p, name, span_str(text), e);
}

static int
put_dates(struct session *s, const struct case_file *c, struct places *p, struct err *e)
{
	if (put_day(p, "today", c->lang, day_local(s->now_us), e) < 0 ||
		put_day(p, "request_day", c->lang, c->received_day, e) < 0)
		return -1;
	if (put_day(p, "due_day", c->lang,
		    deadline_due(c->received_day,
			    c->extended ? DEADLINE_MONTHS_EXTENDED : DEADLINE_MONTHS,
			    s->conf->land),
		    e) < 0)
		return -1;
	return put_day(p, "new_due_day", c->lang,
		deadline_due(c->received_day, DEADLINE_MONTHS_EXTENDED, s->conf->land), e);
}

static int
put_controller(const struct conf *c, struct places *p, struct err *e)
{
	if (place_put(p, "controller", span_str(c->controller), e) < 0 ||
		place_put(p, "dpo", span_str(c->dpo), e) < 0 ||
		place_put(p, "authority", span_str(c->authority), e) < 0 ||
		place_put(p, "mark", SPAN(BLACKEN_MARK), e) < 0)
		return -1;
	for (size_t i = 0; i < c->address.n; i++)
		if (place_put(p, "address", span_str(c->address.v[i]), e) < 0)
			return -1;
	return 0;
}

/* The name that the person gave; there may be none. */
static int
put_name(struct session *s, const struct case_file *c, struct places *p, struct err *e)
{
	struct subject who = { 0 };
	int rc = subject_read(s->registry, c->number, &who, e);

	for (size_t i = 0; i < who.n && rc == 0 && !place_has(p, "name"); i++)
		if (who.v[i].parent == 0 && who.v[i].own &&
			identifier_class(who.v[i].kind) == IDENTIFIER_NAME)
			rc = place_put(p, "name", who.v[i].value, e);
	subject_release(&who);
	return rc;
}

int
contents_init(struct session *s, const struct case_file *c, struct places *ret, struct err *e)
{
	if (places_init(ret, names, sizeof(names) / sizeof(names[0]), e) < 0)
		return -1;
	if (place_put(ret, "case", span_str(c->number), e) < 0 ||
		place_put(ret, "right", span_str(right_of(c->article)), e) < 0 ||
		put_controller(s->conf, ret, e) < 0 || put_dates(s, c, ret, e) < 0 ||
		put_name(s, c, ret, e) < 0) {
		places_release(ret);
		return -1;
	}
	return 0;
}
