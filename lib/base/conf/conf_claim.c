/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A file belongs to one store, or it would be scrubbed by one rule and aged by another. What two
 * stores claim is found in the patterns' texts, where one covers the other, and in the files that
 * are there now. Two patterns that might meet in a file that is not there are no conflict:
 * *access.log* and *error.log* do.
 */
#include "base/conf/conf-private.h"

#include <fnmatch.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

struct claim {
	const struct conf_store *store;
	const char *pattern;
};

static size_t
claims_collect(const struct conf *c, struct claim *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_stores; i++) {
		const struct conf_store *s = &c->store[i];

		for (size_t k = 0; k < s->paths.n; k++)
			ret[n++] = (struct claim){ s, s->paths.v[k] };
		for (size_t k = 0; k < s->n_sinks; k++) {
			if (s->sink[k].type == SINK_FILE || s->sink[k].type == SINK_JOURNAL)
				ret[n++] = (struct claim){ s, s->sink[k].path };
		}
	}
	return n;
}

static size_t
claims_count(const struct conf *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_stores; i++)
		n += c->store[i].paths.n + c->store[i].n_sinks;
	return n;
}

/* The operator's own declaration is the one to mend; otherwise the later. */
static int
claim_fail(const struct conf_draft *d, const struct conf_store *a, const struct conf_store *b,
	const char *what, const char *shared, struct err *e)
{
	const size_t own = d->own_stores, ia = (size_t)(a - d->conf.store),
		     ib = (size_t)(b - d->conf.store);
	const bool mend_a = (ia < own) != (ib < own) ? ia < own : ia > ib;
	const struct conf_store *mend = mend_a ? a : b, *other = mend_a ? b : a;

	return conf_fail(e, &mend->where, what, N_("take it out of one of the two"),
		"%s: store \"%s\", and store \"%s\" at %s:%u", shared, mend->name, other->name,
		other->where.file, other->where.line);
}

/* What stands before the first sign of a pattern is compared at once. */
static bool
path_matches(const char *pattern, const char *path)
{
	if (strncmp(pattern, path, strcspn(pattern, "*?[\\")) != 0)
		return false;
	return fnmatch(pattern, path, FNM_PATHNAME | FNM_PERIOD) == 0;
}

/* Of a database each store has tables, or rows of one. */
static bool
is_database(struct claim v)
{
	return strcmp(v.store->type, "sqlite") == 0;
}

/* Of trees and maildirs what each holds may be more than all else there is on a disk; what a log has
 * in common with them is found from the log's side. */
static bool
is_large(struct claim v)
{
	return strcmp(v.store->type, "tree") == 0 || strcmp(v.store->type, "maildir") == 0;
}

static int
path_check(const struct conf_draft *d, const struct claim *v, size_t n, size_t at, const char *path,
	struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].store != v[at].store && !(is_database(v[i]) && is_database(v[at])) &&
			path_matches(v[i].pattern, path))
			return claim_fail(d, v[at].store, v[i].store,
				N_("file claimed by two stores"), path, e);
	}
	return 0;
}

static int
files_check(const struct conf_draft *d, const struct claim *v, size_t n, size_t at, struct err *e)
{
	glob_t g = { 0 };
	int r = 0;

	if (is_large(v[at]))
		return 0;
	/* what may not be read now is found by whoever may: a filter runs without privilege */
	if (glob(v[at].pattern, GLOB_NOSORT, NULL, &g) == 0) {
		for (size_t i = 0; i < g.gl_pathc && r == 0; i++)
			r = path_check(d, v, n, at, g.gl_pathv[i], e);
	}
	globfree(&g);
	return r;
}

static int
journal_check(const struct conf_draft *d, const struct conf_store *a, const struct conf_store *b,
	struct err *e)
{
	for (size_t i = 0; i < a->journal.n; i++) {
		for (size_t k = 0; k < b->journal.n; k++) {
			if (strcmp(a->journal.v[i], b->journal.v[k]) == 0)
				return claim_fail(d, a, b,
					N_("journal entries claimed by two stores"),
					a->journal.v[i], e);
		}
	}
	return 0;
}

int
conf_claims_check(const struct conf_draft *d, struct err *e)
{
	const struct conf *c = &d->conf;
	const size_t n = claims_count(c);
	cleanup_mem struct claim *v = calloc(n + 1, sizeof(*v));
	size_t used;

	if (!v)
		return err_memory(e);
	used = claims_collect(c, v);
	for (size_t i = 0; i < used; i++) {
		if (path_check(d, v, used, i, v[i].pattern, e) < 0)
			return -1;
		/* the files of this machine say nothing about another root's */
		if (d->root < 0 && files_check(d, v, used, i, e) < 0)
			return -1;
	}
	for (size_t a = 0; a < c->n_stores; a++) {
		for (size_t b = a + 1; b < c->n_stores; b++) {
			if (journal_check(d, &c->store[a], &c->store[b], e) < 0)
				return -1;
		}
	}
	return 0;
}
