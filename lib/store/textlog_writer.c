/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A read lease cannot be had while anybody writes (fcntl(2) F_SETLEASE); how they write stands in
 * /proc/PID/fdinfo/FD, `flags:` in octal (proc(5)), for those whom we may look at.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "store/textlog-private.h"

#ifndef O_LARGEFILE
#define O_LARGEFILE 0100000
#endif

/* What is asked of each open descriptor of each process. */
struct look {
	dev_t dev;
	ino_t ino;
	bool found, seeks;
	struct textlog *t;
	const struct conf_list *paths; /* unlinked files that match these are told of */
};

static void
read_flags(struct look *k, int proc, const char *pid, const char *fd)
{
	char path[64], text[256];
	cleanup_fd int info = -1;
	const char *flags;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%.16s/fdinfo/%.16s", pid, fd);
	info = openat(proc, path, O_RDONLY | O_CLOEXEC);
	n = info < 0 ? -1 : read(info, text, sizeof(text) - 1);
	if (n <= 0)
		return;
	text[n] = '\0';
	flags = strstr(text, "flags:");
	if (flags) {
		long v = strtol(flags + 6, NULL, 8);

		if ((v & O_ACCMODE) == O_RDONLY)
			return;
		k->found = true;
		k->seeks |= !(v & O_APPEND);
	}
}

/* "/var/log/x.log (deleted)" */
static void
tell_deleted(struct look *k, int proc, const char *pid, const char *fd)
{
	static const char tail[] = " (deleted)";
	char path[64], target[PATH_MAX], who[64] = "?", detail[96];
	cleanup_fd int comm = -1;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%.16s/fd/%.16s", pid, fd);
	n = readlinkat(proc, path, target, sizeof(target) - 1);
	if (n <= (ssize_t)sizeof(tail))
		return;
	target[n] = '\0';
	if (strcmp(target + n - sizeof(tail) + 1, tail) != 0)
		return;
	target[(size_t)n - sizeof(tail) + 1] = '\0';
	for (size_t i = 0; i < k->paths->n; i++) {
		if (fnmatch(k->paths->v[i], target, FNM_PATHNAME | FNM_PERIOD) != 0)
			continue;
		(void)snprintf(path, sizeof(path), "%.16s/comm", pid);
		comm = openat(proc, path, O_RDONLY | O_CLOEXEC);
		n = comm < 0 ? -1 : read(comm, who, sizeof(who) - 1);
		if (n > 0)
			who[n - 1] = '\0';
		(void)snprintf(detail, sizeof(detail), "%s[%.16s]", who, pid);
		store_tell(&k->t->store, NOTE_DELETED_OPEN, target, detail);
		return;
	}
}

static void
look_at_process(struct look *k, int proc, const char *pid)
{
	char path[64];
	DIR *d;
	int fd;

	(void)snprintf(path, sizeof(path), "%.16s/fd", pid);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return; /* gone, or not ours to see */
	d = fdopendir(fd);
	if (!d) {
		(void)close(fd);
		return;
	}
	for (const struct dirent *en; (en = readdir(d));) {
		struct stat st;

		if (!isdigit((unsigned char)en->d_name[0]) || fstatat(fd, en->d_name, &st, 0) < 0 ||
			!S_ISREG(st.st_mode))
			continue;
		if (k->paths && st.st_nlink == 0)
			tell_deleted(k, proc, pid, en->d_name);
		else if (!k->paths && st.st_dev == k->dev && st.st_ino == k->ino)
			read_flags(k, proc, pid, en->d_name);
	}
	(void)closedir(d);
}

static void
look_at_all(struct look *k)
{
	cleanup_fd int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = proc < 0 ? NULL : fdopendir(dup(proc));

	if (!d)
		return;
	for (const struct dirent *en; (en = readdir(d));)
		if (isdigit((unsigned char)en->d_name[0]))
			look_at_process(k, proc, en->d_name);
	(void)closedir(d);
}

enum textlog_writer
textlog_writer(int fd, const struct stat *st)
{
	struct look k = { .dev = st->st_dev, .ino = st->st_ino };

	/* who opens it in that moment makes the kernel send a signal, and that of SIGIO would end us */
	(void)fcntl(fd, F_SETSIG, SIGURG);
	if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
		(void)fcntl(fd, F_SETLEASE, F_UNLCK);
		return WRITER_NONE;
	}
	look_at_all(&k);
	if (!k.found)
		return WRITER_UNKNOWN;
	return k.seeks ? WRITER_SEEKS : WRITER_APPENDS;
}

void
textlog_deleted(struct textlog *t, const struct conf_list *paths)
{
	struct look k = { .t = t, .paths = paths };

	look_at_all(&k);
}
