/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/service/bookmark.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file/walk.h"
#include "logscrub/sink/position_record.h"

#define NAME     "positions"
#define NAME_NEW ".positions.new"

struct bookmark {
	char *dir;
	struct position_record record;
	struct buf text;
	bool changed;
};

static void
load(struct bookmark *b, int dirfd)
{
	cleanup_fd int fd = walk_open(dirfd, NAME, O_RDONLY, 0, NULL, NULL);
	char text[POSITION_RECORD_MAX + 1];
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text)) : -1;

	if (n > 0) /* what does not parse is as good as not there */
		(void)position_record_parse(span_of(text, (size_t)n), &b->record, NULL);
}

int
bookmark_open(const char *state_dir, struct bookmark **ret, struct err *e)
{
	CLEANUP(bookmark_freep) struct bookmark *b = calloc(1, sizeof(*b));
	cleanup_fd int dirfd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (!b)
		return err_memory(e);
	buf_init(&b->text, POSITION_RECORD_MAX + 256);
	b->dir = strdup(state_dir);
	if (!b->dir)
		return err_memory(e);
	if (dirfd >= 0)
		load(b, dirfd);
	*ret = TAKE(b);
	return 0;
}

struct bookmark *
bookmark_free(struct bookmark *b)
{
	if (!b)
		return NULL;
	position_record_release(&b->record);
	buf_release(&b->text);
	free(b->dir);
	free(b);
	return NULL;
}

bool
bookmark_find(const struct bookmark *b, const char *stream, struct span *ret, int64_t *ret_order)
{
	const struct position *p = position_record_find(&b->record, stream);

	if (!p)
		return false;
	*ret = span_of(p->text, p->len);
	*ret_order = p->order;
	return true;
}

void
bookmark_set(struct bookmark *b, const char *stream, struct span position, int64_t order)
{
	struct span old;
	int64_t old_order;

	if (position.len == 0 || (bookmark_find(b, stream, &old, &old_order) &&
					 old_order == order && span_eq(old, position)))
		return;
	/* one stream too many is without a bookmark; its sinks' own positions serve it */
	if (position_record_set(&b->record, stream, position, order, NULL) == 0)
		b->changed = true;
}

static int
fail_save(const struct bookmark *b, struct err *e)
{
	return err_fail(e, errno == EACCES || errno == ENOENT ? EX_CANTCREAT : EX_IOERR, errno,
		N_("cannot note positions"), N_("let the service write to state_dir"), "%s",
		b->dir);
}

int
bookmark_save(struct bookmark *b, struct err *e)
{
	cleanup_fd int dirfd = -1, fd = -1;

	if (!b->changed)
		return 0;
	buf_clear(&b->text);
	position_record_format(&b->record, &b->text);
	dirfd = open(b->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return fail_save(b, e);
	fd = walk_open(dirfd, NAME_NEW, O_WRONLY | O_CREAT | O_TRUNC, 0600, NULL, e);
	if (fd < 0)
		return -1;
	if (write(fd, b->text.p, b->text.len) != (ssize_t)b->text.len || fsync(fd) < 0 ||
		renameat(dirfd, NAME_NEW, dirfd, NAME) < 0 || fsync(dirfd) < 0)
		return fail_save(b, e);
	b->changed = false;
	return 0;
}
