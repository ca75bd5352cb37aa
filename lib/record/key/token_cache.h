/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * token_cache.h - tokens that were made, by the address and by the text that it was read from
 *
 * Exact: an entry holds all of what it is found by, and is compared with it. Two places for each
 * key, the newer first; what falls out is made again. The hash is keyed by chance, so that nobody
 * can aim at a place. An entry is a cache line, or two share one: to find one costs a miss at most.
 *
 * 5 MiB, of which memory is taken as they fill, 2 MiB at a time where the kernel has such pages: the places
 * are all over the tables, and each would be another small page to find. No core dump has it; it is wiped
 * when it ends. It is not locked: that would take all of its pages at once.
 */
#pragma once
#include <stdint.h>

#include "base/span.h"

#define TOKEN_BITS     10 /* bytes of a token as a number */
#define TOKEN_LEN      20 /* bytes of "ip4:…" or "ip6:…" */
#define TOKEN_FROM_MAX 39 /* bytes of the longest address without a quad in it */
#define TOKEN_BEHIND   16 /* bytes that may be read behind a token of token_cache_find_text() */

struct token_cache;

struct token_cache *token_cache_new(void); /* NULL: out of memory */
struct token_cache *token_cache_free(struct token_cache *c);

/* Forgets everything, and gives its memory back. */
void token_cache_wipe(struct token_cache *c);

/* The bits for ADDRESS (what DOMAIN does not hash of it is zero) on DAY, or NULL; borrowed until the
 * next call that puts something. No domain is 0. */
const uint8_t *token_cache_find(
	struct token_cache *c, int32_t day, char domain, const uint64_t address[2]);
void token_cache_put(struct token_cache *c, int32_t day, char domain, const uint64_t address[2],
	const uint8_t bits[TOKEN_BITS]);

/* Has the place of these bits brought near. */
void token_cache_expect(
	const struct token_cache *c, int32_t day, char domain, const uint64_t address[2]);

/* The TOKEN_LEN characters that TEXT became on DAY, or NULL; borrowed likewise. What is longer than
 * TOKEN_FROM_MAX is not remembered. HASH is that of token_cache_hash_text(), which also has the place
 * brought near: asked some time before it costs no wait. */
uint64_t token_cache_hash_text(const struct token_cache *c, struct span text);
const char *token_cache_find_text(
	const struct token_cache *c, uint64_t hash, int32_t day, struct span text);
void token_cache_put_text(
	struct token_cache *c, int32_t day, struct span text, const char token[TOKEN_LEN]);
