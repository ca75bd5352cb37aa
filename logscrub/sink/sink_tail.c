/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/sink/sink_tail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file/walk.h"
#include "logscrub/sink/sink-private.h"

/* Two batches, each with a record of the greatest length (sink_file.c says why two). */
#define TAIL_MAX (2 * (SINK_PENDING_MAX + LINE_MAX_BYTES + 1))

void
sink_tail_release(struct sink_tail *t)
{
	position_record_release(&t->record);
	if (t->fd >= 0)
		(void)close(t->fd);
	t->fd = -1;
}

/* Takes the record of the sibling NAME if it is newer than what T has. */
static void
try_sibling(struct sink_tail *t, int dir, const char *name)
{
	CLEANUP(position_record_release) struct position_record r = { 0 };
	cleanup_fd int fd = walk_open(dir, name, O_RDWR, 0, NULL, NULL);

	if (fd < 0 || position_record_read(fd, &r, NULL) != 0)
		return;
	if (t->found && r.sequence <= t->record.sequence)
		return;
	sink_tail_release(t);
	t->record = r;
	r = (struct position_record){ 0 };
	t->fd = fd_take(&fd);
	t->found = true;
}

static void
closedirp(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

static int
find_sibling(struct sink_tail *t, int dir, const char *base, struct err *e)
{
	CLEANUP(closedirp) DIR *d = NULL;
	size_t len = strlen(base);
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		d = fdopendir(fd);
	if (!d)
		return err_fail(e, EX_IOERR, errno, N_("cannot read a folder"), NULL, "%s", base);
	for (const struct dirent *n = readdir(d); n; n = readdir(d))
		if (strncmp(n->d_name, base, len) == 0 && n->d_name[len] != '\0')
			try_sibling(t, dir, n->d_name);
	return 0;
}

int
sink_tail_find(struct sink_tail *t, int dir, const char *base, int fd, struct err *e)
{
	int r;

	*t = (struct sink_tail){ .fd = -1 };
	r = position_record_read(fd, &t->record, e);
	if (r < 0)
		return err_within(e, "%s", base);
	t->supported = r != 2;
	t->found = r == 0;
	return r == 1 ? find_sibling(t, dir, base, e) : 0;
}

/* Where the last whole line of FD ends, not before FROM. */
static off_t
last_line_end(int fd, off_t from, off_t size)
{
	char p[4096];

	while (size > from) {
		size_t n = (size_t)(size - from) < sizeof(p) ? (size_t)(size - from) : sizeof(p);
		ssize_t got = pread(fd, p, n, size - (off_t)n);
		const char *nl;

		if (got != (ssize_t)n)
			return size; /* unreadable: nothing is cut */
		nl = memrchr(p, '\n', n);
		if (nl)
			return size - (off_t)n + (nl - p) + 1;
		size -= (off_t)n;
	}
	return from;
}

static int
cut(int fd, off_t size, struct err *e)
{
	if (ftruncate(fd, size) < 0 || fdatasync(fd) < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot cut off a torn end"), NULL, NULL);
	return 0;
}

/* A file that carries a record: FD is its own or the sibling's. */
static int
recover_recorded(const struct sink_tail *t, struct sink *k, int fd, const struct stat *st,
	bool rereadable, struct err *e)
{
	off_t recorded = (off_t)t->record.size;

	if (st->st_size == recorded)
		return 0;
	if (st->st_size < recorded) {
		sink_add_notice(k, N_("the file was cut by somebody; positions are kept"));
		return 0;
	}
	if (st->st_ino != t->record.inode || st->st_size - recorded > (off_t)TAIL_MAX) {
		sink_add_notice(k, N_("somebody else has written to the file; nothing is cut off"));
		return 0;
	}
	if (rereadable)
		return cut(fd, recorded, e);
	return cut(fd, last_line_end(fd, recorded, st->st_size), e);
}

/* A file without a record: where xattrs work, its end is not ours. */
static int
recover_plain(const struct sink_tail *t, int fd, const struct stat *st, struct err *e)
{
	off_t end = last_line_end(
		fd, st->st_size > (off_t)TAIL_MAX ? st->st_size - TAIL_MAX : 0, st->st_size);

	if (end == st->st_size)
		return 0;
	if (!t->supported)
		return cut(fd, end, e);
	if (write(fd, "\n", 1) != 1)
		return err_fail(e, EX_IOERR, errno, N_("cannot end a torn line"), NULL, NULL);
	return 0;
}

int
sink_tail_recover(struct sink_tail *t, struct sink *k, int fd, bool rereadable, struct err *e)
{
	bool sibling = t->fd >= 0;
	struct stat st;
	int r;

	if (sibling)
		r = fstat(t->fd, &st) < 0 ? 0 : recover_recorded(t, k, t->fd, &st, rereadable, e);
	else
		r = 0;
	if (r == 0 && fstat(fd, &st) == 0)
		r = t->found && !sibling ? recover_recorded(t, k, fd, &st, rereadable, e)
					 : recover_plain(t, fd, &st, e);
	sink_tail_release(t);
	return r < 0 ? err_within(e, "%s", k->name) : 0;
}
