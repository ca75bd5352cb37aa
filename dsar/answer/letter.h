/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * letter.h - a letter as its paragraphs, and the three forms in which it leaves: text, HTML, PDF
 *
 * Texts are UTF-8. What comes from strangers (names above all) is made harmless when it is added: bytes
 * that are no UTF-8, controls and characters that turn the direction of writing become U+FFFD. It is
 * personal data: letter_release() wipes it.
 *
 *   letter.c         the parts
 *   letter_text.c    for mail: 72 columns
 *   letter_html.c    one file, without scripts, nothing from elsewhere
 *   letter_pdf.c     A4, by Pango and Cairo
 *   template.h       where the parts come from
 */
#pragma once
#include <stddef.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/span.h"

enum letter_part {
	LETTER_TITLE,   /* the subject; one */
	LETTER_ADDRESS, /* lines that stay as they are */
	LETTER_HEADING,
	LETTER_TEXT,
	LETTER_ITEM, /* of a list */
	LETTER_BAR   /* … of figures: in the PDF a bar stands beside it */
};

struct letter {
	char lang[3];   /* "de", "en" */
	int64_t day_us; /* its date, which is also that of the PDF */
	struct letter_block {
		enum letter_part part;
		char *text;
		double share; /* of a bar: 0 to 1 */
	} * v;
	size_t n, max;
};

void letter_init(struct letter *l, const char *lang, int64_t day_us);
void letter_release(struct letter *l);
int letter_add(struct letter *l, enum letter_part part, struct span text, struct err *e);

/* A LETTER_BAR, as long as SHARE of the longest. */
int letter_add_bar(struct letter *l, struct span text, double share, struct err *e);

const char *letter_title(const struct letter *l); /* "" where it has none */

/* Each appends the whole letter to OUT. */
int letter_text(const struct letter *l, struct buf *out, struct err *e);
int letter_html(const struct letter *l, struct buf *out, struct err *e);
int letter_pdf(const struct letter *l, struct buf *out, struct err *e);

#define LETTER_MAX (32u << 20) /* bytes of one form */

/* Appends S with what could deceive replaced; where it has letters that are written from right to left,
 * within marks that keep them from turning what stands around (U+2068, U+2069). */
void letter_quote(struct buf *out, struct span s);
