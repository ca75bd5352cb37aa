/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "logscrub/sink/sink.h"

#include "tests/unit/suite.h"

#define PAST_US INT64_C(1700000000123456)

static char folder[64], path[128], output[1 << 16];
static const struct conf_store store = { .name = "sshd" };

static void
setup(void)
{
	(void)snprintf(folder, sizeof(folder), "/var/tmp/sparsam-journal-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/sshd.journal", folder);
	(void)signal(SIGPIPE, SIG_IGN);
}

static void
teardown(void)
{
	DIR *d = opendir(folder);

	for (const struct dirent *n = d ? readdir(d) : NULL; n; n = readdir(d))
		if (strcmp(n->d_name, ".") != 0 && strcmp(n->d_name, "..") != 0)
			(void)unlinkat(dirfd(d), n->d_name, 0);
	if (d)
		(void)closedir(d);
	(void)rmdir(folder);
}

static struct sink *
sink_start(void)
{
	const struct conf_sink d = { .type = SINK_JOURNAL, .path = path };
	struct sink *k = NULL;
	struct err e = { 0 };

	ck_assert_msg(sink_open(NULL, &store, &d, &k, &e) == 0, "%s: %s", e.what, e.where);
	ck_assert_int_eq(sink_recover(k, true, &e), 0);
	return k;
}

/* Record number N as the journal source gives it and a rule leaves it. */
static int
put(struct sink *k, int64_t n)
{
	static char text[256], position[64];
	static struct rule_trace trace;
	const char *token;
	struct entry en = { .ident = SPAN("sshd"),
		.arrival_us = PAST_US,
		.priority = 6,
		.facility = 4,
		.order = n,
		.trusted = { SPAN("_SYSTEMD_UNIT=sshd@7-203.0.113.7:22-192.0.2.1:9.service"),
			SPAN("_HOSTNAME=node1"), SPAN("_BOOT_ID=ffffffffffffffffffffffffffffffff"),
			SPAN("_SYSTEMD_CGROUP=/system.slice/sshd@7-203.0.113.7") },
		.n_trusted = 4,
		.realtime_us = PAST_US + n,
		.monotonic_us = 1000 + n,
		.boot_id = "00112233445566778899aabbccddeeff" };

	(void)snprintf(position, sizeof(position), "j:s=ab;i=%llx", (long long)n);
	en.position = span_str(position);
	(void)snprintf(text, sizeof(text),
		"2023-11-14T22:13:20.123456Z node1 sshd[1]: from fd00:5a5a:5a5a:1:2:3:4:5\nline %lld",
		(long long)n);
	token = strstr(text, "fd00");
	trace.message_at = (size_t)(strstr(text, "from") - text);
	trace.n = 3;
	trace.field[0] = (struct rule_field){ .name = "source.ip",
		.action = "pseudonym",
		.at = (size_t)(token - text),
		.len = strcspn(token, "\n"),
		.token = true };
	trace.field[1] = (struct rule_field){ .name = "user", .action = "drop", .at = 0, .len = 4 };
	trace.field[2] = (struct rule_field){
		.name = "host", .action = "keep", .at = 28, .len = 5
	};
	return sink_write(k, "journal", &en, span_str(text), &trace, NULL);
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
		"TZ=UTC journalctl -q --no-pager --file='%s/*' %s 2>&1", folder, arguments);
	f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	n = fread(output, 1, sizeof(output) - 1, f);
	output[n] = '\0';
	for (char *p = memchr(output, 0, n); p; p = memchr(p, 0, n - (size_t)(p - output)))
		*p = '.'; /* lengths of values with line feeds */
	(void)pclose(f);
	return output;
}

static void
has(const char *text, const char *what)
{
	ck_assert_msg(strstr(text, what) != NULL, "%s not in\n%s", what, text);
}

static unsigned
count(const char *text, const char *what)
{
	unsigned n = 0;

	for (text = strstr(text, what); text; text = strstr(text + 1, what))
		n++;
	return n;
}

START_TEST(a_flushed_record_has_its_time_its_fields_and_its_token)
{
	struct sink *k = sink_start();
	const char *text;

	ck_assert_int_eq(position_of(k), -1);
	ck_assert_int_eq(put(k, 1), 0);
	ck_assert_int_eq(sink_flush(k, NULL), 0); /* it can be read now, not later */
	text = journalctl("-o export SPARSAM_TOKEN=fd00:5a5a:5a5a:1:2:3:4:5");
	has(text, "__REALTIME_TIMESTAMP=1700000000123457\n");
	has(text, "__MONOTONIC_TIMESTAMP=1001\n");
	has(text, "_BOOT_ID=00112233445566778899aabbccddeeff\n");
	has(text, "_HOSTNAME=node1\n");
	has(text, "_SYSTEMD_UNIT=sshd@.service\n");
	has(text, "SPARSAM_UNIT=sshd@.service\n");
	has(text, "SPARSAM_STORE=sshd\n");
	has(text, "SPARSAM_SOURCE=journal\n");
	has(text, "SPARSAM_TIME=2023-11-14T22:13:20.123457Z\n");
	has(text, "SPARSAM_POSITION=1 1 j:s=ab;i=1\n");
	has(text, "SPARSAM_F_HOST=node1\n");
	has(text, "SPARSAM_F_SOURCE_IP=fd00:5a5a:5a5a:1:2:3:4:5\n");
	has(text, "PRIORITY=6\n");
	has(text, "SYSLOG_FACILITY=4\n");
	has(text, "SYSLOG_IDENTIFIER=sshd\n");
	ck_assert_uint_eq(count(text, "203.0.113.7"), 0);
	ck_assert_uint_eq(count(text, "SPARSAM_F_USER"), 0);
	ck_assert_uint_eq(count(text, "_SYSTEMD_CGROUP"), 0);
	has(journalctl("-o cat"), "from fd00:5a5a:5a5a:1:2:3:4:5\nline 1\n");
	(void)sink_free(k);
}
END_TEST

START_TEST(the_position_is_found_again_also_in_a_rotated_sibling)
{
	struct sink *k = sink_start();
	char name[256];

	ck_assert_int_eq(put(k, 1), 0);
	ck_assert_int_eq(put(k, 2), 0);
	k = sink_free(k);
	k = sink_start();
	ck_assert_int_eq(position_of(k), 2);
	(void)sink_free(k);
	(void)snprintf(name, sizeof(name), "%s/sshd@0-1-2.journal", folder);
	ck_assert_int_eq(rename(path, name), 0);
	k = sink_start();
	ck_assert_int_eq(position_of(k), 2);
	ck_assert_int_eq(put(k, 3), 0);
	ck_assert_int_eq(sink_flush(k, NULL), 0);
	has(journalctl("-o export"), "SPARSAM_POSITION=3 3 ");
	(void)sink_free(k);
}
END_TEST

START_TEST(a_passed_over_position_is_carried_at_the_end)
{
	struct sink *k = sink_start();

	ck_assert_int_eq(put(k, 1), 0);
	ck_assert_int_eq(sink_flush(k, NULL), 0);
	ck_assert_int_eq(sink_advance(k, "journal", SPAN("j:s=ab;i=99"), 99, NULL), 0);
	(void)sink_free(k);
	k = sink_start();
	ck_assert_int_eq(position_of(k), 99);
	(void)sink_free(k);
}
END_TEST

/* The writer with our pipe as its input; each test is a process of its own with one child. */
static pid_t
writer(void)
{
	char name[64];
	cleanup_stdio FILE *f = NULL;
	int pid = 0;

	(void)snprintf(name, sizeof(name), "/proc/self/task/%d/children", getpid());
	f = fopen(name, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%d", &pid), 1);
	return pid;
}

START_TEST(a_killed_writer_costs_nothing)
{
	struct sink *k = sink_start();
	unsigned n = 0;

	for (unsigned round = 0; round < 5; round++) {
		for (unsigned i = 0; i < 50; i++)
			ck_assert_int_eq(put(k, ++n), 0);
		if (round > 0)
			(void)kill(writer(), SIGKILL);
		while (sink_flush(k, NULL) != 0)
			(void)usleep(50000);
	}
	(void)sink_free(k);
	for (unsigned i = 1; i <= n; i++) {
		char match[64];

		(void)snprintf(match, sizeof(match), "-o cat 'SPARSAM_POSITION=%u %u j:s=ab;i=%x'",
			i, i, i);
		ck_assert_uint_eq(count(journalctl(match), "line"), 1);
	}
}
END_TEST

static void
write_all(int tell, int64_t last)
{
	struct sink *k = sink_start();
	int64_t n = position_of(k);

	for (n = n < 0 ? 1 : n + 1; n <= last; n++) {
		if (put(k, n) != 0 || (n % 7 == 0 && sink_flush(k, NULL) != 0))
			_exit(1);
		(void)!write(tell, "", 1);
	}
	(void)sink_free(k);
	_exit(0);
}

START_TEST(killed_at_any_time_every_record_is_there_once)
{
	static unsigned seen[601];
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
		for (unsigned i = 0; i < 80 + round && read(tell[0], &c, 1) == 1; i++)
			;
		if (round < 5)
			(void)kill(child, SIGKILL);
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		(void)close(tell[0]);
		if (WIFEXITED(status))
			break;
	}
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	for (const char *p = strstr(journalctl("-o cat"), "line "); p; p = strstr(p + 1, "line "))
		seen[atoi(p + 5)]++;
	for (unsigned n = 1; n <= 600; n++)
		ck_assert_msg(seen[n] == 1, "line %u: %u times", n, seen[n]);
}
END_TEST

START_TEST(a_record_of_the_greatest_length_is_taken)
{
	static char text[LINE_MAX_BYTES];
	struct sink *k = sink_start();
	struct entry en = { .priority = -1, .facility = -1, .arrival_us = PAST_US };

	memset(text, 'x', sizeof(text));
	ck_assert_int_eq(sink_write(k, "socket", &en, span_of(text, sizeof(text)), NULL, NULL), 0);
	while (sink_flush(k, NULL) != 0)
		(void)usleep(10000);
	ck_assert_uint_eq(count(journalctl("-o cat --all | wc -c"), "1048577"), 1);
	(void)sink_free(k);
}
END_TEST

/* Grows FILLER until nothing more fits. */
static void
fill_disk(const char *filler)
{
	static const char zeros[4096];
	cleanup_fd int fd = open(filler, O_WRONLY | O_CREAT, 0600);

	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
}

START_TEST(a_full_disk_is_waited_for_and_nothing_is_lost)
{
	char filler[256];
	struct sink *k;
	unsigned n = 0, lines = 0;

	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0)
		return; /* needs a disk of its own */
	ck_assert_int_eq(mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount("tmpfs", folder, "tmpfs", 0, "size=40m"), 0);
	(void)snprintf(filler, sizeof(filler), "%s/filler", folder);
	k = sink_start();
	fill_disk(filler);
	while (put(k, n + 1) == 0)
		n++;
	ck_assert_int_eq(sink_flush(k, NULL), 1);
	ck_assert_ptr_nonnull(sink_trouble(k));
	ck_assert_int_eq(put(k, n + 1), 1);
	ck_assert_uint_le(sink_pending(k), SINK_PENDING_MAX);
	(void)unlink(filler);
	while (sink_flush(k, NULL) != 0)
		(void)usleep(50000);
	ck_assert_int_eq(put(k, ++n), 0);
	(void)sink_free(k);
	journalctl("-o cat | grep -c ^line");
	lines = (unsigned)atoi(output);
	ck_assert_uint_eq(lines, n);
	ck_assert_int_eq(umount(folder), 0);
}
END_TEST

START_TEST(two_at_once_are_refused_and_so_is_another_suffix)
{
	struct conf_sink d = { .where = { "t.conf", 1 }, .type = SINK_JOURNAL, .path = "/x/y.log" };
	struct sink *k = NULL;
	struct err e = { 0 };

	ck_assert_int_eq(sink_open(NULL, &store, &d, &k, &e), -1);
	ck_assert_int_eq(e.exit, EX_CONFIG);
	k = sink_start();
	d.path = path;
	ck_assert_int_eq(sink_open(NULL, &store, &d, &k, &e), -1);
	ck_assert_int_eq(e.exit, EX_TEMPFAIL);
	(void)sink_free(k);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sink_journal");
	TCase *t = tcase_create("sink_journal");

	if (access("/lib/systemd/systemd-journal-remote", X_OK) < 0) {
		printf("systemd-journal-remote is not installed\n");
		return 77;
	}
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_flushed_record_has_its_time_its_fields_and_its_token);
	tcase_add_test(t, the_position_is_found_again_also_in_a_rotated_sibling);
	tcase_add_test(t, a_passed_over_position_is_carried_at_the_end);
	tcase_add_test(t, a_killed_writer_costs_nothing);
	tcase_add_test(t, killed_at_any_time_every_record_is_there_once);
	tcase_add_test(t, a_record_of_the_greatest_length_is_taken);
	tcase_add_test(t, a_full_disk_is_waited_for_and_nothing_is_lost);
	tcase_add_test(t, two_at_once_are_refused_and_so_is_another_suffix);
	return suite_run(s);
}
