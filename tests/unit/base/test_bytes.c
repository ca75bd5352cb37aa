/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/bytes.h"

#include <check.h>
#include <stdlib.h>

#include "tests/unit/suite.h"

#define LEN_MAX 100

static const uint64_t seed[2] = { 0x0123456789abcdefu, 0xfedcba9876543210u };

/* Texts of each length in memory of just that length, so that a byte too many is seen. */
START_TEST(texts_are_the_same_or_differ_in_one_byte)
{
	size_t n = (size_t)_i;
	char *a = malloc(n + 1), *b = malloc(n + 1), *p, *q;

	ck_assert(a && b);
	p = a + 1;
	q = b + 1;
	for (size_t i = 0; i < n; i++)
		p[i] = q[i] = (char)random();
	ck_assert(bytes_eq(p, q, n));
	ck_assert_uint_eq(bytes_hash(seed, p, n), bytes_hash(seed, q, n));
	for (size_t i = 0; i < n; i++) {
		q[i] ^= 1;
		ck_assert(!bytes_eq(p, q, n));
		ck_assert_uint_ne(bytes_hash(seed, p, n), bytes_hash(seed, q, n));
		q[i] ^= 1;
	}
	free(a);
	free(b);
}
END_TEST

START_TEST(the_first_byte_of_a_kind_is_found_and_no_other_is_read)
{
	size_t n = (size_t)_i;
	char *text = malloc(n + 1), *p;

	ck_assert(text);
	p = text + 1;
	text[0] = 'x'; /* in front of it */
	memset(p, '7', n);
	ck_assert(!bytes_find(p, p + n, 'x'));
	ck_assert(bytes_digits_end(p, p + n) == p + n);
	for (size_t i = n; i-- > 0;) {
		p[i] = 'x';
		ck_assert(bytes_find(p, p + n, 'x') == p + i);
		ck_assert(bytes_digits_end(p, p + n) == p + i);
	}
	free(text);
}
END_TEST

START_TEST(digits_are_these_ten)
{
	char text[17] = "";

	for (int c = 0; c < 256; c++) {
		text[3] = text[4] = (char)c;
		text[0] = text[1] = text[2] = '0';
		ck_assert_int_eq(
			bytes_digits_end(text, text + 16) > text + 3, c >= '0' && c <= '9');
		ck_assert_int_eq(bytes_digits_end(text, text + 4) > text + 3, c >= '0' && c <= '9');
	}
}
END_TEST

/* Each byte at each place behind digits, near the end of the memory and far from it. */
START_TEST(hexadecimal_digits_are_read_as_strtoul_reads_them)
{
	static const char digits[] = "0f9A7Ba";

	for (unsigned at = 0; at < 8; at++) {
		for (int c = 0; c < 256; c++) {
			char text[10] = "", *end;
			unsigned n, v, want;

			memcpy(text, digits, at);
			text[at] = (char)c;
			if (strchr("xX +-\t\n\v\f\r", c) && at < 2) /* strtoul() takes more */
				continue;
			want = (unsigned)strtoul(text, &end, 16);
			n = bytes_hex(text, 9, &v);
			ck_assert_uint_eq(n, (unsigned)(end - text));
			ck_assert(n > 4 || v == want);
			n = bytes_hex(text, at + 1, &v);
			ck_assert_uint_eq(n, (unsigned)(end - text));
			ck_assert(n > 4 || v == want);
			ck_assert_uint_eq(bytes_hex(text, at, &v), at);
		}
	}
}
END_TEST

START_TEST(a_few_bytes_are_a_word)
{
	static const char text[] = "\x01\x02\x03\x04\x05\x06\x07\x08";
	static const uint64_t whole = 0x0807060504030201u;

	for (unsigned n = 0; n < 8; n++)
		ck_assert_uint_eq(bytes_few(text, n), whole & ((UINT64_C(1) << 8 * n) - 1));
	ck_assert_uint_eq(bytes_few(text, 8), whole);
}
END_TEST

/* The low bits choose a place: similar texts must not share it more than by chance. */
START_TEST(hashes_of_similar_texts_spread)
{
	unsigned used[256] = { 0 };

	for (unsigned i = 0; i < 4096; i++) {
		char text[40] = "Mozilla/5.0 (X11; Linux) Firefox/";

		text[33] = (char)('0' + i / 512);
		text[34] = (char)('0' + i / 64 % 8);
		text[35] = (char)('0' + i / 8 % 8);
		text[36] = (char)('0' + i % 8);
		used[bytes_hash(seed, text, 37) & 255]++;
	}
	for (unsigned i = 0; i < 256; i++)
		ck_assert_uint_lt(used[i], 48); /* 16 are to be expected */
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("bytes");
	TCase *t = tcase_create("all");

	tcase_add_loop_test(t, texts_are_the_same_or_differ_in_one_byte, 0, LEN_MAX);
	tcase_add_loop_test(
		t, the_first_byte_of_a_kind_is_found_and_no_other_is_read, 0, 3 * LEN_MAX);
	tcase_add_test(t, digits_are_these_ten);
	tcase_add_test(t, hexadecimal_digits_are_read_as_strtoul_reads_them);
	tcase_add_test(t, a_few_bytes_are_a_word);
	tcase_add_test(t, hashes_of_similar_texts_spread);
	suite_add_tcase(s, t);
	return suite_run(s);
}
