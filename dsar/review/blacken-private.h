/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * blacken-private.h - a text's leaves: the parts that may be replaced without hurting its form
 */
#pragma once
#include <stdbool.h>

#include "dsar/review/blacken.h"

struct leaf {
	size_t begin, end; /* bytes of the text */
	bool bare; /* JSON: a number, true, false, null: goes whole, and its mark needs quotes */
};

/* Calls SEEN for each leaf of TEXT, in order. */
typedef int leaf_seen(void *ctx, const struct leaf *l, struct err *e);
int leaves_each(
	struct span text, enum blacken_form form, leaf_seen *seen, void *ctx, struct err *e);
