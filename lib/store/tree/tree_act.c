/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A unit's parts go in the order of the declared paths, and in each folder the files that tell its
 * age go last. So a unit that a kill has cut in two is as old as before, and the next run goes on.
 * The marks in other folders go with their path: what tells the end of a meeting stands last.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/file/walk.h"
#include "store/tree/tree-private.h"

/* fsync() of a folder takes some 20 ms on a disk, and there are thousands of small units: steps that
 * follow one another within SYNC_US share it, and the last step of a plan always has its own. The
 * journal of a file system is in order: the folder changed last brings all before it to the disk. */
#define SYNC_US 200000

static int64_t
steady_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int
sync_now(struct tree *t, const char *place, struct err *e)
{
	int rc = 0;

	if (t->unsynced_fd < 0)
		return 0;
	/* ENOENT: the folder itself has been removed meanwhile */
	if (fsync(t->unsynced_fd) < 0 && errno != ENOENT)
		rc = err_fail(e, EX_IOERR, errno, N_("cannot write"), NULL, "%s", place);
	(void)close(t->unsynced_fd); /* a folder: nothing is left to report */
	t->unsynced_fd = -1;
	t->synced_us = steady_us();
	return rc;
}

/* DIRFD has lost a name. */
static int
sync_later(struct tree *t, int dirfd, dev_t dev, const char *place, struct err *e)
{
	if (t->unsynced_fd >= 0 && t->unsynced_dev != dev && sync_now(t, place, e) < 0)
		return -1;
	if (t->unsynced_fd >= 0)
		(void)close(t->unsynced_fd); /* the younger one stands for both */
	t->unsynced_fd = fcntl(dirfd, F_DUPFD_CLOEXEC, 0);
	t->unsynced_dev = dev;
	if (t->unsynced_fd < 0)
		return err_fail(e, EX_OSERR, errno, N_("cannot open"), NULL, "%s", place);
	return 0;
}

/* --- a unit of several places ----------------------------------------------------------------- */

static int
remove_part(struct tree *t, const struct tree_units *u, const struct tree_part *p,
	struct store_result *ret, struct err *e)
{
	char path[PATH_MAX];
	const char *name;
	struct err why;
	struct stat st;
	uint64_t n = 0;
	cleanup_fd int dirfd = -1;
	int rc;

	if (!tree_part_path(u, p, path))
		return 0;
	dirfd = place_open_folder(&t->store.conf->paths, path, &name, &why);
	if (dirfd < 0 && why.exit == EX_NOINPUT)
		return 0; /* gone */
	if (dirfd < 0) {
		*e = why;
		return -1;
	}
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (st.st_dev != p->dev || st.st_ino != p->ino) {
		ret->n_stayed++; /* another one by now: the next run sees it */
		return 0;
	}
	rc = folder_remove(dirfd, name, &t->last, &n, e);
	if (rc < 0)
		return err_within(e, "%s", path);
	if (rc == FOLDER_STAYS) {
		ret->n_stayed++;
		store_tell(&t->store, NOTE_NOT_POSSIBLE, path,
			"another mount, too deep, or written to meanwhile");
	}
	return sync_later(t, dirfd, st.st_dev, path, e);
}

/* What has been written since the plan makes it younger. */
static void
look_again(struct tree *t, struct tree_units *u, const struct tree_unit *one)
{
	for (uint32_t i = one->first; i; i = u->part[i].next) {
		char path[PATH_MAX];
		const char *name;
		struct err gone;
		struct stat st;
		cleanup_fd int dirfd = -1;

		if (!tree_part_path(u, &u->part[i], path))
			continue;
		dirfd = place_open_folder(&t->store.conf->paths, path, &name, &gone);
		if (dirfd >= 0 && fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			u->part[i].mtime_us = (int64_t)st.st_mtim.tv_sec * 1000000 +
					      st.st_mtim.tv_nsec / 1000;
	}
}

static int
act_unit(struct tree *t, const struct plan_step *step, const struct selector *which,
	struct store_result *ret, struct err *e)
{
	struct tree_units *u = t->due;
	struct tree_unit *one;
	bool selected;
	int64_t us;

	if (!u || step->driver >= u->n)
		return err_fail(
			e, EX_SOFTWARE, 0, N_("not a step of this plan"), NULL, "%s", step->place);
	one = &u->unit[step->driver];
	look_again(t, u, one);
	if (tree_unit_selected(t, u, one, which, &selected, &us, e) < 0)
		return -1;
	watch_end(t->watch, one->group);
	one->group = 0;
	if (!selected) {
		ret->n_stayed = 1;
		return 0;
	}
	for (const struct tree_part *p = NULL; (p = tree_next_part(u, one, p));)
		if (remove_part(t, u, p, ret, e) < 0)
			return -1;
	ret->n_erased = ret->n_stayed == 0;
	ret->bytes = ret->n_erased ? step->bytes : 0;
	return 0;
}

/* --- the files of one folder ------------------------------------------------------------------ */

struct files {
	struct tree *t;
	struct tree_units *one; /* the file in hand, as a unit */
	const struct plan_step *step;
	const struct selector *which;
	struct store_result *ret;
	int dirfd;
	dev_t dev;
	const char *pattern, *folder;
};

static int
act_file(void *ctx, const char *name, unsigned char type, struct err *e)
{
	const struct files *f = ctx;
	struct place p = { .dirfd = f->dirfd, .name = name };
	char path[PATH_MAX];
	bool selected;
	int64_t us;

	(void)type;
	if (!place_fits(f->pattern, name) ||
		fstatat(f->dirfd, name, &p.st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(p.st.st_mode) ||
		p.st.st_nlink != 1 || p.st.st_dev != f->dev || !place_join(path, f->folder, name))
		return 0;
	p.path = path;
	tree_units_clear(f->one);
	if (tree_units_add(f->one, &p, e) < 0 ||
		tree_unit_selected(f->t, f->one, &f->one->unit[0], f->which, &selected, &us, e) < 0)
		return -1;
	if (!selected) {
		f->ret->n_stayed++;
		return 0;
	}
	if (unlinkat(f->dirfd, name, 0) < 0)
		return errno == ENOENT ? 0
				       : err_fail(e, EX_IOERR, errno, N_("cannot remove"), NULL,
						 "%s", path);
	f->ret->n_erased++;
	f->ret->bytes += (uint64_t)p.st.st_blocks * 512;
	return 0;
}

static int
act_files(struct tree *t, const struct plan_step *step, const struct selector *which,
	struct store_result *ret, struct err *e)
{
	CLEANUP(tree_units_freep) struct tree_units *one = tree_units_new(t, 1 << 20);
	struct files f = { .t = t, .one = one, .step = step, .which = which, .ret = ret };
	cleanup_fd int dirfd = place_open_folder(&t->store.conf->paths, step->place, &f.pattern, e);
	cleanup_fd int fd = -1;
	char folder[PATH_MAX];
	struct stat st;

	if (!one)
		return err_memory(e);
	if (dirfd < 0)
		return -1;
	/* a descriptor of its own to read by */
	fd = walk_open(dirfd, ".", O_RDONLY | O_DIRECTORY, 0, &st, e);
	if (fd < 0)
		return -1;
	(void)snprintf(
		folder, sizeof(folder), "%.*s", (int)(f.pattern - 1 - step->place), step->place);
	f.folder = folder;
	f.dirfd = fd;
	f.dev = st.st_dev;
	if (folder_each(fd, act_file, &f, e) < 0)
		return err_within(e, "%s", step->place);
	return sync_later(t, fd, st.st_dev, step->place, e);
}

int
tree_act(struct store *s, const struct plan_step *step, const struct selector *which,
	struct store_result *ret, struct err *e)
{
	struct tree *t = (struct tree *)s;

	int rc;

	*ret = (struct store_result){ .technique = PLAN_UNLINKED };
	rc = step->driver == TREE_FILES ? act_files(t, step, which, ret, e)
					: act_unit(t, step, which, ret, e);
	t->n_acts++;
	if (t->n_acts < t->n_steps && steady_us() - t->synced_us < SYNC_US)
		return rc;
	return sync_now(t, step->place, rc < 0 ? NULL : e) < 0 ? -1 : rc;
}
