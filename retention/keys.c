/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "retention/keys.h"

#include <sysexits.h>

#include <jansson.h>

#include "base/now.h"
#include "evidence/ledger.h"
#include "record/key/day.h"
#include "record/key/keydir.h"
#include "record/timestamp.h"
#include "retention/session.h"
#include "store/plan.h"

struct counting {
	int32_t before;
	unsigned n;
};

static void
see_day(void *ctx, int32_t day)
{
	struct counting *c = ctx;

	c->n += day < c->before;
}

int
keys_count(const struct session *s, int32_t day, unsigned *ret_n, struct err *e)
{
	CLEANUP(keydir_freep) struct keydir *d = NULL;
	struct counting c = { .before = day };

	*ret_n = 0;
	if (keydir_open(s->conf->key_dir, false, &d, e) < 0)
		return e->exit == EX_NOINPUT ? 0 : -1;
	if (keydir_list(d, see_day, &c, e) < 0)
		return -1;
	*ret_n = c.n;
	return 0;
}

int
keys_past(const struct session *s, int32_t *ret_day, unsigned *ret_n, struct err *e)
{
	int64_t longest_s = 0;

	for (size_t i = 0; i < s->conf->n_stores; i++)
		if (s->conf->store[i].has_scrub && s->conf->store[i].period_s > longest_s)
			longest_s = s->conf->store[i].period_s;
	*ret_day = timestamp_day(s->now_us - longest_s * 1000000);
	return keys_count(s, *ret_day, ret_n, e);
}

static int
note(struct session *s, const char *what, int32_t day, unsigned n, bool cleared, struct err *e)
{
	char before[DAY_TEXT_MAX];
	json_t *d;

	if (!day_format(day, before))
		return err_fail(e, EX_DATAERR, 0, N_("a day without a name"), NULL, NULL);
	d = json_pack("{s:s, s:s, s:I, s:s}", "what", what, "before", before, "keys", (json_int_t)n,
		"technique", plan_technique_name(PLAN_CRYPTO_ERASED));
	/* what became of the key's own bytes: overwriting is not said to reach them on flash */
	(void)json_object_set_new(d, "bytes",
		json_string(plan_technique_name(cleared ? PLAN_CLEARED : PLAN_UNLINKED)));
	return ledger_append(s->ledger, now_us(), "keys", d, NULL, e);
}

int
keys_erase(struct session *s, int32_t day, unsigned n, struct err *e)
{
	CLEANUP(keydir_freep) struct keydir *d = NULL;
	bool clears;

	if (keydir_open(s->conf->key_dir, false, &d, e) < 0)
		return -1;
	clears = keydir_clears(d);
	if (note(s, "destroy", day, n, clears, e) < 0 || keydir_destroy_before(d, day, &n, e) < 0)
		return -1;
	return note(s, "destroyed", day, n, clears, e);
}
