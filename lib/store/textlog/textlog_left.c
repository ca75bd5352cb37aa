/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A run that was ended has left files beside a log (base/file/replace.h): an unfinished copy, or the log as it
 * was, with lines that came late. They are no places of the store, because their records are in the log or
 * are going there; but they have to end, also when the log itself has been rotated away.
 */
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file/replace.h"
#include "store/textlog/textlog-private.h"

struct left {
	const struct textlog *t;
	struct plan *plan;
};

/* "/var/log/.app.log*.sparsam-*" of "/var/log/app.log*". */
static bool
pattern_of(const char *path, char ret[PATH_MAX])
{
	const char *name = strrchr(path, '/') + 1;

	return snprintf(ret, PATH_MAX, "%.*s.%s.sparsam-*", (int)(name - path), path, name) <
	       PATH_MAX;
}

static int
see_left(void *ctx, const struct place *p, struct err *e)
{
	const struct left *l = ctx;
	const struct plan_step step = { .store = l->t->store.conf->name,
		.action = PLAN_UNLINK,
		.technique = PLAN_UNLINKED,
		.place = p->path,
		.dev = p->st.st_dev,
		.ino = p->st.st_ino,
		.oldest_us = RECORD_NO_TIME,
		.newest_us = RECORD_NO_TIME };

	return plan_add(l->plan, &step, e);
}

int
textlog_left_plan(struct textlog *t, struct plan *plan, struct err *e)
{
	struct left l = { .t = t, .plan = plan };
	char pattern[PATH_MAX];
	const char *one = pattern;

	for (size_t i = 0; i < t->paths.n; i++)
		if (pattern_of(t->paths.v[i], pattern) &&
			places_each(&(const struct conf_list){ .v = &one, .n = 1 }, PLACE_FILE,
				see_left, NULL, &l, e) < 0)
			return -1;
	return 0;
}

int
textlog_left_act(const struct textlog *t, const struct plan_step *step, struct err *e)
{
	char pattern[PATH_MAX];
	const char *one = pattern, *name;

	for (size_t i = 0; i < t->paths.n; i++) {
		if (!pattern_of(t->paths.v[i], pattern) ||
			fnmatch(pattern, step->place, FNM_PATHNAME | FNM_PERIOD) != 0)
			continue;
		cleanup_fd int dirfd = place_open_folder(
			&(const struct conf_list){ .v = &one, .n = 1 }, step->place, &name, e);
		struct stat st;

		if (dirfd < 0)
			return -1;
		return plan_stands(step, dirfd, name, &st) && replace_finish(dirfd, name, e) < 0
			       ? -1
			       : 0;
	}
	return 1;
}
