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
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include <systemd/sd-id128.h>

#include "store/journal/journal-private.h"

#define ANSWER_S 30
#define ID_LEN   32 /* digits */

/* Is the folder PATH, LEN bytes, NAME below HOME? By what it is: a copy of the journal has the same names. */
static bool
is_below(const char *home, const char *name, const char *path, int len)
{
	char its[PATH_MAX], given[PATH_MAX];
	struct stat a, b;

	return snprintf(its, sizeof(its), "%s/%s", home, name) < (int)sizeof(its) &&
	       snprintf(given, sizeof(given), "%.*s", len, path) < (int)sizeof(given) &&
	       stat(its, &a) == 0 && stat(given, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* The socket of the journald whose folder PATH lies in: ID/x.journal or ID.NAMESPACE/x.journal, of this machine. */
static bool
socket_of(const char *path, struct sockaddr_un *ret)
{
	const char *slash = strrchr(path, '/'), *folder = slash;
	char name[NAME_MAX + 1], id[SD_ID128_STRING_MAX];
	sd_id128_t machine;
	int n;

	if (!slash || slash == path || sd_id128_get_machine(&machine) < 0)
		return false;
	while (folder > path && folder[-1] != '/')
		folder--;
	if (slash - folder > NAME_MAX)
		return false;
	(void)snprintf(name, sizeof(name), "%.*s", (int)(slash - folder), folder);
	if (strncmp(name, sd_id128_to_string(machine, id), ID_LEN) != 0 ||
		(name[ID_LEN] != '\0' && name[ID_LEN] != '.'))
		return false;
	if (!is_below("/var/log/journal", name, path, (int)(slash - path)) &&
		!is_below("/run/log/journal", name, path, (int)(slash - path)))
		return false;
	ret->sun_family = AF_UNIX;
	n = snprintf(ret->sun_path, sizeof(ret->sun_path),
		"/run/systemd/journal%s/io.systemd.journal", name + ID_LEN);
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
