/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/search/held.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "dsar/session.h"
#include "evidence/hold.h"
#include "evidence/ledger.h"

#define DIGESTS_MAX (64u << 20)
#define OWNER       "dsar"

int
held_init(struct held *h, const struct conf *c, struct err *e)
{
	*h = (struct held){ .conf = c, .store = calloc(c->n_stores + 1, sizeof(*h->store)) };
	buf_init(&h->digests, DIGESTS_MAX);
	return h->store ? 0 : err_memory(e);
}

void
held_release(struct held *h)
{
	buf_wipe(&h->digests);
	free(h->store);
}

void
held_add(struct held *h, const char *store, const uint8_t digest[RECORD_DIGEST_LEN])
{
	const struct conf_store *st = conf_find_store(h->conf, store);

	if (!st)
		return;
	buf_put(&h->digests, digest, RECORD_DIGEST_LEN);
	for (size_t i = 0; i < h->n_stores; i++)
		if (h->store[i] == st->name)
			return;
	h->store[h->n_stores++] = st->name;
}

size_t
held_count(const struct held *h)
{
	return h->digests.len / RECORD_DIGEST_LEN;
}

/* In the words of `retention hold`: by the number a hold that is lost is missed (evidence/hold_known.h). */
static int
note(struct session *s, const char *what, const char *number, uint64_t id, struct err *e)
{
	return ledger_append(s->ledger, s->now_us, "hold",
		json_pack("{s:s, s:I, s:s}", "what", what, "hold", (json_int_t)id, "incident",
			number),
		NULL, e);
}

int
held_keep(struct session *s, const struct held *h, const char *number, const char *reason,
	int64_t expires_us, uint64_t *ret_id, struct err *e)
{
	const struct hold d = { .incident = number,
		.reason = reason,
		.owner = OWNER,
		.stores = { h->store, h->n_stores },
		.from_us = INT64_MIN,
		.to_us = INT64_MAX,
		.match = HOLD_RECORDS,
		.expires_us = expires_us };

	if (h->digests.failed)
		return err_memory(e);
	if (ledger_append(s->ledger, s->now_us, "hold",
		    json_pack("{s:s, s:s, s:I}", "incident", number, "reason", reason, "records",
			    (json_int_t)held_count(h)),
		    NULL, e) < 0)
		return -1;
	if (hold_add(s->holds, &d, span_of(h->digests.p, h->digests.len), s->now_us, ret_id, e) < 0)
		return -1;
	return note(s, "added", number, *ret_id, e);
}

bool
held_is(const struct hold *d, const char *reason)
{
	return d->end == HOLD_IN_FORCE && d->match == HOLD_RECORDS &&
	       strcmp(d->owner, OWNER) == 0 && strcmp(d->reason, reason) == 0;
}

uint64_t
held_find(const struct session *s, const char *number, const char *reason)
{
	const struct hold *list;
	const size_t n = holds_list(s->holds, &list);

	for (size_t i = 0; i < n; i++)
		if (held_is(&list[i], reason) && strcmp(list[i].incident, number) == 0)
			return list[i].id;
	return 0;
}

int
held_end(struct session *s, const char *number, uint64_t id, struct err *e)
{
	if (note(s, "released", number, id, e) < 0)
		return -1;
	return hold_release(s->holds, id, s->now_us, e) < 0 ? -1 : 0;
}

/* Lists are read anew by each change: one at a time. */
int
held_end_others(
	struct session *s, const char *number, const char *reason, uint64_t but, struct err *e)
{
	const struct hold *list;
	size_t n = holds_list(s->holds, &list);

	for (size_t i = 0; i < n; i++) {
		const uint64_t id = list[i].id;

		if (id == but || !held_is(&list[i], reason) ||
			strcmp(list[i].incident, number) != 0)
			continue;
		if (held_end(s, number, id, e) < 0)
			return -1;
		n = holds_list(s->holds, &list);
	}
	return 0;
}

/* The list is read anew by each addition, and what was added stands behind what there was. */
int
held_also(struct session *s, const struct held *h, const char *number, struct err *e)
{
	const struct hold *list;
	const size_t n = holds_list(s->holds, &list);

	for (size_t i = 0; i < n && held_count(h) > 0; i++) {
		cleanup_mem char *reason = NULL;
		uint64_t id;

		(void)holds_list(s->holds, &list);
		if (strcmp(list[i].incident, number) != 0 || !held_is(&list[i], list[i].reason))
			continue;
		reason = strdup(list[i].reason);
		if (!reason)
			return err_memory(e);
		if (held_keep(s, h, number, reason, list[i].expires_us, &id, e) < 0)
			return -1;
	}
	return 0;
}
