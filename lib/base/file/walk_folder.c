/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file/walk-private.h"
#include "base/file/walk.h"

#define LINKS_MAX 40 /* as the kernel */

/* A way that is walked, each folder by its descriptor. */
struct way {
	int dir;
	char rest[PATH_MAX];
	unsigned n_links;
};

static int
begin_at_root(struct way *w)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	fd_closep(&w->dir);
	w->dir = fd;
	return 0;
}

/* What the link FD says stands before the rest. */
static int
follow(struct way *w, int fd, const struct stat *st)
{
	char text[PATH_MAX], rest[PATH_MAX];
	ssize_t n;

	if ((st->st_uid != 0 && st->st_uid != geteuid()) || ++w->n_links > LINKS_MAX) {
		errno = ELOOP;
		return -1;
	}
	n = readlinkat(fd, "", text, sizeof(text));
	if (n < 0)
		return -1;
	(void)snprintf(rest, sizeof(rest), "%s", w->rest);
	if (snprintf(w->rest, sizeof(w->rest), "%.*s/%s", (int)n, text, rest) >=
		(int)sizeof(w->rest)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return text[0] == '/' ? begin_at_root(w) : 0;
}

/* One component. 1: there was none left. */
static int
step(struct way *w)
{
	const size_t skip = strspn(w->rest, "/"), n = strcspn(w->rest + skip, "/");
	char part[NAME_MAX + 1];
	cleanup_fd int fd = -1;
	struct stat st;

	if (n == 0)
		return 1;
	if (n > NAME_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(part, w->rest + skip, n);
	part[n] = '\0';
	memmove(w->rest, w->rest + skip + n, strlen(w->rest + skip + n) + 1);
	fd = openat(w->dir, part, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (S_ISLNK(st.st_mode))
		return follow(w, fd, &st);
	fd_closep(&w->dir);
	w->dir = fd_take(&fd);
	return 0;
}

static int
open_by_component(const char *path)
{
	struct way w = { .dir = -1 };
	int rc, fd = -1;

	if (snprintf(w.rest, sizeof(w.rest), "%s", path) >= (int)sizeof(w.rest)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	rc = begin_at_root(&w);
	while (rc == 0)
		rc = step(&w);
	if (rc > 0)
		fd = openat(w.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = errno;
	fd_closep(&w.dir);
	errno = rc;
	return fd;
}

int
walk_open_folder(const char *path, struct err *e)
{
	int fd = walk_openat2(
		AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, RESOLVE_NO_SYMLINKS);

	if (fd < 0 && (errno == ELOOP || errno == ENOSYS))
		fd = open_by_component(path);
	return fd >= 0 ? fd : walk_failed(path, errno, e);
}
