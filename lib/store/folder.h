/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * folder.h - a whole folder, measured or removed by directory descriptor
 *
 * Its owner may be a stranger who renames and swaps what is in it meanwhile: a folder is entered by
 * base/file/walk.h alone (never through a link, never onto another mount), unlinkat() names what lies in
 * a folder that is open and follows nothing. So nothing is reached that was not inside at that
 * moment. Read in large pieces by getdents64(2), without a stat where the kernel tells the type.
 * Memory: 64 KiB for each of the first levels, 4 KiB for each of the others.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/conf/conf.h"
#include "base/err.h"

#define FOLDER_DEPTH_MAX 200 /* each level takes a descriptor */

/* Removes NAME in DIRFD, a file or a folder with all in it; LAST (may be NULL) are names in that folder
 * that go after all others, so that what tells its age is there until the rest is gone. 0: it is gone,
 * also if it was before; FOLDER_STAYS: something lies on another mount, too deep, or is written as
 * fast as it is removed. *ret_n: files removed, counted up. Fails with EX_IOERR, EX_NOPERM. Not
 * durable before fsync(DIRFD); may be killed and called again. */
#define FOLDER_STAYS 1
int folder_remove(
	int dirfd, const char *name, const struct conf_list *last, uint64_t *ret_n, struct err *e);

struct watch;

struct folder_measure {
	uint64_t budget;   /* files that may still be looked at; the others count as the average */
	int64_t enough_us; /* end when a file is younger; INT64_MAX: never */
	/* watched from now on, each folder that was changed last before watch_us; group 0: none is */
	struct watch *watch;
	uint32_t group;
	int64_t watch_us;
	/* counted up: */
	uint64_t n_files, n_seen, bytes; /* of those looked at */
	int64_t newest_us; /* last write of any regular file; INT64_MIN: there is none */
};

/* Adds NAME in DIRFD, a file or a folder with all in it. What cannot be read is left out. Fails where
 * memory is out. */
int folder_measure(int dirfd, const char *name, struct folder_measure *m, struct err *e);

/* Bytes of all files, estimated from those looked at. */
uint64_t folder_bytes(const struct folder_measure *m);

/* In pieces of some 100,000 names, each by inode: calls SEEN for each name in FD (not "." and ".."), TYPE as in d_type; what it removes is not given
 * again. SEEN returns 0 to go on, 1 to end, -1 to fail. */
typedef int folder_seen(void *ctx, const char *name, unsigned char type, struct err *e);
int folder_each(int fd, folder_seen *seen, void *ctx, struct err *e);
