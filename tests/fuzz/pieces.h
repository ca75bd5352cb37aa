/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What holds for the pieces of any split: they lie in the line, in its order, and none in another.
 * Shared with the unit tests.
 */
#pragma once
#include <stdint.h>
#include <stdlib.h>

#include "record/format/format.h"

#define CHECK(x)                                                                                   \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

/* Gives literals pieces where S has none for them. */
static inline void
pieces_spell_out(struct span line, struct split *s)
{
	const char *at = line.p, *end = line.p + line.len;
	struct split full = { 0 };

	for (unsigned i = 0; s->whole && i <= s->n; i++) {
		const char *to = i < s->n ? s->piece[i].p : end;

		if (to > at)
			full.piece[full.n++] = (struct piece){ at, (uint32_t)(to - at),
				PIECE_LITERAL };
		if (i < s->n) {
			full.piece[full.n++] = s->piece[i];
			at = to + s->piece[i].len;
		}
	}
	if (s->whole)
		*s = full;
}

static inline void
pieces_check(const struct format *f, struct span line, const struct split *s)
{
	const char *at = line.p;

	CHECK(s->n <= FORMAT_PIECES_MAX);
	for (unsigned i = 0; i < s->n; i++) {
		const struct piece *p = &s->piece[i];

		CHECK(p->p >= at && p->p + p->len <= line.p + line.len);
		CHECK(p->field == PIECE_LITERAL ||
			(p->field >= 0 && (unsigned)p->field < format_n_fields(f)));
		at = p->p + p->len;
	}
}

/* Nothing is left out between the pieces. */
static inline void
pieces_check_whole(struct span line, const struct split *s)
{
	const char *at = line.p;

	for (unsigned i = 0; i < s->n; i++) {
		CHECK(s->piece[i].p == at);
		at += s->piece[i].len;
	}
	CHECK(at == line.p + line.len);
}

/* Compiles D into *RET; false if it is refused. The caller frees *RET_SET in any case. */
static inline bool
format_make(const struct conf *c, struct formats **ret_set, struct format **ret, struct err *e)
{
	CHECK(formats_new(c, ret_set, e) == 0);
	return formats_get(*ret_set, c->format[0].name, ret, e) == 0;
}
