/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * watch.h - has anything in these folders been touched since they were looked at?
 *
 * To look at every file a second time takes a third of the time of removing them. The kernel tells
 * instead (inotify(7)): of each file that is opened, written, made, moved or given other times in a
 * folder, whoever does it on this machine. Folders come in groups, and a group is untouched as a whole.
 * Whatever the kernel cannot tell of counts as touched: a file system that others write to, too (only
 * ext4, xfs, btrfs and tmpfs are believed), more than WATCH_MAX folders or the limit of the user
 * (fs.inotify.max_user_watches), a queue that was full, a folder that was moved or removed.
 *
 * The kernel tells by the name under which a file was opened. So it does not tell of
 *  - a second name (link(2)) that a file of the group is given in a folder outside of it, nor of what is
 *    written under that name. Its bytes stay there, whatever is done to the first name; one that is taken away
 *    again before the act hides what was written under it. A file that has two names when it is
 *    looked at is the caller's to report as lost.
 *  - what is written through a mapping (mmap(2)) that is older than the group. A descriptor that was open before is
 *    told of with each write(2).
 * Who needs to know of these looks at each file again.
 *
 * One thread. A watch takes a file descriptor, and about a kilobyte of the kernel's memory for each folder.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"

#define WATCH_MAX 16384

struct watch;

/* The caller owns it. NULL: there is none to be had, and every group of it counts as touched. */
struct watch *watch_new(void);
struct watch *watch_free(struct watch *w);
DEFINE_CLEANUP(struct watch, watch_free)

/* A group without folders yet, from 1; 0 where W is NULL or memory is out. */
uint32_t watch_begin(struct watch *w);

/* The folder FD (borrowed for the call) joins GROUP: before its names are read. */
void watch_folder(struct watch *w, uint32_t group, int fd);

/* GROUP has something that cannot be watched. */
void watch_lost(struct watch *w, uint32_t group);

/* Is everything in GROUP as it was when it joined? */
bool watch_untouched(struct watch *w, uint32_t group);

/* GROUP is not asked about any more: its folders are watched no longer. */
void watch_end(struct watch *w, uint32_t group);
