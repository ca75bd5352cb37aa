/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/place.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file/walk.h"
#include "store/folder.h"

#define DEPTH_MAX 16          /* components with a pattern in them, and those behind */
#define NAMES_MAX (12u << 20) /* bytes for the names of one folder; below it half of that, … */
#define NAMES_MIN (64u << 10)

struct walk {
	const struct conf_list *paths;
	size_t n_before; /* of the list, that come before this pattern */
	enum place_kind kind;
	place_seen *seen;
	place_odd *odd;
	bool *gone; /* NULL: not asked for */
	void *ctx;
};

static bool
has_pattern(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (memchr("*?[\\", s[i], 4))
			return true;
	return false;
}

/* The length of PATTERN's folder without patterns: "/var/log" of "/var/log/nginx-*" and of
 * "/var/log/x.log". */
static size_t
fixed_len(const char *pattern)
{
	const char *end = pattern;

	for (const char *p = pattern; *p;) {
		const char *next = strchr(p + 1, '/');

		if (!next || has_pattern(p, (size_t)(next - p)))
			break;
		end = next;
		p = next;
	}
	return (size_t)(end - pattern);
}

static int
open_fixed(const char *pattern, size_t len, struct err *e)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%.*s", len ? (int)len : 1, len ? pattern : "/");
	return walk_open_folder(path, e);
}

/* Is there a link on the way that leads wherever a stranger likes? */
static bool
is_led_astray(const struct err *e)
{
	return e->exit == EX_NOPERM && e->errnum == 0;
}

static bool
was_given(const struct walk *w, const char *path)
{
	for (size_t i = 0; i < w->n_before; i++)
		if (fnmatch(w->paths->v[i], path, FNM_PATHNAME | FNM_PERIOD) == 0)
			return true;
	return false;
}

static void
tell_odd(const struct walk *w, const char *path, bool foreign_mount)
{
	if (w->odd)
		w->odd(w->ctx, path, foreign_mount);
}

static bool
is_of_kind(const struct walk *w, const struct stat *st)
{
	if (S_ISREG(st->st_mode))
		return w->kind != PLACE_FOLDER && st->st_nlink == 1;
	return S_ISDIR(st->st_mode) && w->kind != PLACE_FILE;
}

static int
give(const struct walk *w, int dirfd, uint64_t mount, const char *path, const char *name,
	struct err *e)
{
	struct place p = { .dirfd = dirfd, .name = name, .path = path };
	uint64_t its;

	if (was_given(w, path))
		return 0;
	if (walk_stat(dirfd, name, &p.st, &its) < 0) {
		if (w->gone)
			*w->gone |= errno == ENOENT;
		return 0;
	}
	if (its != mount || !is_of_kind(w, &p.st)) {
		tell_odd(w, path, its != mount);
		return 0;
	}
	return w->seen(w->ctx, &p, e);
}

static int walk_folder(const struct walk *w, int fd, const char *path, const char *pattern,
	unsigned depth, struct err *e);

/* NAME in the folder DIRFD fits its component; what is behind it in the pattern is REST. */
static int
walk_name(const struct walk *w, int dirfd, uint64_t mount, const char *folder, const char *name,
	const char *rest, unsigned depth, struct err *e)
{
	char path[PATH_MAX];
	cleanup_fd int fd = -1;
	struct err ignored;

	if (!place_join(path, folder, name))
		return 0;
	if (!*rest)
		return give(w, dirfd, mount, path, name, e);
	fd = walk_open(dirfd, name, O_RDONLY | O_DIRECTORY, 0, NULL, &ignored);
	if (fd < 0) {
		struct stat st;
		uint64_t its;

		if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			walk_mount(dirfd, name, &its) == 0 && (S_ISLNK(st.st_mode) || its != mount))
			tell_odd(w, path, its != mount);
		return 0;
	}
	return walk_folder(w, fd, path, rest, depth + 1, e);
}

/* --- the names of a folder, in order ---------------------------------------------------------- */

/* Those of a folder that fit a component, as many as there is room for, from one name on. */
struct names {
	const char *component;
	uint32_t *at; /* in text, each */
	size_t n, n_max;
	char *text;
	size_t len, len_max;
	char after[NAME_MAX + 1];  /* these were given already: "": none */
	char before[NAME_MAX + 1]; /* these are for later: "": none */
};

static int
names_init(struct names *v, const char *component, unsigned depth, struct err *e)
{
	const size_t room = NAMES_MAX >> depth > NAMES_MIN ? NAMES_MAX >> depth : NAMES_MIN;

	*v = (struct names){
		.component = component, .n_max = room / 4 / sizeof(*v->at), .len_max = room / 4 * 3
	};
	v->at = malloc(v->n_max * sizeof(*v->at)); /* what is not used of it is no memory */
	v->text = malloc(v->len_max);
	return v->at && v->text ? 0 : err_memory(e);
}

static void
names_release(struct names *v)
{
	free(v->at);
	free(v->text);
}

static int
by_bytes(const void *a, const void *b, void *ctx)
{
	const char *text = ctx;

	return strcmp(text + *(const uint32_t *)a, text + *(const uint32_t *)b);
}

bool
place_fits(const char *component, const char *name)
{
	const size_t literal = strcspn(
		component, "*?[\\"); /* what is no pattern, at its beginning */

	if (strncmp(name, component, literal) != 0)
		return false;
	if (component[literal] == '*' && component[literal + 1] == '\0')
		return literal > 0 || name[0] != '.';
	return fnmatch(component, name, FNM_PERIOD) == 0;
}

bool
place_join(char ret[PATH_MAX], const char *folder, const char *name)
{
	const size_t n = strlen(folder), len = strlen(name);

	if (n + len + 2 > PATH_MAX)
		return false;
	memcpy(ret, folder, n);
	ret[n] = '/';
	memcpy(ret + n + 1, name, len + 1);
	return true;
}

/* Leaves the first half of the names, in order: the others come in a later round. */
static void
names_halve(struct names *v)
{
	size_t len = 0;
	char *text;

	qsort_r(v->at, v->n, sizeof(*v->at), by_bytes, v->text);
	(void)snprintf(v->before, sizeof(v->before), "%s", v->text + v->at[v->n / 2]);
	v->n /= 2;
	text = malloc(v->len_max);
	if (!text)
		return; /* then the next name finds no room, and says so */
	for (size_t i = 0; i < v->n; i++) {
		const size_t n = strlen(v->text + v->at[i]) + 1;

		memcpy(text + len, v->text + v->at[i], n);
		v->at[i] = (uint32_t)len;
		len += n;
	}
	free(v->text);
	v->text = text;
	v->len = len;
}

static int
see_name(void *ctx, const char *name, unsigned char type, struct err *e)
{
	struct names *v = ctx;
	const size_t len = strlen(name) + 1;

	(void)type;
	if (!place_fits(v->component, name) || (*v->after && strcmp(name, v->after) <= 0) ||
		(*v->before && strcmp(name, v->before) >= 0))
		return 0;
	if (v->n == v->n_max || v->len + len > v->len_max) {
		names_halve(v);
		if (v->n == v->n_max || v->len + len > v->len_max)
			return err_memory(e);
		if (strcmp(name, v->before) >= 0)
			return 0;
	}
	v->at[v->n++] = (uint32_t)v->len;
	memcpy(v->text + v->len, name, len);
	v->len += len;
	return 0;
}

/* The next names of FD. A folder that cannot be read holds nothing more. */
static int
names_next(struct names *v, int fd, struct err *e)
{
	struct err why;

	if (v->n > 0)
		(void)snprintf(v->after, sizeof(v->after), "%s", v->text + v->at[v->n - 1]);
	v->n = v->len = 0;
	*v->before = '\0';
	if (folder_each(fd, see_name, v, &why) < 0) {
		*e = why;
		return why.exit == EX_OSERR ? -1 : 0;
	}
	qsort_r(v->at, v->n, sizeof(*v->at), by_bytes, v->text);
	return 0;
}

/* Looks in the folder FD for what fits COMPONENT. */
static int
walk_names(const struct walk *w, int fd, uint64_t mount, const char *path, const char *component,
	const char *rest, unsigned depth, struct err *e)
{
	CLEANUP(names_release) struct names v;
	int rc = names_init(&v, component, depth, e);

	do {
		if (rc < 0 || names_next(&v, fd, e) < 0)
			return -1;
		for (size_t i = 0; rc == 0 && i < v.n; i++)
			rc = walk_name(w, fd, mount, path, v.text + v.at[i], rest, depth, e);
	} while (rc == 0 && v.n > 0 && *v.before);
	return rc;
}

/* Looks in the folder FD for what PATTERN's first component names. */
static int
walk_folder(const struct walk *w, int fd, const char *path, const char *pattern, unsigned depth,
	struct err *e)
{
	const char *slash = strchrnul(pattern, '/'), *rest = *slash ? slash + 1 : slash;
	char component[NAME_MAX + 1];
	struct stat st;
	uint64_t mount;

	if (depth > DEPTH_MAX || (size_t)(slash - pattern) >= sizeof(component) ||
		walk_mount(fd, "", &mount) < 0)
		return 0;
	memcpy(component, pattern, (size_t)(slash - pattern));
	component[slash - pattern] = '\0';
	if (has_pattern(component, strlen(component)))
		return walk_names(w, fd, mount, path, component, rest, depth, e);
	if (fstatat(fd, component, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return walk_name(w, fd, mount, path, component, rest, depth, e);
}

static int
walk_paths(struct walk *w, struct err *e)
{
	for (size_t i = 0; i < w->paths->n; i++) {
		const char *pattern = w->paths->v[i];
		const size_t len = fixed_len(pattern);
		struct err why;
		cleanup_fd int fd = open_fixed(pattern, len, &why);
		char path[PATH_MAX];
		int rc;

		(void)snprintf(path, sizeof(path), "%.*s", (int)len, pattern);
		if (fd < 0 && is_led_astray(&why))
			tell_odd(w, path, false);
		if (fd < 0)
			continue;
		w->n_before = i;
		rc = walk_folder(w, fd, path, pattern + len + 1, 0, e);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	return 0;
}

int
places_each(const struct conf_list *paths, enum place_kind kind, place_seen *seen, place_odd *odd,
	void *ctx, struct err *e)
{
	struct walk w = { .paths = paths, .kind = kind, .seen = seen, .odd = odd, .ctx = ctx };

	return walk_paths(&w, e);
}

int
places_each_again(const struct conf_list *paths, enum place_kind kind, place_seen *seen, void *ctx,
	bool *gone, struct err *e)
{
	struct walk w = { .paths = paths, .kind = kind, .seen = seen, .gone = gone, .ctx = ctx };

	return walk_paths(&w, e);
}

bool
places_exist(const struct conf_list *paths)
{
	for (size_t i = 0; i < paths->n; i++) {
		struct err why;
		cleanup_fd int fd = open_fixed(paths->v[i], fixed_len(paths->v[i]), &why);

		if (fd >= 0 || is_led_astray(&why))
			return true;
	}
	return false;
}

static bool
begins_alike(const struct conf_list *paths, size_t n, const char *folder, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (fixed_len(paths->v[i]) == len && strncmp(paths->v[i], folder, len) == 0)
			return true;
	return false;
}

int
places_folders(const struct conf_list *paths, place_folder *seen, void *ctx, struct err *e)
{
	for (size_t i = 0; i < paths->n; i++) {
		const size_t len = fixed_len(paths->v[i]);
		cleanup_fd int fd = -1;
		char path[PATH_MAX];
		struct err why;
		int rc;

		if (begins_alike(paths, i, paths->v[i], len))
			continue;
		fd = open_fixed(paths->v[i], len, &why);
		if (fd < 0)
			continue;
		(void)snprintf(path, sizeof(path), "%.*s", len ? (int)len : 1, paths->v[i]);
		rc = seen(ctx, fd, path, e);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	return 0;
}

/* PATH is one that PATTERN names: its folder, below PATTERN's fixed one. */
static int
open_below(const char *pattern, const char *path, const char **ret_name, struct err *e)
{
	const size_t len = fixed_len(pattern);
	cleanup_fd int fixed = open_fixed(pattern, len, e);
	const char *name = strrchr(path, '/') + 1;
	char below[PATH_MAX];

	if (fixed < 0)
		return -1;
	*ret_name = name;
	if (name <= path + len + 1)
		return fd_take(&fixed);
	(void)snprintf(
		below, sizeof(below), "%.*s", (int)(name - 1 - (path + len + 1)), path + len + 1);
	return walk_open(fixed, below, O_RDONLY | O_DIRECTORY, 0, NULL, e);
}

int
place_open_folder(
	const struct conf_list *paths, const char *path, const char **ret_name, struct err *e)
{
	if (*path == '/' && strlen(path) < PATH_MAX)
		for (size_t i = 0; i < paths->n; i++)
			if (fnmatch(paths->v[i], path, FNM_PATHNAME | FNM_PERIOD) == 0)
				return open_below(paths->v[i], path, ret_name, e);
	return err_fail(e, EX_NOPERM, 0, N_("not a place of this store"), NULL, "%s", path);
}

int
place_remove(int dirfd, const char *name, const char *path, struct err *e)
{
	return unlinkat(dirfd, name, 0) == 0 && fsync(dirfd) == 0
		       ? 0
		       : err_fail(e, EX_IOERR, errno, N_("cannot remove"), NULL, "%s", path);
}
