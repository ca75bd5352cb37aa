/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * signs.h - what records that are selected show, for a database that can look for it itself
 *
 * Each record that a question selects has one of its signs at least; most that have one are not selected, which the
 * question itself decides. So a server leaves out most rows, and what is found stays the same.
 *
 * Texts are of printable ASCII, and compared without regard to the case of its letters; those of a journal (SIGN_EQUAL
 * alone) may be of all bytes but NUL, and are values byte for byte.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/span.h"

enum sign_kind {
	SIGN_EQUAL,  /* its text is all of the field's value but blanks around it */
	SIGN_WITHIN, /* … stands in the field's value */
	SIGN_BEGINS, /* … stands at its beginning behind blanks, or as much of it as stands before a byte beyond ASCII */
	SIGN_DIGITS, /* … digits, stand in the field's value when all else is left out of it */
	SIGN_BEYOND  /* the field's value has a byte beyond ASCII */
};

struct sign {
	enum sign_kind kind;
	const char *field; /* borrowed */
	char *text;        /* owned; NULL for SIGN_BEYOND */
};

struct signs {
	struct sign *v;
	size_t n, max;
};

/* Appends one, unless it is there. */
int signs_add(
	struct signs *s, enum sign_kind kind, const char *field, struct span text, struct err *e);
void signs_release(struct signs *s); /* wipes */

/* Does VALUE, of its field, show S? */
bool sign_shows(const struct sign *s, struct span value);

/* The longest part of TEXT that a sign may have as its text; empty: none. */
struct span sign_part(struct span text);
