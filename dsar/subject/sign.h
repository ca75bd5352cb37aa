/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sign.h - what a row shows by whose fields it is a person's, for a database that looks for it itself (store/signs.h)
 *
 * A field that equals an identifier as its kind is compared (identifier_fold_class()) may be written in other ways:
 * "+49 69 1234" and "0691234". So a sign asks for less: a part that all ways of writing it have.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/conf/conf.h"
#include "base/err.h"
#include "base/span.h"
#include "store/signs.h"

/* Appends the signs of FIELD's values that are TEXT, as HOW says, byte for byte. 1: there are none that all have. */
int sign_as(
	struct signs *s, const char *field, enum conf_match how, struct span text, struct err *e);

/* … of those that are FOLDED as KIND is compared. */
int sign_folded(struct signs *s, const char *field, enum conf_match how, const char *kind,
	struct span folded, struct err *e);
