/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/cleanup.h"
#include "keyfolder.h"
#include "record/key/pseudonym.h"
#include "tests/unit/suite.h"

#define N_MANY 300000u

static struct keyring *ring;
static struct pseudonym *made;
static struct address prefix;

static void
setup(void)
{
	uint8_t key[32];
	struct err e;

	for (uint8_t i = 0; i < 32; i++)
		key[i] = i;
	folder_setup();
	folder_ready();
	key_file(NULL, today, 'w', key);
	ring = ring_open();
	ck_assert(address_parse(SPAN("fd73:7061:72ff::"), &prefix));
	ck_assert_int_eq(pseudonym_new(ring, &prefix, &made, &e), 0);
}

static void
teardown(void)
{
	pseudonym_free(made);
	keyring_free(ring);
	folder_teardown();
}

/* Python: h = hashlib.blake2b(address, digest_size=16, key=bytes(range(32)),
 * person=b"sparsam-4").digest()[:8], then hashlib.blake2b(b"4" + h, digest_size=16,
 * person=b"sparsam-check").digest()[:2], base64.b32encode() of both, in lower case. */
static const struct {
	const char *address, *token, *net, *rendered;
} known[] = {
	{ "192.0.2.1", "ip4:dtfu6mcy5as2wouc", NULL, "fd73:7061:72ff:1ccb:4f30:58e8:25ab:3a82" },
	{ "198.51.100.77", "ip4:4l5oyyzizzzwehwl", NULL,
		"fd73:7061:72ff:e2fa:ec63:28ce:7362:1ecb" },
	{ "203.0.113.255", "ip4:o2jfr7kmehw4u4yf", NULL,
		"fd73:7061:72ff:7692:58fd:4c21:edca:7305" },
	{ "0.0.0.0", "ip4:n75xylhdtc5niw6o", NULL, "fd73:7061:72ff:6ffb:7c2c:e398:bad4:5bce" },
	{ "255.255.255.255", "ip4:lfnygcvamks46jsb", NULL,
		"fd73:7061:72ff:595b:830a:a062:a5cf:2641" },
	{ "2001:db8::1", "ip6:nnmfpqoiabsfrndf", "net6:vwzivxvuvlqttdbs",
		"fd73:7061:72ff:6b58:57c1:c800:6458:b465" },
	{ "2001:db8:1:2:3:4:5:6", "ip6:aogbgtjmho6rsugc", "net6:ca552ommbrtkoqxj",
		"fd73:7061:72ff:38c:134d:2c3b:bd19:50c2" },
	{ "::1", "ip6:d2k6raku3aykajr4", "net6:mnqhipu7iwqgtgem",
		"fd73:7061:72ff:1e95:e881:54d8:30a0:263c" },
	{ "fe80::1", "ip6:4rhvef7kcvdscbbv", "net6:iil2yh3c5z27spbx",
		"fd73:7061:72ff:e44f:5217:ea15:4721:435" },
};
#define N_KNOWN (int)(sizeof(known) / sizeof(known[0]))

static struct address
address_of(const char *text)
{
	struct address a;

	ck_assert(address_parse(span_str(text), &a));
	return a;
}

static void
token_of(struct pseudonym *p, int32_t day, const struct address *a, char ret[TOKEN_TEXT_MAX])
{
	struct err e;
	size_t n = pseudonym_token(p, day, a, ret, &e);

	ck_assert_uint_eq(n, 20);
	ret[n] = '\0';
}

START_TEST(tokens_agree_with_another_blake2b)
{
	struct address a = address_of(known[_i].address);
	char text[TOKEN_TEXT_MAX];
	struct err e;
	size_t n;

	for (int again = 0; again < 2; again++) { /* computed, then out of the cache */
		token_of(made, today, &a, text);
		ck_assert_str_eq(text, known[_i].token);
		if (known[_i].net) {
			n = pseudonym_net_token(made, today, &a, text, &e);
			ck_assert(span_eq(span_of(text, n), span_str(known[_i].net)));
		}
		n = pseudonym_address(made, today, &a, text, &e);
		ck_assert(span_eq(span_of(text, n), span_str(known[_i].rendered)));
	}
}
END_TEST

START_TEST(a_mapped_address_has_the_token_of_the_one_it_maps)
{
	static const char *const same[] = { "203.0.113.255", "::ffff:203.0.113.255",
		"::FFFF:cb00:71ff", "0:0:0:0:0:ffff:203.0.113.255" };
	char text[TOKEN_TEXT_MAX];

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		struct address a = address_of(same[i]);

		token_of(made, today, &a, text);
		ck_assert_str_eq(text, "ip4:o2jfr7kmehw4u4yf");
	}
}
END_TEST

START_TEST(another_day_gives_another_token)
{
	struct address a = address_of("203.0.113.7");
	char text[3][TOKEN_TEXT_MAX];

	for (int32_t i = 0; i < 3; i++)
		token_of(made, today - i, &a, text[i]);
	ck_assert_str_ne(text[0], text[1]);
	ck_assert_str_ne(text[1], text[2]);
	ck_assert_str_ne(text[0], text[2]);
}
END_TEST

/* Python: a = hashlib.blake2b(b"…", digest_size=16, person=b"sparsam-id").digest(), and so on as
 * above, with the domain i. */
START_TEST(another_identifier_has_a_token_of_its_own)
{
	static const struct {
		const char *id, *token;
	} ids[] = {
		{ "183f0bf3a0982a127bdb8161e0c44eb696b3e75c-1716216409672", "id:pvxheygfibsca25r" },
		{ "g.4nWmHjCK6rZ1x2Ya$notes", "id:ow2hmwx6xanhi5yh" },
	};
	char text[TOKEN_TEXT_MAX];
	struct err e;

	for (size_t i = 0; i < 2 * sizeof(ids) / sizeof(ids[0]); i++) {
		size_t n = pseudonym_id(made, today, span_str(ids[i % 2].id), text, &e);

		ck_assert(span_eq(span_of(text, n), span_str(ids[i % 2].token)));
		ck_assert(pseudonym_is_token(span_of(text, n)));
		text[4] ^= 1;
		ck_assert(!pseudonym_is_token(span_of(text, n)));
	}
}
END_TEST

START_TEST(one_net_has_one_token)
{
	struct address a = address_of("2001:db8:1:2::3"), b = address_of("2001:db8:1:2:ffff::1");
	struct address c = address_of("2001:db8:1:3::3");
	char text[3][TOKEN_TEXT_MAX];
	struct err e;

	ck_assert_uint_eq(pseudonym_net_token(made, today, &a, text[0], &e), 21);
	ck_assert_uint_eq(pseudonym_net_token(made, today, &b, text[1], &e), 21);
	ck_assert_uint_eq(pseudonym_net_token(made, today, &c, text[2], &e), 21);
	ck_assert_mem_eq(text[0], text[1], 21);
	ck_assert_mem_ne(text[0], text[2], 21);
}
END_TEST

START_TEST(our_own_output_is_known)
{
	struct address a = address_of(known[_i].rendered);

	ck_assert(pseudonym_is_token(span_str(known[_i].token)));
	if (known[_i].net)
		ck_assert(pseudonym_is_token(span_str(known[_i].net)));
	ck_assert(pseudonym_is_own_address(made, &a));
	a.b[15] ^= 1;
	ck_assert(!pseudonym_is_own_address(made, &a));
	a.b[15] ^= 1;
	a.b[5] ^= 1; /* another /48 */
	ck_assert(!pseudonym_is_own_address(made, &a));
}
END_TEST

static const char *const no_tokens[] = { "", "ip4:", "ip4:dtfu6mcy5as2wou", "ip4:dtfu6mcy5as2woucc",
	"ip6:dtfu6mcy5as2wouc", "net6:dtfu6mcy5as2wouc", "ip4:DTFU6MCY5AS2WOUC",
	"ip4:dtfu6mcy5as2woud", "ip4:atfu6mcy5as2wouc", "ip4:dtfu6mcy5as2wou1",
	"ip4:dtfu6mcy5as2wou=", "IP4:dtfu6mcy5as2wouc", " ip4:dtfu6mcy5as2wouc", "ip4:192.0.2.1" };
#define N_NO_TOKENS (int)(sizeof(no_tokens) / sizeof(no_tokens[0]))

START_TEST(what_only_looks_like_a_token_is_none)
{
	ck_assert(!pseudonym_is_token(span_str(no_tokens[_i])));
}
END_TEST

START_TEST(hardly_any_address_is_mistaken_for_ours)
{
	struct address a = prefix;
	unsigned n = 0, tries = 1u << 17;

	for (unsigned i = 0; i < tries; i++) {
		randombytes_buf(a.b + 6, 10);
		n += pseudonym_is_own_address(made, &a);
	}
	ck_assert_uint_lt(n, 40); /* 4 are to be expected */
}
END_TEST

START_TEST(the_cache_never_mistakes_one_for_another)
{
	struct pseudonym *fresh;
	char one[TOKEN_TEXT_MAX], two[TOKEN_TEXT_MAX];
	struct address a = address_of("10.0.0.0");
	struct err e;

	ck_assert_int_eq(pseudonym_new(ring, &prefix, &fresh, &e), 0);
	for (unsigned pass = 0; pass < 2; pass++)
		for (unsigned i = 0; i < N_MANY; i++) {
			unsigned n = pass ? N_MANY - 1 - i : i;

			a.b[1] = (uint8_t)(n >> 16);
			a.b[2] = (uint8_t)(n >> 8);
			a.b[3] = (uint8_t)n;
			token_of(made, today, &a, one);
			if (pass == 0 || i % 64 != 0)
				continue;
			token_of(fresh, today, &a, two);
			ck_assert_str_eq(one, two);
		}
	pseudonym_free(fresh);
}
END_TEST

static const char *
recall(struct span text, int32_t day)
{
	return pseudonym_recall(made, pseudonym_hash(made, text), day, text);
}

/* The same for what is known by its text: more of it than there is room for, twice. */
START_TEST(a_text_is_never_mistaken_for_another)
{
	unsigned n_known = 0;

	for (unsigned i = 0; i < 2 * N_MANY; i++) {
		char text[64], token[64];
		int32_t day = today - (int32_t)(i / 2 % 3);
		int len = snprintf(text, sizeof(text), "%.*s-%u", (int)(i / 2 % 32),
			"2001:db8:1111:2222:3333:4444:5555:", i / 2 % N_MANY);
		struct span s = span_of(text, (size_t)len);
		const char *found = recall(s, day);

		(void)snprintf(token, sizeof(token), "ip6:%08u%08d", i / 2 % N_MANY, day);
		if (found) {
			n_known++;
			ck_assert_mem_eq(found, token, TOKEN_LEN);
		}
		pseudonym_note(made, day, s, token);
		found = recall(s, day);
		ck_assert(s.len > TOKEN_FROM_MAX || found);
		ck_assert(!recall(s, day + 1000));
	}
	ck_assert_uint_gt(n_known, 0);
	ck_assert_ptr_null(recall(SPAN(""), today));
}
END_TEST

START_TEST(a_destroyed_key_takes_its_tokens_along)
{
	CLEANUP(keyring_freep) struct keyring *other = ring_open();
	struct address a = address_of("192.0.2.1");
	char text[TOKEN_TEXT_MAX];
	unsigned n;
	struct err e;

	token_of(made, today, &a, text);
	pseudonym_note(made, today, SPAN("192.0.2.1"), text);
	ck_assert_mem_eq(recall(SPAN("192.0.2.1"), today), known[0].token, TOKEN_LEN);
	pseudonym_refresh(made);
	token_of(made, today, &a, text);
	ck_assert_str_eq(text, known[0].token);
	ck_assert_int_eq(keyring_destroy_before(other, today + 1, &n, &e), 0);
	pseudonym_refresh(made);
	ck_assert_ptr_null(recall(SPAN("192.0.2.1"), today));
	token_of(made, today, &a, text);
	ck_assert_str_ne(text, known[0].token);
}
END_TEST

START_TEST(without_a_key_there_is_no_token)
{
	struct address a = address_of("192.0.2.1");
	char text[TOKEN_TEXT_MAX];
	uint8_t key[32] = { 0 };
	struct err e = { 0 };

	key_file(NULL, today - 1, 'x', key); /* under another wrapping key */
	ck_assert_uint_eq(pseudonym_token(made, today - 1, &a, text, &e), 0);
	ck_assert_int_eq(e.exit, EX_DATAERR);
	ck_assert_uint_eq(pseudonym_address(made, today - 1, &a, text, &e), 0);
	key_file(NULL, today - 1, 'w', key); /* and it was not remembered */
	token_of(made, today - 1, &a, text);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("pseudonym");
	TCase *t = tcase_create("pseudonym");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, tokens_agree_with_another_blake2b, 0, N_KNOWN);
	tcase_add_test(t, a_mapped_address_has_the_token_of_the_one_it_maps);
	tcase_add_test(t, another_day_gives_another_token);
	tcase_add_test(t, one_net_has_one_token);
	tcase_add_test(t, another_identifier_has_a_token_of_its_own);
	tcase_add_loop_test(t, our_own_output_is_known, 0, N_KNOWN);
	tcase_add_loop_test(t, what_only_looks_like_a_token_is_none, 0, N_NO_TOKENS);
	tcase_add_test(t, hardly_any_address_is_mistaken_for_ours);
	tcase_add_test(t, the_cache_never_mistakes_one_for_another);
	tcase_add_test(t, a_text_is_never_mistaken_for_another);
	tcase_add_test(t, a_destroyed_key_takes_its_tokens_along);
	tcase_add_test(t, without_a_key_there_is_no_token);
	suite_add_tcase(s, t);
	return suite_run(s);
}
