/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * walk-private.h - what the files of walk share
 */
#pragma once

/* openat2(ROOTFD, PATH) with RESOLVE_IN_ROOT, where the kernel has none. -1: errno. */
int walk_inside_by_component(int rootfd, const char *path, int flags);
