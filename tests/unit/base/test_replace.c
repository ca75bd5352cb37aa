/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file/replace.h"

#include <acl/libacl.h>
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/acl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/unit/suite.h"

#define OLD "old content\n"
#define NEW "new content, longer than the old one\n"

static char path[64];
static int dir = -1;

static void
file_make(const char *name, const char *text)
{
	cleanup_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static bool
file_holds(const char *name, const char *text)
{
	cleanup_fd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	char found[100];
	ssize_t n = fd >= 0 ? read(fd, found, sizeof(found)) : -1;

	return n == (ssize_t)strlen(text) && memcmp(found, text, (size_t)n) == 0;
}

/* Files in the folder, besides "." and "..". */
static int
entries(void)
{
	DIR *d = opendir(path);
	int n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d))
		n++;
	ck_assert_int_eq(closedir(d), 0);
	return n - 2;
}

static void
setup(void)
{
	(void)snprintf(path, sizeof(path), "/tmp/sparsam-replace-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir, 0);
	file_make("log", OLD);
}

static int
entry_remove(const char *name, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(name);
}

static void
teardown(void)
{
	ck_assert_int_eq(close(dir), 0);
	ck_assert_int_eq(nftw(path, entry_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* The whole act. Returns what commit did, or -1. */
static int
replace_all(const char *text, struct err *e)
{
	CLEANUP(replace_freep) struct replace *r = NULL;
	char old[100];

	if (replace_begin(dir, "log", NULL, &r, e) < 0)
		return -1;
	if (read(replace_old_fd(r), old, sizeof(old)) < 0 ||
		write(replace_new_fd(r), text, strlen(text)) != (ssize_t)strlen(text))
		return -1;
	return replace_commit(r, e);
}

static void
check_replaced(void)
{
	struct err e = { 0 };

	ck_assert_msg(replace_all(NEW, &e) == 0, "%s: %s: %s", e.what, e.where, strerror(e.errnum));
	ck_assert(file_holds("log", NEW));
	ck_assert_int_eq(entries(), 1);
}

START_TEST(the_new_content_takes_the_name)
{
	struct err e = { 0 };
	struct replace *r;
	char text[100];

	ck_assert_int_eq(replace_begin(dir, "log", NULL, &r, &e), 0);
	ck_assert_int_eq(read(replace_old_fd(r), text, sizeof(text)), sizeof(OLD) - 1);
	ck_assert_int_eq(write(replace_new_fd(r), NEW, sizeof(NEW) - 1), sizeof(NEW) - 1);
	ck_assert(file_holds("log", OLD));
	ck_assert_int_eq(replace_commit(r, &e), 0);
	ck_assert(file_holds("log", NEW));
	ck_assert_ptr_null(replace_free(r));
	ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(without_a_commit_nothing_happened)
{
	struct err e = { 0 };
	struct replace *r;

	ck_assert_int_eq(replace_begin(dir, "log", NULL, &r, &e), 0);
	ck_assert_int_eq(write(replace_new_fd(r), NEW, sizeof(NEW) - 1), sizeof(NEW) - 1);
	replace_free(r);
	ck_assert(file_holds("log", OLD));
	ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(mode_owner_and_times_stay)
{
	const struct timespec times[] = { { 1700000000, 123456789 }, { 1600000000, 987654321 } };
	struct stat before, after;

	ck_assert_int_eq(fchmodat(dir, "log", 06751, 0), 0);
	if (geteuid() == 0) {
		ck_assert_int_eq(fchownat(dir, "log", 1234, 4321, 0), 0);
		ck_assert_int_eq(fchmodat(dir, "log", 06751, 0), 0); /* chown took the bits */
	}
	ck_assert_int_eq(utimensat(dir, "log", times, 0), 0);
	ck_assert_int_eq(fstatat(dir, "log", &before, 0), 0);
	check_replaced();
	ck_assert_int_eq(fstatat(dir, "log", &after, 0), 0); /* reading changed the access time */
	ck_assert_uint_eq(after.st_mode, before.st_mode);
	ck_assert_uint_eq(after.st_uid, before.st_uid);
	ck_assert_uint_eq(after.st_gid, before.st_gid);
	ck_assert_int_eq(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
	ck_assert_int_eq(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
	ck_assert_uint_ne(after.st_ino, before.st_ino);
}
END_TEST

/* Where the file system has neither, there is nothing to keep. */
START_TEST(acl_and_attributes_stay)
{
	static const char acl_text[] = "u::rw-,u:2345:r--,g::r--,m::r--,o::---";
	char name[100], value[20];
	acl_t acl = acl_from_text(acl_text), found;
	bool has_acl;

	(void)snprintf(name, sizeof(name), "%s/log", path);
	ck_assert_ptr_nonnull(acl);
	has_acl = acl_set_file(name, ACL_TYPE_ACCESS, acl) == 0;
	if (setxattr(name, "user.note", "kept", 4, 0) == 0) {
		check_replaced();
		ck_assert_int_eq(getxattr(name, "user.note", value, sizeof(value)), 4);
		ck_assert_int_eq(memcmp(value, "kept", 4), 0);
	} else {
		check_replaced();
	}
	if (has_acl) {
		found = acl_get_file(name, ACL_TYPE_ACCESS);
		ck_assert_ptr_nonnull(found);
		ck_assert_int_eq(acl_cmp(acl, found), 0);
		ck_assert_int_eq(acl_free(found), 0);
	}
	ck_assert_int_eq(acl_free(acl), 0);
}
END_TEST

static void
check_refused(const char *name, int exit)
{
	struct err e = { 0 };
	struct replace *r;

	ck_assert_int_eq(replace_begin(dir, name, NULL, &r, &e), -1);
	ck_assert_msg(e.exit == exit, "%s: %d, %s", name, e.exit, e.what);
	ck_assert(file_holds("log", OLD));
}

START_TEST(what_is_no_single_regular_file_is_refused)
{
	ck_assert_int_eq(symlinkat("log", dir, "link"), 0);
	ck_assert_int_eq(mkdirat(dir, "folder", 0755), 0);
	check_refused("link", EX_NOPERM);
	check_refused("folder", EX_NOPERM);
	check_refused("gone", EX_NOINPUT);
	check_refused("folder/x", EX_NOINPUT);
	check_refused("../x", EX_NOINPUT);
	ck_assert_int_eq(linkat(dir, "log", dir, "second", 0), 0);
	check_refused("log", EX_NOPERM);
	ck_assert_int_eq(entries(), 4);
}
END_TEST

START_TEST(a_file_that_is_written_to_is_refused)
{
	int writer = openat(dir, "log", O_WRONLY | O_APPEND | O_CLOEXEC);

	ck_assert_int_ge(writer, 0);
	check_refused("log", EX_TEMPFAIL);
	ck_assert_int_eq(close(writer), 0);
	check_replaced();
}
END_TEST

START_TEST(a_file_that_is_read_is_replaced)
{
	cleanup_fd int reader = openat(dir, "log", O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(reader, 0);
	check_replaced();
}
END_TEST

START_TEST(two_at_once_are_refused)
{
	struct err e = { 0 };
	struct replace *r;

	ck_assert_int_eq(replace_begin(dir, "log", NULL, &r, &e), 0);
	check_refused("log", EX_TEMPFAIL);
	ck_assert_int_eq(write(replace_new_fd(r), NEW, sizeof(NEW) - 1), sizeof(NEW) - 1);
	ck_assert_int_eq(replace_commit(r, &e), 0);
	replace_free(r);
	ck_assert(file_holds("log", NEW));
}
END_TEST

static void
check_changed(void (*change)(void))
{
	struct err e = { 0 };
	struct replace *r;

	ck_assert_int_eq(replace_begin(dir, "log", NULL, &r, &e), 0);
	change();
	ck_assert_int_eq(replace_commit(r, &e), -1);
	ck_assert_int_eq(e.exit, EX_TEMPFAIL);
	replace_free(r);
}

static void
append(void)
{
	cleanup_fd int fd = openat(dir, "log", O_WRONLY | O_APPEND | O_CLOEXEC);

	ck_assert_int_eq(write(fd, "more\n", 5), 5);
}

static void
rotate(void)
{
	ck_assert_int_eq(renameat(dir, "log", dir, "log.1"), 0);
	file_make("log", "fresh\n");
}

static int late_writer = -1;

static void
begin_to_write(void)
{
	late_writer = openat(dir, "log", O_WRONLY | O_APPEND | O_CLOEXEC);
}

START_TEST(a_change_meanwhile_loses_nothing)
{
	check_changed(append);
	ck_assert(file_holds("log", OLD "more\n"));
	check_changed(begin_to_write);
	ck_assert_int_eq(close(late_writer), 0);
	check_changed(rotate);
	ck_assert(file_holds("log", "fresh\n"));
	ck_assert(file_holds("log.1", OLD "more\n"));
	ck_assert_int_eq(entries(), 2);
}
END_TEST

START_TEST(what_a_killed_run_has_left_is_removed)
{
	file_make(".log.sparsam-new", "half a li");
	check_replaced();
}
END_TEST

/* The log as a run leaves it that was killed when it had just put a new one, of TEXT, in its place. */
static void
set_aside(const char *text, char left[100])
{
	struct stat st;

	ck_assert_int_eq(fstatat(dir, "log", &st, 0), 0);
	(void)snprintf(left, 100, ".log.sparsam-%llx-%llx", (unsigned long long)st.st_ino,
		(unsigned long long)st.st_size);
	ck_assert_int_eq(renameat(dir, "log", dir, left), 0);
	file_make("log", text);
	late_writer = openat(dir, left, O_WRONLY | O_APPEND | O_CLOEXEC);
	ck_assert_int_eq(write(late_writer, "late\n", 5), 5);
}

/* Who opened the log a moment before it was replaced goes on to write. */
START_TEST(a_line_that_comes_late_is_there_once)
{
	struct err e = { 0 };
	char left[100];

	set_aside(NEW, left);
	ck_assert_int_eq(replace_finish(dir, left, &e), -1);
	ck_assert_int_eq(e.exit, EX_TEMPFAIL);
	ck_assert(file_holds("log", NEW));
	ck_assert_int_eq(close(late_writer), 0);
	ck_assert_int_eq(replace_finish(dir, left, &e), 0);
	ck_assert(file_holds("log", NEW "late\n"));
	set_aside(NEW "late\n", left); /* killed when it had just appended it */
	ck_assert_int_eq(close(late_writer), 0);
	ck_assert_int_eq(replace_finish(dir, left, &e), 0);
	ck_assert(file_holds("log", NEW "late\n"));
	ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(an_unfinished_copy_is_not_taken_for_a_log)
{
	struct err e = { 0 };

	file_make(".log.sparsam-123-0", "half");
	file_make(".log.sparsam-new", "half");
	ck_assert_int_eq(replace_finish(dir, ".log.sparsam-123-0", &e), 0);
	ck_assert_int_eq(replace_finish(dir, ".log.sparsam-new", &e), 0);
	ck_assert_int_eq(replace_finish(dir, "log", &e), 1);
	ck_assert(file_holds("log", OLD));
	ck_assert_int_eq(entries(), 1);
}
END_TEST

static void
replace_in(const char *name, struct replace_folder *clean)
{
	CLEANUP(replace_freep) struct replace *r = NULL;
	struct err e = { 0 };

	ck_assert_msg(replace_begin(dir, name, clean, &r, &e) == 0, "%s: %s", e.what, e.where);
	ck_assert_int_eq(replace_commit(r, &e), 0);
}

/* What a killed run leaves is found: all of a file before it is replaced, and once in each folder. */
START_TEST(what_is_left_is_looked_for_once_in_a_folder)
{
	struct replace_folder clean = { 0 };
	struct stat st;

	file_make(".log.sparsam-123-0", "half");
	file_make(".other.sparsam-124-0", "half");
	replace_in("log", &clean);
	ck_assert_int_eq(faccessat(dir, ".log.sparsam-123-0", F_OK, 0), -1);
	ck_assert_uint_eq(clean.ino, 0); /* of another one something is left */
	ck_assert_int_eq(unlinkat(dir, ".other.sparsam-124-0", 0), 0);
	replace_in("log", &clean);
	ck_assert_int_eq(fstat(dir, &st), 0);
	ck_assert(clean.dev == st.st_dev && clean.ino == st.st_ino);
	file_make(".log.sparsam-123-0", "half");
	file_make(".log.sparsam-new", "half"); /* would be in the way */
	replace_in("log", &clean);
	ck_assert_int_eq(faccessat(dir, ".log.sparsam-123-0", F_OK, 0), 0); /* not looked for */
	ck_assert_int_eq(faccessat(dir, ".log.sparsam-new", F_OK, 0), -1);
	clean = (struct replace_folder){ st.st_dev, st.st_ino + 1 };
	replace_in("log", &clean);
	ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(a_removed_file_is_there_again_with_what_came_late)
{
	struct err e = { 0 };
	struct stat st;

	ck_assert_int_eq(fstatat(dir, "log", &st, 0), 0);
	append();
	ck_assert_int_eq(replace_remove(dir, "log", &st, &e), 0);
	ck_assert(file_holds("log", "more\n"));
	ck_assert_int_eq(replace_remove(dir, "log", &st, &e), -1);
	ck_assert_int_eq(e.exit, EX_TEMPFAIL);
	ck_assert_int_eq(fstatat(dir, "log", &st, 0), 0);
	ck_assert_int_eq(replace_remove(dir, "log", &st, &e), 0);
	ck_assert_int_eq(entries(), 0);
}
END_TEST

/* Runs the act in a child and kills it when it is about to make its Nth system call. Returns false
 * once N is beyond the last. */
static bool
killed_at(int n)
{
	int status = 0;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct err e;

		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(77);
		(void)raise(SIGSTOP);
		_exit(replace_all(NEW, &e) == 0 ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	while (WIFSTOPPED(status) && n-- > 0) {
		ck_assert_int_eq(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	}
	if (!WIFSTOPPED(status)) {
		ck_assert(WIFEXITED(status) && WEXITSTATUS(status) != 1);
		return false;
	}
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return true;
}

START_TEST(killed_at_any_system_call_the_file_is_old_or_new)
{
	int n_new = 0, n_old = 0;

	for (int n = 1; killed_at(n); n++) {
		const bool is_new = file_holds("log", NEW);

		ck_assert_msg(is_new || file_holds("log", OLD), "neither, at call %d", n);
		n_new += is_new;
		n_old += !is_new;
		check_replaced();
		file_make("log", OLD);
	}
	ck_assert_msg(n_old == 0 || n_new > 0, "%d times old, never new", n_old);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("replace");
	TCase *t = tcase_create("replace");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_new_content_takes_the_name);
	tcase_add_test(t, without_a_commit_nothing_happened);
	tcase_add_test(t, mode_owner_and_times_stay);
	tcase_add_test(t, acl_and_attributes_stay);
	tcase_add_test(t, what_is_no_single_regular_file_is_refused);
	tcase_add_test(t, a_file_that_is_written_to_is_refused);
	tcase_add_test(t, a_file_that_is_read_is_replaced);
	tcase_add_test(t, two_at_once_are_refused);
	tcase_add_test(t, a_change_meanwhile_loses_nothing);
	tcase_add_test(t, what_a_killed_run_has_left_is_removed);
	tcase_add_test(t, a_line_that_comes_late_is_there_once);
	tcase_add_test(t, an_unfinished_copy_is_not_taken_for_a_log);
	tcase_add_test(t, what_is_left_is_looked_for_once_in_a_folder);
	tcase_add_test(t, a_removed_file_is_there_again_with_what_came_late);
	tcase_add_test(t, killed_at_any_system_call_the_file_is_old_or_new);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return suite_run(suite());
}
