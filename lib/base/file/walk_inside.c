/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What openat2 does with RESOLVE_IN_ROOT, done by hand: links are put in the place of their names,
 * and what is then the way is gone from the root again, without following any. Who swaps a
 * component for a link meanwhile makes it fail, and leads nowhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file/walk-private.h"

/* Where a way has come to. */
struct inside {
	char done[PATH_MAX]; /* components without a link among them, each with a slash before it */
	char left[PATH_MAX]; /* yet to go */
	unsigned n_links;
};

#define INSIDE_LINKS 40 /* as the kernel has it */

static int
done_open(int rootfd, const char *done, const char *last, int flags)
{
	cleanup_fd int dir = openat(rootfd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char part[NAME_MAX + 1];

	while (dir >= 0 && *done) {
		const size_t n = strcspn(++done, "/");
		int fd;

		memcpy(part, done, n);
		part[n] = '\0';
		fd = openat(dir, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		(void)close(dir); /* only a place */
		dir = fd;
		done += n;
	}
	return dir < 0 ? -1 : openat(dir, last, flags | O_NOFOLLOW);
}

/* Puts the link at NAME, the next component, before REST: what is left behind it, with its slash. */
static int
link_splice(struct inside *in, int rootfd, const char *name, const char *rest)
{
	cleanup_fd int dir = done_open(rootfd, in->done, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char target[PATH_MAX], left[PATH_MAX];
	const ssize_t n = dir < 0 ? -1 : readlinkat(dir, name, target, sizeof(target) - 1);

	if (n < 0)
		return -1;
	target[n] = '\0';
	if (++in->n_links > INSIDE_LINKS || n == 0 ||
		(size_t)snprintf(left, sizeof(left), "%s%s", target, rest) >= sizeof(left)) {
		errno = ELOOP;
		return -1;
	}
	if (target[0] == '/')
		in->done[0] = '\0';
	memcpy(in->left, left, strlen(left) + 1);
	return 0;
}

/* Takes one component from what is left. 1: it was the last, and *ret_fd is open. */
static int
inside_step(struct inside *in, int rootfd, int flags, int *ret_fd)
{
	const char *name = in->left + strspn(in->left, "/");
	const size_t n = strcspn(name, "/");
	const char *rest = name + n + strspn(name + n, "/");
	const size_t done = strlen(in->done);
	char part[NAME_MAX + 1];
	struct stat st;

	if (n > NAME_MAX || done + n + 2 > sizeof(in->done)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(part, name, n);
	part[n] = '\0';
	if (n == 0 || strcmp(part, ".") == 0 || strcmp(part, "..") == 0) {
		char *slash = n == 2 ? strrchr(in->done, '/') : NULL;

		if (slash)
			*slash = '\0';
		if (*rest == '\0') {
			*ret_fd = done_open(rootfd, in->done, ".", flags);
			return *ret_fd < 0 ? -1 : 1;
		}
		memmove(in->left, rest, strlen(rest) + 1);
		return 0;
	}
	*ret_fd = done_open(rootfd, in->done, part, O_PATH | O_CLOEXEC);
	if (*ret_fd < 0 || fstat(*ret_fd, &st) < 0)
		return -1;
	(void)close(*ret_fd); /* only a place */
	if (S_ISLNK(st.st_mode))
		return link_splice(in, rootfd, part, name + n);
	if (*rest == '\0' && name[n] == '\0') {
		*ret_fd = done_open(rootfd, in->done, part, flags);
		return *ret_fd < 0 ? -1 : 1;
	}
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return -1;
	}
	in->done[done] = '/';
	memcpy(in->done + done + 1, part, n + 1);
	memmove(in->left, rest, strlen(rest) + 1);
	return 0;
}

int
walk_inside_by_component(int rootfd, const char *path, int flags)
{
	struct inside in = { .n_links = 0 };
	int fd = -1, r = 0;

	if (*path == '\0' || strlen(path) >= sizeof(in.left)) {
		errno = *path ? ENAMETOOLONG : ENOENT;
		return -1;
	}
	memcpy(in.left, path, strlen(path) + 1);
	while (r == 0)
		r = inside_step(&in, rootfd, flags, &fd);
	return r < 0 ? -1 : fd;
}
