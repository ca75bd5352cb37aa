/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench_journal.c - a journal file by the collector's own functions: what tests/bench/journal measures, and what
 * the oracle of the collector's story holds against journalctl
 *
 *   bench_journal collect FROM TO FIELD=VALUE...   TO: FROM without the entries that have one of these fields
 *   bench_journal scan TOKEN FILE...               entries of which a field has TOKEN in it, each read whole
 *   bench_journal find FIELD=VALUE FILE...         the same by the files' index
 *   bench_journal check FILE...                    is each whole?
 *
 * One line of counts and seconds. Exit status: 0; 1, with the reason.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "store/journal/journal_collect.h"

#define UNPACKED_MAX (64u << 20)

static double
now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
map_path(const char *path, struct journal_map *m, struct err *e)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_fail(e, EX_NOINPUT, errno, "cannot open", NULL, "%s", path);
	return journal_map_open(fd, UNPACKED_MAX, m, e) < 0 ? err_within(e, "%s", path) : 0;
}

/* --- collect ---------------------------------------------------------------------------------- */

static void
is_one_of(void *ctx, struct span field, struct journal_says *ret)
{
	for (char **one = ctx; *one; one++)
		ret->marks |= span_eq(span_str(*one), field);
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

static int
collect(char **argv, struct err *e)
{
	const struct journal_judge judge = { argv + 2, is_one_of, NULL, goes };
	CLEANUP(journal_collect_freep) struct journal_collect *c = NULL;
	cleanup_fd int to = open(argv[1], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	cleanup_fd int scratch = open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	cleanup_fd int scratch2 = open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct journal_collected done = { 0 };
	struct journal_map m, made;
	const double begin = now_s();
	double end;
	int rc;

	if (to < 0 || scratch < 0)
		return err_fail(e, EX_CANTCREAT, errno, "cannot write", NULL, "%s", argv[1]);
	if (map_path(argv[0], &m, e) < 0)
		return -1;
	rc = journal_collect_new(&m, scratch, &c, e);
	if (rc == 0)
		rc = journal_collect_judge(c, &judge, &done, e);
	if (rc == 0 && done.n_stay > 0)
		rc = journal_collect_write(c, to, e);
	if (rc == 0 && done.n_stay > 0) {
		rc = journal_map_open(to, UNPACKED_MAX, &made, e);
		if (rc == 0) {
			rc = journal_check(&made, scratch2, e);
			journal_map_release(&made);
		}
	}
	journal_map_release(&m);
	end = now_s();
	if (rc < 0)
		return err_within(e, "%s", argv[0]);
	printf("gone=%llu stay=%llu s=%.4f\n", (unsigned long long)done.n_gone,
		(unsigned long long)done.n_stay, end - begin);
	return 0;
}

/* --- scan, find ------------------------------------------------------------------------------- */

static int
scan_map(struct journal_map *m, struct span token, uint64_t *n, uint64_t *found)
{
	struct journal_chain chain = journal_map_entries(m);
	struct journal_entry en;
	int rc;

	while ((rc = journal_chain_next(m, &chain, &en)) == 0) {
		bool has = false;

		for (uint64_t i = 0; i < en.n_items; i++) {
			struct span text;

			if (journal_map_payload(m, journal_entry_item(m, &en, i), &text) < 0)
				return -1;
			has |= memmem(text.p, text.len, token.p, token.len) != NULL;
		}
		++*n;
		*found += has;
	}
	return rc < 0 ? -1 : 0;
}

static int
find_map(struct journal_map *m, struct span field, uint64_t *n, uint64_t *found)
{
	struct journal_chain chain;
	struct journal_entry en;
	uint64_t at, size;
	int rc = journal_map_find(m, field, &at);

	*n += le64toh(m->header.n_entries);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	chain = journal_map_entries_of((const void *)journal_map_object(m, at, JF_DATA, &size));
	while ((rc = journal_chain_next(m, &chain, &en)) == 0)
		++*found;
	return rc < 0 ? -1 : 0;
}

static int
check_map(struct journal_map *m, struct span unused, uint64_t *n, uint64_t *found)
{
	cleanup_fd int scratch = open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct err ignored;

	(void)unused;
	*n += le64toh(m->header.n_entries);
	*found += 1;
	return scratch < 0 ? -1 : journal_check(m, scratch, &ignored);
}

static int
each_file(char **path, struct span what,
	int (*map)(struct journal_map *, struct span, uint64_t *, uint64_t *), struct err *e)
{
	const double begin = now_s();
	uint64_t n = 0, found = 0;
	struct journal_map m;

	for (; *path; path++) {
		int rc;

		if (map_path(*path, &m, e) < 0)
			return -1;
		rc = map(&m, what, &n, &found);
		if (rc < 0)
			(void)journal_map_fail(&m, e);
		journal_map_release(&m);
		if (rc < 0)
			return err_within(e, "%s", *path);
	}
	printf("entries=%llu found=%llu s=%.4f\n", (unsigned long long)n, (unsigned long long)found,
		now_s() - begin);
	return 0;
}

int
main(int argc, char **argv)
{
	struct err e;
	int rc = -1;

	if (sodium_init() < 0 || argc < 3)
		return EX_USAGE;
	if (strcmp(argv[1], "collect") == 0 && argc > 4)
		rc = collect(argv + 2, &e);
	else if (strcmp(argv[1], "scan") == 0)
		rc = each_file(argv + 3, span_str(argv[2]), scan_map, &e);
	else if (strcmp(argv[1], "find") == 0)
		rc = each_file(argv + 3, span_str(argv[2]), find_map, &e);
	else if (strcmp(argv[1], "check") == 0)
		rc = each_file(argv + 2, SPAN_NONE, check_map, &e);
	else
		return EX_USAGE;
	return rc < 0 ? err_print(&e, "bench_journal", stderr) && 1 : 0;
}
