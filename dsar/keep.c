/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/keep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "dsar/case.h"
#include "dsar/find.h"
#include "dsar/registry.h"
#include "dsar/session.h"
#include "evidence/hold.h"
#include "evidence/ledger.h"
#include "record/record.h"
#include "record/timestamp.h"

#define DIGESTS_MAX (64u << 20)
#define REASON      "answer to a request"
#define OWNER       "dsar"
#define AFTER_DAYS  92 /* of the case's date: an extension, and mail that takes long */

struct kept {
	struct buf digests;
	const char **store; /* of the configuration: names, each once */
	size_t n_stores;
	const struct conf *conf;
};

static void
name_store(struct kept *k, const char *name)
{
	const struct conf_store *s = conf_find_store(k->conf, name);

	for (size_t i = 0; i < k->n_stores; i++)
		if (strcmp(k->store[i], name) == 0)
			return;
	if (s)
		k->store[k->n_stores++] = s->name;
}

static int
see_find(void *ctx, const struct find *f, struct err *e)
{
	struct kept *k = ctx;

	(void)e;
	buf_put(&k->digests, f->digest, sizeof(f->digest));
	name_store(k, f->store);
	return 0;
}

static bool
is_ours(const struct hold *d)
{
	return d->end == HOLD_IN_FORCE && d->match == HOLD_RECORDS &&
	       strcmp(d->owner, OWNER) == 0 && strcmp(d->reason, REASON) == 0;
}

/* Releases those of case NUMBER but hold BUT. Lists are read anew by each change: one at a time. */
static int
release_others(struct session *s, const char *number, uint64_t but, struct err *e)
{
	const struct hold *list;
	size_t n = holds_list(s->holds, &list);

	for (size_t i = 0; i < n; i++) {
		const uint64_t id = list[i].id;

		if (id == but || !is_ours(&list[i]) || strcmp(list[i].incident, number) != 0)
			continue;
		if (ledger_append(s->ledger, s->now_us, "release",
			    json_pack("{s:I, s:s}", "hold", (json_int_t)id, "incident", number),
			    NULL, e) < 0 ||
			hold_release(s->holds, id, s->now_us, e) < 0)
			return -1;
		n = holds_list(s->holds, &list);
	}
	return 0;
}

static int
add(struct session *s, const struct case_file *c, const struct kept *k, uint64_t *ret_id,
	struct err *e)
{
	const int64_t due_us = (c->due_day + INT64_C(1)) * DAY_US;
	const struct hold d = { .incident = c->number,
		.reason = REASON,
		.owner = OWNER,
		.stores = { k->store, k->n_stores },
		.from_us = INT64_MIN,
		.to_us = INT64_MAX,
		.match = HOLD_RECORDS,
		.expires_us = (due_us > s->now_us ? due_us : s->now_us) + AFTER_DAYS * DAY_US };

	if (ledger_append(s->ledger, s->now_us, "hold",
		    json_pack("{s:s, s:s, s:I}", "incident", c->number, "reason", REASON, "records",
			    (json_int_t)(k->digests.len / RECORD_DIGEST_LEN)),
		    NULL, e) < 0)
		return -1;
	return hold_add(s->holds, &d, span_of(k->digests.p, k->digests.len), s->now_us, ret_id, e);
}

int
keep_finds(struct session *s, const struct case_file *c, struct err *e)
{
	struct kept k = { .conf = s->conf };
	uint64_t id = 0;
	int rc;

	k.store = calloc(s->conf->n_stores + 1, sizeof(*k.store));
	if (!k.store)
		return err_memory(e);
	buf_init(&k.digests, DIGESTS_MAX);
	rc = finds_each(s->registry, c->number, NULL, see_find, &k, e);
	if (rc == 0 && k.digests.failed)
		rc = err_memory(e);
	if (rc == 0 && k.digests.len > 0)
		rc = add(s, c, &k, &id, e);
	if (rc == 0)
		rc = release_others(s, c->number, id, e);
	if (rc == 0 && id == 0)
		rc = 1;
	buf_wipe(&k.digests);
	free(k.store);
	return rc;
}

int
keep_end(struct session *s, const char *number, struct err *e)
{
	return release_others(s, number, 0, e);
}

static bool
is_answered(struct session *s, const char *number)
{
	struct case_file c;
	struct err ignored;
	const int rc = case_read(s->registry, number, &c, &ignored);

	return rc == 1 || (rc == 0 && c.state >= CASE_ANSWERED);
}

int
keep_settle(struct session *s, struct err *e)
{
	const struct hold *list;
	size_t n = holds_list(s->holds, &list);

	for (size_t i = 0; i < n; i++) {
		char number[CASE_NUMBER_MAX];

		if (!is_ours(&list[i]) || strlen(list[i].incident) >= sizeof(number))
			continue;
		(void)snprintf(number, sizeof(number), "%s", list[i].incident);
		if (is_answered(s, number) && release_others(s, number, 0, e) < 0)
			return -1;
		n = holds_list(s->holds, &list);
	}
	return 0;
}
