/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "store/journal/journal-private.h"

#define PROGRAM "/usr/bin/journalctl"
#define UNKNOWN "unknown extensions"

/* An older journalctl on a file of a newer journald: it fails before it has looked at anything. */
static bool
is_not_known(int said)
{
	char text[4096];
	const ssize_t n = pread(said, text, sizeof(text), 0);

	return n > 0 && memmem(text, (size_t)n, UNKNOWN, strlen(UNKNOWN));
}

int
journal_verify(int fd, struct err *e)
{
	char file[64];
	char *const argv[] = { (char *)"journalctl", (char *)"--quiet", (char *)"--verify", file,
		NULL };
	char *const env[] = { (char *)"LC_ALL=C", NULL };
	posix_spawn_file_actions_t fa;
	const int given = fcntl(fd, F_DUPFD, 10); /* inherited: it has no name of its own yet */
	cleanup_fd int said = memfd_create("journalctl", MFD_CLOEXEC);
	int status = -1, rc;
	pid_t pid;

	if (given < 0 || said < 0)
		return err_fail(e, EX_OSERR, errno, N_("cannot check a journal file"), NULL, NULL);
	(void)snprintf(file, sizeof(file), "--file=/proc/self/fd/%d", given);
	(void)posix_spawn_file_actions_init(&fa);
	(void)posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&fa, said, 2);
	rc = posix_spawn(&pid, PROGRAM, &fa, NULL, argv, env);
	(void)posix_spawn_file_actions_destroy(&fa);
	(void)close(given);
	if (rc != 0)
		return err_fail(
			e, EX_UNAVAILABLE, rc, N_("cannot check a journal file"), NULL, PROGRAM);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
		return is_not_known(said) ? 2 : 1;
	return err_fail(e, EX_UNAVAILABLE, 0, N_("cannot check a journal file"), NULL, PROGRAM);
}
