/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A read lease cannot be had while anybody writes (fcntl(2) F_SETLEASE); how they write stands in
 * /proc/PID/fdinfo/FD, `flags:` in octal (proc(5)), for those whom we may look at.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "store/open_file.h"
#include "store/textlog/textlog-private.h"

#ifndef O_LARGEFILE
#define O_LARGEFILE 0100000
#endif

/* What is asked of each open descriptor of each process. */
struct look {
	dev_t dev;
	ino_t ino;
	bool found, seeks;
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

static void
see_open(void *ctx, int proc, const char *pid, const char *fd, const struct stat *st)
{
	struct look *k = ctx;

	if (st->st_dev == k->dev && st->st_ino == k->ino)
		read_flags(k, proc, pid, fd);
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
	open_files_each(see_open, &k);
	if (!k.found)
		return WRITER_UNKNOWN;
	return k.seeks ? WRITER_SEEKS : WRITER_APPENDS;
}
