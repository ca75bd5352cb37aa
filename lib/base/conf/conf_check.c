/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/conf/conf-private.h"

#include <string.h>

static int
format_is_known(const struct conf *c, const char *name, const struct conf_place *at, struct err *e)
{
	if (conf_find_format(c, name))
		return 0;
	return conf_fail(
		e, at, N_("no such format"), N_("declare it, or mend its name"), "\"%s\"", name);
}

static int
store_is_known(const struct conf *c, const char *name, const struct conf_place *at, struct err *e)
{
	if (conf_find_store(c, name))
		return 0;
	return conf_fail(
		e, at, N_("no such store"), N_("declare it, or mend its name"), "\"%s\"", name);
}

/* What a format's type needs, it has; what is another type's, it has not. */
static int
format_parts_check(const struct conf_format *f, struct err *e)
{
	const struct {
		bool given;
		enum conf_format_type type;
		bool needed;
		const char *missing, *misplaced;
	} parts[] = {
		{ f->template_ && *f->template_, FORMAT_TEMPLATE, true,
			N_("format without a template"),
			N_("only type \"template\" has a template") },
		{ f->pattern.n > 0, FORMAT_PATTERN, true, N_("format without a pattern"),
			N_("only type \"pattern\" has patterns") },
		{ f->message, FORMAT_SYSLOG, false, NULL,
			N_("only type \"syslog\" has a message") },
		{ f->variant.n > 0, FORMAT_VARIANTS, true, N_("format without variants"),
			N_("only type \"variants\" has formats") },
		{ f->apache, FORMAT_TEMPLATE, false, NULL,
			N_("only type \"template\" has a dialect") },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].needed && !parts[i].given && f->type == parts[i].type)
			return conf_fail(
				e, &f->where, parts[i].missing, NULL, "format \"%s\"", f->name);
		if (parts[i].given && f->type != parts[i].type)
			return conf_fail(
				e, &f->where, parts[i].misplaced, NULL, "format \"%s\"", f->name);
	}
	return 0;
}

static int
format_check(const struct conf *c, const struct conf_format *f, struct err *e)
{
	if (format_parts_check(f, e) < 0)
		return -1;
	if (f->message && format_is_known(c, f->message, &f->where, e) < 0)
		return -1;
	for (size_t i = 0; i < f->variant.n; i++)
		if (format_is_known(c, f->variant.v[i], &f->where, e) < 0)
			return -1;
	for (size_t i = 0; i < f->n_inner; i++) {
		const struct conf_inner *in = &f->inner[i];

		if (!in->format && !in->has_escape)
			return conf_fail(e, &in->where, N_("field without a format or an escape"),
				NULL, "field \"%s\"", in->field);
		if (in->format && format_is_known(c, in->format, &in->where, e) < 0)
			return -1;
	}
	return 0;
}

/* Formats that hold one another would have no end. */
#define NESTING_MAX 8

static bool
format_is_too_deep(const struct conf *c, const struct conf_format *f, unsigned depth)
{
	if (depth > NESTING_MAX)
		return true;
	if (f->message && format_is_too_deep(c, conf_find_format(c, f->message), depth + 1))
		return true;
	for (size_t i = 0; i < f->variant.n; i++)
		if (format_is_too_deep(c, conf_find_format(c, f->variant.v[i]), depth + 1))
			return true;
	for (size_t i = 0; i < f->n_inner; i++) {
		const char *inner = f->inner[i].format;

		if (inner && format_is_too_deep(c, conf_find_format(c, inner), depth + 1))
			return true;
	}
	return false;
}

static int
sink_check(const struct conf_store *s, const struct conf_sink *k, struct err *e)
{
	const bool needs_path = k->type == SINK_FILE || k->type == SINK_JOURNAL ||
				k->type == SINK_SYSLOG;
	const bool needs_namespace = k->type == SINK_NAMESPACE;

	if (needs_path != (*k->path != '\0'))
		return conf_fail(e, &k->where,
			needs_path ? N_("sink without a path")
				   : N_("sink with a path that it has no use for"),
			NULL, "store \"%s\"", s->name);
	if (needs_namespace != (*k->namespace_ != '\0'))
		return conf_fail(e, &k->where,
			needs_namespace ? N_("sink without a namespace")
					: N_("sink with a namespace that it has no use for"),
			NULL, "store \"%s\"", s->name);
	if ((k->type == SINK_FILE || k->type == SINK_JOURNAL) && *k->path != '/')
		return conf_fail(e, &k->where, N_("a sink's path begins with a slash"), NULL,
			"store \"%s\"", s->name);
	return 0;
}

static bool
is_name(const struct conf_subject *b)
{
	const char *last = strrchr(b->kind, '-');

	return strcmp(last ? last + 1 : b->kind, "name") == 0;
}

static int
store_rules_check(const struct conf_store *s, struct err *e)
{
	for (size_t i = 0; i < s->n_rules; i++) {
		if (*s->rule[i].to == '\0')
			return conf_fail(e, &s->rule[i].where, N_("reduce without to"),
				N_("say what it becomes, as in to = \"host-only\""), "store \"%s\"",
				s->name);
	}
	for (size_t i = 0; i < s->n_subjects; i++) {
		const struct conf_subject *b = &s->subject[i];

		if (*b->field == '\0')
			return conf_fail(e, &b->where, N_("subject without a field"), NULL,
				"store \"%s\"", s->name);
		if (b->pseudonym && (b->as || b->match != CONF_MATCH_EQUAL))
			return conf_fail(e, &b->where,
				N_("a pseudonym is compared whole, as it is"), NULL, "store \"%s\"",
				s->name);
		if (b->match == CONF_MATCH_PARTS && !is_name(b))
			return conf_fail(e, &b->where, N_("parts are of a name"),
				N_("see subject in sparsam.conf(5)"), "store \"%s\"", s->name);
	}
	for (size_t i = 0; i < s->n_links; i++) {
		if (*s->link[i].field == '\0')
			return conf_fail(e, &s->link[i].where, N_("link without a field"), NULL,
				"store \"%s\"", s->name);
		if (!s->link[i].element != !s->link[i].with)
			return conf_fail(e, &s->link[i].where, N_("element and with go together"),
				NULL, "store \"%s\"", s->name);
	}
	return 0;
}

/* Kinds are words of stores, and a store may begin a new one. What a link is from must be some store's, and
 * what it gives must be looked for in some. */
static bool
kind_is_known(const struct conf *c, const char *kind)
{
	for (size_t i = 0; i < c->n_stores; i++)
		for (size_t k = 0; k < c->store[i].n_subjects; k++)
			if (strcmp(c->store[i].subject[k].kind, kind) == 0)
				return true;
	return false;
}

static int
links_check(const struct conf *c, const struct conf_store *s, struct err *e)
{
	for (size_t i = 0; i < s->n_links; i++) {
		const struct conf_link *l = &s->link[i];
		const char *unknown = !kind_is_known(c, l->kind)              ? l->kind
				      : l->from && !kind_is_known(c, l->from) ? l->from
									      : NULL;

		if (unknown)
			return conf_fail(e, &l->where, N_("no store has a subject of this kind"),
				N_("declare it, or mend its name"), "store \"%s\": \"%s\"", s->name,
				unknown);
	}
	return 0;
}

static int
store_check(const struct conf *c, const struct conf_store *s, struct err *e)
{
	const char *missing = NULL;

	if (*s->type == '\0')
		missing = N_("store without a type");
	else if (*s->category == '\0')
		missing = N_("store without a category");
	else if (s->period_s == 0 && !s->until_erased)
		missing = N_("store without a period");
	else if (s->has_scrub && *s->format == '\0')
		missing = N_("store with a scrub section, but without a format");
	if (missing)
		return conf_fail(
			e, &s->where, missing, N_("see sparsam.conf(5)"), "store \"%s\"", s->name);
	if (*s->format && format_is_known(c, s->format, &s->where, e) < 0)
		return -1;
	for (size_t i = 0; i < s->n_sinks; i++) {
		if (sink_check(s, &s->sink[i], e) < 0)
			return -1;
	}
	if (s->part_of && store_is_known(c, s->part_of, &s->where, e) < 0)
		return -1;
	return store_rules_check(s, e);
}

static int
source_routes_check(const struct conf *c, const struct conf_source *s, struct err *e)
{
	if (s->store && store_is_known(c, s->store, &s->where, e) < 0)
		return -1;
	for (size_t i = 0; i < s->n_tags; i++) {
		if (store_is_known(c, s->tag[i].store, &s->tag[i].where, e) < 0)
			return -1;
	}
	/* the journal's entries also find their store by its claims */
	if (s->store || s->type == SOURCE_JOURNAL || s->n_tags > 0)
		return 0;
	return conf_fail(e, &s->where, N_("source without a store"), N_("add store or tag"),
		"source \"%s\"", s->name);
}

static int
source_check(const struct conf *c, const struct conf_source *s, struct err *e)
{
	const struct {
		bool given;
		enum conf_source_type type;
		bool needed;
		const char *missing, *misplaced;
	} parts[] = {
		{ *s->listen, SOURCE_SYSLOG, true, N_("source without listen"),
			N_("only type \"syslog\" listens") },
		{ s->paths.n > 0, SOURCE_TAIL, true, N_("source without paths"),
			N_("only type \"tail\" has paths") },
		{ s->namespace_, SOURCE_JOURNAL, false, NULL,
			N_("only type \"journal\" has a namespace") },
		{ s->directory, SOURCE_JOURNAL, false, NULL,
			N_("only type \"journal\" has a directory") },
		{ s->match.n > 0, SOURCE_JOURNAL, false, NULL,
			N_("only type \"journal\" has a match") },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].needed && !parts[i].given && s->type == parts[i].type)
			return conf_fail(
				e, &s->where, parts[i].missing, NULL, "source \"%s\"", s->name);
		if (parts[i].given && s->type != parts[i].type)
			return conf_fail(
				e, &s->where, parts[i].misplaced, NULL, "source \"%s\"", s->name);
	}
	return source_routes_check(c, s, e);
}

static int
accept_check(const struct conf_accept *a, struct err *e)
{
	if (*a->reason && *a->until)
		return 0;
	return conf_fail(e, &a->where,
		*a->reason ? N_("accepted without an end") : N_("accepted without a reason"),
		N_("add reason = \"…\" and until = \"2026-12-31\""), "accept \"%s\"", a->id);
}

/* Tokens stand in logs, so what else is kept for longer keeps no key. */
static bool
is_log(const struct conf_store *s)
{
	return strcmp(s->type, "textlog") == 0 || strcmp(s->type, "journal") == 0;
}

int
conf_check(struct conf_draft *d, struct err *e)
{
	struct conf *c = &d->conf;

	for (size_t i = 0; i < c->n_formats; i++) {
		if (format_check(c, &c->format[i], e) < 0)
			return -1;
	}
	for (size_t i = 0; i < c->n_formats; i++) {
		if (format_is_too_deep(c, &c->format[i], 1))
			return conf_fail(e, &c->format[i].where,
				N_("formats nest in a circle, or too deep"), NULL, "format \"%s\"",
				c->format[i].name);
	}
	if (conf_policy_check(c, e) < 0 || conf_recipients_check(c, e) < 0)
		return -1;
	for (size_t i = 0; i < c->n_stores; i++) {
		if (store_check(c, &c->store[i], e) < 0 || links_check(c, &c->store[i], e) < 0)
			return -1;
		if (is_log(&c->store[i]) && c->store[i].period_s > c->longest_period_s)
			c->longest_period_s = c->store[i].period_s;
	}
	for (size_t i = 0; i < c->n_sources; i++) {
		if (source_check(c, &c->source[i], e) < 0)
			return -1;
	}
	if (conf_sets_expand(d, e) < 0 || conf_statistics_check(c, e) < 0 ||
		conf_order_take(d, e) < 0)
		return -1;
	for (size_t i = 0; i < c->n_accepts; i++) {
		if (accept_check(&c->accept[i], e) < 0)
			return -1;
	}
	return conf_claims_check(d, e);
}
