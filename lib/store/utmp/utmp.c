/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file/replace.h"
#include "base/file/walk.h"
#include "store/copies.h"
#include "store/utmp/utmp-private.h"

/* --- which files ------------------------------------------------------------------------------ */

static void
utmp_free(struct store *s)
{
	struct utmp_store *t = (struct utmp_store *)s;

	free(t->paths.v);
	free(t->copies);
	free(t);
}

/* Nobody but us takes anything out of lastlog, so it has no copies. */
static int
declared(struct utmp_store *t, const struct store_env *env, const struct conf_store *s,
	struct err *e)
{
	const char *records = store_option(s, "records", "utmp");

	t->lastlog = strcmp(records, "lastlog") == 0;
	if (!t->lastlog && strcmp(records, "utmp") != 0)
		return conf_fail(e, &s->where, N_("no such kind of records"),
			N_("\"utmp\" or \"lastlog\""), "store \"%s\": %s", s->name, records);
	t->paths.v = calloc(s->paths.n + 1, sizeof(*t->paths.v));
	if (!t->paths.v)
		return err_memory(e);
	for (size_t i = 0; i < s->paths.n; i++)
		t->paths.v[t->paths.n++] = s->paths.v[i];
	if (t->lastlog || !env->conf->state_dir)
		return 0;
	t->copies = copies_pattern(env->conf, s, ".utmp");
	t->paths.v[t->paths.n++] = t->copies;
	return t->copies ? 0 : err_memory(e);
}

static int
utmp_open(
	const struct store_env *env, const struct conf_store *s, struct store **ret, struct err *e)
{
	struct utmp_store *t = calloc(1, sizeof(*t));

	if (!t)
		return err_memory(e);
	t->store.conf = s;
	t->store.env = env;
	t->store.paths = &t->paths;
	if (declared(t, env, s, e) < 0) {
		utmp_free(&t->store);
		return -1;
	}
	if (!places_exist(&t->paths)) {
		utmp_free(&t->store);
		return STORE_ABSENT;
	}
	*ret = &t->store;
	return 0;
}

bool
utmp_is_copy(const struct utmp_store *t, const char *path)
{
	return t->copies && strncmp(t->copies, path, strlen(t->copies) - strlen("*.utmp")) == 0;
}

bool
utmp_is_live(const struct utmp_store *t, const char *path)
{
	for (size_t i = 0; i < t->paths.n; i++)
		if (strcmp(t->paths.v[i], path) == 0)
			return true;
	return false;
}

struct select_block
utmp_block(const struct utmp_store *t, const char *path, const struct stat *st)
{
	return (struct select_block){ .store = t->store.conf,
		.from_us = INT64_MIN + 1,
		.to_us = mtime_us(st),
		.copies = utmp_is_copy(t, path) };
}

/* --- a question, asked of each record --------------------------------------------------------- */

struct question {
	struct utmp_store *t;
	const struct selector *which;
	store_seen *seen;
	void *ctx;
	struct plan *plan;
	struct store_cost *cost;
	/* copies */
	struct copies *there;
	int dirfd;
	const char *name;
	uint64_t n;
	bool damaged; /* the file that was read last */
};

static int
ask(struct question *q, place_seen *seen, struct err *e)
{
	return store_places(&q->t->store, PLACE_FILE, seen, q, e);
}

/* Returns 0 to go on, 1 to end, -1 to fail. */
typedef int each_record(struct question *q, const struct utmp_file *f, const struct record *r,
	void *ctx, struct err *e);

/* Calls EACH for all records of P. A file that cannot be read to its end is told of, and sets
 * q->damaged. */
static int
read_file(struct question *q, const struct place *p, each_record *each, void *ctx, struct err *e)
{
	struct err why;
	int rc, fd = walk_open(p->dirfd, p->name, O_RDONLY, 0, NULL, &why);
	struct utmp_file f;
	struct record r;

	q->damaged = fd < 0;
	if (fd < 0) {
		store_tell(&q->t->store, NOTE_NOT_POSSIBLE, p->path, "cannot be opened");
		return 0;
	}
	if (utmp_file_open(&f, q->t, fd, p->path, &p->st, e) < 0)
		return -1;
	while ((rc = utmp_file_next(&f, &r, e)) == 0) {
		rc = store_stopped(&q->t->store) ? 1 : each(q, &f, &r, ctx, e);
		if (rc != 0) {
			utmp_file_release(&f);
			return rc;
		}
	}
	utmp_file_release(&f);
	q->damaged = rc < 0 && e->exit == EX_DATAERR;
	if (q->damaged)
		store_tell(&q->t->store, NOTE_DAMAGED, p->path, e->what);
	return rc < 0 && !q->damaged ? -1 : 0;
}

static int
scan_record(struct question *q, const struct utmp_file *f, const struct record *r, void *ctx,
	struct err *e)
{
	(void)f;
	(void)ctx;
	return selector_record(q->which, r) ? q->seen(q->ctx, r, e) : 0;
}

static int
scan_file(void *ctx, const struct place *p, struct err *e)
{
	struct question *q = ctx;
	const struct select_block all = utmp_block(q->t, p->path, &p->st);

	return selector_block(q->which, &all) == SELECT_NO ? 0
							   : read_file(q, p, scan_record, NULL, e);
}

static int
utmp_scan(struct store *s, const struct selector *which, store_seen *seen, void *ctx, struct err *e)
{
	struct question q = {
		.t = (struct utmp_store *)s, .which = which, .seen = seen, .ctx = ctx
	};

	return ask(&q, scan_file, e);
}

static int
cost_file(void *ctx, const struct place *p, struct err *e)
{
	const struct question *q = ctx;
	const struct select_block all = utmp_block(q->t, p->path, &p->st);

	(void)e;
	if (selector_block(q->which, &all) == SELECT_MAYBE)
		q->cost->bytes += (uint64_t)p->st.st_blocks * 512;
	return 0;
}

static int
utmp_cost(struct store *s, const struct selector *which, struct store_cost *ret, struct err *e)
{
	struct question q = { .t = (struct utmp_store *)s, .which = which, .cost = ret };

	*ret = (struct store_cost){ 0 };
	return ask(&q, cost_file, e);
}

/* --- plans ------------------------------------------------------------------------------------ */

static int
plan_record(struct question *q, const struct utmp_file *f, const struct record *r, void *ctx,
	struct err *e)
{
	struct plan_step *step = ctx;

	(void)f;
	(void)e;
	if (selector_record(q->which, r))
		plan_count(step, r->time_us, r->size);
	else
		step->n_stay++;
	return 0;
}

static enum plan_action
action_for(const struct question *q, const struct place *p)
{
	struct err ignored;
	cleanup_fd int fd = -1;

	if (!utmp_is_live(q->t, p->path))
		return PLAN_REWRITE;
	fd = walk_open(p->dirfd, p->name, O_RDONLY, 0, NULL, &ignored);
	return fd >= 0 && !q->t->lastlog && file_collapses(fd) ? PLAN_CUT : PLAN_BLANK;
}

static int
plan_file(void *ctx, const struct place *p, struct err *e)
{
	struct question *q = ctx;
	const struct select_block all = utmp_block(q->t, p->path, &p->st);
	const enum select_answer answer = selector_block(q->which, &all);
	struct plan_step step = { .store = q->t->store.conf->name,
		.place = p->path,
		.dev = p->st.st_dev,
		.ino = p->st.st_ino,
		.oldest_us = RECORD_NO_TIME,
		.newest_us = RECORD_NO_TIME };

	if (answer == SELECT_NO || p->st.st_size == 0)
		return 0;
	if (answer == SELECT_YES && !utmp_is_live(q->t, p->path)) {
		step.action = PLAN_UNLINK;
		step.n_records = UINT64_MAX;
		step.bytes = (uint64_t)p->st.st_size;
		step.newest_us = all.to_us;
		return plan_add(q->plan, &step, e);
	}
	if (read_file(q, p, plan_record, &step, e) < 0)
		return -1;
	if (q->damaged || step.n_records == 0)
		return 0;
	step.action = action_for(q, p);
	step.technique = step.action == PLAN_REWRITE ? PLAN_UNLINKED : PLAN_CLEARED;
	return plan_add(q->plan, &step, e);
}

static int
utmp_plan(struct store *s, const struct selector *which, struct plan *plan, struct err *e)
{
	struct question q = { .t = (struct utmp_store *)s, .which = which, .plan = plan };

	return ask(&q, plan_file, e);
}

/* --- copies ----------------------------------------------------------------------------------- */

static struct span
raw_of(const struct utmp_file *f)
{
	return span_of(f->raw.bytes, f->size);
}

static int
see_copy(struct question *q, const struct utmp_file *f, const struct record *r, void *ctx,
	struct err *e)
{
	(void)r;
	(void)ctx;
	return copies_add(q->there, raw_of(f), e);
}

static int
see_copies(void *ctx, const struct place *p, struct err *e)
{
	return read_file(ctx, p, see_copy, NULL, e);
}

static int
keep_record(struct question *q, const struct utmp_file *f, const struct record *r, void *ctx,
	struct err *e)
{
	const int *fd = ctx;

	if (!selector_record(q->which, r) || copies_take(q->there, raw_of(f)))
		return 0;
	if (write(*fd, f->raw.bytes, f->size) != (ssize_t)f->size)
		return err_fail(e, EX_CANTCREAT, errno, N_("cannot copy what is held"),
			N_("make room, then add the hold again"), "%s", q->name);
	q->n++;
	return 0;
}

static int
keep_file(void *ctx, const struct place *p, struct err *e)
{
	struct question *q = ctx;
	const struct select_block all = utmp_block(q->t, p->path, &p->st);
	const uint64_t before = q->n;
	cleanup_fd int fd = -1, from = -1;

	if (all.copies || selector_block(q->which, &all) == SELECT_NO)
		return 0;
	if (copies_open(q->dirfd, &fd, e) < 0 || read_file(q, p, keep_record, &fd, e) < 0)
		return -1;
	if (q->n == before)
		return 0;
	from = walk_open(p->dirfd, p->name, O_RDONLY, 0, NULL, e);
	return from < 0 ? -1 : copies_name(q->dirfd, q->name, ".utmp", from, &p->st, fd, e);
}

static int
utmp_keep(struct store *s, const struct selector *which, int dirfd, const char *name,
	uint64_t *ret_n, struct err *e)
{
	struct utmp_store *t = (struct utmp_store *)s;
	const struct conf_list copies = { (const char **)&t->copies, 1 };
	CLEANUP(copies_freep) struct copies *there = NULL;
	struct question q = { .t = t, .which = which, .dirfd = dirfd, .name = name };

	if (!t->copies)
		return 0;
	if (copies_new(&there, e) < 0)
		return -1;
	q.there = there;
	if (places_each(&copies, PLACE_FILE, see_copies, NULL, &q, e) < 0 ||
		ask(&q, keep_file, e) < 0)
		return -1;
	*ret_n = q.n;
	return 0;
}

const struct store_driver store_utmp = {
	.type = "utmp",
	.open = utmp_open,
	.free = utmp_free,
	.scan = utmp_scan,
	.cost = utmp_cost,
	.plan = utmp_plan,
	.act = utmp_act,
	.keep = utmp_keep,
};
