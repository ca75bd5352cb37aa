/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A journal file of any bytes, looked at, judged, copied without what the judge drops, and looked at again.
 * Of a file that is whole so is the copy, with as many entries as stay. Where the last byte is odd, payloads
 * get the hashes they need first, so that more than the first comparison is reached.
 *
 * The seeds are files of systemd 252, 254 and 257 in each layout, hash and compression, with smaller tables.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store/journal/journal_collect.h"

#define SIZE_MOST    65536u
#define UNPACKED_MAX (1u << 20)

static int
file_of(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	return fd;
}

static int
scratch(void)
{
	int fd = memfd_create("scratch", MFD_CLOEXEC);

	if (fd < 0)
		abort();
	return fd;
}

static void
mend_hashes(int fd)
{
	struct journal_walk w = { 0 };
	struct journal_map m;
	struct err e;

	if (journal_map_open(fd, UNPACKED_MAX, &m, &e) < 0)
		return;
	while (journal_map_walk(&m, &w) == 0) {
		struct span text;
		uint64_t hash;

		if (w.type != JF_DATA || journal_map_payload(&m, w.offset, &text) != 0)
			continue;
		hash = htole64(journal_map_hash(&m, text));
		if (pwrite(fd, &hash, sizeof(hash),
			    (off_t)(w.offset + offsetof(struct jf_data, hash))) !=
			(ssize_t)sizeof(hash))
			abort();
	}
	journal_map_release(&m);
}

static void
see(void *ctx, struct span field, struct journal_says *ret)
{
	(void)ctx;
	ret->marks = field.len > 0 && field.p[0] == 'T' ? 2 : 1;
	ret->whose = (uint32_t)field.len;
}

static uint32_t
join(void *ctx, uint32_t a, uint32_t b)
{
	(void)ctx;
	return a > b ? a : b;
}

/* Every second entry goes, and each that has a field that begins with T. */
static int
judge(void *ctx, struct journal_map *m, const struct journal_entry *en,
	const struct journal_says *all, struct err *e)
{
	char cursor[JOURNAL_CURSOR_MAX];
	size_t *n = ctx;

	(void)e;
	journal_map_cursor(m, en, cursor);
	if (strlen(cursor) < 90)
		abort();
	return (all->marks & 2) || (*n)++ % 2 == 0;
}

static bool
is_whole(struct journal_map *m)
{
	cleanup_fd int fd = scratch();
	struct err e;

	return journal_check(m, fd, &e) == 0;
}

static void
collect(struct journal_map *m, bool whole)
{
	cleanup_fd int fd = scratch(), to = scratch();
	CLEANUP(journal_collect_freep) struct journal_collect *c = NULL;
	size_t n = 0;
	const struct journal_judge by = { &n, see, join, judge };
	struct journal_collected done;
	struct journal_map made;
	struct err e;

	if (journal_collect_new(m, fd, &c, &e) < 0 ||
		journal_collect_judge(c, &by, &done, &e) < 0 || done.n_stay == 0 ||
		journal_collect_write(c, to, &e) < 0)
		return;
	if (journal_map_open(to, UNPACKED_MAX, &made, &e) < 0)
		abort();
	if (le64toh(made.header.n_entries) != done.n_stay || (whole && !is_whole(&made)))
		abort();
	journal_map_release(&made);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct journal_map m;
	struct journal_chain chain;
	struct journal_entry en;
	struct err e;
	uint64_t at;
	bool whole;
	int fd;

	if (size < 1 || size > SIZE_MOST)
		return 0;
	fd = file_of(data, size);
	if (data[size - 1] & 1)
		mend_hashes(fd);
	if (journal_map_open(fd, UNPACKED_MAX, &m, &e) == 0) {
		chain = journal_map_entries(&m);
		while (journal_chain_next(&m, &chain, &en) == 0)
			for (uint64_t i = 0; i < en.n_items; i++) {
				struct span text;

				(void)journal_map_payload(
					&m, journal_entry_item(&m, &en, i), &text);
			}
		(void)journal_map_find(&m, SPAN("PRIORITY=6"), &at);
		m.bad = NULL;
		whole = is_whole(&m);
		m.bad = NULL;
		collect(&m, whole);
		journal_map_release(&m);
	}
	(void)close(fd);
	return 0;
}
