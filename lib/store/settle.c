/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A file is known by device, number and birth, whatever its name is by now: so one that was rotated to a name that had
 * been read already is read when the names are gone through again, and so is a copy that was made of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "store/store-private.h"

#define ROUNDS_MAX 16

struct known_file {
	uint64_t dev, ino;
	int64_t born_us; /* 0: the file system does not say */
};

struct settling {
	place_seen *seen;
	void *ctx;
	struct known_file *v; /* read; the first n_sorted in order */
	size_t n, n_sorted, max;
	bool unsure; /* in this round a name lost its file, or got another */
	bool ended;  /* nobody wants more */
};

static bool
look(const struct place *p, struct known_file *ret)
{
	struct statx x;

	if (statx(p->dirfd, p->name, AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &x) < 0)
		return false;
	*ret = (struct known_file){ .dev = (uint64_t)x.stx_dev_major << 32 | x.stx_dev_minor,
		.ino = x.stx_ino,
		.born_us = x.stx_mask & STATX_BTIME ? (int64_t)x.stx_btime.tv_sec * 1000000 +
							      x.stx_btime.tv_nsec / 1000
						    : 0 };
	return true;
}

static int
compare(const void *va, const void *vb)
{
	const struct known_file *a = va, *b = vb;

	if (a->ino != b->ino)
		return a->ino < b->ino ? -1 : 1;
	if (a->dev != b->dev)
		return a->dev < b->dev ? -1 : 1;
	return a->born_us < b->born_us ? -1 : a->born_us > b->born_us;
}

static int
remember(struct settling *s, const struct known_file *one, struct err *e)
{
	if (s->n == s->max) {
		const size_t max = s->max ? 2 * s->max : 64;
		struct known_file *v = reallocarray(s->v, max, sizeof(*v));

		if (!v)
			return err_memory(e);
		s->v = v;
		s->max = max;
	}
	s->v[s->n++] = *one;
	return 0;
}

/* What has another file's name when it was read is not known to have been read; and what has gone may have another
 * name by now, which this round has passed. */
static int
see(void *ctx, const struct place *p, struct err *e)
{
	struct settling *s = ctx;
	struct known_file before, after;
	int rc;

	if (!look(p, &before)) {
		s->unsure |= errno == ENOENT;
		return 0;
	}
	if (s->n_sorted > 0 && bsearch(&before, s->v, s->n_sorted, sizeof(before), compare))
		return 0;
	rc = s->seen(s->ctx, p, e);
	s->ended = rc != 0;
	if (rc != 0)
		return rc;
	if (look(p, &after) && compare(&before, &after) == 0)
		return remember(s, &before, e);
	s->unsure = true;
	return 0;
}

static int
fail_unsettled(const struct store *s, struct err *e)
{
	return err_fail(e, EX_TEMPFAIL, 0, N_("files change faster than they are read"),
		N_("search again"), "store \"%s\"", s->conf->name);
}

int
store_places_settled(struct store *s, place_seen *seen, void *ctx, struct err *e)
{
	struct settling x = { .seen = seen, .ctx = ctx };
	int rc = 0, rounds = 0;

	do {
		x.n_sorted = x.n;
		x.unsure = rounds == 0; /* then names that have gone are not told of */
		if (x.n > 0)
			qsort(x.v, x.n, sizeof(*x.v), compare);
		/* what is odd is told once */
		rc = rounds == 0
			     ? store_places(s, PLACE_FILE, see, &x, e)
			     : places_each_again(store_paths(s), PLACE_FILE, see, &x, &x.unsure, e);
	} while (rc == 0 && !x.ended && (x.n > x.n_sorted || x.unsure) && ++rounds < ROUNDS_MAX);
	free(x.v);
	return rc < 0 ? -1 : rounds == ROUNDS_MAX ? fail_unsettled(s, e) : 0;
}
