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
#include "base/err.h"

struct session;

#define BUNDLE_FILE_MAX (1u << 30) /* bytes; a ledger of a node's lifetime has some ten MB */

/* Writes the bundle of S's ledger to PATH, which must not be there. */
int bundle_write(struct session *s, const char *path, struct err *e);

/* Unpacks the known files of PATH, and nothing else, into the folder INTO. EX_DATAERR: no bundle. */
int bundle_unpack(const char *path, const char *into, struct err *e);

/* A folder of our own for what is looked at, mode 0700; removed with what is in it. */
int scratch_make(char ret[64], struct err *e);
void scratch_remove(const char *path);
