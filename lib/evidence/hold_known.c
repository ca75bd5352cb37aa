/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "evidence/hold_known.h"

#include <jansson.h>
#include <string.h>
#include <sysexits.h>

#include "evidence/hold.h"
#include "evidence/ledger.h"

/* Numbers count up: the newest one that was added is the highest. */
static int
see_added(void *ctx, const struct ledger_entry *en, struct err *e)
{
	uint64_t *newest = ctx;
	const char *what;
	json_t *d;

	(void)e;
	if (strcmp(en->kind, "hold") != 0)
		return 0;
	d = json_loads(en->data, 0, NULL);
	what = json_string_value(json_object_get(d, "what"));
	if (what && strcmp(what, "added") == 0)
		*newest = (uint64_t)json_integer_value(json_object_get(d, "hold"));
	json_decref(d);
	return *newest > 0;
}

int
hold_known_file(struct holds *h, struct ledger *l, struct err *e)
{
	uint64_t newest = 0, last = 0;

	if (!l)
		return 0;
	if (ledger_read_back(l, see_added, &newest, e) < 0 || holds_last(h, &last, e) < 0)
		return -1;
	if (last >= newest)
		return 0;
	return err_fail(e, EX_DATAERR, 0,
		N_("the hold file does not have all holds that the ledger tells of; nothing may be "
		   "erased"),
		N_("restore a backup with `retention restore`"), "hold %llu",
		(unsigned long long)newest);
}

int
hold_known_stores(
	const struct holds *h, const struct conf *c, const char *own, int64_t now_us, struct err *e)
{
	const struct hold *list;
	const size_t n = holds_list(h, &list);

	for (size_t i = 0; i < n; i++) {
		if (list[i].end != HOLD_IN_FORCE || list[i].expires_us <= now_us ||
			(own && strcmp(list[i].incident, own) == 0))
			continue;
		for (size_t k = 0; k < list[i].stores.n; k++)
			if (!conf_find_store(c, list[i].stores.v[k]))
				return err_fail(e, EX_CONFIG, 0,
					N_("a hold in force names a store that is not declared; "
					   "nothing may be erased"),
					N_("if it has another name now, add the hold for that one; "
					   "then release this one"),
					"hold %llu, store \"%s\"", (unsigned long long)list[i].id,
					list[i].stores.v[k]);
	}
	return 0;
}
