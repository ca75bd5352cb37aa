/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "logscrub/sink/position_record.h"
#include "logscrub/sink/sink.h"
#include "tests/unit/suite.h"

static char folder[64], path[128];
static const struct conf_store store = { .name = "web" };

/* A folder of its own for each test, on a file system that has user xattrs. */
static void
setup(void)
{
	(void)snprintf(folder, sizeof(folder), "/var/tmp/sparsam-sink-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/access.log", folder);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
}

static void
teardown(void)
{
	DIR *d = opendir(folder);

	for (const struct dirent *n = d ? readdir(d) : NULL; n; n = readdir(d))
		if (n->d_name[0] != '.')
			(void)unlinkat(dirfd(d), n->d_name, 0);
	if (d)
		(void)closedir(d);
	(void)rmdir(folder);
}

static struct sink *
sink_start(bool rereadable)
{
	const struct conf_sink d = { .type = SINK_FILE, .path = path };
	struct sink *k = NULL;
	struct err e = { 0 };

	ck_assert_msg(sink_open(NULL, &store, &d, &k, &e) == 0, "%s: %s", e.what, e.where);
	ck_assert_int_eq(sink_recover(k, rereadable, &e), 0);
	return k;
}

/* Record number N: "line N" from position "p:N". */
static int
put(struct sink *k, int64_t n)
{
	char text[64], position[32];
	struct entry en = { .order = n };

	(void)snprintf(position, sizeof(position), "p:%lld", (long long)n);
	(void)snprintf(text, sizeof(text), "line %lld", (long long)n);
	en.position = span_str(position);
	return sink_write(k, "stream", &en, span_str(text), NULL, NULL);
}

static int64_t
position_of(struct sink *k)
{
	struct span at;
	int64_t order;

	return sink_position(k, "stream", &at, &order) ? order : -1;
}

static void
append(const char *name, const char *text)
{
	cleanup_fd int fd = open(name, O_WRONLY | O_APPEND | O_CREAT, 0640);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static const char *
content(const char *name)
{
	static char text[1 << 16];
	cleanup_fd int fd = open(name, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	return text;
}

static const char *
rotated(const char *suffix)
{
	static char name[256];

	(void)snprintf(name, sizeof(name), "%s%s", path, suffix);
	return name;
}

START_TEST(a_flushed_record_is_in_the_file_and_its_position_with_it)
{
	struct sink *k = sink_start(true);
	struct stat st;

	ck_assert_int_eq(position_of(k), -1);
	ck_assert_int_eq(put(k, 1), 0);
	ck_assert_int_eq(put(k, 2), 0);
	ck_assert_str_eq(content(path), "");
	ck_assert_int_eq(sink_flush(k, NULL), 0);
	ck_assert_str_eq(content(path), "line 1\nline 2\n");
	ck_assert_uint_eq(sink_pending(k), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0640);
	k = sink_free(k);
	k = sink_start(true);
	ck_assert(sink_carries_positions(k));
	ck_assert_int_eq(position_of(k), 2);
	(void)sink_free(k);
}
END_TEST

START_TEST(what_was_written_and_not_recorded_is_cut_off_and_read_again)
{
	struct sink *k = sink_start(true);

	ck_assert_int_eq(put(k, 1), 0);
	(void)sink_free(k);
	append(path, "line 2\nline 3\nlin");
	k = sink_start(true);
	ck_assert_int_eq(position_of(k), 1);
	ck_assert_str_eq(content(path), "line 1\n");
	(void)sink_free(k);
}
END_TEST

START_TEST(whole_lines_stay_where_the_source_cannot_be_read_again)
{
	struct sink *k = sink_start(false);

	ck_assert_int_eq(put(k, 1), 0);
	(void)sink_free(k);
	append(path, "line 2\nline 3\nlin");
	(void)sink_free(sink_start(false));
	ck_assert_str_eq(content(path), "line 1\nline 2\nline 3\n");
}
END_TEST

START_TEST(a_file_that_somebody_cut_keeps_its_positions)
{
	struct sink *k = sink_start(true);

	ck_assert_int_eq(put(k, 1), 0);
	(void)sink_free(k);
	ck_assert_int_eq(truncate(path, 0), 0);
	k = sink_start(true);
	ck_assert_int_eq(position_of(k), 1);
	ck_assert_ptr_nonnull(sink_notice(k));
	ck_assert_ptr_null(sink_notice(k));
	(void)sink_free(k);
}
END_TEST

START_TEST(a_file_cut_under_us_goes_on_from_there)
{
	struct sink *k = sink_start(true);

	ck_assert_int_eq(put(k, 1), 0);
	ck_assert_int_eq(sink_flush(k, NULL), 0);
	ck_assert_int_eq(truncate(path, 0), 0);
	ck_assert_int_eq(put(k, 2), 0);
	(void)sink_free(k);
	k = sink_start(true);
	ck_assert_str_eq(content(path), "line 2\n");
	ck_assert_int_eq(position_of(k), 2);
	(void)sink_free(k);
}
END_TEST

START_TEST(a_file_of_somebody_else_loses_no_byte)
{
	struct sink *k;

	append(path, "theirs\nunfinished");
	k = sink_start(true);
	ck_assert_int_eq(put(k, 1), 0);
	(void)sink_free(k);
	ck_assert_str_eq(content(path), "theirs\nunfinished\nline 1\n");
}
END_TEST

/* cp -a takes the xattr along. */
START_TEST(the_tail_of_a_copy_is_not_cut)
{
	char record[POSITION_RECORD_MAX];
	struct sink *k = sink_start(true);
	ssize_t n;

	ck_assert_int_eq(put(k, 1), 0);
	(void)sink_free(k);
	n = getxattr(path, POSITION_XATTR, record, sizeof(record));
	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(rename(path, rotated("-")), 0);
	append(path, "line 1\nfrom another daemon\n");
	ck_assert_int_eq(setxattr(path, POSITION_XATTR, record, (size_t)n, 0), 0);
	k = sink_start(true);
	ck_assert_int_eq(position_of(k), 1);
	ck_assert_str_eq(content(path), "line 1\nfrom another daemon\n");
	(void)sink_free(k);
}
END_TEST

START_TEST(a_tail_that_is_too_long_for_us_is_not_cut)
{
	struct sink *k = sink_start(true);
	struct stat st;

	ck_assert_int_eq(put(k, 1), 0);
	(void)sink_free(k);
	ck_assert_int_eq(truncate(path, 8 << 20), 0);
	(void)sink_free(sink_start(true));
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_size, 8 << 20);
}
END_TEST

START_TEST(positions_go_along_when_the_file_is_rotated)
{
	struct sink *k = sink_start(true);

	ck_assert_int_eq(put(k, 1), 0);
	ck_assert_int_eq(sink_flush(k, NULL), 0);
	ck_assert_int_eq(rename(path, rotated(".1")), 0);
	ck_assert_int_eq(sink_reopen(k, NULL), 0);
	k = sink_free(k);
	ck_assert_int_eq(unlink(rotated(".1")), 0);
	k = sink_start(true);
	ck_assert_int_eq(position_of(k), 1);
	(void)sink_free(k);
}
END_TEST

START_TEST(a_rotation_without_a_signal_is_noticed)
{
	struct sink *k = sink_start(true);
	int64_t n = 1;

	ck_assert_int_eq(put(k, n++), 0);
	ck_assert_int_eq(sink_flush(k, NULL), 0);
	ck_assert_int_eq(rename(path, rotated(".1")), 0);
	while (access(path, F_OK) < 0) {
		ck_assert_int_eq(put(k, n++), 0);
		ck_assert_int_eq(sink_flush(k, NULL), 0);
		(void)usleep(10000);
	}
	(void)sink_free(k);
	k = sink_start(true);
	ck_assert_int_eq(position_of(k), n - 1);
	(void)sink_free(k);
}
END_TEST

START_TEST(killed_between_rotation_and_reopening_the_sibling_is_taken_over)
{
	struct sink *k = sink_start(true);

	ck_assert_int_eq(put(k, 1), 0);
	(void)sink_free(k);
	ck_assert_int_eq(rename(path, rotated(".1")), 0);
	append(path, "");
	k = sink_start(true);
	ck_assert_int_eq(put(k, 2), 0);
	(void)sink_free(k);
	/* now the newer of two: dated, with a tail that nobody recorded */
	append(path, "line 3\nli");
	ck_assert_int_eq(rename(path, rotated("-20261124")), 0);
	k = sink_start(true);
	ck_assert_int_eq(position_of(k), 2);
	ck_assert_str_eq(content(rotated("-20261124")), "line 2\n");
	ck_assert_str_eq(content(rotated(".1")), "line 1\n");
	ck_assert_str_eq(content(path), "");
	(void)sink_free(k);
}
END_TEST

static void
limit_size(rlim_t size)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(a_full_disk_is_waited_for_and_nothing_is_lost_or_torn)
{
	struct sink *k = sink_start(true);

	ck_assert_int_eq(put(k, 1), 0);
	ck_assert_int_eq(sink_flush(k, NULL), 0);
	ck_assert_int_eq(put(k, 2), 0);
	ck_assert_int_eq(put(k, 3), 0);
	limit_size(10); /* in the middle of line 2 */
	ck_assert_int_eq(sink_flush(k, NULL), 1);
	ck_assert_ptr_nonnull(sink_trouble(k));
	ck_assert_int_eq(put(k, 4), 1);
	ck_assert_int_eq(sink_flush(k, NULL), 1);
	limit_size(RLIM_INFINITY);
	ck_assert_int_eq(sink_flush(k, NULL), 0);
	ck_assert_ptr_null(sink_trouble(k));
	ck_assert_str_eq(content(path), "line 1\nline 2\nline 3\n");
	(void)sink_free(k);
}
END_TEST

START_TEST(a_file_rotated_while_the_disk_is_full_ends_with_a_whole_line)
{
	struct sink *k = sink_start(true);

	ck_assert_int_eq(put(k, 1), 0);
	ck_assert_int_eq(sink_flush(k, NULL), 0);
	ck_assert_int_eq(put(k, 2), 0);
	limit_size(10);
	ck_assert_int_eq(sink_flush(k, NULL), 1);
	ck_assert_int_eq(rename(path, rotated(".1")), 0);
	ck_assert_int_eq(sink_reopen(k, NULL), 0);
	ck_assert_str_eq(content(rotated(".1")), "line 1\n");
	ck_assert_str_eq(content(path), "line 2\n");
	(void)sink_free(k);
}
END_TEST

START_TEST(a_sink_takes_no_more_than_it_may_hold)
{
	static char text[LINE_MAX_BYTES];
	struct sink *k = sink_start(true);
	struct entry en = { 0 };
	unsigned n = 0;

	memset(text, 'x', sizeof(text));
	ck_assert_int_eq(sink_write(k, "stream", &en, span_of(text, sizeof(text)), NULL, NULL), 0);
	ck_assert_int_eq(put(k, 1), 1);
	ck_assert_int_eq(sink_flush(k, NULL), 0);
	while (put(k, n) == 0)
		n++;
	ck_assert_uint_le(sink_pending(k), SINK_PENDING_MAX);
	ck_assert_uint_gt(sink_pending(k), SINK_PENDING_MAX - 64);
	(void)sink_free(k);
}
END_TEST

START_TEST(what_a_quiet_sink_has_passed_over_is_carried)
{
	struct sink *k = sink_start(true);
	struct span at;
	int64_t order;

	ck_assert_int_eq(put(k, 1), 0);
	ck_assert_int_eq(sink_flush(k, NULL), 0);
	ck_assert_int_eq(sink_advance(k, "stream", SPAN("p:900"), 900, NULL), 0);
	ck_assert_int_eq(sink_advance(k, "other", SPAN("q:1"), 1, NULL), 0);
	(void)sink_free(k);
	k = sink_start(true);
	ck_assert_int_eq(position_of(k), 900);
	ck_assert(sink_position(k, "other", &at, &order));
	ck_assert(span_eq(at, SPAN("q:1")));
	(void)sink_free(k);
}
END_TEST

START_TEST(a_symbolic_link_is_refused)
{
	const struct conf_sink d = { .type = SINK_FILE, .path = path };
	struct sink *k = NULL;
	struct err e = { 0 };

	ck_assert_int_eq(symlink("/dev/null", path), 0);
	ck_assert_int_eq(sink_open(NULL, &store, &d, &k, &e), -1);
	ck_assert_ptr_null(k);
}
END_TEST

#define KILLED_AT 3000

/* Writes from the position on, in batches of changing size, until it is killed or done. */
static void
write_all(int tell)
{
	struct sink *k = sink_start(true);
	int64_t n = position_of(k);
	char suffix[64];

	for (n = n < 0 ? 1 : n + 1; n <= KILLED_AT; n++) {
		if (put(k, n) != 0 || (n % 7 == 0 && sink_flush(k, NULL) != 0))
			_exit(1);
		if (n % 250 == 0) { /* a rotation as well */
			(void)snprintf(suffix, sizeof(suffix), "-%lld-%d", (long long)n, getpid());
			(void)rename(path, rotated(suffix));
			if (sink_reopen(k, NULL) != 0)
				_exit(1);
		}
		(void)!write(tell, "", 1);
	}
	(void)sink_free(k);
	_exit(0);
}

static void
count_lines(const char *name, unsigned seen[])
{
	cleanup_stdio FILE *f = NULL;
	char line[64], whole[400];
	long long n;

	(void)snprintf(whole, sizeof(whole), "%s/%s", folder, name);
	f = fopen(whole, "r");
	while (f && fgets(line, sizeof(line), f)) {
		char want[64];

		ck_assert_int_eq(sscanf(line, "line %lld", &n), 1);
		(void)snprintf(want, sizeof(want), "line %lld\n", n);
		ck_assert_str_eq(line, want);
		ck_assert(n >= 1 && n <= KILLED_AT);
		seen[n]++;
	}
}

START_TEST(killed_at_any_time_every_record_is_there_once)
{
	static unsigned seen[KILLED_AT + 1];
	DIR *all = opendir(folder);
	int status;

	for (unsigned round = 0;; round++) {
		int tell[2];
		pid_t child;
		char c;

		ck_assert_int_eq(pipe(tell), 0);
		child = fork();
		if (child == 0)
			write_all(tell[1]);
		(void)close(tell[1]);
		for (unsigned i = 0; i < 180 + round && read(tell[0], &c, 1) == 1; i++)
			;
		if (round < 15)
			(void)kill(child, SIGKILL);
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		(void)close(tell[0]);
		if (WIFEXITED(status))
			break;
	}
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	for (const struct dirent *d = readdir(all); d; d = readdir(all))
		if (d->d_name[0] != '.')
			count_lines(d->d_name, seen);
	(void)closedir(all);
	for (unsigned n = 1; n <= KILLED_AT; n++)
		ck_assert_msg(seen[n] == 1, "line %u: %u times", n, seen[n]);
}
END_TEST

static bool
has_xattrs(void)
{
	char name[] = "/var/tmp/sparsam-sink-XXXXXX";
	cleanup_fd int fd = mkstemp(name);

	(void)unlink(name);
	return fd >= 0 && fsetxattr(fd, "user.sparsam.test", "", 0, 0) == 0;
}

int
main(void)
{
	Suite *s = suite_create("sink_file");
	TCase *t = tcase_create("sink_file");

	if (!has_xattrs()) {
		printf("/var/tmp has no user xattrs\n");
		return 77;
	}
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_flushed_record_is_in_the_file_and_its_position_with_it);
	tcase_add_test(t, what_was_written_and_not_recorded_is_cut_off_and_read_again);
	tcase_add_test(t, whole_lines_stay_where_the_source_cannot_be_read_again);
	tcase_add_test(t, a_file_that_somebody_cut_keeps_its_positions);
	tcase_add_test(t, a_file_cut_under_us_goes_on_from_there);
	tcase_add_test(t, a_file_of_somebody_else_loses_no_byte);
	tcase_add_test(t, the_tail_of_a_copy_is_not_cut);
	tcase_add_test(t, a_tail_that_is_too_long_for_us_is_not_cut);
	tcase_add_test(t, positions_go_along_when_the_file_is_rotated);
	tcase_add_test(t, a_rotation_without_a_signal_is_noticed);
	tcase_add_test(t, killed_between_rotation_and_reopening_the_sibling_is_taken_over);
	tcase_add_test(t, a_full_disk_is_waited_for_and_nothing_is_lost_or_torn);
	tcase_add_test(t, a_file_rotated_while_the_disk_is_full_ends_with_a_whole_line);
	tcase_add_test(t, a_sink_takes_no_more_than_it_may_hold);
	tcase_add_test(t, what_a_quiet_sink_has_passed_over_is_carried);
	tcase_add_test(t, a_symbolic_link_is_refused);
	tcase_add_test(t, killed_at_any_time_every_record_is_there_once);
	return suite_run(s);
}
