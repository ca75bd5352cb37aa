/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file/mount.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"

/* A line of mountinfo; its texts lie in the line. */
struct line {
	long id;
	char *root, *point, *type, *source;
};

/* "\040" is a blank: the kernel escapes blank, tab, line feed and backslash. */
static void
unescape(char *s)
{
	char *to = s;

	for (; *s; to++)
		if (s[0] == '\\' && strspn(s + 1, "01234567") >= 3) {
			*to = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*to = *s++;
		}
	*to = '\0';
}

/* id parent dev ROOT POINT options [tags] - TYPE SOURCE options */
static bool
line_split(char *text, struct line *ret)
{
	char *rest = text, *dash = strstr(text, " - ");

	if (!dash)
		return false;
	*dash = '\0';
	ret->id = strtol(strsep(&rest, " "), NULL, 10);
	(void)strsep(&rest, " ");
	(void)strsep(&rest, " ");
	ret->root = strsep(&rest, " ");
	ret->point = strsep(&rest, " ");
	rest = dash + 3;
	ret->type = strsep(&rest, " ");
	ret->source = strsep(&rest, " ");
	if (!ret->root || !ret->point || !ret->source)
		return false;
	unescape(ret->root);
	unescape(ret->point);
	unescape(ret->source);
	return true;
}

/* The mount that FD lies on; -1: not told. */
static long
mount_id(int fd)
{
	cleanup_stdio FILE *f = NULL;
	static const char key[] = "mnt_id:";
	char text[64];

	(void)snprintf(text, sizeof(text), "/proc/self/fdinfo/%d", fd);
	f = fopen(text, "re");
	while (f && fgets(text, sizeof(text), f))
		if (strncmp(text, key, strlen(key)) == 0)
			return strtol(text + strlen(key), NULL, 10);
	return -1;
}

static bool
find_line(long id, char **text, size_t *size, struct line *ret)
{
	cleanup_stdio FILE *f = fopen("/proc/self/mountinfo", "re");

	while (f && getline(text, size, f) > 0)
		if (line_split(*text, ret) && ret->id == id)
			return true;
	return false;
}

/* What is behind the mount point POINT in PATH. */
static const char *
below(const char *path, const char *point)
{
	const size_t len = strcmp(point, "/") == 0 ? 0 : strlen(point);

	return strncmp(path, point, len) == 0 ? path + len : path;
}

static void
put(const struct line *l, const char *path, const struct statfs *fs, struct mount *ret)
{
	const char *rest = below(path, l->point);
	char id[2 * sizeof(fs->f_fsid) + 1];
	unsigned v[2];

	memcpy(v, &fs->f_fsid, sizeof(v));
	(void)snprintf(id, sizeof(id), "%08x%08x", v[0], v[1]);
	(void)snprintf(ret->type, sizeof(ret->type), "%s", l->type);
	(void)snprintf(ret->where, sizeof(ret->where), "%s %s %s%s", ret->type,
		strncmp(l->source, "/dev/", strlen("/dev/")) == 0 ? id : l->source,
		strcmp(l->root, "/") == 0 && *rest ? "" : l->root, rest);
}

int
mount_of(int fd, struct mount *ret, struct err *e)
{
	cleanup_mem char *text = NULL;
	char self[64], path[PATH_MAX];
	size_t size = 0;
	struct statfs fs;
	struct line l;
	ssize_t n;

	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	n = readlink(self, path, sizeof(path) - 1);
	path[n < 0 ? 0 : n] = '\0';
	if (n <= 0 || fstatfs(fd, &fs) < 0 || !find_line(mount_id(fd), &text, &size, &l))
		return err_fail(e, EX_OSFILE, errno, N_("cannot tell which file system this is"),
			N_("mount /proc"), "%s", path);
	put(&l, path, &fs, ret);
	return 0;
}
