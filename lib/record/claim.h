/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * claim.h - which store a journal entry belongs to
 *
 * A store claims entries by its `journal` list: "FIELD=VALUE", several joined by " + " that must
 * all be there, a "*" at the end of VALUE for whatever begins so, a "!" before FIELD for what must not be
 * there. Of several claims that hold, the one with more terms counts, then the one declared first. What none
 * claims belongs to the store "journal-rest", if there is one.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/conf/conf.h"
#include "base/err.h"
#include "base/span.h"

struct claims;

/* Compiles the claims of all stores in C, which it borrows. NAMING (may be NULL): a field whose value names
 * the store itself, before all claims. Fails with EX_CONFIG at a store. */
int claims_new(const struct conf *c, const char *naming, struct claims **ret, struct err *e);
struct claims *claims_free(struct claims *cl);
DEFINE_CLEANUP(struct claims, claims_free)

/* For each entry: begin, show every field as "FIELD=value", ask. NULL: nobody's. */
void claims_begin(struct claims *cl);
bool claims_see(struct claims *cl, struct span data); /* does it count for any claim? */
const struct conf_store *claims_store(const struct claims *cl);

/* For whoever meets the same fields again and again: what a field counts for, as a number that is good as
 * long as CL; what two together count for; and whose an entry with all of them is. There may be more
 * combinations than are remembered: then it is CLAIMS_MANY, and the fields have to be shown one by one. Not
 * between claims_begin() and claims_store(). */
#define CLAIMS_NOTHING 0
#define CLAIMS_MANY    UINT32_MAX
uint32_t claims_of(struct claims *cl, struct span data);
uint32_t claims_join(struct claims *cl, uint32_t a, uint32_t b);
const struct conf_store *claims_store_of(const struct claims *cl, uint32_t fields);
