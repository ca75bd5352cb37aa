/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * order.h - what the data protection officer has a node do about one case
 *
 * An order is a text: canonical JSON (keys sorted, no blanks), one object of
 *
 *   v            1
 *   id           32 hexadecimal digits, by chance; the files of an order are named by it
 *   case         "2026-0001", and of that case: article, received (a day's number), lang
 *   kind         "search", "plan" (what an erasure would do, nothing is erased), "erase", "restrict", "lift" (a
 *                restriction), "release" (what a search has kept from routine deletion), "rectify-plan" (what a
 *                rectification would do, nothing is changed), "rectify"
 *   node         which machine is to do it
 *   made, not_before, not_after   microseconds since the epoch; it may be begun from … until before …
 *   identifiers  what the person is known by: id, kind, value, from, to, parent, store, link, own,
 *                confirmed, dropped
 *   items        plan, erase, restrict, rectify-plan, rectify: the finds that are meant: find (the id), store,
 *                place (base64), digest, exclude (not about the person: is let alone)
 *   wishes       rectify-plan, rectify: what is to stand in which field of them: find, field, value; no other
 *                kind has the key
 *   answered     orders of this case to this node whose answers were taken, by id: it need not keep these any
 *                longer; where there is none there is no such key
 *   plan         erase, rectify: the hash of the plan (erasure.h, rectification.h) that whoever signs has seen; else ""
 *
 * Each who orders it signs this text apart, and nothing else. Text, signatures and the public keys that made
 * them (order_pack(), blanks behind it up to a multiple of 4096) are encrypted to the node's key and make the
 * file ID.order. The keys are carried for their being at hand only: which of them count says the node's own
 * configuration, by whole fingerprints.
 *
 * It names a person: never in a message, an argument or a file's name.
 * Source: RFC 8259, RFC 8785 (for what we use of it: strings, integers, booleans).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/conf/conf.h"
#include "base/err.h"
#include "base/span.h"
#include "dsar/case/case.h"
#include "dsar/search/find.h"
#include "dsar/subject/subject.h"
#include "evidence/sign.h"
#include "record/key/sha256.h"

#define ORDER_ID_HEX         33 /* with its NUL */
#define ORDER_NODE_MAX       65
#define ORDER_MAX            (16u << 20) /* bytes of a text */
#define ORDER_SIGNATURES_MAX 4
#define ORDER_ANSWERED_MAX   256

enum order_kind {
	ORDER_SEARCH,
	ORDER_PLAN,
	ORDER_ERASE,
	ORDER_RESTRICT,
	ORDER_LIFT,    /* … that again */
	ORDER_RELEASE, /* what a search has kept from routine deletion */
	ORDER_RECTIFY_PLAN,
	ORDER_RECTIFY,
	ORDER_KINDS /* the register has them by number: new ones come last */
};

/* Does it carry out a plan, whose hash it names? Does it ask for one? Is it about rectifying? */
bool order_has_plan(enum order_kind k);
bool order_asks_plan(enum order_kind k);
bool order_rectifies(enum order_kind k);

/* Why an order is not carried out. */
enum order_fault {
	ORDER_FINE,
	ORDER_UNREADABLE, /* not for this node's key, or damaged */
	ORDER_FORM,       /* not what is written above, or not named by its id */
	ORDER_SIGNATURE,  /* none, a bad one, or one of somebody who may not order */
	ORDER_SECOND,     /* a second person's is missing */
	ORDER_NODE,       /* it is another machine's */
	ORDER_EARLY,
	ORDER_LATE,
	ORDER_REPLAYED,     /* it was carried out already, or one of the same id */
	ORDER_PLAN_CHANGED, /* what is stored is not what the plan was made of */
	ORDER_FAILED,       /* it was taken, and cannot be carried out on that machine */
	ORDER_ENDS_AGENT,   /* each agent that has begun with it was ended by that */
	ORDER_FAULTS
};

struct order {
	char id[ORDER_ID_HEX];
	char number[CASE_NUMBER_MAX];
	enum article article;
	int32_t received_day;
	char lang[3];
	enum order_kind kind;
	char node[ORDER_NODE_MAX];
	int64_t made_us, not_before_us, not_after_us;
	char plan[SHA256_HEX];
	json_t *identifiers, *items, *wishes, *answered; /* arrays, owned; see below */
};

/* A new one, of kind KIND, with an id of its own and nothing in it. The caller owns *ret. */
int order_new(enum order_kind kind, struct order **ret, struct err *e);
struct order *order_free(struct order *o);
DEFINE_CLEANUP(struct order, order_free)

int order_add_identifier(struct order *o, const struct identifier *i, bool dropped, struct err *e);
int order_add_item(struct order *o, const struct find *f, struct err *e);
int order_add_answered(
	struct order *o, const char *id, struct err *e); /* beyond their most: not added */
int order_add_wish(
	struct order *o, int64_t find, const char *field, const char *value, struct err *e);

/* Those of O, one after the other: I, and F with what it points to, are borrowed until SEEN returns. */
typedef int order_identifier_seen(
	void *ctx, const struct identifier *i, bool dropped, struct err *e);
int order_identifiers(const struct order *o, order_identifier_seen *seen, void *ctx, struct err *e);
int order_items(const struct order *o, find_seen *seen, void *ctx, struct err *e);
typedef int order_wish_seen(
	void *ctx, int64_t find, const char *field, const char *value, struct err *e);
typedef int order_answered_seen(void *ctx, const char *id, struct err *e);
int order_answered(const struct order *o, order_answered_seen *seen, void *ctx, struct err *e);
int order_wishes(const struct order *o, order_wish_seen *seen, void *ctx, struct err *e);

/* Appends O's text. */
int order_text(const struct order *o, struct buf *out, struct err *e);

/* Reads TEXT, which comes from anywhere. 1: it is no order. The caller owns *ret. */
int order_parse(struct span text, struct order **ret, struct err *e);

/* --- with its signatures ---------------------------------------------------------------------- */

struct order_signature {
	struct span signature, key; /* both armoured */
};

/* A text and what was signed under it; owned. */
struct order_paper {
	json_t *root;
	struct span text; /* borrowed from it */
	struct order_signature signature[ORDER_SIGNATURES_MAX];
	size_t n;
};

int order_pack(struct span text, const struct order_signature *v, size_t n, struct buf *out,
	struct err *e);

/* Reads what order_pack() has made, or somebody else. 1: it is none. */
int order_unpack(struct span packed, struct order_paper *ret, struct err *e);
void order_paper_release(struct order_paper *p);

/* How many of C's approvers have signed P, all its signatures being good? *ret_fault is ORDER_SIGNATURE where one is
 * not, or there is none, and then nobody should read P's text; RET_FIRST is the primary fingerprint of the first. */
int order_check(const struct order_paper *p, const struct conf *c, unsigned *ret_n,
	enum order_fault *ret_fault, char ret_first[FINGERPRINT_LEN + 1], struct err *e);
unsigned order_signers_needed(enum order_kind kind, const struct conf *c);

bool order_is_id(struct span s);
const char *order_kind_name(enum order_kind k); /* "search", … */
const char *order_fault_name(
	enum order_fault f); /* "replayed", … as in the ledger and in answers */
const char *order_fault_text(enum order_fault f); /* N_(): a sentence's beginning */
