/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "retention/health.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "evidence/hold.h"
#include "evidence/ledger.h"
#include "record/timestamp.h"
#include "retention/session.h"
#include "retention/standing.h"

#define RESTORED_DAYS 30
#define SLACK_US      (INT64_C(600) * 1000000) /* of the timer: its delay, and the run's own time */

struct reading {
	struct health *h;
	int64_t since_us; /* entries before do not matter */
	bool seen_end, seen_begin,
		partial; /* partial: a run of one store, whose begin is to come */
};

static void
see_end(struct reading *r, const struct ledger_entry *en)
{
	json_t *d = json_loads(en->data, 0, NULL);

	/* a run of one store alone says nothing of the others */
	if (json_object_get(d, "only"))
		r->partial = true;
	else {
		r->seen_end = true;
		r->h->last_run_us = en->time_us;
		r->h->last_status = (int)json_integer_value(json_object_get(d, "status"));
	}
	json_decref(d);
}

/* From the newest entry back. */
static int
see(void *ctx, const struct ledger_entry *en, struct err *e)
{
	struct reading *r = ctx;

	(void)e;
	if (strcmp(en->kind, "restore") == 0)
		r->h->restored = en->time_us > r->since_us;
	if (r->seen_end)
		return en->time_us < r->since_us;
	if (strcmp(en->kind, "end") == 0)
		see_end(r, en);
	else if (strcmp(en->kind, "failure") == 0)
		r->h->failed = true;
	else if (strcmp(en->kind, "refusal") == 0 && !r->seen_begin &&
		 strstr(en->data, "\"accepted\":false"))
		r->h->refused = true;
	else if (strcmp(en->kind, "run") == 0 && r->partial)
		r->partial = false;
	else if (strcmp(en->kind, "run") == 0 && !r->seen_begin) {
		r->seen_begin = true;
		r->h->last_begin_us = en->time_us;
	}
	return 0;
}

/* Does a process hold the lock of runs? */
static bool
is_under_way(const struct session *s)
{
	cleanup_mem char *path = NULL;
	cleanup_fd int fd = -1;

	if (asprintf(&path, "%s/retention.lock", s->conf->state_dir) < 0)
		return false;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0;
}

static size_t
count_ending(const struct session *s)
{
	const struct hold *list;
	size_t n = holds_list(s->holds, &list), found = 0;

	for (size_t i = 0; i < n; i++)
		found += hold_is_ending(s, &list[i]);
	return found;
}

int
health_look(struct session *s, struct health *ret, struct err *e)
{
	struct reading r = { .h = ret,
		.since_us = s->now_us - RESTORED_DAYS * INT64_C(86400) * 1000000 };
	int64_t begun;

	*ret = (struct health){ .n_ending = s->holds ? count_ending(s) : 0 };
	if (s->ledger && ledger_read_back(s->ledger, see, &r, e) < 0)
		return -1;
	ret->never = !r.seen_end && !r.seen_begin;
	ret->cut_short = r.seen_begin && !is_under_way(s);
	begun = r.seen_begin ? ret->last_begin_us : ret->last_run_us;
	ret->overdue = !ret->never && (r.seen_end ? ret->last_run_us : begun) +
						      2 * s->conf->run_interval_s * 1000000 +
						      SLACK_US <
					      s->now_us;
	ret->failed |= ret->last_status >= 64;
	return 0;
}

bool
health_is_bad(const struct health *h)
{
	return h->never || h->overdue || h->cut_short || h->refused || h->failed;
}
