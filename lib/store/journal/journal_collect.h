/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * journal_collect.h - a journal file copied without some of its entries
 *
 * What stays is copied as it is, in its order: objects bit for bit, packed ones packed; only the references
 * between them are new. The file keeps its id, so that hashes hold; entries keep number, times and boot, so
 * that a cursor finds them. DATA and FIELD objects that no entry has any more are not in the copy. Hash
 * tables, the chain of entries and that of each DATA object are rebuilt, one exact array each. Seals go
 * with what they sealed, and the flag that promises them.
 *
 * First everything is judged, and nothing written: each field's value once, however many entries have it,
 * then each entry. The file is read to its end and each payload's hash compared, so that a damaged one is
 * found before any of it is dropped.
 *
 * Memory: 36 bytes for each object and a 32nd of the file, in a scratch file that is mapped; nothing of it is
 * anonymous. Files up to 32 GiB, objects up to 4 GiB. One thread. Source: systemd.io/JOURNAL_FILE_FORMAT.
 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/span.h"
#include "record/record.h"
#include "store/journal/journal_map.h"

#define JOURNAL_SIZE_MAX ((uint64_t)UINT32_MAX * 8) /* bytes: places are told in units of 8 */

/* What a field counts for, or all of an entry's together. */
struct journal_says {
	uint64_t
		marks; /* RECORD_MARK_UNREAD: one is too large to be unpacked, and was not shown to anybody */
	uint64_t bytes; /* that they take up; the collector's to say */
	uint32_t whose; /* a number of the judge's own, 0 for nothing; joined by `join` */
	bool matters;
};

struct journal_judge {
	void *ctx;
	/* What FIELD=value counts for: asked once for each that the file has. NULL: nothing counts. */
	void (*data)(void *ctx, struct span field, struct journal_says *ret);
	/* NULL: there are no numbers. */
	uint32_t (*join)(void *ctx, uint32_t a, uint32_t b);
	/* Does EN go, of whose fields ALL is said? 1 yes, 0 no, -1 fails. */
	int (*entry)(void *ctx, struct journal_map *m, const struct journal_entry *en,
		const struct journal_says *all, struct err *e);
};

/* What ONE says is said of ALL. */
static inline void
journal_judge_join(
	const struct journal_judge *judge, struct journal_says *all, const struct journal_says *one)
{
	all->marks |= one->marks;
	all->bytes += one->bytes;
	all->matters |= one->matters;
	if (one->whose != 0)
		all->whose = all->whose == 0 ? one->whose
					     : judge->join(judge->ctx, all->whose, one->whose);
}

struct journal_collected {
	uint64_t n_gone, n_stay;
	int64_t oldest_us, newest_us; /* of what goes; INT64_MAX, INT64_MIN: nothing does */
};

struct journal_collect;

/* Readies to collect M, which is borrowed. SCRATCH_FD: an empty file without a name, borrowed. Fails with
 * EX_DATAERR (damaged, or too large), EX_CANTCREAT (the scratch file has no room). */
int journal_collect_new(
	struct journal_map *m, int scratch_fd, struct journal_collect **ret, struct err *e);
struct journal_collect *journal_collect_free(struct journal_collect *c);
DEFINE_CLEANUP(struct journal_collect, journal_collect_free)

/* Judges each entry, once for each C. Fails with EX_DATAERR, EX_CANTCREAT. */
int journal_collect_judge(struct journal_collect *c, const struct journal_judge *judge,
	struct journal_collected *ret, struct err *e);

/* Writes what stays, at least one entry, to TO_FD, an empty file: archived. Not synced. EX_CANTCREAT, EX_DATAERR. */
int journal_collect_write(struct journal_collect *c, int to_fd, struct err *e);

/* Is the file M whole? Objects, counts, chains both ways, and each payload's hash. SCRATCH_FD: an empty file
 * without a name, a 16th of M's size at most is written to it. EX_DATAERR, EX_CANTCREAT. */
int journal_check(struct journal_map *m, int scratch_fd, struct err *e);
