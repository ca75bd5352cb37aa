/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * objection.h - how far an objection is (GDPR Art. 21)
 *
 * It stands in the case's account (events "objection"). Until it is decided the finds are restricted (Art. 18(1)(d)). Upheld,
 * they are erased by this case's own plan (Art. 17(1)(c)); rejected, on compelling grounds or for legal claims, weighed by
 * a person who is on record (R21), the case is refused, and its letter gives the grounds. Against direct marketing it is
 * absolute (Art. 21(2), (3)).
 */
#pragma once
#include <stdbool.h>

#include "base/err.h"

struct registry;

enum objection_state { OBJECTION_NONE, OBJECTION_NOTED, OBJECTION_UPHELD, OBJECTION_REJECTED };

struct objection {
	enum objection_state state;
	bool marketing;
};

int objection_read(struct registry *r, const char *number, struct objection *ret, struct err *e);

const char *objection_state_name(
	enum objection_state s); /* "none", "noted", "upheld", "rejected" */
