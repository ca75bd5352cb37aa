/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Segments judged by their bits and byte by byte, and the same bits with and without SIMD.
 */
#include "record/path_mask-private.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "record/detect.h"

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

int
main(void)
{
	Suite *s = suite_create("path_segment");
	TCase *t = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 300);
	tcase_add_test(t, simd_sees_what_the_scalar_twin_sees);
	tcase_add_test(t, bits_judge_as_bytes_do);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
