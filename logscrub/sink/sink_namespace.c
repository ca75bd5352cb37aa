/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sink_namespace.c - records as entries of a journal namespace, by journald's native protocol
 *
 * One datagram an entry, to /run/systemd/journal.NAMESPACE/socket; one that is too large goes as a
 * sealed memfd. Datagrams are stored in the order in which they were sent, so an entry of ours that
 * can be read back (SPARSAM_START=) says that whatever a predecessor sent was stored or dropped.
 * The default journal is refused: raw entries live there. Source:
 * systemd.io/JOURNAL_NATIVE_PROTOCOL.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include "logscrub/sink/sink_entries.h"

#define SEND_MS 1000 /* for journald to take a datagram */

struct sink_namespace {
	struct sink_entries s;
	int fd;
	char start[64]; /* "SPARSAM_START=…", not yet read back; or "" */
	int64_t start_ms;
};

static int
namespace_connect(struct sink_namespace *n)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int large = 8 << 20;

	(void)snprintf(
		a.sun_path, sizeof(a.sun_path), "/run/systemd/journal.%s/socket", n->s.k.name);
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (n->fd < 0)
		return sink_fail_errno(&n->s.k, errno);
	(void)setsockopt(n->fd, SOL_SOCKET, SO_SNDBUF, &large, sizeof(large));
	if (connect(n->fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return 0;
	(void)sink_fail_errno(&n->s.k, errno);
	(void)close(n->fd);
	n->fd = -1;
	return 1;
}

static int
send_fd(int sock, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr m = { .msg_control = &control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(sock, &m, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/* journald takes a memfd only when nobody can change it any more. */
static int
send_large(int sock, const char *p, size_t len)
{
	cleanup_fd int fd = memfd_create("logscrub-entry", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t done = 0;

	if (fd < 0)
		return -1;
	while (done < len) {
		ssize_t n = write(fd, p + done, len - done);

		if (n < 0)
			return -1;
		done += (size_t)n;
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
		return -1;
	return send_fd(sock, fd);
}

static int
send_once(int sock, const char *p, size_t len)
{
	if (send(sock, p, len, MSG_NOSIGNAL) >= 0)
		return 0;
	return errno == EMSGSIZE || errno == ENOBUFS ? send_large(sock, p, len) : -1;
}

/* Sends one entry, waiting a little while the socket's queue is full. */
static int
send_entry(struct sink_namespace *n, const char *p, size_t len)
{
	int64_t until = sink_now_ms() + SEND_MS;

	while (send_once(n->fd, p, len) < 0) {
		struct pollfd pfd = { .fd = n->fd, .events = POLLOUT };

		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || sink_now_ms() >= until) {
			(void)sink_fail_errno(&n->s.k, errno);
			n->s.unsure |= errno != EAGAIN;
			return 1;
		}
		(void)poll(&pfd, 1, 100);
	}
	return 0;
}

static int
namespace_send(struct sink_entries *s, struct err *e)
{
	struct sink_namespace *n = (struct sink_namespace *)s;

	(void)e;
	for (; s->n_sent < s->n_items; s->n_sent++) {
		const struct sink_item *i = &s->item[s->n_sent];

		if (send_entry(n, s->k.pending.p + i->at, i->len) != 0)
			return 1;
	}
	return 0;
}

static int
send_start(struct sink_namespace *n)
{
	char text[256], id[SD_ID128_STRING_MAX];
	sd_id128_t random;
	int len;

	if (sd_id128_randomize(&random) < 0)
		return sink_fail(&n->s.k, N_("no random numbers"));
	(void)snprintf(
		n->start, sizeof(n->start), "SPARSAM_START=%s", sd_id128_to_string(random, id));
	len = snprintf(text, sizeof(text),
		"MESSAGE=logscrub begins to write here\nMESSAGE_ID=%s\nPRIORITY=6\n"
		"SYSLOG_IDENTIFIER=logscrub\n%s\n",
		JOURNAL_ENTRY_START, n->start);
	n->start_ms = sink_now_ms();
	return send_entry(n, text, (size_t)len);
}

/* A start that does not come back for 10 s was dropped (rate limit, full disk), or its queue went
 * with a journald that is no more: another one is sent, on a new connection. */
static int
namespace_settle(struct sink_entries *s, int limit_ms, struct err *e)
{
	struct sink_namespace *n = (struct sink_namespace *)s;

	(void)e;
	if (n->start[0] == '\0' || sink_now_ms() - n->start_ms > 10000) {
		n->start[0] = '\0';
		if (n->fd >= 0)
			(void)close(n->fd);
		n->fd = -1;
		if (namespace_connect(n) != 0)
			return 1;
		if (send_start(n) != 0) {
			n->start[0] = '\0';
			return 1;
		}
	}
	if (!readback_await(&s->readback, 0, n->start, limit_ms))
		return sink_fail(&s->k, N_("the journal does not store entries"));
	n->start[0] = '\0';
	return 0;
}

static void
namespace_close(struct sink *k)
{
	struct sink_namespace *n = (struct sink_namespace *)k;

	sink_entries_end(&n->s);
	if (n->fd >= 0)
		(void)close(n->fd);
	free(n);
}

static const struct sink_driver namespace_driver = {
	.write = sink_entries_write,
	.flush = sink_entries_flush,
	.look_up = sink_entries_look_up,
	.close = namespace_close,
};

static const struct sink_way namespace_way = {
	.send = namespace_send,
	.settle = namespace_settle,
};

static int
check_name(const struct conf_sink *d, struct err *e)
{
	const char *p = d->namespace_;
	size_t len = p ? strlen(p) : 0;

	if (len == 0 || len > 64 || strchr(p, '/') || p[0] == '.')
		return conf_fail(e, &d->where, N_("a namespace sink needs the name of a namespace"),
			N_("the default journal is where raw entries live: name another"), "%s",
			p ? p : "");
	return 0;
}

int
sink_namespace_open(
	const struct conf_store *s, const struct conf_sink *d, struct sink **ret, struct err *e)
{
	struct sink_namespace *n;

	if (check_name(d, e) < 0)
		return -1;
	n = calloc(1, sizeof(*n));
	if (!n)
		return err_memory(e);
	n->fd = -1;
	n->s.way = &namespace_way;
	if (sink_init(&n->s.k, &namespace_driver, s, d->namespace_, e) < 0 ||
		readback_open_namespace(&n->s.readback, n->s.k.name, n->s.k.store, e) < 0 ||
		sink_entries_start(&n->s, e) < 0) {
		namespace_close(&n->s.k);
		return -1;
	}
	*ret = &n->s.k;
	return 0;
}
