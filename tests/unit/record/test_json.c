/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "record/format/json.h"

#include "tests/unit/suite.h"

static const char *const valid[] = {
	"{}",
	"[]",
	" \t\r\n{ } \r\n",
	"[1,-0,0.5,1e9,-1.25E-3,1E+2,123456789012345678901234567890]",
	"{\"\":\"\"}",
	"{\"a\":1,\"a\":2}",
	"[true,false,null]",
	"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\uD83D\\uDE00\\u0000\"]",
	"[\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xed\x9f\xbf\xf4\x8f\xbf\xbf\"]",
	"[\"\x7f\"]",
	"{\"a\" : [ { } , [ ] ] }",
};

static const char *const invalid[] = {
	"",
	" ",
	"1",
	"\"a\"",
	"null",
	"{",
	"}",
	"[",
	"]",
	"{]",
	"[}",
	"[1,]",
	"[,1]",
	"{,}",
	"{\"a\":1,}",
	"{\"a\"}",
	"{\"a\":}",
	"{a:1}",
	"{1:1}",
	"{'a':1}",
	"{} x",
	"{}{}",
	"[1 2]",
	"[01]",
	"[+1]",
	"[-]",
	"[1.]",
	"[.5]",
	"[1e]",
	"[1e+]",
	"[0x10]",
	"[--1]",
	"[1.e3]",
	"[nul]",
	"[nullx]",
	"[True]",
	"[NaN]",
	"[Infinity]",
	"[\"a]",
	"[\"a\\\"]",
	"[\"\\x41\"]",
	"[\"\\u12\"]",
	"[\"\\u12g4\"]",
	"[\"\\ud800\"]",
	"[\"\\udc00\"]",
	"[\"\\ud800\\u0041\"]",
	"[\"\\ud800\\ud800\"]",
	"[\"\\ud800x\"]",
	"[\"\t\"]",
	"[\"\n\"]",
	"[\"\x1f\"]",
	"[\"\x80\"]",
	"[\"\xc3\"]",
	"[\"\xc0\xaf\"]",
	"[\"\xe0\x80\xaf\"]",
	"[\"\xed\xa0\x80\"]",
	"[\"\xf4\x90\x80\x80\"]",
	"[\"\xf5\x80\x80\x80\"]",
	"[\"\xff\"]",
	"[\"\xe2\x82\"]",
	"\xef\xbb\xbf{}",
	"{\"a\":1 \"b\":2}",
	"{\"a\":1;\"b\":2}",
	"// x\n{}",
	"[1/*x*/]",
	"\f{}",
	"[\"\\\x00\"]",
	"{\"\\ud800\":1}",
	"{\"\xff\":1}",
};

START_TEST(takes_what_rfc_8259_allows)
{
	ck_assert_msg(json_is_valid(span_str(valid[_i])), "%s", valid[_i]);
}
END_TEST

START_TEST(refuses_what_rfc_8259_does_not_allow)
{
	ck_assert_msg(!json_is_valid(span_str(invalid[_i])), "%s", invalid[_i]);
}
END_TEST

START_TEST(refuses_nul_bytes_anywhere)
{
	static const char line[] = "{\"a\":[\"b\",1]}";

	for (size_t i = 0; i <= sizeof(line) - 1; i++) {
		char text[sizeof(line)];

		memcpy(text, line, i);
		text[i] = '\0';
		memcpy(text + i + 1, line + i, sizeof(line) - 1 - i);
		ck_assert(!json_is_valid(span_of(text, sizeof(line))));
	}
	ck_assert(!json_is_valid(SPAN_NONE));
}
END_TEST

/* A string's special byte is found at every place within and across the blocks of the scan. */
START_TEST(looks_at_every_byte_of_a_string)
{
	static const char *const bad[] = { "\x01", "\xff", "\\x", "\xc3x" };

	for (size_t len = 0; len < 70; len++) {
		for (size_t i = 0; i < 4; i++) {
			char text[128];
			int n = snprintf(text, sizeof(text), "[\"%.*s%s%.*s\"]", (int)len,
				"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
				bad[i], 20, "bbbbbbbbbbbbbbbbbbbbbbbbb");
			struct span s = span_of(text, (size_t)n);

			ck_assert(!json_is_valid(s));
			memset(text + 2 + len, 'c', strlen(bad[i]));
			ck_assert(json_is_valid(s));
			ck_assert(!json_is_valid(span_of(text, (size_t)n - 1)));
		}
	}
}
END_TEST

START_TEST(depth_is_bounded)
{
	char text[512];

	for (unsigned depth = 60; depth < 70; depth++) {
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		ck_assert_int_eq(json_is_valid(span_of(text, 2u * depth)), depth <= 64);
	}
	memset(text, '[', sizeof(text));
	ck_assert(!json_is_valid(span_of(text, sizeof(text))));
}
END_TEST

/* Slots of the visits below: 0 stands as it is, 1 becomes "x", 2 is left out, 3 stops the line. */
static int
visit(void *ctx, const struct json_value *v, struct buf *out)
{
	int *n = ctx;

	++*n;
	switch (v->slot) {
	case 0:
		if (v->kind == JSON_KIND_STRING) {
			buf_char(out, '"');
			buf_span(out, v->raw);
			buf_char(out, '"');
		} else {
			buf_span(out, v->raw);
		}
		return 0;
	case 1:
		buf_str(out, "\"x\"");
		return 0;
	case 2:
		buf_str(out, "\"gone");
		return 1;
	default:
		return -1;
	}
}

struct filter_case {
	const char *path[4]; /* by slot */
	const char *line, *result;
};

static const struct filter_case filters[] = {
	{ { "a" }, "{\"a\":1,\"b\":2}", "{\"a\":1}" },
	{ { "a", "b" }, " { \"b\" : [ ] , \"a\" : \"x y\" , \"b\" : 2 } ",
		"{\"a\":\"x y\",\"b\":\"x\"}" },
	{ { "a" }, "{}", "{}" },
	{ { "a" }, "[]", "[]" },
	{ { "a" }, "{\"b\":{\"a\":1}}", "{}" },
	{ { "a.b" }, "{\"a\":{\"b\":1,\"c\":2},\"b\":3}", "{\"a\":{\"b\":1}}" },
	{ { "a.b" }, "{\"a\":{\"c\":2}}", "{}" },
	{ { "a.b" }, "{\"a\":\"secret\"}", "{}" },
	{ { "a" }, "{\"a\":{\"b\":\"secret\"}}", "{}" },
	/* arrays are transparent */
	{ { "items.name" }, "{\"items\":[{\"name\":1,\"x\":2},{\"x\":3},[{\"name\":4}]]}",
		"{\"items\":[{\"name\":1},[{\"name\":4}]]}" },
	{ { "a" }, "{\"a\":[1,\"b\",[null,true],{\"c\":1}]}", "{\"a\":[1,\"b\",[null,true]]}" },
	{ { "a" }, "[{\"a\":1},{\"b\":2},3,\"secret\"]", "[{\"a\":1}]" },
	/* each repetition counts */
	{ { "a" }, "{\"a\":1,\"a\":2,\"b\":0,\"a\":3}", "{\"a\":1,\"a\":2,\"a\":3}" },
	/* keys are compared without their escapes, and written without them */
	{ { "name" }, "{\"na\\u006de\":1,\"\\u006E\\u0061me\":2}", "{\"name\":1,\"name\":2}" },
	{ { "n\xc3\xa4me" }, "{\"n\\u00e4me\":1}", "{\"n\xc3\xa4me\":1}" },
	{ { "\xf0\x9f\x98\x80" }, "{\"\\ud83d\\ude00\":1}", "{\"\xf0\x9f\x98\x80\":1}" },
	{ { "a\"b" }, "{\"a\\\"b\":1,\"a\\u0022b\":2}", "{\"a\\\"b\":1,\"a\\\"b\":2}" },
	{ { "a" }, "{\"a\\u0000\":1,\"a\\u0000b\":2,\"\":3}", "{}" },
	/* dots and empty keys */
	{ { "a\\.b" }, "{\"a.b\":1,\"a\":{\"b\":2}}", "{\"a.b\":1}" },
	{ { "a\\\\.b" }, "{\"a\\\\\":{\"b\":1}}", "{\"a\\\\\":{\"b\":1}}" },
	{ { "a." }, "{\"a\":{\"\":1,\"b\":2}}", "{\"a\":{\"\":1}}" },
	/* left out by the visitor */
	{ { "a", "b", "c" }, "{\"c\":1,\"a\":2,\"c\":3,\"b\":4,\"c\":5}", "{\"a\":2,\"b\":\"x\"}" },
	{ { "a", "b", "c" }, "{\"c\":[1,2]}", "{}" },
	/* big numbers stand as they are */
	{ { "a" }, "{\"a\":123456789012345678901234567890e400}",
		"{\"a\":123456789012345678901234567890e400}" },
	/* what is skipped is checked as well */
	{ { "a" }, "{\"a\":1,\"b\":\"\xff\"}", NULL },
	{ { "a" }, "{\"a\":1,\"b\":[01]}", NULL },
	{ { "a" }, "{\"a\":1}}", NULL },
	{ { "a" }, "{\"a\":1", NULL },
	{ { "a" }, "\"a\"", NULL },
};

static struct json_paths *
paths_of(const char *const *path, int n)
{
	struct json_paths *p = json_paths_new();
	struct err e = { 0 };

	ck_assert_ptr_nonnull(p);
	for (int i = 0; i < n && path[i]; i++)
		ck_assert_msg(json_paths_add(p, path[i], i, &e) == 0, "%s: %s", path[i], e.what);
	return p;
}

START_TEST(filter_writes_declared_members_only)
{
	const struct filter_case *c = &filters[_i];
	CLEANUP(json_paths_freep) struct json_paths *p = paths_of(c->path, 4);
	struct buf out;
	int n = 0, r;

	buf_init(&out, 4096);
	buf_str(&out, "before");
	r = json_filter(p, span_str(c->line), visit, &n, &out);
	if (!c->result) {
		ck_assert_int_eq(r, 1);
		ck_assert_uint_eq(out.len, 6);
	} else {
		struct span once;

		ck_assert_int_eq(r, 0);
		once = span_of(out.p + 6, out.len - 6);
		ck_assert_msg(span_eq(once, span_str(c->result)), "%s -> %.*s", c->line,
			(int)once.len, once.p);
		ck_assert_int_eq(json_filter(p, span_str(c->result), visit, &n, &out), 0);
		ck_assert_msg(span_eq(span_of(out.p + 6 + once.len, out.len - 6 - once.len),
				      span_str(c->result)),
			"second pass: %s", c->line);
	}
	buf_release(&out);
}
END_TEST

START_TEST(filter_stops_where_the_visitor_says_so)
{
	static const char *const path[] = { "a", "b", "c", "d" };
	CLEANUP(json_paths_freep) struct json_paths *p = paths_of(path, 4);
	struct buf out;
	int n = 0;

	buf_init(&out, 4096);
	ck_assert_int_eq(json_filter(p, SPAN("{\"a\":1,\"x\":[{\"d\":1}],\"d\":2,\"a\":3}"), visit,
				 &n, &out),
		-1);
	ck_assert_int_eq(n, 2);
	ck_assert_uint_eq(out.len, 0);
	buf_release(&out);
}
END_TEST

START_TEST(filter_never_leaves_half_a_line_in_a_full_buffer)
{
	static const char *const path[] = { "a", "b", "c" };
	static const char line[] = "{\"c\":1,\"a\":[1,2,{\"x\":3}],\"b\":2,\"c\":[3]}";
	static const char whole[] = "{\"a\":[1,2],\"b\":\"x\"}";
	CLEANUP(json_paths_freep) struct json_paths *p = paths_of(path, 3);

	for (size_t max = 1; max < 80; max++) {
		struct buf out;
		int n = 0, r;

		buf_init(&out, max);
		r = json_filter(p, span_str(line), visit, &n, &out);
		if (r == 0) {
			ck_assert(span_eq(span_of(out.p, out.len), span_str(whole)));
		} else {
			ck_assert_int_eq(r, -1);
			ck_assert_uint_eq(out.len, 0);
			ck_assert(out.failed);
			ck_assert_uint_lt(max, sizeof(line));
		}
		buf_release(&out);
	}
}
END_TEST

static int
see(void *ctx, const struct json_value *v)
{
	struct buf *seen = ctx;

	buf_printf(seen, "%d%c%s%.*s;", v->slot, "sntf0"[v->kind], v -> escaped ? "\\" : "",
		(int)v->raw.len, v->raw.p);
	return 0;
}

START_TEST(each_hands_out_spans_into_the_line)
{
	static const char *const path[] = { "t", "a.b", "c" };
	CLEANUP(json_paths_freep) struct json_paths *p = paths_of(path, 3);
	struct buf seen;

	buf_init(&seen, 4096);
	ck_assert_int_eq(json_each(p,
				 SPAN("{\"t\":-1.5,\"a\":[{\"b\":\"x\\n\"},{\"b\":\"\"}],\"z\":0,"
				      "\"c\":[true,false,null]}"),
				 see, &seen),
		0);
	ck_assert_str_eq(
		(buf_char(&seen, '\0'), seen.p), "0n-1.5;1s\\x\\n;1s;2ttrue;2ffalse;20null;");
	ck_assert_int_eq(json_each(p, SPAN("{\"t\":}"), see, &seen), 1);
	buf_release(&seen);
}
END_TEST

START_TEST(paths_that_contain_each_other_are_refused)
{
	static const char *const bad[] = { "", "a", "a.b", "a.b.c", "a.b.c.d", "\xff" };
	static const char *const path[] = { "a.b.c" };
	CLEANUP(json_paths_freep) struct json_paths *p = paths_of(path, 1);
	char longest[300];
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ck_assert_int_eq(json_paths_add(p, bad[i], 1, &e), -1);
		ck_assert_int_eq(e.exit, EX_CONFIG);
	}
	ck_assert_int_eq(json_paths_add(p, "a.b.d", 1, &e), 0);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[255] = '\0';
	ck_assert_int_eq(json_paths_add(p, longest, 1, &e), 0);
	longest[255] = 'x';
	longest[256] = '\0';
	ck_assert_int_eq(json_paths_add(p, longest, 1, &e), -1);
}
END_TEST

#define N(a) ((int)(sizeof(a) / sizeof(*(a))))

static const struct {
	const char *line, *value; /* NULL: who wants to know has to read it */
} glances[] = {
	{ "{\"time\":\"x\",\"a\":\"\\n\"}", "x" },
	{ "{\"level\":30,\"a\":\"b, c\",\"n\":null,\"time\":17.5,\"o\":{\"time\":1}}", "17.5" },
	{ "{\"log\":\"a \\\"time\\\":\\\"y\\\"\",\"time\":\"x\"}", "x" },
	{ "{\"o\":{},\"time\":\"x\"}", "x" },
	{ "{\"time\":\"x\",\"time\":\"y\"}", "x" },
	{ "{\"time\":true}", "true" },
	{ "{\"o\":{\"time\":\"x\"}}", NULL },
	{ "{\"o\":{\"time\":\"y\"},\"time\":\"x\"}", NULL },
	{ "{\"o\":{},\"a\":[\"time\"],\"time\":\"x\"}", NULL },
	{ "{\"\\u0074ime\":\"y\",\"time\":\"x\"}", NULL },
	{ "{\"o\":{},\"time\":\"x\\n\"}", NULL },
	{ "{\"o\":{},\"time\":\"x\",\"b\":1}", NULL },
	{ "{\"o\":{},\"xtime\":\"x\"}", NULL },
	{ "{\"a\":\"b\",\"b\":1}", NULL },
	{ "[{\"time\":\"x\"}]", NULL },
	{ "{\"time\"", NULL },
	{ "{\"\"}", NULL },
	{ ":\"\"}", NULL },
	{ "{", NULL },
	{ "", NULL },
};

struct first {
	char text[16];
};

static int
take_first(void *ctx, const struct json_value *v)
{
	struct first *f = ctx;

	(void)snprintf(f->text, sizeof(f->text), "%.*s", (int)v->raw.len, v->raw.p);
	return -1;
}

START_TEST(a_glance_finds_what_reading_finds_or_says_that_it_does_not)
{
	const struct span line = span_str(glances[_i].line);
	struct json_paths *paths = json_paths_new();
	struct first first = { "" };
	struct span v = SPAN_NONE;
	struct err e;

	ck_assert_int_eq(json_paths_add(paths, "time", 0, &e), 0);
	ck_assert_msg(json_glance(line, "time", &v) == (glances[_i].value != NULL), "%s", line.p);
	if (glances[_i].value) {
		ck_assert_msg(span_eq(v, span_str(glances[_i].value)), "%s: %.*s", line.p,
			(int)v.len, v.p);
		(void)json_each(paths, line, take_first, &first);
		ck_assert_str_eq(first.text, glances[_i].value);
	}
	for (size_t n = 0; n < line.len; n++) { /* what is torn off is not read behind */
		cleanup_mem char *torn = malloc(n + 1);

		memcpy(torn, line.p, n);
		(void)json_glance(span_of(torn, n), "time", &v);
	}
	json_paths_free(paths);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("json");
	TCase *t = tcase_create("json");

	tcase_add_loop_test(t, a_glance_finds_what_reading_finds_or_says_that_it_does_not, 0,
		sizeof(glances) / sizeof(glances[0]));
	tcase_add_loop_test(t, takes_what_rfc_8259_allows, 0, N(valid));
	tcase_add_loop_test(t, refuses_what_rfc_8259_does_not_allow, 0, N(invalid));
	tcase_add_test(t, refuses_nul_bytes_anywhere);
	tcase_add_test(t, looks_at_every_byte_of_a_string);
	tcase_add_test(t, depth_is_bounded);
	tcase_add_loop_test(t, filter_writes_declared_members_only, 0, N(filters));
	tcase_add_test(t, filter_stops_where_the_visitor_says_so);
	tcase_add_test(t, filter_never_leaves_half_a_line_in_a_full_buffer);
	tcase_add_test(t, each_hands_out_spans_into_the_line);
	tcase_add_test(t, paths_that_contain_each_other_are_refused);
	suite_add_tcase(s, t);
	return suite_run(s);
}
