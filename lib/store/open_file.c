/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/open_file.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

#define TEXT_MAX (4u << 20) /* of all paths: more is not told of */

static void
look_at_process(int proc, const char *pid, open_file_seen *seen, void *ctx)
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

		if (isdigit((unsigned char)en->d_name[0]) && fstatat(fd, en->d_name, &st, 0) == 0 &&
			S_ISREG(st.st_mode))
			seen(ctx, proc, pid, en->d_name, &st);
	}
	(void)closedir(d);
}

void
open_files_each(open_file_seen *seen, void *ctx)
{
	cleanup_fd int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = proc < 0 ? NULL : fdopendir(dup(proc));

	if (!d)
		return;
	for (const struct dirent *en; (en = readdir(d));)
		if (isdigit((unsigned char)en->d_name[0]))
			look_at_process(proc, en->d_name, seen, ctx);
	(void)closedir(d);
}

/* --- unlinked ones ---------------------------------------------------------------------------- */

struct unlinked {
	bool looked;
	struct buf text; /* path, NUL, who, NUL, … */
};

struct unlinked *
unlinked_new(void)
{
	struct unlinked *u = calloc(1, sizeof(*u));

	if (u)
		buf_init(&u->text, TEXT_MAX);
	return u;
}

struct unlinked *
unlinked_free(struct unlinked *u)
{
	if (!u)
		return NULL;
	buf_release(&u->text);
	free(u);
	return NULL;
}

/* "/var/log/x.log (deleted)" */
static void
see_open(void *ctx, int proc, const char *pid, const char *fd, const struct stat *st)
{
	static const char tail[] = " (deleted)";
	struct unlinked *u = ctx;
	char path[64], target[PATH_MAX], who[64] = "?";
	cleanup_fd int comm = -1;
	ssize_t n;

	if (st->st_nlink != 0)
		return;
	(void)snprintf(path, sizeof(path), "%.16s/fd/%.16s", pid, fd);
	n = readlinkat(proc, path, target, sizeof(target) - 1);
	if (n <= (ssize_t)sizeof(tail))
		return;
	target[n] = '\0';
	if (strcmp(target + n - sizeof(tail) + 1, tail) != 0)
		return;
	target[(size_t)n - sizeof(tail) + 1] = '\0';
	(void)snprintf(path, sizeof(path), "%.16s/comm", pid);
	comm = openat(proc, path, O_RDONLY | O_CLOEXEC);
	n = comm < 0 ? -1 : read(comm, who, sizeof(who) - 1);
	if (n > 0)
		who[n - 1] = '\0';
	buf_str(&u->text, target);
	buf_char(&u->text, '\0');
	buf_printf(&u->text, "%s[%.16s]", who, pid);
	buf_char(&u->text, '\0');
}

void
unlinked_each(
	struct unlinked *u, void (*seen)(void *ctx, const char *path, const char *who), void *ctx)
{
	if (!u->looked)
		open_files_each(see_open, u);
	u->looked = true;
	for (size_t at = 0; at < u->text.len && !u->text.failed;) {
		const char *path = u->text.p + at, *who = path + strlen(path) + 1;

		seen(ctx, path, who);
		at = (size_t)(who + strlen(who) + 1 - u->text.p);
	}
}
