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

/* Writes the bundle of S's ledger to PATH, which must not be there. */
int bundle_write(struct session *s, const char *path, struct err *e);

/* Unpacks the files of a bundle, and nothing else, from PATH into the folder INTO. EX_DATAERR: it is none. */
int bundle_unpack(const char *path, const char *into, struct err *e);
