/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "record/detect/detect.h"
#include "tests/unit/suite.h"

#define CASES       "tests/data/detect_cases.jsonl"
#define N_CASES_MAX 6000
#define ALL         (DETECT_DEFAULT | DETECT_BIT(DETECT_UUID))

static struct case_ {
	json_t *json;
	const char *id;
	struct span input;
	json_t *spans;
} cases[N_CASES_MAX];
static int n_cases;

/* A test goes through a batch of cases: a process for each of them is not worth its price. */
#define BATCH        100
#define N_BATCHES    ((n_cases + BATCH - 1) / BATCH)
#define FOR_CASES(c) for (const struct case_ *c = &cases[_i * BATCH]; in_batch(c, _i); c++)

static bool
in_batch(const struct case_ *c, int batch)
{
	return c < &cases[n_cases] && c < &cases[(batch + 1) * BATCH];
}

static void
load_cases(void)
{
	cleanup_stdio FILE *f = fopen(CASES, "r");
	char line[8192];

	while (f && n_cases < N_CASES_MAX && fgets(line, sizeof(line), f)) {
		struct case_ *c = &cases[n_cases++];

		c->json = json_loads(line, JSON_ALLOW_NUL, NULL);
		if (!c->json)
			abort();
		c->id = json_string_value(json_object_get(c->json, "id"));
		c->input = span_of(json_string_value(json_object_get(c->json, "input")),
			json_string_length(json_object_get(c->json, "input")));
		c->spans = json_object_get(c->json, "spans");
	}
}

static bool
is_for_people(const json_t *span)
{
	const char *type = json_string_value(json_object_get(span, "type"));

	return strcmp(type, "name") == 0 || strcmp(type, "user") == 0;
}

/* "ipv6-encoded" is of type ipv6. */
static void
check_finding(const struct case_ *c, const struct finding *f, const json_t *span)
{
	const char *type = json_string_value(json_object_get(span, "type"));
	const char *canonical = json_string_value(json_object_get(span, "canonical"));
	const char *name = detect_type_name(f->type);
	char text[ADDRESS_TEXT_MAX];

	ck_assert_msg(f->start == (size_t)json_integer_value(json_object_get(span, "start")) &&
			      f->end == (size_t)json_integer_value(json_object_get(span, "end")),
		"%s: found %zu-%zu", c->id, f->start, f->end);
	ck_assert_msg(strncmp(type, name, strlen(name)) == 0, "%s: a %s", c->id, name);
	if (canonical) {
		(void)address_format(&f->address, text);
		ck_assert_msg(strcmp(text, canonical) == 0, "%s: %s", c->id, text);
	}
}

static void
check_case(const struct case_ *c)
{
	struct finding f;
	struct detect d;
	size_t i = 0;

	detect_start(&d, c->input, ALL);
	while (detect_next(&d, &f)) {
		while (i < json_array_size(c->spans) && is_for_people(json_array_get(c->spans, i)))
			i++;
		ck_assert_msg(i < json_array_size(c->spans), "%s: too many, %zu-%zu %s", c->id,
			f.start, f.end, detect_type_name(f.type));
		check_finding(c, &f, json_array_get(c->spans, i++));
	}
	while (i < json_array_size(c->spans) && is_for_people(json_array_get(c->spans, i)))
		i++;
	ck_assert_msg(i == json_array_size(c->spans), "%s: one was missed", c->id);
}

START_TEST(finds_what_is_labelled_and_nothing_else)
{
	FOR_CASES(c)
	check_case(c);
}
END_TEST

static void
check_places(const struct case_ *c)
{
	static const size_t before[] = { 1, 15, 17, 30, 31, 47, 48, 63, 64, 500, 1920, 1936, 2000 };
	struct finding a, b;
	struct detect d, e;
	char line[8192];

	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		size_t n = before[i] + c->input.len;

		memset(line, ' ', sizeof(line));
		memcpy(line + before[i], c->input.p, c->input.len);
		detect_start(&d, c->input, ALL);
		detect_start(&e, span_of(line, n + i), ALL);
		while (detect_next(&d, &a)) {
			ck_assert_msg(detect_next(&e, &b), "%s at %zu", c->id, before[i]);
			ck_assert_uint_eq(a.start + before[i], b.start);
			ck_assert_uint_eq(a.end + before[i], b.end);
			ck_assert_int_eq(a.type, b.type);
			ck_assert_mem_eq(
				&a.address.b, &b.address.b, a.type < DETECT_EMAIL ? 16 : 0);
		}
		ck_assert_msg(!detect_next(&e, &b), "%s at %zu", c->id, before[i]);
	}
}

START_TEST(finds_the_same_wherever_a_text_lies_in_a_line)
{
	FOR_CASES(c)
	check_places(c);
}
END_TEST

static void
check_types(const struct case_ *c)
{
	struct finding f;
	struct detect d;

	for (unsigned types = 0; types < 1u << DETECT_TYPES; types++) {
		detect_start(&d, c->input, types);
		while (detect_next(&d, &f))
			ck_assert_msg(types & DETECT_BIT(f.type), "%s", c->id);
	}
}

START_TEST(finds_only_types_that_are_asked_for)
{
	FOR_CASES(c)
	check_types(c);
}
END_TEST

/* --- surroundings ----------------------------------------------------------------------------- */

/* What may stand before an address, and behind it, without being a part of it. */
static const char *const before_it[] = { "", " ", "(", "[", "{", "<", "\"", "'", "=", ":", ",", ";",
	"|", "/", "@", "#", "&", "*", "+", "-", "_", "!", "?", "~", "^", "$", "`", ">", ".", "\t",
	"IP:", "IP=", "from ", "\\n", "\\t", "\\r\\n", "%20", "%3D", "%0a", "\\x22", "\\x3d",
	"\\u003c", "&lt;", "&quot;", "&#34;", "x:", "x_", "xyz/", "\xc3\xa9", "\xe2\x80\x9c",
	"\xe2\x80\xa6", "\x1b[31m", "\\u001b[0m", "#012", "http://", "[AF_INET]", "('", "u'", "b'",
	"<a>", "=>", "->", "<-", "...", " - ", "12:34:56 ", "[1234]: ", "<14>", "%d " };
static const char *const behind_it[] = { "", " ", ")", "]", "}", ">", "\"", "'", "=", ",", ";", "|",
	"/", "\\", "@", "#", "&", "*", "+", "!", "?", "~", "^", "$", "`", "<", ".", "...", ". ",
	"\t", "\\n", "\\r\\n", "%20", "%22", "%0a", "\\x22", "\\u003e", "&gt;", "&quot;", "&x=1",
	"/24", "/x", "\xc3\xa9", "\xe2\x80\xa6", "\xe2\x80\x9d", "\x1b[0m", "\\u001b[0m", "#012",
	" port 22", "')", "\"}", "</a>", "->x", "=>", "<->", " - - [", "\r", "_x", "-x", "?x=1",
	"#frag", ";x", "\\\"" };
static const char *const addresses[] = { "203.0.113.9", "198.51.100.255", "192.0.2.1", "10.0.0.1",
	"127.0.0.1", "2001:db8::9", "2001:db8:1:2:3:4:5:6", "fe80::1",
	"2001:0db8:0000:0000:0000:0000:0000:0001", "::ffff:203.0.113.9",
	"2001:DB8:ABCD::", "64:ff9b::198.51.100.7" };
#define N(a) (sizeof(a) / sizeof((a)[0]))

static void
found_exactly(const char *before, const char *address, const char *behind)
{
	char text[256];
	struct finding f;
	struct detect d;
	int n = snprintf(text, sizeof(text), "%s%s%s", before, address, behind);

	detect_start(&d, span_of(text, (size_t)n), DETECT_ADDRESSES);
	ck_assert_msg(detect_next(&d, &f), "nothing in %s", text);
	ck_assert_msg(f.start == strlen(before) && f.end == strlen(before) + strlen(address),
		"%zu-%zu in %s", f.start, f.end, text);
	ck_assert_msg(!detect_next(&d, &f), "too much in %s", text);
}

START_TEST(an_address_is_found_to_the_byte_whatever_stands_around_it)
{
	for (size_t i = 0; i < N(before_it); i++)
		for (size_t k = 0; k < N(behind_it); k++)
			found_exactly(before_it[i], addresses[_i], behind_it[k]);
}
END_TEST

/* --- twins ------------------------------------------------------------------------------------ */

#define N_MAX 4096

static size_t
find_all(enum detect_pass pass, struct span text, unsigned types, struct finding ret[N_MAX])
{
	struct detect d;
	size_t n = 0, at = 0;

	memset(ret, 0, N_MAX * sizeof(ret[0]));
	ck_assert(detect_force_pass(pass));
	detect_start(&d, text, types);
	while (detect_next(&d, &ret[n])) {
		ck_assert_uint_ge(ret[n].start, at);
		ck_assert_uint_gt(ret[n].end, ret[n].start);
		ck_assert_uint_le(ret[n].end, text.len);
		at = ret[n].end;
		if (ret[n].type > DETECT_IPV6)
			memset(&ret[n].address, 0, sizeof(ret[n].address));
		ck_assert_uint_lt(++n, N_MAX);
	}
	return n;
}

static void
same_in_all_passes(struct span text, unsigned types)
{
	static struct finding scalar[N_MAX], simd[N_MAX];
	size_t n = find_all(PASS_SCALAR, text, types, scalar);

	for (int pass = PASS_SSSE3; pass <= PASS_AVX2; pass++) {
		if (!detect_force_pass((enum detect_pass)pass))
			continue;
		ck_assert_uint_eq(find_all((enum detect_pass)pass, text, types, simd), n);
		for (size_t i = 0; i < n; i++) {
			ck_assert_uint_eq(scalar[i].start, simd[i].start);
			ck_assert_uint_eq(scalar[i].end, simd[i].end);
			ck_assert_int_eq(scalar[i].type, simd[i].type);
			ck_assert_int_eq(scalar[i].form, simd[i].form);
			ck_assert_mem_eq(scalar[i].address.b, simd[i].address.b, 16);
		}
	}
	(void)detect_force_pass(PASS_BEST);
}

START_TEST(scalar_and_simd_find_the_same_in_all_cases)
{
	FOR_CASES(c)
	{
		same_in_all_passes(c->input, ALL);
		same_in_all_passes(c->input, DETECT_ADDRESSES);
	}
}
END_TEST

static uint64_t
next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

/* Random texts of bytes that matter, cut at each length and beginning. */
START_TEST(scalar_and_simd_find_the_same_in_random_text)
{
	static const char signs[] = "0123456789abcdefABCDEF....::::---- @@%%\\\\&#;x3Au=+\"'<>[]()";
	uint64_t state = (uint64_t)_i + 1;
	char text[3000];

	for (int round = 0; round < 60; round++) {
		size_t n = next_random(&state) % sizeof(text), at = next_random(&state) % 70;

		for (size_t i = 0; i < n; i++)
			text[i] = round % 3 == 0 ? (char)next_random(&state)
						 : signs[next_random(&state) %
							   (round % 3 == 1 ? 32 : sizeof(signs))];
		if (at > n)
			at = n;
		same_in_all_passes(span_of(text + at, n - at), ALL);
	}
}
END_TEST

/* Pieces of the labelled texts, thrown together. */
START_TEST(scalar_and_simd_find_the_same_in_mixed_cases)
{
	uint64_t state = (uint64_t)_i + 99;
	char text[4096];

	for (int round = 0; round < 60; round++) {
		size_t n = 0, want = next_random(&state) % sizeof(text);

		while (n < want) {
			struct span s = cases[next_random(&state) % (unsigned)n_cases].input;
			size_t from = s.len ? next_random(&state) % s.len : 0;
			size_t len = s.len ? next_random(&state) % (s.len - from + 1) : 0;

			if (round % 2)
				from = 0, len = s.len;
			len = len > want - n ? want - n : len;
			if (len == 0)
				text[n++] = ' ';
			memcpy(text + n, s.p + from, len);
			n += len;
		}
		same_in_all_passes(span_of(text, n), ALL);
	}
}
END_TEST

/* --- bad input -------------------------------------------------------------------------------- */

/* Texts that consist of candidates only: each must end, and in time that grows with its length. */
#define N_PARTS 44

START_TEST(texts_of_nothing_but_candidates_come_to_an_end)
{
	static const char *const parts[N_PARTS] = { "1.", "ab:", "::", "%3A", "%25", "a@", "@",
		"1-", "--", "\\x3a", "\\u003a", "&#58;", "token=", "\":\"", "+4", "0123 ", "eyJ.",
		"1.1.1.1.", "a.b.c.d.", "1:2:3:4:5:6:7:8:", "//a:", "%3A%3A1", "message-id=<", "=",
		"Cookie:", "%2B49", "001", ";#", "&amp;#58;", "\\\\\\\\", "\x1b[3",
		"<a@b.example> ", ":::1", "+49 (0) / ", "[AF_INET6]1::2:3", "token = \\\"",
		"\\\"token\\\":[", "0171/", "Agent: A1 9.9.9.9", "9.9.9.9.a.b.",
		"References: <a@b.example> ", "{a=@b.example>", "0=", "Basic%20" };
	const char *part = parts[_i];
	size_t len = 300000, n = strlen(part), found = 0;
	cleanup_mem char *text = malloc(len);
	struct finding f;
	struct detect d;

	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i < len; i++)
		text[i] = part[i % n];
	detect_start(&d, span_of(text, len), ALL);
	while (detect_next(&d, &f))
		found++;
	ck_assert_uint_lt(found, len);
}
END_TEST

START_TEST(an_empty_text_has_no_finding)
{
	struct finding f;
	struct detect d;

	detect_start(&d, SPAN_NONE, ALL);
	ck_assert(!detect_next(&d, &f));
	detect_start(&d, SPAN(""), ALL);
	ck_assert(!detect_next(&d, &f));
	ck_assert(!detect_next(&d, &f));
}
END_TEST

START_TEST(names_of_types_lead_back_to_them)
{
	enum detect_type t;

	for (unsigned i = 0; i < DETECT_TYPES; i++) {
		ck_assert(detect_type_by_name(detect_type_name((enum detect_type)i), &t));
		ck_assert_uint_eq(t, i);
	}
	ck_assert(!detect_type_by_name("name", &t));
	ck_assert_str_eq(detect_form_name(FORM_HOSTNAME), "hostname");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("detect");
	TCase *labelled = tcase_create("labelled"), *twins = tcase_create("twins");
	TCase *bad = tcase_create("bad input");
	int ret;

	load_cases();
	if (n_cases < 400) {
		fprintf(stderr, "test_detect: %s is not there, or too short\n", CASES);
		return 1;
	}
	tcase_add_loop_test(labelled, finds_what_is_labelled_and_nothing_else, 0, N_BATCHES);
	tcase_add_loop_test(labelled, finds_the_same_wherever_a_text_lies_in_a_line, 0, N_BATCHES);
	tcase_add_loop_test(labelled, finds_only_types_that_are_asked_for, 0, N_BATCHES);
	tcase_set_timeout(labelled, 60);
	tcase_add_loop_test(labelled, an_address_is_found_to_the_byte_whatever_stands_around_it, 0,
		N(addresses));
	tcase_add_test(labelled, names_of_types_lead_back_to_them);
	tcase_add_loop_test(twins, scalar_and_simd_find_the_same_in_all_cases, 0, N_BATCHES);
	tcase_add_loop_test(twins, scalar_and_simd_find_the_same_in_random_text, 0, 20);
	tcase_add_loop_test(twins, scalar_and_simd_find_the_same_in_mixed_cases, 0, 20);
	tcase_set_timeout(twins, 120);
	tcase_add_loop_test(bad, texts_of_nothing_but_candidates_come_to_an_end, 0, N_PARTS);
	tcase_add_test(bad, an_empty_text_has_no_finding);
	tcase_set_timeout(bad, 60);
	suite_add_tcase(s, labelled);
	suite_add_tcase(s, twins);
	suite_add_tcase(s, bad);
	ret = suite_run(s);
	for (int i = 0; i < n_cases; i++)
		json_decref(cases[i].json);
	return ret;
}
