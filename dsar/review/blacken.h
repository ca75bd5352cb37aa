/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * blacken.h - which bytes of a find's text go before it is given out, and the text without them
 *
 * A text is taken apart into leaves by its form: the values of JSON, the character data and attribute
 * values of XML and HTML, the cells of CSV, or all of it. What goes is a part of a leaf, and each part
 * becomes BLACKEN_MARK, whatever it was and however long: so the form stays valid, and neither bytes
 * nor length tell. In JSON a number or word that is touched becomes the mark as a string.
 *
 * Proposed is what lib/record's detectors find and what is known of other people (GDPR Art. 15(4)), as
 * it stands and in the escapes of JSON, XML, HTML and URLs; never what is the person's own. A person
 * decides (review.h).
 *
 * Pure: bytes in, bytes out. Offsets are bytes of the text.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

#define BLACKEN_MARK     "[#####]" /* in every encoding the same, and in every form allowed */
#define BLACKEN_TEXT_MAX (64u << 20)

enum blacken_form { BLACKEN_TEXT, BLACKEN_JSON, BLACKEN_XML, BLACKEN_CSV };

/* Bytes BEGIN to END (excluded), and what they are: "email", "name", "by hand" … */
struct cover {
	uint32_t begin, end;
	char why[16];
};

/* In order and without overlap, but for covers_add(), after which covers_settle() is due. */
struct covers {
	struct cover *v;
	size_t n, max;
};

void covers_release(struct covers *c);
int covers_add(struct covers *c, size_t begin, size_t end, const char *why, struct err *e);
void covers_settle(struct covers *c); /* sorts, and joins what overlaps */

/* A value that is known to be somebody's; looked for as a word of its own, from three characters on. */
struct known_value {
	const char *kind; /* of subject.h: "email", "name" … */
	struct span value;
};

struct blacken_known {
	const struct known_value *own; /* the person's: never proposed */
	size_t n_own;
	const struct known_value *other; /* other people's */
	size_t n_other;
};

enum blacken_form blacken_form_of(struct span text);

/* Adds to RET, and settles it, what of TEXT should go. EX_DATAERR: larger than BLACKEN_TEXT_MAX. */
int blacken_propose(struct span text, enum blacken_form form, const struct blacken_known *known,
	struct covers *ret, struct err *e);

/* Adds to RET, and settles it, where VALUE stands in TEXT, its case and escapes aside; also within words,
 * since a person asks for it. */
int blacken_find(struct span text, enum blacken_form form, struct span value, struct covers *ret,
	struct err *e);

/* Appends TEXT without what COVERS (settled) name. */
int blacken_apply(struct span text, enum blacken_form form, const struct covers *covers,
	struct buf *out, struct err *e);
