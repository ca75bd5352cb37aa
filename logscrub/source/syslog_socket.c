/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/source/syslog_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "base/cleanup.h"

#define RCVBUF_BYTES (8 << 20) /* for datagrams: bursts wait in the kernel */

static int
fail_listen(int errnum, const char *listen_, struct err *e)
{
	bool denied = errnum == EACCES || errnum == EPERM;

	return err_fail(e, denied ? EX_NOPERM : EX_UNAVAILABLE, errnum, N_("cannot listen"),
		errnum == EADDRINUSE ? N_("another process listens there") : NULL, "%s", listen_);
}

static int
fail_address(const char *listen_, struct err *e)
{
	return err_fail(e, EX_CONFIG, 0, N_("bad address to listen on"),
		N_("write unix:PATH, udp:ADDR:PORT, tcp:ADDR:PORT or systemd:NAME"), "%s", listen_);
}

static void
raise_buffer(int fd)
{
	int n = RCVBUF_BYTES;

	/* FORCE needs CAP_NET_ADMIN; the other is cut to net.core.rmem_max */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &n, sizeof(n)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &n, sizeof(n));
}

/* --- unix ------------------------------------------------------------------------------------- */

/* A socket that a killed process left behind may go; anything else in the way may not. */
static int
clear_stale(const struct sockaddr_un *sa, struct err *e)
{
	struct stat st;
	cleanup_fd int fd = -1;

	if (lstat(sa->sun_path, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return err_fail(e, EX_UNAVAILABLE, EEXIST, N_("cannot listen"),
			N_("there is something else than a socket in its place"), "%s",
			sa->sun_path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0 ||
		errno != ECONNREFUSED)
		return fail_listen(EADDRINUSE, sa->sun_path, e);
	if (unlink(sa->sun_path) < 0)
		return fail_listen(errno, sa->sun_path, e);
	return 0;
}

static int
open_unix(const char *path, struct syslog_socket *ret, struct err *e)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	cleanup_fd int fd = -1;
	struct stat st;

	if (strlen(path) >= sizeof(sa.sun_path) || path[0] != '/')
		return fail_address(path, e);
	memcpy(sa.sun_path, path, strlen(path) + 1);
	if (clear_stale(&sa, e) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0)
		return fail_listen(errno, path, e);
	/* any local program may log, as to /dev/log */
	if (chmod(path, 0666) < 0 || lstat(path, &st) < 0)
		return fail_listen(errno, path, e);
	raise_buffer(fd);
	*ret = (struct syslog_socket){ .fd = fd_take(&fd),
		.local = true,
		.unlink_ = path,
		.dev = st.st_dev,
		.ino = st.st_ino };
	return 0;
}

/* --- udp, tcp --------------------------------------------------------------------------------- */

/* "ADDR:PORT", "[v6]:PORT", "*:PORT" */
static int
resolve(const char *where, int type, struct addrinfo **ret, const char *listen_, struct err *e)
{
	const struct addrinfo hints = { .ai_socktype = type,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };
	const char *colon = strrchr(where, ':');
	char host[64];
	size_t n;

	if (!colon || colon == where)
		return fail_address(listen_, e);
	n = (size_t)(colon - where);
	if (where[0] == '[' && where[n - 1] == ']')
		where++, n -= 2;
	if (n >= sizeof(host))
		return fail_address(listen_, e);
	memcpy(host, where, n);
	host[n] = '\0';
	if (getaddrinfo(strcmp(host, "*") == 0 ? NULL : host, colon + 1, &hints, ret) != 0)
		return fail_address(listen_, e);
	return 0;
}

static void
addrinfo_freep(struct addrinfo **a)
{
	if (*a)
		freeaddrinfo(*a);
}

static int
open_inet(
	const char *where, int type, struct syslog_socket *ret, const char *listen_, struct err *e)
{
	CLEANUP(addrinfo_freep) struct addrinfo *list = NULL;
	const struct addrinfo *a = NULL;
	cleanup_fd int fd = -1;
	int one = 1, zero = 0;

	if (resolve(where, type, &list, listen_, e) < 0)
		return -1;
	for (const struct addrinfo *i = list; i; i = i->ai_next)
		if (!a || i->ai_family == AF_INET6)
			a = i; /* "*": one socket for both families */
	if (!a)
		return fail_listen(EADDRNOTAVAIL, listen_, e);
	fd = socket(a->ai_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail_listen(errno, listen_, e);
	if (a->ai_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (type == SOCK_STREAM)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	else
		raise_buffer(fd);
	if (bind(fd, a->ai_addr, a->ai_addrlen) < 0 ||
		(type == SOCK_STREAM && listen(fd, SOMAXCONN) < 0))
		return fail_listen(errno, listen_, e);
	*ret = (struct syslog_socket){ .fd = fd_take(&fd), .stream = type == SOCK_STREAM };
	return 0;
}

/* --- systemd ---------------------------------------------------------------------------------- */

/* The descriptors that systemd handed over; asked for once, since asking takes them from the
 * environment. */
static int
activation_fds(char ***ret_names)
{
	static char **names;
	static int n = -1;

	if (n < 0)
		n = sd_listen_fds_with_names(1, &names);
	*ret_names = names;
	return n;
}

/* A copy, so that a source that is closed and opened again finds the original still there. */
static int
take_activated(int original, struct syslog_socket *ret)
{
	int flags = fcntl(original, F_GETFL);
	int fd;

	if (flags < 0 || fcntl(original, F_SETFL, flags | O_NONBLOCK) < 0)
		return -1;
	fd = fcntl(original, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return -1;
	*ret = (struct syslog_socket){ .fd = fd,
		.stream = sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) > 0,
		.local = sd_is_socket(fd, AF_UNIX, 0, -1) > 0 };
	if (!ret->stream && sd_is_socket(fd, AF_UNSPEC, SOCK_DGRAM, -1) <= 0) {
		(void)close(fd); /* nothing was read or written */
		errno = ESOCKTNOSUPPORT;
		return -1;
	}
	return 0;
}

static int
open_activated(const char *name, struct syslog_socket *ret, unsigned *ret_n, const char *listen_,
	struct err *e)
{
	char **names;
	int n = activation_fds(&names);
	unsigned found = 0;

	for (int i = 0; i < n && found < SYSLOG_SOCKETS_MAX; i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		if (take_activated(SD_LISTEN_FDS_START + i, &ret[found]) < 0) {
			int saved = errno;

			while (found > 0)
				syslog_socket_close(&ret[--found]);
			return fail_listen(saved, listen_, e);
		}
		found++;
	}
	if (found == 0)
		return err_fail(e, EX_UNAVAILABLE, 0, N_("systemd handed over no such socket"),
			N_("enable the .socket unit with this FileDescriptorName="), "%s", listen_);
	*ret_n = found;
	return 0;
}

/* ---------------------------------------------------------------------------------------------- */

int
syslog_sockets_open(const char *listen_, struct syslog_socket ret[SYSLOG_SOCKETS_MAX],
	unsigned *ret_n, struct err *e)
{
	int rc = -1;

	if (strncmp(listen_, "systemd:", 8) == 0)
		return open_activated(listen_ + 8, ret, ret_n, listen_, e);
	if (strncmp(listen_, "unix:", 5) == 0)
		rc = open_unix(listen_ + 5, &ret[0], e);
	else if (strncmp(listen_, "udp:", 4) == 0)
		rc = open_inet(listen_ + 4, SOCK_DGRAM, &ret[0], listen_, e);
	else if (strncmp(listen_, "tcp:", 4) == 0)
		rc = open_inet(listen_ + 4, SOCK_STREAM, &ret[0], listen_, e);
	else
		return fail_address(listen_, e);
	if (rc == 0)
		*ret_n = 1;
	return rc;
}

void
syslog_socket_close(struct syslog_socket *k)
{
	struct stat st;

	if (k->fd >= 0)
		(void)close(k->fd); /* nothing is written through it */
	k->fd = -1;
	if (k->unlink_ && lstat(k->unlink_, &st) == 0 && st.st_dev == k->dev && st.st_ino == k->ino)
		(void)unlink(k->unlink_); /* a left-over is replaced at the next start */
}
