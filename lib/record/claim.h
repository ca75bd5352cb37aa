/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * claim.h - which store a journal entry belongs to
 *
 * A store claims entries by its `journal` list: "FIELD=VALUE", several joined by " + " that must
 * all be there, a "*" at the end of VALUE for whatever begins so. Of several claims that hold, the
 * one with more terms counts, then the one declared first. What none claims belongs to the store
 * "journal-rest", if there is one.
 */
#pragma once
#include "base/cleanup.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/span.h"

struct claims;

/* Compiles the claims of all stores in C, which it borrows. Fails with EX_CONFIG at a store. */
int claims_new(const struct conf *c, struct claims **ret, struct err *e);
struct claims *claims_free(struct claims *cl);
DEFINE_CLEANUP(struct claims, claims_free)

/* For each entry: begin, show every field as "FIELD=value", ask. NULL: nobody's. */
void claims_begin(struct claims *cl);
void claims_see(struct claims *cl, struct span data);
const struct conf_store *claims_store(const struct claims *cl);
