/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/service/route.h"

#include <string.h>

static bool
tag_has(const char *tag, struct span ident)
{
	struct span t = span_str(tag);

	if (t.len > 0 && t.p[t.len - 1] == '/')
		return span_starts(ident, t);
	return span_eq(ident, t);
}

const struct conf_store *
route_entry(const struct conf *c, const struct conf_source *s, const struct entry *en)
{
	const struct conf_tag *best = NULL;

	if (s->store)
		return conf_find_store(c, s->store);
	for (size_t i = 0; i < s->n_tags; i++)
		if (tag_has(s->tag[i].tag, en->ident) &&
			(!best || strlen(s->tag[i].tag) > strlen(best->tag)))
			best = &s->tag[i];
	return best ? conf_find_store(c, best->store) : en->store;
}

bool
route_reaches(const struct conf *c, const struct conf_source *s, const struct conf_store *st)
{
	if (s->store)
		return conf_find_store(c, s->store) == st;
	for (size_t i = 0; i < s->n_tags; i++)
		if (conf_find_store(c, s->tag[i].store) == st)
			return true;
	return s->type == SOURCE_JOURNAL &&
	       (st->journal.n > 0 || strcmp(st->name, "journal-rest") == 0);
}
