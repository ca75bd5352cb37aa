/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/file/walk.h"
#include "store/copies.h"
#include "store/journal/journal-private.h"

/* --- which files ------------------------------------------------------------------------------ */

/* Every machine's and namespace's folder, remote/ as well; user-*.journal lie among them. */
static const char *const homes[] = {
	"/var/log/journal/*/*.journal",
	"/var/log/journal/*/*.journal~",
	"/run/log/journal/*/*.journal",
	"/run/log/journal/*/*.journal~",
};
#define N_HOMES (sizeof(homes) / sizeof(homes[0]))

/* PATTERN, and beside its files what a run that was killed has left. */
static int
add_pattern(struct journal *j, const char *pattern, struct err *e)
{
	const char *name = strrchr(pattern, '/');
	char *left = NULL;

	j->paths.v[j->paths.n++] = pattern;
	if (asprintf(&left, "%.*s/" JOURNAL_SCRATCH, (int)(name - pattern), pattern) < 0)
		left = NULL;
	if (!left)
		return err_memory(e);
	j->own[j->n_own++] = left;
	for (size_t i = 0; i < j->leftovers.n; i++) /* "*.journal" and "*.journal~" */
		if (j->leftovers.v[i] && strcmp(j->leftovers.v[i], left) == 0)
			return 0;
	j->leftovers.v[j->leftovers.n++] = left;
	return 0;
}

/* The same of a pattern that is ours. */
static int
own_path(struct journal *j, char *path, struct err *e)
{
	if (!path)
		return err_memory(e);
	j->own[j->n_own++] = path;
	return add_pattern(j, path, e);
}

/* "/x/app.journal" of a sink is rotated to "/x/app@….journal". */
static int
add_sink(struct journal *j, const char *path, struct err *e)
{
	const size_t len = strlen(path), end = strlen(".journal");
	char *pattern = NULL;

	if (len <= end || asprintf(&pattern, "%.*s*.journal", (int)(len - end), path) < 0)
		return len <= end ? 0 : err_memory(e);
	return own_path(j, pattern, e);
}

static int
paths_of(struct journal *j, const struct conf *c, const struct conf_store *s, struct err *e)
{
	size_t n = s->paths.n + N_HOMES + 1;

	for (size_t i = 0; i < c->n_stores; i++)
		n += c->store[i].n_sinks;
	j->paths.v = calloc(n, sizeof(*j->paths.v));
	j->leftovers.v = calloc(n, sizeof(*j->leftovers.v));
	j->own = calloc(2 * n, sizeof(*j->own));
	if (!j->paths.v || !j->leftovers.v || !j->own)
		return err_memory(e);
	for (size_t i = 0; i < s->paths.n; i++)
		if (add_pattern(j, s->paths.v[i], e) < 0)
			return -1;
	for (size_t i = 0; s->paths.n == 0 && i < N_HOMES; i++)
		if (add_pattern(j, homes[i], e) < 0)
			return -1;
	for (size_t i = 0; s->paths.n == 0 && i < c->n_stores; i++)
		for (size_t k = 0; k < c->store[i].n_sinks; k++)
			if (c->store[i].sink[k].type == SINK_JOURNAL &&
				add_sink(j, c->store[i].sink[k].path, e) < 0)
				return -1;
	if (!c->state_dir)
		return 0;
	j->copies = copies_pattern(c, s, ".journal");
	return own_path(j, (char *)j->copies, e);
}

bool
journal_is_copy(const struct journal *j, const char *path)
{
	return j->copies && strncmp(j->copies, path, strlen(j->copies) - strlen("*.journal")) == 0;
}

static void journal_free(struct store *s);

static int
journal_open(
	const struct store_env *env, const struct conf_store *s, struct store **ret, struct err *e)
{
	struct journal *j = calloc(1, sizeof(*j));

	if (!j)
		return err_memory(e);
	j->store.conf = s;
	j->store.env = env;
	j->store.paths = &j->paths;
	buf_init(&j->text, env->memory_max ? env->memory_max : 32u << 20);
	if (paths_of(j, env->conf, s, e) < 0 ||
		claims_new(env->conf, "SPARSAM_STORE", &j->claims, e) < 0) {
		journal_free(&j->store);
		return -1;
	}
	if (!places_exist(&j->paths)) {
		journal_free(&j->store);
		return STORE_ABSENT;
	}
	*ret = &j->store;
	return 0;
}

static void
journal_free(struct store *s)
{
	struct journal *j = (struct journal *)s;

	for (size_t i = 0; i < j->n_own; i++)
		free(j->own[i]);
	free(j->own);
	free(j->paths.v);
	free(j->leftovers.v);
	claims_free(j->claims);
	copies_free(j->there);
	buf_wipe(&j->text);
	free(j);
}

/* --- a question, asked of each file ----------------------------------------------------------- */

struct question {
	struct journal *j;
	const struct selector *which;
	store_seen *seen;
	void *ctx;
	struct plan *plan;
	struct store_cost *cost;
	int64_t oldest_us;
};

static int
each_file(struct question *q, place_seen *seen, struct err *e)
{
	return store_places(&q->j->store, PLACE_FILE, seen, q, e);
}

/* Whose entries may lie in a journal: its own store's, and those of stores that claim some. */
static bool
may_lie_here(const struct journal *j, const struct conf_store *s)
{
	bool sinks = false;

	for (size_t i = 0; i < s->n_sinks; i++)
		sinks |= s->sink[i].type == SINK_JOURNAL || s->sink[i].type == SINK_NAMESPACE;
	return s == j->store.conf || s->journal.n > 0 || sinks ||
	       strcmp(s->name, "journal-rest") == 0;
}

enum select_answer
journal_block(const struct journal *j, const struct selector *which, const char *path,
	const struct stat *st, const struct journal_header *h, int64_t from_us)
{
	const struct conf *c = j->store.env->conf;
	struct select_block b = {
		.from_us = from_us, .to_us = mtime_us(st), .copies = journal_is_copy(j, path)
	};
	bool yes = false, no = false;

	if (h && h->tail_us < INT64_MAX && (int64_t)h->tail_us > b.to_us)
		b.to_us = (int64_t)h->tail_us;
	for (size_t i = 0; i < c->n_stores; i++) {
		enum select_answer a;

		if (!may_lie_here(j, &c->store[i]))
			continue;
		b.store = &c->store[i];
		a = selector_block(which, &b);
		if (a == SELECT_MAYBE)
			return a;
		yes |= a == SELECT_YES;
		no |= a == SELECT_NO;
	}
	return yes && no ? SELECT_MAYBE : yes ? SELECT_YES : SELECT_NO;
}

/* 1: nothing in it is asked for, or it cannot be read. */
static int
open_file(const struct question *q, const struct place *p, struct jfile **ret, struct err *e)
{
	int rc;

	if (p->st.st_size == 0 || journal_block(q->j, q->which, p->path, &p->st, NULL,
					  JOURNAL_AGE_UNKNOWN) == SELECT_NO)
		return 1;
	rc = jfile_open(q->j, p, ret, e);
	if (rc == 0)
		jfile_reach(*ret, q->which);
	return rc;
}

static int
scan_file(void *ctx, const struct place *p, struct err *e)
{
	struct question *q = ctx;
	CLEANUP(jfile_freep) struct jfile *f = NULL;
	struct record r;
	int rc = open_file(q, p, &f, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (selector_needles(q->which))
		jfile_seek(f, selector_needles(q->which), selector_signs(q->which));
	while ((rc = jfile_next(f, &r, e)) == 0) {
		if (store_stopped(&q->j->store))
			return 1;
		if (!selector_record(q->which, &r))
			continue;
		r.text = record_text(&r);
		if (jfile_is_broken(f))
			continue;
		rc = q->seen(q->ctx, &r, e);
		if (rc != 0)
			return rc;
	}
	return rc < 0 ? -1 : 0;
}

static int
journal_scan(
	struct store *s, const struct selector *which, store_seen *seen, void *ctx, struct err *e)
{
	struct question q = { .j = (struct journal *)s, .which = which, .seen = seen, .ctx = ctx };

	return store_places_settled(s, scan_file, &q, e);
}

/* Of a file that is young enough nothing is asked, and of one all of which is asked for, nothing but its age. Else what
 * is no older than the oldest so far is passed by its time. */
static int
oldest_file(void *ctx, const struct place *p, struct err *e)
{
	struct question *q = ctx;
	CLEANUP(jfile_freep) struct jfile *f = NULL;
	const int64_t age = p->st.st_size == 0 ? JOURNAL_AGE_UNKNOWN : journal_age(q->j, p);
	struct record r;
	int rc;

	if (age >= q->oldest_us)
		return 0;
	if (age != JOURNAL_AGE_UNKNOWN &&
		journal_block(q->j, q->which, p->path, &p->st, NULL, age) == SELECT_YES) {
		q->oldest_us = age;
		return 0;
	}
	rc = open_file(q, p, &f, e);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	for (;;) {
		jfile_before(f, q->oldest_us);
		rc = jfile_next(f, &r, e);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
		if (selector_record(q->which, &r))
			q->oldest_us = r.time_us;
	}
}

static int
journal_oldest(struct store *s, const struct selector *which, int64_t *us, struct err *e)
{
	struct question q = { .j = (struct journal *)s, .which = which, .oldest_us = *us };

	if (each_file(&q, oldest_file, e) < 0)
		return -1;
	*us = q.oldest_us;
	return 0;
}

static int
cost_file(void *ctx, const struct place *p, struct err *e)
{
	const struct question *q = ctx;

	(void)e;
	if (journal_block(q->j, q->which, p->path, &p->st, NULL, JOURNAL_AGE_UNKNOWN) ==
		SELECT_MAYBE)
		q->cost->bytes += (uint64_t)p->st.st_size;
	return 0;
}

static int
journal_cost(struct store *s, const struct selector *which, struct store_cost *ret, struct err *e)
{
	struct question q = { .j = (struct journal *)s, .which = which, .cost = ret };

	*ret = (struct store_cost){ 0 };
	return each_file(&q, cost_file, e);
}

/* --- plans ------------------------------------------------------------------------------------ */

/* Reads the file and counts. 0; 1: it cannot be read to its end, which is told. */
static int
count_file(struct question *q, const struct place *p, struct plan_step *step, struct err *e)
{
	CLEANUP(jfile_freep) struct jfile *f = NULL;
	struct record r;
	int rc = jfile_open(q->j, p, &f, e);

	if (rc != 0)
		return rc;
	jfile_reach(f, q->which);
	while ((rc = jfile_next(f, &r, e)) == 0) {
		if (selector_record(q->which, &r))
			plan_count(step, r.time_us, r.size);
		else
			step->n_stay++;
	}
	step->n_stay += jfile_passed(f);
	return rc == 1 ? 0 : rc == 2 ? 1 : -1;
}

bool
journal_seal_may_break(const struct journal *j, const char *path)
{
	const bool may = j->store.conf->break_seal;

	if (may)
		store_tell(&j->store, NOTE_SEAL, path, "its SHA-256 before and after are told");
	else
		store_tell(&j->store, NOTE_NOT_POSSIBLE, path,
			"sealed, and dropping entries would break its seal; see break_seal, --break-seal");
	return may;
}

static bool
is_let_go(const struct journal *j, const struct place *p, int fd, const struct journal_header *h)
{
	return fd >= 0 && (journal_is_copy(j, p->path) || journal_is_closed(fd, p->name, h));
}

static int
plan_file(void *ctx, const struct place *p, struct err *e)
{
	struct question *q = ctx;
	struct plan_step step = { .store = q->j->store.conf->name,
		.action = PLAN_UNLINK,
		.place = p->path,
		.dev = p->st.st_dev,
		.ino = p->st.st_ino,
		.oldest_us = RECORD_NO_TIME,
		.newest_us = RECORD_NO_TIME };
	struct err ignored;
	cleanup_fd int fd = walk_open(p->dirfd, p->name, O_RDONLY, 0, NULL, &ignored);
	struct journal_header h = { 0 };
	const bool readable = fd >= 0 && journal_header(fd, &h) == 0;
	const enum select_answer answer = journal_block(
		q->j, q->which, p->path, &p->st, readable ? &h : NULL, JOURNAL_AGE_UNKNOWN);
	int rc;

	if (answer == SELECT_NO || p->st.st_size == 0)
		return 0;
	if (answer == SELECT_YES && is_let_go(q->j, p, fd, &h)) {
		step.n_records = readable ? h.n_entries : UINT64_MAX;
		step.bytes = (uint64_t)p->st.st_size;
		step.newest_us = readable ? (int64_t)h.tail_us : mtime_us(&p->st);
		return plan_add(q->plan, &step, e);
	}
	if (journal_block(q->j, q->which, p->path, &p->st, readable ? &h : NULL,
		    journal_age(q->j, p)) == SELECT_NO)
		return 0;
	rc = count_file(q, p, &step, e);
	if (rc != 0 || step.n_records == 0)
		return rc < 0 ? -1 : 0;
	if (!is_let_go(q->j, p, fd, &h) && !journal_can_rotate(p->path)) {
		store_tell(&q->j->store, NOTE_NOT_POSSIBLE, p->path,
			"still written to, and its writer cannot be asked to rotate");
		return 0;
	}
	if (step.n_stay > 0 && h.sealed && !journal_seal_may_break(q->j, p->path))
		return 0;
	if (step.n_stay > 0)
		step.action = PLAN_REWRITE;
	return plan_add(q->plan, &step, e);
}

/* It may be empty, too. */
static int
plan_leftover(void *ctx, const struct place *p, struct err *e)
{
	struct question *q = ctx;
	const struct plan_step step = { .store = q->j->store.conf->name,
		.action = PLAN_UNLINK,
		.place = p->path,
		.dev = p->st.st_dev,
		.ino = p->st.st_ino,
		.bytes = journal_leftover_bytes(p->dirfd, p->name),
		.oldest_us = RECORD_NO_TIME,
		.newest_us = RECORD_NO_TIME };

	return plan_add(q->plan, &step, e);
}

static int
journal_plan(struct store *s, const struct selector *which, struct plan *plan, struct err *e)
{
	struct question q = { .j = (struct journal *)s, .which = which, .plan = plan };

	store_unlinked(s);
	if (journal_know_copies(q.j, e) < 0 || each_file(&q, plan_file, e) < 0)
		return -1;
	return places_each(&q.j->leftovers, PLACE_FOLDER, plan_leftover, NULL, &q, e);
}

const struct store_driver store_journal = {
	.type = "journal",
	.open = journal_open,
	.free = journal_free,
	.scan = journal_scan,
	.cost = journal_cost,
	.plan = journal_plan,
	.act = journal_act,
	.keep = journal_keep,
	.oldest = journal_oldest,
};
