/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/rule/setup.h"

#include <fnmatch.h>
#include <libintl.h>
#include <stdio.h>

static void
notice(void *ctx, const char *text, const char *day)
{
	(void)ctx;
	fprintf(stderr, "logscrub: %s%s%s\n", gettext(text), day[0] ? ": " : "", day);
}

int
setup_open(struct setup *s, const char *file, struct err *e)
{
	struct address prefix;
	unsigned bits;

	*s = (struct setup){ 0 };
	if (conf_read(file, &s->conf, e) < 0)
		return -1;
	if (!address_parse_network(span_str(s->conf->pseudonym_prefix), &prefix, &bits))
		return err_fail(e, EX_CONFIG, 0, N_("pseudonym_prefix is no network"),
			N_("give a /48 below fd00::/8"), NULL);
	if (formats_new(s->conf, &s->formats, e) < 0 ||
		keyring_open(s->conf, notice, NULL, &s->keyring, e) < 0 ||
		pseudonym_new(s->keyring, &prefix, &s->pseudonym, e) < 0)
		return -1;
	return 0;
}

void
setup_release(struct setup *s)
{
	s->pseudonym = pseudonym_free(s->pseudonym);
	s->keyring = keyring_free(s->keyring);
	s->formats = formats_free(s->formats);
	s->conf = conf_free(s->conf);
}

int
setup_rule(const struct setup *s, const char *name, struct rule **ret, struct err *e)
{
	const struct conf_store *st = conf_find_store(s->conf, name);

	if (!st)
		return err_fail(e, EX_USAGE, 0, N_("no such store"),
			N_("see `logscrub check-config` for the names"), "%s", name);
	return rule_new(st, s->formats, s->pseudonym, ret, e);
}

/* Is HOLDER the format NAME, or one that reads whole lines by it? */
static bool
format_holds(const struct conf *c, const char *holder, const char *name)
{
	const struct conf_format *f = conf_find_format(c, holder);

	if (strcmp(holder, name) == 0 || (f->message && format_holds(c, f->message, name)))
		return true;
	for (size_t i = 0; i < f->variant.n; i++)
		if (format_holds(c, f->variant.v[i], name))
			return true;
	return false;
}

/* A store of just this format comes before one to which it is one of several. */
static const struct conf_store *
find_by_format(const struct conf *c, const char *name)
{
	const struct conf_store *found = NULL;

	for (size_t i = 0; i < c->n_stores; i++) {
		const struct conf_store *st = &c->store[i];

		if (!st->has_scrub || !st->format)
			continue;
		if (strcmp(st->format, name) == 0)
			return st;
		if (!found && format_holds(c, st->format, name))
			found = st;
	}
	return found;
}

int
setup_store_by_format(
	const struct setup *s, const char *name, const struct conf_store **ret, struct err *e)
{
	if (!conf_find_format(s->conf, name))
		return err_fail(e, EX_USAGE, 0, N_("no such format"),
			N_("see `logscrub check-config` for the names"), "%s", name);
	*ret = find_by_format(s->conf, name);
	if (*ret)
		return 0;
	return err_fail(e, EX_USAGE, 0, N_("no store has a rule for this format"),
		N_("name a store with --store"), "%s", name);
}

const struct conf_store *
setup_store_by_path(const struct setup *s, const char *path)
{
	char *real = realpath(path, NULL);
	const struct conf_store *found = NULL;

	for (size_t i = 0; real && !found && i < s->conf->n_stores; i++) {
		const struct conf_store *st = &s->conf->store[i];

		for (size_t k = 0; st->has_scrub && k < st->paths.n; k++)
			if (fnmatch(st->paths.v[k], real, FNM_PATHNAME) == 0)
				found = st;
	}
	free(real);
	return found;
}
