/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * pack.h - one ZIP archive with a manifest, written in one pass and bounded memory
 *
 * Every member has the same time, no owner and no mode of this machine, and they stand in the order in which
 * they were written: the same contents are the same bytes. The last member, manifest.txt, has the SHA-256 of each
 * other one, as `sha256sum -c` reads it. Names are ASCII and ours, never a person's.
 */
#pragma once
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/span.h"

struct pack;

/* Writes into FD (borrowed), an empty file. The caller owns *ret. */
int pack_open(int fd, int64_t time_us, struct pack **ret, struct err *e);
struct pack *pack_free(struct pack *p);
DEFINE_CLEANUP(struct pack, pack_free)

/* A member: begin, any number of writes, end. */
int pack_begin(struct pack *p, const char *name, struct err *e);
int pack_write(struct pack *p, struct span bytes, struct err *e);
int pack_end(struct pack *p, struct err *e);

/* All three. */
int pack_member(struct pack *p, const char *name, struct span bytes, struct err *e);

/* The manifest, and the archive's own end. */
int pack_finish(struct pack *p, struct err *e);
