/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/conf/conf-private.h"

#include <confuse.h>
#include <string.h>

static const char *const languages[LANGUAGES] = { [LANG_EN] = "en", [LANG_DE] = "de" };

static int
what_take(struct conf_draft *d, cfg_t *text, struct conf_recipient *r, struct err *e)
{
	const char *title = cfg_title(text), *what = cfg_getstr(text, "what");

	for (int i = 0; i < LANGUAGES; i++)
		if (strcmp(title, languages[i]) == 0) {
			r->what[i] = what ? conf_strdup(d, what) : "";
			return 0;
		}
	return conf_fail(e, &(struct conf_place){ r->where.file, conf_schema_line(text) },
		N_("no such language"), N_("use de or en"), "recipient \"%s\"", r->name);
}

/* ISO 3166-1, two letters. */
static bool
is_country(const char *s)
{
	return s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z' && s[2] == '\0';
}

int
conf_recipient_take(struct conf_draft *d, const char *file, cfg_t *sec, void *ret, struct err *e)
{
	struct conf_recipient *r = ret;

	*r = (struct conf_recipient){
		.where = { file, conf_schema_line(sec) },
		.name = conf_strdup(d, cfg_title(sec)),
		.stores = conf_list_of(d, sec, "stores"),
		.categories = conf_list_of(d, sec, "categories"),
		.address = conf_text_of(d, sec, "address"),
		.country = conf_text_of(d, sec, "country"),
		.safeguards = conf_text_of(d, sec, "safeguards"),
		.processor = cfg_getbool(sec, "processor"),
		.fingerprint = conf_text_of(d, sec, "fingerprint"),
		.key = conf_text_of(d, sec, "key"),
		.what = { "", "" },
	};
	if (d->failed)
		return err_memory(e);
	for (unsigned i = 0; i < cfg_size(sec, "text"); i++)
		if (what_take(d, cfg_getnsec(sec, "text", i), r, e) < 0)
			return -1;
	if (r->stores.n + r->categories.n == 0)
		return conf_fail(e, &r->where, N_("recipient of nothing"),
			N_("add stores or categories"), "recipient \"%s\"", r->name);
	if (!is_country(r->country))
		return conf_fail(e, &r->where, N_("recipient without a country"),
			N_("add its code of two letters, as in country = \"DE\""),
			"recipient \"%s\"", r->name);
	if (!*r->fingerprint != !*r->key)
		return conf_fail(e, &r->where, N_("one key takes its fingerprint and its file"),
			N_("give both of fingerprint and key"), "recipient \"%s\"", r->name);
	return 0;
}

int
conf_authority_take(struct conf_draft *d, const char *file, cfg_t *sec, struct err *e)
{
	struct conf *c = &d->conf;
	const struct conf_place where = { file, conf_schema_line(sec) };

	c->authority_fingerprint = conf_strdup(d, cfg_getstr(sec, "authority_fingerprint"));
	c->authority_key = conf_strdup(d, cfg_getstr(sec, "authority_key"));
	if (d->failed)
		return err_memory(e);
	if (!c->authority_fingerprint != !c->authority_key)
		return conf_fail(e, &where, N_("one key takes its fingerprint and its file"),
			N_("give both of authority_fingerprint and authority_key"), "%s", "dsar");
	return 0;
}

bool
conf_recipient_has(const struct conf_recipient *r, const struct conf_store *s)
{
	for (size_t i = 0; i < r->stores.n; i++)
		if (strcmp(r->stores.v[i], s->name) == 0)
			return true;
	for (size_t i = 0; i < r->categories.n; i++)
		if (strcmp(r->categories.v[i], s->category) == 0)
			return true;
	return false;
}

/* The European Union, and Iceland, Liechtenstein and Norway. */
bool
conf_recipient_is_third_country(const struct conf_recipient *r)
{
	static const char within[] =
		"AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL "
		"PT RO SK SI ES SE IS LI NO";

	return !strstr(within, r->country);
}

int
conf_recipients_check(const struct conf *c, struct err *e)
{
	for (size_t i = 0; i < c->n_recipients; i++) {
		const struct conf_recipient *r = &c->recipient[i];

		for (size_t k = 0; k < r->stores.n; k++)
			if (!conf_find_store(c, r->stores.v[k]))
				return conf_fail(e, &r->where, N_("no such store"),
					N_("declare it, or mend its name"),
					"recipient \"%s\": \"%s\"", r->name, r->stores.v[k]);
	}
	return 0;
}
