/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * armour.h - OpenPGP's ASCII armor of a message, made as it streams (RFC 4880 section 6.2)
 *
 * gpg(1) makes one as well, in twice the time that it takes to encrypt: of an answer's 138 MB it was the
 * larger half. Lines of 64 characters, LF, with the checksum.
 *
 *   armour_begin(&a, fd), armour_put(&a, …) as often as it takes, armour_end(&a, e)
 */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

#define ARMOUR_LINE 48 /* bytes of one */

struct armour {
	int fd;       /* borrowed */
	uint32_t crc; /* its 24 bits, in the upper ones */
	unsigned char rest[ARMOUR_LINE];
	size_t n_rest;
};

/* -1, here and below: it cannot be written; errno says why. */
int armour_begin(struct armour *a, int fd);
int armour_put(struct armour *a, struct span s);
int armour_end(struct armour *a);
