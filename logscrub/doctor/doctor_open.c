/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Logs that processes have open, wherever they are: regular files on a disk, open for writing, that
 * are appended to or have a log's name. The kernel's links in /proc lead to the file itself, also to
 * one that is deleted or lies in a container.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "logscrub/doctor/doctor_files.h"

#define FILES_MAX 20000

struct seen {
	dev_t dev;
	ino_t ino;
};

struct opened {
	struct logfiles *l;
	struct seen *seen;
	size_t n, room;
};

/* Remembers a file; false if it was there before. */
static bool
seen_add(struct opened *o, const struct stat *st)
{
	for (size_t i = 0; i < o->n; i++) {
		if (o->seen[i].dev == st->st_dev && o->seen[i].ino == st->st_ino)
			return false;
	}
	if (o->n == o->room) {
		struct seen *v = o->n < FILES_MAX ? reallocarray(o->seen,
							    o->room ? 2 * o->room : 256, sizeof(*v))
						  : NULL;

		if (!v)
			return false;
		o->seen = v;
		o->room = o->room ? 2 * o->room : 256;
	}
	o->seen[o->n++] = (struct seen){ st->st_dev, st->st_ino };
	return true;
}

static bool
has_log_name(const char *path)
{
	static const char *const ends[] = { "log", ".out", ".err", ".trace", ".access", ".error" };
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const size_t n = strlen(name);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const size_t k = strlen(ends[i]);

		if (n >= k && strcmp(name + n - k, ends[i]) == 0)
			return true;
	}
	return strstr(name, ".log.") || strstr(name, ".log-");
}

/* Files of databases and the journal are appended to as well: they are no logs of lines. */
static bool
is_no_log(const char *path)
{
	static const char *const parts[] = { ".journal", ".sqlite", ".db", "-wal", "-journal",
		"/pg_wal/", ".aof", "_history", "/var/lib/sparsam/" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strstr(path, parts[i]))
			return true;
	}
	return false;
}

/* By the flags in /proc/PID/fdinfo/FD. */
static bool
is_appended_to(int process, const char *fd_name)
{
	char path[64], text[256];
	cleanup_fd int fd = -1;
	ssize_t n;
	const char *flags;

	(void)snprintf(path, sizeof(path), "fdinfo/%.32s", fd_name);
	fd = openat(process, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return false;
	text[n] = '\0';
	flags = strstr(text, "flags:");
	return flags && (strtoul(flags + 6, NULL, 8) & O_APPEND);
}

static bool
is_on_disk(int fds, const char *name, const char *path)
{
	static const char *const memory[] = { "/dev/", "/proc/", "/sys/", "/run/", "/memfd:" };
	cleanup_fd int fd = -1;
	struct statfs fs;

	for (size_t i = 0; i < sizeof(memory) / sizeof(memory[0]); i++) {
		if (strncmp(path, memory[i], strlen(memory[i])) == 0)
			return false;
	}
	fd = openat(fds, name, O_PATH | O_CLOEXEC);
	return fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type != TMPFS_MAGIC;
}

/* Cuts " (deleted)" off; true if it was there. */
static bool
deleted_cut(char *path)
{
	static const char mark[] = " (deleted)";
	const size_t n = strlen(path), k = sizeof(mark) - 1;

	if (n <= k || strcmp(path + n - k, mark) != 0)
		return false;
	path[n - k] = '\0';
	return true;
}

static void
descriptor_look(struct opened *o, int process, int fds, const char *name)
{
	char path[PATH_MAX];
	const ssize_t n = readlinkat(fds, name, path, sizeof(path) - 1);
	cleanup_fd int fd = -1;
	struct stat link, st;
	bool deleted;

	if (n <= 0 || path[0] != '/')
		return;
	path[n] = '\0';
	deleted = deleted_cut(path);
	/* the link's own mode tells whether the file is open for writing */
	if (fstatat(fds, name, &link, AT_SYMLINK_NOFOLLOW) < 0 || !(link.st_mode & S_IWUSR) ||
		fstatat(fds, name, &st, 0) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
		return;
	/* what is in /var/log was found there */
	if (!deleted && strncmp(path, "/var/log/", 9) == 0)
		return;
	if (is_no_log(path) || (!has_log_name(path) && !is_appended_to(process, name)) ||
		!is_on_disk(fds, name, path) || !seen_add(o, &st))
		return;
	fd = openat(fds, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	logfile_take(o->l, fd, &st, path, deleted);
}

static void
process_look(struct opened *o, int proc, const char *pid)
{
	cleanup_fd int process = openat(proc, pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const int fds = process < 0 ? -1
				    : openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fds < 0 ? NULL : fdopendir(fds);
	const struct dirent *de;

	if (!d) {
		if (process >= 0 && errno == EACCES && o->l->doctor->tree.n_denied++ == 0)
			(void)snprintf(o->l->doctor->tree.denied, sizeof(o->l->doctor->tree.denied),
				"/proc/%s/fd", pid);
		return;
	}
	while ((de = readdir(d)) != NULL) {
		if (de->d_name[0] >= '0' && de->d_name[0] <= '9')
			descriptor_look(o, process, fds, de->d_name);
	}
	(void)closedir(d); /* only read from */
}

void
logfiles_take_open(struct logfiles *l)
{
	struct opened o = { .l = l };
	const int proc = tree_fd(&l->doctor->tree, "/proc", O_RDONLY | O_DIRECTORY, NULL);
	DIR *d = proc < 0 ? NULL : fdopendir(proc);
	const struct dirent *de;

	while (d && (de = readdir(d)) != NULL) {
		if (de->d_name[0] >= '1' && de->d_name[0] <= '9' &&
			strtol(de->d_name, NULL, 10) != getpid())
			process_look(&o, proc, de->d_name);
	}
	if (d)
		(void)closedir(d); /* only read from */
	free(o.seen);
}
