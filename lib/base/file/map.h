/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * map.h - a file in memory that may be cut, or find its disk full, while it is looked at
 *
 * A page of a mapping that has no file behind it any more is a SIGBUS, which ends the program. Here the
 * rest of the mapping becomes zeros, and map_is_torn() says so from then on: whoever maps asks it before
 * believing what was read, or that what was written is there. The handler is set with the first mapping
 * and stays; a SIGBUS elsewhere ends the program as before. Pages of a file are no anonymous memory.
 *
 * One thread. Source: mmap(2), sigaction(2).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct map;

#define MAP_MOST 16 /* mappings at one time */

/* Maps the first LEN bytes (at least 1) of FD, which may be closed afterwards. The caller owns *ret.
 * -1: errno; EMFILE: MAP_MOST are there. */
int map_new(int fd, size_t len, bool write, struct map **ret);
struct map *map_free(struct map *m);
DEFINE_CLEANUP(struct map, map_free)

uint8_t *map_bytes(const struct map *m);
bool map_is_torn(const struct map *m);
