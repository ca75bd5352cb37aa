/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tar.h - a few files of ours in one tar file (POSIX ustar), and back
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/span.h"

#define TAR_FILE_MAX (1u << 30) /* bytes; a ledger of a node's lifetime has some ten MB */

/* The N files that belong into a tar file of ours, and the bytes of each. */
struct tar_member {
	const char *name;
	struct span bytes;
};

/* Writes them to PATH, which must not be there; half a file is taken away again. */
int tar_pack(const char *path, const struct tar_member *m, size_t n, int64_t now_us, struct err *e);

/* Unpacks the files named at M, each once and nothing else, from PATH into the folder INTO. EX_DATAERR: it
 * is none of ours. */
int tar_unpack(
	const char *path, const char *into, const struct tar_member *m, size_t n, struct err *e);

/* Appends the content of PATH to OUT. */
struct buf;
int tar_read_file(const char *path, struct buf *out, struct err *e);

/* Puts a copy of the database FROM, which was unpacked, where PATH is, with MODE less the umask. ASIDE_US, if not 0: what lies
 * there is damaged, and set aside under this time, since a person has to see what can be read of it; else it goes. So does its
 * rollback journal, which SQLite would play back into the new one. Killed at any point it can be run again. */
int tar_put_back(const char *from, const char *path, mode_t mode, int64_t aside_us, struct err *e);
