/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * journald's own Varlink interface (io.systemd.Journal.Rotate, one JSON object ended by NUL), which is what
 * `journalctl --rotate` speaks as well: no program has to be run, and AF_UNIX is enough.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "store/journal-private.h"

#define ANSWER_S 30

/* The socket of the journald whose folder PATH lies in: …/MACHINE-ID/x.journal or …/MACHINE-ID.NAMESPACE/x.journal. */
static bool
socket_of(const char *path, struct sockaddr_un *ret)
{
	const char *slash = strrchr(path, '/'), *folder = slash, *dot;
	int n;

	if (!slash || slash == path)
		return false;
	while (folder > path && folder[-1] != '/')
		folder--;
	if (strspn(folder, "0123456789abcdef") != 32 || (folder[32] != '/' && folder[32] != '.'))
		return false;
	dot = folder[32] == '.' ? folder + 32 : slash;
	ret->sun_family = AF_UNIX;
	n = snprintf(ret->sun_path, sizeof(ret->sun_path),
		"/run/systemd/journal%.*s/io.systemd.journal", (int)(slash - dot), dot);
	return n > 0 && (size_t)n < sizeof(ret->sun_path);
}

bool
journal_can_rotate(const char *path)
{
	struct sockaddr_un a;

	return socket_of(path, &a) && access(a.sun_path, W_OK) == 0;
}

static int
ask(int fd, char *answer, size_t size)
{
	static const char question[] = "{\"method\":\"io.systemd.Journal.Rotate\"}";
	size_t len = 0;

	if (send(fd, question, sizeof(question), MSG_NOSIGNAL) != (ssize_t)sizeof(question))
		return -1;
	while (len == 0 || answer[len - 1] != '\0') { /* the object is ended by NUL */
		ssize_t n = len < size ? recv(fd, answer + len, size - len, 0) : 0;

		if (n <= 0)
			return -1;
		len += (size_t)n;
	}
	return 0;
}

int
journal_rotate(const char *path, struct err *e)
{
	const struct timeval patience = { .tv_sec = ANSWER_S };
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un a = { 0 };
	char answer[1024];

	if (fd < 0 || !socket_of(path, &a) ||
		connect(fd, (const struct sockaddr *)&a, sizeof(a)) < 0)
		return err_fail(e, EX_UNAVAILABLE, errno, N_("cannot reach journald"), NULL, "%s",
			a.sun_path);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (ask(fd, answer, sizeof(answer)) < 0)
		return err_fail(e, EX_TEMPFAIL, errno, N_("journald does not answer"), NULL, "%s",
			a.sun_path);
	if (strstr(answer, "\"error\""))
		return err_fail(e, EX_UNAVAILABLE, 0, N_("journald does not rotate"), NULL, "%s",
			a.sun_path);
	return 0;
}
