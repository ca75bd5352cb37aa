/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * literal.h - all texts in which a person's identifiers and tokens may stand in a record
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/conf/conf.h"
#include "base/err.h"
#include "base/span.h"
#include "dsar/subject/identifier.h"

struct keyring;
struct needles;
struct subject;

struct literal {
	char *text; /* owned */
	size_t len;
	size_t identifier; /* its place in the subject */
	enum identifier_class class;
	bool token; /* of a day */
	struct span
		rest; /* behind a tag: "@example.org", borrowed from another one; SPAN_NONE: none */
};

struct literals {
	struct literal *v;
	size_t n, max;
};

/* Fills *L with those of S in STORE's records; tokens of the days whose keys KEYS has (NULL: none). */
int literals_make(struct literals *l, const struct conf *c, const struct conf_store *store,
	const struct subject *s, struct keyring *keys, struct err *e);
void literals_release(struct literals *l); /* wipes */

/* … to be looked for: hits name their place in L. The caller owns *ret. */
int literals_needles(const struct literals *l, struct needles **ret, struct err *e);

/* Is VALUE, of CLASS, looked for in texts? "42" stands everywhere. */
bool literal_is_telling(enum identifier_class class, struct span value);

/* Is L, met in HAY from BEGIN to *END, really it and on its own? A tag is read on; *end is moved behind it. */
bool literal_stands(const struct literal *l, struct span hay, size_t begin, size_t *end);
