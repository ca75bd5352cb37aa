/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * split.h - an archive that is too large for one mail, as several that are not
 *
 * Each part is an archive of its own (pack.h) with whole members and their manifest: a part that is lost takes
 * no other with it, and nobody has to put files together again. Members stay in their order. How large the parts
 * become is known before any leaves; the same archive is split into the same bytes each time.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dsar/case/made.h"

#define SPLIT_MAX 100 /* parts */

struct split_part {
	int fd; /* a file without a name; owned */
	uint64_t len;
	unsigned n_files; /* without the manifest */
	char hash[SHA256_HEX];
};

struct split {
	struct split_part *part;
	size_t n;
};

/* Splits the archive in FD, one of pack.h's, into parts of at most MAX bytes, which lie in the folder SPOOL. The caller
 * ends RET with split_release(), also on failure. EX_DATAERR: a member alone is larger, or there would be more than
 * SPLIT_MAX; EX_IOERR. It takes twice the time of making the archive. */
int split_archive(int fd, const char *spool, uint64_t max, struct split *ret, struct err *e);
void split_release(struct split *s);
