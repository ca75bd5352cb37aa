/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * template.h - letters as texts with named places, which an operator may replace
 *
 * templates/LANG/NAME.txt beside the configuration, else the shipped one, between head.txt and foot.txt.
 * A line is
 *
 *   ; …               a remark
 *   # …               the letter's subject
 *   ## …              a heading
 *   | …               a line that stays one (an address); left out where its places hold nothing
 *   - …               an item of a list
 *   {place}           alone: all that the place holds, each as an item
 *   [with place]      what follows, up to [end], only where the place holds something
 *   [without place]   … only where it holds nothing
 *
 * and all else is text, whose lines become one paragraph up to an empty line. {place} stands for what
 * the place holds. A place that the program does not have is refused with file and line.
 */
#pragma once
#include <stdbool.h>

#include "base/conf/conf.h"
#include "base/err.h"
#include "dsar/answer/letter.h"

/* What letters are filled with. Values are copied, and wiped. */
struct places {
	struct letter_place {
		const char *name; /* borrowed */
		char **item;
		size_t n;
	} * v;
	size_t n;
};

int places_init(struct places *p, const char *const *names, size_t n, struct err *e);
void places_release(struct places *p);

/* Adds a value to the place NAME, which must be one of them. Empty: nothing is added. */
int place_put(struct places *p, const char *name, struct span value, struct err *e);
int place_printf(struct places *p, const char *name, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void place_clear(struct places *p, const char *name);
bool place_has(const struct places *p, const char *name);

/* Fills TEXT, which FILE (for messages) holds, and adds it to RET. EX_CONFIG: FILE:LINE and why. */
int template_fill(const char *file, struct span text, const struct places *p, struct letter *ret,
	struct err *e);

/* Reads NAME of C in RET's language, and fills it. EX_CONFIG: there is none, it is wrong, or has no subject. */
int template_read(const struct conf *c, const char *name, const struct places *p,
	struct letter *ret, struct err *e);
