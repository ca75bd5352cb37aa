/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/store-private.h"

#include <fnmatch.h>
#include <string.h>
#include <sysexits.h>

#include "store/open_file.h"

static const struct store_driver *const drivers[] = {
	&store_textlog,
	&store_journal,
	&store_sqlite,
	&store_postgres,
	&store_redis,
	&store_tree,
	&store_maildir,
	&store_utmp,
};

static const struct store_driver *
driver_of(const struct conf_store *s)
{
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (strcmp(drivers[i]->type, s->type) == 0)
			return drivers[i];
	return NULL;
}

int
store_open(
	const struct store_env *env, const struct conf_store *s, struct store **ret, struct err *e)
{
	const struct store_driver *d = driver_of(s);
	int rc;

	if (!d)
		return conf_fail(e, &s->where, N_("no driver for this type of store"),
			N_("see sparsam.conf(5) for the types"), "store \"%s\"", s->name);
	rc = d->open(env, s, ret, e);
	if (rc < 0)
		return err_within(e, "store \"%s\"", s->name);
	if (rc == 0) {
		(*ret)->driver = d;
		(*ret)->env = env;
		(*ret)->conf = s;
	}
	return rc;
}

struct store *
store_free(struct store *s)
{
	if (s)
		s->driver->free(s);
	return NULL;
}

const struct conf_store *
store_conf(const struct store *s)
{
	return s->conf;
}

/* --- its places ------------------------------------------------------------------------------- */

const struct conf_list *
store_paths(const struct store *s)
{
	return s->paths ? s->paths : &s->conf->paths;
}

int
store_folders(struct store *s, place_folder *seen, void *ctx, struct err *e)
{
	return places_folders(store_paths(s), seen, ctx, e);
}

struct visit {
	struct store *s;
	enum place_kind kind;
	place_seen *seen;
	void *ctx;
};

static int
see_place(void *ctx, const struct place *p, struct err *e)
{
	const struct visit *v = ctx;

	return v->seen(v->ctx, p, e);
}

static void
see_odd(void *ctx, const char *path, bool foreign_mount)
{
	const struct visit *v = ctx;

	store_tell(v->s, foreign_mount ? NOTE_FOREIGN_MOUNT : NOTE_ODD, path,
		foreign_mount             ? "another file system"
		: v->kind == PLACE_FOLDER ? "no folder"
					  : "a link, several names, or no regular file");
}

int
store_places(struct store *s, enum place_kind kind, place_seen *seen, void *ctx, struct err *e)
{
	struct visit v = { s, kind, seen, ctx };

	return places_each(store_paths(s), kind, see_place, see_odd, &v, e);
}

/* journald closes what it has rotated when it rotates again (deferred_closes), which is no reader's doing. */
static void
see_unlinked(void *ctx, const char *path, const char *who)
{
	static const char journald[] = "systemd-journal[";
	struct store *s = ctx;
	const struct conf_list *paths = store_paths(s);

	if (strncmp(who, journald, strlen(journald)) == 0)
		return;
	for (size_t i = 0; i < paths->n; i++)
		if (fnmatch(paths->v[i], path, FNM_PATHNAME | FNM_PERIOD) == 0) {
			store_tell(s, NOTE_DELETED_OPEN, path, who);
			return;
		}
}

void
store_unlinked(struct store *s)
{
	CLEANUP(unlinked_freep) struct unlinked *own = NULL;
	struct unlinked *shared = s->env->unlinked;

	if (!shared)
		own = unlinked_new();
	if (shared || own)
		unlinked_each(shared ? shared : own, see_unlinked, s);
}

static int
within(const struct store *s, int rc, struct err *e)
{
	return rc < 0 ? err_within(e, "store \"%s\"", s->conf->name) : rc;
}

int
store_scan(
	struct store *s, const struct selector *which, store_seen *seen, void *ctx, struct err *e)
{
	return within(s, s->driver->scan(s, which, seen, ctx, e), e);
}

int
store_visit(const struct store_env *env, const struct conf_store *s, const struct selector *which,
	store_seen *seen, void *ctx, struct err *e)
{
	CLEANUP(store_freep) struct store *store = NULL;
	int rc = store_open(env, s, &store, e);

	if (rc == 0)
		rc = store_scan(store, which, seen, ctx, e);
	return rc == STORE_ABSENT ? 0 : rc;
}

int
store_cost(struct store *s, const struct selector *which, struct store_cost *ret, struct err *e)
{
	return within(s, s->driver->cost(s, which, ret, e), e);
}

int
store_plan(struct store *s, const struct selector *which, struct plan *plan, struct err *e)
{
	return within(s, s->driver->plan(s, which, plan, e), e);
}

int
store_act(struct store *s, const struct plan_step *step, const struct selector *which,
	struct store_result *ret, struct err *e)
{
	return within(s, s->driver->act(s, step, which, ret, e), e);
}

int
store_set(struct store *s, const struct selector *which, const struct store_value *v, size_t n,
	uint64_t *ret_n, struct err *e)
{
	if (!s->driver->set)
		return STORE_FIXED;
	*ret_n = 0;
	return within(s, s->driver->set(s, which, v, n, ret_n, e), e);
}

int
store_see_oldest(void *ctx, const struct record *r, struct err *e)
{
	int64_t *oldest = ctx;

	(void)e;
	if (r->time_us != RECORD_NO_TIME && r->time_us < *oldest)
		*oldest = r->time_us;
	return 0;
}

int
store_oldest(struct store *s, const struct selector *kept, int64_t *ret_us, struct err *e)
{
	const struct selector all = select_since(INT64_MIN + 1);
	struct selector others = kept ? select_not(kept) : all;
	const struct selector which = select_and(&all, &others);
	int64_t oldest = INT64_MAX;

	if (s->driver->oldest ? within(s, s->driver->oldest(s, &which, &oldest, e), e) < 0
			      : store_scan(s, &which, store_see_oldest, &oldest, e) < 0)
		return -1;
	if (oldest == INT64_MAX)
		return STORE_EMPTY;
	*ret_us = oldest;
	return 0;
}

static int
size_file(void *ctx, const struct place *p, struct err *e)
{
	struct store_size *size = ctx;

	(void)e;
	size->bytes += (uint64_t)p->st.st_blocks * 512;
	size->n_parts++;
	return 0;
}

int
store_size(struct store *s, struct store_size *ret, struct err *e)
{
	*ret = (struct store_size){ 0 };
	return within(s,
		s->driver->size ? s->driver->size(s, ret, e)
				: places_each(store_paths(s), PLACE_FILE, size_file, NULL, ret, e),
		e);
}

int
store_keep(struct store *s, const struct selector *which, int dirfd, const char *name,
	uint64_t *ret_n, struct err *e)
{
	*ret_n = 0;
	if (!s->driver->keep)
		return 0;
	return within(s, s->driver->keep(s, which, dirfd, name, ret_n, e), e);
}

const char *
store_option(const struct conf_store *s, const char *key, const char *otherwise)
{
	for (size_t i = 0; i < s->n_options; i++)
		if (strcmp(s->option[i].key, key) == 0)
			return s->option[i].value;
	return otherwise;
}

void
store_tell(const struct store *s, enum store_note n, const char *place, const char *detail)
{
	if (s->env->note)
		s->env->note(s->env->ctx, s->conf, n, place, detail);
}

bool
store_stopped(const struct store *s)
{
	return s->env->stop && s->env->stop(s->env->ctx);
}
