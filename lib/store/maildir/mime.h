/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * mime.h - what a mail says, decoded, so that it can be searched
 *
 * Headers are unfolded and their encoded words decoded (RFC 5322, 2047), bodies undone from base64 and
 * quoted-printable, part by part (RFC 2045, 2046), text and words turned into UTF-8 where their charset
 * is one of one byte a character, UTF-16 or UTF-32. What is damaged, nested deeper than MIME_DEPTH_MAX or of another
 * charset is given as it stands. Nothing is kept and nothing else is read: not HTML, not archives, not
 * what is encrypted.
 */
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "base/conf/conf.h"
#include "base/span.h"

#define MIME_DEPTH_MAX 8

/* The next header of *REST, with its continuation lines; *REST shrinks. SPAN_NONE: the head has ended. */
struct span mime_header(struct span *rest);

/* Is H, or the line that ends at H's end, the header NAME? */
bool mime_is_header(struct span h, const char *name);

/* Puts the headers of MAIL that NAMES has, a line each, and with BODY an empty line, and behind it all
 * parts: the headers of those below the first, and their content. */
void mime_text(struct buf *out, struct span mail, const struct conf_list *names, bool body);
