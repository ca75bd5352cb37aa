/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * open_file.h - the files that processes have open, as far as /proc shows them to us
 *
 * It takes as long as there are processes, so one run looks for unlinked ones once, for all its stores.
 */
#pragma once
#include <sys/stat.h>

#include "base/cleanup.h"

/* A regular file: FD of PID, below the folder PROC. */
typedef void open_file_seen(
	void *ctx, int proc, const char *pid, const char *fd, const struct stat *st);
void open_files_each(open_file_seen *seen, void *ctx);

/* Those that are unlinked and still open. */
struct unlinked;
struct unlinked *unlinked_new(void); /* looks when it is first asked; NULL: memory is out */
struct unlinked *unlinked_free(struct unlinked *u);
DEFINE_CLEANUP(struct unlinked, unlinked_free)

/* Calls SEEN for each: the path it had, "name[pid]" of who has it. */
void unlinked_each(
	struct unlinked *u, void (*seen)(void *ctx, const char *path, const char *who), void *ctx);
