/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "logscrub/source/source.h"

#include "tests/unit/suite.h"

static char folder[64], path[80], listen_[96];
static int watched = -1;
static struct source *source;

static int
watch(void *ctx, struct source *s, int fd, bool add, struct err *e)
{
	(void)ctx, (void)s, (void)e;
	watched = add ? fd : -1;
	return 0;
}

static const struct source_host host = { .watch = watch };

static void
setup(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/sparsam-syslog-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/log", folder);
	(void)snprintf(listen_, sizeof(listen_), "unix:%s", path);
}

static void
teardown(void)
{
	source = source_free(source);
	(void)unlink(path);
	(void)rmdir(folder);
}

static int
try_open(struct err *e)
{
	static struct conf_source d;

	d = (struct conf_source){ .name = "s", .type = SOURCE_SYSLOG, .listen = listen_ };
	return source_open(NULL, &d, &host, &source, e);
}

static void
start(void)
{
	struct err e = { 0 };

	ck_assert_msg(try_open(&e) == 0, "%s: %s", e.what, e.where);
}

static void
put(const void *p, size_t n)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	int big = 1 << 20;

	strcpy(sa.sun_path, path);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &big, sizeof(big));
	ck_assert_int_eq(sendto(fd, p, n, 0, (const struct sockaddr *)&sa, sizeof(sa)), (ssize_t)n);
	ck_assert_int_eq(source_ready(source, watched, NULL), 0);
	(void)close(fd);
}

static void
expect_line(const char *text, size_t n)
{
	struct entry en;

	ck_assert_int_eq(source_next(source, &en, NULL), 0);
	ck_assert_msg(span_eq(en.line, span_of(text, n)), "%.*s", (int)en.line.len, en.line.p);
	ck_assert_uint_eq(en.position.len, 0);
}

static void
expect_none(void)
{
	struct entry en;

	ck_assert_int_eq(source_next(source, &en, NULL), 1);
}

#define TEXT(t) t, sizeof(t) - 1

START_TEST(line_end_within_a_message_forges_no_second_one)
{
	start();
	put(TEXT("<13>Nov 24 01:40:29 app: one\nNov 24 01:40:29 app: forged"));
	expect_line(TEXT("Nov 24 01:40:29 app: one#012Nov 24 01:40:29 app: forged"));
	expect_none();
}
END_TEST

START_TEST(ends_are_trimmed_and_nul_stays_a_byte)
{
	start();
	put(TEXT("<13>app: one\r\n"));
	put(TEXT("<13>app: t\0wo\0"));
	put(TEXT("\n"));
	put("", 0);
	expect_line(TEXT("app: one"));
	expect_line(TEXT("app: t\0wo"));
	expect_none();
}
END_TEST

START_TEST(datagram_too_long_is_dropped_and_counted)
{
	char *big = calloc(1, 100000);

	start();
	memset(big, 'x', 100000);
	put(big, 100000);
	put(TEXT("<13>app: next"));
	expect_line(TEXT("app: next"));
	expect_none();
	ck_assert_uint_eq(source_n_too_long(source), 1);
	free(big);
}
END_TEST

START_TEST(anybody_may_write_and_the_path_goes_at_the_end)
{
	struct stat st;

	(void)umask(077);
	start();
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0666);
	source = source_free(source);
	ck_assert_int_eq(lstat(path, &st), -1);
	ck_assert_int_eq(watched, -1);
}
END_TEST

static int
bind_at_path(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	strcpy(sa.sun_path, path);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

START_TEST(stale_socket_is_replaced)
{
	(void)close(bind_at_path());
	start();
	put(TEXT("<13>app: x"));
	expect_line(TEXT("app: x"));
}
END_TEST

START_TEST(socket_in_use_is_left_alone)
{
	struct err e = { 0 };
	int fd = bind_at_path();

	ck_assert_int_eq(try_open(&e), -1);
	ck_assert_int_eq(e.exit, EX_UNAVAILABLE);
	ck_assert_int_eq(access(path, F_OK), 0);
	(void)close(fd);
}
END_TEST

START_TEST(another_kind_of_file_is_left_alone)
{
	struct err e = { 0 };
	struct stat st;

	if (_i == 0)
		(void)close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	else
		ck_assert_int_eq(symlink("/dev/null", path), 0);
	ck_assert_int_eq(try_open(&e), -1);
	ck_assert_int_eq(e.exit, EX_UNAVAILABLE);
	ck_assert_int_eq(lstat(path, &st), 0);
}
END_TEST

START_TEST(path_that_is_another_socket_now_is_not_removed)
{
	int fd;

	start();
	ck_assert_int_eq(unlink(path), 0);
	fd = bind_at_path();
	source = source_free(source);
	ck_assert_int_eq(access(path, F_OK), 0);
	(void)close(fd);
}
END_TEST

START_TEST(bad_address_is_a_configuration_error)
{
	static const char *const bad[] = { "", "unix:", "unix:relative", "tcp:", "tcp:127.0.0.1",
		"tcp:host.example:514", "udp:[::1:514", "udp:127.0.0.1:port", "http:x",
		"/dev/log" };
	struct err e = { 0 };

	strcpy(listen_, bad[_i]);
	ck_assert_int_eq(try_open(&e), -1);
	ck_assert_int_eq(e.exit, EX_CONFIG);
}
END_TEST

START_TEST(paused_source_is_not_waited_for)
{
	start();
	ck_assert_int_ge(watched, 0);
	ck_assert_int_eq(source_pause(source, true, NULL), 0);
	ck_assert_int_eq(watched, -1);
	ck_assert_int_eq(source_pause(source, false, NULL), 0);
	ck_assert_int_ge(watched, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("source_syslog");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, line_end_within_a_message_forges_no_second_one);
	tcase_add_test(t, ends_are_trimmed_and_nul_stays_a_byte);
	tcase_add_test(t, datagram_too_long_is_dropped_and_counted);
	tcase_add_test(t, anybody_may_write_and_the_path_goes_at_the_end);
	tcase_add_test(t, stale_socket_is_replaced);
	tcase_add_test(t, socket_in_use_is_left_alone);
	tcase_add_loop_test(t, another_kind_of_file_is_left_alone, 0, 2);
	tcase_add_test(t, path_that_is_another_socket_now_is_not_removed);
	tcase_add_loop_test(t, bad_address_is_a_configuration_error, 0, 10);
	tcase_add_test(t, paused_source_is_not_waited_for);
	suite_add_tcase(s, t);
	return suite_run(s);
}
