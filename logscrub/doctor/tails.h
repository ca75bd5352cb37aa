/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tails.h - what the detectors find at the end of a file
 *
 * Of a plain file the last bytes are looked at, of a packed one the first: 16 KiB of each, and less
 * of many, so that a hundred thousand take seconds. Addresses of the machine
 * itself, loopback, unspecified, broadcast and multicast ones, and pseudonyms are none of anybody.
 */
#pragma once
#include "base/cleanup.h"
#include "base/conf/conf.h"
#include "base/file/tree.h"
#include "record/detect/detect.h"

struct tails;

struct tails_found {
	unsigned n[DETECT_TYPES];
};

/* Collects the addresses of the system below T. NULL: memory is out. */
struct tails *tails_new(struct tree *t, const struct conf *c);
struct tails *tails_free(struct tails *s);
DEFINE_CLEANUP(struct tails, tails_free)

/* Looks at FD (borrowed) of SIZE bytes; NAME tells whether it is packed. Adds to *ret, and returns
 * whether there was anything. */
bool tails_look(struct tails *s, int fd, off_t size, const char *name, struct tails_found *ret);

/* "ipv4: 3, email: 1" */
void tails_tell(const struct tails_found *found, char *ret, size_t size);
