/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/source/tail_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file/walk.h"
#include "logscrub/rule/rule.h"
#include "logscrub/source/tail_find.h"
#include "record/key/day.h"

static int64_t
monotonic_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* --- lines ------------------------------------------------------------------------------------ */

/* Where reading goes on. */
static off_t
reading_at(const struct tail_file *f)
{
	return f->offset + f->passed;
}

/* The window is about to be another's. */
static void
leave(struct tail_file *f, const struct tail_window *w)
{
	struct span before = tail_window_before(w, reading_at(f));

	memcpy(f->before, before.p, before.len);
	f->n_before = before.len;
}

static int
enter(struct tail_file *f, struct tail_window *w, struct err *e)
{
	if (w->file == f)
		return 0;
	if (w->file)
		leave(w->file, w);
	return tail_window_begin(w, f, reading_at(f), span_of(f->before, f->n_before), e);
}

/* Seals the place in front of which TEXT stands. */
static void
seal(struct tail_file *f, struct span text)
{
	f->seal_day = day_today();
	f->sealed = text.len > 0 && f->host && f->host->seal &&
		    f->host->seal(f->host->ctx, f->seal_day, text, &f->seal);
}

/* A line of N bytes with its end is taken. */
static void
consume(struct tail_file *f, const struct tail_window *w, size_t n)
{
	off_t whole = f->passed + (off_t)n;

	f->offset += whole;
	f->order += whole;
	f->passed = 0;
	f->unsynced = true;
	seal(f, tail_window_before(w, f->offset));
}

/* A whole line in the window, or with LAST whatever is left in it. */
static bool
window_take(struct tail_window *w, struct tail_file *f, bool last, struct span *ret)
{
	for (;;) {
		size_t at = (size_t)(reading_at(f) - w->base);
		const char *end = NULL;
		size_t len;

		if (w->scanned < at)
			w->scanned = at;
		if (w->len > w->scanned)
			end = memchr(w->p + w->scanned, '\n', w->len - w->scanned);
		w->scanned = end ? (size_t)(end - w->p) + 1 : w->len;
		len = (end ? (size_t)(end - w->p) : w->len) - at;
		if (len > LINE_MAX_BYTES || f->passed > 0) {
			f->n_too_long += f->passed == 0;
			if (!end) {
				f->passed += (off_t)len;
				return false;
			}
			consume(f, w, len + 1);
			continue;
		}
		if (!end && (!last || len == 0))
			return false;
		*ret = span_of(w->p + at, len);
		if (len > 0 && ret->p[len - 1] == '\r')
			ret->len--;
		consume(f, w, len + (end != NULL));
		return true;
	}
}

int
tail_file_sync(struct tail_file *f, struct err *e)
{
	if (!f->unsynced || f->fd < 0)
		return 0;
	f->unsynced = false;
	if (fdatasync(f->fd) == 0 || errno == EINVAL || errno == EROFS || errno == ENOSYS)
		return 0; /* done, or there is no such thing here */
	return err_fail(e, EX_IOERR, errno, N_("cannot sync a tailed file"),
		N_("after a power cut, some of its records may come twice or never"), "%s",
		f->path);
}

/* --- files ------------------------------------------------------------------------------------ */

/* Goes on with FD (given away) at OFFSET. */
static int
use(struct tail_file *f, int fd, off_t offset, struct err *e)
{
	struct tail_id id;
	uint64_t changed_ns;

	if (tail_id_of(fd, &id, &changed_ns, e) < 0) {
		(void)close(fd); /* only read from */
		return -1;
	}
	(void)tail_file_sync(f, NULL); /* who reads on has no use for the error */
	if (f->fd >= 0)
		(void)close(f->fd); /* only read from */
	f->fd = fd;
	f->id = id;
	f->changed_ns = changed_ns;
	f->known = true;
	f->refused = f->sealed = false;
	f->offset = offset;
	f->passed = 0;
	f->n_before = 0;
	f->quiet_since_us = 0;
	return 0;
}

/* What stands at the path. 1: nothing, or nothing that may be read (said once). */
static int
open_path(struct tail_file *f, struct err *e)
{
	struct err why = { 0 };
	const char *name;
	cleanup_fd int dirfd = walk_open_parent(f->path, &name, &why);
	cleanup_fd int fd = dirfd >= 0 ? walk_open(dirfd, name, O_RDONLY, 0, NULL, &why) : -1;

	if (fd >= 0)
		return use(f, fd_take(&fd), 0, e);
	if (why.exit == EX_NOINPUT || f->refused)
		return 1;
	f->refused = true;
	if (e)
		*e = why;
	return -1;
}

static int
open_next(struct tail_file *f, struct err *e)
{
	int fd;

	if (!f->known)
		return open_path(f, e);
	fd = tail_find_next(f->path, &f->id, f->changed_ns);
	if (fd >= 0)
		return use(f, fd, 0, e);
	/* what stands there and is no candidate is a link, which has to be said */
	if (f->fd < 0 && !f->refused) {
		struct stat st;

		if (lstat(f->path, &st) == 0 && !S_ISREG(st.st_mode)) {
			f->refused = true;
			return err_fail(e, EX_NOPERM, 0, N_("not a regular file"),
				N_("symbolic links are not followed: name the file itself"), "%s",
				f->path);
		}
	}
	return 1;
}

static bool
is_current(const struct tail_file *f)
{
	struct stat at, open;

	return lstat(f->path, &at) == 0 && fstat(f->fd, &open) == 0 && at.st_ino == open.st_ino &&
	       at.st_dev == open.st_dev;
}

/* Has the writer let go of it, as far as can be seen? */
static bool
is_quiet(struct tail_file *f)
{
	struct stat st;
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (fstat(f->fd, &st) == 0 && st.st_mtim.tv_sec + TAIL_QUIET_US / 1000000 < now.tv_sec)
		return true;
	if (f->quiet_since_us == 0)
		f->quiet_since_us = monotonic_us();
	return monotonic_us() - f->quiet_since_us >= TAIL_QUIET_US;
}

static void
begin_again(struct tail_file *f, struct tail_window *w)
{
	f->offset = f->passed = 0;
	f->n_before = 0;
	f->sealed = false;
	w->file = NULL; /* of what it has nothing is there any more */
}

/* At the end of the file at hand. 0: read on; 1: wait; 2: its last line is whole, then read on. */
static int
at_end(struct tail_file *f, struct tail_window *w, struct err *e)
{
	struct stat st;
	int rc;

	if (fstat(f->fd, &st) < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot look at file"), NULL, "%s", f->path);
	if (st.st_size < reading_at(f)) {
		begin_again(f, w);
		return st.st_size > 0 ? 0 : 1;
	}
	if (is_current(f) || !is_quiet(f))
		return 1;
	if (w->base + (off_t)w->len > reading_at(f))
		return 2;
	f->changed_ns = (uint64_t)st.st_mtim.tv_sec * 1000000000 + (uint64_t)st.st_mtim.tv_nsec;
	rc = open_next(f, e);
	if (rc == 0)
		w->file = NULL; /* of the file that was there before */
	if (rc == 1 && st.st_nlink == 0) {
		(void)close(f->fd); /* only read from; its space can be freed now */
		f->fd = -1;
	}
	return rc;
}

int
tail_file_next(struct tail_file *f, struct tail_window *w, struct span *ret, struct err *e)
{
	bool last = false;

	if (f->fd < 0) {
		int rc = open_next(f, e);

		if (rc != 0)
			return rc;
		if (w->file == f)
			w->file = NULL; /* it has text of the file that is gone */
	}
	for (;;) {
		ssize_t n;
		int rc;

		if (enter(f, w, e) < 0)
			return -1;
		if (window_take(w, f, last, ret))
			return 0;
		n = tail_window_fill(w, f->fd, reading_at(f), e);
		if (n == -1)
			return err_within(e, "%s", f->path);
		if (n == -2)
			begin_again(f, w);
		if (n != 0) {
			f->quiet_since_us = 0;
			continue;
		}
		rc = at_end(f, w, e);
		if (rc < 0 || rc == 1)
			return rc;
		last = rc == 2;
	}
}

static struct span
position_of(struct tail_file *f, off_t offset, bool sealed)
{
	size_t size = sizeof(f->position);
	int n = snprintf(f->position, size, "t:%" PRIx64 ":%" PRIx64 ":%" PRIx64 ":%" PRIx64,
		f->id.dev, f->id.ino, f->id.birth, (uint64_t)offset);

	if (sealed && n > 0)
		n += snprintf(f->position + n, size - (size_t)n, ":%" PRIx32 ":%08" PRIx32,
			(uint32_t)f->seal_day, f->seal);
	return span_of(f->position, f->known && n > 0 ? (size_t)n : 0);
}

struct span
tail_file_position(struct tail_file *f)
{
	return position_of(f, f->offset, f->sealed);
}

struct span
tail_file_start(struct tail_file *f)
{
	return position_of(f, 0, false);
}

/* --- the past --------------------------------------------------------------------------------- */

/* Reads up to MAX times ":HEX" and returns how often; 0 if P goes on otherwise. */
static unsigned
read_hex(const char *p, uint64_t *ret, unsigned max)
{
	unsigned n = 0;
	char *end;

	for (; *p == ':' && n < max; p = end) {
		ret[n++] = strtoull(p + 1, &end, 16);
		if (end == p + 1)
			return 0;
	}
	return *p == '\0' ? n : 0;
}

/* Fills in the place in F that PAST names. */
static bool
position_read(struct tail_file *f, const struct source_past *past, off_t *ret_offset)
{
	char text[sizeof(f->position)];
	uint64_t v[6];
	unsigned n;

	if (past->len >= sizeof(text))
		return false;
	memcpy(text, past->position, past->len);
	text[past->len] = '\0';
	n = text[0] == 't' ? read_hex(text + 1, v, 6) : 0;
	if ((n != 4 && n != 6) || v[3] > INT64_MAX)
		return false;
	f->id = (struct tail_id){ .dev = v[0], .ino = v[1], .birth = v[2] };
	f->sealed = n == 6;
	if (f->sealed) {
		f->seal_day = (int32_t)v[4];
		f->seal = (uint32_t)v[5];
	}
	*ret_offset = (off_t)v[3];
	return true;
}

/* What is not there any more was not read by all sinks; nothing of what follows was by any. */
static void
lose(struct tail_file *f, const struct source_past *past)
{
	f->order = past->latest;
	f->offset = 0;
	f->n_before = 0;
	f->sealed = false;
}

/* Is what stands in front of the place what stood there? Without a seal that can be checked, a file
 * that goes on behind it is believed if a line ends there. */
static bool
is_place_known(struct tail_file *f, off_t size)
{
	struct span before = span_of(f->before, f->n_before);
	uint32_t now;

	if (f->offset > size)
		return false;
	if (f->sealed && f->host && f->host->seal &&
		f->host->seal(f->host->ctx, f->seal_day, before, &now))
		return now == f->seal;
	return f->offset == 0 || f->offset == size ||
	       (before.len > 0 && before.p[before.len - 1] == '\n');
}

/* What stands in front of the place, from the file. */
static int
read_before(struct tail_file *f, struct err *e)
{
	size_t n = f->offset < TAIL_BEFORE ? (size_t)f->offset : TAIL_BEFORE;
	ssize_t got = pread(f->fd, f->before, n, f->offset - (off_t)n);

	if (got < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot read file"), NULL, "%s", f->path);
	f->n_before = (size_t)got == n ? n : 0;
	return 0;
}

static int
go_to_past(struct tail_file *f, const struct source_past *past, struct err *e)
{
	bool sealed;
	struct stat st;
	off_t offset;
	int fd;

	if (!position_read(f, past, &offset))
		return err_fail(
			e, EX_DATAERR, 0, N_("a sink's position is damaged"), NULL, "%s", f->path);
	sealed = f->sealed;
	f->known = true;
	f->order = past->order;
	fd = tail_find_same(f->path, &f->id);
	if (fd < 0) {
		lose(f, past);
		return 0;
	}
	if (use(f, fd, offset, e) < 0 || read_before(f, e) < 0)
		return -1;
	f->sealed = sealed;
	if (fstat(f->fd, &st) == 0 && !is_place_known(f, st.st_size))
		lose(f, past);
	return 0;
}

int
tail_file_init(struct tail_file *f, const char *path, const char *stream,
	const struct source_past *past, const struct source_host *host, struct err *e)
{
	*f = (struct tail_file){ .fd = -1, .host = host };
	f->path = strdup(path);
	f->stream = strdup(stream);
	if (!f->path || !f->stream) {
		tail_file_release(f);
		return err_memory(e);
	}
	if (past && go_to_past(f, past, e) < 0) {
		tail_file_release(f);
		return -1;
	}
	return 0;
}

void
tail_file_release(struct tail_file *f)
{
	free(f->path);
	free(f->stream);
	if (f->fd >= 0)
		(void)close(f->fd);                   /* only read from */
	explicit_bzero(f->before, sizeof(f->before)); /* raw records */
	*f = (struct tail_file){ .fd = -1 };
}
