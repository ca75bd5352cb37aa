/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file/map.h"

#include "tests/unit/suite.h"

#define LEN 65536

static int
file_of(size_t len)
{
	int fd = memfd_create("map", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	for (size_t i = 0; i < len; i++)
		ck_assert_int_eq(write(fd, "x", 1), 1);
	return fd;
}

START_TEST(a_file_that_is_cut_reads_as_zeros_and_says_so)
{
	cleanup_fd int fd = file_of(LEN), other = file_of(LEN);
	CLEANUP(map_freep) struct map *m = NULL, *whole = NULL;
	size_t n = 0;

	ck_assert_int_eq(map_new(fd, LEN, false, &m), 0);
	ck_assert_int_eq(map_new(other, LEN, false, &whole), 0);
	ck_assert_uint_eq(map_bytes(m)[LEN - 1], 'x');
	ck_assert(!map_is_torn(m));
	ck_assert_int_eq(ftruncate(fd, 8192), 0);
	for (size_t i = 0; i < LEN; i++)
		n += map_bytes(m)[i] == 'x';
	ck_assert_uint_eq(n, 8192);
	ck_assert(map_is_torn(m));
	ck_assert(!map_is_torn(whole));
}
END_TEST

START_TEST(a_write_that_finds_no_file_is_told)
{
	cleanup_fd int fd = file_of(1);
	CLEANUP(map_freep) struct map *m = NULL;

	ck_assert_int_eq(map_new(fd, LEN, true, &m), 0);
	map_bytes(m)[0] = 'a';
	ck_assert(!map_is_torn(m));
	map_bytes(m)[LEN - 1] = 'b';
	ck_assert(map_is_torn(m));
}
END_TEST

START_TEST(there_are_so_many_and_no_more)
{
	struct map *m[MAP_MOST], *more = NULL;
	cleanup_fd int fd = file_of(1);

	for (size_t i = 0; i < MAP_MOST; i++)
		ck_assert_int_eq(map_new(fd, 1, false, &m[i]), 0);
	ck_assert_int_eq(map_new(fd, 1, false, &more), -1);
	ck_assert_int_eq(errno, EMFILE);
	m[3] = map_free(m[3]);
	ck_assert_int_eq(map_new(fd, 1, false, &m[3]), 0);
	for (size_t i = 0; i < MAP_MOST; i++)
		m[i] = map_free(m[i]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("map");
	TCase *tc = tcase_create("map");

	tcase_add_test(tc, a_file_that_is_cut_reads_as_zeros_and_says_so);
	tcase_add_test(tc, a_write_that_finds_no_file_is_told);
	tcase_add_test(tc, there_are_so_many_and_no_more);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
