/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whoever counts is killed at each step between what is kept in memory and what is in the database.
 */
#include <check.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/conf/conf.h"
#include "logscrub/stats/counting.h"
#include "tests/unit/suite.h"

#define BEGIN (INT64_C(1795471200) * 1000000)

static char folder[64], cleaning[128];
static struct conf conf = { .state_dir = folder, .runtime_dir = folder };

static void
setup(void)
{
	(void)snprintf(folder, sizeof(folder), "/dev/shm/sparsam-counting-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void
teardown(void)
{
	(void)snprintf(cleaning, sizeof(cleaning), "rm -r %s", folder);
	ck_assert_int_eq(system(cleaning), 0);
}

static struct counting *
start(void)
{
	struct counting *k = NULL;
	struct err e = { 0 };

	ck_assert_msg(counting_open(&conf, "bbb1", WAY_API, SPAN("secret"), &k, &e) == 0, "%s: %s",
		e.what, e.where);
	return k;
}

/* Somebody comes, and is there at the mark of minute M. */
static void
count(struct counting *k, int m)
{
	census_advance(k->census, BEGIN + m * MINUTE_US + 1, &k->tally);
	census_join(k->census, census_hash(k->census, SPAN("room")),
		census_hash(k->census, SPAN("anna")), census_hash(k->census, SPAN("w_1")));
	census_advance(k->census, BEGIN + (m + 1) * MINUTE_US + 1, &k->tally);
	k->dirty = true;
}

static int
sum(void *ctx, const char *node, enum stats_way w, const struct tally_hour *h, struct err *e)
{
	(void)e;
	ck_assert_str_eq(node, "bbb1");
	ck_assert_int_eq(w, WAY_API);
	tally_merge(ctx, h);
	return 0;
}

static struct tally_hour
in_the_database(void)
{
	CLEANUP(stats_db_freep) struct stats_db *db = NULL;
	struct tally_hour all = { 0 };
	struct err e = { 0 };

	ck_assert_int_eq(stats_db_open(&conf, false, &db, &e), 0);
	ck_assert_int_eq(stats_db_each_hour(db, 0, INT64_MAX / 3600, sum, &all, &e), 0);
	return all;
}

static void
has(int64_t people, int64_t minutes)
{
	struct tally_hour all = in_the_database();

	ck_assert_int_eq(all.n[TALLY_PARTICIPANTS], people);
	ck_assert_int_eq(all.n[TALLY_PARTICIPANT_MINUTES], minutes);
}

START_TEST(who_was_counted_is_known_to_the_next_process)
{
	for (int m = 0; m < 5; m++) {
		CLEANUP(counting_freep) struct counting *k = start();

		count(k, m);
		ck_assert_int_eq(counting_commit(k, NULL), 0);
	}
	has(1, 5);
}
END_TEST

START_TEST(killed_before_the_database_has_it)
{
	CLEANUP(counting_freep) struct counting *k = start();

	count(k, 0);
	ck_assert_int_eq(counting_save(k, NULL), 0);
	counting_free(k);
	k = start();
	ck_assert_int_eq(counting_commit(k, NULL), 0);
	has(1, 1);
}
END_TEST

START_TEST(killed_when_the_database_has_it)
{
	const struct stats_now now = { .node = "bbb1", .way = WAY_API };
	CLEANUP(counting_freep) struct counting *k = start();

	count(k, 0);
	ck_assert_int_eq(counting_save(k, NULL), 0);
	ck_assert_int_eq(stats_db_add(k->db, &now, k->serial + 1, &k->tally, NULL), 0);
	counting_free(k);
	k = start();
	ck_assert_uint_eq(k->tally.n, 0);
	ck_assert_int_eq(census_people(k->census), 1);
	ck_assert_int_eq(counting_commit(k, NULL), 0);
	has(1, 1);
}
END_TEST

START_TEST(a_damaged_file_is_begun_anew)
{
	char path[128];
	CLEANUP(counting_freep) struct counting *k = start();

	count(k, 0);
	ck_assert_int_eq(counting_commit(k, NULL), 0);
	counting_free(k);
	(void)snprintf(path, sizeof(path), "%s/census-api-bbb1", folder);
	ck_assert_int_eq(truncate(path, 100), 0);
	k = start();
	ck_assert_int_eq(census_people(k->census), 0);
	count(k, 1);
	ck_assert_int_eq(counting_commit(k, NULL), 0);
	has(2, 2);
}
END_TEST

START_TEST(another_secret_or_start_gives_other_hashes)
{
	CLEANUP(counting_freep) struct counting *k = start(), *other = NULL;
	uint64_t anna = census_hash(k->census, SPAN("anna"));
	struct stat st;
	char path[128];

	k->dirty = true;
	ck_assert_int_eq(counting_save(k, NULL), 0);
	(void)snprintf(path, sizeof(path), "%s/census-api-bbb1", folder);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	k = counting_free(k);
	k = start();
	ck_assert_uint_eq(census_hash(k->census, SPAN("anna")), anna);
	k = counting_free(k);
	ck_assert_int_eq(counting_open(&conf, "bbb1", WAY_API, SPAN("s"), &other, NULL), 0);
	ck_assert_uint_ne(census_hash(other->census, SPAN("anna")), anna);
	other = counting_free(other);
	ck_assert_int_eq(unlink(path), 0);
	k = start();
	ck_assert_uint_ne(census_hash(k->census, SPAN("anna")), anna);
}
END_TEST

START_TEST(two_at_a_time_are_refused)
{
	CLEANUP(counting_freep) struct counting *k = start(), *other = NULL;
	struct err e = { 0 };

	ck_assert_int_lt(counting_open(&conf, "bbb1", WAY_API, SPAN(""), &other, &e), 0);
	ck_assert_int_eq(e.exit, EX_TEMPFAIL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("counting");
	TCase *t = tcase_create("counting");

	if (sodium_init() < 0)
		return 1;
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, who_was_counted_is_known_to_the_next_process);
	tcase_add_test(t, killed_before_the_database_has_it);
	tcase_add_test(t, killed_when_the_database_has_it);
	tcase_add_test(t, a_damaged_file_is_begun_anew);
	tcase_add_test(t, another_secret_or_start_gives_other_hashes);
	tcase_add_test(t, two_at_a_time_are_refused);
	suite_add_tcase(s, t);
	return suite_run(s);
}
