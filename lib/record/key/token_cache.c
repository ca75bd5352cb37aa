/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/key/token_cache.h"

#include <sodium.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"

#define PAGE_MIN 4096u

/* Free entries are zero: no domain is, and no text is empty. */
struct by_address {
	uint64_t address[2];
	uint8_t bits[TOKEN_BITS];
	uint8_t unused;
	char domain;
	int32_t day;
};
_Static_assert(sizeof(struct by_address) == 32, "two are to share a cache line");

struct by_text {
	char text[TOKEN_FROM_MAX];
	uint8_t len;
	int32_t day;
	char token[TOKEN_LEN];
};
_Static_assert(sizeof(struct by_text) == 64, "one is to be a cache line");

#define N_ADDRESSES (1u << 16) /* pairs */
#define N_TEXTS     (1u << 13)

struct tables {
	struct by_text text[N_TEXTS][2];           /* the newer first */
	struct by_address address[N_ADDRESSES][2]; /* has the bytes behind the last text */
};

struct token_cache {
	struct tables *tables;
	uint64_t seed[2];
};

struct token_cache *
token_cache_new(void)
{
	struct token_cache *c = calloc(1, sizeof(*c));
	void *tables;

	if (!c)
		return NULL;
	tables = mmap(NULL, sizeof(*c->tables), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		-1, 0);
	if (tables == MAP_FAILED) {
		free(c);
		return NULL;
	}
	(void)madvise(tables, sizeof(*c->tables), MADV_DONTDUMP);
	(void)madvise(tables, sizeof(*c->tables), MADV_HUGEPAGE); /* only a wish */
	c->tables = tables;
	randombytes_buf(c->seed, sizeof(c->seed));
	return c;
}

/* Wipes those pages that there are, for to touch the others would make them. */
void
token_cache_wipe(struct token_cache *c)
{
	const size_t len = sizeof(*c->tables), page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char there[sizeof(*c->tables) / PAGE_MIN];
	bool known = mincore(c->tables, len, there) == 0;

	for (size_t at = 0; at < len; at += page)
		if (!known || there[at / page] & 1)
			sodium_memzero((char *)c->tables + at, len - at < page ? len - at : page);
	(void)madvise(c->tables, len, MADV_DONTNEED); /* only gives memory back */
}

struct token_cache *
token_cache_free(struct token_cache *c)
{
	if (c) {
		token_cache_wipe(c);
		(void)munmap(c->tables, sizeof(*c->tables));
	}
	free(c);
	return NULL;
}

/* --- by address ------------------------------------------------------------------------------- */

static inline struct by_address *
pair_of_address(const struct token_cache *c, int32_t day, char domain, const uint64_t address[2])
{
	uint64_t other = ((uint64_t)(uint32_t)day << 8 | (uint8_t)domain) * 0x9e3779b97f4a7c15u;
	uint64_t h = bytes_mix(address[0] ^ c->seed[0], address[1] ^ c->seed[1] ^ other);

	return c->tables->address[h & (N_ADDRESSES - 1)];
}

static inline bool
is_address(const struct by_address *n, int32_t day, char domain, const uint64_t address[2])
{
	return n->address[0] == address[0] && n->address[1] == address[1] && n->day == day &&
	       n->domain == domain;
}

void
token_cache_expect(const struct token_cache *c, int32_t day, char domain, const uint64_t address[2])
{
	__builtin_prefetch(pair_of_address(c, day, domain, address));
}

const uint8_t *
token_cache_find(struct token_cache *c, int32_t day, char domain, const uint64_t address[2])
{
	const struct by_address *n = pair_of_address(c, day, domain, address);

	if (is_address(&n[0], day, domain, address))
		return n[0].bits;
	return is_address(&n[1], day, domain, address) ? n[1].bits : NULL;
}

void
token_cache_put(struct token_cache *c, int32_t day, char domain, const uint64_t address[2],
	const uint8_t bits[TOKEN_BITS])
{
	struct by_address *n = pair_of_address(c, day, domain, address);

	n[1] = n[0];
	n[0] = (struct by_address){ .day = day, .domain = domain };
	memcpy(n[0].address, address, sizeof(n[0].address));
	memcpy(n[0].bits, bits, sizeof(n[0].bits));
}

/* --- by text ---------------------------------------------------------------------------------- */

static inline struct by_text *
pair_of_text(const struct token_cache *c, uint64_t hash)
{
	return c->tables->text[hash & (N_TEXTS - 1)];
}

static inline bool
is_text(const struct by_text *n, int32_t day, struct span text)
{
	return n->len == text.len && n->day == day && bytes_eq(n->text, text.p, text.len);
}

uint64_t
token_cache_hash_text(const struct token_cache *c, struct span text)
{
	uint64_t hash;

	if (text.len == 0 || text.len > TOKEN_FROM_MAX)
		return 0;
	hash = bytes_hash(c->seed, text.p, text.len);
	__builtin_prefetch(pair_of_text(c, hash));
	return hash;
}

const char *
token_cache_find_text(const struct token_cache *c, uint64_t hash, int32_t day, struct span text)
{
	const struct by_text *n = pair_of_text(c, hash);

	if (text.len == 0 || text.len > TOKEN_FROM_MAX)
		return NULL;
	if (is_text(&n[0], day, text))
		return n[0].token;
	return is_text(&n[1], day, text) ? n[1].token : NULL;
}

void
token_cache_put_text(
	struct token_cache *c, int32_t day, struct span text, const char token[TOKEN_LEN])
{
	struct by_text *n;

	if (text.len == 0 || text.len > TOKEN_FROM_MAX)
		return;
	n = pair_of_text(c, token_cache_hash_text(c, text));
	n[1] = n[0];
	n[0] = (struct by_text){ .len = (uint8_t)text.len, .day = day };
	memcpy(n[0].text, text.p, text.len);
	memcpy(n[0].token, token, TOKEN_LEN);
}
