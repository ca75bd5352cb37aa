/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ordered.h - the orders of a case, as the register of who orders keeps them
 *
 * drafted (a second person has to sign) -> sent -> answered or denied; or withdrawn, by the DPO's word that the
 * node will never answer. One that is sent and not answered when its time is over is late: that is said, and
 * a search that nothing came of keeps its case from being complete.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"
#include "dsar/act/erasure.h"
#include "dsar/order/order.h"

struct registry;

enum ordered_state {
	ORDERED_DRAFTED,
	ORDERED_SENT,
	ORDERED_ANSWERED,
	ORDERED_DENIED,
	ORDERED_WITHDRAWN,
	ORDERED_STATES
};

struct ordered { /* strings are borrowed in what is seen */
	const char *id, *number, *node;
	enum order_kind kind;
	int64_t made_us, not_before_us, not_after_us;
	enum ordered_state state;
	enum order_fault fault; /* of one that was denied */
	const char *sha256, *plan;
	struct span text; /* SPAN_NONE once it is answered */
	int64_t ended_us;
	const char *file; /* SHA-256 of the file that was sent, which a denial names; "" before */
	const char *attempt; /* whose answer was taken (result.h); "" before */
};

/* Keeps O, whose text is TEXT, as drafted. Within a transaction. */
int ordered_add(struct registry *r, const struct order *o, struct span text, struct err *e);

/* Calls SEEN for each order of case NUMBER (NULL: of all), the oldest first; of ID alone where it is not NULL. */
typedef int ordered_seen(void *ctx, const struct ordered *o, struct err *e);
int ordered_each(struct registry *r, const char *number, const char *id, ordered_seen *seen,
	void *ctx, struct err *e);

/* Moves ID on to STATE; what was sent is not kept any longer than until it is answered. Within a transaction. */
int ordered_move(struct registry *r, const char *id, enum ordered_state state,
	enum order_fault fault, int64_t now_us, struct err *e);

/* ID leaves as a file whose SHA-256 is FILE. Within a transaction. */
int ordered_sent(struct registry *r, const char *id, const char *file, struct err *e);

/* … and was answered by ATTEMPT. Within a transaction. */
int ordered_answered(struct registry *r, const char *id, const char *attempt, struct err *e);

/* Keeps a signature under O by FINGERPRINT, in a transaction; or calls SEEN for each that there is, the first
 * first. */
int ordered_sign(struct registry *r, const struct ordered *o, const char *fingerprint,
	const struct order_signature *s, struct err *e);
typedef int ordered_signature_seen(
	void *ctx, const char *fingerprint, const struct order_signature *s, struct err *e);
int ordered_signatures(
	struct registry *r, const char *id, ordered_signature_seen *seen, void *ctx, struct err *e);

/* How many nodes of case NUMBER were ordered to search, and have not done what the newest of these orders says? */
int ordered_waiting(struct registry *r, const char *number, uint64_t *ret_n, struct err *e);

/* What a node's newest plan, or its erasure (ERASED), does or has done with each of its finds. In a transaction. */
int ordered_items_put(struct registry *r, const char *node, bool erased, const struct erasure *x,
	int64_t now_us, struct err *e);

/* Calls SEEN for each item of the case's nodes, in their order; NODE NULL: of all of them. */
struct ordered_item {
	const char *node; /* borrowed, as I is */
	bool erased;      /* the node has carried the plan out */
	int64_t made_us;  /* when this was taken */
	const struct erasure_item *item;
};
typedef int ordered_item_seen(void *ctx, const struct ordered_item *i, struct err *e);
int ordered_items(struct registry *r, const char *number, const char *node, ordered_item_seen *seen,
	void *ctx, struct err *e);

/* Is the plan of O, which carries one out, the newest of its kind that its node has made for its case? 1: no. */
int ordered_plan_is(struct registry *r, const struct order *o, struct err *e);

/* The order ID, to plan, was answered with the plan of HASH. */
int ordered_planned(struct registry *r, const char *id, const char *hash, struct err *e);

const char *ordered_state_name(enum ordered_state s); /* "drafted", … */
