/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * letter_case.h - which letters there are in a case, and what each needs
 */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "dsar/case/case.h"
#include "dsar/answer/letter.h"
#include "dsar/answer/template.h"

struct session;

struct letter_kind {
	const char *name;  /* of its text: templates/LANG/NAME.txt */
	const char *given; /* the place that the DPO's own lines fill; NULL: none */
	bool needs_given;
	unsigned needs; /* enum case_need: none but OPEN for those without personal data (R12d) */
	int (*fill)(struct session *s, const struct case_file *c, struct places *p,
		struct err *e); /* NULL: nothing more */
};

extern const struct letter_kind letter_kinds[]; /* ended by one without a name */

const struct letter_kind *letter_kind_find(const char *name); /* NULL: there is none */

/* Writes the letter K of C in the case's language, without guards. LINES: what GIVEN is filled with, one a line;
 * SPAN_NONE: nothing. The caller ends *ret by letter_release(), also on failure. */
int letter_write(struct session *s, const struct case_file *c, const struct letter_kind *k,
	struct span lines, struct letter *ret, struct err *e);

/* The same with places of the caller's making. */
int letter_write_places(struct session *s, const struct case_file *c, const char *name,
	const struct places *p, struct letter *ret, struct err *e);

/* Appends L to OUT as FORM says: "text", "html", "pdf". 1: there is no such form. */
int letter_as(const struct letter *l, const char *form, struct buf *out, struct err *e);

/* A new file at PATH (0600; NULL: standard output) with BYTES, durable on return. EX_CANTCREAT: there is one. */
int letter_save(const char *path, struct span bytes, struct err *e);
