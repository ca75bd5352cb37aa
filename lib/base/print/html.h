/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * html.h - a page that is one file: no scripts, nothing from elsewhere, light and dark
 *
 * Its Content-Security-Policy forbids what it has no use for, so that no browser can be talked into it.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/span.h"

/* LANG as HTML has it ("en"); TITLE, translated, is also the first heading. Both are quoted. */
void html_begin(FILE *f, const char *lang, const char *title);
void html_end(FILE *f);

/* TEXT as character data or a quoted attribute's value. */
void html_text(FILE *f, const char *text);

/* The letter that S begins with as "&uuml;"; returns how long that is, or 0: it begins with no such name. Known are
 * those of Latin-1, what markup needs, and the signs of addresses. Source: HTML 13.5. */
size_t html_letter(struct span s, uint32_t *ret);
