/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/conf/conf.h"
#include "record/format/format.h"
#include "record/format/reader.h"
#include "record/record.h"
#include "record/timestamp.h"
#include "tests/unit/suite.h"

static const char *const web_pattern[] = { "(?<time>\\d{4}-\\S+) (?<level>[A-Z]+) - (?<text>.*)" };
static const char *const times[] = { "time" };
static const char *const any_of[] = { "access", "docker", "framed" };
static struct conf_inner text_is_json[] = { { { "t", 1 }, "text", "json", false, ESCAPE_NONE } };
static struct conf_inner log_is_web[] = { { { "t", 2 }, "log", "web", false, ESCAPE_NONE } };

static struct conf_format formats[] = {
	{ { "t", 1 }, "web", .type = FORMAT_PATTERN, .pattern = { (const char **)web_pattern, 1 },
		.inner = text_is_json, .n_inner = 1, .time = { (const char **)times, 1 } },
	{ { "t", 2 }, "json", .type = FORMAT_JSON, .escape = ESCAPE_JSON },
	{ { "t", 3 }, "framed", .type = FORMAT_SYSLOG, .message = "web", .escape = ESCAPE_RSYSLOG },
	{ { "t", 4 }, "docker", .type = FORMAT_JSON, .inner = log_is_web, .n_inner = 1,
		.escape = ESCAPE_JSON, .time = { (const char **)times, 1 } },
	{ { "t", 5 }, "access", FORMAT_TEMPLATE,
		.template_ = "$remote_addr [$time_local] \"$request\" $status",
		.escape = ESCAPE_NGINX },
	{ { "t", 6 }, "any", .type = FORMAT_VARIANTS, .variant = { (const char **)any_of, 3 } },
};
static const struct conf conf = { .format = formats,
	.n_formats = sizeof(formats) / sizeof(formats[0]) };

#define SECOND(s) (INT64_C(1) * (s)*1000000)

static const struct {
	const char *format, *line;
	bool read;
	int64_t time_us;
	const char *name, *value;
} cases[] = {
	{ "access", "192.0.2.1 [24/Nov/2026:01:40:29 +0000] \"GET /\\x22 HTTP/1.1\" 200", true,
		SECOND(1795484429), "request", "GET /\" HTTP/1.1" },
	{ "access", "no line of it", false, RECORD_NO_TIME, "status", NULL },
	{ "web", "2026-11-24T01:40:29Z INFO - {\"a\":{\"b\":\"x\\u0041\"}}", true,
		SECOND(1795484429), "a.b", "xA" },
	{ "web", "2026-11-24T01:40:29Z INFO - {\"a\":1}", true, SECOND(1795484429), "text.a", "1" },
	{ "web", "2026-11-24T01:40:29Z INFO - words", true, SECOND(1795484429), "level", "INFO" },
	/* the outermost time counts; a message of another form leaves it */
	{ "framed", "2026-11-24T01:40:30Z vm web[7]: 2026-11-24T01:40:29Z INFO - x", true,
		SECOND(1795484430), "level", "INFO" },
	{ "framed", "2026-11-24T01:40:30Z vm web[7]: words", false, SECOND(1795484430), "hostname",
		"vm" },
	{ "framed", "2026-11-24T01:40:29Z INFO - x", true, SECOND(1795484429), "level", "INFO" },
	{ "docker",
		"{\"log\":\"2026-11-24T01:40:29Z WARN - \\u007b\\\"k\\\":2}\\n\",\"time\":\"2026-11-24T01:40:31Z\"}",
		true, SECOND(1795484431), "level", "WARN" },
	{ "docker",
		"{\"log\":\"2026-11-24T01:40:29Z WARN - x\\n\",\"time\":\"2026-11-24T01:40:31Z\"}",
		true, SECOND(1795484431), "text", "x" },
	{ "any", "192.0.2.1 [24/Nov/2026:01:40:29 +0000] \"-\" 200", true, SECOND(1795484429),
		"status", "200" },
	{ "any", "{\"time\":\"2026-11-24T01:40:29Z\",\"a\":7}", true, SECOND(1795484429), "a",
		"7" },
	{ "any", "{\"time\":\"2026-11-24T01:40:29Z\"", false, RECORD_NO_TIME, "a", NULL },
	{ "any", "2026-11-24T01:40:30Z vm web[7]: 2026-11-24T01:40:29Z INFO - x", true,
		SECOND(1795484430), "level", "INFO" },
	{ "any", "2026-11-24T01:40:30Z vm web[7]: words", false, SECOND(1795484430), "status",
		NULL },
	{ "docker", "{\"log\":\"x\",", false, RECORD_NO_TIME, "log", NULL },
};

static unsigned n_early; /* by more than a day */

/* What a glance at LINE says is not later than what reading it says, if that finds a time at all. It may be
 * earlier, by what stands at the end of a time (a fraction, a zone), or by a time of its message. */
static bool
glance_is_right(struct reader *r, struct span line)
{
	int64_t us;

	if (!reader_glance(r, line, &us))
		return false;
	(void)reader_read(r, line);
	if (!reader_begins(r, line) || reader_time_us(r) == RECORD_NO_TIME)
		return true;
	ck_assert_msg(reader_time_us(r) >= us, "%ld, not %ld: %.*s", (long)us,
		(long)reader_time_us(r), (int)line.len, line.p);
	n_early += reader_time_us(r) - us > DAY_US;
	return true;
}

START_TEST(line_tells_its_time_and_its_fields)
{
	const struct conf_store store = {
		.where = { "t", 9 }, .name = "s", .format = cases[_i].format
	};
	struct formats *all = NULL;
	struct reader *r = NULL;
	struct span v;
	struct err e;

	ck_assert_int_eq(formats_new(&conf, &all, &e), 0);
	ck_assert_int_eq(reader_new(&store, all, &r, &e), 0);
	for (int twice = 0; twice < 2; twice++) {
		ck_assert_int_eq(reader_read(r, span_str(cases[_i].line)), cases[_i].read);
		ck_assert_int_eq(reader_time_us(r), cases[_i].time_us);
		v = reader_field(r, cases[_i].name);
		if (!cases[_i].value) {
			ck_assert_ptr_null(v.p);
			continue;
		}
		ck_assert_msg(span_eq(v, span_str(cases[_i].value)), "%.*s", (int)v.len, v.p);
		(void)glance_is_right(r, span_str(cases[_i].line));
	}
	reader_free(r);
	formats_free(all);
}
END_TEST

static unsigned
glances_at(struct reader *r, const char *path)
{
	cleanup_stdio FILE *f = fopen(path, "r");
	cleanup_mem char *line = NULL;
	size_t size = 0;
	unsigned told = 0;
	ssize_t n;

	ck_assert_ptr_nonnull(f);
	while ((n = getline(&line, &size, f)) > 0)
		for (ssize_t at = 0; at < n; at += 7) /* and what a torn line leaves */
			told += glance_is_right(r, span_of(line + at, (size_t)(n - 1 - at)));
	return told;
}

START_TEST(glance_is_right_for_all_shipped_stores_and_samples)
{
	struct conf *shipped;
	struct formats *all;
	unsigned told = 0;
	glob_t samples;
	struct err e;

	ck_assert_int_eq(setenv("SPARSAM_BENCH_STATE", "/nonexistent", 1), 0);
	ck_assert_msg(conf_read("tests/bench/conf/sparsam.conf", &shipped, &e) == 0, "%s", e.what);
	ck_assert_int_eq(formats_new(shipped, &all, &e), 0);
	ck_assert_int_eq(glob("tests/data/stores/*.log", 0, NULL, &samples), 0);
	for (size_t i = 0; i < shipped->n_stores; i++) {
		struct reader *r = NULL;

		if (!*shipped->store[i].format)
			continue;
		ck_assert_int_eq(reader_new(&shipped->store[i], all, &r, &e), 0);
		for (size_t k = 0; k < samples.gl_pathc; k++)
			told += glances_at(r, samples.gl_pathv[k]);
		reader_free(r);
	}
	ck_assert_uint_gt(told, 10000);
	ck_assert_msg(n_early < told / 100, "%u of %u", n_early, told);
	globfree(&samples);
	formats_free(all);
	conf_free(shipped);
}
END_TEST

START_TEST(store_without_a_format_is_refused)
{
	const struct conf_store store = { .where = { "t", 9 }, .name = "s", .format = "" };
	struct reader *r = NULL;
	struct err e;

	ck_assert_int_eq(reader_new(&store, NULL, &r, &e), -1);
	ck_assert_int_eq(e.exit, 78);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("reader");
	TCase *t = tcase_create("all");

	tcase_add_loop_test(
		t, line_tells_its_time_and_its_fields, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_set_timeout(t, 120);
	tcase_add_test(t, glance_is_right_for_all_shipped_stores_and_samples);
	tcase_add_test(t, store_without_a_format_is_refused);
	suite_add_tcase(s, t);
	return suite_run(s);
}
