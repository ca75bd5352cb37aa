/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * unpack.h - gzip, xz, zstd and bzip2, step by step
 *
 * Each by the library that defines it, and not through libarchive: that one throws away up to
 * 64 KiB of good data before a damage, checks no CRC of gzip and takes garbage behind a gzip file
 * for its end (3.6.2).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/span.h"

struct unpack;

enum unpack_step {
	UNPACK_MORE,    /* goes on; without new input it may have nothing to give */
	UNPACK_MEMBER,  /* a member is whole; what follows must begin another */
	UNPACK_DAMAGED, /* what was given is good */
	UNPACK_MEMORY   /* memory is out, or the file asks for more than is allowed */
};

/* What HEAD says the file is: "gzip", …; "" for none of them; NULL: too short to tell. */
const char *unpack_sniff(struct span head);

/* Begins to unpack what unpack_sniff() named. NULL: no memory. Ended with unpack_free(). */
struct unpack *unpack_new(const char *filter);

/* Takes from IN, which shrinks, and gives up to N bytes to OUT; *ret is how many, also where the
 * step ends in damage. LAST: nothing comes after IN. */
enum unpack_step unpack_step(
	struct unpack *u, struct span *in, bool last, void *out, size_t n, size_t *ret);

struct unpack *unpack_free(struct unpack *u);
DEFINE_CLEANUP(struct unpack, unpack_free)
