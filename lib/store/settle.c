/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A file is known by device, number and birth, whatever its name is by now: so one that was rotated to a name that had
 * been read already is read when the names are gone through again, and so is a copy that was made of it, of which nobody can
 * tell whether its records are others.
 */
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/now.h"
#include "store/store-private.h"

#define ROUNDS_MAX 16
#define TICK_US    10000 /* births are told by the clock of the tick before */

struct known_file {
	uint64_t dev, ino;
	int64_t born_us; /* 0: the file system does not say */
};

struct settling {
	place_seen *seen;
	void *ctx;
	void *read; /* struct known_file: tsearch(3) */
	int rounds;
	int64_t begun_us;
	bool moved;  /* one was read of which it is not known whether it was that name's */
	bool more;   /* in this round one was read */
	bool unsure; /* … and a name lost its file, or got another */
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
	struct known_file *own = malloc(sizeof(*own));

	if (!own)
		return err_memory(e);
	*own = *one;
	if (!tsearch(own, &s->read, compare)) {
		free(own);
		return err_memory(e);
	}
	s->more = true;
	return 0;
}

/* What has another file's name when it was read is not known to have been read; and what has gone may have another
 * name by now, which this round has passed. */
static int
see(void *ctx, const struct place *p, struct err *e)
{
	struct settling *s = ctx;
	struct known_file before, after;
	struct place here = *p;
	int rc;

	if (!look(p, &before)) {
		s->unsure |= errno == ENOENT;
		return 0;
	}
	if (tfind(&before, &s->read, compare))
		return 0;
	here.again = s->rounds > 0 || s->moved || before.born_us > s->begun_us - TICK_US;
	rc = s->seen(s->ctx, &here, e);
	s->ended = rc != 0;
	if (rc != 0)
		return rc;
	if (look(p, &after) && compare(&before, &after) == 0)
		return remember(s, &before, e);
	s->unsure = s->moved = true;
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
	struct settling x = { .seen = seen, .ctx = ctx, .begun_us = now_us() };
	int rc;

	do {
		x.more = false;
		x.unsure = x.rounds == 0; /* then names that have gone are not told of */
		/* what is odd is told once */
		rc = x.rounds == 0
			     ? store_places(s, PLACE_FILE, see, &x, e)
			     : places_each_again(store_paths(s), PLACE_FILE, see, &x, &x.unsure, e);
	} while (rc == 0 && !x.ended && (x.more || x.unsure) && ++x.rounds < ROUNDS_MAX);
	tdestroy(x.read, free);
	return rc < 0 ? -1 : x.rounds == ROUNDS_MAX ? fail_unsettled(s, e) : 0;
}
