/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/search/keep.h"

#include <stdio.h>
#include <string.h>

#include "dsar/case/case.h"
#include "dsar/search/find.h"
#include "dsar/search/held.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"
#include "evidence/hold.h"
#include "record/timestamp.h"

#define REASON     "answer to a request"
#define AFTER_DAYS 92 /* of the case's date: an extension, and mail that takes long */

static int
see_find(void *ctx, const struct find *f, struct err *e)
{
	(void)e;
	if (find_is_here(f))
		held_add(ctx, f->store, f->digest);
	return 0;
}

int
keep_finds(struct session *s, const struct case_file *c, struct err *e)
{
	const int64_t due_us = (c->due_day + INT64_C(1)) * DAY_US;
	const int64_t from_us = due_us > s->now_us ? due_us : s->now_us;
	struct held h;
	uint64_t id = 0;
	int rc = held_init(&h, s->conf, e);

	if (rc == 0)
		rc = finds_each(s->registry, c->number, NULL, see_find, &h, e);
	if (rc == 0 && held_count(&h) > 0)
		rc = held_keep(s, &h, c->number, REASON, from_us + AFTER_DAYS * DAY_US, &id, e);
	if (rc == 0)
		rc = held_end_others(s, c->number, REASON, id, e);
	held_release(&h);
	return rc == 0 && id == 0 ? 1 : rc;
}

bool
keep_is(const struct session *s, const char *number)
{
	return held_find(s, number, REASON) != 0;
}

int
keep_end(struct session *s, const char *number, struct err *e)
{
	return held_end_others(s, number, REASON, 0, e);
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

		if (!held_is(&list[i], REASON) || strlen(list[i].incident) >= sizeof(number))
			continue;
		(void)snprintf(number, sizeof(number), "%s", list[i].incident);
		if (is_answered(s, number) && held_end_others(s, number, REASON, 0, e) < 0)
			return -1;
		n = holds_list(s->holds, &list);
	}
	return 0;
}
