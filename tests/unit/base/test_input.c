/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file/input.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/suite.h"

static const char *const filters[] = { "gzip", "xz", "zstd", "bzip2" };
#define N_FILTERS ((int)(sizeof(filters) / sizeof(filters[0])))

/* 60,000 numbered lines: 350 KB, several blocks of each format but bzip2. */
static char *big;
static size_t big_len;

static void
setup(void)
{
	FILE *f = open_memstream(&big, &big_len);

	ck_assert_ptr_nonnull(f);
	for (int i = 0; i < 60000; i++)
		fprintf(f, "%d\n", i);
	ck_assert_int_eq(fclose(f), 0);
}

static void
teardown(void)
{
	free(big);
}

static int
memory_file(const void *p, size_t n)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, p, n), (ssize_t)n);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* The packed bytes of P, by our own output or by the format's own tool (an oracle). */
static int
pack(const char *filter, bool by_tool, const char *p, size_t n)
{
	int fd = memfd_create("packed", 0), in = memory_file(p, n);
	struct output *o;
	struct err e;
	pid_t pid;
	int status;

	ck_assert_int_ge(fd, 0);
	if (by_tool) {
		pid = fork();
		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			if (dup2(in, 0) == 0 && dup2(fd, 1) == 1)
				(void)execlp(filter, filter, "-c", (char *)NULL);
			_exit(127);
		}
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
	} else {
		ck_assert_int_eq(output_open(fd, filter, &o, &e), 0);
		ck_assert_int_eq(output_write(o, p, n, &e), 0);
		ck_assert_int_eq(output_finish(o, &e), 0);
		output_free(o);
	}
	ck_assert_int_eq(close(in), 0);
	return fd;
}

static size_t
size_of(int fd)
{
	return (size_t)lseek(fd, 0, SEEK_END);
}

/* Reads FD whole (given away) into RET; returns what the last read said. */
static long
unpack_all(int fd, char **ret, size_t *ret_len, const char **ret_filter, struct err *e)
{
	struct input *in;
	char chunk[10007];
	FILE *f = open_memstream(ret, ret_len);
	long r;

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(input_open(fd, "test", &in, e), 0);
	*ret_filter = input_filter(in);
	while ((r = input_read(in, chunk, sizeof(chunk), e)) > 0)
		ck_assert_uint_eq(fwrite(chunk, 1, (size_t)r, f), (size_t)r);
	if (r < 0) /* damage stays */
		ck_assert_int_eq(input_read(in, chunk, sizeof(chunk), e), -1);
	input_free(in);
	ck_assert_int_eq(fclose(f), 0);
	return r;
}

static void
check_whole(int fd, const char *filter, const char *want, size_t want_len)
{
	const char *found;
	char *text;
	size_t len;
	struct err e;

	ck_assert_int_eq(unpack_all(fd, &text, &len, &found, &e), 0);
	ck_assert_str_eq(found, filter);
	ck_assert_uint_eq(len, want_len);
	ck_assert_int_eq(memcmp(text, want, len), 0);
	free(text);
}

/* Damaged, but not before GOOD bytes that are right were given. */
static void
check_damaged(int fd, size_t good)
{
	const char *found;
	char *text;
	size_t len;
	struct err e;

	ck_assert_int_eq(unpack_all(fd, &text, &len, &found, &e), -1);
	ck_assert_int_eq(e.exit, EX_DATAERR);
	ck_assert_uint_ge(len, good);
	ck_assert_int_eq(memcmp(text, big, len < big_len ? len : big_len), 0);
	free(text);
}

START_TEST(plain_input_is_given_as_it_is)
{
	check_whole(memory_file(big, big_len), "", big, big_len);
	check_whole(memory_file("", 0), "", "", 0);
	check_whole(memory_file("B", 1), "", "B", 1);
	check_whole(memory_file("BZh9 is no bzip2\n", 17), "", "BZh9 is no bzip2\n", 17);
	check_whole(memory_file("\x1f\x8b", 2), "", "\x1f\x8b", 2);
}
END_TEST

START_TEST(reads_what_each_tool_has_packed)
{
	check_whole(pack(filters[_i], true, big, big_len), filters[_i], big, big_len);
	check_whole(pack(filters[_i], true, "", 0), filters[_i], "", 0);
}
END_TEST

START_TEST(reads_what_it_has_packed_itself)
{
	check_whole(pack(filters[_i], false, big, big_len), filters[_i], big, big_len);
	check_whole(pack(filters[_i], false, "a\n", 2), filters[_i], "a\n", 2);
}
END_TEST

/* The other direction: the tool reads ours and agrees. */
START_TEST(each_tool_reads_what_we_have_packed)
{
	int packed = pack(filters[_i], false, big, big_len), plain = memfd_create("plain", 0);
	int status;
	pid_t pid;

	ck_assert_int_eq(lseek(packed, 0, SEEK_SET), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (dup2(packed, 0) == 0 && dup2(plain, 1) == 1)
			(void)execlp(filters[_i], filters[_i], "-dc", (char *)NULL);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(close(packed), 0);
	check_whole(plain, "", big, big_len);
}
END_TEST

START_TEST(same_text_packs_to_the_same_bytes)
{
	int a = pack(filters[_i], false, big, big_len), b = pack(filters[_i], false, big, big_len);
	size_t n = size_of(a);
	char *pa, *pb;

	ck_assert_uint_eq(size_of(b), n);
	pa = mmap(NULL, n, PROT_READ, MAP_SHARED, a, 0);
	pb = mmap(NULL, n, PROT_READ, MAP_SHARED, b, 0);
	ck_assert_int_eq(memcmp(pa, pb, n), 0);
	ck_assert_int_eq(munmap(pa, n) | munmap(pb, n) | close(a) | close(b), 0);
}
END_TEST

/* logrotate and `cat a.gz b.gz` make such files. */
START_TEST(members_one_after_the_other_are_one_file)
{
	int a = pack(filters[_i], true, big, big_len / 2);
	int b = pack(filters[_i], true, big + big_len / 2, big_len - big_len / 2);
	size_t na = size_of(a), nb = size_of(b);
	char *pb = mmap(NULL, nb, PROT_READ, MAP_SHARED, b, 0);

	ck_assert_int_eq(pwrite(a, pb, nb, (off_t)na), (ssize_t)nb);
	ck_assert_int_eq(munmap(pb, nb) | close(b), 0);
	check_whole(a, filters[_i], big, big_len);
}
END_TEST

/* What zcat and its kin give of a file cut at two thirds is the least that we have to give. */
START_TEST(a_file_cut_short_gives_all_that_is_readable)
{
	static const size_t readable[] = { 180000, 180000, 130000, 0 };
	int fd = pack(filters[_i], true, big, big_len);

	ck_assert_int_eq(ftruncate(fd, (off_t)(size_of(fd) * 2 / 3)), 0);
	check_damaged(fd, readable[_i]);
	fd = pack(filters[_i], true, big, big_len);
	ck_assert_int_eq(ftruncate(fd, (off_t)(size_of(fd) - 1)), 0);
	check_damaged(fd, filters[_i][0] == 'b' ? 0 : big_len);
	fd = pack(filters[_i], true, big, big_len);
	ck_assert_int_eq(ftruncate(fd, 12), 0);
	check_damaged(fd, 0);
}
END_TEST

START_TEST(garbage_behind_the_end_is_damage)
{
	int fd = pack(filters[_i], true, big, big_len);

	ck_assert_int_eq(pwrite(fd, "garbage", 7, (off_t)size_of(fd)), 7);
	check_damaged(fd, big_len);
}
END_TEST

START_TEST(a_wrong_checksum_is_damage)
{
	int fd = pack("gzip", true, big, big_len);

	ck_assert_int_eq(pwrite(fd, "\0\0\0\0", 4, (off_t)size_of(fd) - 8), 4);
	check_damaged(fd, big_len);
}
END_TEST

START_TEST(every_flipped_byte_is_found)
{
	int fd = pack(filters[_i], true, big, 200);
	size_t n = size_of(fd);
	char bytes[1000];

	ck_assert_uint_le(n, sizeof(bytes));
	ck_assert_int_eq(pread(fd, bytes, n, 0), (ssize_t)n);
	ck_assert_int_eq(close(fd), 0);
	for (size_t at = 0; at < n; at++) {
		const char *found;
		char *text;
		size_t len;
		struct err e;

		bytes[at] ^= 0x20;
		/* without its magic it is plain; bits that change no text do no harm */
		if (unpack_all(memory_file(bytes, n), &text, &len, &found, &e) == 0 && *found)
			ck_assert_msg(len == 200 && memcmp(text, big, len) == 0, "byte %zu", at);
		free(text);
		bytes[at] ^= 0x20;
	}
}
END_TEST

START_TEST(a_pipe_that_trickles_is_passed_on_at_once)
{
	int p[2];
	struct input *in;
	struct err e;
	char text[16];

	ck_assert_int_eq(pipe2(p, O_NONBLOCK), 0);
	ck_assert_int_eq(input_open(p[0], "pipe", &in, &e), 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(write(p[1], "Line\n", 5), 5);
		ck_assert_int_eq(input_read(in, text, sizeof(text), &e), 5);
	}
	ck_assert_int_eq(close(p[1]), 0);
	ck_assert_int_eq(input_read(in, text, sizeof(text), &e), 0);
	ck_assert_str_eq(input_filter(in), "");
	input_free(in);
}
END_TEST

START_TEST(a_packed_pipe_is_unpacked)
{
	int fd = pack("gzip", true, "hello\n", 6), p[2];
	char bytes[100], text[16];
	ssize_t n;
	struct input *in;
	struct err e;

	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	n = read(fd, bytes, sizeof(bytes));
	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(write(p[1], bytes, (size_t)n), n);
	ck_assert_int_eq(close(p[1]) | close(fd), 0);
	ck_assert_int_eq(input_open(p[0], "pipe", &in, &e), 0);
	ck_assert_int_eq(input_read(in, text, sizeof(text), &e), 6);
	ck_assert_int_eq(memcmp(text, "hello\n", 6), 0);
	ck_assert_str_eq(input_filter(in), "gzip");
	ck_assert_int_eq(input_read(in, text, sizeof(text), &e), 0);
	input_free(in);
}
END_TEST

START_TEST(a_folder_cannot_be_read)
{
	struct input *in;
	struct err e;
	char text[16];

	ck_assert_int_eq(input_open(open("/", O_RDONLY), "folder", &in, &e), 0);
	ck_assert_int_eq(input_read(in, text, sizeof(text), &e), -1);
	ck_assert_int_eq(e.exit, EX_IOERR);
	ck_assert_str_eq(e.where, "folder");
	input_free(in);
}
END_TEST

START_TEST(a_full_disk_is_an_error)
{
	int fd = open("/dev/full", O_WRONLY);
	struct output *o;
	struct err e = { 0 };
	int r;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(output_open(fd, _i < N_FILTERS ? filters[_i] : "", &o, &e), 0);
	r = output_write(o, big, big_len, &e);
	if (r == 0)
		r = output_finish(o, &e);
	ck_assert_int_eq(r, -1);
	ck_assert_int_eq(e.exit, EX_IOERR);
	output_free(o);
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("input");
	TCase *t = tcase_create("input");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, plain_input_is_given_as_it_is);
	tcase_add_loop_test(t, reads_what_each_tool_has_packed, 0, N_FILTERS);
	tcase_add_loop_test(t, reads_what_it_has_packed_itself, 0, N_FILTERS);
	tcase_add_loop_test(t, each_tool_reads_what_we_have_packed, 0, N_FILTERS);
	tcase_add_loop_test(t, same_text_packs_to_the_same_bytes, 0, N_FILTERS);
	tcase_add_loop_test(t, members_one_after_the_other_are_one_file, 0, N_FILTERS);
	tcase_add_loop_test(t, a_file_cut_short_gives_all_that_is_readable, 0, N_FILTERS);
	tcase_add_loop_test(t, garbage_behind_the_end_is_damage, 0, N_FILTERS);
	tcase_add_test(t, a_wrong_checksum_is_damage);
	tcase_add_loop_test(t, every_flipped_byte_is_found, 0, N_FILTERS);
	tcase_add_test(t, a_pipe_that_trickles_is_passed_on_at_once);
	tcase_add_test(t, a_packed_pipe_is_unpacked);
	tcase_add_test(t, a_folder_cannot_be_read);
	tcase_add_loop_test(t, a_full_disk_is_an_error, 0, N_FILTERS + 1);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return suite_run(suite());
}
