/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * walk-private.h - what the files of walk share
 */
#pragma once
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* openat2(ROOTFD, PATH) with RESOLVE_IN_ROOT, where the kernel has none. -1: errno. */
int walk_inside_by_component(int rootfd, const char *path, int flags);

/* openat2(2), again where the kernel was not sure. -1: errno; ENOSYS also where a test forces it. */
int walk_openat2(int dirfd, const char *name, int flags, mode_t mode, uint64_t resolve);

/* Fills E for what could not be opened. Returns -1. */
int walk_failed(const char *name, int errnum, struct err *e);
