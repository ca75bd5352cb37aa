/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sink_journal.c - records as entries of a journal file, with their original times
 *
 * journald gives each entry its own time, so the file is written by systemd-journal-remote, as a
 * child that reads the export format from a pipe. The child outlives a kill of ours and stores what
 * is whole in the pipe; it inherits a lock (.NAME.lock), so that a successor waits for its end
 * before it asks what was stored. It is never killed: a file that was not closed well is put aside
 * by the next child (NAME@….journal~).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "logscrub/sink/sink_entries.h"

#define WRITER     "/lib/systemd/systemd-journal-remote"
#define SUFFIX     ".journal"
#define SEND_MS    1000 /* for the child to take some bytes */
#define RESPAWN_MS 1000
#define LOCK_MS    5000 /* for a predecessor's child to store what is in its pipe */
#define CLOSE_MS   5000

struct sink_journal {
	struct sink_entries s;
	int lock, pipe;
	pid_t child; /* 0: none */
	size_t done; /* bytes of the item n_sent that are in the pipe */
	int64_t spawned_ms;
};

/* Readies how the child starts: signals as usual, the pipe as its input. */
static int
spawn_prepare(posix_spawn_file_actions_t *files, posix_spawnattr_t *attr, int input, int lock)
{
	sigset_t none, all;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	return posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) ||
	       posix_spawnattr_setsigmask(attr, &none) ||
	       posix_spawnattr_setsigdefault(attr, &all) ||
	       posix_spawn_file_actions_adddup2(files, input, STDIN_FILENO) ||
	       posix_spawn_file_actions_addopen(files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) ||
	       posix_spawn_file_actions_adddup2(files, lock, lock); /* drops its close-on-exec */
}

static int
child_spawn(struct sink_journal *n)
{
	char *argv[] = { (char *)WRITER, (char *)"-o", n->s.k.name, (char *)"-", NULL };
	char *env[] = { (char *)"SYSTEMD_LOG_LEVEL=notice", NULL };
	cleanup_fd int input = -1;
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int fds[2], r;

	n->spawned_ms = sink_now_ms();
	if (pipe2(fds, O_CLOEXEC) < 0)
		return sink_fail_errno(&n->s.k, errno);
	input = fds[0];
	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawnattr_init(&attr);
	r = spawn_prepare(&files, &attr, input, n->lock)
		    ? ENOMEM
		    : posix_spawn(&n->child, WRITER, &files, &attr, argv, env);
	(void)posix_spawn_file_actions_destroy(&files);
	(void)posix_spawnattr_destroy(&attr);
	if (r != 0) {
		(void)close(fds[1]);
		n->child = 0;
		return sink_fail(&n->s.k, N_("systemd-journal-remote does not start"));
	}
	(void)fcntl(fds[1], F_SETFL, O_NONBLOCK);
	n->pipe = fds[1];
	n->done = 0;
	return 0;
}

/* Waits up to LIMIT_MS for the child's end. */
static bool
child_has_ended(struct sink_journal *n, int limit_ms)
{
	struct pollfd pfd = { .events = POLLIN };

	if (n->child == 0)
		return true;
	pfd.fd = (int)syscall(SYS_pidfd_open, n->child, 0);
	if (pfd.fd >= 0) {
		(void)poll(&pfd, 1, limit_ms);
		(void)close(pfd.fd);
	}
	if (waitpid(n->child, NULL, WNOHANG) == 0)
		return false;
	n->child = 0;
	return true;
}

static int
journal_settle(struct sink_entries *s, int limit_ms, struct err *e)
{
	struct sink_journal *n = (struct sink_journal *)s;

	(void)e;
	if (n->pipe >= 0)
		(void)close(n->pipe); /* the child stores what it has, and ends */
	n->pipe = -1;
	if (!child_has_ended(n, limit_ms))
		return sink_fail(&s->k, N_("systemd-journal-remote is slow to end"));
	return 0;
}

static int
pipe_fail(struct sink_journal *n, int errnum)
{
	if (errnum == EAGAIN)
		return sink_fail(&n->s.k, N_("systemd-journal-remote takes nothing at the moment"));
	n->s.unsure = true;
	return sink_fail(&n->s.k, N_("systemd-journal-remote has ended"));
}

/* Writes the rest of one item. */
static int
send_item(struct sink_journal *n, const struct sink_item *i)
{
	while (n->done < i->len) {
		struct pollfd pfd = { .fd = n->pipe, .events = POLLOUT };
		ssize_t got = write(n->pipe, n->s.k.pending.p + i->at + n->done, i->len - n->done);

		if (got > 0)
			n->done += (size_t)got;
		else if (errno == EAGAIN && poll(&pfd, 1, SEND_MS) > 0)
			continue;
		else if (errno != EINTR)
			return pipe_fail(n, errno);
	}
	n->done = 0;
	return 0;
}

static int
journal_send(struct sink_entries *s, struct err *e)
{
	struct sink_journal *n = (struct sink_journal *)s;

	(void)e;
	if (n->pipe < 0) {
		if (sink_now_ms() - n->spawned_ms < RESPAWN_MS)
			return sink_fail(&s->k, N_("systemd-journal-remote has ended"));
		if (child_spawn(n) != 0)
			return 1;
	}
	for (; s->n_sent < s->n_items; s->n_sent++)
		if (send_item(n, &s->item[s->n_sent]) != 0)
			return 1;
	return 0;
}

static int
journal_reopen(struct sink *k, struct err *e)
{
	struct sink_journal *n = (struct sink_journal *)k;
	int r = sink_entries_flush(k, e);

	if (r == 0)
		r = journal_settle(&n->s, SEND_MS, e);
	n->spawned_ms = 0;
	n->s.unsure = true; /* of nothing; it waits for the child, if need be */
	return r;
}

static void
journal_close(struct sink *k)
{
	struct sink_journal *n = (struct sink_journal *)k;

	sink_entries_end(&n->s);
	if (n->pipe >= 0)
		(void)close(n->pipe);
	(void)child_has_ended(n, CLOSE_MS);
	if (n->lock >= 0)
		(void)close(n->lock);
	free(n);
}

static const struct sink_driver journal_driver = {
	.write = sink_entries_write,
	.flush = sink_entries_flush,
	.reopen = journal_reopen,
	.look_up = sink_entries_look_up,
	.close = journal_close,
};

static const struct sink_way journal_way = {
	.send = journal_send,
	.settle = journal_settle,
	.export = true,
};

static int
check_path(const struct conf_sink *d, struct err *e)
{
	size_t len = strlen(d->path), suffix = sizeof(SUFFIX) - 1;

	if (len <= suffix || strcmp(d->path + len - suffix, SUFFIX) != 0)
		return conf_fail(e, &d->where, N_("a journal's file has to end in \".journal\""),
			N_("systemd-journal-remote writes no other"), "%s", d->path);
	if (access(WRITER, X_OK) < 0)
		return err_fail(e, EX_UNAVAILABLE, errno, N_("systemd-journal-remote is missing"),
			N_("install the package systemd-journal-remote"), "%s", WRITER);
	return 0;
}

/* Held by us and by each child: free when the last of them has ended. */
static int
lock_take(struct sink_journal *n, struct err *e)
{
	const char *name = n->s.k.name, *slash = strrchr(name, '/');
	int64_t until = sink_now_ms() + LOCK_MS;
	char path[4096];

	(void)snprintf(path, sizeof(path), "%.*s.%s.lock", slash ? (int)(slash + 1 - name) : 0,
		name, slash ? slash + 1 : name);
	n->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (n->lock < 0)
		return err_fail(e, EX_CANTCREAT, errno, N_("cannot make a lock"), NULL, "%s", path);
	while (flock(n->lock, LOCK_EX | LOCK_NB) < 0) {
		if (sink_now_ms() >= until)
			return err_fail(e, EX_TEMPFAIL, 0,
				N_("another process writes to this journal file"),
				N_("wait for its end, or name another file"), "%s", name);
		(void)usleep(10000);
	}
	return 0;
}

int
sink_journal_open(
	const struct conf_store *s, const struct conf_sink *d, struct sink **ret, struct err *e)
{
	struct sink_journal *n;

	if (check_path(d, e) < 0)
		return -1;
	n = calloc(1, sizeof(*n));
	if (!n)
		return err_memory(e);
	n->lock = n->pipe = -1;
	n->s.way = &journal_way;
	if (sink_init(&n->s.k, &journal_driver, s, d->path, e) < 0 || lock_take(n, e) < 0 ||
		readback_open_file(&n->s.readback, n->s.k.name, n->s.k.store, e) < 0 ||
		sink_entries_start(&n->s, e) < 0) {
		journal_close(&n->s.k);
		return -1;
	}
	*ret = &n->s.k;
	return 0;
}
