/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test_sink_onward.c - syslog onward and standard output, against sockets of the test's own
 */
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "logscrub/sink/sink.h"

#include "tests/unit/suite.h"

static char received[1 << 18], address[128];
static const struct conf_store store = { .name = "web" };

static struct sink *
sink_start(enum conf_sink_type type)
{
	const struct conf_sink d = { .where = { "t.conf", 1 }, .type = type, .path = address };
	struct sink *k = NULL;
	struct err e = { 0 };

	(void)signal(SIGPIPE, SIG_IGN);
	ck_assert_msg(sink_open(NULL, &store, &d, &k, &e) == 0, "%s: %s", e.what, e.where);
	ck_assert(!sink_carries_positions(k));
	ck_assert_int_eq(sink_recover(k, false, &e), 0);
	return k;
}

/* With a syslog header in front (FRAMED), or without. */
static int
put(struct sink *k, const char *text, bool framed)
{
	static struct rule_trace trace;
	struct entry en = { .arrival_us = INT64_C(1700000000123456),
		.priority = framed ? 3 : -1,
		.facility = framed ? 4 : -1 };

	trace.message_at = framed ? 10 : 0;
	return sink_write(k, "s", &en, span_str(text), &trace, NULL);
}

/* A socket of the test on a port that is free; `address` names it. */
static int
serve(int type, const char *kind)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	if (type == SOCK_STREAM)
		ck_assert_int_eq(listen(fd, 4), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	(void)snprintf(address, sizeof(address), "%s:127.0.0.1:%u", kind, ntohs(a.sin_port));
	return fd;
}

static const char *
receive(int fd)
{
	ssize_t n = read(fd, received, sizeof(received) - 1);

	ck_assert_int_ge(n, 0);
	received[n] = '\0';
	return received;
}

START_TEST(a_framed_record_goes_on_as_it_stands)
{
	cleanup_fd int fd = serve(SOCK_DGRAM, "udp");
	struct sink *k = sink_start(SINK_SYSLOG);

	ck_assert_int_eq(put(k, "TIME HOST sshd: from ip4:x", true), 0);
	ck_assert_int_eq(sink_flush(k, NULL), 0);
	ck_assert_str_eq(receive(fd), "<35>TIME HOST sshd: from ip4:x");
	(void)sink_free(k);
}
END_TEST

START_TEST(a_bare_record_gets_a_header)
{
	cleanup_fd int fd = serve(SOCK_DGRAM, "udp");
	struct sink *k = sink_start(SINK_SYSLOG);

	ck_assert_int_eq(put(k, "GET /", false), 0);
	ck_assert_int_eq(sink_flush(k, NULL), 0);
	ck_assert_ptr_eq(strstr(receive(fd), "<14>1 2023-11-14T22:13:20.123456Z "), received);
	ck_assert_ptr_nonnull(strstr(received, " web - - - GET /"));
	(void)sink_free(k);
}
END_TEST

START_TEST(tcp_counts_octets_and_connects_again)
{
	cleanup_fd int fd = serve(SOCK_STREAM, "tcp");
	struct sink *k = sink_start(SINK_SYSLOG);
	int peer;

	ck_assert_int_eq(put(k, "0123456789one\ntwo", true), 0);
	ck_assert_int_eq(put(k, "0123456789three", true), 0);
	ck_assert_int_eq(sink_flush(k, NULL), 0);
	peer = accept(fd, NULL, NULL);
	ck_assert_str_eq(receive(peer), "21 <35>0123456789one\ntwo19 <35>0123456789three");
	(void)close(peer);
	ck_assert_int_eq(put(k, "0123456789four", true), 0);
	while (sink_flush(k, NULL) != 0)
		(void)usleep(20000);
	peer = accept(fd, NULL, NULL);
	ck_assert_str_eq(receive(peer), "18 <35>0123456789four");
	(void)close(peer);
	(void)sink_free(k);
}
END_TEST

START_TEST(a_peer_that_is_gone_is_waited_for_in_bounded_memory)
{
	cleanup_fd int fd = serve(SOCK_STREAM, "tcp");
	struct sink *k = sink_start(SINK_SYSLOG);

	(void)close(fd_take(&fd));
	while (put(k, "0123456789one", true) == 0)
		;
	ck_assert_uint_le(sink_pending(k), SINK_PENDING_MAX);
	ck_assert_int_eq(sink_flush(k, NULL), 1);
	ck_assert_ptr_nonnull(sink_trouble(k));
	ck_assert_int_eq(put(k, "0123456789one", true), 1);
	(void)sink_free(k);
}
END_TEST

START_TEST(a_unix_socket_gets_the_old_header)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	cleanup_fd int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct sink *k;

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "/tmp/sparsam-onward-%d", getpid());
	(void)snprintf(address, sizeof(address), "unix:%s", a.sun_path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	(void)setenv("TZ", "UTC", 1);
	k = sink_start(SINK_SYSLOG);
	ck_assert_int_eq(put(k, "GET /", false), 0);
	ck_assert_int_eq(sink_flush(k, NULL), 0);
	ck_assert_str_eq(receive(fd), "<14>Nov 14 22:13:20 web: GET /");
	(void)unlink(a.sun_path);
	(void)sink_free(k);
}
END_TEST

START_TEST(an_oversized_datagram_is_cut_and_does_not_block_the_next)
{
	static char text[100001];
	cleanup_fd int fd = serve(SOCK_DGRAM, "udp");
	struct sink *k = sink_start(SINK_SYSLOG);

	memset(text, 'x', sizeof(text) - 1);
	ck_assert_int_eq(put(k, text, true), 0);
	ck_assert_int_eq(put(k, "0123456789two", true), 0);
	ck_assert_int_eq(sink_flush(k, NULL), 0);
	ck_assert_uint_eq(strlen(receive(fd)), 60000);
	ck_assert_str_eq(receive(fd), "<35>0123456789two");
	(void)sink_free(k);
}
END_TEST

static const char *const bad[] = { "", "file:/x", "udp:", "udp:host",
	"tcp:host:", "unix:", "tcp::1" };

START_TEST(an_address_that_is_none_is_refused)
{
	const struct conf_sink d = {
		.where = { "t.conf", 1 }, .type = SINK_SYSLOG, .path = bad[_i]
	};
	struct sink *k = NULL;
	struct err e = { 0 };

	ck_assert_int_eq(sink_open(NULL, &store, &d, &k, &e), -1);
	ck_assert_int_eq(e.exit, EX_CONFIG);
}
END_TEST

START_TEST(a_reader_that_stands_still_is_waited_for)
{
	struct sink *k;
	int fds[2], n = 0;

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(dup2(fds[1], STDOUT_FILENO), STDOUT_FILENO);
	(void)close(fds[1]);
	k = sink_start(SINK_STDOUT);
	while (put(k, "line", false) == 0)
		n++;
	ck_assert_int_eq(sink_flush(k, NULL), 1);
	ck_assert_ptr_nonnull(sink_trouble(k));
	while (sink_flush(k, NULL) != 0)
		(void)receive(fds[0]);
	ck_assert_uint_eq(sink_pending(k), 0);
	(void)close(fds[0]);
	ck_assert_int_eq(put(k, "line", false), 0);
	ck_assert_int_eq(sink_flush(k, NULL), -1);
	(void)sink_free(k);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sink_onward");
	TCase *t = tcase_create("sink_onward");

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_framed_record_goes_on_as_it_stands);
	tcase_add_test(t, a_bare_record_gets_a_header);
	tcase_add_test(t, tcp_counts_octets_and_connects_again);
	tcase_add_test(t, a_peer_that_is_gone_is_waited_for_in_bounded_memory);
	tcase_add_test(t, a_unix_socket_gets_the_old_header);
	tcase_add_test(t, an_oversized_datagram_is_cut_and_does_not_block_the_next);
	tcase_add_loop_test(t, an_address_that_is_none_is_refused, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(t, a_reader_that_stands_still_is_waited_for);
	return suite_run(s);
}
