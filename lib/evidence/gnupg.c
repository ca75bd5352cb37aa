/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "evidence/gnupg.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

int(gnupg_fail)(gpgme_error_t why, const char *home, struct err *e)
{
	char text[128];

	(void)gpgme_strerror_r(why, text, sizeof(text));
	if (gpgme_err_code(why) == GPG_ERR_ENOMEM)
		return err_memory(e);
	return err_fail(e, EX_UNAVAILABLE, 0, N_("OpenPGP does not work"),
		N_("see that gnupg is installed, and try `gpg --homedir` on that folder"), "%s: %s",
		home, text);
}

int
gnupg_take(gpgme_data_t data, struct buf *out, struct err *e)
{
	char part[4096];
	ssize_t n;

	if (gpgme_data_seek(data, 0, SEEK_SET) < 0)
		return err_memory(e);
	while ((n = gpgme_data_read(data, part, sizeof(part))) > 0)
		buf_put(out, part, (size_t)n);
	return n < 0 || out->failed ? err_memory(e) : 0;
}

/* Does an agent of HOME answer to COMMAND? Not by gpgme's own way to an agent: that reads behind its buffer when the agent is
 * gone before its answer was read (1.18: a length of -1 goes to its trace). */
static bool
agent_answers(const char *home, const char *command)
{
	char *argv[] = { (char *)"gpg-connect-agent", (char *)"--homedir", (char *)home,
		(char *)"--no-autostart", (char *)command, (char *)"/bye", NULL };
	cleanup_fd int out = -1, in = -1;
	posix_spawn_file_actions_t files;
	int ends[2];
	pid_t pid;
	char byte;
	bool any = false;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	out = ends[0];
	in = ends[1];
	if (posix_spawn_file_actions_init(&files) != 0)
		return false;
	(void)posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDWR, 0);
	(void)posix_spawn_file_actions_adddup2(&files, in, STDOUT_FILENO);
	(void)posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_RDWR, 0);
	if (posix_spawnp(&pid, argv[0], &files, NULL, argv, environ) == 0) {
		(void)close(fd_take(&in));
		while (read(out, &byte, 1) > 0) /* silence: there is none */
			any = true;
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	(void)posix_spawn_file_actions_destroy(&files);
	return any;
}

/* An agent answers before it ends: a gpg that comes in between would find one that goes, and no key. */
void
gnupg_end(const char *home)
{
	/* as `gpgconf --kill gpg-agent` does, which only calls it */
	if (!agent_answers(home, "KILLAGENT"))
		return;
	for (int i = 0; i < 100 && agent_answers(home, "GETINFO pid"); i++)
		(void)nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
}

static ssize_t
bounded_write(void *handle, const void *p, size_t n)
{
	struct gnupg_bounded *b = handle;

	if (n > b->left) {
		errno = EFBIG;
		return -1;
	}
	b->left -= n;
	return write(b->fd, p, n);
}

gpgme_error_t
gnupg_bounded(gpgme_data_t *data, struct gnupg_bounded *b)
{
	static struct gpgme_data_cbs calls = { .write = bounded_write };

	return gpgme_data_new_from_cbs(data, &calls, b);
}

bool
gnupg_decrypted(gpgme_ctx_t ctx)
{
	gpgme_decrypt_result_t result = gpgme_op_decrypt_result(ctx);

	return result && !result->legacy_cipher_nomdc && result->recipients;
}
