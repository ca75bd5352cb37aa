/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * escape.h - undo a product's escapes before a value is looked at, redo them when it is written
 */
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "base/conf/conf.h" /* enum conf_escape */

/* Might S hold an escape of this kind? One memchr; false is certain. */
bool escape_is_needed_to_undo(enum conf_escape kind, struct span s);

/* Might it hold one of any kind? */
bool escape_has_mark(struct span s);

/* Appends S without its escapes. A broken escape stays as it stands. */
void escape_undo(enum conf_escape kind, struct span s, struct buf *out);

/* Appends S with the escapes with which the product itself would write it. */
void escape_redo(enum conf_escape kind, struct span s, struct buf *out);
