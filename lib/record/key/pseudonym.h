/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * pseudonym.h - an address, or another identifier, under the key of its day
 *
 * token = the first 64 bits of BLAKE2b-128(key = the day's; personal = "sparsam-" + domain; the
 * canonical address: 4 bytes, 16, or the first 8 of a /64), then a check of 16 bits, the first of
 * BLAKE2b-128(no key; personal = "sparsam-check"; domain, those 64 bits). Personals are filled up
 * with zeros to 16 bytes. Rendered as "ip4:", "ip6:" or "net6:" and 16 lower-case base32 characters
 * (RFC 4648 alphabet, lower case), or as an address: the same 80 bits behind a configured /48. The
 * check lets a second pass know its own earlier output, so that it changes no byte, while any other
 * address in that range is hashed like all others (with a chance of 2^-15 to be mistaken: the
 * domains 4 and 6 are both tried; a text that looks like a token: 2^-16).
 *
 * Domains: 4 and 6 for addresses, n for an IPv6 /64, i for any other identifier: its BLAKE2b-128 (no
 * key; personal = "sparsam-id") takes the place of the address, and the token is "id:…".
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/span.h"
#include "record/address.h"
#include "record/key/token_cache.h"

struct keyring;
struct pseudonym;

#define TOKEN_TEXT_MAX ADDRESS_TEXT_MAX

/* Borrows K. PREFIX is the /48 for rendering as addresses (RFC 4193). The caller owns *ret. A token
 * that is in its cache (token_cache.h) costs some ten nanoseconds, one that is not well under a
 * microsecond. One thread. */
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

/* The same for an identifier of any form, as "id:…": a meeting, a pad. */
size_t pseudonym_id(
	struct pseudonym *p, int32_t day, struct span id, char ret[TOKEN_TEXT_MAX], struct err *e);

/* Has what is known of A on DAY brought near, for pseudonym_token() soon after. */
void pseudonym_expect(const struct pseudonym *p, int32_t day, const struct address *a);

/* The token that TEXT became on DAY the last time, by what pseudonym_note() was told; NULL: nothing is
 * known. Saves reading the address. Borrowed until the next call. */
uint64_t pseudonym_hash(const struct pseudonym *p, struct span text); /* token_cache_hash_text() */
const char *pseudonym_recall(
	const struct pseudonym *p, uint64_t hash, int32_t day, struct span text);
void pseudonym_note(
	struct pseudonym *p, int32_t day, struct span text, const char token[TOKEN_LEN]);

/* keyring_refresh(), and forgets the tokens that were made with keys that are gone, and each night
 * those of the day that ended. For a service's timer. */
void pseudonym_refresh(struct pseudonym *p);

/* Is S, whole, a token made by us ("ip4:…", "id:…", by its check), or an address with our prefix and check?
 */
bool pseudonym_is_token(struct span s);
bool pseudonym_is_own_address(const struct pseudonym *p, const struct address *a);
