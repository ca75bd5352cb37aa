/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A program that has opened a log a moment before another file took its name, or before it was removed,
 * writes its lines to a file that has no name: they are lost with it, also if we wait and are killed.
 * So the old file keeps a name until nobody has it open: its inode and the length of what was dealt
 * with stand in that name, and whoever finds it knows what is new in it. Another inode: the two have
 * not changed places yet, and it is only an unfinished copy.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/file/replace-private.h"
#include "base/file/walk.h"

#define LATE_PAUSE_NS 1000000 /* for a program that opened the old file at the last moment … */
#define LATE_PAUSES   2000    /* … to write its lines and close it */
#define MARK          ".sparsam-"
#define CHUNK         4096 /* that is appended at once: whole, whatever ends us */

/* What a name says. */
struct aside {
	char name[NAME_MAX + 1]; /* of the file itself */
	unsigned long long ino, size;
	bool copy; /* an unfinished one */
};

bool
replace_aside_name(const char *name, const struct stat *old, char ret[NAME_MAX + 1])
{
	return snprintf(ret, NAME_MAX + 1, ".%s" MARK "%llx-%llx", name,
		       (unsigned long long)old->st_ino,
		       (unsigned long long)old->st_size) <= NAME_MAX;
}

static bool
read_name(const char *aside, struct aside *ret)
{
	const char *mark = NULL, *p = aside;
	char *end;

	while ((p = strstr(p, MARK)))
		mark = p++;
	if (*aside != '.' || !mark || mark == aside || strlen(aside) > NAME_MAX)
		return false;
	memcpy(ret->name, aside + 1, (size_t)(mark - aside - 1));
	ret->name[mark - aside - 1] = '\0';
	mark += strlen(MARK);
	ret->copy = strcmp(mark, "new") == 0;
	if (ret->copy)
		return true;
	ret->ino = strtoull(mark, &end, 16);
	if (end == mark || *end != '-')
		return false;
	mark = end + 1;
	ret->size = strtoull(mark, &end, 16);
	return end != mark && *end == '\0' && ret->size <= INT64_MAX;
}

/* A read lease is granted only where nobody has the file open for writing. It is given back at
 * once, since a writer would have to wait for it; whoever comes in that moment makes the kernel
 * send a signal, and that of SIGIO would end us. */
int
replace_writer_check(int fd, const char *name, struct err *e)
{
	(void)fcntl(fd, F_SETSIG, SIGURG); /* which does nothing by default */
	if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
		(void)fcntl(fd, F_SETLEASE, F_UNLCK); /* ends with the descriptor, too */
		return 0;
	}
	if (errno == EAGAIN)
		return err_fail(e, EX_TEMPFAIL, 0, N_("a program still writes to the file"),
			N_("rotate it first"), "%s", name);
	if (errno == EACCES)
		return err_fail(e, EX_NOPERM, errno, N_("cannot see who writes to the file"),
			N_("run as its owner, or with CAP_LEASE"), "%s", name);
	return 0; /* a file system without leases: FUSE, some of the network */
}

int
replace_writer_wait(int fd, const char *name, struct err *e)
{
	const struct timespec pause = { .tv_nsec = LATE_PAUSE_NS };
	int rc = replace_writer_check(fd, name, e);

	for (int i = 0; i < LATE_PAUSES && rc < 0 && e->exit == EX_TEMPFAIL; i++) {
		(void)nanosleep(&pause, NULL);
		rc = replace_writer_check(fd, name, e);
	}
	return rc;
}

static int
failed(const char *name, const char *what, struct err *e)
{
	return err_fail(e, EX_IOERR, errno, what, NULL, "%s", name);
}

int
replace_tail_append(int old_fd, int new_fd, off_t from, off_t to, const char *name, struct err *e)
{
	char text[CHUNK];

	if (fcntl(new_fd, F_SETFL, O_APPEND) < 0)
		return failed(name, N_("cannot write"), e);
	while (from < to) {
		const ssize_t n = pread(old_fd, text, sizeof(text), from);

		if (n < 0 || (n > 0 && write(new_fd, text, (size_t)n) != n))
			return failed(name, N_("cannot write"), e);
		if (n == 0)
			break;
		from += n;
	}
	explicit_bzero(text, sizeof(text));
	return fsync(new_fd) == 0 ? 0 : failed(name, N_("cannot write"), e);
}

/* --- what came late --------------------------------------------------------------------------- */

/* Do the last LEN bytes of FD stand in OLD_FD from byte AT on? */
static bool
ends_with(int fd, off_t size, int old_fd, off_t at, off_t len)
{
	char a[CHUNK], b[CHUNK];

	for (off_t done = 0; done < len;) {
		const size_t n = len - done < CHUNK ? (size_t)(len - done) : CHUNK;

		if (pread(fd, a, n, size - len + done) != (ssize_t)n ||
			pread(old_fd, b, n, at + done) != (ssize_t)n || memcmp(a, b, n) != 0)
			return false;
		done += (off_t)n;
	}
	return true;
}

/* How much of what is new in OLD_FD was appended before we were ended: all, or some chunks. */
static off_t
appended(int fd, off_t size, int old_fd, off_t from, off_t to)
{
	for (off_t n = to - from; n > 0; n = (n - 1) / CHUNK * CHUNK)
		if (n <= size && ends_with(fd, size, old_fd, from, n))
			return n;
	return 0;
}

/* The file that has the name now, to be appended to; made where there is none. It belongs to whom the old one
 * does, and has no other name: a stranger's folder may hold anything. */
static int
open_named(int dirfd, const char *name, int old_fd, const struct stat *old, struct stat *ret,
	struct err *e)
{
	cleanup_fd int fd = walk_open(dirfd, name, O_RDWR, 0, ret, e);

	if (fd < 0 && e->exit != EX_NOINPUT)
		return -1;
	if (fd < 0) {
		fd = walk_open(dirfd, name, O_RDWR | O_CREAT | O_EXCL, 0600, ret, e);
		if (fd < 0 || file_dress(old_fd, old, fd, name, e) < 0)
			return -1;
	} else if (ret->st_nlink != 1 || ret->st_uid != old->st_uid) {
		return err_fail(
			e, EX_NOPERM, 0, N_("will not append to another's file"), NULL, "%s", name);
	}
	return fd_take(&fd);
}

static int
take_tail(int dirfd, const struct aside *a, int old_fd, const struct stat *old, struct err *e)
{
	const off_t from = (off_t)a->size;
	struct stat st;
	cleanup_fd int fd = open_named(dirfd, a->name, old_fd, old, &st, e);

	if (fd < 0)
		return -1;
	return replace_tail_append(old_fd, fd,
		from + appended(fd, st.st_size, old_fd, from, old->st_size), old->st_size, a->name,
		e);
}

static int
end_name(int dirfd, const char *name, struct err *e)
{
	return unlinkat(dirfd, name, 0) == 0 && fsync(dirfd) == 0
		       ? 0
		       : failed(name, N_("cannot remove"), e);
}

/* Of a file that is still written to, what was dealt with goes. */
static void
punch(int dirfd, const char *name, off_t len)
{
	struct err ignored;
	cleanup_fd int fd = walk_open(dirfd, name, O_RDWR, 0, NULL, &ignored);

	if (fd >= 0 && len > 0)
		(void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, len);
}

int
replace_aside_end(int dirfd, const char *aside, int fd, struct err *e)
{
	struct aside a;
	struct stat st;

	if (!read_name(aside, &a))
		return err_fail(e, EX_NOINPUT, 0, N_("not the name of a file"), NULL, "%s", aside);
	if (replace_writer_wait(fd, a.name, e) < 0) {
		punch(dirfd, aside, (off_t)a.size);
		return -1;
	}
	if (fstat(fd, &st) < 0)
		return failed(a.name, N_("cannot look at the file again"), e);
	if ((unsigned long long)st.st_size > a.size && take_tail(dirfd, &a, fd, &st, e) < 0)
		return -1;
	return end_name(dirfd, aside, e);
}

int
replace_finish(int dirfd, const char *left, struct err *e)
{
	struct aside a;
	struct stat st;
	cleanup_fd int fd = -1;

	if (!read_name(left, &a))
		return 1;
	fd = walk_open(dirfd, left, O_RDONLY, 0, &st, e);
	if (fd < 0)
		return -1;
	if (st.st_nlink != 1)
		return err_fail(e, EX_NOPERM, 0, N_("will not replace a file with several links"),
			NULL, "%s", left);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return err_fail(e, EX_TEMPFAIL, errno, N_("another program has locked the file"),
			N_("try again"), "%s", left);
	if (a.copy || a.ino != st.st_ino)
		return end_name(dirfd, left, e);
	return replace_aside_end(dirfd, left, fd, e);
}

int
replace_finish_all(int dirfd, const char *name, struct err *e)
{
	cleanup_fd int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *d;
	struct aside a;
	bool others = false;
	int rc = 0;

	if (!dir)
		return failed(name, N_("cannot open the folder"), e);
	(void)fd_take(&fd); /* closedir() ends it */
	while (rc >= 0 && (d = readdir(dir))) {
		if (!read_name(d->d_name, &a))
			continue;
		if (strcmp(a.name, name) == 0)
			rc = replace_finish(dirfd, d->d_name, e);
		else
			others = true;
	}
	(void)closedir(dir);
	return rc < 0 ? -1 : others;
}

int
replace_remove(int dirfd, const char *name, const struct stat *st, struct err *e)
{
	char aside[NAME_MAX + 1];
	cleanup_fd int fd = walk_open(dirfd, name, O_RDONLY, 0, NULL, e);
	struct stat named;

	if (fd < 0)
		return -1;
	if (!replace_aside_name(name, st, aside))
		return end_name(dirfd, name, e);
	(void)flock(fd, LOCK_EX | LOCK_NB);
	if (renameat2(dirfd, name, dirfd, aside, RENAME_NOREPLACE) < 0)
		return failed(name, N_("cannot rename"), e);
	if (fstatat(dirfd, aside, &named, AT_SYMLINK_NOFOLLOW) == 0 && named.st_ino == st->st_ino &&
		named.st_dev == st->st_dev)
		return replace_aside_end(dirfd, aside, fd, e);
	/* somebody has put another one there since it was looked at */
	if (renameat2(dirfd, aside, dirfd, name, RENAME_NOREPLACE) < 0)
		return failed(name, N_("cannot rename"), e);
	return err_fail(e, EX_TEMPFAIL, 0, N_("the file has changed meanwhile"), N_("try again"),
		"%s", name);
}
