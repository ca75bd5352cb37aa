/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test_sink_namespace.c - against a real journald, for a namespace of its own, in a mount namespace
 * where /run and /var/log are the test's
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "logscrub/sink/sink.h"

#include "tests/unit/suite.h"

#define JOURNALD "/lib/systemd/systemd-journald"
#define NS       "scrubtest"

static char output[1 << 16];
static pid_t journald;
static const struct conf_store store = { .name = "sshd" };

static bool
own_namespace(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("tmpfs", "/run", "tmpfs", 0, NULL) == 0 &&
	       mount("tmpfs", "/var/log", "tmpfs", 0, NULL) == 0;
}

static void
make(const char *path, const char *text)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static const struct sockaddr_un address = { .sun_family = AF_UNIX,
	.sun_path = "/run/systemd/journal." NS "/socket" };

static bool
listens(void)
{
	cleanup_fd int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	return connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

static int
send_forged(void)
{
	static const char text[] = "MESSAGE=forged\nSPARSAM_STORE=sshd\nSPARSAM_SOURCE=journal\n"
				   "SPARSAM_POSITION=99 99 j:s=ab;i=63\n";
	cleanup_fd int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	return sendto(fd, text, sizeof(text) - 1, 0, (const struct sockaddr *)&address,
		       sizeof(address)) < 0;
}

static void
journald_start(void)
{
	journald = fork();
	if (journald == 0) {
		execl(JOURNALD, JOURNALD, NS, NULL);
		_exit(127);
	}
	while (!listens()) {
		ck_assert_int_eq(waitpid(journald, NULL, WNOHANG), 0);
		(void)usleep(5000);
	}
}

static void
journald_stop(int sig)
{
	(void)kill(journald, sig);
	ck_assert_int_eq(waitpid(journald, NULL, 0), journald);
}

static void
setup(void)
{
	char id[64] = { 0 }, path[128];
	cleanup_stdio FILE *f = fopen("/etc/machine-id", "r");

	ck_assert(own_namespace());
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%40s", id), 1);
	(void)snprintf(path, sizeof(path), "/var/log/journal/%s." NS, id);
	ck_assert_int_eq(mkdir("/run/systemd", 0755), 0);
	ck_assert_int_eq(mkdir("/run/systemd/journal." NS, 0755), 0);
	ck_assert_int_eq(mkdir("/run/systemd/journald@" NS ".conf.d", 0755), 0);
	ck_assert_int_eq(mkdir("/var/log/journal", 0755), 0);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	make("/run/systemd/journald@" NS ".conf.d/t.conf",
		"[Journal]\nStorage=persistent\nRateLimitIntervalSec=0\n");
	(void)signal(SIGPIPE, SIG_IGN);
	journald_start();
}

static void
teardown(void)
{
	journald_stop(SIGKILL);
}

static int
sink_try(struct sink **ret, struct err *e)
{
	const struct conf_sink d = { .type = SINK_NAMESPACE, .namespace_ = NS };
	int r = sink_open(NULL, &store, &d, ret, e);

	if (r == 0)
		ck_assert_int_eq(sink_recover(*ret, true, e), 0);
	return r;
}

static struct sink *
sink_start(void)
{
	struct sink *k = NULL;
	struct err e = { 0 };

	ck_assert_msg(sink_try(&k, &e) == 0, "%s: %s", e.what, e.where);
	return k;
}

static int
put_text(struct sink *k, int64_t n, struct span text)
{
	static struct rule_trace trace;
	char position[64];
	struct entry en = { .ident = SPAN("sshd"),
		.arrival_us = INT64_C(1700000000123456),
		.priority = 5,
		.facility = 10,
		.order = n,
		.trusted = { SPAN("_SYSTEMD_UNIT=ssh.service") },
		.n_trusted = 1 };

	(void)snprintf(position, sizeof(position), "j:s=ab;i=%llx", (long long)n);
	en.position = span_str(position);
	trace.n = 1;
	trace.field[0] = (struct rule_field){
		.name = "ip", .action = "pseudonym", .at = 5, .len = 24, .token = true
	};
	return sink_write(k, "journal", &en, text, &trace, NULL);
}

static int
put(struct sink *k, int64_t n)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "from fd00:5a5a:5a5a:1:2:3:4:5 line %lld", (long long)n);
	return put_text(k, n, span_str(text));
}

static void
flush(struct sink *k)
{
	while (sink_flush(k, NULL) != 0)
		(void)usleep(20000);
}

static int64_t
position_of(struct sink *k)
{
	struct span at;
	int64_t order;

	return sink_position(k, "journal", &at, &order) ? order : -1;
}

static const char *
journalctl(const char *arguments)
{
	char command[512];
	size_t n;
	FILE *f;

	(void)snprintf(command, sizeof(command),
		"journalctl -q --no-pager --namespace=" NS " %s 2>&1", arguments);
	f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	n = fread(output, 1, sizeof(output) - 1, f);
	output[n] = '\0';
	(void)pclose(f);
	return output;
}

static void
has(const char *text, const char *what)
{
	ck_assert_msg(strstr(text, what) != NULL, "%s not in\n%s", what, text);
}

/* Lines 1 to LAST are there once each. */
static void
each_once(unsigned last)
{
	static unsigned seen[1000];

	memset(seen, 0, sizeof(seen));
	for (const char *p = strstr(journalctl("-o cat"), "line "); p; p = strstr(p + 1, "line "))
		seen[atoi(p + 5) % 1000]++;
	for (unsigned n = 1; n <= last; n++)
		ck_assert_msg(seen[n] == 1, "line %u: %u times", n, seen[n]);
}

START_TEST(a_flushed_record_is_found_by_its_token)
{
	struct sink *k = sink_start();
	const char *text;

	ck_assert_int_eq(position_of(k), -1);
	ck_assert_int_eq(put(k, 7), 0);
	flush(k);
	text = journalctl("-o export SPARSAM_TOKEN=fd00:5a5a:5a5a:1:2:3:4:5");
	has(text, "MESSAGE=from fd00:5a5a:5a5a:1:2:3:4:5 line 7\n");
	has(text, "SPARSAM_UNIT=ssh.service\n");
	has(text, "SPARSAM_STORE=sshd\n");
	has(text, "SPARSAM_TIME=2023-11-14T22:13:20.123456Z\n");
	has(text, "SPARSAM_POSITION=1 7 j:s=ab;i=7\n");
	has(text, "SPARSAM_F_IP=fd00:5a5a:5a5a:1:2:3:4:5\n");
	has(text, "SYSLOG_IDENTIFIER=sshd\n");
	has(text, "SYSLOG_FACILITY=10\n");
	has(text, "PRIORITY=5\n");
	k = sink_free(k);
	k = sink_start();
	ck_assert_int_eq(position_of(k), 7);
	(void)sink_free(k);
}
END_TEST

START_TEST(a_record_too_large_for_a_datagram_and_one_with_line_feeds_arrive)
{
	static char text[LINE_MAX_BYTES];
	struct sink *k = sink_start();

	memset(text, 'x', sizeof(text));
	memcpy(text, "from fd00:5a5a:5a5a:1:2:3:4:5 ", 30);
	ck_assert_int_eq(put_text(k, 1, span_of(text, sizeof(text))), 0);
	flush(k);
	ck_assert_int_eq(put_text(k, 2, SPAN("from fd00:5a5a:5a5a:1:2:3:4:5 a\nMESSAGE=b")), 0);
	flush(k);
	has(journalctl("--all -o cat SPARSAM_STORE=sshd | wc -c"), "1048619");
	has(journalctl("-o cat -n 1"), "from fd00:5a5a:5a5a:1:2:3:4:5 a\nMESSAGE=b\n");
	(void)sink_free(k);
}
END_TEST

/* The socket is open to everybody. */
START_TEST(a_position_from_another_user_is_not_believed)
{
	struct sink *k = sink_start();
	pid_t liar;
	int status;

	ck_assert_int_eq(put(k, 1), 0);
	(void)sink_free(k);
	liar = fork();
	if (liar == 0) {
		if (setuid(65534) == 0)
			_exit(send_forged());
		_exit(2);
	}
	ck_assert_int_eq(waitpid(liar, &status, 0), liar);
	ck_assert_int_eq(status, 0);
	k = sink_start();
	has(journalctl("-o cat"), "forged");
	ck_assert_int_eq(position_of(k), 1);
	(void)sink_free(k);
}
END_TEST

START_TEST(a_journald_that_stands_still_is_waited_for_and_nothing_comes_twice)
{
	struct sink *k = sink_start();
	unsigned n;

	for (n = 1; n <= 20; n++)
		ck_assert_int_eq(put(k, n), 0);
	(void)kill(journald, SIGSTOP);
	ck_assert_int_eq(sink_flush(k, NULL), 1);
	ck_assert_ptr_nonnull(sink_trouble(k));
	ck_assert_int_eq(put(k, n), 1);
	ck_assert_int_eq(sink_flush(k, NULL), 1);
	(void)kill(journald, SIGCONT);
	flush(k);
	ck_assert_ptr_null(sink_trouble(k));
	(void)sink_free(k);
	each_once(20);
}
END_TEST

START_TEST(a_journald_that_is_killed_and_comes_back_has_each_record_once)
{
	struct sink *k = sink_start();
	unsigned n = 0;

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 50; i++)
			ck_assert_int_eq(put(k, ++n), 0);
		journald_stop(round % 2 ? SIGTERM : SIGKILL);
		ck_assert_int_eq(sink_flush(k, NULL), 1);
		(void)unlink("/run/systemd/journal." NS "/socket");
		journald_start();
		flush(k);
	}
	(void)sink_free(k);
	each_once(n);
}
END_TEST

static void
write_all(int tell, int64_t last)
{
	struct sink *k = sink_start();
	int64_t n = position_of(k);

	for (n = n < 0 ? 1 : n + 1; n <= last; n++) {
		if (put(k, n) != 0)
			_exit(1);
		if (n % 7 == 0)
			flush(k);
		(void)!write(tell, "", 1);
	}
	(void)sink_free(k);
	_exit(0);
}

START_TEST(killed_at_any_time_every_record_is_there_once)
{
	int status = 0;

	for (unsigned round = 0;; round++) {
		int tell[2];
		pid_t child;
		char c;

		ck_assert_int_eq(pipe(tell), 0);
		child = fork();
		if (child == 0)
			write_all(tell[1], 600);
		(void)close(tell[1]);
		for (unsigned i = 0; i < 50 + round && read(tell[0], &c, 1) == 1; i++)
			;
		if (round < 8)
			(void)kill(child, SIGKILL);
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		(void)close(tell[0]);
		if (WIFEXITED(status))
			break;
	}
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	each_once(600);
}
END_TEST

START_TEST(without_a_namespace_it_is_refused)
{
	struct conf_sink d = { .where = { "t.conf", 1 }, .type = SINK_NAMESPACE };
	struct sink *k = NULL;
	struct err e = { 0 };

	ck_assert_int_eq(sink_open(NULL, &store, &d, &k, &e), -1);
	ck_assert_int_eq(e.exit, EX_CONFIG);
	d.namespace_ = "../journal";
	ck_assert_int_eq(sink_open(NULL, &store, &d, &k, &e), -1);
	ck_assert_int_eq(e.exit, EX_CONFIG);
	d.namespace_ = "nobody-is-there";
	ck_assert_int_eq(sink_open(NULL, &store, &d, &k, &e), -1);
	ck_assert_int_eq(e.exit, EX_TEMPFAIL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sink_namespace");
	TCase *t = tcase_create("sink_namespace");

	if (geteuid() != 0 || access(JOURNALD, X_OK) < 0) {
		printf("needs root and systemd-journald\n");
		return 77;
	}
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_flushed_record_is_found_by_its_token);
	tcase_add_test(t, a_record_too_large_for_a_datagram_and_one_with_line_feeds_arrive);
	tcase_add_test(t, a_position_from_another_user_is_not_believed);
	tcase_add_test(t, a_journald_that_stands_still_is_waited_for_and_nothing_comes_twice);
	tcase_add_test(t, a_journald_that_is_killed_and_comes_back_has_each_record_once);
	tcase_add_test(t, killed_at_any_time_every_record_is_there_once);
	tcase_add_test(t, without_a_namespace_it_is_refused);
	return suite_run(s);
}
