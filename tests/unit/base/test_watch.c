/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file/watch.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/suite.h"

static char path[64];
static int dir = -1, sub = -1,
	   fd = -1; /* the folder, one in it, and a file in that, open to be written */
static struct watch *w;
static uint32_t group;

static int
folder(const char *name)
{
	int n = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_ge(n, 0);
	return n;
}

/* A group of both folders, on a tmpfs: /tmp may lie on an overlay, which is not believed. */
static void
setup(void)
{
	(void)snprintf(path, sizeof(path), "/dev/shm/sparsam-watch-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(mkdirat(dir, "sub", 0755) | mkdirat(dir, "other", 0755), 0);
	sub = folder("sub");
	fd = openat(sub, "file", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	ck_assert_int_eq(ftruncate(fd, 4096), 0);
	w = watch_new();
	ck_assert_ptr_nonnull(w);
	group = watch_begin(w);
	watch_folder(w, group, dir);
	watch_folder(w, group, sub);
}

static int
remove_one(const char *p, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(p);
}

static void
teardown(void)
{
	w = watch_free(w);
	fd_closep(&fd);
	fd_closep(&sub);
	fd_closep(&dir);
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

START_TEST(looking_at_files_does_not_touch_them)
{
	struct stat st;
	cleanup_fd int again = folder("sub");

	ck_assert_int_eq(fstatat(again, "file", &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert(watch_untouched(w, group));
}
END_TEST

static void
write_by_descriptor(void)
{
	ck_assert_int_eq(pwrite(fd, "x", 1, 0), 1);
}

static void
make_file(void)
{
	cleanup_fd int n = openat(sub, "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	ck_assert_int_ge(n, 0);
}

static void
make_folder(void)
{
	ck_assert_int_eq(mkdirat(sub, "new", 0755), 0);
}

static void
move_in(void)
{
	ck_assert_int_eq(renameat(dir, "other", sub, "other"), 0);
}

static void
move_away(void)
{
	ck_assert_int_eq(renameat(dir, "sub", dir, "other/sub"), 0);
}

static void
set_times(void)
{
	ck_assert_int_eq(utimensat(sub, "file", NULL, 0), 0);
}

/* Of what a mapping is written nothing tells, but of its file's being opened. */
static void
map(void)
{
	cleanup_fd int n = openat(sub, "file", O_RDWR | O_CLOEXEC);
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, n, 0);

	ck_assert_ptr_ne(p, MAP_FAILED);
	*p = 'x';
	ck_assert_int_eq(munmap(p, 4096), 0);
}

static void
more_than_the_queue_holds(void)
{
	for (int i = 0; i < 40000; i++)
		ck_assert_int_eq(utimensat(dir, i % 2 ? "sub/file" : "sub", NULL, 0), 0);
}

static void
second_name_inside(void)
{
	ck_assert_int_eq(linkat(sub, "file", dir, "second", 0), 0);
}

static void (*const touch[])(void) = { write_by_descriptor, make_file, make_folder, move_in,
	move_away, set_times, map, second_name_inside, more_than_the_queue_holds };
#define N_TOUCH (int)(sizeof(touch) / sizeof(touch[0]))

START_TEST(whatever_is_touched_is_told)
{
	const uint32_t second = watch_begin(w);
	cleanup_fd int other = folder("other");

	if (touch[_i] != move_in) /* which moves that one, too */
		watch_folder(w, second, other);
	ck_assert(watch_untouched(w, group) && watch_untouched(w, second));
	touch[_i]();
	ck_assert(!watch_untouched(w, group));
	ck_assert(!watch_untouched(w, group)); /* and remembered */
	if (touch[_i] != more_than_the_queue_holds && touch[_i] != move_away)
		ck_assert(watch_untouched(w, second));
}
END_TEST

START_TEST(what_cannot_be_watched_counts_as_touched)
{
	cleanup_fd int proc = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const uint32_t second = watch_begin(w);

	watch_folder(w, second, proc);
	ck_assert(!watch_untouched(w, second));
	watch_lost(w, group);
	ck_assert(!watch_untouched(w, group));
	ck_assert(!watch_untouched(NULL, 1));
	ck_assert(!watch_untouched(w, 0));
	ck_assert_uint_eq(watch_begin(NULL), 0);
}
END_TEST

START_TEST(one_folder_in_two_groups_is_told_of_in_neither)
{
	const uint32_t second = watch_begin(w);

	watch_folder(w, second, sub);
	ck_assert(!watch_untouched(w, second));
	ck_assert(!watch_untouched(w, group));
}
END_TEST

START_TEST(an_ended_group_is_watched_no_longer)
{
	uint32_t second;

	watch_end(w, group);
	ck_assert(!watch_untouched(w, group));
	write_by_descriptor();
	second = watch_begin(w);
	watch_folder(w, second, sub);
	ck_assert(watch_untouched(w, second));
	write_by_descriptor();
	ck_assert(!watch_untouched(w, second));
}
END_TEST

START_TEST(there_is_an_end_to_it)
{
	cleanup_fd int last = -1;

	for (int i = 0; i < WATCH_MAX; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "%d", i);
		ck_assert_int_eq(mkdirat(sub, name, 0755), 0);
	}
	for (int i = 0; i < WATCH_MAX; i++) {
		char name[32];
		const uint32_t one = watch_begin(w);
		cleanup_fd int n = -1;

		(void)snprintf(name, sizeof(name), "sub/%d", i);
		n = folder(name);
		watch_folder(w, one, n);
		if (i >= WATCH_MAX - 2) /* two are those of the first group */
			ck_assert(!watch_untouched(w, one));
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("watch");
	TCase *t = tcase_create("watch");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, looking_at_files_does_not_touch_them);
	tcase_add_loop_test(t, whatever_is_touched_is_told, 0, N_TOUCH);
	tcase_add_test(t, what_cannot_be_watched_counts_as_touched);
	tcase_add_test(t, one_folder_in_two_groups_is_told_of_in_neither);
	tcase_add_test(t, an_ended_group_is_watched_no_longer);
	tcase_add_test(t, there_is_an_end_to_it);
	suite_add_tcase(s, t);
	return suite_run(s);
}
