/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * systemd's own recipe (systemd/systemd#14709): the export format, which systemd-journal-remote writes
 * into a journal file. Times, boot ids and trusted fields stay; the numbering, and with it the cursors, is new.
 */
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/replace.h"
#include "base/walk.h"
#include "store/journal-private.h"

#define PROGRAM   "/lib/systemd/systemd-journal-remote"
#define OUT       "out.journal"
#define ENTRY_MAX (1u << 30) /* of the export format, as systemd-journal-remote takes it */
#define AT_STATE  16
#define CRTIME    "user.crtime_usec" /* journald's own: when the file was made */

struct jwrite {
	int dirfd, scratch, fd,
		to; /* the folder, locked; ours below it; the file; the program's input */
	pid_t pid;
	uint64_t n;
	struct journal_header header;
	struct buf text;
};

/* What an earlier run has left there goes. */
static void
scratch_empty(int scratch)
{
	struct dirent **found = NULL;
	int n = scandirat(scratch, ".", &found, NULL, NULL);

	for (int i = 0; i < n; i++) {
		(void)unlinkat(scratch, found[i]->d_name, 0); /* "." and ".." say no */
		free(found[i]);
	}
	free(found);
}

static int
program_start(struct jwrite *w, int input, struct err *e)
{
	char out[64];
	char *const argv[] = { (char *)"systemd-journal-remote", (char *)"-o", out, (char *)"-",
		NULL };
	char *const env[] = { (char *)"LC_ALL=C", NULL };
	posix_spawn_file_actions_t fa;
	int folder = fcntl(w->scratch, F_DUPFD, 10), rc; /* inherited: the name goes through it */

	if (folder < 0)
		return err_fail(e, EX_OSERR, errno, N_("cannot open folder"), NULL, NULL);
	(void)snprintf(out, sizeof(out), "/proc/self/fd/%d/" OUT, folder);
	(void)posix_spawn_file_actions_init(&fa);
	(void)posix_spawn_file_actions_adddup2(&fa, input, 0);
	(void)posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
	(void)posix_spawn_file_actions_addopen(&fa, 2, "/dev/null", O_WRONLY, 0);
	rc = posix_spawn(&w->pid, PROGRAM, &fa, NULL, argv, env);
	(void)posix_spawn_file_actions_destroy(&fa);
	(void)close(folder);
	if (rc == 0)
		return 0;
	w->pid = 0;
	return err_fail(e, EX_UNAVAILABLE, rc, N_("cannot write a journal file"),
		N_("install systemd-journal-remote"), PROGRAM);
}

int
jwrite_begin(int dirfd, struct jwrite **ret, struct err *e)
{
	CLEANUP(jwrite_freep) struct jwrite *w = calloc(1, sizeof(*w));
	cleanup_fd int input = -1;
	int pair[2];

	if (!w)
		return err_memory(e);
	*w = (struct jwrite){ .dirfd = -1, .scratch = -1, .fd = -1, .to = -1 };
	buf_init(&w->text, ENTRY_MAX);
	w->dirfd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->dirfd < 0 || flock(w->dirfd, LOCK_EX) < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot open the folder"), NULL, NULL);
	if (mkdirat(w->dirfd, JOURNAL_SCRATCH, 0700) < 0 && errno != EEXIST)
		return err_fail(
			e, EX_CANTCREAT, errno, N_("cannot make a folder"), NULL, JOURNAL_SCRATCH);
	w->scratch = walk_open(w->dirfd, JOURNAL_SCRATCH, O_RDONLY | O_DIRECTORY, 0, NULL, e);
	if (w->scratch < 0)
		return -1;
	scratch_empty(w->scratch);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_fail(e, EX_OSERR, errno, N_("cannot write a journal file"), NULL, NULL);
	w->to = pair[0];
	input = pair[1];
	if (program_start(w, input, e) < 0)
		return -1;
	*ret = TAKE(w);
	return 0;
}

/* Waits for the program, which ends with its input. True: it says that all went well. */
static bool
program_end(struct jwrite *w)
{
	int status = -1;

	fd_closep(&w->to);
	if (w->pid > 0)
		while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
			continue;
	w->pid = 0;
	return status == 0;
}

struct jwrite *
jwrite_free(struct jwrite *w)
{
	if (!w)
		return NULL;
	if (w->pid > 0) {
		(void)kill(w->pid, SIGKILL);
		(void)program_end(w);
	}
	fd_closep(&w->to);
	fd_closep(&w->fd);
	if (w->scratch >= 0) {
		scratch_empty(w->scratch);
		(void)unlinkat(w->dirfd, JOURNAL_SCRATCH, AT_REMOVEDIR);
	}
	fd_closep(&w->scratch);
	fd_closep(&w->dirfd);
	buf_wipe(&w->text);
	free(w);
	return NULL;
}

int
jwrite_add(struct jwrite *w, struct jfile *f, struct err *e)
{
	buf_clear(&w->text);
	if (jfile_export(f, &w->text) < 0)
		return err_fail(e, EX_DATAERR, 0, N_("cannot read a journal entry"), NULL, NULL);
	for (size_t at = 0; at < w->text.len;) {
		ssize_t n = send(w->to, w->text.p + at, w->text.len - at, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_fail(e, EX_CANTCREAT, errno, N_("cannot write a journal file"),
				N_("is the disk full?"), NULL);
		at += (size_t)n;
	}
	w->n++;
	return 0;
}

/* Is OUT there alone? The program begins another file when its hash table is full. */
static bool
is_one_file(const struct jwrite *w)
{
	struct dirent **found = NULL;
	int n = scandirat(w->scratch, ".", &found, NULL, NULL), files = 0;

	for (int i = 0; i < n; i++) {
		files += found[i]->d_name[0] != '.';
		free(found[i]);
	}
	free(found);
	return files == 1;
}

int
jwrite_finish(struct jwrite *w, int from_fd, const struct stat *from, struct err *e)
{
	const uint8_t archived = JOURNAL_ARCHIVED;
	uint64_t made;

	if (!program_end(w))
		return err_fail(e, EX_CANTCREAT, 0, N_("cannot write a journal file"),
			N_("is the disk full?"), PROGRAM);
	w->fd = walk_open(w->scratch, OUT, O_RDWR, 0, NULL, e);
	if (w->fd < 0)
		return -1;
	if (journal_header(w->fd, &w->header) < 0 || w->header.n_entries != w->n || !is_one_file(w))
		return err_fail(e, EX_SOFTWARE, 0, N_("a journal file was not copied whole"),
			N_("nothing was erased of it"), NULL);
	if (pwrite(w->fd, &archived, 1, AT_STATE) != 1)
		return err_fail(e, EX_IOERR, errno, N_("cannot write a journal file"), NULL, NULL);
	if (file_dress(from_fd, from, w->fd, OUT, e) < 0)
		return -1;
	/* by it journald's vacuum judges the whole file: it must not be older than its first entry */
	made = htole64(w->header.head_us);
	if (fgetxattr(w->fd, CRTIME, NULL, 0) >= 0)
		(void)fsetxattr(w->fd, CRTIME, &made, sizeof(made), 0);
	return fsync(w->fd) == 0 ? 0
				 : err_fail(e, EX_IOERR, errno, N_("cannot write a journal file"),
					   NULL, NULL);
}

int
jwrite_commit(struct jwrite *w, const char *name, bool replace, struct err *e)
{
	if (renameat2(w->scratch, OUT, w->dirfd, name, replace ? 0 : RENAME_NOREPLACE) < 0)
		return !replace && errno == EEXIST ? 1
						   : err_fail(e, EX_CANTCREAT, errno,
							     N_("cannot rename"), NULL, "%s", name);
	return fsync(w->dirfd) == 0 ? 0
				    : err_fail(e, EX_IOERR, errno, N_("cannot write the folder"),
					      NULL, "%s", name);
}

void
jwrite_name(const struct jwrite *w, const char *old, char *ret, size_t size)
{
	const char *at = strchr(old, '@');
	size_t n = at ? (size_t)(at - old) : 0;

	if (!at || n + 80 > size) {
		(void)snprintf(ret, size, "%s", old);
		return;
	}
	n = (size_t)snprintf(ret, size, "%.*s@", (int)n, old);
	for (size_t i = 0; i < sizeof(w->header.seqnum_id); i++)
		n += (size_t)snprintf(ret + n, size - n, "%02x", w->header.seqnum_id[i]);
	(void)snprintf(ret + n, size - n, "-%016llx-%016llx.journal",
		(unsigned long long)w->header.head_seqnum, (unsigned long long)w->header.head_us);
}
