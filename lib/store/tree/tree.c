/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "store/tree/tree-private.h"

#define FILES_WEIGHED (1u << 16) /* looked at, to tell how many bytes there are */

static void tree_free(struct store *s);

/* --- its declaration -------------------------------------------------------------------------- */

static int
pattern_read(struct tree *t, const struct conf_store *s, struct err *e)
{
	const char *text = store_option(s, "unit", NULL);
	PCRE2_SIZE at;
	int code;

	if (!text)
		return 0;
	t->unit = pcre2_compile(
		(PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, PCRE2_DUPNAMES, &code, &at, NULL);
	if (!t->unit)
		return conf_fail(e, &s->where, N_("bad pattern"), N_("see tree in sparsam.conf(5)"),
			"store \"%s\": unit: %zu", s->name, at);
	t->match = pcre2_match_data_create_from_pattern(t->unit, NULL);
	return t->match ? 0 : err_memory(e);
}

/* The names in TEXT, which is taken apart. */
static int
names_read(char *text, struct conf_list *ret, struct err *e)
{
	char *rest = NULL;

	ret->v = calloc(strlen(text) + 1, sizeof(*ret->v));
	if (!ret->v)
		return err_memory(e);
	for (char *word = strtok_r(text, " \t\n", &rest); word;
		word = strtok_r(NULL, " \t\n", &rest))
		ret->v[ret->n++] = word;
	return 0;
}

/* The files that clues read, each once is enough. */
static int
last_read(struct tree *t, struct err *e)
{
	const struct tree_clues *both[] = { &t->age, &t->keep_if };

	t->last.v = calloc(2 * CLUES_MAX, sizeof(*t->last.v));
	if (!t->last.v)
		return err_memory(e);
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < both[k]->n; i++)
			if (both[k]->v[i].kind == CLUE_FILE)
				t->last.v[t->last.n++] = both[k]->v[i].path;
	return 0;
}

static int
declaration_read(struct tree *t, const struct conf_store *s, struct err *e)
{
	if (pattern_read(t, s, e) < 0 ||
		tree_clues_read(s, store_option(s, "age", "mtime"), false, &t->age, e) < 0 ||
		tree_clues_read(s, store_option(s, "keep_if", ""), true, &t->keep_if, e) < 0 ||
		last_read(t, e) < 0)
		return -1;
	t->about_text = strdup(store_option(s, "about", ""));
	return t->about_text ? names_read(t->about_text, &t->about, e) : err_memory(e);
}

static int
tree_open(
	const struct store_env *env, const struct conf_store *s, struct store **ret, struct err *e)
{
	struct tree *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return err_memory(e);
	t->store.conf = s;
	t->store.env = env;
	t->unsynced_fd = -1;
	timestamp_init(&t->ts, s->timezone);
	buf_init(&t->text, env->memory_max / 2);
	buf_init(&t->file, env->memory_max / 4 + TREE_FILE_MAX);
	if (declaration_read(t, s, e) < 0) {
		tree_free(&t->store);
		return -1;
	}
	rc = places_exist(&s->paths) ? 0 : STORE_ABSENT;
	if (rc == 0 && store_option(s, "row", NULL))
		rc = named_open(env, s, &t->named, e);
	if (rc == 0)
		*ret = &t->store;
	else
		tree_free(&t->store);
	return rc;
}

static void
tree_free(struct store *s)
{
	struct tree *t = (struct tree *)s;

	if (t->unsynced_fd >= 0)
		(void)fsync(t->unsynced_fd), (void)close(t->unsynced_fd); /* too late to tell */
	tree_units_free(t->due);
	watch_free(t->watch);
	named_free(t->named);
	pcre2_match_data_free(t->match);
	pcre2_code_free(t->unit);
	free(t->age.text);
	free(t->keep_if.text);
	free(t->about_text);
	free(t->about.v);
	free(t->last.v);
	buf_release(&t->text);
	buf_release(&t->file);
	free(t);
}

/* --- how many bytes --------------------------------------------------------------------------- */

/* The first files are looked at, unless its age has just been told by all of them; units behind count as the average
 * of those before. */
struct weight {
	struct folder_measure m;
	uint64_t n_units, bytes;
};

static void
weight_init(struct weight *w)
{
	*w = (struct weight){
		.m = { .budget = FILES_WEIGHED, .enough_us = INT64_MAX, .newest_us = INT64_MIN }
	};
}

static int
weigh(struct tree *t, struct weight *w, const struct tree_units *u, const struct tree_unit *one,
	uint64_t *ret, struct err *e)
{
	const uint64_t before = folder_bytes(&w->m);
	uint64_t bytes = 0;

	if (t->has_read) {
		*ret = folder_bytes(&t->read);
		w->bytes += *ret;
		w->n_units++;
		return 0;
	}
	if (w->m.n_seen >= w->m.budget) {
		*ret = w->n_units ? w->bytes / w->n_units : 0;
		return 0;
	}
	for (const struct tree_part *p = NULL; (p = tree_next_part(u, one, p));) {
		char path[PATH_MAX];
		const char *name;
		struct err why;
		cleanup_fd int dirfd = -1;

		bytes += p->is_folder ? 0 : p->bytes;
		if (!p->is_folder || !tree_part_path(u, p, path))
			continue;
		dirfd = place_open_folder(&t->store.conf->paths, path, &name, &why);
		if (dirfd >= 0 && folder_measure(dirfd, name, &w->m, e) < 0)
			return -1;
	}
	*ret = bytes + (folder_bytes(&w->m) - before);
	w->bytes += *ret;
	w->n_units++;
	return 0;
}

/* --- a question, asked of each unit ----------------------------------------------------------- */

struct question {
	struct tree *t;
	const struct selector *which;
	store_seen *seen;
	void *ctx;
	struct plan *plan;
	struct plan_step files; /* the step of the folder whose files come one by one */
	char files_place[PATH_MAX];
	bool files_of_first; /* of the declared paths */
	struct weight weight;
	struct store_size *size;
	struct store_cost *cost;
	int64_t oldest_us;
};

static int
scan_unit(void *ctx, const struct tree_units *u, const struct tree_unit *one, struct err *e)
{
	struct question *q = ctx;
	struct record r;
	bool selected;
	int64_t us;

	if (tree_unit_selected(q->t, u, one, q->which, &selected, &us, e) < 0)
		return -1;
	if (!selected)
		return 0;
	if (tree_unit_record(q->t, u, one, us, true, &r, e) < 0)
		return -1;
	return q->seen(q->ctx, &r, e);
}

static int
tree_scan(struct store *s, const struct selector *which, store_seen *seen, void *ctx, struct err *e)
{
	struct question q = { .t = (struct tree *)s, .which = which, .seen = seen, .ctx = ctx };

	return tree_each(q.t, scan_unit, &q, e);
}

static int
oldest_unit(void *ctx, const struct tree_units *u, const struct tree_unit *one, struct err *e)
{
	struct question *q = ctx;
	bool selected;
	int64_t us;

	if (tree_unit_selected(q->t, u, one, q->which, &selected, &us, e) < 0)
		return -1;
	if (selected && us < q->oldest_us)
		q->oldest_us = us;
	return 0;
}

static int
tree_oldest(struct store *s, const struct selector *which, int64_t *us, struct err *e)
{
	struct question q = { .t = (struct tree *)s, .which = which, .oldest_us = *us };

	if (tree_each(q.t, oldest_unit, &q, e) < 0)
		return -1;
	*us = q.oldest_us;
	return 0;
}

static int
size_unit(void *ctx, const struct tree_units *u, const struct tree_unit *one, struct err *e)
{
	struct question *q = ctx;
	uint64_t bytes;

	if (weigh(q->t, &q->weight, u, one, &bytes, e) < 0)
		return -1;
	q->size->bytes += bytes;
	q->size->n_parts++;
	return 0;
}

static int
tree_size(struct store *s, struct store_size *ret, struct err *e)
{
	struct question q = { .t = (struct tree *)s, .size = ret };
	const bool known = q.t->has_size;

	q.t->has_size = false;
	q.t->has_read = false;
	*ret = known ? q.t->size : (struct store_size){ 0 };
	if (known)
		return 0;
	weight_init(&q.weight);
	return tree_each(q.t, size_unit, &q, e);
}

/* Names and a file for each unit are read; what its files hold is not. */
static int
tree_cost(struct store *s, const struct selector *which, struct store_cost *ret, struct err *e)
{
	(void)s;
	(void)which;
	(void)e;
	*ret = (struct store_cost){ .indexed = true };
	return 0;
}

/* --- plans ------------------------------------------------------------------------------------ */

static struct plan_step
step_of(const struct question *q, const char *place)
{
	return (struct plan_step){ .store = q->t->store.conf->name,
		.action = PLAN_UNLINK,
		.technique = PLAN_UNLINKED,
		.place = place,
		.oldest_us = RECORD_NO_TIME,
		.newest_us = RECORD_NO_TIME };
}

/* A unit of its own step: its parts are remembered for the act. */
static int
plan_whole(struct question *q, const struct tree_units *u, const struct tree_unit *one, int64_t us,
	uint64_t bytes, struct err *e)
{
	const struct tree_part *first = tree_next_part(u, one, NULL);
	struct plan_step step = step_of(q, tree_text(u, one->id));
	char path[PATH_MAX];

	plan_count(&step, us, bytes);
	if (!q->t->unit) {
		if (!tree_part_path(u, first, path))
			return 0;
		step.place = path;
		step.dev = first->dev;
		step.ino = first->ino;
	}
	step.driver = q->t->due->n;
	if (tree_units_copy(q->t->due, u, one, e) < 0)
		return -1;
	if (q->t->has_read && q->t->read.newest_us != INT64_MIN) {
		q->t->due->unit[step.driver].newest_us = q->t->read.newest_us;
		q->t->due->unit[step.driver].group = q->t->group;
		q->t->group = 0; /* until the act */
	}
	return plan_add(q->plan, &step, e);
}

static int
files_flush(struct question *q, struct err *e)
{
	int rc = q->files.n_records > 0 ? plan_add(q->plan, &q->files, e) : 0;

	*q->files_place = '\0';
	q->files.n_records = 0;
	return rc;
}

/* The pattern under which the files of P's folder are found: the folder, and the pattern's own last
 * part. False: that would not name itself, as "[a-z]" does not. */
static bool
files_of(struct question *q, const struct tree_units *u, const struct tree_part *p, char *ret)
{
	const struct conf_list *paths = &q->t->store.conf->paths;
	char path[PATH_MAX];

	for (size_t i = 0; tree_part_path(u, p, path) && i < paths->n; i++) {
		const char *last = strrchr(paths->v[i], '/');

		if (fnmatch(paths->v[i], path, FNM_PATHNAME | FNM_PERIOD) != 0)
			continue;
		q->files_of_first = i == 0;
		(void)snprintf(ret, PATH_MAX, "%s%s", tree_text(u, p->folder), last);
		return fnmatch(paths->v[i], ret, FNM_PATHNAME | FNM_PERIOD) == 0;
	}
	return false;
}

/* Is P found in the folder, and under the pattern, of the file before? No path stands before the first. */
static bool
is_among_files(const struct question *q, const struct tree_units *u, const struct tree_part *p)
{
	const char *folder = tree_text(u, p->folder), *last = strrchr(q->files_place, '/');
	const size_t len = strlen(folder);

	return last && q->files_of_first && (size_t)(last - q->files_place) == len &&
	       memcmp(folder, q->files_place, len) == 0 &&
	       place_fits(last + 1, tree_text(u, p->name));
}

/* One of many files, each a unit: the folder is one step. */
static int
plan_file(struct question *q, const struct tree_units *u, const struct tree_unit *one, int64_t us,
	struct err *e)
{
	const struct tree_part *p = tree_next_part(u, one, NULL);
	char place[PATH_MAX];

	if (is_among_files(q, u, p)) {
		plan_count(&q->files, us, p->bytes);
		return 0;
	}
	if (!files_of(q, u, p, place))
		return plan_whole(q, u, one, us, p->bytes, e);
	if (strcmp(place, q->files_place) != 0) {
		if (files_flush(q, e) < 0)
			return -1;
		q->files = step_of(q, memcpy(q->files_place, place, strlen(place) + 1));
		q->files.driver = TREE_FILES;
		q->files.n_stay = UINT64_MAX;
	}
	plan_count(&q->files, us, p->bytes);
	return 0;
}

static int
plan_one(struct question *q, const struct tree_units *u, const struct tree_unit *one, struct err *e)
{
	bool selected;
	uint64_t bytes;
	int64_t us;

	if (tree_unit_selected(q->t, u, one, q->which, &selected, &us, e) < 0 ||
		weigh(q->t, &q->weight, u, one, &bytes, e) < 0)
		return -1;
	q->t->size.bytes += bytes;
	q->t->size.n_parts++;
	if (!selected)
		return 0;
	if (!q->t->unit && !tree_next_part(u, one, NULL)->is_folder)
		return plan_file(q, u, one, us, e);
	return plan_whole(q, u, one, us, bytes, e);
}

static int
plan_unit(void *ctx, const struct tree_units *u, const struct tree_unit *one, struct err *e)
{
	struct question *q = ctx;
	int rc;

	q->t->group = watch_begin(q->t->watch);
	rc = plan_one(q, u, one, e);
	watch_end(q->t->watch, q->t->group); /* it stays, or nothing in it was looked at */
	q->t->group = 0;
	return rc;
}

/* Are units as old as the files in them? */
static bool
looks_into(const struct tree *t)
{
	const struct tree_clues *both[] = { &t->age, &t->keep_if };

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < both[k]->n; i++)
			if (both[k]->v[i].kind == CLUE_NEWEST || both[k]->v[i].kind == CLUE_QUIET)
				return true;
	return false;
}

static int
tree_plan(struct store *s, const struct selector *which, struct plan *plan, struct err *e)
{
	struct question q = { .t = (struct tree *)s, .which = which, .plan = plan };
	const size_t before = plan->n;
	int64_t from_us;
	bool timeless;

	q.t->due = tree_units_free(q.t->due);
	q.t->due = tree_units_new(q.t, UINT32_MAX);
	if (!q.t->due)
		return err_memory(e);
	q.t->size = (struct store_size){ 0 };
	q.t->watch = watch_free(q.t->watch);
	q.t->watch = looks_into(q.t) ? watch_new() : NULL;
	selector_reach(which, &from_us, &q.t->watch_us, &timeless);
	weight_init(&q.weight);
	if (tree_each(q.t, plan_unit, &q, e) < 0 || files_flush(&q, e) < 0)
		return -1;
	q.t->n_steps = plan->n - before;
	q.t->n_acts = 0;
	q.t->has_size = true;
	return 0;
}

const struct store_driver store_tree = {
	.type = "tree",
	.open = tree_open,
	.free = tree_free,
	.scan = tree_scan,
	.cost = tree_cost,
	.plan = tree_plan,
	.act = tree_act,
	.oldest = tree_oldest,
	.size = tree_size,
};
