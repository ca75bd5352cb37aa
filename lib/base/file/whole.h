/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * whole.h - all of a text into a descriptor; all of a file in memory as a text
 */
#pragma once
#include "base/span.h"

/* Writes all of S to FD, however much write(2) takes at once. -1: errno. */
int whole_write(int fd, struct span s);

/* Maps FD, a file in memory (memfd_create(2)) that nobody writes to any more; whole_unmap() ends it. 1: it is empty;
 * -1: errno. Of a file on a disk, see map.h. */
int whole_map(int fd, struct span *ret);
void whole_unmap(struct span s); /* SPAN_NONE is fine */
