/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file/watch.h"

#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/vfs.h>

/* IN_OPEN for whoever would write through a mapping later, of which nothing else tells. */
#define EVENTS                                                                                     \
	(IN_OPEN | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_MOVED_TO |              \
		IN_MOVE_SELF | IN_DELETE_SELF | IN_ONLYDIR)

struct group {
	int first, last; /* its watch descriptors lie between; 0: none */
	bool touched;
};

struct watch {
	int fd;
	uint32_t *group_of; /* by watch descriptor, which the kernel counts up; 0: none */
	struct group *group;
	size_t n_descriptors, n_groups, max_groups, n_watched;
	bool all_touched;
};

struct watch *
watch_new(void)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	return w->fd < 0 ? watch_free(w) : w;
}

struct watch *
watch_free(struct watch *w)
{
	if (w) {
		fd_closep(&w->fd);
		free(w->group_of);
		free(w->group);
		free(w);
	}
	return NULL;
}

static void
hear(struct watch *w, const struct inotify_event *ev)
{
	const size_t wd = (size_t)ev->wd;
	struct group *g;

	if (ev->mask & IN_Q_OVERFLOW)
		w->all_touched = true;
	if (ev->wd < 0 || wd >= w->n_descriptors || w->group_of[wd] == 0)
		return;
	/* a folder that is opened to be read, as we do ourselves */
	if ((ev->mask & (IN_OPEN | IN_ISDIR)) == (IN_OPEN | IN_ISDIR))
		return;
	g = &w->group[w->group_of[wd] - 1];
	if (ev->mask & IN_IGNORED) {
		w->group_of[wd] = 0;
		w->n_watched--;
	}
	g->touched = true;
}

static void
hear_all(struct watch *w)
{
	char events[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n;

	while ((n = read(w->fd, events, sizeof(events))) > 0)
		for (const char *p = events; p < events + n;) {
			const struct inotify_event *ev = (const struct inotify_event *)p;

			hear(w, ev);
			p += sizeof(*ev) + ev->len;
		}
}

uint32_t
watch_begin(struct watch *w)
{
	if (!w)
		return 0;
	if (w->n_groups == w->max_groups) {
		const size_t max = w->max_groups ? 2 * w->max_groups : 64;
		struct group *v = reallocarray(w->group, max, sizeof(*v));

		if (!v || max > UINT32_MAX) {
			w->group = v ? v : w->group;
			return 0;
		}
		w->group = v;
		w->max_groups = max;
	}
	hear_all(w); /* so that the queue never gets full by what we open ourselves */
	w->group[w->n_groups++] = (struct group){ 0 };
	return (uint32_t)w->n_groups;
}

void
watch_lost(struct watch *w, uint32_t group)
{
	if (w && group)
		w->group[group - 1].touched = true;
}

static bool
is_ours_alone(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	switch ((unsigned long)fs.f_type) {
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case TMPFS_MAGIC:
		return true;
	default:
		return false;
	}
}

static bool
note_descriptor(struct watch *w, size_t wd, uint32_t group)
{
	if (wd >= w->n_descriptors) {
		const size_t n = wd < 128 ? 256 : 2 * wd;
		uint32_t *v = reallocarray(w->group_of, n, sizeof(*v));

		if (!v)
			return false;
		for (size_t i = w->n_descriptors; i < n; i++)
			v[i] = 0;
		w->group_of = v;
		w->n_descriptors = n;
	}
	if (w->group_of[wd] == group)
		return true;
	if (w->group_of[wd]) { /* one folder in two groups: who is to be told? */
		watch_lost(w, w->group_of[wd]);
		return false;
	}
	w->group_of[wd] = group;
	w->n_watched++;
	return true;
}

void
watch_folder(struct watch *w, uint32_t group, int fd)
{
	char path[32];
	struct group *g;
	int wd = -1;

	if (!w || !group)
		return;
	g = &w->group[group - 1];
	if (g->touched)
		return;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (w->n_watched < WATCH_MAX && is_ours_alone(fd))
		wd = inotify_add_watch(w->fd, path, EVENTS);
	if (wd < 0 || !note_descriptor(w, (size_t)wd, group)) {
		g->touched = true;
		return;
	}
	g->first = g->first && g->first < wd ? g->first : wd;
	g->last = g->last > wd ? g->last : wd;
}

bool
watch_untouched(struct watch *w, uint32_t group)
{
	if (!w || !group)
		return false;
	hear_all(w);
	return !w->all_touched && !w->group[group - 1].touched;
}

void
watch_end(struct watch *w, uint32_t group)
{
	struct group *g;

	if (!w || !group)
		return;
	g = &w->group[group - 1];
	for (int wd = g->first; wd > 0 && wd <= g->last; wd++)
		if (w->group_of[wd] == group) {
			(void)inotify_rm_watch(w->fd, wd); /* gone with its folder */
			w->group_of[wd] = 0;
			w->n_watched--;
		}
	*g = (struct group){ .touched = true };
}
