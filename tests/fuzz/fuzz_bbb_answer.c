/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_bbb_answer.c - the API's answer, in one piece and in pieces: both come to the same
 */
#include <stdint.h>
#include <stdlib.h>

#include "logscrub/stats/bbb_answer.h"

#define CHECK(x)                                                                                   \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

static int
read_in(const uint8_t *p, size_t n, size_t step, struct census *c, struct census_media *m)
{
	CLEANUP(bbb_answer_freep) struct bbb_answer *a = NULL;
	struct err e = { 0 };

	CHECK(bbb_answer_new(c, &a, &e) == 0);
	for (size_t at = 0; at < n; at += step)
		if (bbb_answer_add(a, p + at, n - at < step ? n - at : step, &e) < 0)
			return -1;
	return bbb_answer_end(a, m, &e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[CENSUS_KEY_LEN];
	struct census *c[2] = { 0 };
	struct census_media m[2] = { 0 };
	struct tally t[2] = { 0 };
	int rc[2];

	CHECK(sodium_init() >= 0);
	for (int i = 0; i < 2; i++) {
		CHECK(census_new(key, &c[i], NULL) == 0);
		rc[i] = read_in(data, size, i ? 3 : 4096, c[i], &m[i]);
		if (rc[i] == 0)
			census_follow(c[i], NULL, 1, &m[i], &t[i]);
	}
	CHECK(rc[0] == rc[1]);
	if (rc[0] == 0) {
		CHECK(census_people(c[0]) == census_people(c[1]));
		CHECK(census_rooms(c[0]) == census_rooms(c[1]));
		CHECK(m[0].microphones == m[1].microphones && m[0].cameras == m[1].cameras);
		CHECK(census_rooms(c[0]) <= census_people(c[0]));
	}
	for (int i = 0; i < 2; i++) {
		census_free(c[i]);
		tally_release(&t[i]);
	}
	return 0;
}
