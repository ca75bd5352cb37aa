/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * html.h - a page that is one file: no scripts, nothing from elsewhere, light and dark
 *
 * Its Content-Security-Policy forbids what it has no use for, so that no browser can be talked into it.
 */
#pragma once
#include <stdio.h>

#include "base/span.h"

/* LANG as HTML has it ("en"); TITLE, translated, is also the first heading. Both are quoted. */
void html_begin(FILE *f, const char *lang, const char *title);
void html_end(FILE *f);

/* TEXT as character data or a quoted attribute's value. */
void html_text(FILE *f, const char *text);
