/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * position.h - how far a stream was read, as text and as a number
 *
 * A position names the place behind an entry: "j:" and a journal cursor, or "t:" and file, offset.
 * `order` grows from entry to entry of one stream (journal: realtime; tail: bytes read in all).
 * Realtime goes back when the clock does, so two cursors of one journal are compared by their
 * sequence numbers instead.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

#define POSITION_MAX 512 /* bytes */

/* Of a journal's cursor: which sequence its entry belongs to ("j:s=ID", borrowed from P) and its
 * number in that. False: P is none. */
bool position_sequence(struct span p, struct span *ret_id, uint64_t *ret_number);

/* Below, at or above zero as A lies before, at or behind B. */
int position_compare(struct span a, int64_t order_a, struct span b, int64_t order_b);
