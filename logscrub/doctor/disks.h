/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * disks.h - which folders of a tree are memory, not disk
 *
 * By /proc/mounts where the tree has it (a running machine), by fstab and mount units always: what
 * they declare is so from the next boot on.
 */
#pragma once
#include "base/cleanup.h"
#include "base/file/tree.h"

struct disks;

struct disks *disks_read(struct tree *t); /* NULL: memory is out */
struct disks *disks_free(struct disks *k);
DEFINE_CLEANUP(struct disks, disks_free)

/* Is PATH below /dev, /proc, /sys, /run, or in a tmpfs? Its links are resolved. */
bool disks_is_memory(const struct disks *k, struct tree *t, const char *path);
