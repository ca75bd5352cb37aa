/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/pseudonym.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "record/day.h"
#include "record/keyring.h"

#define HASH_LEN  8
#define BITS_LEN  10 /* hash and check */
#define TEXT_LEN  16 /* as base32 */
#define NET_LEN   6  /* a /48 */
#define DIGEST    crypto_generichash_blake2b_BYTES_MIN
#define N_BUCKETS (1u << 16)
#define N_WAYS    2

/* A token that was made: 40 bytes, compared whole, so that a hit is never a mistake. Free entries
 * are zero, and no domain is. */
struct known {
	uint64_t address[2];
	char text[TEXT_LEN];
	int32_t day;
	uint32_t domain;
};

struct pseudonym {
	struct keyring *keyring;
	struct known *cache; /* N_BUCKETS times N_WAYS, the newer first */
	uint64_t seed[2];    /* of the cache's hash: nobody can aim at a bucket */
	int32_t today;
	uint8_t prefix[NET_LEN];
};

#define CACHE_LEN (sizeof(struct known) * N_BUCKETS * N_WAYS)
#define PAGE_MIN  4096u

static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";

int
pseudonym_new(
	struct keyring *k, const struct address *prefix, struct pseudonym **ret, struct err *e)
{
	struct pseudonym *p = calloc(1, sizeof(*p));
	void *cache;

	if (!p)
		return err_memory(e);
	cache = mmap(NULL, CACHE_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (cache == MAP_FAILED) {
		free(p);
		return err_memory(e);
	}
	/* No core dump has it. It is not locked: that would take all of its pages at once. */
	(void)madvise(cache, CACHE_LEN, MADV_DONTDUMP);
	p->cache = cache;
	p->keyring = k;
	p->today = day_today();
	memcpy(p->prefix, prefix->b, sizeof(p->prefix));
	randombytes_buf(p->seed, sizeof(p->seed));
	*ret = p;
	return 0;
}

/* Wipes the cache: those pages of it that there are, for to touch the others would make them. */
static void
cache_wipe(struct pseudonym *p)
{
	unsigned char there[CACHE_LEN / PAGE_MIN];
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	bool known = mincore(p->cache, CACHE_LEN, there) == 0;

	for (size_t at = 0; at < CACHE_LEN; at += page)
		if (!known || there[at / page] & 1)
			sodium_memzero((char *)p->cache + at,
				CACHE_LEN - at < page ? CACHE_LEN - at : page);
}

struct pseudonym *
pseudonym_free(struct pseudonym *p)
{
	if (p) {
		cache_wipe(p);
		(void)munmap(p->cache, CACHE_LEN);
	}
	free(p);
	return NULL;
}

void
pseudonym_refresh(struct pseudonym *p)
{
	bool gone = keyring_refresh(p->keyring);
	int32_t today = day_today();

	if (!gone && today == p->today)
		return;
	p->today = today;
	cache_wipe(p);
	(void)madvise(p->cache, CACHE_LEN, MADV_DONTNEED); /* only gives memory back */
}

static void
bits_render(const uint8_t bits[BITS_LEN], char ret[TEXT_LEN])
{
	for (unsigned half = 0; half < 2; half++) {
		uint64_t v = 0;

		for (unsigned i = 0; i < 5; i++)
			v = v << 8 | bits[5 * half + i];
		for (unsigned i = 0; i < 8; i++)
			ret[8 * half + i] = base32[v >> (35 - 5 * i) & 31];
	}
}

static bool
bits_parse(const char text[TEXT_LEN], uint8_t ret[BITS_LEN])
{
	for (unsigned half = 0; half < 2; half++) {
		uint64_t v = 0;

		for (unsigned i = 0; i < 8; i++) {
			unsigned char c = (unsigned char)text[8 * half + i];

			if (c >= 'a' && c <= 'z')
				v = v << 5 | (c - 'a');
			else if (c >= '2' && c <= '7')
				v = v << 5 | (c - '2' + 26u);
			else
				return false;
		}
		for (unsigned i = 0; i < 5; i++)
			ret[5 * half + i] = (uint8_t)(v >> (32 - 8 * i));
	}
	return true;
}

/* The 16 bits over DOMAIN and HASH. */
static void
check_make(char domain, const uint8_t hash[HASH_LEN], uint8_t ret[BITS_LEN - HASH_LEN])
{
	static const uint8_t personal[crypto_generichash_blake2b_PERSONALBYTES] = "sparsam-check";
	uint8_t in[1 + HASH_LEN], digest[DIGEST];

	in[0] = (uint8_t)domain;
	memcpy(in + 1, hash, HASH_LEN);
	crypto_generichash_blake2b_salt_personal(
		digest, sizeof(digest), in, sizeof(in), NULL, 0, NULL, personal);
	memcpy(ret, digest, BITS_LEN - HASH_LEN);
}

static bool
check_holds(char domain, const uint8_t bits[BITS_LEN])
{
	uint8_t check[BITS_LEN - HASH_LEN];

	check_make(domain, bits, check);
	return memcmp(check, bits + HASH_LEN, sizeof(check)) == 0;
}

/* How many bytes of an address its domain hashes. */
static size_t
domain_len(char domain)
{
	return domain == '4' ? 4 : domain == 'n' ? 8 : 16;
}

static int
token_make(struct keyring *k, int32_t day, char domain, const uint8_t *address, char ret[TEXT_LEN],
	struct err *e)
{
	uint8_t personal[crypto_generichash_blake2b_PERSONALBYTES] = "sparsam-";
	uint8_t digest[DIGEST], bits[BITS_LEN];
	const uint8_t *key;

	if (keyring_key(k, day, &key, e) < 0)
		return -1;
	personal[8] = (uint8_t)domain;
	crypto_generichash_blake2b_salt_personal(
		digest, sizeof(digest), address, domain_len(domain), key, KEY_LEN, NULL, personal);
	memcpy(bits, digest, HASH_LEN);
	check_make(domain, bits, bits + HASH_LEN);
	bits_render(bits, ret);
	return 0;
}

/* Where what is known of ADDRESS and DAY has its place. Multiply and fold, as in wyhash. */
static inline struct known *
cache_bucket(const struct pseudonym *p, const uint64_t address[2], uint64_t day_domain)
{
	__uint128_t m = (__uint128_t)(address[0] ^ p->seed[0]) *
			(address[1] ^ p->seed[1] ^ day_domain * 0x9e3779b97f4a7c15u);
	uint64_t h = (uint64_t)m ^ (uint64_t)(m >> 64);

	return &p->cache[(h & (N_BUCKETS - 1)) * N_WAYS];
}

static inline bool
known_is(const struct known *n, const uint64_t address[2], int32_t day, char domain)
{
	return n->address[0] == address[0] && n->address[1] == address[1] && n->day == day &&
	       n->domain == (uint32_t)domain;
}

/* The 16 characters of A's token in DOMAIN on DAY; borrowed until the next call. NULL: failed. */
static const char *
token_find(struct pseudonym *p, int32_t day, char domain, const struct address *a, struct err *e)
{
	uint64_t address[2];
	struct known *n;

	memcpy(address, a->b, sizeof(address));
	if (domain_len(domain) <= sizeof(address[0]))
		address[1] = 0;
	n = cache_bucket(p, address, (uint64_t)(uint32_t)day << 8 | (uint8_t)domain);
	if (known_is(&n[0], address, day, domain))
		return n[0].text;
	if (known_is(&n[1], address, day, domain))
		return n[1].text;
	n[1] = n[0];
	n[0] = (struct known){ 0 }; /* nothing half made is ever found */
	if (token_make(p->keyring, day, domain, a->b, n[0].text, e) < 0)
		return NULL;
	memcpy(n[0].address, address, sizeof(address));
	n[0].day = day;
	n[0].domain = (uint32_t)domain;
	return n[0].text;
}

static char
address_domain(const struct address *a)
{
	return a->family == 4 ? '4' : '6';
}

size_t
pseudonym_token(struct pseudonym *p, int32_t day, const struct address *a, char ret[TOKEN_TEXT_MAX],
	struct err *e)
{
	const char *text = token_find(p, day, address_domain(a), a, e);

	if (!text)
		return 0;
	memcpy(ret, a->family == 4 ? "ip4:" : "ip6:", 4);
	memcpy(ret + 4, text, TEXT_LEN);
	return 4 + TEXT_LEN;
}

size_t
pseudonym_net_token(struct pseudonym *p, int32_t day, const struct address *a,
	char ret[TOKEN_TEXT_MAX], struct err *e)
{
	const char *text = token_find(p, day, 'n', a, e);

	if (!text)
		return 0;
	memcpy(ret, "net6:", 5);
	memcpy(ret + 5, text, TEXT_LEN);
	return 5 + TEXT_LEN;
}

size_t
pseudonym_address(struct pseudonym *p, int32_t day, const struct address *a,
	char ret[TOKEN_TEXT_MAX], struct err *e)
{
	const char *text = token_find(p, day, address_domain(a), a, e);
	struct address made = { .family = 6 };

	if (!text)
		return 0;
	memcpy(made.b, p->prefix, NET_LEN);
	(void)bits_parse(text, made.b + NET_LEN); /* what we rendered ourselves */
	return address_format(&made, ret);
}

size_t
pseudonym_id(
	struct pseudonym *p, int32_t day, struct span id, char ret[TOKEN_TEXT_MAX], struct err *e)
{
	static const uint8_t personal[crypto_generichash_blake2b_PERSONALBYTES] = "sparsam-id";
	struct address a = { .family = 6 };
	const char *text;

	crypto_generichash_blake2b_salt_personal(
		a.b, sizeof(a.b), (const uint8_t *)id.p, id.len, NULL, 0, NULL, personal);
	text = token_find(p, day, 'i', &a, e);
	if (!text)
		return 0;
	memcpy(ret, "id:", 3);
	memcpy(ret + 3, text, TEXT_LEN);
	return 3 + TEXT_LEN;
}

bool
pseudonym_is_token(struct span s)
{
	static const struct {
		struct span head;
		char domain;
	} kinds[] = { { SPAN("ip4:"), '4' }, { SPAN("ip6:"), '6' }, { SPAN("net6:"), 'n' },
		{ SPAN("id:"), 'i' } };
	uint8_t bits[BITS_LEN];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (span_starts(s, kinds[i].head) && s.len == kinds[i].head.len + TEXT_LEN)
			return bits_parse(s.p + kinds[i].head.len, bits) &&
			       check_holds(kinds[i].domain, bits);
	return false;
}

bool
pseudonym_is_own_address(const struct pseudonym *p, const struct address *a)
{
	return a->family == 6 && memcmp(a->b, p->prefix, NET_LEN) == 0 &&
	       (check_holds('4', a->b + NET_LEN) || check_holds('6', a->b + NET_LEN));
}
