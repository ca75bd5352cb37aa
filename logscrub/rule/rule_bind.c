/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * rule_bind.c - which action for which field
 *
 * A name in a scrub section stands for every field of that name, at any depth; "outer.name" picks
 * the one inside `outer`. A name that no format's fixed fields have is a path in the JSON of the
 * tree; "format.path" is one in the JSON of that format. An action on a field that has an inner format replaces that format. Everything unnamed is
 * dropped.
 */
#include <stdio.h>
#include <stdlib.h>

#include "logscrub/rule/rule-private.h"

/* Does NAME, as written in a rule, mean FIELD of the level at PATH? */
static bool
name_means(const char *name, const char *path, const char *field)
{
	char full[RULE_NAME_MAX * 2];
	size_t nfull, nname = strlen(name);

	(void)snprintf(full, sizeof(full), "%s%s%s", path, path[0] ? "." : "", field);
	nfull = strlen(full);
	if (nname > nfull || strcmp(full + nfull - nname, name) != 0)
		return false;
	return nname == nfull || full[nfull - nname - 1] == '.';
}

static int
action_set(struct action *a, const struct conf_reduce *d, const struct conf_store *s, struct err *e)
{
	if (a->transform)
		return conf_fail(e, &d->where, N_("field is named twice in a scrub section"),
			N_("name it once"), "%s", d->field);
	if (transform_new(d, s, &a->transform, e) < 0)
		return -1;
	a->kind = transform_is_keep(a->transform) ? ACTION_KEEP : ACTION_TRANSFORM;
	a->name = d->field;
	a->recalls = transform_remembers(a->transform);
	return 0;
}

static int
bind_fixed(struct rule *r, const struct conf_reduce *d, unsigned *ret_n, struct err *e)
{
	*ret_n = 0;
	for (unsigned l = 0; l < r->n_levels; l++) {
		struct level *lv = r->level[l];

		if (lv->type == FORMAT_JSON)
			continue;
		for (unsigned i = 0; i < lv->n_actions; i++) {
			if (!name_means(d->field, lv->path, format_field(lv->format, i)->name))
				continue;
			if (action_set(&lv->action[i], d, r->store, e) < 0)
				return -1;
			(*ret_n)++;
		}
	}
	return 0;
}

static bool
begins_with_part(const char *name, const char *part, size_t n)
{
	return n > 0 && strncmp(name, part, n) == 0 && name[n] == '.';
}

/* The path of NAME within the JSON level LV: NAME itself, or what follows "outer." or the format's own
 * name. */
static const char *
json_path_of(const struct level *lv, const char *name)
{
	const char *last = strrchr(lv->path, '.');
	const char *outer = last ? last + 1 : lv->path;
	const char *format = format_name(lv->format);

	if (begins_with_part(name, outer, strlen(outer)))
		return name + strlen(outer) + 1;
	if (begins_with_part(name, format, strlen(format)))
		return name + strlen(format) + 1;
	return name;
}

struct action *
level_member(struct level *lv, const char *path, struct err *e)
{
	struct action *a;
	const struct conf_format *decl = format_decl(lv->format);

	a = realloc(lv->action, (lv->n_actions + 1) * sizeof(*a));
	if (!a) {
		(void)err_memory(e);
		return NULL;
	}
	lv->action = a;
	a += lv->n_actions;
	*a = (struct action){ .name = path, .escape = ESCAPE_JSON };
	if (json_paths_add(lv->paths, path, (int)lv->n_actions, e) < 0)
		return NULL;
	for (size_t i = 0; i < decl->time.n; i++)
		if (strcmp(decl->time.v[i], path) == 0) {
			a->is_time = true;
			lv->time_field = (int)lv->n_actions;
		}
	lv->n_actions++;
	return a;
}

static int
bind_json(struct rule *r, const struct conf_reduce *d, struct err *e)
{
	unsigned n = 0;

	for (unsigned l = 0; l < r->n_levels; l++) {
		struct level *lv = r->level[l];
		struct action *a;

		if (lv->type != FORMAT_JSON)
			continue;
		a = level_member(lv, json_path_of(lv, d->field), e);
		if (!a) {
			(void)err_within(e, "%s:%u", d->where.file, d->where.line);
			return -1;
		}
		if (action_set(a, d, r->store, e) < 0)
			return -1;
		n++;
	}
	if (n == 0)
		return conf_fail(e, &d->where, N_("no such field in the store's format"),
			N_("see `logscrub explain` for the names it has"), "%s", d->field);
	return 0;
}

static bool
is_kept(const struct action *a)
{
	return a->kind == ACTION_KEEP ||
	       (a->transform && strcmp(transform_name(a->transform), "coarse-time") == 0);
}

/* Is there a time in LV that its rule drops? A level's own time is enough; behind a syslog header
 * the message's time counts as well, because the header may be missing. */
static bool
drops_time(const struct level *lv)
{
	const struct conf_format *decl = format_decl(lv->format);

	if (lv->type == FORMAT_JSON && decl->time.n > 0 && lv->time_field < 0)
		return true;
	for (unsigned i = 0; i < lv->n_variants; i++)
		if (drops_time(lv->variant[i]))
			return true;
	if (lv->time_field >= 0 && !is_kept(&lv->action[lv->time_field]))
		return true;
	if (lv->time_field >= 0 && lv->type != FORMAT_SYSLOG)
		return false;
	for (unsigned i = 0; i < lv->n_actions; i++)
		if (lv->action[i].kind == ACTION_NEST && drops_time(lv->action[i].inner))
			return true;
	return false;
}

/* What most fields come to, as bits, so that it shows without a look at each action. */
static void
note_actions(struct level *lv)
{
	if (lv->type == FORMAT_JSON) /* it has members, any number of them */
		return;
	for (unsigned i = 0; i < lv->n_actions; i++) {
		const uint64_t bit = UINT64_C(1) << i;

		lv->kept |= lv->action[i].kind == ACTION_KEEP ? bit : 0;
		lv->dropped |= lv->action[i].kind == ACTION_DROP ? bit : 0;
		lv->recalling |= lv->action[i].recalls ? bit : 0;
	}
}

int
rule_bind(struct rule *r, struct err *e)
{
	const struct conf_store *s = r->store;

	for (size_t i = 0; i < s->n_rules; i++) {
		unsigned n;

		if (bind_fixed(r, &s->rule[i], &n, e) < 0)
			return -1;
		if (n == 0 && bind_json(r, &s->rule[i], e) < 0)
			return -1;
	}
	for (unsigned i = 0; i < r->n_levels; i++)
		note_actions(r->level[i]);
	if (drops_time(r->level[0]))
		return conf_fail(e, &s->where, N_("the rule drops the record's time"),
			N_("keep the time field, or reduce it to \"coarse-time\""), "store \"%s\"",
			s->name);
	return 0;
}
