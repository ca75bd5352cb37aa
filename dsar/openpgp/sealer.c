/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/openpgp/sealer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file/scratch.h"
#include "base/file/whole.h"

#define ANSWER_MS 30000
#define TEXT_FD   3 /* where gpg finds the file in memory */

struct sealer {
	pid_t pid;
	char scratch[SCRATCH_MAX];
	int text, to, from; /* the file in memory; names go to gpg, its words come from it */
};

static int
no_answer(struct err *e)
{
	return err_fail(e, EX_TEMPFAIL, 0, N_("gpg does not encrypt a mail"),
		N_("see that gnupg is installed, and that there is room"), NULL);
}

/* --- its process ------------------------------------------------------------------------------ */

static int
gpg_spawn(struct sealer *s, const char *home, const char *fpr, int in, int out)
{
	const char *const argv[] = { "gpg", "--homedir", home, "--batch", "--no-tty", "--quiet",
		"--status-fd", "1", "--trust-model", "always", "--no-encrypt-to", "-z", "0",
		"--armor", "-r", fpr, "--multifile", "--encrypt", NULL };
	posix_spawn_file_actions_t acts;
	int rc = posix_spawn_file_actions_init(&acts);

	if (rc != 0)
		return rc;
	rc = posix_spawn_file_actions_adddup2(&acts, in, STDIN_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&acts, out, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(
			&acts, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&acts, s->text, TEXT_FD);
	if (rc == 0)
		rc = posix_spawnp(&s->pid, argv[0], &acts, NULL, (char *const *)argv, environ);
	(void)posix_spawn_file_actions_destroy(&acts);
	return rc;
}

/* Above the descriptors that gpg has in fixed places. */
static int
raise_fd(int fd)
{
	const int high = fcntl(fd, F_DUPFD_CLOEXEC, TEXT_FD + 1);

	(void)close(fd);
	return high;
}

static int
gpg_begin(struct sealer *s, const char *home, const char *fpr, struct err *e)
{
	cleanup_fd int in = -1, out = -1;
	int to[2], from[2], rc;

	if (pipe2(to, O_CLOEXEC) < 0)
		return no_answer(e);
	in = raise_fd(to[0]);
	s->to = raise_fd(to[1]);
	if (pipe2(from, O_CLOEXEC) < 0)
		return no_answer(e);
	out = raise_fd(from[1]);
	s->from = raise_fd(from[0]);
	rc = in < 0 || out < 0 || s->to < 0 || s->from < 0 ? errno
							   : gpg_spawn(s, home, fpr, in, out);
	return rc == 0 ? 0
		       : err_fail(e, EX_UNAVAILABLE, rc, N_("OpenPGP does not work"),
				 N_("see that gnupg is installed"), NULL);
}

int
sealer_new(const char *home, const char *fpr, struct sealer **ret, struct err *e)
{
	CLEANUP(sealer_freep) struct sealer *s = calloc(1, sizeof(*s));
	char link[SCRATCH_MAX + 8], target[32];

	if (!s)
		return err_memory(e);
	s->to = s->from = -1;
	s->text = raise_fd(memfd_create("text", MFD_CLOEXEC));
	if (s->text < 0 || scratch_make(s->scratch, e) < 0)
		return s->text < 0 ? err_memory(e) : -1;
	(void)snprintf(link, sizeof(link), "%s/m", s->scratch);
	(void)snprintf(target, sizeof(target), "/proc/self/fd/%d", TEXT_FD); /* gpg's own */
	if (symlink(target, link) < 0 || gpg_begin(s, home, fpr, e) < 0)
		return -1;
	*ret = TAKE(s);
	return 0;
}

struct sealer *
sealer_free(struct sealer *s)
{
	if (!s)
		return NULL;
	if (s->to >= 0)
		(void)close(s->to); /* its input ends, and so does it */
	if (s->from >= 0)
		(void)close(s->from);
	if (s->pid > 0)
		while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
			;
	if (s->text >= 0)
		(void)close(s->text);
	if (*s->scratch)
		scratch_remove(s->scratch);
	free(s);
	return NULL;
}

/* --- one text --------------------------------------------------------------------------------- */

/* Reads gpg's words until it is through with the file. They are short, and of its own making. */
static bool
wait_done(struct sealer *s)
{
	char words[4096];
	size_t n = 0;

	while (n < sizeof(words) - 1) {
		struct pollfd p = { s->from, POLLIN, 0 };
		const int ready = poll(&p, 1, ANSWER_MS);
		const ssize_t got = ready == 1 ? read(s->from, words + n, sizeof(words) - 1 - n)
					       : ready;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		n += (size_t)got;
		words[n] = '\0';
		if (strstr(words, "[GNUPG:] FILE_DONE\n"))
			return strstr(words, "[GNUPG:] END_ENCRYPTION\n") != NULL;
		if (strstr(words, "[GNUPG:] FILE_ERROR") || strstr(words, "[GNUPG:] FAILURE"))
			return false;
	}
	return false;
}

static bool
take_made(const struct sealer *s, int fd)
{
	char path[SCRATCH_MAX + 8], piece[1 << 14];
	ssize_t n = -1;

	(void)snprintf(path, sizeof(path), "%s/m.asc", s->scratch);
	cleanup_fd int made = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	while (made >= 0 && (n = read(made, piece, sizeof(piece))) > 0)
		if (whole_write(fd, span_of(piece, (size_t)n)) < 0)
			return false;
	return n == 0 && unlink(path) == 0; /* gpg writes over nothing */
}

int
sealer_put(struct sealer *s, struct span text, int fd, struct err *e)
{
	char name[SCRATCH_MAX + 8];
	const int n = snprintf(name, sizeof(name), "%s/m\n", s->scratch);

	if (ftruncate(s->text, 0) < 0 || lseek(s->text, 0, SEEK_SET) < 0 ||
		whole_write(s->text, text) < 0 ||
		whole_write(s->to, span_of(name, (size_t)n)) < 0 || !wait_done(s) ||
		!take_made(s, fd)) {
		(void)kill(s->pid, SIGKILL); /* who does not answer may not end either */
		return no_answer(e);
	}
	return 0;
}
