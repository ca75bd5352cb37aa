/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Syslog by datagram and by stream. What strangers can grow is bounded: datagrams wait in the
 * kernel, a connection has one buffer, and of connections there are at most CONNECTIONS_MAX; a peer
 * that leaves a message unfinished for too long, or the one silent longest when another one calls,
 * is hung up on. Each connection gives one message in turn, so none can hold up the others.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/buf.h"
#include "logscrub/rule/rule.h"
#include "logscrub/source/source-private.h"
#include "logscrub/source/syslog_frame.h"
#include "logscrub/source/syslog_socket.h"

#define BATCH             32
#define DATAGRAM_BYTES    (64u << 10)
#define CONNECTIONS_MAX   64
#define UNFINISHED_MAX_US (INT64_C(600) * 1000000)
#define CHECK_MS          30000
#define PATIENCE_MS       50 /* a receive buffer of megabytes holds a burst for so long */

struct datagrams {
	char *slab; /* BATCH of DATAGRAM_BYTES */
	struct mmsghdr hdr[BATCH];
	struct iovec iov[BATCH];
	unsigned n, at;
};

struct connection {
	int fd; /* -1: free */
	bool readable, ended;
	int64_t heard_us;    /* monotonic: of the last bytes */
	int64_t finished_us; /* monotonic: of the last whole message */
	struct framer framer;
};

struct source_syslog {
	struct source s;
	struct syslog_socket socket[SYSLOG_SOCKETS_MAX];
	bool readable[SYSLOG_SOCKETS_MAX];
	unsigned n_sockets, turn;
	struct datagrams d;
	struct connection connection[CONNECTIONS_MAX];
	unsigned n_connections, connection_turn;
	struct buf escaped;
	int patience_ms;
};

static int64_t
monotonic_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int
watch(struct source_syslog *y, int fd, bool add, struct err *e)
{
	return y->s.host->watch(y->s.host->ctx, &y->s, fd, add, e);
}

/* --- a message becomes an entry --------------------------------------------------------------- */

/* A line end within a message would forge a second record: "#012", as rsyslog writes it. */
static struct span
one_line(struct source_syslog *y, struct span s)
{
	while (s.len > 0 &&
		(s.p[s.len - 1] == '\n' || s.p[s.len - 1] == '\0' || s.p[s.len - 1] == '\r'))
		s.len--;
	if (!memchr(s.p, '\n', s.len))
		return s;
	buf_clear(&y->escaped);
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\n')
			buf_str(&y->escaped, "#012");
		else
			buf_char(&y->escaped, s.p[i]);
	}
	return span_of(y->escaped.p, y->escaped.failed ? 0 : y->escaped.len);
}

/* False where nothing is left. */
static bool
make_entry(struct source_syslog *y, struct span raw, struct entry *ret)
{
	struct frame f;
	struct span s = one_line(y, raw);

	if (s.len == 0)
		return false;
	frame_read(s, &f);
	*ret = (struct entry){ .line = f.line,
		.ident = f.ident,
		.message = f.message,
		.arrival_us = now_us(),
		.priority = f.priority,
		.facility = f.facility,
		.stream = y->s.decl->name };
	return true;
}

/* --- datagrams -------------------------------------------------------------------------------- */

static int
datagrams_init(struct datagrams *d, struct err *e)
{
	d->slab = malloc((size_t)BATCH * DATAGRAM_BYTES);
	if (!d->slab)
		return err_memory(e);
	for (unsigned i = 0; i < BATCH; i++) {
		d->iov[i] = (struct iovec){ .iov_base = d->slab + (size_t)i * DATAGRAM_BYTES,
			.iov_len = DATAGRAM_BYTES };
		d->hdr[i].msg_hdr = (struct msghdr){ .msg_iov = &d->iov[i], .msg_iovlen = 1 };
	}
	return 0;
}

/* Reads what waits at the socket, in one call. False: nothing does. */
static bool
datagrams_fill(struct source_syslog *y, int fd)
{
	int n = recvmmsg(fd, y->d.hdr, BATCH, MSG_DONTWAIT, NULL);

	y->d.at = 0;
	y->d.n = n > 0 ? (unsigned)n : 0;
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		y->s.n_failed++; /* an ICMP error of an earlier answer; the socket goes on */
	return n > 0;
}

static bool
datagrams_take(struct source_syslog *y, struct entry *ret)
{
	while (y->d.at < y->d.n) {
		const struct mmsghdr *h = &y->d.hdr[y->d.at];
		struct span raw = span_of(y->d.iov[y->d.at].iov_base, h->msg_len);

		y->d.at++;
		if (h->msg_hdr.msg_flags & MSG_TRUNC)
			y->s.n_too_long++;
		else if (make_entry(y, raw, ret))
			return true;
	}
	return false;
}

/* --- connections ------------------------------------------------------------------------------ */

static void
hang_up(struct source_syslog *y, struct connection *c)
{
	if (!y->s.paused)
		(void)watch(y, c->fd, false, NULL); /* closing it takes it out as well */
	(void)close(c->fd);                         /* only read from */
	c->fd = -1;
	y->s.n_too_long += c->framer.n_too_long;
	framer_release(&c->framer);
	y->n_connections--;
}

/* Those that leave a message unfinished keep a buffer and a place for nothing. */
static void
hang_up_unfinished(struct source_syslog *y)
{
	int64_t now = monotonic_us();

	for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *c = &y->connection[i];

		if (c->fd < 0 || !framer_is_within(&c->framer) ||
			now - c->finished_us < UNFINISHED_MAX_US)
			continue;
		y->s.n_failed++;
		hang_up(y, c);
	}
}

/* A place for one more: a free one, or that of the peer which finished a message longest ago. */
static struct connection *
find_place(struct source_syslog *y)
{
	struct connection *oldest = NULL;

	for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *c = &y->connection[i];

		if (c->fd < 0)
			return c;
		if (!oldest || c->finished_us < oldest->finished_us)
			oldest = c;
	}
	y->s.n_failed++;
	hang_up(y, oldest);
	return oldest;
}

static int
call_accept(struct source_syslog *y, int listener, struct err *e)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct connection *c;
	int one = 1;

	if (fd < 0)
		return 1;
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	c = find_place(y);
	*c = (struct connection){ .fd = fd, .readable = true, .heard_us = monotonic_us() };
	c->finished_us = c->heard_us;
	y->n_connections++;
	if (!y->s.paused && watch(y, fd, true, e) < 0) {
		hang_up(y, c);
		return -1;
	}
	return 0;
}

/* Reads once what its buffer has room for. */
static void
connection_read(struct connection *c)
{
	char *room;
	size_t n;
	ssize_t got;

	if (framer_room(&c->framer, &room, &n, NULL) < 0) {
		c->ended = true;
		return;
	}
	got = recv(c->fd, room, n, 0);
	if (got > 0) {
		framer_fill(&c->framer, (size_t)got);
		c->heard_us = monotonic_us();
	} else if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		c->readable = false;
	} else {
		c->ended = true;
		if (got < 0) /* cut off: a last message may be torn and is not taken */
			c->framer.at = c->framer.len;
	}
}

/* One message of C, reading on as far as it must. */
static bool
connection_take(struct source_syslog *y, struct connection *c, struct entry *ret)
{
	for (;;) {
		struct span raw;

		if (framer_take(&c->framer, &raw) ||
			(c->ended && c->framer.p && framer_take_last(&c->framer, &raw))) {
			c->finished_us = c->heard_us;
			if (make_entry(y, raw, ret))
				return true;
			continue;
		}
		if (c->ended) {
			hang_up(y, c);
			return false;
		}
		if (!c->readable)
			return false;
		connection_read(c);
	}
}

static bool
connections_take(struct source_syslog *y, struct entry *ret)
{
	for (unsigned k = 0; k < CONNECTIONS_MAX; k++) {
		struct connection *c = &y->connection[y->connection_turn++ % CONNECTIONS_MAX];

		if (c->fd >= 0 && connection_take(y, c, ret))
			return true;
	}
	return false;
}

/* --- the source ------------------------------------------------------------------------------- */

static int
syslog_next(struct source *s, struct entry *ret, struct err *e)
{
	struct source_syslog *y = (struct source_syslog *)s;

	if (datagrams_take(y, ret))
		return 0;
	for (unsigned k = 0; k < y->n_sockets; k++) {
		unsigned i = y->turn++ % y->n_sockets;

		if (!y->readable[i])
			continue;
		if (y->socket[i].stream) {
			int rc;

			while ((rc = call_accept(y, y->socket[i].fd, e)) == 0)
				;
			y->readable[i] = false;
			if (rc < 0)
				return -1;
			continue;
		}
		while (datagrams_fill(y, y->socket[i].fd))
			if (datagrams_take(y, ret))
				return 0;
		y->readable[i] = false;
	}
	return connections_take(y, ret) ? 0 : 1;
}

static int
syslog_ready(struct source *s, int fd, struct err *e)
{
	struct source_syslog *y = (struct source_syslog *)s;

	(void)e;
	if (y->n_connections > 0)
		hang_up_unfinished(y);
	for (unsigned i = 0; fd >= 0 && i < y->n_sockets; i++)
		if (y->socket[i].fd == fd)
			y->readable[i] = true;
	for (unsigned i = 0; fd >= 0 && i < CONNECTIONS_MAX; i++)
		if (y->connection[i].fd == fd)
			y->connection[i].readable = true;
	return 0;
}

static int
syslog_timeout_ms(const struct source *s)
{
	return ((const struct source_syslog *)s)->n_connections > 0 ? CHECK_MS : -1;
}

static int
syslog_patience_ms(const struct source *s)
{
	return ((const struct source_syslog *)s)->patience_ms;
}

static int
syslog_pause(struct source *s, bool yes, struct err *e)
{
	struct source_syslog *y = (struct source_syslog *)s;

	for (unsigned i = 0; i < y->n_sockets; i++)
		if (watch(y, y->socket[i].fd, !yes, e) < 0)
			return -1;
	for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
		if (y->connection[i].fd >= 0 && watch(y, y->connection[i].fd, !yes, e) < 0)
			return -1;
	return 0;
}

static void
syslog_free(struct source *s)
{
	struct source_syslog *y = (struct source_syslog *)s;

	for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
		if (y->connection[i].fd >= 0)
			hang_up(y, &y->connection[i]);
	for (unsigned i = 0; i < y->n_sockets; i++) {
		if (!s->paused)
			(void)watch(y, y->socket[i].fd, false, NULL);
		syslog_socket_close(&y->socket[i]);
	}
	if (y->d.slab)
		explicit_bzero(y->d.slab, (size_t)BATCH * DATAGRAM_BYTES);
	free(y->d.slab);
	buf_wipe(&y->escaped);
	free(y);
}

static const struct source_ops syslog_ops = { .next = syslog_next,
	.ready = syslog_ready,
	.timeout_ms = syslog_timeout_ms,
	.patience_ms = syslog_patience_ms,
	.pause = syslog_pause,
	.free = syslog_free };

/* A unix socket queues net.unix.max_dgram_qlen messages, 10 where nobody raised it, and senders
 * block, or drop, when it is full. The limit is that of the network namespace in which the socket
 * was made: systemd raises its own to 512, for ours a pair of sockets tells. */
static int
unix_patience_ms(bool ours)
{
	int fds[2], n = 0;

	if (!ours)
		return 20;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0)
		return 1;
	while (n < 100 && send(fds[0], "", 1, MSG_NOSIGNAL) == 1)
		n++;
	(void)close(fds[0]); /* neither held anything */
	(void)close(fds[1]);
	return n >= 100 ? 20 : n >= 20 ? 5 : 1;
}

int
source_syslog_open(const struct conf *c, const struct conf_source *d,
	const struct source_host *host, struct source **ret, struct err *e)
{
	CLEANUP(source_freep) struct source *s = NULL;
	struct source_syslog *y = calloc(1, sizeof(*y));

	(void)c;
	if (!y)
		return err_memory(e);
	s = &y->s;
	y->s = (struct source){ .ops = &syslog_ops, .decl = d, .host = host, .paused = true };
	y->s.lag_us = -1;
	buf_init(&y->escaped, 4 * DATAGRAM_BYTES);
	for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
		y->connection[i].fd = -1;
	if (datagrams_init(&y->d, e) < 0 ||
		syslog_sockets_open(d->listen, y->socket, &y->n_sockets, e) < 0 ||
		source_pause(s, false, e) < 0)
		return -1;
	y->patience_ms = PATIENCE_MS;
	for (unsigned i = 0; i < y->n_sockets; i++)
		if (y->socket[i].local && !y->socket[i].stream)
			y->patience_ms = unix_patience_ms(y->socket[i].unlink_ != NULL);
	*ret = TAKE(s);
	return 0;
}
