/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/sendmail.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

#define ANSWER_MS 30000
#define PIPE_BYTES                                                                                 \
	(1 << 20) /* what its reader has of a file at once; the most that anybody may have */

static int
spawn(struct sendmail *s, int in, char *const argv[])
{
	char *const env[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	posix_spawn_file_actions_t acts;
	int rc = posix_spawn_file_actions_init(&acts);

	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&acts, in, STDIN_FILENO);
	if (rc == 0)
		rc = posix_spawn(&s->pid, s->program, &acts, NULL, argv, env);
	(void)posix_spawn_file_actions_destroy(&acts);
	return rc;
}

int
sendmail_begin(struct sendmail *s, const char *program, const char *sender, const char *envelope,
	struct err *e)
{
	const char *const argv[] = { program, "-i", "-t", envelope ? "-N" : NULL,
		"success,delay,failure", "-R", "hdrs", "-V", envelope, "-f", sender, NULL };
	int in[2], rc;

	*s = (struct sendmail){ .program = program, .fd = -1 };
	if (pipe2(in, O_CLOEXEC) < 0)
		return err_fail(e, EX_OSERR, errno, N_("cannot send mail"), NULL, "%s", program);
	rc = spawn(s, in[0], (char *const *)argv);
	(void)close(in[0]);
	s->fd = in[1];
	(void)fcntl(s->fd, F_SETPIPE_SZ, PIPE_BYTES);          /* it works with less, too */
	if (rc == 0 && fcntl(s->fd, F_SETFL, O_NONBLOCK) == 0) /* our end alone */
		return 0;
	sendmail_abort(s);
	return err_fail(e, EX_UNAVAILABLE, rc, N_("cannot send mail"),
		N_("install a mail server, or name its sendmail in the section retention"), "%s",
		program);
}

void
sendmail_abort(struct sendmail *s)
{
	const int fd = fd_take(&s->fd);

	/* first: at the end of its input it would take the mail for whole */
	if (s->pid > 0) {
		(void)kill(s->pid, SIGKILL);
		while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	s->pid = 0;
	if (fd >= 0)
		(void)close(fd);
}

static int
no_answer(struct sendmail *s, struct err *e)
{
	sendmail_abort(s);
	return err_fail(
		e, EX_TEMPFAIL, 0, N_("no answer from the mail server"), NULL, "%s", s->program);
}

/* TEXT, or, where it is SPAN_NONE, what FILE has from *AT on, of which nothing is copied. Who does not read it says so
 * with its exit status, and not by a signal. */
static ssize_t
put_quietly(int fd, struct span text, int file, off_t *at)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction old;
	ssize_t n;
	int saved;

	(void)sigaction(SIGPIPE, &ignore, &old);
	n = text.p ? write(fd, text.p, text.len) : sendfile(fd, file, at, PIPE_BYTES);
	saved = errno;
	(void)sigaction(SIGPIPE, &old, NULL);
	errno = saved;
	return n;
}

/* What a put that failed with errno means. */
static int
put_failed(struct sendmail *s, struct err *e)
{
	struct pollfd p = { s->fd, POLLOUT, 0 };

	if (errno == EPIPE)
		(void)close(fd_take(&s->fd));
	else if (errno != EINTR && (errno != EAGAIN || poll(&p, 1, ANSWER_MS) == 0))
		return no_answer(s, e);
	return 0;
}

int
sendmail_put(struct sendmail *s, struct span text, struct err *e)
{
	while (text.len > 0 && s->fd >= 0) {
		const ssize_t n = put_quietly(s->fd, text, -1, NULL);

		if (n < 0 && put_failed(s, e) < 0)
			return -1;
		if (n > 0)
			text = span_from(text, (size_t)n);
	}
	return 0;
}

int
sendmail_put_file(struct sendmail *s, int fd, struct err *e)
{
	off_t at = 0;
	ssize_t n = 1;

	while (n != 0 && s->fd >= 0) {
		n = put_quietly(s->fd, SPAN_NONE, fd, &at);
		if (n < 0 && put_failed(s, e) < 0)
			return -1;
	}
	return 0;
}

int
sendmail_end(struct sendmail *s, struct err *e)
{
	cleanup_fd int fd = pidfd_open(s->pid, 0);
	struct pollfd p = { fd, POLLIN, 0 };
	int status = 0;

	if (s->fd >= 0)
		(void)close(fd_take(&s->fd));
	if (fd < 0 || poll(&p, 1, ANSWER_MS) != 1)
		return no_answer(s, e);
	while (waitpid(s->pid, &status, 0) < 0 && errno == EINTR)
		;
	s->pid = 0;
	if (!WIFEXITED(status))
		return no_answer(s, e);
	if (WEXITSTATUS(status) == 0)
		return 0;
	if (WEXITSTATUS(status) == EX_TEMPFAIL)
		return err_fail(e, EX_TEMPFAIL, 0, N_("the mail server takes no mail now"),
			N_("try again later; see its log"), "%s", s->program);
	return err_fail(e, EX_UNAVAILABLE, 0, N_("the mail server refused the mail"),
		N_("see its log"), "%s: %d", s->program, WEXITSTATUS(status));
}
