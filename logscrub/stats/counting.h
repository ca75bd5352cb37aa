/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * counting.h - one way of counting a node, from one process to the next
 *
 * Three things go together: the census (hashes of who is there), the numbers that are not yet in
 * the database, and how often the database was added to. They are kept in runtime_dir, as
 * census-WAY-NODE, and only where that is in memory (tmpfs, ramfs): a file on a disk would outlive
 * its meetings. What is killed at any point and started again counts nothing twice and loses
 * nothing that it was told.
 *
 * The hashes' key is made from a salt that is in the file and a SECRET that is not, where there is
 * one: for polls the API's own, so that only who could have asked the API can make anything of it.
 */
#pragma once
#include "base/cleanup.h"
#include "logscrub/stats/census.h"
#include "logscrub/stats/stats_db.h"

struct conf;

struct counting {
	const struct conf *conf;
	char node[STATS_NODE_MAX + 1];
	enum stats_way way;
	struct census *census;
	struct tally tally;        /* not yet in the database */
	struct census_media media; /* api */
	int64_t counted_us;        /* when it was last told something */

	struct stats_db *db;
	int64_t serial;
	uint8_t salt[CENSUS_KEY_LEN];
	uint8_t key[CENSUS_KEY_LEN];
	int dir, lock; /* dir -1: runtime_dir is on a disk, nothing is kept there */
	bool dirty;    /* differs from what is kept */
};

/* Opens or begins it; conf's runtime_dir and state_dir have to be there. Where runtime_dir is on a
 * disk, it fails with EX_CONFIG for polls, which would remember nothing; log lines are counted all
 * the same, and dir is -1. EX_TEMPFAIL: another process is at it. The caller owns *ret. */
int counting_open(const struct conf *c, const char *node, enum stats_way w, struct span secret,
	struct counting **ret, struct err *e);
struct counting *counting_free(struct counting *k); /* saves nothing */
DEFINE_CLEANUP(struct counting, counting_free)

/* Keeps it for the next process. Cheap; nothing where it is not dirty. */
int counting_save(struct counting *k, struct err *e);

/* Adds the numbers to the database. */
int counting_commit(struct counting *k, struct err *e);
