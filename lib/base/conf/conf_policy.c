/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/conf/conf-private.h"

#include <confuse.h>
#include <string.h>
#include <time.h>

#define YEARS_MAX 100

static const char *const languages[LANGUAGES] = { [LANG_EN] = "en", [LANG_DE] = "de" };

const char *
conf_text_of(struct conf_draft *d, cfg_t *sec, const char *option)
{
	const char *s = cfg_getstr(sec, option);

	return s ? conf_strdup(d, s) : "";
}

struct conf_list
conf_list_of(struct conf_draft *d, cfg_t *sec, const char *option)
{
	struct conf_list list = { .n = cfg_size(sec, option) };

	list.v = list.n > 0 ? conf_alloc(d, list.n * sizeof(list.v[0])) : NULL;
	if (!list.v)
		return (struct conf_list){ 0 };
	for (unsigned i = 0; i < list.n; i++)
		list.v[i] = conf_strdup(d, cfg_getnstr(sec, option, i));
	return list;
}

/* --- categories ------------------------------------------------------------------------------- */

static void
policy_text_take(struct conf_draft *d, cfg_t *sec, struct conf_policy_text *ret)
{
	*ret = (struct conf_policy_text){
		.title = conf_text_of(d, sec, "title"),
		.holds = conf_text_of(d, sec, "holds"),
		.purpose = conf_text_of(d, sec, "purpose"),
		.basis = conf_text_of(d, sec, "basis"),
		.period = conf_text_of(d, sec, "period"),
		.subjects = conf_text_of(d, sec, "subjects"),
		.recipients = conf_text_of(d, sec, "recipients"),
		.start_event = conf_text_of(d, sec, "start_event"),
		.deletion_class = conf_text_of(d, sec, "deletion_class"),
	};
}

static int
language_of(const char *title)
{
	for (int i = 0; i < LANGUAGES; i++)
		if (strcmp(title, languages[i]) == 0)
			return i;
	return -1;
}

int
conf_category_take(struct conf_draft *d, const char *file, cfg_t *sec, void *ret, struct err *e)
{
	struct conf_category *c = ret;
	const char *period = cfg_getstr(sec, "period");

	*c = (struct conf_category){
		.where = { file, conf_schema_line(sec) },
		.name = conf_strdup(d, cfg_title(sec)),
		.stored = cfg_getbool(sec, "stored"),
		.period_s = period ? conf_period_s(period) : 0,
		.start_event = conf_text_of(d, sec, "start_event"),
		.deletion_class = conf_text_of(d, sec, "deletion_class"),
	};
	for (int i = 0; i < LANGUAGES; i++)
		c->text[i] = (struct conf_policy_text){ "", "", "", "", "", "", "", "", "" };
	for (unsigned i = 0; i < cfg_size(sec, "text"); i++) {
		cfg_t *text = cfg_getnsec(sec, "text", i);
		const int language = language_of(cfg_title(text));

		if (language < 0)
			return conf_fail(e, &(struct conf_place){ file, conf_schema_line(text) },
				N_("no such language"), N_("use de or en"), "category \"%s\"",
				cfg_title(sec));
		policy_text_take(d, text, &c->text[language]);
	}
	return 0;
}

/* --- duties ----------------------------------------------------------------------------------- */

/* The beginning of a day that conf_value_date() has passed, DAYS later. */
static int64_t
day_of(cfg_t *sec, const char *option, int days, int64_t otherwise)
{
	const char *text = cfg_getstr(sec, option);
	struct tm tm = { 0 };

	if (!text || !strptime(text, "%Y-%m-%d", &tm))
		return otherwise;
	return (int64_t)timegm(&tm) + days * INT64_C(86400);
}

int
conf_duty_take(struct conf_draft *d, const char *file, cfg_t *sec, void *ret, struct err *e)
{
	struct conf_duty *y = ret;

	*y = (struct conf_duty){
		.where = { file, conf_schema_line(sec) },
		.name = conf_strdup(d, cfg_title(sec)),
		.law = conf_text_of(d, sec, "law"),
		.stores = conf_list_of(d, sec, "stores"),
		.categories = conf_list_of(d, sec, "categories"),
		.since_s = day_of(sec, "since", 0, INT64_MIN),
		.until_s = day_of(sec, "until", 1, INT64_MAX),
		.ends_s = day_of(sec, "ends", 1, INT64_MAX),
		.years = cfg_getint(sec, "years"),
	};
	if (!*y->law)
		return conf_fail(e, &y->where, N_("duty without a law"),
			N_("name it, as in law = \"Section 147 AO\""), "duty \"%s\"", y->name);
	if (y->ends_s == INT64_MAX && y->years < 0)
		return conf_fail(e, &y->where, N_("duty without an end"),
			N_("add ends = \"2034-12-31\", or years = 10"), "duty \"%s\"", y->name);
	if (y->years > YEARS_MAX)
		return conf_fail(e, &y->where, N_("duty of more than 100 years"), NULL,
			"duty \"%s\"", y->name);
	return 0;
}

static bool
names(const struct conf_list *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], name) == 0)
			return true;
	return false;
}

bool
conf_duty_names(const struct conf_duty *d, const struct conf_store *s)
{
	return names(&d->stores, s->name) || names(&d->categories, s->category);
}

/* --- who answers, and who is written to ------------------------------------------------------- */

void
conf_contact_take(struct conf_draft *d, cfg_t *root)
{
	struct conf *c = &d->conf;
	cfg_t *sec = cfg_getsec(root, "retention");
	const char *remind = cfg_getstr(sec, "remind");

	c->controller = conf_text_of(d, root, "controller");
	c->dpo = conf_text_of(d, root, "dpo");
	c->authority = conf_text_of(d, root, "authority");
	c->remind_s = remind ? conf_period_s(remind) : c->remind_s;
	c->mail_to = conf_strdup(d, cfg_getstr(sec, "mail_to"));
	c->mail_from = conf_strdup(d, cfg_getstr(sec, "mail_from"));
	c->witness = conf_strdup(d, cfg_getstr(sec, "witness"));
	if (cfg_getstr(sec, "sendmail"))
		c->sendmail = conf_strdup(d, cfg_getstr(sec, "sendmail"));
}

/* --- what holds between them ------------------------------------------------------------------ */

static int
duty_check(const struct conf *c, const struct conf_duty *d, struct err *e)
{
	if (d->stores.n + d->categories.n == 0)
		return conf_fail(e, &d->where, N_("duty that covers nothing"),
			N_("add stores or categories"), "duty \"%s\"", d->name);
	if (d->since_s >= d->until_s)
		return conf_fail(
			e, &d->where, N_("duty that covers no time"), NULL, "duty \"%s\"", d->name);
	for (size_t i = 0; i < d->stores.n; i++)
		if (!conf_find_store(c, d->stores.v[i]))
			return conf_fail(e, &d->where, N_("no such store"),
				N_("declare it, or mend its name"), "duty \"%s\": \"%s\"", d->name,
				d->stores.v[i]);
	return 0;
}

static void
store_inherit(struct conf_store *s, const struct conf_category *k)
{
	if (s->period_s == 0 && !s->until_erased)
		s->period_s = k->period_s;
	if (!*s->start_event)
		s->start_event = k->start_event;
	if (!*s->deletion_class)
		s->deletion_class = k->deletion_class;
}

const struct conf_category *
conf_find_category(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->n_categories; i++)
		if (strcmp(c->category[i].name, name) == 0)
			return &c->category[i];
	return NULL;
}

int
conf_policy_check(struct conf *c, struct err *e)
{
	for (size_t i = 0; i < c->n_stores; i++) {
		const struct conf_category *k = conf_find_category(c, c->store[i].category);

		if (k)
			store_inherit(&c->store[i], k);
	}
	for (size_t i = 0; i < c->n_duties; i++)
		if (duty_check(c, &c->duty[i], e) < 0)
			return -1;
	return 0;
}
