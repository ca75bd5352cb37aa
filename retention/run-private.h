/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * run-private.h - what the files of a run share
 *
 *   run.c     plan, ledger entry, act, result
 *   refuse.c  what waits for a person: a store of which too much would go, or that lies elsewhere
 */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "retention/due.h"
#include "retention/mounts.h"
#include "store/plan.h"
#include "store/store.h"

struct session;

struct run {
	struct session *s;
	bool dry, accept_clock, accept_mount;
	const char *confirm, *only;
	int64_t longest_us;
	struct refused {
		int64_t now_us, longest_us;
	} of; /* the plan that is confirmed was of then; 0: of now */
	struct mounts mounts;
	size_t n_open;
	struct job {
		struct store *store;
		struct due due;
		struct plan plan;
		struct store_size size;
		int64_t oldest_us;                /* read back; RECORD_NO_TIME: nothing is left */
		char hash[2 * PLAN_HASH_LEN + 1]; /* of its own plan */
		json_t *lies;                     /* where its folders lie: mounts.h */
		const char *elsewhere;            /* of those, what is not expected; NULL: all is */
		bool failed;                      /* its plan is not whole: nothing of it is done */
	} * job;
	struct plan all;
	char hash[2 * PLAN_HASH_LEN + 1];
	json_t *stores;       /* what came of each: account.h */
	int status;           /* of the whole, the worst so far */
	bool scrubbed_unread; /* a store that logscrub writes could not be looked at */
	unsigned n_keys;      /* that are past, and what day they are before */
	int32_t keys_before;
};

/* The run ends with STATUS, unless with a worse one. */
void run_worse(struct run *r, int status);

/* Looks up of when the plan is that is confirmed, and where stores lay. */
int refuse_look_back(struct run *r, struct err *e);

/* 1: nothing of J may be done, which has been said. What is refused is on record, and what a person
 * overrules. */
int refuse(struct run *r, struct job *j, struct err *e);
