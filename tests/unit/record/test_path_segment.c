/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Segments judged by their bits and byte by byte, and the same bits with and without SIMD.
 */
#include "record/transform/path_mask-private.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "record/detect/detect.h"
#include "tests/unit/suite.h"

#define ROUNDS 100000

/* --- the twin: each byte by itself ------------------------------------------------------------ */

enum {
	PATH_LOWER = 1,
	PATH_UPPER = 2,
	PATH_DIGIT = 4,
	PATH_DOT = 8,
	PATH_DASH = 16,
	PATH_UNDERSCORE = 32,
	PATH_OTHER = 64,
};

static unsigned
kind_of(char c)
{
	if (c >= 'a' && c <= 'z')
		return PATH_LOWER;
	if (c >= 'A' && c <= 'Z')
		return PATH_UPPER;
	if (c >= '0' && c <= '9')
		return PATH_DIGIT;
	return c == '.' ? PATH_DOT : c == '-' ? PATH_DASH : c == '_' ? PATH_UNDERSCORE : PATH_OTHER;
}

/* Letters and digits without anything between them. */
struct run {
	unsigned len, digits, upper, changes;
	unsigned shout, shouts; /* capitals in a row now, and how often two: "cXVpdHRlbg" twice */
	bool is_capital; /* begins like a name; parts of programs rarely do, but for "en-US" */
};

static bool
run_is_id(const struct run *r)
{
	if ((r->is_capital && r->len > 2) || r->shouts >= 2)
		return true;
	if (r->digits == 0)
		return r->len >= 16 && (r->upper == 0 || r->upper == r->len);
	if (r->digits == r->len)
		return r->len >= 3;
	return r->len >= 12 || (r->len >= 8 && (r->digits >= 3 || r->changes >= 3));
}

/* "abc-def-ghi", "abc-def-ghi-jkl.json": a room of Greenlight. */
static bool
is_room(struct span s)
{
	const char *dot = memchr(s.p, '.', s.len);

	if (dot)
		s.len = (size_t)(dot - s.p);
	if (s.len != 11 && s.len != 15)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if ((s.p[i] == '-') != (i % 4 == 3))
			return false;
	return true;
}

/* "w_…", "v_…": a user within a meeting; "gl-…": a Greenlight account. */
static bool
is_user(struct span s)
{
	if (s.len >= 10 && (s.p[0] == 'w' || s.p[0] == 'v') && s.p[1] == '_')
		return true;
	return s.len >= 11 && s.p[0] == 'g' && s.p[1] == 'l' && s.p[2] == '-';
}

/* Digits alone, or with an extension of letters: "42", "42.png". */
static bool
is_number(struct span s)
{
	size_t i = 0;

	while (i < s.len && kind_of(s.p[i]) == PATH_DIGIT)
		i++;
	if (i == 0 || i == s.len)
		return i > 0;
	if (s.p[i] != '.')
		return false;
	while (++i < s.len)
		if (kind_of(s.p[i]) == PATH_DIGIT)
			return false;
	return true;
}

/* "2001-db8--7", "7.113.0.203.in-addr.arpa". */
static bool
spells_address(struct span s)
{
	struct detect d;
	struct finding f;

	detect_start(&d, s, DETECT_ADDRESSES);
	return detect_next(&d, &f);
}

static bool
is_plain(struct span s)
{
	struct run run = { 0 };
	unsigned digits = 0, groups = 0, seams = 0, before = PATH_OTHER;

	for (size_t i = 0; i <= s.len; i++) {
		unsigned kind = i < s.len ? kind_of(s.p[i]) : PATH_DOT;

		if (kind >= PATH_DOT) {
			if (run_is_id(&run))
				return false;
			digits += run.digits;
			seams += kind != PATH_UNDERSCORE;
			run = (struct run){ 0 };
		} else {
			run.is_capital |= run.len == 0 && kind == PATH_UPPER;
			run.shout = kind == PATH_UPPER ? run.shout + 1 : 0;
			run.shouts += run.shout == 2;
			run.len++;
			run.upper += kind == PATH_UPPER;
			run.digits += kind == PATH_DIGIT;
			run.changes += run.len > 1 &&
				       (kind == PATH_DIGIT) != (before == PATH_DIGIT);
			groups += kind == PATH_DIGIT && before != PATH_DIGIT;
		}
		before = kind;
	}
	return digits < 6 && groups < 4 && !is_room(s) && !is_user(s) &&
	       (digits == 0 || !is_number(s)) && (seams < 3 || !spells_address(s));
}

static bool
twin_is_plain(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (kind_of(s.p[i]) == PATH_OTHER)
			return false;
	return s.len <= SEGMENT_MAX && is_plain(s);
}

/* --- texts ------------------------------------------------------------------------------------ */

static const char alphabet[] = "abcdefxyzABCXYZ0123456789.-_....----____%/;?#@\xc3~";
static const char *const parts[] = { "w_", "v_", "gl-", "room", "a1b", "abc-def", "abc-def-ghi",
	".json", "203", "-113", "-0", "-7", ".png", ".", "html5client", "x86_64", "in-addr.arpa",
	"2001-db8--7", "183f0bf3a0982a", "QWERTY", "..", "42", "-", "_" };

/* Few bytes of an alphabet, or parts of real segments, in memory of just that length. */
static struct span
make(char *text, size_t max)
{
	size_t n = 0, want = (size_t)random() % max;

	while (n < want) {
		const char *p = parts[(size_t)random() % (sizeof(parts) / sizeof(parts[0]))];
		size_t len = strlen(p);

		if (random() % 3 == 0 && n + len <= want) {
			memcpy(text + n, p, len);
			n += len;
		} else {
			text[n++] = alphabet[(size_t)random() % (sizeof(alphabet) - 1)];
		}
	}
	return span_of(memcpy(malloc(n + 1), text, n), n);
}

START_TEST(simd_sees_what_the_scalar_twin_sees)
{
	char text[128];

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct span s = make(text, sizeof(text));
		struct path_glance g[2];
		struct path_bits b[2];

		path_glance_read(s, &g[0]);
		path_glance_read_scalar(s, &g[1]);
		ck_assert_mem_eq(&g[0], &g[1], sizeof(g[0]));
		path_bits_read(s, &b[0]);
		path_bits_read_scalar(s, &b[1]);
		ck_assert_mem_eq(&b[0], &b[1], sizeof(b[0]));
		free((void *)s.p);
	}
}
END_TEST

START_TEST(bits_judge_as_bytes_do)
{
	unsigned n_plain = 0, n_words = 0;
	char text[48];

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct span s = make(text, sizeof(text));
		struct path_glance g;
		bool plain;

		path_glance_read(s, &g);
		s.len = g.stop ? (size_t)__builtin_ctzll(g.stop) : s.len;
		if (s.len > 0) {
			plain = twin_is_plain(s);
			ck_assert_msg(path_segment_is_plain(s) == plain, "%.*s", (int)s.len, s.p);
			ck_assert(plain || !path_segment_is_word(s, &g, 0));
			n_plain += plain;
			n_words += path_segment_is_word(s, &g, 0);
		}
		free((void *)s.p);
	}
	ck_assert_uint_gt(n_plain, ROUNDS / 20);
	ck_assert_uint_lt(n_plain, ROUNDS - ROUNDS / 20);
	ck_assert_uint_gt(n_words, 0);
}
END_TEST

static const char ordinary[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

/* A long segment of nothing special; WITH in it somewhere, unless it is 0. */
static size_t
make_long(char *ret, int with)
{
	size_t len = SEGMENT_MAX + 1 + (size_t)random() % 40;

	for (size_t i = 0; i < len; i++)
		ret[i] = ordinary[(size_t)random() % (sizeof(ordinary) - 1)];
	if (with)
		ret[(size_t)random() % len] = (char)with;
	return len;
}

START_TEST(any_other_byte_makes_a_long_segment_say_something)
{
	char text[128];

	for (int c = 0; c < 256; c++) {
		bool other = c == 0 || !strchr(ordinary, c);

		for (unsigned i = 0; i < 200; i++) {
			struct span s = span_of(text, make_long(text, c ? c : '\n'));

			ck_assert_int_eq(path_segment_is_opaque(s), !other);
			ck_assert_int_eq(path_segment_is_opaque_scalar(s), !other);
		}
	}
	for (size_t len = 0; len <= 128; len++) {
		memset(text, 'a', sizeof(text));
		ck_assert_int_eq(path_segment_is_opaque(span_of(text, len)), len > SEGMENT_MAX);
		ck_assert_int_eq(
			path_segment_is_opaque_scalar(span_of(text, len)), len > SEGMENT_MAX);
	}
}
END_TEST

/* A path of a few segments, twice: they differ in long segments alone. */
static size_t
make_twins(char a[1024], char b[1024], size_t *ret_b)
{
	static const char *const pieces[] = { "rooms", "join", "users", "b", "42", "..", ".", "",
		"a%2f", "%2e%2e", "x;y=z", "#", "a-b-c", ":id", ":rest", "\\x2F" };
	size_t n = 0, m = 0, n_parts = 1 + (size_t)random() % 6;

	for (size_t i = 0; i < n_parts; i++) {
		a[n++] = b[m++] = '/';
		if (random() % 2) {
			n += make_long(a + n, 0);
			m += make_long(b + m, 0);
		} else {
			const char *piece =
				pieces[(size_t)random() % (sizeof(pieces) / sizeof(pieces[0]))];

			memcpy(a + n, piece, strlen(piece));
			memcpy(b + m, piece, strlen(piece));
			n += strlen(piece);
			m += strlen(piece);
		}
	}
	*ret_b = m;
	return n;
}

START_TEST(paths_with_the_same_key_become_the_same)
{
	static const char *masks[] = { "/rooms/:id/join", "/b/:id", "/rooms/join", "~^[0-9a-f]+$" };
	struct conf_reduce d = {
		.field = "f", .mask = { masks, 4 }, .segments = _i == 0 ? -1 : _i
	};
	CLEANUP(path_mask_freep) struct path_mask *mask = NULL;
	unsigned n_same = 0;
	struct err e;

	ck_assert_int_eq(path_mask_new(&d, &mask, &e), 0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		char a[1024], b[1024], key_a[1024], key_b[1024];
		size_t n_b, n_a = make_twins(a, b, &n_b);
		struct span ka = path_mask_key(span_of(a, n_a), key_a, sizeof(key_a));
		struct span kb = path_mask_key(span_of(b, n_b), key_b, sizeof(key_b));
		struct buf out[2];

		ck_assert(span_eq(ka, kb));
		n_same += n_a != n_b || memcmp(a, b, n_a) != 0;
		for (int k = 0; k < 2; k++) {
			buf_init(&out[k], 8192);
			path_mask_write(mask, k ? span_of(b, n_b) : span_of(a, n_a), &out[k]);
		}
		ck_assert_msg(span_eq(span_of(out[0].p, out[0].len), span_of(out[1].p, out[1].len)),
			"%.*s", (int)n_a, a);
		buf_release(&out[0]);
		buf_release(&out[1]);
	}
	ck_assert_uint_gt(n_same, ROUNDS / 4);
}
END_TEST

START_TEST(key_that_does_not_fit_is_the_path)
{
	static const char path[] = "/b/0123456789abcdef0123456789abcdef0123456789/svg";
	char made[16];

	for (size_t max = 0; max <= sizeof(made); max++) {
		struct span key = path_mask_key(span_str(path), made, max);

		if (max < strlen("/b/?/svg"))
			ck_assert(span_eq(key, span_str(path)));
		else
			ck_assert(span_eq(key, SPAN("/b/?/svg")));
	}
	ck_assert(span_eq(path_mask_key(SPAN("GET /b/c"), made, 16), SPAN("GET /b/c")));
	ck_assert(span_eq(path_mask_key(SPAN(""), made, 16), SPAN("")));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("path_segment");
	TCase *t = tcase_create("all");

	tcase_set_timeout(t, 300);
	tcase_add_test(t, simd_sees_what_the_scalar_twin_sees);
	tcase_add_test(t, bits_judge_as_bytes_do);
	tcase_add_test(t, any_other_byte_makes_a_long_segment_say_something);
	tcase_add_loop_test(t, paths_with_the_same_key_become_the_same, 0, 4);
	tcase_add_test(t, key_that_does_not_fit_is_the_path);
	suite_add_tcase(s, t);
	return suite_run(s);
}
