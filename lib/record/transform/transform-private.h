/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * transform-private.h - a compiled transform, and the families that do the work
 *
 * A kind appends what becomes of a value that is neither empty nor "-" (both are "-" for all of
 * them). It returns 0, or -1 where a key could not be had.
 */
#pragma once
#include "record/transform/transform.h"

struct memo;
struct path_mask;
struct value_set;

typedef int transform_fn(const struct transform *t, struct transform_env *env, struct span v,
	struct buf *out, struct err *e);

/* The part of V that decides what becomes of it, if no escape begins there, perhaps shortened into MADE;
 * and, behind a part that does not matter, what is added to that as it stands. */
typedef struct span transform_key_fn(
	struct span v, char made[TRANSFORM_KEY_MAX], struct span *ret_tail);

/* Does V become MADE, without its tail, whenever its key is KEY? N_HITS addresses were counted in
 * it. */
typedef bool transform_holds_fn(struct span v, struct span key, struct span made, uint64_t n_hits);

struct transform_kind {
	const char *name;
	transform_fn *apply;
	unsigned options;          /* OPTION_BIT of what its reduce section may have */
	transform_key_fn *key;     /* NULL: all of it */
	transform_holds_fn *holds; /* NULL: nothing is remembered */
};

enum transform_option {
	OPTION_MASK,
	OPTION_SEGMENTS,
	OPTION_DETECT,
	OPTION_VALUES,
	OPTION_BITS,
	OPTION_DIGITS,
	OPTION_INTERVAL
};
#define OPTION_BIT(option) (1u << (option))

#define SCRATCH_BUFS 3

struct transform_network {
	struct address net;
	unsigned bits;
};

struct transform {
	const struct transform_kind *kind;
	struct transform_network *keep; /* addresses in these stay readable */
	size_t n_keep;
	bool render_address;
	bool remembers;
	unsigned bits4, bits6;    /* truncate */
	unsigned digits;          /* last4 */
	int64_t interval_s;       /* coarse-time */
	unsigned types;           /* redact: DETECT_BIT of each */
	struct path_mask *mask;   /* method+path, path */
	struct value_set *values; /* one-of, words */
	struct memo *memo;        /* host-only, method+path, browser-family */
	struct buf *scratch;      /* redact: SCRATCH_BUFS texts on their way */
};

transform_fn transform_pseudonym, transform_prefix_pseudonym, transform_truncate; /* _address.c */
transform_fn transform_host_only, transform_method_path, transform_path;          /* _url.c */
transform_fn transform_browser_family;                                            /* _agent.c */
transform_fn transform_class, transform_last4, transform_coarse_time;             /* _text.c */
transform_fn transform_one_of, transform_words, transform_number, transform_flag,
	transform_pseudonym_id; /* _value.c */
transform_fn transform_redact;  /* _redact.c */

transform_key_fn transform_origin_key, transform_request_key;
transform_holds_fn transform_token_holds, transform_origin_holds, transform_request_holds,
	transform_agent_holds;

/* Appends what stands for A: its token, the address rendered for it, or A itself where it is to
 * stay readable or is one of ours. Counts the hit. */
int transform_put_address(const struct transform *t, struct transform_env *env,
	const struct address *a, struct buf *out, struct err *e);
/* Might some address stay readable? Asked first, for most stores keep none. */
static inline bool
transform_may_keep(const struct transform *t)
{
	return t->n_keep > 0 || t->render_address;
}

/* Does A stay readable, by keep_networks or because it is a pseudonym already? */
bool transform_keeps_address(
	const struct transform *t, const struct transform_env *env, const struct address *a);
