/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * erase-private.h - what the files of the command erase share
 *
 *   erase.c       the command: shows a plan, carries out one that is approved, looks for what is due
 *   erase_plan.c  each find looked for where it lies, and what must be kept of it
 *   erase_act.c   store by store: ledger entry, act, result; what is left
 *   erase_proof.c searched again, by what she is known by
 *   erase_show.c  a plan, and what came of it, for people and programs
 */
#pragma once
#include "dsar/act/erasure.h"
#include "dsar/act/keeper.h"
#include "dsar/session.h"
#include "store/selector.h"

struct case_file;

/* Looks for X's finds in all stores, and says of each what is to be done. EX_UNAVAILABLE: a store cannot be looked
 * at: then there is no plan. */
int erase_plan(struct session *s, struct erasure *x, struct err *e);

/* Are finds of ST's parts of its records, which go with the whole? */
bool erase_has_parts(const struct conf_store *st);

/* Does one of X's items lie in ST, as far as names tell? */
bool erase_concerns(const struct session *s, const struct erasure *x, const struct conf_store *st);

/* Erases what is to be erased. Steps and stores that fail are said, and their finds stay ERASURE_ERASE; *ret_failed
 * is how many. FATE: ERASURE_ERASE, or (their ground has ended) ERASURE_KEEP. */
int erase_act(struct session *s, struct erasure *x, enum erasure_fate fate, uint64_t *ret_failed,
	struct err *e);

/* What a search after the act has found, counted as a find's records are (dsar/search/find.h): what may be a copy of one that
 * is counted is not counted again. A folder is one, whatever has come or gone in it: it is kept as a whole. */
struct erase_proof {
	bool searched; /* something is known to look by */
	uint64_t n_kept,
		n_excluded; /* records that the plan had to keep, or left out by decision */
	uint64_t n_left;    /* all others, … */
	uint64_t n_stayed;  /* … of them those that the plan had erased, … */
	uint64_t *left;     /* … by the place of their store in the configuration */
	uint64_t n_failed;  /* stores that could not be searched, … */
	bool *unsearched;   /* … and which, by the same place */
};

/* Searches every store for the person once more and puts what came of it into ledger and case. RET is the caller's,
 * all zero before; also on failure. */
int erase_prove(struct session *s, const struct erasure *x, struct erase_proof *ret, struct err *e);
void erase_proof_release(struct erase_proof *p);
void erase_proof_show(struct session *s, const char *number, const struct erase_proof *p);

void erase_show(struct session *s, const struct erasure *x);
