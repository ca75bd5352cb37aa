/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * review.h - a person decides of each find whether it goes into the answer, and without which of its bytes
 *
 * With each decision the covers (blacken.h) are kept that belong to it, so that taking it back brings the
 * ones before. What goes is kept as offsets: whose interest, why and how much can be told afterwards
 * (R15g), what it was is in the find alone, and goes with it.
 *
 *   review.c          decisions and covers in the register
 *   review_known.c    what is known of the person and of others, for proposals
 *   review_command.c  dsar review
 *   review_print.c    … lists and shows
 *   review_ask.c      … one after the other at a terminal
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dsar/review/blacken.h"
#include "dsar/case/case.h"
#include "dsar/search/find.h"
#include "dsar/subject/subject.h"

struct conf;
struct registry;
struct session;

/* Why a find is kept, blackened or left out: the words that letters can say in the person's language. Any
 * other ground is the DPO's own text. */
extern const char *const review_grounds[];
#define GROUND_HERS       "hers"       /* hers, and nobody else's */
#define GROUND_OTHERS     "others"     /* rights and freedoms of others (Art. 15(4)) */
#define GROUND_SECRET     "secret"     /* keys, passwords, what protects the service */
#define GROUND_NOT_HERS   "not-hers"   /* about somebody else */
#define GROUND_TWICE      "duplicate"  /* given already */
#define GROUND_RESTRICTED "restricted" /* on another's behalf (Art. 18) */
/* Art. 18(2): what is restricted on another's behalf is given out all the same, with consent, for legal claims, to protect
 * the rights of another person, for an important public interest. */
#define GROUND_CONSENT "consent"
#define GROUND_CLAIMS  "claims"
#define GROUND_RIGHTS  "rights"
#define GROUND_PUBLIC  "public-interest"
bool review_ground_is_known(const char *word);
bool review_ground_lifts(const char *word); /* one of Art. 18(2) */

/* What is known of the people in case NUMBER's finds. Wiped by its release. */
struct known {
	struct blacken_known blacken; /* borrows from the others */
	struct subject subject;
	struct known_value *own, *other;
	size_t n_own, n_other, max_other;
};
int known_read(const struct conf *c, struct registry *r, const char *number, struct known *ret,
	struct err *e);
void known_release(struct known *k);

/* Appends to *RET, which is empty, what of F should go. */
int review_propose(const struct known *k, const struct find *f, struct covers *ret, struct err *e);

/* Decides find ID with COVERS (NULL: none), in a transaction of the caller's. */
struct decision {
	enum find_decision decision;
	const char *ground;
	const struct covers *covers;
};
int review_decide(struct registry *r, const char *number, int64_t id, const struct decision *d,
	int64_t now_us, struct err *e);

/* Takes the newest decision back, or that of find *ID where it is not 0; *id says of which. 1: none. */
int review_undo(struct registry *r, const char *number, int64_t *id, struct err *e);

/* The covers of find ID's decision, appended to *RET, which is empty. */
int review_covers(struct registry *r, int64_t id, struct covers *ret, struct err *e);

/* Appends F's text as it may be given out: whole where it is kept, without its covers where it is blackened.
 * 1: it may not be, or has none. */
int review_given(struct registry *r, const struct find *f, struct buf *out, struct err *e);

/* The find ID of case NUMBER, given to SEEN. EX_USAGE: there is none. */
int review_find(struct registry *r, const char *number, int64_t id, find_seen *seen, void *ctx,
	struct err *e);
