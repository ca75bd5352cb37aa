/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * pseudonym.h - an address under the key of its day
 *
 * token = 64 bits of BLAKE2b(key of the day; personal = "sparsam-" + domain; canonical address),
 * then a check of 16 bits over the domain and those 64, unkeyed. Rendered as "ip4:", "ip6:" or
 * "net6:" and 16 lower-case base32 characters (RFC 4648 alphabet, lower case), or as an address:
 * the 80 bits behind a configured /48. The check lets a second pass know its own earlier output, so
 * that it changes no byte, while any other address in that range is hashed like all others (with a
 * chance of 2^-16 to be mistaken).
 *
 * Domains: 4 and 6 for addresses, n for an IPv6 /64.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "record/address.h"

struct keyring;
struct pseudonym;

#define TOKEN_TEXT_MAX ADDRESS_TEXT_MAX

/* Borrows K. PREFIX is the /48 for rendering as addresses (RFC 4193). The caller owns *ret. Holds
 * an exact cache of at most 8 MiB. */
int pseudonym_new(
	struct keyring *k, const struct address *prefix, struct pseudonym **ret, struct err *e);
struct pseudonym *pseudonym_free(struct pseudonym *p);
DEFINE_CLEANUP(struct pseudonym, pseudonym_free)

/* Writes the token of A on DAY, not terminated, and returns its length; 0 if no key could be had
 * (then *e is filled: EX_IOERR …). `net`: of A's /64 (IPv6 only) as "net6:…". */
size_t pseudonym_token(struct pseudonym *p, int32_t day, const struct address *a,
	char ret[TOKEN_TEXT_MAX], struct err *e);
size_t pseudonym_net_token(struct pseudonym *p, int32_t day, const struct address *a,
	char ret[TOKEN_TEXT_MAX], struct err *e);
size_t pseudonym_address(struct pseudonym *p, int32_t day, const struct address *a,
	char ret[TOKEN_TEXT_MAX], struct err *e);

/* Is S, whole, a token made by us ("ip4:…", by its check), or an address with our prefix and check?
 */
bool pseudonym_is_token(struct span s);
bool pseudonym_is_own_address(const struct pseudonym *p, const struct address *a);
