/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Each test runs twice: with openat2, and with the fallback; their answers have to be the same.
 */
#include "base/file/walk.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/suite.h"

static char path[64];
static int dir = -1;

static void
file_make(const char *name, const char *text)
{
	cleanup_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void
setup(void)
{
	(void)snprintf(path, sizeof(path), "/tmp/sparsam-walk-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir, 0);
	ck_assert_int_eq(mkdirat(dir, "sub", 0755) | mkdirat(dir, "sub/deep", 0755), 0);
	file_make("file", "top");
	file_make("sub/deep/file", "deep");
	file_make("..dots", "dots");
	ck_assert_int_eq(symlinkat("file", dir, "link"), 0);
	ck_assert_int_eq(symlinkat("sub", dir, "dirlink"), 0);
	ck_assert_int_eq(symlinkat("/etc", dir, "etc"), 0);
	ck_assert_int_eq(symlinkat("gone", dir, "dangling"), 0);
	ck_assert_int_eq(mkfifoat(dir, "fifo", 0644), 0);
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
	walk_force_fallback(false);
}

static void
check_refused(const char *name, int flags, int exit)
{
	struct err e = { 0 };
	struct stat st;
	int fd = walk_open(dir, name, flags, 0600, &st, &e);

	ck_assert_msg(fd == -1, "%s was opened", name);
	ck_assert_msg(e.exit == exit, "%s: %d, %s", name, e.exit, e.what);
	ck_assert_str_eq(e.where, name);
}

static void
check_opened(const char *name, int flags)
{
	struct err e = { 0 };
	struct stat st;
	cleanup_fd int fd = walk_open(dir, name, flags, 0600, &st, &e);

	ck_assert_msg(fd >= 0, "%s: %s", name, e.what);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	ck_assert(flags & O_DIRECTORY ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode));
}

START_TEST(files_and_folders_below_are_opened)
{
	walk_force_fallback(_i);
	check_opened("file", O_RDONLY);
	check_opened("file", O_RDWR);
	check_opened("./file", O_RDONLY);
	check_opened("sub/deep/file", O_RDONLY);
	check_opened("sub//deep/./file", O_RDONLY);
	check_opened("..dots", O_RDONLY);
	check_opened("sub", O_RDONLY | O_DIRECTORY);
	check_opened("sub/deep", O_RDONLY | O_DIRECTORY);
	check_opened("sub/deep/", O_RDONLY | O_DIRECTORY);
	check_opened(".", O_RDONLY | O_DIRECTORY);
}
END_TEST

START_TEST(a_symbolic_link_is_not_followed)
{
	struct err e = { 0 };

	walk_force_fallback(_i);
	check_refused("link", O_RDONLY, EX_NOPERM);
	check_refused("link", O_WRONLY | O_CREAT, EX_NOPERM);
	check_refused("dangling", O_WRONLY | O_CREAT, EX_NOPERM);
	check_refused("dirlink", O_RDONLY | O_DIRECTORY, EX_NOPERM);
	check_refused("dirlink/deep/file", O_RDONLY, EX_NOPERM);
	check_refused("etc/passwd", O_RDONLY, EX_NOPERM);
	ck_assert_int_eq(walk_open(dir, "sub/../link", O_RDONLY, 0, NULL, &e), -1);
	ck_assert_int_eq(walk_open(dir, "link", O_RDONLY, 0, NULL, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.what, "a symbolic link"));
}
END_TEST

START_TEST(the_folder_is_not_left)
{
	walk_force_fallback(_i);
	check_refused("..", O_RDONLY | O_DIRECTORY, EX_NOPERM);
	check_refused("../x", O_RDONLY, EX_NOPERM);
	check_refused("sub/..", O_RDONLY | O_DIRECTORY, EX_NOPERM);
	check_refused("sub/../file", O_RDONLY, EX_NOPERM);
	check_refused("sub/deep/../../file", O_RDONLY, EX_NOPERM);
	check_refused("/etc/passwd", O_RDONLY, EX_NOPERM);
}
END_TEST

START_TEST(what_is_not_there_is_no_input)
{
	char long_name[300];

	walk_force_fallback(_i);
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	check_refused("gone", O_RDONLY, EX_NOINPUT);
	check_refused("", O_RDONLY, EX_NOINPUT);
	check_refused("gone/file", O_RDONLY, EX_NOINPUT);
	check_refused("file/file", O_RDONLY, EX_NOINPUT);
	check_refused("file/", O_RDONLY, EX_NOINPUT);
	check_refused("file", O_RDONLY | O_DIRECTORY, EX_NOINPUT);
	check_refused(long_name, O_RDONLY, EX_NOINPUT);
}
END_TEST

START_TEST(only_regular_files_are_opened)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	cleanup_fd int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	walk_force_fallback(_i);
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/socket", path);
	ck_assert_int_eq(bind(s, (struct sockaddr *)&addr, sizeof(addr)), 0);
	check_refused("socket", O_RDONLY, EX_NOPERM);
	check_refused("fifo", O_RDONLY, EX_NOPERM); /* and does not wait for a writer */
	check_refused("fifo", O_WRONLY, EX_NOPERM);
	check_refused("sub", O_RDONLY, EX_NOPERM);
	check_refused(".", O_RDONLY, EX_NOPERM);
}
END_TEST

START_TEST(files_are_created_with_their_mode)
{
	struct err e = { 0 };
	struct stat st;
	cleanup_fd int fd = -1;

	walk_force_fallback(_i);
	(void)umask(0);
	fd = walk_open(dir, "sub/new", O_RDWR | O_CREAT | O_EXCL, 0640, &st, &e);
	ck_assert_int_ge(fd, 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	check_refused("sub/new", O_RDWR | O_CREAT | O_EXCL, EX_CANTCREAT);
	check_refused("gone/new", O_RDWR | O_CREAT, EX_NOINPUT);
	check_refused("dirlink/new", O_RDWR | O_CREAT, EX_NOPERM);
	ck_assert_int_eq(faccessat(dir, "sub/new", F_OK, 0), 0);
}
END_TEST

/* In a mount namespace of its own, which takes root or user namespaces. */
static int
mount_crossing_try(int fallback)
{
	struct err e = { 0 };
	char point[100];

	walk_force_fallback(fallback);
	(void)snprintf(point, sizeof(point), "%s/sub/deep", path);
	if (unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)) < 0 ||
		mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0)
		return 77;
	/* a bind mount has the same device number on both sides */
	if (mount(point, point, "none", MS_BIND, NULL) < 0)
		return 77;
	dir = open(
		path, O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* the other one sees no mount of ours */
	if (walk_open(dir, "sub/deep/file", O_RDONLY, 0, NULL, &e) != -1 || e.exit != EX_NOPERM)
		return 1;
	if (walk_open(dir, "sub/deep", O_RDONLY | O_DIRECTORY, 0, NULL, &e) != -1 ||
		e.exit != EX_NOPERM)
		return 2;
	return strstr(e.what, "mount") ? 0 : 3;
}

START_TEST(another_mount_is_not_entered)
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(mount_crossing_try(_i));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_msg(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77, "failed at %d",
		WEXITSTATUS(status));
}
END_TEST

static void
check_inside(const char *name, int flags, const char *text)
{
	struct err e = { 0 };
	cleanup_fd int fd = walk_open_inside(dir, name, flags, NULL, &e);
	char got[16] = "";

	ck_assert_msg(fd >= 0, "%s: %s", name, e.what);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	if (!text)
		return;
	ck_assert_int_ge(read(fd, got, sizeof(got) - 1), 0);
	ck_assert_msg(strcmp(got, text) == 0, "%s: %s", name, got);
}

static void
check_not_inside(const char *name, int flags, int exit)
{
	struct err e = { 0 };

	ck_assert_msg(walk_open_inside(dir, name, flags, NULL, &e) == -1, "%s was opened", name);
	ck_assert_msg(e.exit == exit, "%s: %d, %s", name, e.exit, e.what);
}

START_TEST(inside_links_are_followed_as_from_a_root)
{
	walk_force_fallback(_i);
	ck_assert_int_eq(symlinkat("/sub/deep/file", dir, "absolute"), 0);
	ck_assert_int_eq(symlinkat("../../../../sub/deep", dir, "sub/up"), 0);
	ck_assert_int_eq(symlinkat("sub/up/../deep/./file", dir, "winding"), 0);
	ck_assert_int_eq(symlinkat("absolute", dir, "twice"), 0);
	check_inside("absolute", O_RDONLY, "deep");
	check_inside("/absolute", O_RDONLY, "deep");
	check_inside("twice", O_RDONLY, "deep");
	check_inside("winding", O_RDONLY, "deep");
	check_inside("sub/up/file", O_RDONLY, "deep");
	check_inside("dirlink/deep/file", O_RDONLY, "deep");
	check_inside("../../file", O_RDONLY, "top");
	check_inside("sub/../file", O_RDONLY, "top");
	check_inside("//sub///deep/", O_RDONLY | O_DIRECTORY, NULL);
	check_inside("/", O_RDONLY | O_DIRECTORY, NULL);
	check_inside("fifo", O_PATH, NULL);
}
END_TEST

START_TEST(nothing_leads_outside)
{
	char out[200];

	walk_force_fallback(_i);
	/* there is no such file below the root, but there is one on this machine */
	ck_assert_int_eq(symlinkat("/etc/passwd", dir, "passwd"), 0);
	check_not_inside(
		"passwd", O_RDONLY, EX_NOPERM); /* "etc" is a link to itself, seen from here */
	check_not_inside("etc/passwd", O_RDONLY, EX_NOPERM);
	ck_assert_int_eq(unlinkat(dir, "etc", 0), 0);
	check_not_inside("passwd", O_RDONLY, EX_NOINPUT);
	check_not_inside("../../../../../../etc/passwd", O_RDONLY, EX_NOINPUT);
	(void)snprintf(out, sizeof(out), "../../../../../..%s/file", path);
	ck_assert_int_eq(symlinkat(out, dir, "out"), 0);
	check_not_inside("out", O_RDONLY, EX_NOINPUT);
	ck_assert_int_eq(symlinkat("loop", dir, "loop"), 0);
	check_not_inside("loop", O_RDONLY, EX_NOPERM);
	check_not_inside("", O_RDONLY, EX_NOINPUT);
	check_not_inside("dangling", O_RDONLY, EX_NOINPUT);
	check_not_inside("file/", O_RDONLY, EX_NOINPUT);
	check_not_inside("file/x", O_RDONLY, EX_NOINPUT);
	check_not_inside("fifo", O_RDONLY, EX_NOPERM);
	check_not_inside("sub", O_RDONLY, EX_NOPERM);
	check_not_inside("file", O_RDONLY | O_DIRECTORY, EX_NOINPUT);
}
END_TEST

/* DIR/NAME as the folder that it has to be: what stat() says of IS, or NULL where it is refused. */
static void
check_folder(const char *name, const char *is)
{
	char at[200];
	struct stat wanted, got;
	struct err e = { 0 };
	cleanup_fd int fd = -1;

	(void)snprintf(at, sizeof(at), "%s/%s", path, name);
	fd = walk_open_folder(at, &e);
	if (!is) {
		ck_assert_int_eq(fd, -1);
		ck_assert_int_eq(e.exit, EX_NOPERM);
		ck_assert_int_eq(e.errnum, 0);
		return;
	}
	ck_assert_msg(fd >= 0, "%s: %s", name, e.what);
	ck_assert_int_eq(fstat(fd, &got) | fstatat(dir, is, &wanted, 0), 0);
	ck_assert_uint_eq(got.st_ino, wanted.st_ino);
	ck_assert_uint_eq(got.st_dev, wanted.st_dev);
}

/* A stranger's is one that only root can make here. */
START_TEST(a_folder_is_reached_by_links_of_root_and_ours_alone)
{
	struct err e;
	char at[100];

	walk_force_fallback(_i);
	(void)snprintf(at, sizeof(at), "%s/sub", path);
	ck_assert_int_eq(symlinkat(at, dir, "absolute"), 0);
	ck_assert_int_eq(symlinkat("../dirlink/deep", dir, "sub/back"), 0);
	ck_assert_int_eq(symlinkat("loop", dir, "loop"), 0);
	check_folder("sub/deep", "sub/deep");
	check_folder("dirlink/deep/", "sub/deep");
	check_folder("absolute/./deep/..", "sub");
	check_folder("absolute/back", "sub/deep");
	check_folder("etc", "/etc");
	check_folder("loop", NULL);
	(void)snprintf(at, sizeof(at), "%s/dangling", path);
	ck_assert_int_eq(walk_open_folder(at, &e), -1);
	ck_assert_int_eq(e.exit, EX_NOINPUT);
	(void)snprintf(at, sizeof(at), "%s/file", path);
	ck_assert_int_eq(walk_open_folder(at, &e), -1);
	ck_assert_int_eq(e.exit, EX_NOINPUT);
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(fchownat(dir, "absolute", 1234, 1234, AT_SYMLINK_NOFOLLOW), 0);
	check_folder("absolute", NULL);
	check_folder("absolute/deep", NULL);
	ck_assert_int_eq(fchownat(dir, "sub", 1234, 1234, AT_SYMLINK_NOFOLLOW), 0);
	check_folder("sub/deep", "sub/deep");
}
END_TEST

START_TEST(a_path_is_taken_apart_at_its_last_slash)
{
	struct err e = { 0 };
	const char *name;
	char file[100];
	struct stat a, b;
	cleanup_fd int parent = -1, here = -1, root = -1;

	(void)snprintf(file, sizeof(file), "%s/file", path);
	parent = walk_open_parent(file, &name, &e);
	ck_assert_int_ge(parent, 0);
	ck_assert_ptr_eq(name, file + strlen(path) + 1);
	ck_assert_int_eq(fstat(parent, &a) | fstat(dir, &b), 0);
	ck_assert_uint_eq(a.st_ino, b.st_ino);
	here = walk_open_parent("x", &name, &e);
	ck_assert_int_ge(here, 0);
	ck_assert_str_eq(name, "x");
	ck_assert_int_eq(fstat(here, &a) | stat(".", &b), 0);
	ck_assert_uint_eq(a.st_ino, b.st_ino);
	root = walk_open_parent("/x", &name, &e);
	ck_assert_int_ge(root, 0);
	ck_assert_int_eq(fstat(root, &a) | stat("/", &b), 0);
	ck_assert_uint_eq(a.st_ino, b.st_ino);
}
END_TEST

START_TEST(a_path_that_names_no_file_has_no_parent)
{
	static const char *const paths[] = { "", "/", "/tmp/", ".", "..", "/tmp/..", "/nowhere/x" };
	struct err e = { 0 };
	const char *name;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		ck_assert_int_eq(walk_open_parent(paths[i], &name, &e), -1);
		ck_assert_int_eq(e.exit, EX_NOINPUT);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("walk");
	TCase *t = tcase_create("walk");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, files_and_folders_below_are_opened, 0, 2);
	tcase_add_loop_test(t, a_symbolic_link_is_not_followed, 0, 2);
	tcase_add_loop_test(t, the_folder_is_not_left, 0, 2);
	tcase_add_loop_test(t, what_is_not_there_is_no_input, 0, 2);
	tcase_add_loop_test(t, only_regular_files_are_opened, 0, 2);
	tcase_add_loop_test(t, files_are_created_with_their_mode, 0, 2);
	tcase_add_loop_test(t, another_mount_is_not_entered, 0, 2);
	tcase_add_loop_test(t, inside_links_are_followed_as_from_a_root, 0, 2);
	tcase_add_loop_test(t, nothing_leads_outside, 0, 2);
	tcase_add_loop_test(t, a_folder_is_reached_by_links_of_root_and_ours_alone, 0, 2);
	tcase_add_test(t, a_path_is_taken_apart_at_its_last_slash);
	tcase_add_test(t, a_path_that_names_no_file_has_no_parent);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return suite_run(suite());
}
