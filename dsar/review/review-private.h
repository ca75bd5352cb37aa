/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * review-private.h - what the files of the command share
 */
#pragma once
#include "dsar/review/review.h"

struct reviewing {
	struct session *s;
	struct case_file file;
	struct known known;
	int64_t shown;           /* find whose places are told */
	uint64_t n_open, n_left; /* finds not decided; those that a rule had to leave to a name */
};

int review_list(struct reviewing *r, struct err *e);
int review_show(struct reviewing *r, int64_t id, struct err *e);
int review_show_find(struct reviewing *r, const struct find *f, struct err *e);

/* Decides one find in a transaction of its own, with what is on record about it. */
int review_one(struct reviewing *r, int64_t id, const struct decision *d, struct err *e);

/* One find after the other, asked at the terminal. */
int review_ask(struct reviewing *r, struct err *e);
