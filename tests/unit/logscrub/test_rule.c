/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "logscrub/rule/rule.h"
#include "logscrub/rule/setup.h"
#include "tests/unit/suite.h"

static const char head[] =
	"format \"line\" { type = \"template\" template = '$ip [$time_local] "
	"\"$request\" $extra' }\n"
	"format \"body\" { type = \"json\" time = \"at\" field \"log\" { format = "
	"\"rails\" } }\n"
	"format \"rails\" { type = \"pattern\" pattern = { '(?<status>\\d+) for "
	"(?<who>\\S+) by (?<app>.*)' } }\n"
	"format \"rails-syslog\" { type = \"syslog\" message = \"rails\" }\n"
	"format \"posted\" { type = \"template\" template = '$time_iso8601 $body' "
	"field \"body\" { format = \"items\" } }\n"
	"format \"items\" { type = \"json\" }\n"
	"format \"other\" { type = \"template\" template = '<$time_local> $status' }\n"
	"format \"talk\" { type = \"syslog\" }\n"
	"format \"object\" { type = \"json\" time = { \"at\", \"ts\" } }\n"
	"format \"framed\" { type = \"syslog\" message = \"other\" }\n"
	"format \"pair\" { type = \"template\" template = '$ip [$time_local] $ip $extra' }\n"
	"format \"hop\" { type = \"pattern\" pattern = { '(?<time>\\S+) from (?<ip>\\S+) to "
	"(?<ip>\\S+)', '(?<time>\\S+) at (?<ip>\\S+)' } }\n"
	"format \"hops\" { type = \"template\" template = '$time_iso8601 $hop; $hop' "
	"field \"hop\" { format = \"hop\" } }\n"
	"format \"any\" { type = \"variants\" formats = { \"line\", \"other\", \"object\", "
	"\"framed\" } }\n"
	"format \"outer\" { type = \"json\" time = \"time\" field \"log\" { format = \"trace\" } }\n"
	"format \"slow\" { type = \"pattern\" pattern = '(?<n>(x+x+)+y)(?<rest>.*)' }\n"
	"format \"slowly\" { type = \"syslog\" message = \"slow\" }\n"
	"format \"trace\" { type = \"pattern\" begin = '\\d{4}-' pattern = { "
	"'(?<time>\\S+) (?<text>[^\\n]*)(?:\\n(?<rest>.*))?' } }\n";

static char folder[64], conf_name[128];
static struct setup setup;
static struct rule *rule;
static struct buf out;

/* Reads the store "s" with FORMAT and this scrub section; returns what rule_new() says. */
static int
load(const char *format, const char *scrub, struct err *e)
{
	FILE *f;

	rule = rule_free(rule);
	setup_release(&setup);
	f = fopen(conf_name, "w");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "state_dir = \"%s/state\"\n%s", folder, head);
	fprintf(f,
		"store \"s\" {\n type = \"textlog\"\n format = \"%s\"\n"
		" category = \"log-and-system-data\"\n period = \"7d\"\n scrub { %s }\n}\n",
		format, scrub);
	ck_assert_int_eq(fclose(f), 0);
	if (setup_open(&setup, conf_name, e) < 0)
		return -1;
	return setup_rule(&setup, "s", &rule, e);
}

static void
load_ok(const char *format, const char *scrub)
{
	struct err e;

	if (load(format, scrub, &e) < 0)
		ck_abort_msg("%s: %s", e.what, e.where);
}

static const char *
apply(const char *line)
{
	struct err e;
	int rc;

	buf_clear(&out);
	rc = rule_apply(rule, span_str(line), 0, &out, NULL, &e);
	ck_assert_int_ge(rc, 0);
	if (rc > 0)
		return drop_reason_name((enum drop_reason)rc);
	buf_char(&out, '\0');
	ck_assert(!out.failed);
	return out.p;
}

START_TEST(a_field_that_no_rule_names_is_written_as_a_dash)
{
	load_ok("line", "keep = { \"time_local\" }");
	ck_assert_str_eq(apply("203.0.113.7 [24/Nov/2026:01:40:29 +0000] \"GET / HTTP/1.1\" x y"),
		"- [24/Nov/2026:01:40:29 +0000] \"-\" -");
}
END_TEST

/* What a trace is wanted of goes the long way. */
static void
both_ways_agree_on(const char *line)
{
	static struct rule_trace trace;
	struct buf slowly;
	struct err e;

	buf_init(&slowly, 8 * LINE_MAX_BYTES);
	for (int again = 0; again < 2; again++) { /* then values are known */
		int rc;

		buf_clear(&slowly);
		buf_clear(&out);
		rc = rule_apply(rule, span_str(line), 0, &out, NULL, &e);
		ck_assert_int_eq(rc, rule_apply(rule, span_str(line), 0, &slowly, &trace, &e));
		ck_assert_uint_eq(out.len, slowly.len);
		if (out.len > 0)
			ck_assert_mem_eq(out.p, slowly.p, out.len);
	}
	buf_release(&slowly);
}

START_TEST(the_short_way_writes_what_the_long_way_writes)
{
	static const char *const lines[] = {
		"203.0.113.7 [24/Nov/2026:01:40:29 +0000] \"GET /a?b=c HTTP/1.1\" x y",
		"203.0.113.7 [24/Nov/2026:01:40:29 +0000] \"GET /a\\x22 HTTP/1.1\" x",
		"2001:db8::7 [24/Nov/2026:01:40:30 +0100] \"-\" -",
		"- [24/Nov/2026:01:40:30 +0100] \"\" ",
		" [24/Nov/2026:01:40:30 +0100] \"GET /b HTTP/2.0\" 198.51.100.8",
		"203.0.113.7 [-] \"POST /c HTTP/2.0\" x",
		"203.0.113.7 [24/Nov/2026:01:40:29 +0000] \"GET /a HTTP/1.1\\\" x\" y",
		"203.0.113.7 [24/Nov/2026] \"GET / HTTP/1.1\" x",
		"<24/Nov/2026:01:40:29 +0000> 404",
		"{\"at\":\"2026-11-24T01:40:29Z\",\"status\":404}",
		"Nov 24 01:40:29 vm app[7]: <24/Nov/2026:01:40:29 +0000> 404",
		"words",
		"",
	};
	static const char *const scrubs[] = {
		"keep = { \"time_local\", \"time\", \"object.at\" } "
		"pseudonym = { \"ip\" } reduce \"request\" { to = \"method+path\" }",
		"keep = { \"time_local\", \"time\", \"object.at\", \"extra\" } "
		"redact = { \"request\" } reduce \"ip\" { to = \"truncate\" }",
	};

	for (size_t s = 0; s < sizeof(scrubs) / sizeof(scrubs[0]); s++) {
		load_ok("any", scrubs[s]);
		for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
			both_ways_agree_on(lines[i]);
	}
}
END_TEST

START_TEST(a_field_that_occurs_twice_is_written_as_what_it_is_in_each_place)
{
	static const char *const lines[][2] = {
		{ "pair", "203.0.113.1 [24/Nov/2026:01:40:29 +0000] 203.0.113.2 x" },
		{ "pair", "203.0.113.2 [24/Nov/2026:01:40:29 +0000] - x" },
		{ "hop", "2026-11-24T01:40:29Z from 203.0.113.1 to 203.0.113.2" },
		{ "hop", "2026-11-24T01:40:29Z at 203.0.113.1" },
		{ "hops",
			"2026-11-24T01:40:29+00:00 2026-11-24T01:40:29Z from 203.0.113.1 to 203.0.113.2; "
			"2026-11-24T01:40:29Z at 203.0.113.3" },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const char *time = strcmp(lines[i][0], "pair") == 0 ? "time_local" : "time";
		char scrub[80];

		(void)snprintf(scrub, sizeof(scrub), "keep = { \"%s\"%s } pseudonym = { \"ip\" }",
			time, strcmp(lines[i][0], "hops") == 0 ? ", \"time_iso8601\"" : "");
		load_ok(lines[i][0], scrub);
		both_ways_agree_on(lines[i][1]);
	}
}
END_TEST

START_TEST(a_field_with_a_format_can_occur_twice)
{
	load_ok("hops",
		"keep = { \"time_iso8601\", \"time\" } reduce \"ip\" { to = \"truncate\" }");
	for (int again = 0; again < 2; again++) {
		ck_assert_str_eq(
			apply("2026-11-24T01:40:29+00:00 2026-11-24T01:40:30Z at 203.0.113.1; "
			      "2026-11-24T01:40:31Z from 198.51.100.3 to 192.0.2.4"),
			"2026-11-24T01:40:29+00:00 2026-11-24T01:40:30Z at 203.0.113.0; "
			"2026-11-24T01:40:31Z from 198.51.100.0 to 192.0.2.0");
		ck_assert_str_eq(
			apply("2026-11-24T01:40:29+00:00 words; 2026-11-24T01:40:30Z at 192.0.2.1"),
			"2026-11-24T01:40:29+00:00 -; 2026-11-24T01:40:30Z at 192.0.2.0");
	}
}
END_TEST

START_TEST(a_line_that_the_format_does_not_match_is_not_written)
{
	load_ok("line", "keep = { \"time_local\" }");
	ck_assert_str_eq(apply("203.0.113.7 has come"), "no-match");
	ck_assert_str_eq(apply(""), "no-match");
}
END_TEST

/* Also where a line is tried a second time, as a message without a header. */
START_TEST(a_pattern_that_met_its_limit_is_the_reason)
{
	load_ok("slowly", "keep = { \"time\", \"n\" }");
	ck_assert_str_eq(
		apply("Nov 24 01:40:29 vm app[7]: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx y"),
		"match-limit");
	ck_assert_str_eq(apply("Nov 24 01:40:29 vm app[7]: words"), "no-match");
}
END_TEST

START_TEST(a_line_of_which_nothing_is_left_is_not_written)
{
	load_ok("talk", "keep = { \"hostname\", \"time\" }");
	ck_assert_str_eq(apply("Nov 24 01:40:29 vm app: anna"), "Nov 24 01:40:29 vm -: -");
	ck_assert_str_eq(apply("anna"), "no-match");
	ck_assert_str_eq(apply("-"), "no-match");
}
END_TEST

START_TEST(a_rule_that_drops_the_time_is_refused)
{
	struct err e;

	ck_assert_int_lt(load("line", "keep = { \"request\" }", &e), 0);
	ck_assert_int_eq(e.exit, EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.where, "test.conf:"));
}
END_TEST

START_TEST(a_field_that_the_format_does_not_have_is_refused)
{
	struct err e;

	ck_assert_int_lt(load("line", "keep = { \"time_local\", \"nothing\" }", &e), 0);
	ck_assert_int_eq(e.exit, EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.where, "nothing"));
}
END_TEST

START_TEST(a_field_named_twice_is_refused)
{
	struct err e;

	ck_assert_int_lt(
		load("line", "keep = { \"time_local\" } redact = { \"time_local\" }", &e), 0);
	ck_assert_int_eq(e.exit, EX_CONFIG);
}
END_TEST

START_TEST(the_day_of_the_record_chooses_the_key)
{
	char before[64], after[64];

	load_ok("line", "keep = { \"time_local\" } pseudonym = { \"ip\" }");
	(void)snprintf(before, sizeof(before), "%.20s",
		apply("203.0.113.7 [24/Nov/2026:23:59:59 +0000] \"-\" -"));
	(void)snprintf(after, sizeof(after), "%.20s",
		apply("203.0.113.7 [25/Nov/2026:00:59:59 +0100] \"-\" -"));
	ck_assert_str_eq(before, after); /* the same UTC day */
	(void)snprintf(after, sizeof(after), "%.20s",
		apply("203.0.113.7 [25/Nov/2026:00:00:00 +0000] \"-\" -"));
	ck_assert_str_ne(before, after);
	ck_assert_int_eq(strncmp(before, "ip4:", 4), 0);
}
END_TEST

START_TEST(escapes_are_undone_before_an_inner_format_reads)
{
	load_ok("posted", "keep = { \"time_iso8601\", \"level\" }");
	ck_assert_str_eq(apply("2026-11-24T01:40:29+00:00 "
			       "[{\\x22level\\x22:30,\\x22name\\x22:\\x22A\\x22},"
			       "{\\x22level\\x22:\\x22w\\x5C\\x22x\\x22}]"),
		"2026-11-24T01:40:29+00:00 "
		"[{\\x22level\\x22:30},{\\x22level\\x22:\\x22w\\x5C\\x22x\\x22}]");
	ck_assert_str_eq(
		apply("2026-11-24T01:40:29+00:00 no json at all"), "2026-11-24T01:40:29+00:00 -");
}
END_TEST

START_TEST(a_json_member_can_hold_a_line_of_another_format)
{
	load_ok("body", "keep = { \"at\", \"status\", \"app\" } ");
	ck_assert_str_eq(apply("{\"log\":\"200 for Erika by \\\"web\\\"\",\"x\":1,"
			       "\"at\":\"2026-11-24T01:40:29Z\"}"),
		"{\"log\":\"200 for - by \\\"web\\\"\",\"at\":\"2026-11-24T01:40:29Z\"}");
	ck_assert_str_eq(apply("{\"log\":\"Erika\",\"at\":\"2026-11-24T01:40:29Z\"}"),
		"{\"at\":\"2026-11-24T01:40:29Z\"}");
	ck_assert_str_eq(apply("{\"log\":"), "invalid-json");
}
END_TEST

START_TEST(a_json_member_is_told_from_a_field_by_its_format)
{
	load_ok("outer", "keep = { \"outer.time\", \"time\" }");
	ck_assert_str_eq(
		apply("{\"log\":\"2026-11-24T01:40:29Z Erika\",\"time\":\"2026-11-24T01:40:30Z\"}"),
		"{\"log\":\"2026-11-24T01:40:29Z -\",\"time\":\"2026-11-24T01:40:30Z\"}");
}
END_TEST

START_TEST(a_line_end_within_a_member_stays_there)
{
	load_ok("body", "keep = { \"at\", \"status\", \"app\" } ");
	ck_assert_str_eq(
		apply("{\"log\":\"200 for Erika by web\\n\",\"at\":\"2026-11-24T01:40:29Z\"}"),
		"{\"log\":\"200 for - by web\\n\",\"at\":\"2026-11-24T01:40:29Z\"}");
	ck_assert_str_eq(
		apply("{\"log\":\"200 for Erika by web\\r\\n\",\"at\":\"2026-11-24T01:40:29Z\"}"),
		"{\"log\":\"200 for - by web\\r\\n\",\"at\":\"2026-11-24T01:40:29Z\"}");
	ck_assert_str_eq(apply("{\"log\":\"Erika\\n\",\"at\":\"2026-11-24T01:40:29Z\"}"),
		"{\"at\":\"2026-11-24T01:40:29Z\"}");
}
END_TEST

START_TEST(each_variant_of_a_format_is_read_and_written_in_its_own_form)
{
	load_ok("any", "keep = { \"time_local\", \"time\", \"object.at\", \"object.ts\" } "
		       "pseudonym = { \"ip\" } number = { \"status\", \"object.status\" }");
	ck_assert_str_eq(apply("- [24/Nov/2026:01:40:29 +0000] \"GET / HTTP/1.1\" x y"),
		"- [24/Nov/2026:01:40:29 +0000] \"-\" -");
	ck_assert_str_eq(
		apply("<24/Nov/2026:01:40:29 +0000> 200"), "<24/Nov/2026:01:40:29 +0000> 200");
	ck_assert_str_eq(apply("{\"status\":200,\"ts\":\"2026-11-24T01:40:29Z\",\"at\":\"anna\"}"),
		"{\"status\":200,\"ts\":\"2026-11-24T01:40:29Z\"}");
	ck_assert_int_eq(rule_time_us(rule), INT64_C(1795484429000000));
	ck_assert_str_eq(apply("Nov 24 01:40:30 vm web: <24/Nov/2026:01:40:29 +0000> 404"),
		"Nov 24 01:40:30 - -: <24/Nov/2026:01:40:29 +0000> 404");
	ck_assert_str_eq(apply("Nov 24 01:40:30 vm web: anna"), "no-match");
	ck_assert_str_eq(apply("{\"status\":"), "invalid-json");
	ck_assert_str_eq(apply("anna"), "no-match");
}
END_TEST

START_TEST(a_json_time_is_kept_only_if_it_is_one)
{
	load_ok("body", "keep = { \"at\" } number = { \"n\" } flag = { \"f\" }"
			"reduce \"level\" { to = \"one-of\" values = { '30', 'warn' } }");
	ck_assert_str_eq(
		apply("{\"at\":\"2026-11-24T01:40:29Z\",\"n\":1.5,\"f\":true,\"level\":30}"),
		"{\"at\":\"2026-11-24T01:40:29Z\",\"n\":1.5,\"f\":true,\"level\":30}");
	ck_assert_str_eq(apply("{\"at\":\"anna\",\"n\":\"anna\",\"f\":[\"anna\",false],\"level\":"
			       "{\"warn\":\"anna\"}}"),
		"{\"f\":[false]}");
	ck_assert_str_eq(apply("{\"at\":1795484429,\"level\":\"warn\"}"),
		"{\"at\":1795484429,\"level\":\"warn\"}");
	ck_assert_str_eq(apply("{\"at\":17,\"level\":\"\\u0077arn\"}"), "{\"level\":\"warn\"}");
}
END_TEST

START_TEST(what_was_written_is_read_again_unchanged)
{
	char once[512];

	load_ok("line", "keep = { \"time_local\" } pseudonym = { \"ip\" } redact = { \"extra\" } "
			"reduce \"request\" { to = \"method+path\" }");
	(void)snprintf(once, sizeof(once), "%s",
		apply("203.0.113.7 [24/Nov/2026:01:40:29 +0000] \"GET /a?b=1 HTTP/1.1\" "
		      "from 2001:db8::1, a@example.org, +4915112345678, ?token=0123456789abcdef"));
	ck_assert_ptr_null(strstr(once, "2001:db8"));
	ck_assert_ptr_null(strstr(once, "a@example.org"));
	ck_assert_str_eq(apply(once), once);
}
END_TEST

/* --- the fast way and the slow one ------------------------------------------------------------ */

/* Shapes of lines that differ in every number, with the rule that each is put through. */
static const struct {
	const char *format, *scrub, *line;
} shapes[] = {
	{ "line",
		"keep = { \"time_local\" } pseudonym = { \"ip\" } redact = { \"extra\" } "
		"reduce \"request\" { to = \"method+path\" mask = { '/b/:id' } }",
		"203.0.113.%u [24/Nov/2026:01:%02u:29 +0000] \"GET /b/x%u?y=1 HTTP/1.1\" "
		"from 198.51.100.%u and a%u@example.org" },
	{ "line",
		"keep = { \"time_local\" } reduce \"ip\" { to = \"host-only\" } "
		"reduce \"extra\" { to = \"browser-family\" }",
		"https://%u.example.org/ [24/Nov/2026:01:%02u:29 +0000] \"GET /x%u HTTP/1.1\" "
		"Mozilla/%u.0 (X11; \\x%02x) Firefox/128.0" },
	{ "rails-syslog", "keep = { \"time\", \"status\" } redact = { \"who\", \"app\" }",
		"Nov 24 01:3%u:2%u host app[%u]: %u for a%u@example.org by x" },
	{ "body", "keep = { \"at\", \"n\" } redact = { \"who\" } pseudonym = { \"ip\" }",
		"{\"ip\":\"203.0.113.%u\",\"at\":\"2026-11-24T01:40:%02uZ\",\"n\":%u,\"log\":\"%u "
		"for Erika by \\\"web\\\"\",\"who\":\"a\\u0040example.org %u\"}" },
};
#define N_SHAPES (int)(sizeof(shapes) / sizeof(shapes[0]))

/* Patterns are those of the table above. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static struct span
shape_line(int shape, unsigned i, char ret[512])
{
	int n = snprintf(ret, 512, shapes[shape].line, i % 10, i % 10, i % 1009, i % 251, i % 999);

	return span_of(ret, (size_t)n);
}
#pragma GCC diagnostic pop

/* Where the C library lets itself be counted; under a sanitizer it does not. */
#ifdef __SANITIZE_ADDRESS__
static const bool counted = false;
static unsigned long n_allocations;
#else
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
static const bool counted = true;
static unsigned long n_allocations;

void *
malloc(size_t n)
{
	n_allocations++;
	return __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	n_allocations++;
	return __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	n_allocations++;
	return __libc_realloc(p, n);
}
#endif

/* As many for all the records as for one, over a million of them, once the buffers have grown. */
START_TEST(nothing_is_allocated_for_a_record)
{
	const unsigned n = counted ? 300000 : 10000; /* of each of the shapes */
	unsigned long before = 0;
	unsigned n_written = 0;
	char text[512];
	struct err e;

	load_ok(shapes[_i].format, shapes[_i].scrub);
	ck_assert(!counted || n_allocations > 0 || getenv("TEST_UNDER")); /* valgrind has its own */
	for (unsigned i = 0; i < n; i++) { /* a ck_assert() in here would allocate itself */
		struct span line = shape_line(_i, i, text);

		buf_clear(&out);
		n_written += rule_apply(rule, line, 0, &out, NULL, &e) == 0;
		if (i == 1000)
			before = n_allocations;
	}
	before = n_allocations - before;
	ck_assert_uint_eq(before, 0);
	ck_assert_uint_eq(n_written, n);
}
END_TEST

/* A trace has each field made anew, without it most are remembered and what stands is copied in one
 * piece: they must come to the same. */
START_TEST(with_and_without_a_trace_the_same_is_written)
{
	static struct rule_trace trace;
	struct buf traced;
	char text[512];
	struct err e;

	load_ok(shapes[_i].format, shapes[_i].scrub);
	buf_init(&traced, 1 << 20);
	for (unsigned i = 0; i < 5000; i++) {
		struct span line = shape_line(_i, i % 1700, text);

		if (i % 7 == 6) /* and what is not of the form */
			line.len -= i % line.len;
		buf_clear(&out);
		buf_clear(&traced);
		ck_assert_int_eq(rule_apply(rule, line, 0, &out, NULL, &e),
			rule_apply(rule, line, 0, &traced, &trace, &e));
		ck_assert_msg(span_eq(span_of(out.p, out.len), span_of(traced.p, traced.len)),
			"%.*s\n%.*s", (int)out.len, out.p, (int)traced.len, traced.p);
	}
	buf_release(&traced);
}
END_TEST

static void
setup_folder(void)
{
	ck_assert_int_ge(sodium_init(), 0);
	(void)snprintf(folder, sizeof(folder), "/tmp/test_rule.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(conf_name, sizeof(conf_name), "%s/test.conf", folder);
	buf_init(&out, 1 << 20);
}

static void
remove_folder(void)
{
	rule = rule_free(rule);
	setup_release(&setup);
	buf_release(&out);
	(void)unlink(conf_name);
	(void)snprintf(conf_name, sizeof(conf_name), "rm -rf '%s'", folder);
	ck_assert_int_eq(system(conf_name), 0);
}

int
main(void)
{
	Suite *s = suite_create("rule");
	TCase *t = tcase_create("rule");

	tcase_add_checked_fixture(t, setup_folder, remove_folder);
	tcase_add_test(t, a_field_that_no_rule_names_is_written_as_a_dash);
	tcase_add_test(t, a_line_that_the_format_does_not_match_is_not_written);
	tcase_add_test(t, a_pattern_that_met_its_limit_is_the_reason);
	tcase_add_test(t, a_line_of_which_nothing_is_left_is_not_written);
	tcase_add_test(t, a_rule_that_drops_the_time_is_refused);
	tcase_add_test(t, a_field_that_the_format_does_not_have_is_refused);
	tcase_add_test(t, a_field_named_twice_is_refused);
	tcase_add_test(t, the_day_of_the_record_chooses_the_key);
	tcase_add_test(t, escapes_are_undone_before_an_inner_format_reads);
	tcase_add_test(t, a_json_member_can_hold_a_line_of_another_format);
	tcase_add_test(t, a_json_member_is_told_from_a_field_by_its_format);
	tcase_add_test(t, a_line_end_within_a_member_stays_there);
	tcase_add_test(t, each_variant_of_a_format_is_read_and_written_in_its_own_form);
	tcase_add_test(t, a_json_time_is_kept_only_if_it_is_one);
	tcase_add_test(t, what_was_written_is_read_again_unchanged);
	tcase_add_test(t, the_short_way_writes_what_the_long_way_writes);
	tcase_add_test(t, a_field_that_occurs_twice_is_written_as_what_it_is_in_each_place);
	tcase_add_test(t, a_field_with_a_format_can_occur_twice);
	tcase_add_loop_test(t, nothing_is_allocated_for_a_record, 0, N_SHAPES);
	tcase_add_loop_test(t, with_and_without_a_trace_the_same_is_written, 0, N_SHAPES);
	tcase_set_timeout(t, 300);
	suite_add_tcase(s, t);
	return suite_run(s);
}
