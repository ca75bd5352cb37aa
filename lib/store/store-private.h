/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * store-private.h - what a driver fills in
 *
 * `struct store` is the head of a driver's own struct. store.c does what is alike for all: finds
 * the driver, and answers where a driver leaves a function out.
 */
#pragma once
#include "base/conf/conf.h"
#include "record/record.h"
#include "store/store.h"

struct store_driver {
	const char *type; /* as declared: type = "…" */

	/* Each as in store.h. `open` gives a struct store whose `driver` is set by store.c. */
	int (*open)(const struct store_env *env, const struct conf_store *s, struct store **ret,
		struct err *e);
	void (*free)(struct store *s);
	int (*scan)(struct store *s, const struct selector *which, store_seen *seen, void *ctx,
		struct err *e);
	int (*cost)(struct store *s, const struct selector *which, struct store_cost *ret,
		struct err *e);
	int (*plan)(
		struct store *s, const struct selector *which, struct plan *plan, struct err *e);
	int (*act)(struct store *s, const struct plan_step *step, const struct selector *which,
		struct store_result *ret, struct err *e);
	/* NULL: records stay as they were written */
	int (*set)(struct store *s, const struct selector *which, const struct store_value *v,
		size_t n, uint64_t *ret_n, struct err *e);
	/* Sets *US to the time of what WHICH selects, where it is less. NULL: by a scan */
	int (*oldest)(struct store *s, const struct selector *which, int64_t *us, struct err *e);
	/* NULL: the files of its places */
	int (*size)(struct store *s, struct store_size *ret, struct err *e);
	/* NULL: nobody else deletes here */
	int (*keep)(struct store *s, const struct selector *which, int dirfd, const char *name,
		uint64_t *ret_n, struct err *e);
};

struct store {
	const struct store_driver *driver;
	const struct store_env *env;
	const struct conf_store *conf;
	const struct conf_list *paths; /* of its places: the driver's, or (NULL) those declared */
};

extern const struct store_driver store_textlog, store_journal, store_tree, store_maildir,
	store_sqlite, store_postgres, store_redis, store_utmp;

/* The value of KEY in the section TYPE { … } of S, or OTHERWISE; conf_schema.c lists the
 * keys. */
const char *store_option(const struct conf_store *s, const char *key, const char *otherwise);

/* A store_seen: the least time of what it is given, in the int64_t CTX. */
int store_see_oldest(void *ctx, const struct record *r, struct err *e);

/* places_each() of S's places; what is not to be touched is told. */
int store_places(struct store *s, enum place_kind kind, place_seen *seen, void *ctx, struct err *e);

const struct conf_list *store_paths(const struct store *s);

/* The same for files that others rename, copy and replace meanwhile: each one that is there in the end has been given
 * under one of its names, some perhaps twice. EX_TEMPFAIL: there was no end to it. */
int store_places_settled(struct store *s, place_seen *seen, void *ctx, struct err *e);

/* To env->note, if there is one. */
void store_tell(const struct store *s, enum store_note n, const char *place, const char *detail);
bool store_stopped(const struct store *s);
