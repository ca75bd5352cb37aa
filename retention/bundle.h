/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bundle.h - what an auditor gets: one tar file (POSIX ustar)
 *
 *   ledger.db   the whole ledger, as it is
 *   key.asc     the node's public key
 *   head.txt    "sparsam-head-1 SEQ HASH" of the newest signed entry
 *   head.asc    … and its detached signature
 *   README      how to check all this with sqlite3, sha256sum and gpg alone
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

struct session;

#define BUNDLE_FILE_MAX (1u << 30) /* bytes; a ledger of a node's lifetime has some ten MB */

/* Writes the bundle of S's ledger to PATH, which must not be there. */
int bundle_write(struct session *s, const char *path, struct err *e);

/* The N files that belong into a tar file of ours, and the bytes of each. */
struct bundle_member {
	const char *name;
	struct span bytes;
};

/* Writes them to PATH, which must not be there; half a file is taken away again. */
int bundle_pack(
	const char *path, const struct bundle_member *m, size_t n, int64_t now_us, struct err *e);

/* Unpacks the files of a bundle, or those named at M, and nothing else, from PATH into the folder INTO.
 * EX_DATAERR: it is none. */
int bundle_unpack(const char *path, const char *into, struct err *e);
int bundle_unpack_these(
	const char *path, const char *into, const struct bundle_member *m, size_t n, struct err *e);

/* Appends the content of PATH to OUT. */
struct buf;
int bundle_read_file(const char *path, struct buf *out, struct err *e);

/* A folder of our own for what is looked at, mode 0700; removed with what is in it. */
int scratch_make(char ret[64], struct err *e);
void scratch_remove(const char *path);
