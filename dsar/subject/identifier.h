/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * identifier.h - what a kind of identifier is: how its values are compared, and what they look like in texts
 *
 * A kind is a word; its last part ("email" of "contact-email") says how values are read: "email", "ip",
 * "phone", "name" and "pattern" by their own rules, all else byte for byte ("account", "meeting").
 */
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

enum identifier_class {
	IDENTIFIER_ID, /* compared byte for byte; a UUID in lower case */
	IDENTIFIER_EMAIL,
	IDENTIFIER_IP,
	IDENTIFIER_PHONE, /* a number without a country's is one of Germany's: +49 */
	IDENTIFIER_NAME,
	IDENTIFIER_PATTERN /* PCRE2 over a record's text, without regard to case */
};

enum identifier_class identifier_class(const char *kind);

/* Appends VALUE to OUT as values of CLASS are compared (subject.h). -1: it is none of that class. */
int identifier_fold_class(enum identifier_class class, struct span value, struct buf *out);

/* Calls SEEN with each form in which VALUE stands in texts: letters of ASCII in either case, and (WORD) nothing
 * of a word before or behind it. Forms may come twice. FORM is borrowed until SEEN returns. */
typedef int identifier_form(void *ctx, struct span form, struct err *e);
int identifier_forms(enum identifier_class class, struct span value, identifier_form *seen,
	void *ctx, struct err *e);

/* Does HAY, from BEGIN to END, stand on its own: is it no part of a longer word, number or address? */
bool identifier_stands_alone(
	enum identifier_class class, struct span hay, size_t begin, size_t end);
