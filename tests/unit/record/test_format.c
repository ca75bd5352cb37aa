/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdlib.h>

#include "record/format/format.h"

#include "tests/unit/suite.h"

#define PLACE(n)                                                                                   \
	{                                                                                          \
		"formats.conf", n                                                                  \
	}

static const char *const web_pattern[] = {
	"(?<time>\\S+) (?<level>[A-Z]+) +(?<logger>\\S+) - (?<text>.*)"
};
static const char *const bad_pattern[] = { "(?<a>" };

static struct conf_inner text_is_json[] = { { PLACE(11), "text", "json", false, ESCAPE_NONE } };
static struct conf_inner member_is_web[] = { { PLACE(12), "log", "web", false, ESCAPE_NONE } };
static struct conf_inner no_such_field[] = { { PLACE(13), "nobody", "web", false, ESCAPE_NONE } };
static struct conf_inner round_a[] = { { PLACE(14), "a", "round-b", false, ESCAPE_NONE } };
static struct conf_inner round_b[] = { { PLACE(15), "b", "round-a", false, ESCAPE_NONE } };
static struct conf_inner round_j[] = { { PLACE(16), "m.n", "round-j", false, ESCAPE_NONE } };
static struct conf_inner other_escape[] = { { PLACE(17), "b", NULL, true, ESCAPE_JSON } };
static struct conf_inner unknown[] = { { PLACE(18), "a", "nowhere", false, ESCAPE_NONE } };

static const char *time_a[] = { "a" }, *time_b[] = { "b" };
static const char *web_or_json[] = { "web", "json" };
static const char *round_v[] = { "web", "round-v" };

static struct conf_format formats[] = {
	{ PLACE(1), "web", .type = FORMAT_PATTERN, .pattern = { (const char **)web_pattern, 1 },
		.inner = text_is_json, .n_inner = 1, .begin = "\\d{4}-" },
	{ PLACE(2), "json", .type = FORMAT_JSON, .escape = ESCAPE_JSON },
	{ PLACE(3), "framed", .type = FORMAT_SYSLOG, .message = "web", .escape = ESCAPE_RSYSLOG },
	{ PLACE(4), "docker", .type = FORMAT_JSON, .inner = member_is_web, .n_inner = 1,
		.escape = ESCAPE_JSON },
	{ PLACE(5), "bad-inner", .type = FORMAT_TEMPLATE, .template_ = "$a $b",
		.inner = no_such_field, .n_inner = 1 },
	{ PLACE(6), "round-a", .type = FORMAT_TEMPLATE, .template_ = "$a", .inner = round_a,
		.n_inner = 1 },
	{ PLACE(7), "round-b", .type = FORMAT_TEMPLATE, .template_ = "$b", .inner = round_b,
		.n_inner = 1 },
	{ PLACE(8), "round-j", .type = FORMAT_JSON, .inner = round_j, .n_inner = 1 },
	{ PLACE(9), "escapes", .type = FORMAT_TEMPLATE, .template_ = "$a $b $time_local",
		.inner = other_escape, .n_inner = 1, .escape = ESCAPE_NGINX,
		.time = { time_a, 1 } },
	{ PLACE(10), "bad-time", .type = FORMAT_TEMPLATE, .template_ = "$a",
		.time = { time_b, 1 } },
	{ PLACE(11), "bad-begin", .type = FORMAT_TEMPLATE, .template_ = "$a", .begin = "(" },
	{ PLACE(12), "bad-pattern", .type = FORMAT_PATTERN,
		.pattern = { (const char **)bad_pattern, 1 } },
	{ PLACE(19), "either", .type = FORMAT_VARIANTS, .variant = { web_or_json, 2 } },
	{ PLACE(20), "round-v", .type = FORMAT_VARIANTS, .variant = { round_v, 2 } },
	{ PLACE(13), "bad-name", .type = FORMAT_TEMPLATE, .template_ = "$a", .inner = unknown,
		.n_inner = 1 },
};

static const struct conf conf = { .format = formats,
	.n_formats = sizeof(formats) / sizeof(formats[0]) };

static struct formats *all;
static struct err e;

static void
setup(void)
{
	ck_assert_int_eq(formats_new(&conf, &all, &e), 0);
}

static void
teardown(void)
{
	all = formats_free(all);
}

static struct format *
get(const char *name)
{
	struct format *f = NULL;

	if (formats_get(all, name, &f, &e) < 0)
		ck_abort_msg("%s: %s", e.what, e.where);
	return f;
}

START_TEST(format_is_compiled_once)
{
	ck_assert_ptr_eq(get("web"), get("web"));
	ck_assert_str_eq(format_name(get("web")), "web");
	ck_assert_int_eq(format_type(get("web")), FORMAT_PATTERN);
	ck_assert_ptr_eq(format_decl(get("web")), &formats[0]);
}
END_TEST

START_TEST(formats_nest)
{
	struct format *framed = get("framed");
	const struct format_field *message = format_field(framed, format_n_fields(framed) - 1);

	ck_assert_str_eq(message->name, "message");
	ck_assert_ptr_eq(message->inner, get("web"));
	ck_assert_int_eq(message->escape, ESCAPE_RSYSLOG);
	ck_assert_str_eq(format_field(get("web"), 3)->name, "text");
	ck_assert_ptr_eq(format_field(get("web"), 3)->inner, get("json"));
	ck_assert_uint_eq(format_n_fields(get("docker")), 0);
}
END_TEST

START_TEST(variants_are_formats_in_their_order)
{
	struct format *either = get("either");
	struct split s;

	ck_assert_uint_eq(format_n_variants(either), 2);
	ck_assert_ptr_eq(format_variant(either, 0), get("web"));
	ck_assert_ptr_eq(format_variant(either, 1), get("json"));
	ck_assert_uint_eq(format_n_variants(get("web")), 0);
	ck_assert_uint_eq(format_n_fields(either), 0);
	ck_assert_int_eq(format_split(either, SPAN("2024-05-20"), &s), FORMAT_NO_MATCH);
}
END_TEST

START_TEST(field_can_have_escapes_of_its_own)
{
	ck_assert_int_eq(format_field(get("escapes"), 0)->escape, ESCAPE_NGINX);
	ck_assert_int_eq(format_field(get("escapes"), 1)->escape, ESCAPE_JSON);
	ck_assert_ptr_null(format_field(get("escapes"), 1)->inner);
}
END_TEST

START_TEST(declared_time_is_the_only_one)
{
	ck_assert(format_field(get("escapes"), 0)->is_time);
	ck_assert(!format_field(get("escapes"), 2)->is_time);
	ck_assert(format_field(get("web"), 0)->is_time); /* by its name */
}
END_TEST

static const struct {
	const char *name, *where;
} refused[] = {
	{ "bad-inner", "formats.conf:13" },
	{ "round-a", "formats.conf:6" },
	{ "round-j", "formats.conf:8" },
	{ "round-v", "formats.conf:20" },
	{ "bad-time", "formats.conf:10" },
	{ "bad-begin", "formats.conf:11" },
	{ "bad-pattern", "formats.conf:12" },
	{ "bad-name", "nowhere" },
	{ "nowhere", "nowhere" },
};

START_TEST(bad_declaration_is_refused_each_time)
{
	struct format *f = NULL;

	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(formats_get(all, refused[_i].name, &f, &e), -1);
		ck_assert_int_eq(e.exit, EX_CONFIG);
		ck_assert_ptr_nonnull(strstr(e.where, refused[_i].where));
		ck_assert_ptr_null(f);
	}
}
END_TEST

START_TEST(begin_is_looked_for_at_the_start_alone)
{
	ck_assert(format_has_begin(get("web")));
	ck_assert(format_begins(get("web"), SPAN("2024-05-20T14:46:49.672Z INFO x")));
	ck_assert(!format_begins(get("web"), SPAN("\tat org.example.Main 2024-05")));
	ck_assert(!format_begins(get("web"), SPAN("")));
	ck_assert(!format_has_begin(get("framed")));
	ck_assert(format_begins(get("framed"), SPAN("anything")));
}
END_TEST

START_TEST(json_is_not_split_here)
{
	struct split s;

	ck_assert_int_eq(format_split(get("json"), SPAN("{}"), &s), FORMAT_NO_MATCH);
	ck_assert_uint_eq(s.n, 0);
	ck_assert(!format_retry_bare(get("json"), SPAN("{}"), &s));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("format");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, format_is_compiled_once);
	tcase_add_test(t, formats_nest);
	tcase_add_test(t, variants_are_formats_in_their_order);
	tcase_add_test(t, field_can_have_escapes_of_its_own);
	tcase_add_test(t, declared_time_is_the_only_one);
	tcase_add_loop_test(t, bad_declaration_is_refused_each_time, 0,
		(int)(sizeof(refused) / sizeof(refused[0])));
	tcase_add_test(t, begin_is_looked_for_at_the_start_alone);
	tcase_add_test(t, json_is_not_split_here);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
