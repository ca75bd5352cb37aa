/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/source/tail_window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WINDOW_BYTES 65536u

void
tail_window_release(struct tail_window *w)
{
	if (w->p)
		explicit_bzero(w->p, w->cap); /* raw records */
	free(w->p);
	*w = (struct tail_window){ 0 };
}

static int
make_room(struct tail_window *w, struct err *e)
{
	size_t cap = w->cap ? w->cap : WINDOW_BYTES;
	char *p;

	while (cap - w->len < WINDOW_BYTES / 2)
		cap *= 2;
	if (cap == w->cap)
		return 0;
	p = realloc(w->p, cap);
	if (!p)
		return err_memory(e);
	w->p = p;
	w->cap = cap;
	return 0;
}

int
tail_window_begin(struct tail_window *w, void *file, off_t at, struct span before, struct err *e)
{
	w->file = file;
	w->len = w->scanned = 0;
	if (make_room(w, e) < 0)
		return -1;
	if (before.len > 0)
		memcpy(w->p, before.p, before.len);
	w->len = w->scanned = before.len;
	w->base = at - (off_t)before.len;
	return 0;
}

struct span
tail_window_before(const struct tail_window *w, off_t at)
{
	size_t n = (size_t)(at - w->base);

	return n > TAIL_BEFORE ? span_of(w->p + n - TAIL_BEFORE, TAIL_BEFORE) : span_of(w->p, n);
}

/* Drops what is taken, but for what is compared. */
static void
forget(struct tail_window *w, off_t at)
{
	size_t taken = (size_t)(at - w->base);
	size_t gone = taken > TAIL_BEFORE ? taken - TAIL_BEFORE : 0;

	if (gone == 0)
		return;
	memmove(w->p, w->p + gone, w->len - gone);
	w->len -= gone;
	w->scanned = w->scanned > gone ? w->scanned - gone : 0;
	w->base += (off_t)gone;
}

static ssize_t
read_at(int fd, char *p, size_t n, off_t at)
{
	ssize_t got;

	do
		got = pread(fd, p, n, at);
	while (got < 0 && errno == EINTR);
	return got;
}

/* Does the end of what is known still stand where it was read? */
static bool
is_same(const struct tail_window *w, int fd)
{
	char now[TAIL_BEFORE];
	off_t end = w->base + (off_t)w->len;
	struct span known = tail_window_before(w, end);

	return read_at(fd, now, known.len, end - (off_t)known.len) == (ssize_t)known.len &&
	       memcmp(now, known.p, known.len) == 0;
}

ssize_t
tail_window_fill(struct tail_window *w, int fd, off_t at, struct err *e)
{
	ssize_t n;

	forget(w, at);
	if (make_room(w, e) < 0)
		return -1;
	n = read_at(fd, w->p + w->len, w->cap - w->len, w->base + (off_t)w->len);
	if (n < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot read file"), NULL, NULL);
	if (n > 0 && !is_same(w, fd))
		return -2;
	w->len += (size_t)n;
	return n;
}
