/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * seal.h - encrypts to keys that come as files or with an order, each known by its whole fingerprint
 *
 * The keys are in a ring of their own that goes with it: what one order has brought is of no use to another.
 */
#pragma once
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/span.h"

struct seal;

int seal_new(struct seal **ret, struct err *e);
struct seal *seal_free(struct seal *s);
DEFINE_CLEANUP(struct seal, seal_free)

/* From now on it is encrypted to FINGERPRINT as well, which has to be among the armoured or binary KEY. EX_NOPERM: it
 * is not, or nothing can be encrypted to it. */
int seal_to(struct seal *s, struct span key, const char *fingerprint, struct err *e);
int seal_to_file(struct seal *s, const char *path, const char *fingerprint, struct err *e);

/* Appends PLAIN, encrypted to FINGERPRINT alone, which has to be in the file PATH, to OUT; armoured. */
int seal_once(const char *path, const char *fingerprint, struct span plain, struct buf *out,
	struct err *e);

/* Writes PLAIN, encrypted, to FD, which holds something usable only if this is 0. */
int seal_write(struct seal *s, struct span plain, int fd, struct err *e);
