/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/act/objection.h"

#include <string.h>

#include "dsar/case/case.h"

static const char *const states[] = { "none", "noted", "upheld", "rejected" };

const char *
objection_state_name(enum objection_state s)
{
	return states[s];
}

static int
see_event(void *ctx, const char *kind, int64_t time_us, const json_t *data, struct err *e)
{
	struct objection *o = ctx;
	const char *what = json_string_value(json_object_get(data, "what"));
	const char *of = json_string_value(json_object_get(data, "kind"));

	(void)time_us;
	(void)e;
	if (strcmp(kind, "objection") != 0 || !what)
		return 0;
	for (int s = OBJECTION_NOTED; s <= OBJECTION_REJECTED; s++)
		if (strcmp(what, states[s]) == 0)
			o->state = (enum objection_state)s;
	if (of)
		o->marketing = strcmp(of, "marketing") == 0;
	return 0;
}

int
objection_read(struct registry *r, const char *number, struct objection *ret, struct err *e)
{
	*ret = (struct objection){ 0 };
	return case_events(r, number, see_event, ret, e);
}
