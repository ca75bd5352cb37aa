/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Files that are written to: inotify on their folders says when to look, and a look a second makes
 * up for what it cannot tell (network file systems, a queue that overflowed). Each path is a stream
 * of its own, "SOURCE:" and a hash of the path.
 */
#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "logscrub/source/source-private.h"
#include "logscrub/source/syslog_frame.h"
#include "logscrub/source/tail_file.h"
#include "logscrub/source/tail_find.h"

#define FILES_MAX 256
#define POLL_MS   1000
#define TURN      64 /* lines of one file before the next has its turn */
#define EVENTS                                                                                     \
	(IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE |        \
		IN_ONLYDIR)

struct source_tail {
	struct source s;
	int inotify;
	struct tail_file *file[FILES_MAX];
	unsigned n_files;
	unsigned at, n_taken; /* the file whose turn it is, and lines taken in it */
	unsigned n_idle;      /* files without a line, one after the other */
	bool look, rescan;
	struct tail_window window;
	uint64_t too_long_before; /* of files that are gone */
};

/* --- which files ------------------------------------------------------------------------------ */

/* FNV-1a, 64 bits: names are few, and chosen by the administrator. */
static uint64_t
hash(const char *s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	return h;
}

static bool
ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static bool
is_packed(const char *path)
{
	return ends_with(path, ".gz") || ends_with(path, ".xz") || ends_with(path, ".zst") ||
	       ends_with(path, ".bz2");
}

/* Is it a path that is followed already, or a file that was rotated away from one? */
static bool
is_known(const struct source_tail *t, const char *path, const glob_t *g)
{
	for (unsigned i = 0; i < t->n_files; i++)
		if (strcmp(t->file[i]->path, path) == 0 || tail_is_sibling(t->file[i]->path, path))
			return true;
	for (size_t i = 0; i < g->gl_pathc; i++)
		if (tail_is_sibling(g->gl_pathv[i], path))
			return true;
	return false;
}

static int
add_file(struct source_tail *t, const char *path, struct err *e)
{
	struct source_past past;
	struct tail_file *f;
	char stream[128];
	bool read_before;

	if (t->n_files == FILES_MAX)
		return err_fail(e, EX_CONFIG, 0, N_("too many files for one source"),
			N_("split the source's paths"), "%s", path);
	(void)snprintf(stream, sizeof(stream), "%s:%016llx", t->s.decl->name,
		(unsigned long long)hash(path));
	read_before = t->s.host->past(t->s.host->ctx, &t->s, stream, &past);
	f = calloc(1, sizeof(*f));
	if (!f)
		return err_memory(e);
	if (tail_file_init(f, path, stream, read_before ? &past : NULL, t->s.host, e) < 0) {
		free(f);
		return -1;
	}
	t->file[t->n_files++] = f;
	return 0;
}

/* Wakes us up for the folder of PATH; watching one twice is watching it once. */
static void
watch_folder(struct source_tail *t, const char *path)
{
	char *copy = strdup(path);

	/* a folder that cannot be watched is looked at every second */
	if (copy)
		(void)inotify_add_watch(t->inotify, dirname(copy), EVENTS);
	free(copy);
}

static int
scan_pattern(struct source_tail *t, const char *pattern, struct err *e)
{
	glob_t g;
	int rc = 0;

	/* a path without wildcards is followed before it is there */
	if (glob(pattern, GLOB_NOSORT | GLOB_NOMAGIC, NULL, &g) != 0)
		return 0;
	for (size_t i = 0; i < g.gl_pathc && rc == 0; i++) {
		if (is_packed(g.gl_pathv[i]) || is_known(t, g.gl_pathv[i], &g))
			continue;
		watch_folder(t, g.gl_pathv[i]);
		rc = add_file(t, g.gl_pathv[i], e);
	}
	globfree(&g);
	return rc;
}

static int
scan(struct source_tail *t, struct err *e)
{
	const struct conf_list *paths = &t->s.decl->paths;

	t->rescan = false;
	for (size_t i = 0; i < paths->n; i++)
		if (scan_pattern(t, paths->v[i], e) < 0)
			return -1;
	return 0;
}

/* --- the source ------------------------------------------------------------------------------- */

static void
make_entry(struct source_tail *t, struct tail_file *f, struct span line, struct entry *ret)
{
	struct frame frame = { .line = line, .message = line };

	/* where one file carries several products, their names are needed; else the file is one's
	 */
	if (t->s.decl->n_tags > 0)
		frame_read_header(line, &frame);
	*ret = (struct entry){ .line = line,
		.ident = frame.ident,
		.message = frame.message,
		.arrival_us = now_us(),
		.priority = -1,
		.facility = -1,
		.position = tail_file_position(f),
		.order = f->order,
		.stream = f->stream };
}

static void
next_file(struct source_tail *t)
{
	t->at = (t->at + 1) % t->n_files;
	t->n_taken = 0;
}

static void
count_too_long(struct source_tail *t)
{
	t->s.n_too_long = t->too_long_before;
	for (unsigned i = 0; i < t->n_files; i++)
		t->s.n_too_long += t->file[i]->n_too_long;
}

static int
tail_next(struct source *s, struct entry *ret, struct err *e)
{
	struct source_tail *t = (struct source_tail *)s;

	if (t->rescan && scan(t, e) < 0)
		return -1;
	if (!t->look || t->n_files == 0)
		return 1;
	while (t->n_idle < t->n_files) {
		struct tail_file *f = t->file[t->at];
		struct span line;
		bool known = f->known;
		int rc = tail_file_next(f, &t->window, &line, e);

		if (!known && f->known)
			t->s.host->began(t->s.host->ctx, s,
				&(struct source_mark){ f->stream, tail_file_start(f), 0 });
		if (rc == 0) {
			t->n_idle = 0;
			make_entry(t, f, line, ret);
			if (++t->n_taken == TURN)
				next_file(t);
			return 0;
		}
		t->n_idle++;
		next_file(t);
		if (rc < 0)
			return -1;
	}
	t->look = false;
	t->n_idle = 0;
	count_too_long(t);
	return 1;
}

static int
tail_ready(struct source *s, int fd, struct err *e)
{
	struct source_tail *t = (struct source_tail *)s;
	char events[4096] __attribute__((aligned(8)));
	ssize_t n = 0;

	(void)e;
	t->look = true;
	t->n_idle = 0;
	if (fd < 0)
		t->rescan = true;
	while (fd >= 0 && (n = read(t->inotify, events, sizeof(events))) > 0)
		for (char *p = events; p < events + n;) {
			const struct inotify_event *ev = (const struct inotify_event *)p;

			if (ev->mask & (IN_CREATE | IN_MOVED_TO | IN_Q_OVERFLOW))
				t->rescan = true;
			p += sizeof(*ev) + ev->len;
		}
	return 0;
}

static int
tail_timeout_ms(const struct source *s)
{
	(void)s;
	return POLL_MS;
}

static int
tail_pause(struct source *s, bool yes, struct err *e)
{
	return s->host->watch(s->host->ctx, s, ((struct source_tail *)s)->inotify, !yes, e);
}

static int
tail_sync(struct source *s, struct err *e)
{
	struct source_tail *t = (struct source_tail *)s;
	int rc = 0;

	for (unsigned i = 0; i < t->n_files; i++)
		rc |= tail_file_sync(t->file[i], rc == 0 ? e : NULL);
	return rc;
}

static bool
tail_mark(struct source *s, unsigned i, struct source_mark *ret)
{
	struct source_tail *t = (struct source_tail *)s;

	if (i >= t->n_files)
		return false;
	*ret = (struct source_mark){ .stream = t->file[i]->stream,
		.position = tail_file_position(t->file[i]),
		.order = t->file[i]->order };
	return true;
}

static void
tail_free(struct source *s)
{
	struct source_tail *t = (struct source_tail *)s;

	for (unsigned i = 0; i < t->n_files; i++) {
		tail_file_release(t->file[i]);
		free(t->file[i]);
	}
	if (t->inotify >= 0) {
		if (!s->paused)
			(void)s->host->watch(s->host->ctx, s, t->inotify, false, NULL);
		(void)close(t->inotify);
	}
	tail_window_release(&t->window);
	free(t);
}

static const struct source_ops tail_ops = { .next = tail_next,
	.ready = tail_ready,
	.timeout_ms = tail_timeout_ms,
	.pause = tail_pause,
	.sync = tail_sync,
	.mark = tail_mark,
	.free = tail_free };

int
source_tail_open(const struct conf *c, const struct conf_source *d, const struct source_host *host,
	struct source **ret, struct err *e)
{
	CLEANUP(source_freep) struct source *s = NULL;
	struct source_tail *t = calloc(1, sizeof(*t));

	(void)c;
	if (!t)
		return err_memory(e);
	s = &t->s;
	t->s = (struct source){ .ops = &tail_ops, .decl = d, .host = host, .paused = true };
	t->s.lag_us = -1;
	t->look = true;
	t->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (t->inotify < 0)
		return err_fail(e, EX_OSERR, errno, N_("cannot watch folders"), NULL, NULL);
	for (size_t i = 0; i < d->paths.n; i++)
		watch_folder(t, d->paths.v[i]);
	if (scan(t, e) < 0 || source_pause(s, false, e) < 0)
		return -1;
	*ret = TAKE(s);
	return 0;
}
