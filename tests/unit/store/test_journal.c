/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "store/journal/journal_collect.h"
#include "store/journal/journal_hash.h"
#include "tests/unit/suite.h"

#define SEEDS "tests/fuzz/corpus/journal/"

/* Files of journald's, of four entries each; the corpus of the fuzz target. */
static const char *const seeds[] = { SEEDS "regular-jenkins", SEEDS "regular-keyed",
	SEEDS "compact-jenkins", SEEDS "compact-keyed", SEEDS "254-plain", SEEDS "254-lz4",
	SEEDS "254-xz", SEEDS "257-zstd" };
#define N_SEEDS (sizeof(seeds) / sizeof(seeds[0]))

static int
scratch(void)
{
	int fd = memfd_create("scratch", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void
seed_map(size_t i, struct journal_map *ret)
{
	cleanup_fd int fd = open(seeds[i], O_RDONLY | O_CLOEXEC);
	struct err e;

	ck_assert_msg(fd >= 0, "%s is not there: run it from the source tree", seeds[i]);
	ck_assert_int_eq(journal_map_open(fd, 1u << 20, ret, &e), 0);
}

START_TEST(hashes_are_those_of_their_definitions)
{
	static const uint8_t key[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

	/* lookup3.c, driver5() */
	ck_assert_uint_eq(journal_hash_jenkins(SPAN("")), 0xdeadbeefdeadbeef);
	ck_assert_uint_eq(
		journal_hash_jenkins(SPAN("Four score and seven years ago")), 0x17770551ce7226e6);
	/* SipHash's paper, appendix A */
	ck_assert_uint_eq(
		journal_hash_keyed(span_of("\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16", 15), key),
		0xa129ca6149be45e5);
}
END_TEST

START_TEST(files_of_each_variant_are_whole)
{
	cleanup_fd int fd = scratch();
	struct journal_map m;
	struct err e;

	seed_map((size_t)_i, &m);
	ck_assert_uint_eq(le64toh(m.header.n_entries), 4);
	ck_assert_int_eq(journal_check(&m, fd, &e), 0);
	journal_map_release(&m);
}
END_TEST

START_TEST(a_field_is_found_by_the_index)
{
	struct journal_map m;
	struct journal_chain chain;
	struct journal_entry en;
	uint64_t at, size, n = 0;
	struct span text;

	seed_map((size_t)_i, &m);
	ck_assert_int_eq(journal_map_find(&m, SPAN("_SYSTEMD_UNIT=a.service"), &at), 0);
	ck_assert_int_eq(journal_map_payload(&m, at, &text), 0);
	ck_assert(span_eq(text, SPAN("_SYSTEMD_UNIT=a.service")));
	chain = journal_map_entries_of((const void *)journal_map_object(&m, at, JF_DATA, &size));
	while (journal_chain_next(&m, &chain, &en) == 0)
		n++;
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(journal_map_find(&m, SPAN("_SYSTEMD_UNIT=none.service"), &at), 1);
	journal_map_release(&m);
}
END_TEST

/* --- collecting ------------------------------------------------------------------------------- */

static size_t n_seen;

static void
see(void *ctx, struct span field, struct journal_says *ret)
{
	n_seen++;
	ret->marks = span_eq(field, *(struct span *)ctx);
}

static int
goes(void *ctx, struct journal_map *m, const struct journal_entry *en,
	const struct journal_says *all, struct err *e)
{
	(void)ctx;
	(void)m;
	(void)en;
	(void)e;
	return all->marks == 1;
}

static void
collect(struct journal_map *m, struct span field, int to, struct journal_collected *ret)
{
	CLEANUP(journal_collect_freep) struct journal_collect *c = NULL;
	const struct journal_judge judge = { &field, see, NULL, goes };
	cleanup_fd int fd = scratch();
	struct err e;

	n_seen = 0;
	ck_assert_int_eq(journal_collect_new(m, fd, &c, &e), 0);
	ck_assert_int_eq(journal_collect_judge(c, &judge, ret, &e), 0);
	if (ret->n_stay > 0)
		ck_assert_int_eq(journal_collect_write(c, to, &e), 0);
}

static void
cursor_of_last(struct journal_map *m, char ret[JOURNAL_CURSOR_MAX])
{
	struct journal_chain chain = journal_map_entries(m);
	struct journal_entry en;

	while (journal_chain_next(m, &chain, &en) == 0)
		journal_map_cursor(m, &en, ret);
}

START_TEST(what_stays_is_whole_and_keeps_its_cursor)
{
	cleanup_fd int to = scratch(), fd = scratch();
	char before[JOURNAL_CURSOR_MAX], after[JOURNAL_CURSOR_MAX];
	struct journal_collected done;
	struct journal_map m, made;
	uint64_t at;
	struct err e;

	seed_map((size_t)_i, &m);
	cursor_of_last(&m, before);
	collect(&m, SPAN("_SYSTEMD_UNIT=b.service"), to, &done);
	ck_assert_uint_eq(done.n_gone, 2);
	ck_assert_uint_eq(done.n_stay, 2);
	ck_assert_int_eq(done.oldest_us, 1795000000000000);
	ck_assert_int_eq(journal_map_open(to, 1u << 20, &made, &e), 0);
	ck_assert_int_eq(journal_check(&made, fd, &e), 0);
	ck_assert_uint_eq(made.header.state, JF_ARCHIVED);
	ck_assert_mem_eq(made.header.file_id, m.header.file_id, 16);
	cursor_of_last(&made, after);
	ck_assert_str_eq(before, after);
	ck_assert_int_eq(journal_map_find(&made, SPAN("_SYSTEMD_UNIT=b.service"), &at), 1);
	ck_assert_int_eq(journal_map_find(&made, SPAN("TAG=two"), &at), 0);
	journal_map_release(&made);
	journal_map_release(&m);
}
END_TEST

START_TEST(a_field_is_judged_once_however_many_entries_have_it)
{
	cleanup_fd int to = scratch();
	struct journal_collected done;
	struct journal_map m;

	seed_map((size_t)_i, &m);
	collect(&m, SPAN("PRIORITY=6"), to, &done);
	ck_assert_uint_eq(done.n_stay, 0);
	ck_assert_uint_eq(n_seen, le64toh(m.header.n_data));
	journal_map_release(&m);
}
END_TEST

/* Nothing of a file that is damaged anywhere is dropped, or it is dropped from a file that is as good as whole:
 * the bits that nobody reads may be any. */
START_TEST(a_bit_that_is_wrong_crashes_nobody)
{
	cleanup_fd int seed = open(seeds[_i], O_RDONLY | O_CLOEXEC);
	uint8_t bytes[8192];
	const ssize_t n = read(seed, bytes, sizeof(bytes));

	ck_assert_int_gt(n, 1000);
	for (size_t bit = 0; bit < (size_t)n * 8; bit += 5) {
		CLEANUP(journal_collect_freep) struct journal_collect *c = NULL;
		cleanup_fd int fd = scratch(), slots = scratch(), to = scratch();
		struct span field = SPAN("_SYSTEMD_UNIT=b.service");
		const struct journal_judge judge = { &field, see, NULL, goes };
		struct journal_collected done;
		struct journal_map m;
		struct err e;

		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_int_eq(write(fd, bytes, (size_t)n), n);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (journal_map_open(fd, 1u << 20, &m, &e) < 0)
			continue;
		if (journal_collect_new(&m, slots, &c, &e) == 0 &&
			journal_collect_judge(c, &judge, &done, &e) == 0 && done.n_stay > 0)
			(void)journal_collect_write(c, to, &e);
		journal_map_release(&m);
	}
}
END_TEST

START_TEST(an_unknown_kind_is_refused)
{
	cleanup_fd int seed = open(seeds[0], O_RDONLY | O_CLOEXEC), fd = scratch();
	uint8_t bytes[8192];
	const ssize_t n = read(seed, bytes, sizeof(bytes));
	struct journal_map m;
	struct err e;

	ck_assert_int_gt(n, 1000);
	bytes[12] |= 0x40;
	ck_assert_int_eq(write(fd, bytes, (size_t)n), n);
	ck_assert_int_eq(journal_map_open(fd, 1u << 20, &m, &e), -1);
	ck_assert_int_eq(e.exit, 65);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("journal");
	TCase *tc = tcase_create("journal");

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	tcase_add_test(tc, hashes_are_those_of_their_definitions);
	tcase_add_loop_test(tc, files_of_each_variant_are_whole, 0, N_SEEDS);
	tcase_add_loop_test(tc, a_field_is_found_by_the_index, 0, N_SEEDS);
	tcase_add_loop_test(tc, what_stays_is_whole_and_keeps_its_cursor, 0, N_SEEDS);
	tcase_add_loop_test(tc, a_field_is_judged_once_however_many_entries_have_it, 0, N_SEEDS);
	tcase_add_loop_test(tc, a_bit_that_is_wrong_crashes_nobody, 0, N_SEEDS);
	tcase_add_test(tc, an_unknown_kind_is_refused);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
