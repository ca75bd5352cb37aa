/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * address.h - one IP address in its canonical form
 *
 * A v4-mapped IPv6 address (::ffff:a.b.c.d, RFC 4291 2.5.5.2) is the IPv4 address that it maps, so
 * that one host has one pseudonym however a program wrote it. Zone and port are not part of it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct address {
	uint8_t b[16];  /* network order; IPv4: the first four bytes, the rest zero */
	uint8_t family; /* 4 or 6 */
};

#define ADDRESS_TEXT_MAX 46 /* with its NUL */

/* Reads all of S as one address: dotted quad (leading zeros are decimal), RFC 4291 forms in either
 * case. No port, brackets, zone. Returns whether it was one. */
bool address_parse(struct span s, struct address *ret);

/* Makes an IPv6 address of ::ffff:0:0/96 the IPv4 address that it maps; leaves all others. */
void address_unmap(struct address *a);

/* Writes the RFC 5952 form; returns its length without the NUL. */
size_t address_format(const struct address *a, char ret[ADDRESS_TEXT_MAX]);

/* Reads "10.0.0.0/8" or "2001:db8::/32"; without a slash: that one address. */
bool address_parse_network(struct span s, struct address *ret, unsigned *ret_bits);

bool address_within(const struct address *a, const struct address *net, unsigned bits);

/* Clears all but the first BITS bits. */
void address_mask(struct address *a, unsigned bits);
