/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the doctor's checks read with: settings and their times, the names of log families.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "logscrub/doctor/families.h"
#include "base/conf/settings.h"
#include "tests/unit/suite.h"

static const struct {
	const char *text;
	long long s;
} spans[] = {
	{ "0", 0 },
	{ "3600", 3600 },
	{ "7day", 604800 },
	{ "7 days", 604800 },
	{ "1month", 2629800 },
	{ "1M", 2629800 },
	{ "5m", 300 },
	{ "1h 30min", 5400 },
	{ "1.5h", 5400 },
	{ "2w3d", 1468800 },
	{ "1year", 31557600 },
	{ "infinity", 0 },
	{ "", -1 },
	{ "day", -1 },
	{ "7 dogs", -1 },
	{ "-1", -1 },
	{ "nan", -1 },
	{ "1e99", -1 },
	{ "7day x", -1 },
};

START_TEST(a_time_of_systemd_is_read)
{
	const long long got = settings_span_s(spans[_i].text);

	ck_assert_msg(got == spans[_i].s, "\"%s\": %lld", spans[_i].text, got);
}
END_TEST

/* A tree with one file. */
static char dir[64];

static void
file_make(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	(void)snprintf(dir, sizeof(dir), "/tmp/sparsam-doctor-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static void
file_remove(const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	ck_assert_int_eq(unlink(path) | rmdir(dir), 0);
}

static void
check_setting(const char *text, bool python, const char *section, const char *key, const char *want,
	unsigned line)
{
	struct settings s;
	const struct setting *v;
	struct tree t;

	file_make("x.conf", text);
	ck_assert_int_eq(tree_open(dir, &t, NULL), 0);
	settings_init(&s, python);
	ck_assert(settings_add(&s, &t, "/x.conf"));
	v = settings_find(&s, section, key);
	if (want) {
		ck_assert_msg(v != NULL, "no %s in %s", key, text);
		ck_assert_str_eq(v->value, want);
		ck_assert_uint_eq(v->line, line);
		ck_assert_str_eq(v->file, "/x.conf");
	} else
		ck_assert_ptr_null(v);
	settings_release(&s);
	tree_release(&t);
	file_remove("x.conf");
}

START_TEST(settings_are_read)
{
	check_setting("[A]\nx=1\n[B]\nx = 2 \n", false, "A", "X", "1", 2);
	check_setting("[A]\nx=1\n[B]\nx = 2 \n", false, NULL, "x", "2", 4);
	check_setting("[A]\nx=1\nx=\n", false, "A", "x", "", 3);
	check_setting("[A]\n# x=1\n;x=2\n", false, "A", "x", NULL, 0);
	check_setting("[A]\nx=1 \\\ny=2\nz=3\n", false, "A", "y", NULL, 0);
	check_setting("[A]\nx=1 \\\ny=2\nz=3\n", false, "A", "z", "3", 4);
	check_setting("[A]\nx: 1\n  y = 2\n", true, "A", "x", "1", 2);
	check_setting("[A]\nx: 1\n  y = 2\n", true, "A", "y", NULL, 0);
	check_setting("[A\nx=1", false, NULL, "x", "1", 2);
	check_setting("=\n[]\n]\n==", false, "", "", "=", 4);
}
END_TEST

static const struct {
	const char *path, *name;
} names[] = {
	{ "/var/log/syslog", "/var/log/syslog" },
	{ "/var/log/syslog.1", "/var/log/syslog" },
	{ "/var/log/syslog.2.gz", "/var/log/syslog" },
	{ "/var/log/nginx/access.log-20261124.gz", "/var/log/nginx/access.log" },
	{ "/var/log/x.log.2026-11-24", "/var/log/x.log" },
	{ "/var/log/bbb-web.2026-11-24.log", "/var/log/bbb-web.*.log" },
	{ "/var/log/archive-183f0bf3a0982a127bdb8161e0c44eb696b3e75c-1716216409672.log",
		"/var/log/archive-*.log" },
	{ "/var/log/postgresql/postgresql-15-main.log",
		"/var/log/postgresql/postgresql-*-main.log" },
	{ "/c/4f5a0c11d5f0/4f5a0c11d5f0-json.log", "/c/*/*-json.log" },
	{ "/var/log/anna@example.org.log", "/var/log/*" },
	{ "/var/log/deadbeef.log", "/var/log/deadbeef.log" },
	{ "/var/log/1", "/var/log/*" },
	{ "/var/log/1.gz", "/var/log/*" },
	{ "/var/log/boot2.log", "/var/log/boot2.log" },
	{ "/x.old", "/x" },
};

START_TEST(files_of_one_log_have_one_name)
{
	char got[PATH_MAX];

	families_name(names[_i].path, got, sizeof(got));
	ck_assert_msg(strcmp(got, names[_i].name) == 0, "%s: %s", names[_i].path, got);
}
END_TEST

START_TEST(a_long_name_is_cut)
{
	static char path[PATH_MAX];
	char got[16];

	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	families_name(path, got, sizeof(got));
	ck_assert_uint_eq(strlen(got), sizeof(got) - 1);
}
END_TEST

START_TEST(families_are_found_again)
{
	struct families f = { 0 };
	char path[64];

	for (int i = 0; i < 5000; i++) {
		(void)snprintf(path, sizeof(path), "/x/%c%c%c.log", 'g' + i % 20, 'g' + i / 20 % 20,
			'g' + i / 400);
		ck_assert_ptr_nonnull(families_get(&f, path));
	}
	ck_assert_uint_eq(f.n, 5000);
	ck_assert_str_eq(families_get(&f, "/x/ggg.log.1")->name, "/x/ggg.log");
	ck_assert_uint_eq(f.n, 5000);
	families_release(&f);
}
END_TEST

#define COUNT(v) ((int)(sizeof(v) / sizeof((v)[0])))

static Suite *
suite(void)
{
	Suite *s = suite_create("doctor_readers");
	TCase *t = tcase_create("doctor_readers");

	tcase_add_loop_test(t, a_time_of_systemd_is_read, 0, COUNT(spans));
	tcase_add_test(t, settings_are_read);
	tcase_add_loop_test(t, files_of_one_log_have_one_name, 0, COUNT(names));
	tcase_add_test(t, a_long_name_is_cut);
	tcase_add_test(t, families_are_found_again);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return suite_run(suite());
}
