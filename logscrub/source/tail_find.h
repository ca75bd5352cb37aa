/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tail_find.h - which file stood at a path, and which one came after it
 */
#pragma once
#include "base/err.h"
#include "logscrub/source/tail_file.h"

/* Identity of an open file; *ret_changed_ns is its mtime. */
int tail_id_of(int fd, struct tail_id *ret, uint64_t *ret_changed_ns, struct err *e);
bool tail_id_equal(const struct tail_id *a, const struct tail_id *b);

/* Of the files beside PATH, whatever their names, the one with this ID. Returns its descriptor, or
 * -1. */
int tail_find_same(const char *path, const struct tail_id *id);

/* Of PATH and its rotated siblings the one that follows ID in time (CHANGED_NS: where births are
 * not known). Returns its descriptor, or -1. */
int tail_find_next(const char *path, const struct tail_id *id, uint64_t changed_ns);

/* Is NAME a rotated sibling of BASE ("access.log.1", "access.log-20261124"), and not packed? */
bool tail_is_sibling(const char *base, const char *name);
