/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hold_text.h - one text in the ways in which programs write it
 *
 * A name in a hold is found in whatever case and encoding a record has it: as UTF-8, composed or not, or as
 * Latin-1; percent-encoded, quoted-printable, as an entity of HTML, or with a backslash as JSON, nginx, Apache and
 * C write it. What could be read as an escape is read as one: that finds too much rather than too little.
 *
 * Where memory is out or OUT's maximum is met, `failed` is set in it. Source: RFC 3986 2.1, RFC 2045 6.7, RFC 8259 7,
 * RFC 5198 3.
 */
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

/* Is S alike in all of these ways but for the case of ASCII? */
bool hold_text_is_plain(struct span s);

/* Appends S with one layer of escapes undone. Returns whether there was any. */
bool hold_text_unescape(struct span s, struct buf *out);

/* Appends S in NFC, if it is UTF-8; otherwise OUT has failed. */
void hold_text_compose(struct span s, struct buf *out);

/* Appends S as UTF-8 in NFC: bytes that are none are letters of Latin-1, a plus is a blank (as forms write it). */
void hold_text_utf8(struct span s, struct buf *out);

/* The same, without regard to case. */
void hold_text_fold(struct span s, struct buf *out);
