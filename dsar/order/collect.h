/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * collect.h - what a node has answered goes into the case
 */
#pragma once
#include <jansson.h>

#include "base/err.h"
#include "dsar/case/case.h"
#include "dsar/act/erasure.h"
#include "dsar/act/rectification.h"
#include "dsar/subject/subject.h"

struct session;

struct collecting {
	struct session *s;
	struct case_file c;
	const char *node;
	struct subject subject; /* the case's, grown by what the node has found */
	struct {
		int64_t there, here;
	} * id; /* identifiers that came from the node: their ids there, and here */
	size_t n_ids, max_ids;
	uint64_t n_found, n_failed, n_waiting; /* waiting: identifiers, for the officer's word */
	bool ended;                            /* its last line was seen */

	struct erasure finds;        /* plan, erase: the node's finds, by their id … */
	struct erasure x;            /* … and what becomes of them, as the node says */
	struct rectification wishes; /* rectify-plan, rectify: what is wished of its finds, … */
	size_t n_said;               /* … and of how many it says what becomes of them */
	bool strange;                /* … or of one that is not wished any more */
	bool became;                 /* it has told of a record that was changed */

	char hash[SHA256_HEX];
	bool proved;     /* erase: it has searched again, … */
	uint64_t n_left; /* … and found so many records that its plan did not have */
};

int collecting_begin(struct collecting *g, struct err *e);
void collecting_release(struct collecting *g);

/* One line of the result of an order to search (result.h). Within a transaction. */
int collect_search(void *ctx, const json_t *line, struct err *e);

/* … of an order to plan, or to erase; and keeps what it says. Within a transaction. */
int collect_erasure(void *ctx, const json_t *line, struct err *e);
int collect_erasure_end(struct collecting *g, bool erased, struct err *e);

/* … of an order to plan a rectification, or to rectify. Within a transaction. A plan that is
 * not of what is wished by now cannot be carried out: g->hash is "" then. */
int collect_rectification(void *ctx, const json_t *line, struct err *e);
int collect_rectification_end(struct collecting *g, bool rectified, struct err *e);
