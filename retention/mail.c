/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "retention/mail.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <sodium.h>

#include "base/buf.h"
#include "base/cleanup.h"

#define ANSWER_MS   30000
#define MESSAGE_MAX (60u << 10) /* what a pipe takes before anybody reads */
#define SUBJECT_MAX 40          /* bytes: an encoded word has 75 at most (RFC 2047 section 2) */

static void
put_subject(struct buf *b, const char *subject)
{
	char word[sodium_base64_ENCODED_LEN(SUBJECT_MAX, sodium_base64_VARIANT_ORIGINAL)];

	buf_str(b, "Subject:");
	while (*subject) {
		size_t n = strnlen(subject, SUBJECT_MAX);

		while (n > 1 && ((unsigned char)subject[n] & 0xc0) == 0x80)
			n--; /* never within a letter */
		(void)sodium_bin2base64(word, sizeof(word), (const unsigned char *)subject, n,
			sodium_base64_VARIANT_ORIGINAL);
		buf_printf(b, " =?utf-8?b?%s?=\n", word);
		subject += n;
	}
}

static void
put_message(struct buf *b, const struct mail *m)
{
	buf_printf(b, "To: %s\n", m->to);
	if (m->from)
		buf_printf(b, "From: %s\n", m->from);
	put_subject(b, m->subject);
	buf_str(b, "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
		   "Content-Transfer-Encoding: 8bit\nAuto-Submitted: auto-generated\n\n");
	buf_str(b, m->body);
}

static int
begin(const struct mail *m, int in, pid_t *ret, struct err *e)
{
	char *const argv[] = { (char *)m->sendmail, (char *)"-i", (char *)"-t", NULL };
	char *const env[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	posix_spawn_file_actions_t acts;
	int rc = posix_spawn_file_actions_init(&acts);

	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&acts, in, STDIN_FILENO);
	if (rc == 0)
		rc = posix_spawn(ret, m->sendmail, &acts, NULL, argv, env);
	(void)posix_spawn_file_actions_destroy(&acts);
	return rc == 0 ? 0
		       : err_fail(e, EX_UNAVAILABLE, rc, N_("cannot send mail"),
				 N_("install a mail server, or name its sendmail in the section retention"),
				 "%s", m->sendmail);
}

static int
finish(const struct mail *m, pid_t pid, struct err *e)
{
	cleanup_fd int fd = pidfd_open(pid, 0);
	struct pollfd p = { fd, POLLIN, 0 };
	const bool answered = fd >= 0 && poll(&p, 1, ANSWER_MS) == 1;
	int status = 0;

	if (!answered)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!answered)
		return err_fail(e, EX_TEMPFAIL, 0, N_("no answer from the mail server"), NULL, "%s",
			m->sendmail);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_fail(e, EX_UNAVAILABLE, 0, N_("the mail server refused the mail"),
		N_("see its log"), "%s: %d", m->sendmail,
		WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

int
mail_send(const struct mail *m, struct err *e)
{
	CLEANUP(buf_release) struct buf b = { .max = MESSAGE_MAX };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction old;
	int in[2];
	pid_t pid;

	put_message(&b, m);
	if (b.failed || pipe2(in, O_CLOEXEC) < 0)
		return err_memory(e);
	if (begin(m, in[0], &pid, e) < 0) {
		(void)close(in[0]);
		(void)close(in[1]);
		return -1;
	}
	(void)close(in[0]);
	/* who does not read it says so with its exit status */
	(void)sigaction(SIGPIPE, &ignore, &old);
	(void)!write(in[1], b.p, b.len);
	(void)close(in[1]);
	(void)sigaction(SIGPIPE, &old, NULL);
	return finish(m, pid, e);
}
