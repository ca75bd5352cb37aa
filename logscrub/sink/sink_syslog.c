/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sink_syslog.c - records sent on as syslog: unix:PATH, udp:HOST:PORT, tcp:HOST:PORT
 *
 * A record that still has its syslog header goes as it stands behind a new "<PRI>". One without
 * gets a header: RFC 5424 on the network, RFC 3164 on a unix socket, because journald and the libc
 * know no other there. TCP counts octets (RFC 6587 3.4.1). Nothing is acknowledged: what the kernel
 * took counts as written. A datagram that is too large is cut (RFC 5426 3.2).
 */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "logscrub/sink/sink-private.h"
#include "record/timestamp.h"

#define CONNECT_MS   2000
#define RETRY_MS     1000
#define SEND_MS      500
#define DATAGRAM_MAX 60000

enum syslog_kind { TO_UNIX, TO_UDP, TO_TCP };

struct sink_syslog {
	struct sink k;
	enum syslog_kind kind;
	char *host, *port; /* owned; into one piece of memory; unix: host is the path */
	int fd;
	int64_t tried_ms;
	size_t done; /* bytes sent of the first frame (tcp) */
	char hostname[65];
};

/* A pending record is its length (size_t) and its frame. */
static size_t
frame_len(const struct sink_syslog *y, size_t at)
{
	size_t len;

	memcpy(&len, y->k.pending.p + at, sizeof(len));
	return len;
}

static void
put_header(const struct sink_syslog *y, struct buf *out, const struct entry *en)
{
	const char *name = y->k.store;
	char time[28];
	struct tm tm;
	time_t t = (time_t)(en->arrival_us / 1000000);

	if (y->kind == TO_UNIX) {
		(void)localtime_r(&t, &tm);
		(void)strftime(time, sizeof(time), "%b %e %H:%M:%S", &tm);
		buf_printf(out, "%s %s: ", time, name);
		return;
	}
	timestamp_format(en->arrival_us, time);
	buf_printf(out, "1 %s %s %s - - - ", time, y->hostname, name);
}

static void
put_frame(const struct sink_syslog *y, struct buf *out, const struct entry *en, struct span text,
	const struct rule_trace *trace)
{
	int facility = en->facility >= 0 ? en->facility : 1, severity = en->priority;

	buf_printf(out, "<%d>", facility * 8 + (severity >= 0 ? severity : 6));
	if (!trace || trace->message_at == 0)
		put_header(y, out, en);
	buf_span(out, text);
}

/* TCP: "LEN FRAME", whose LEN is known only when the frame stands. */
static void
count_octets(struct buf *b, size_t at)
{
	char head[24];
	size_t len = b->len - at;
	int n = snprintf(head, sizeof(head), "%zu ", len);

	if (!buf_room(b, (size_t)n))
		return;
	memmove(b->p + at + n, b->p + at, len);
	memcpy(b->p + at, head, (size_t)n);
	b->len += (size_t)n;
}

static int
syslog_write(struct sink *k, const char *stream, const struct entry *en, struct span text,
	const struct rule_trace *trace, struct err *e)
{
	const struct sink_syslog *y = (const struct sink_syslog *)k;
	size_t at = k->pending.len, len = 0;

	(void)stream;
	if (!sink_has_room(k, text.len + 256))
		return 1;
	buf_put(&k->pending, &len, sizeof(len));
	put_frame(y, &k->pending, en, text, trace);
	if (y->kind == TO_TCP)
		count_octets(&k->pending, at + sizeof(len));
	if (k->pending.failed) {
		buf_cut(&k->pending, at);
		return err_memory(e);
	}
	len = k->pending.len - at - sizeof(len);
	memcpy(k->pending.p + at, &len, sizeof(len));
	return 0;
}

static void
syslog_hang_up(struct sink_syslog *y)
{
	if (y->fd >= 0)
		(void)close(y->fd);
	y->fd = -1;
	y->done = 0; /* a frame that was begun is sent whole again */
}

static int
connect_to(int family, int type, const struct sockaddr *a, socklen_t len)
{
	cleanup_fd int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };
	int failed = 0;
	socklen_t n = sizeof(failed);

	if (fd < 0)
		return -1;
	if (connect(fd, a, len) == 0)
		return fd_take(&fd);
	if (errno != EINPROGRESS)
		return -1;
	if (poll(&pfd, 1, CONNECT_MS) <= 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &n) < 0)
		failed = ETIMEDOUT;
	if (failed == 0)
		return fd_take(&fd);
	errno = failed;
	return -1;
}

static int
connect_unix(const struct sink_syslog *y)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	memcpy(a.sun_path, y->host, strlen(y->host));
	return connect_to(AF_UNIX, SOCK_DGRAM, (struct sockaddr *)&a, sizeof(a));
}

static int
connect_host(const struct sink_syslog *y)
{
	int type = y->kind == TO_TCP ? SOCK_STREAM : SOCK_DGRAM;
	struct addrinfo want = { .ai_socktype = type, .ai_flags = AI_ADDRCONFIG }, *all = NULL;
	int fd = -1;

	if (getaddrinfo(y->host, y->port, &want, &all) != 0) {
		errno = ENOENT;
		return -1;
	}
	for (const struct addrinfo *a = all; a && fd < 0; a = a->ai_next)
		fd = connect_to(a->ai_family, type, a->ai_addr, a->ai_addrlen);
	freeaddrinfo(all);
	return fd;
}

static int
syslog_connect(struct sink_syslog *y)
{
	if (y->fd >= 0)
		return 0;
	if (y->tried_ms != 0 && sink_now_ms() - y->tried_ms < RETRY_MS)
		return sink_fail(&y->k, N_("it is gone"));
	y->tried_ms = sink_now_ms();
	y->fd = y->kind == TO_UNIX ? connect_unix(y) : connect_host(y);
	return y->fd < 0 ? sink_fail_errno(&y->k, errno) : 0;
}

/* A peer that hung up takes one more write in silence: ask before. */
static bool
peer_is_gone(const struct sink_syslog *y)
{
	char c;
	ssize_t n;

	if (y->kind != TO_TCP)
		return false;
	n = recv(y->fd, &c, 1, MSG_DONTWAIT);
	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static ssize_t
send_some(const struct sink_syslog *y, const char *p, size_t len)
{
	struct pollfd pfd = { .fd = y->fd, .events = POLLOUT };
	ssize_t n = send(y->fd, p, len, MSG_NOSIGNAL);

	if (n < 0 && errno == EAGAIN && poll(&pfd, 1, SEND_MS) > 0)
		n = send(y->fd, p, len, MSG_NOSIGNAL);
	if (n < 0 && errno == EMSGSIZE && len > DATAGRAM_MAX)
		n = send(y->fd, p, DATAGRAM_MAX, MSG_NOSIGNAL) < 0 ? -1 : (ssize_t)len;
	return n;
}

static int
send_frame(struct sink_syslog *y, const char *p, size_t len)
{
	while (y->done < len) {
		ssize_t n = send_some(y, p + y->done, len - y->done);
		int saved = errno;

		if (n >= 0) {
			y->done += (size_t)n;
		} else if (saved != EINTR) {
			if (saved != EAGAIN && saved != ENOBUFS)
				syslog_hang_up(y);
			return sink_fail_errno(&y->k, saved);
		}
	}
	y->done = 0;
	return 0;
}

static int
syslog_flush(struct sink *k, struct err *e)
{
	struct sink_syslog *y = (struct sink_syslog *)k;
	size_t at = 0;
	int r = 0;

	if (y->fd >= 0 && k->pending.len > 0 && peer_is_gone(y))
		syslog_hang_up(y);
	if (k->pending.len > 0 || k->trouble)
		r = syslog_connect(y);
	while (r == 0 && at < k->pending.len) {
		size_t len = frame_len(y, at);

		r = send_frame(y, k->pending.p + at + sizeof(len), len);
		if (r == 0)
			at += sizeof(len) + len;
	}
	if (r == 0)
		return sink_stored(k, e);
	memmove(k->pending.p, k->pending.p + at, k->pending.len - at);
	buf_cut(&k->pending, k->pending.len - at);
	return r;
}

static void
syslog_close(struct sink *k)
{
	struct sink_syslog *y = (struct sink_syslog *)k;

	if (k->pending.len > 0)
		(void)syslog_flush(k, NULL); /* the last try */
	syslog_hang_up(y);
	free(y->host);
	sink_release(k);
	free(y);
}

static const struct sink_driver syslog_driver = {
	.write = syslog_write,
	.flush = syslog_flush,
	.close = syslog_close,
};

static int
bad_address(const struct conf_sink *d, struct err *e)
{
	return conf_fail(e, &d->where, N_("a syslog sink's address cannot be read"),
		N_("write unix:PATH, udp:HOST:PORT or tcp:HOST:PORT"), "%s", d->path);
}

/* "[2001:db8::1]:514" and "log.example:514". */
static int
split_address(struct sink_syslog *y, const struct conf_sink *d, struct err *e)
{
	char *colon, *host = y->host;
	size_t len;

	if (y->kind == TO_UNIX)
		return strlen(host) < sizeof(((struct sockaddr_un *)0)->sun_path) && *host
			       ? 0
			       : bad_address(d, e);
	colon = strrchr(host, ':');
	if (!colon || colon == host || colon[1] == '\0')
		return bad_address(d, e);
	*colon = '\0';
	y->port = colon + 1;
	len = strlen(host);
	if (host[0] == '[' && host[len - 1] == ']') {
		memmove(host, host + 1, len - 2);
		host[len - 2] = '\0';
	}
	return 0;
}

static int
read_address(struct sink_syslog *y, const struct conf_sink *d, struct err *e)
{
	static const char *const kinds[] = { "unix:", "udp:", "tcp:" };

	for (unsigned i = 0; i < 3; i++) {
		size_t len = strlen(kinds[i]);

		if (strncmp(d->path, kinds[i], len) != 0)
			continue;
		y->kind = (enum syslog_kind)i;
		y->host = strdup(d->path + len);
		return y->host ? split_address(y, d, e) : err_memory(e);
	}
	return bad_address(d, e);
}

int
sink_syslog_open(
	const struct conf_store *s, const struct conf_sink *d, struct sink **ret, struct err *e)
{
	struct sink_syslog *y = calloc(1, sizeof(*y));

	if (!y)
		return err_memory(e);
	y->fd = -1;
	if (gethostname(y->hostname, sizeof(y->hostname) - 1) < 0 || y->hostname[0] == '\0')
		(void)strcpy(y->hostname, "-");
	if (sink_init(&y->k, &syslog_driver, s, d->path, e) < 0 || read_address(y, d, e) < 0) {
		syslog_close(&y->k);
		return -1;
	}
	*ret = &y->k;
	return 0;
}
