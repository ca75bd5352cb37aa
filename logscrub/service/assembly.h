/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * assembly.h - an entry of several lines, until its last one has come
 *
 * It keeps the first line's entry (its time, its origin) and the last line's position.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "logscrub/source/entry.h"
#include "logscrub/source/position.h"

#define ASSEMBLY_BYTES_MAX (64u << 10) /* of continuation lines */
#define ASSEMBLY_QUIET_US  INT64_C(1000000)

struct assembly {
	bool open;
	size_t first;       /* bytes of the first line */
	int64_t touched_us; /* monotonic */
	struct entry entry;
	struct buf text;
	struct buf kept; /* what `entry` points to, but for its position */
	char position[POSITION_MAX];
};

void assembly_init(struct assembly *a);
void assembly_release(struct assembly *a);

/* Begins with TEXT, the first line of EN. */
int assembly_begin(struct assembly *a, const struct entry *en, struct span text, int64_t now_us,
	struct err *e);

/* Adds a line. False: it is full, and the line is left out (its position counts all the same). */
bool assembly_add(struct assembly *a, const struct entry *en, struct span text, int64_t now_us);
