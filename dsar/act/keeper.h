/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * keeper.h - what must not be erased, and why
 *
 * A record is kept by a hold of somebody else's (an incident, another case's restriction), by a legal
 * duty (GDPR Art. 17(3)), or because its store says that somebody else erases it (not_erased). The case's own holds, which keep its finds until they are answered, keep nothing
 * from its own erasure: their incident is the case's number.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/selector.h"

struct record;
struct session;

#define KEEPER_GROUND_MAX 256

struct keeper {
	struct session *session; /* borrowed */
	const char *own;
	struct select_question question;
	struct selector kept, not_kept, spared;
};

/* K must not be moved. EX_CONFIG: somebody else's hold names a store that is not declared; what is kept cannot be told. */
int keeper_init(struct keeper *k, struct session *s, const char *own, struct err *e);

/* "OF, and need not be kept now"; borrowed from K, as OF is. */
const struct selector *keeper_spare(struct keeper *k, const struct selector *of);

/* Is R kept? Then why, and until when: the last of its grounds, INT64_MAX where nobody can say. */
bool keeper_why(struct keeper *k, const struct record *r, char ret_ground[KEEPER_GROUND_MAX],
	int64_t *ret_until_us);
