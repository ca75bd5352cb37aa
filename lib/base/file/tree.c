/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file/walk.h"

#define GLOB_MAX  10000 /* paths of one pattern */
#define GLOB_DEEP 32    /* components */

int
tree_open(const char *root, struct tree *ret, struct err *e)
{
	cleanup_fd int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat ours, its;

	if (fd < 0 || fstat(fd, &its) < 0 || stat("/", &ours) < 0)
		return err_fail(e, errno == EACCES ? EX_NOPERM : EX_NOINPUT, errno,
			N_("cannot open"), NULL, "%s", root);
	*ret = (struct tree){ .live = its.st_dev == ours.st_dev && its.st_ino == ours.st_ino };
	ret->fd = fd_take(&fd);
	return 0;
}

void
tree_release(struct tree *t)
{
	fd_closep(&t->fd);
	t->fd = -1;
}

static void
denied(struct tree *t, const char *path)
{
	if (t->n_denied++ == 0)
		(void)snprintf(t->denied, sizeof(t->denied), "%s", path);
}

int
tree_fd(struct tree *t, const char *path, int flags, struct stat *ret_st)
{
	struct err e;
	const int fd = walk_open_inside(t->fd, path, flags, ret_st, &e);

	if (fd < 0 && (e.errnum == EACCES || e.errnum == EPERM))
		denied(t, path);
	return fd;
}

bool
tree_has(struct tree *t, const char *path)
{
	cleanup_fd int fd = tree_fd(t, path, O_PATH, NULL);

	return fd >= 0;
}

char *
tree_text(struct tree *t, const char *path, size_t *ret_len)
{
	cleanup_fd int fd = tree_fd(t, path, O_RDONLY, NULL);
	cleanup_mem char *text = NULL;
	size_t len = 0, room = 0;

	while (fd >= 0) {
		ssize_t n;

		if (len == room) {
			char *more = room < TREE_TEXT_MAX ? realloc(text, 2 * room + 4097) : NULL;

			if (!more)
				return NULL;
			text = more;
			room = 2 * room + 4096;
		}
		n = read(fd, text + len, room - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return NULL;
		if (n == 0) {
			text[len] = '\0';
			*ret_len = len;
			return TAKE(text);
		}
		len += (size_t)n;
	}
	return NULL;
}

/* Splits PATH into the folder that it is in, which is written to FOLDER, and its last component. */
static const char *
folder_of(const char *path, char folder[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	const size_t n = slash ? (size_t)(slash - path) : 0;

	if (n >= PATH_MAX)
		return NULL;
	memcpy(folder, path, n);
	(void)stpcpy(folder + n, n ? "" : "/");
	return slash ? slash + 1 : path;
}

bool
tree_link(struct tree *t, const char *path, char ret[PATH_MAX])
{
	char folder[PATH_MAX];
	const char *name = folder_of(path, folder);
	cleanup_fd int fd = name ? tree_fd(t, folder, O_PATH | O_DIRECTORY, NULL) : -1;
	const ssize_t n = fd < 0 || *name == '\0' ? -1 : readlinkat(fd, name, ret, PATH_MAX - 1);

	if (n < 0)
		return false;
	ret[n] = '\0';
	return true;
}

/* Where the folder FD is, seen from the tree's root. */
static bool
folder_name(const struct tree *t, int fd, char ret[PATH_MAX])
{
	char at[32], root[PATH_MAX], full[PATH_MAX];
	ssize_t n, n_root;

	(void)snprintf(at, sizeof(at), "/proc/self/fd/%d", t->fd);
	n_root = readlink(at, root, sizeof(root) - 1);
	(void)snprintf(at, sizeof(at), "/proc/self/fd/%d", fd);
	n = readlink(at, full, sizeof(full) - 1);
	if (n < 0 || n_root < 0)
		return false;
	if (n_root == 1) /* "/" */
		n_root = 0;
	if (n < n_root || memcmp(full, root, (size_t)n_root) != 0)
		return false;
	full[n] = '\0';
	(void)snprintf(ret, PATH_MAX, "%s", full + n_root);
	return true;
}

void
tree_resolve(struct tree *t, const char *path, char ret[PATH_MAX])
{
	char folder[PATH_MAX], link[PATH_MAX], now[PATH_MAX];

	(void)snprintf(now, sizeof(now), "%s", path);
	for (int i = 0; i < 8 && tree_link(t, now, link); i++) {
		const char *name = folder_of(now, folder);

		if (!name || strlen(folder) + strlen(link) + 2 > sizeof(now))
			break;
		if (link[0] == '/')
			(void)stpcpy(now, link);
		else
			(void)stpcpy(stpcpy(stpcpy(now, folder), "/"), link);
	}
	(void)snprintf(ret, PATH_MAX, "%s", now);
	if (strncmp(now, "/dev/", 5) != 0 && strncmp(now, "/proc/", 6) != 0) {
		const char *name = folder_of(now, folder);
		cleanup_fd int fd = name ? tree_fd(t, folder, O_PATH | O_DIRECTORY, NULL) : -1;

		if (fd >= 0 && folder_name(t, fd, link) &&
			strlen(link) + strlen(name) + 2 < PATH_MAX)
			(void)stpcpy(stpcpy(stpcpy(ret, link), "/"), name);
	}
}

static int
byte_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool
names_add(struct tree_names *names, size_t *room, const char *name)
{
	if (names->n == *room) {
		char **v = reallocarray(names->v, *room ? 2 * *room : 64, sizeof(*v));

		if (!v)
			return false;
		names->v = v;
		*room = *room ? 2 * *room : 64;
	}
	names->v[names->n] = strdup(name);
	return names->v[names->n] && ++names->n;
}

void
tree_list(struct tree *t, const char *path, struct tree_names *ret)
{
	cleanup_fd int fd = tree_fd(t, path, O_RDONLY | O_DIRECTORY, NULL);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *de;
	size_t room = 0;

	*ret = (struct tree_names){ 0 };
	if (!d)
		return;
	(void)fd_take(&fd);
	while ((de = readdir(d)) != NULL) {
		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
			continue;
		if (!names_add(ret, &room, de->d_name))
			break;
	}
	(void)closedir(d); /* only read from */
	if (ret->n > 1)
		qsort(ret->v, ret->n, sizeof(*ret->v), byte_order);
}

void
tree_names_release(struct tree_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i]);
	free(names->v);
	*names = (struct tree_names){ 0 };
}

struct globbing {
	struct tree *tree;
	tree_seen *seen;
	void *ctx;
	unsigned n_left;     /* paths yet allowed */
	char path[PATH_MAX]; /* as far as it is gone */
};

static void glob_step(struct globbing *g, size_t len, const char *rest, unsigned depth);

/* Appends NAME and goes on with REST. */
static void
glob_enter(struct globbing *g, size_t len, const char *name, size_t n, const char *rest,
	unsigned depth)
{
	if (len + n + 2 > sizeof(g->path) || depth == 0)
		return;
	g->path[len] = '/';
	memcpy(g->path + len + 1, name, n);
	g->path[len + 1 + n] = '\0';
	glob_step(g, len + 1 + n, rest, depth - 1);
	g->path[len] = '\0';
}

static void
glob_names(struct globbing *g, size_t len, const char *part, const char *rest, unsigned depth)
{
	struct tree_names names;

	tree_list(g->tree, len ? g->path : "/", &names);
	for (size_t i = 0; i < names.n && g->n_left > 0; i++) {
		if (fnmatch(part, names.v[i], FNM_PERIOD) == 0)
			glob_enter(g, len, names.v[i], strlen(names.v[i]), rest, depth);
	}
	tree_names_release(&names);
}

static void
glob_step(struct globbing *g, size_t len, const char *rest, unsigned depth)
{
	char part[NAME_MAX + 1];
	size_t n;

	rest += strspn(rest, "/");
	n = strcspn(rest, "/");
	if (n == 0) {
		if (g->n_left > 0 && tree_has(g->tree, len ? g->path : "/")) {
			g->n_left--;
			g->seen(g->ctx, len ? g->path : "/");
		}
		return;
	}
	if (n >= sizeof(part))
		return;
	memcpy(part, rest, n);
	part[n] = '\0';
	if (strpbrk(part, "*?["))
		glob_names(g, len, part, rest + n, depth);
	else
		glob_enter(g, len, part, n, rest + n, depth);
}

void
tree_glob(struct tree *t, const char *pattern, tree_seen *seen, void *ctx)
{
	struct globbing g = { .tree = t, .seen = seen, .ctx = ctx, .n_left = GLOB_MAX };

	glob_step(&g, 0, pattern, GLOB_DEEP);
}
