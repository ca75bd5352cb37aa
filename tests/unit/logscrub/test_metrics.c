/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf/conf.h"
#include "base/print/print.h"
#include "logscrub/metrics/metrics.h"
#include "tests/unit/suite.h"

static char folder[64], text[1 << 16];
static struct conf_store stores[] = { { .name = "web" }, { .name = "s\"s\\hd" } };
static struct conf_source sources[] = { { .name = "journal" }, { .name = "files" } };
static struct conf conf = {
	.metrics_dir = folder, .store = stores, .n_stores = 2, .source = sources, .n_sources = 2
};

static void
setup(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/sparsam-metrics-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void
teardown(void)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/" METRICS_FILE, folder);
	(void)unlink(path);
	(void)rmdir(folder);
}

static struct metrics *
start(void)
{
	struct metrics *m = NULL;

	ck_assert_int_eq(metrics_new(&conf, &m, NULL), 0);
	return m;
}

static const char *
written(void)
{
	cleanup_stdio FILE *f = NULL;
	char path[128];
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/" METRICS_FILE, folder);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	return text;
}

static const char *
printed(const struct metrics *m, bool json)
{
	cleanup_stdio FILE *f = fmemopen(text, sizeof(text), "w");
	struct print p;

	print_init(&p, f, json);
	metrics_print(m, &p);
	(void)fflush(f);
	return text;
}

static void
has(const char *all, const char *what)
{
	ck_assert_msg(strstr(all, what) != NULL, "%s not in\n%s", what, all);
}

START_TEST(what_is_counted_is_in_the_file)
{
	CLEANUP(metrics_freep) struct metrics *m = start();
	struct metrics_store *s = metrics_store(m, "web");
	struct stat st;
	char path[128];

	s->n_read = 3;
	s->n_written = 2;
	s->n_dropped[DROP_NO_MATCH] = 1;
	s->n_hits[DETECT_IPV6] = 7;
	s->pending = 42;
	s->trouble = true;
	metrics_store(m, NULL)->n_dropped[DROP_UNCLAIMED] = 5;
	metrics_source(m, "files")->lag_us = 1500000;
	metrics_source(m, "files")->n_failed = 4;
	ck_assert_int_eq(metrics_write(m, NULL), 0);
	has(written(), "# TYPE sparsam_lines_read_total counter\n");
	has(text, "sparsam_lines_read_total{store=\"web\"} 3\n");
	has(text, "sparsam_lines_written_total{store=\"web\"} 2\n");
	has(text, "sparsam_lines_dropped_total{store=\"web\",reason=\"no-match\"} 1\n");
	has(text, "sparsam_lines_dropped_total{store=\"\",reason=\"unclaimed\"} 5\n");
	has(text, "sparsam_detector_hits_total{store=\"web\",type=\"ipv6\"} 7\n");
	has(text, "sparsam_sink_pending_bytes{store=\"web\"} 42\n");
	has(text, "sparsam_sink_trouble{store=\"web\"} 1\n");
	has(text, "sparsam_source_lag_seconds{source=\"files\"} 1.500\n");
	has(text, "sparsam_last_run_seconds{program=\"logscrub\"} ");
	has(text, "sparsam_lines_read_total{store=\"s\\\"s\\\\hd\"} 0\n");
	has(text, "sparsam_source_failures_total{source=\"files\"} 4\n");
	ck_assert_ptr_null(strstr(text, "lag_seconds{source=\"journal\"")); /* it is unknown */
	(void)snprintf(path, sizeof(path), "%s/" METRICS_FILE, folder);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0644);
}
END_TEST

/* One HELP and one TYPE a metric, all of its samples behind them: or the scrape fails. */
START_TEST(each_metric_is_one_block)
{
	CLEANUP(metrics_freep) struct metrics *m = start();
	char name[64] = "";

	ck_assert_int_eq(metrics_write(m, NULL), 0);
	for (char *line = strtok((char *)written(), "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, "# HELP ", 7) == 0)
			ck_assert_int_eq(sscanf(line, "# HELP %63s", name), 1);
		else if (strncmp(line, "# TYPE ", 7) == 0)
			ck_assert_int_eq(strncmp(line + 7, name, strlen(name)), 0);
		else
			ck_assert_msg(
				strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == '{',
				"%s", line);
	}
}
END_TEST

START_TEST(no_folder_is_no_failure)
{
	CLEANUP(metrics_freep) struct metrics *m = start();

	ck_assert_int_eq(rmdir(folder), 0);
	ck_assert_int_eq(metrics_write(m, NULL), 1);
}
END_TEST

START_TEST(a_reload_keeps_the_counters_of_stores_that_stay)
{
	static struct conf_store fewer[] = { { .name = "new" }, { .name = "web" } };
	struct conf other = conf;
	CLEANUP(metrics_freep) struct metrics *m = start();

	metrics_store(m, "web")->n_read = 9;
	other.store = fewer;
	ck_assert_int_eq(metrics_reload(m, &other, NULL), 0);
	ck_assert_uint_eq(metrics_store(m, "web")->n_read, 9);
	ck_assert_uint_eq(metrics_store(m, "new")->n_read, 0);
	ck_assert_ptr_null(metrics_store(m, stores[1].name));
}
END_TEST

START_TEST(it_is_printed_for_people_and_programs)
{
	CLEANUP(metrics_freep) struct metrics *m = start();
	struct metrics_store *s = metrics_store(m, "web");

	s->n_read = 12345;
	s->n_dropped[DROP_TOO_LONG] = 3;
	has(printed(m, false), "web");
	has(text, "12345");
	has(text, "too-long");
	has(printed(m, true), "\"store\":\"web\"");
	has(text, "\"read\":12345");
	has(text, "\"dropped_too_long\":3");
	has(text, "\"source\":\"journal\"");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("metrics");
	TCase *t = tcase_create("metrics");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_is_counted_is_in_the_file);
	tcase_add_test(t, each_metric_is_one_block);
	tcase_add_test(t, no_folder_is_no_failure);
	tcase_add_test(t, a_reload_keeps_the_counters_of_stores_that_stay);
	tcase_add_test(t, it_is_printed_for_people_and_programs);
	return suite_run(s);
}
