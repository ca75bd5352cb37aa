/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/file/replace.h"
#include "base/file/walk.h"
#include "store/copies.h"
#include "store/textlog/textlog-private.h"

/* --- which files ------------------------------------------------------------------------------ */

static int
own_path(struct textlog *t, const char **v, const char *path, const char *tail, struct err *e)
{
	char *s;

	if (asprintf(&s, "%s%s", path, tail) < 0)
		return err_memory(e);
	t->own[t->n_own++] = s;
	v[t->paths.n++] = s;
	return 0;
}

/* The declared paths, and the files that logscrub writes for this store, rotated ones as well. */
static int
paths_of(struct textlog *t, const struct conf *c, const struct conf_store *s, struct err *e)
{
	const char **v = calloc(s->paths.n + s->n_sinks + 2, sizeof(*v));
	char *name = NULL;

	t->own = calloc(s->n_sinks + 2, sizeof(*t->own));
	t->paths.v = v;
	if (!v || !t->own)
		return err_memory(e);
	for (size_t i = 0; i < s->paths.n; i++)
		v[t->paths.n++] = s->paths.v[i];
	for (size_t i = 0; i < s->n_sinks; i++)
		if (s->sink[i].type == SINK_FILE && own_path(t, v, s->sink[i].path, "*", e) < 0)
			return -1;
	if (c->state_dir) {
		t->copies = copies_pattern(c, s, ".log");
		if (!t->copies)
			return err_memory(e);
		t->own[t->n_own++] = (char *)t->copies;
		v[t->paths.n++] = t->copies;
	}
	if (!s->has_scrub || s->n_sinks > 0)
		return 0;
	if (asprintf(&name, "%s/%s.log", c->log_dir, s->name) < 0)
		return err_memory(e);
	if (own_path(t, v, name, "*", e) < 0) {
		free(name);
		return -1;
	}
	free(name);
	return 0;
}

static void textlog_free(struct store *s);

static int
textlog_open(
	const struct store_env *env, const struct conf_store *s, struct store **ret, struct err *e)
{
	struct textlog *t = calloc(1, sizeof(*t));
	const char *anchor = store_option(s, "anchor", "mtime");
	const char *emptied = store_option(s, "emptied", "stays");

	if (!t)
		return err_memory(e);
	t->store.conf = s;
	t->store.env = env;
	t->store.paths = &t->paths;
	t->anchor = strcmp(anchor, "birth") == 0 ? ANCHOR_BIRTH : ANCHOR_MTIME;
	t->empty_goes = strcmp(emptied, "goes") == 0;
	if (!t->empty_goes && strcmp(emptied, "stays") != 0) {
		textlog_free(&t->store);
		return conf_fail(e, &s->where, N_("emptied is \"stays\" or \"goes\""), NULL,
			"store \"%s\": %s", s->name, emptied);
	}
	if (strcmp(anchor, "birth") != 0 && strcmp(anchor, "mtime") != 0) {
		textlog_free(&t->store);
		return conf_fail(e, &s->where, N_("no such anchor"),
			N_("\"mtime\": the file's last write; \"birth\": seconds since it was made"),
			"store \"%s\": %s", s->name, anchor);
	}
	if (paths_of(t, env->conf, s, e) < 0 || reader_new(s, env->formats, &t->reader, e) < 0) {
		textlog_free(&t->store);
		return -1;
	}
	if (!places_exist(&t->paths)) {
		textlog_free(&t->store);
		return STORE_ABSENT;
	}
	*ret = &t->store;
	return 0;
}

static void
textlog_free(struct store *s)
{
	struct textlog *t = (struct textlog *)s;

	for (size_t i = 0; i < t->n_own; i++)
		free(t->own[i]);
	free(t->own);
	free(t->paths.v);
	reader_free(t->reader);
	free(t);
}

/* --- a question, asked of each file ----------------------------------------------------------- */

struct question {
	struct textlog *t;
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
	return store_places(&q->t->store, PLACE_FILE, seen, q, e);
}

bool
textlog_is_copy(const struct textlog *t, const char *path)
{
	return t->copies && strncmp(t->copies, path, strlen(t->copies) - strlen("*.log")) == 0;
}

struct select_block
textlog_block(const struct textlog *t, const char *path, const struct stat *st)
{
	const bool copy = textlog_is_copy(t, path);

	return (struct select_block){ .store = t->store.conf,
		.from_us = INT64_MIN + 1,
		.to_us = copy && t->anchor == ANCHOR_BIRTH ? INT64_MAX - 1 : mtime_us(st),
		.copies = copy };
}

int64_t
textlog_bound(const struct textlog *t, const struct selector *which, const char *path)
{
	int64_t from_us, to_us;
	bool timeless;

	if (textlog_is_copy(t, path))
		return INT64_MAX; /* a copy is older than anything */
	selector_reach(which, &from_us, &to_us, &timeless);
	return to_us;
}

int
textlog_open_place(
	const struct textlog *t, const struct place *p, struct entries **ret, struct err *e)
{
	struct err why;
	int fd = walk_open(p->dirfd, p->name, O_RDONLY, 0, NULL, &why);

	if (fd < 0) {
		store_tell(&t->store, NOTE_NOT_POSSIBLE, p->path, "cannot be opened");
		return 1;
	}
	return entries_open((struct textlog *)t, fd, 0, &p->st, p->path, ret, e);
}

static int
scan_file(void *ctx, const struct place *p, struct err *e)
{
	struct question *q = ctx;
	const struct select_block all = textlog_block(q->t, p->path, &p->st);
	const int64_t bound_us = textlog_bound(q->t, q->which, p->path);
	const struct needles *needles = selector_needles(q->which);
	CLEANUP(entries_freep) struct entries *en = NULL;
	struct entry_span one;
	uint64_t ignored = 0;
	int rc;

	if (selector_block(q->which, &all) == SELECT_NO)
		return 0;
	rc = textlog_open_place(q->t, p, &en, e);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	for (;;) {
		struct record r;

		if (needles)
			entries_skip(en, needles);
		rc = entries_next_before(en, bound_us, &ignored, &one, e);
		if (rc != 0)
			break;
		r = entry_record(q->t, &one, p->path);
		r.again = p->again;
		if (store_stopped(&q->t->store))
			return 1;
		if (!selector_record(q->which, &r))
			continue;
		rc = q->seen(q->ctx, &r, e);
		if (rc != 0)
			return rc;
	}
	if (rc < 0 && e->exit != EX_DATAERR)
		return -1;
	if (rc < 0)
		store_tell(&q->t->store, NOTE_DAMAGED, p->path, e->what);
	return 0;
}

static int
textlog_scan(
	struct store *s, const struct selector *which, store_seen *seen, void *ctx, struct err *e)
{
	struct question q = { .t = (struct textlog *)s, .which = which, .seen = seen, .ctx = ctx };

	return store_places_settled(s, scan_file, &q, e);
}

/* As ALL, of which it is known how old it is. */
static enum select_answer
answer_known(const struct question *q, struct select_block all, const struct textlog_finding *f)
{
	if (f->file.oldest_us != INT64_MAX)
		all.from_us = f->file.oldest_us;
	return selector_block(q->which, &all);
}

/* The least time of what Q selects in P. Entries as young as that, and as the oldest so far, are passed. */
static int
read_oldest(struct question *q, const struct place *p, struct textlog_finding *f, struct err *e)
{
	CLEANUP(entries_freep) struct entries *en = NULL;
	struct entry_span one;
	uint64_t passed = 0;
	int rc = textlog_open_place(q->t, p, &en, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	for (;;) {
		const int64_t bound_us = q->oldest_us > f->file.oldest_us ? q->oldest_us
									  : f->file.oldest_us;
		struct record r;

		rc = entries_next_before(en, bound_us, &passed, &one, e);
		if (rc != 0)
			break;
		r = entry_record(q->t, &one, p->path);
		textlog_finding_see(f, &one);
		if (one.time_us < q->oldest_us && selector_record(q->which, &r))
			q->oldest_us = one.time_us;
	}
	if (rc > 0) {
		textlog_finding_end(q->t, f, en);
		return 0;
	}
	if (e->exit != EX_DATAERR)
		return -1;
	store_tell(&q->t->store, NOTE_DAMAGED, p->path, e->what);
	return 0;
}

static int
oldest_file(void *ctx, const struct place *p, struct err *e)
{
	struct question *q = ctx;
	const struct select_block all = textlog_block(q->t, p->path, &p->st);
	CLEANUP(textlog_finding_release) struct textlog_finding f = { .fd = -1 };

	if (p->st.st_size == 0 || selector_block(q->which, &all) == SELECT_NO)
		return 0;
	if (!textlog_finding_begin(q->t, p, &f) || answer_known(q, all, &f) == SELECT_MAYBE) {
		textlog_finding_clear(&f);
		return read_oldest(q, p, &f, e);
	}
	if (answer_known(q, all, &f) == SELECT_YES && f.file.oldest_us < q->oldest_us)
		q->oldest_us = f.file.oldest_us;
	return 0;
}

static int
textlog_oldest(struct store *s, const struct selector *which, int64_t *us, struct err *e)
{
	struct question q = { .t = (struct textlog *)s, .which = which, .oldest_us = *us };

	if (each_file(&q, oldest_file, e) < 0)
		return -1;
	*us = q.oldest_us;
	return 0;
}

static int
cost_file(void *ctx, const struct place *p, struct err *e)
{
	const struct question *q = ctx;
	const struct select_block all = textlog_block(q->t, p->path, &p->st);

	(void)e;
	if (selector_block(q->which, &all) == SELECT_MAYBE)
		q->cost->bytes += (uint64_t)p->st.st_size;
	return 0;
}

static int
textlog_cost(struct store *s, const struct selector *which, struct store_cost *ret, struct err *e)
{
	struct question q = { .t = (struct textlog *)s, .which = which, .cost = ret };

	*ret = (struct store_cost){ 0 };
	return each_file(&q, cost_file, e);
}

/* --- plans ------------------------------------------------------------------------------------ */

/* How is what goes taken out of a file to which WRITER writes? */
static enum plan_action
action_for(enum textlog_writer writer, const struct place *p)
{
	cleanup_fd int fd = -1;
	struct err ignored;

	if (writer == WRITER_NONE)
		return PLAN_REWRITE;
	fd = walk_open(p->dirfd, p->name, O_RDONLY, 0, NULL, &ignored);
	return fd >= 0 && writer == WRITER_APPENDS && file_collapses(fd) ? PLAN_CUT : PLAN_BLANK;
}

static enum textlog_writer
writer_of(const struct place *p)
{
	struct err ignored;
	cleanup_fd int fd = walk_open(p->dirfd, p->name, O_RDONLY, 0, NULL, &ignored);

	return fd < 0 ? WRITER_UNKNOWN : textlog_writer(fd, &p->st);
}

/* Reads the file and counts. 0; 1: it cannot be read to its end, which is told. */
static int
count_file(struct question *q, const struct place *p, struct plan_step *step,
	struct textlog_finding *f, struct err *e)
{
	const int64_t young_us = textlog_bound(q->t, q->which, p->path);
	CLEANUP(entries_freep) struct entries *en = NULL;
	struct entry_span one;
	int rc = textlog_open_place(q->t, p, &en, e);

	if (rc != 0)
		return rc;
	for (;;) {
		const int64_t bound_us = young_us > f->file.oldest_us ? young_us
								      : f->file.oldest_us;
		struct record r;

		rc = entries_next_before(en, bound_us, &step->n_stay, &one, e);
		if (rc != 0)
			break;
		r = entry_record(q->t, &one, p->path);
		textlog_finding_see(f, &one);
		if (selector_record(q->which, &r))
			plan_count(step, one.time_us, one.text.len);
		else
			step->n_stay++;
	}
	if (rc > 0) {
		if (*entries_filter(en) && entries_len(en) > 0)
			/* of a packed file its share, as it lies on the disk */
			step->bytes = (uint64_t)((double)step->bytes / (double)entries_len(en) *
						 (double)p->st.st_size);
		textlog_finding_end(q->t, f, en);
		return 0;
	}
	if (e->exit != EX_DATAERR)
		return -1;
	store_tell(&q->t->store, NOTE_DAMAGED, p->path, e->what);
	return 1;
}

static struct plan_step
step_of(const struct question *q, const struct place *p)
{
	return (struct plan_step){ .store = q->t->store.conf->name,
		.place = p->path,
		.dev = p->st.st_dev,
		.ino = p->st.st_ino,
		.oldest_us = RECORD_NO_TIME,
		.newest_us = RECORD_NO_TIME };
}

/* Of what has to be read, or was. */
static int
plan_read(struct question *q, const struct place *p, struct err *e)
{
	const struct select_block all = textlog_block(q->t, p->path, &p->st);
	CLEANUP(textlog_finding_release) struct textlog_finding f;
	struct plan_step step = step_of(q, p);
	const bool known = textlog_finding_begin(q->t, p, &f);
	int rc = 0;

	if (!known || answer_known(q, all, &f) != SELECT_NO) {
		textlog_finding_clear(&f);
		rc = count_file(q, p, &step, &f, e);
	}
	if (rc < 0)
		return -1;
	if (rc == 0 && !f.file.timed)
		store_tell(&q->t->store, NOTE_NO_TIME, p->path, "the file's last write");
	if (rc > 0 || step.n_records == 0)
		return 0;
	step.action = action_for(writer_of(p), p);
	step.technique = step.action == PLAN_CUT || step.action == PLAN_BLANK ? PLAN_CLEARED
									      : PLAN_UNLINKED;
	return plan_add(q->plan, &step, e);
}

static int
plan_file(void *ctx, const struct place *p, struct err *e)
{
	struct question *q = ctx;
	const struct select_block all = textlog_block(q->t, p->path, &p->st);
	const enum select_answer answer = selector_block(q->which, &all);
	struct plan_step step = step_of(q, p);

	if (answer == SELECT_NO || p->st.st_size == 0)
		return 0;
	if (answer != SELECT_YES || writer_of(p) != WRITER_NONE)
		return plan_read(q, p, e);
	step.action = PLAN_UNLINK;
	step.n_records = UINT64_MAX;
	step.bytes = (uint64_t)p->st.st_size;
	step.newest_us = all.to_us;
	return plan_add(q->plan, &step, e);
}

static int
textlog_plan(struct store *s, const struct selector *which, struct plan *plan, struct err *e)
{
	struct question q = { .t = (struct textlog *)s, .which = which, .plan = plan };

	store_unlinked(s);
	return textlog_left_plan(q.t, plan, e) < 0 ? -1 : each_file(&q, plan_file, e);
}

const struct store_driver store_textlog = {
	.type = "textlog",
	.open = textlog_open,
	.free = textlog_free,
	.scan = textlog_scan,
	.cost = textlog_cost,
	.plan = textlog_plan,
	.act = textlog_act,
	.keep = textlog_keep,
	.oldest = textlog_oldest,
};
