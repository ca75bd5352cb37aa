/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * due.h - what a run of now has to erase
 *
 * Never late: what would pass its period before the next run has carried out its own deletions goes
 * now. cut-off = now - (period - time to the next run - longest run seen). DIN 66398: the period
 * is the maximum and includes carrying the deletion out.
 */
#pragma once
#include "store/selector.h"

struct conf;
struct conf_store;
struct session;

struct due {
	int64_t cutoff_us; /* of the store itself; a journal's entries have that of whose they are */
	const struct conf *conf;
	const struct conf_store *store;
	int64_t now_us, longest_us;
	struct select_question question, copied_question, longer_question;
	struct selector bound, own;
	struct selector old, hold, duty;
	struct selector copied, unrestricted, uncovered, uncovered_or_copied, longer;
	/* held: by either; free: by neither, in a journal also by a hold that has a copy of it; due:
	 * older than the cut-off, and free; rightly: held, or in a journal an entry of a store that keeps its own
	 * for longer, and not past that either: what may be older than the store's period */
	struct selector held, unheld, free, due, rightly;
};

/* What is due at NOW_US. D borrows S, and itself: it must not be moved. LONGEST_US: of the runs so
 * far. */
void due_init(struct due *d, struct session *s, const struct conf_store *st, int64_t now_us,
	int64_t longest_us);

/* Is it for retention to age this store? */
bool due_applies(const struct conf_store *st);
