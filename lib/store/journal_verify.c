/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "store/journal-private.h"

#define PROGRAM "/usr/bin/journalctl"

int
journal_verify(int fd, struct err *e)
{
	char file[64];
	char *const argv[] = { (char *)"journalctl", (char *)"--quiet", (char *)"--verify", file,
		NULL };
	char *const env[] = { (char *)"LC_ALL=C", NULL };
	posix_spawn_file_actions_t fa;
	const int given = fcntl(fd, F_DUPFD, 10); /* inherited: it has no name of its own yet */
	int status = -1, rc;
	pid_t pid;

	if (given < 0)
		return err_fail(e, EX_OSERR, errno, N_("cannot check a journal file"), NULL, NULL);
	(void)snprintf(file, sizeof(file), "--file=/proc/self/fd/%d", given);
	(void)posix_spawn_file_actions_init(&fa);
	(void)posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
	(void)posix_spawn_file_actions_addopen(&fa, 2, "/dev/null", O_WRONLY, 0);
	rc = posix_spawn(&pid, PROGRAM, &fa, NULL, argv, env);
	(void)posix_spawn_file_actions_destroy(&fa);
	(void)close(given);
	if (rc != 0)
		return err_fail(
			e, EX_UNAVAILABLE, rc, N_("cannot check a journal file"), NULL, PROGRAM);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (WIFEXITED(status) && WEXITSTATUS(status) <= 1)
		return WEXITSTATUS(status);
	return err_fail(e, EX_UNAVAILABLE, 0, N_("cannot check a journal file"), NULL, PROGRAM);
}
