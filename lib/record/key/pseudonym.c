/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/key/pseudonym.h"

#include <endian.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "record/key/day.h"
#include "record/key/keyring.h"

#define HASH_LEN 8
#define BITS_LEN TOKEN_BITS /* hash and check */
#define TEXT_LEN 16         /* as base32 */
#define NET_LEN  6          /* a /48 */
#define HEAD_MAX 5          /* "net6:" */
#define DIGEST   crypto_generichash_blake2b_BYTES_MIN

struct pseudonym {
	struct keyring *keyring;
	struct token_cache *cache;
	int32_t today;
	uint8_t prefix[NET_LEN];
};

int
pseudonym_new(
	struct keyring *k, const struct address *prefix, struct pseudonym **ret, struct err *e)
{
	struct pseudonym *p = calloc(1, sizeof(*p));

	if (!p)
		return err_memory(e);
	p->cache = token_cache_new();
	if (!p->cache) {
		free(p);
		return err_memory(e);
	}
	p->keyring = k;
	p->today = day_today();
	memcpy(p->prefix, prefix->b, sizeof(p->prefix));
	*ret = p;
	return 0;
}

struct pseudonym *
pseudonym_free(struct pseudonym *p)
{
	if (p)
		token_cache_free(p->cache);
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
	token_cache_wipe(p->cache);
}

/* Eight characters for 40 bits, all at once: the bits are spread to a byte each five, and moved to
 * letters, from 26 on to digits. */
static uint64_t
base32_of(uint64_t v)
{
	const uint64_t each = 0x0101010101010101u;
	uint64_t digits;

	v = (v & 0xfffff00000u) << 12 | (v & 0xfffffu);
	v = (v & 0x000ffc00000ffc00u) << 6 | (v & 0x000003ff000003ffu);
	v = (v & 0x03e003e003e003e0u) << 3 | (v & 0x001f001f001f001fu);
	digits = (v + each * (128 - 26)) >> 7 & each;
	return v + each * 'a' - digits * ('a' + 26 - '2');
}

static void
bits_render(const uint8_t bits[BITS_LEN], char ret[TEXT_LEN])
{
	const uint64_t low40 = (UINT64_C(1) << 40) - 1;
	uint64_t first, last;

	memcpy(&first, bits, sizeof(first));
	memcpy(&last, bits + BITS_LEN - sizeof(last), sizeof(last));
	first = htobe64(base32_of(be64toh(first) >> 24));
	last = htobe64(base32_of(be64toh(last) & low40));
	memcpy(ret, &first, sizeof(first));
	memcpy(ret + sizeof(first), &last, sizeof(last));
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
token_make(struct keyring *k, int32_t day, char domain, const uint64_t address[2],
	uint8_t ret[BITS_LEN], struct err *e)
{
	uint8_t personal[crypto_generichash_blake2b_PERSONALBYTES] = "sparsam-";
	uint8_t digest[DIGEST];
	const uint8_t *key;

	if (keyring_key(k, day, &key, e) < 0)
		return -1;
	personal[8] = (uint8_t)domain;
	crypto_generichash_blake2b_salt_personal(digest, sizeof(digest), (const uint8_t *)address,
		domain_len(domain), key, KEY_LEN, NULL, personal);
	memcpy(ret, digest, HASH_LEN);
	check_make(domain, ret, ret + HASH_LEN);
	return 0;
}

/* The bits of A's token in DOMAIN on DAY; borrowed until the next call. NULL: failed. */
static const uint8_t *
token_find(struct pseudonym *p, int32_t day, char domain, const struct address *a, struct err *e)
{
	const uint8_t *known;
	uint64_t address[2];
	uint8_t bits[BITS_LEN];

	memcpy(address, a->b, sizeof(address));
	if (domain_len(domain) <= sizeof(address[0]))
		address[1] = 0;
	known = token_cache_find(p->cache, day, domain, address);
	if (known)
		return known;
	if (token_make(p->keyring, day, domain, address, bits, e) < 0)
		return NULL;
	token_cache_put(p->cache, day, domain, address, bits);
	return token_cache_find(p->cache, day, domain, address);
}

static char
address_domain(const struct address *a)
{
	return a->family == 4 ? '4' : '6';
}

void
pseudonym_expect(const struct pseudonym *p, int32_t day, const struct address *a)
{
	uint64_t address[2];

	memcpy(address, a->b, sizeof(address)); /* IPv4: the rest is zero */
	token_cache_expect(p->cache, day, address_domain(a), address);
}

size_t
pseudonym_token(struct pseudonym *p, int32_t day, const struct address *a, char ret[TOKEN_TEXT_MAX],
	struct err *e)
{
	const uint8_t *bits = token_find(p, day, address_domain(a), a, e);

	if (!bits)
		return 0;
	memcpy(ret, a->family == 4 ? "ip4:" : "ip6:", 4);
	bits_render(bits, ret + 4);
	return 4 + TEXT_LEN;
}

size_t
pseudonym_net_token(struct pseudonym *p, int32_t day, const struct address *a,
	char ret[TOKEN_TEXT_MAX], struct err *e)
{
	const uint8_t *bits = token_find(p, day, 'n', a, e);

	if (!bits)
		return 0;
	memcpy(ret, "net6:", 5);
	bits_render(bits, ret + 5);
	return 5 + TEXT_LEN;
}

size_t
pseudonym_address(struct pseudonym *p, int32_t day, const struct address *a,
	char ret[TOKEN_TEXT_MAX], struct err *e)
{
	const uint8_t *bits = token_find(p, day, address_domain(a), a, e);
	struct address made = { .family = 6 };

	if (!bits)
		return 0;
	memcpy(made.b, p->prefix, NET_LEN);
	memcpy(made.b + NET_LEN, bits, BITS_LEN);
	return address_format(&made, ret);
}

uint64_t
pseudonym_hash(const struct pseudonym *p, struct span text)
{
	return token_cache_hash_text(p->cache, text);
}

size_t
pseudonym_id(
	struct pseudonym *p, int32_t day, struct span id, char ret[TOKEN_TEXT_MAX], struct err *e)
{
	static const uint8_t personal[crypto_generichash_blake2b_PERSONALBYTES] = "sparsam-id";
	struct address a = { .family = 6 };
	const uint8_t *bits;

	crypto_generichash_blake2b_salt_personal(
		a.b, sizeof(a.b), (const uint8_t *)id.p, id.len, NULL, 0, NULL, personal);
	bits = token_find(p, day, 'i', &a, e);
	if (!bits)
		return 0;
	memcpy(ret, "id:", 3);
	bits_render(bits, ret + 3);
	return 3 + TEXT_LEN;
}

const char *
pseudonym_recall(const struct pseudonym *p, uint64_t hash, int32_t day, struct span text)
{
	return token_cache_find_text(p->cache, hash, day, text);
}

void
pseudonym_note(struct pseudonym *p, int32_t day, struct span text, const char token[TOKEN_LEN])
{
	token_cache_put_text(p->cache, day, text, token);
}

/* The domain of a token whose head of LEN bytes is P; 0: there is none like it. */
static char
head_domain(const char *p, size_t len)
{
	static const struct {
		struct span head;
		char domain;
	} kinds[] = { { SPAN("ip4:"), '4' }, { SPAN("ip6:"), '6' }, { SPAN("net6:"), 'n' },
		{ SPAN("id:"), 'i' } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (span_eq(span_of(p, len), kinds[i].head))
			return kinds[i].domain;
	return 0;
}

bool
pseudonym_is_token(struct span s)
{
	uint8_t bits[BITS_LEN];
	size_t head = s.len - TEXT_LEN; /* of what is shorter: a large number */
	char domain;

	if (head - 1 >= HEAD_MAX || s.p[head - 1] != ':')
		return false;
	domain = head_domain(s.p, head);
	return domain && bits_parse(s.p + head, bits) && check_holds(domain, bits);
}

bool
pseudonym_is_own_address(const struct pseudonym *p, const struct address *a)
{
	return a->family == 6 && memcmp(a->b, p->prefix, NET_LEN) == 0 &&
	       (check_holds('4', a->b + NET_LEN) || check_holds('6', a->b + NET_LEN));
}
