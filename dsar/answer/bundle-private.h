/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bundle-private.h - what the files of the answer to a supervisory authority share
 *
 *   bundle.c        dsar bundle: the archive, its signature, to whom it is encrypted
 *   bundle_facts.c  what the register knows of the case, as JSON
 *   bundle_proof.c  what its ledger says of it
 *   bundle_text.c   the statement that is signed, and the README
 *
 * An authority looks at what the controller has done, not at what it has stored: no find's text, place or digest is in it
 * (of a few words a digest can be guessed), nothing that anybody wrote but the grounds of what was decided, and no
 * other case. What names one is left out of the facts; the ledger's entries cannot be changed, and those that
 * name one are given by their hash alone.
 */
#pragma once
#include <jansson.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "dsar/case/case.h"

struct registry;
struct session;

#define BUNDLE_MAX (256u << 20) /* bytes of the archive */

/* One file in it; NAME is ours, never a person's. */
struct bundle_member {
	char name[32];
	struct buf bytes;
};

/* What stands in case.json; the caller owns *ret. Its lists are named as the functions that fill them:
 * "account", "searched", "decisions", "plans", "approvals", "orders", "made", "notices". */
int bundle_facts(struct session *s, const struct case_file *c, json_t **ret, struct err *e);

/* Leaves out of all texts in JSON what could be the number of another case than C and the first of its letter. */
int bundle_without_others(json_t *json, const struct case_file *c, struct err *e);

/* Is the number of another case in TEXT? */
bool bundle_names_other(struct span text, const struct case_file *c);

/* Appends C's entries of R's ledger, and those that confirm them, as JSON Lines: of one that names another case
 * the data are missing and "withheld" is true. HEAD: "sparsam-head-1 SEQ HASH LF" of the newest entry. */
int bundle_proof(struct registry *r, const struct case_file *c, struct buf *out, struct buf *head,
	size_t *ret_n, struct err *e);

/* Appends the statement: FACTS in words, in the language of messages, and the hash of each of the N members. */
int bundle_text(const json_t *facts, const struct bundle_member *m, size_t n, struct buf *out,
	struct err *e);

extern const char bundle_readme[]; /* German and English */
