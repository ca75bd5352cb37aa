/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The doctor's check of PostgreSQL: how its files are read, and what each setting means.
 */
#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "logscrub/doctor/disks.h"
#include "logscrub/doctor/doctor_findings.h"
#include "logscrub/doctor/rotations.h"
#include "tests/unit/suite.h"

/* A line in front of each case: a collector's log in /srv, whose names come again after a day. */
#define COLLECTED                                                                                  \
	"logging_collector = on\nlog_directory = '/srv/log'\nlog_truncate_on_rotation = on\n"      \
	"log_rotation_age = 1h\nlog_filename = '%H.log'\n"
#define RAW  "postgresql-log:/srv/log/%H.log "
#define BARE "postgresql-log:/var/log/postgresql/postgresql-15-main.log "

static char root[64];

static void
file_make(const char *path, const char *text)
{
	char full[256];
	FILE *f;

	(void)snprintf(full, sizeof(full), "%s", root);
	for (const char *slash = path; (slash = strchr(slash + 1, '/')) != NULL;) {
		(void)snprintf(full, sizeof(full), "%s%.*s", root, (int)(slash - path), path);
		(void)mkdir(full, 0700);
	}
	(void)snprintf(full, sizeof(full), "%s%s", root, path);
	f = fopen(full, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static void
tree_make(void)
{
	(void)snprintf(root, sizeof(root), "/tmp/sparsam-doctor-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
}

static int
entry_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

static void
tree_remove(void)
{
	ck_assert_int_eq(nftw(root, entry_remove, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* The ids of what the check finds, each with a blank behind it, and its places. */
static void
look(char *ids, char *places, size_t size)
{
	static const struct conf conf;
	struct doctor d = { .conf = &conf, .now_s = 1795000000 };
	size_t n = 0, k = 0;

	ids[0] = places[0] = '\0';
	ck_assert_int_eq(tree_open(root, &d.tree, NULL), 0);
	d.disks = disks_read(&d.tree);
	d.rotations = rotations_read(&d.tree);
	doctor_postgres(&d);
	ck_assert(!d.failed);
	for (size_t i = 0; i < d.n; i++) {
		n += (size_t)snprintf(ids + n, size - n, "%s ", d.record[i].id);
		k += (size_t)snprintf(places + k, size - k, "%s ", d.record[i].where);
		ck_assert_uint_lt(n, size);
		ck_assert_uint_lt(k, size);
	}
	doctor_findings_release(&d);
	d.rotations = rotations_free(d.rotations);
	d.disks = disks_free(d.disks);
	tree_release(&d.tree);
}

static const struct {
	const char *conf, *ids;
} cases[] = {
	/* where it goes */
	{ "", BARE },
	{ "log_destination = 'stderr'\n", BARE },
	{ "log_destination = 'csvlog'\n", BARE },
	{ "log_destination = 'syslog'\n", "postgresql-log:syslog " },
	{ "log_destination = 'stderr, syslog'\n", BARE "postgresql-log:syslog " },
	{ COLLECTED, RAW },
	{ COLLECTED "log_directory = '/run/postgresql'\n", "" },
	{ COLLECTED "log_directory = 'log'\n",
		"postgresql-log:/var/lib/postgresql/15/main/log/%H.log " },
	{ COLLECTED "data_directory = '/srv/data'\nlog_directory = 'log'\n",
		"postgresql-log:/srv/data/log/%H.log " },
	{ COLLECTED "log_destination = 'jsonlog'\n", RAW },
	{ COLLECTED "log_destination = 'syslog'\n", "postgresql-log:syslog " },
	/* how it is written */
	{ COLLECTED "log_statement = 'all'\n", RAW "postgresql-statements:15/main " },
	{ COLLECTED "LOG_Statement='mod' # a comment\n", RAW "postgresql-statements:15/main " },
	{ COLLECTED "log_statement ddl\n", RAW "postgresql-statements:15/main " },
	{ COLLECTED "log_statement =all\n", RAW "postgresql-statements:15/main " },
	{ COLLECTED "log_statement= 'all'\n", RAW "postgresql-statements:15/main " },
	{ COLLECTED "#log_statement = 'all'\n", RAW },
	{ COLLECTED "log_statement = 'all'\nlog_statement = 'none'\n", RAW },
	{ COLLECTED "log_statement\n", RAW "postgresql-statements:15/main " },
	/* what each says */
	{ COLLECTED "log_min_duration_statement = 0\n", RAW "postgresql-statements:15/main " },
	{ COLLECTED "log_min_duration_statement = 250ms\n", RAW "postgresql-statements:15/main " },
	{ COLLECTED "log_min_duration_statement = -1\n", RAW },
	{ COLLECTED "log_min_duration_sample = 1s\n", RAW "postgresql-statements:15/main " },
	{ COLLECTED "log_transaction_sample_rate = 0.01\n", RAW "postgresql-statements:15/main " },
	{ COLLECTED "log_transaction_sample_rate = 0.0\n", RAW },
	{ COLLECTED "auto_explain.log_min_duration = 0\n", RAW "postgresql-statements:15/main " },
	{ COLLECTED "pgaudit.log = 'write, ddl'\n", RAW "postgresql-statements:15/main " },
	{ COLLECTED "log_parameter_max_length_on_error = -1\n",
		RAW "postgresql-statements:15/main " },
	{ COLLECTED "log_parameter_max_length = 0\n", RAW },
	{ COLLECTED "log_connections = on\n", RAW "postgresql-clients:15/main " },
	{ COLLECTED "log_connections = 'receipt,authorization'\n",
		RAW "postgresql-clients:15/main " },
	{ COLLECTED "log_connections = ''\nlog_disconnections = of\nlog_hostname = F\n", RAW },
	{ COLLECTED "log_disconnections = tr\n", RAW "postgresql-clients:15/main " },
	{ COLLECTED "log_hostname = 1\n", RAW "postgresql-clients:15/main " },
	{ COLLECTED "log_line_prefix = '%t %h '\n", RAW "postgresql-clients:15/main " },
	{ COLLECTED "log_line_prefix = '%m [%p] %q%-10u@%d '\n",
		RAW "postgresql-clients:15/main " },
	{ COLLECTED "log_line_prefix = '%m [%p] %%u %q%d %a %'\n", RAW },
	{ COLLECTED "log_file_mode = 0640\n", RAW },
	{ COLLECTED "log_file_mode = 0644\n", RAW "postgresql-mode:/srv/log/%H.log " },
};

START_TEST(a_setting_means_what_the_server_takes_it_for)
{
	char ids[1024], places[1024];

	tree_make();
	file_make("/etc/postgresql/15/main/postgresql.conf", cases[_i].conf);
	look(ids, places, sizeof(ids));
	tree_remove();
	ck_assert_msg(strcmp(ids, cases[_i].ids) == 0, "%s: %s", cases[_i].conf, ids);
}
END_TEST

/* How long the collector keeps a line: its file is begun anew when its name comes again. */
static const struct {
	const char *age, *filename;
	bool truncates, in_time;
} ages[] = {
	{ "1d", "postgresql-%a.log", true, true },
	{ "1440", "%u.log", true, true },
	{ "24h", "%w.csv", true, true },
	{ "1h", "%a-%H.log", true, true },
	{ "60", "%H.log", true, true },
	{ "1min", "%H%M.log", true, true },
	{ "12h", "%a.log", true, true }, /* twice the same name, then another one */
	{ "1d", "postgresql-%a.log", false, false },
	{ "1d", "%d.log", true, false },
	{ "1d", "%H.log", true, false }, /* always the same hour: never begun anew */
	{ "2d", "%a.log", true, false }, /* every other day: a fortnight */
	{ "7d", "%a.log", true, false },
	{ "1d", "postgresql.log", true, false },
	{ "1d", "postgresql-%Y-%m-%d.log", true, false },
	{ "0", "%a.log", true, false },
	{ "-1", "%a.log", true, false },
	{ "nan", "%a.log", true, false },
	{ "1e300d", "%a.log", true, false },
	{ "1d", "", true, false },
	{ "1d", "%4096a", true, false },
};

START_TEST(a_line_of_the_collector_grows_as_old_as_names_come_again)
{
	char conf[512], ids[1024], places[1024];

	tree_make();
	(void)snprintf(conf, sizeof(conf),
		"logging_collector = on\nlog_directory = '/srv/log'\nlog_rotation_age = '%s'\n"
		"log_filename = '%s'\nlog_truncate_on_rotation = %s\n",
		ages[_i].age, ages[_i].filename, ages[_i].truncates ? "on" : "off");
	file_make("/etc/postgresql/15/main/postgresql.conf", conf);
	look(ids, places, sizeof(ids));
	tree_remove();
	ck_assert_msg(!strstr(ids, "postgresql-age:") == ages[_i].in_time, "%s: %s", conf, ids);
}
END_TEST

START_TEST(files_are_included_in_the_order_of_the_server)
{
	char ids[1024], places[1024];

	tree_make();
	file_make("/etc/postgresql/15/main/postgresql.conf",
		COLLECTED "include_dir = 'conf.d'\ninclude '../common.conf'\n"
			  "include_if_exists = '/etc/gone.conf'\ndata_directory = '/srv/data'\n");
	file_make("/etc/postgresql/15/main/conf.d/20-late.conf", "log_connections = off\n");
	file_make("/etc/postgresql/15/main/conf.d/10-early.conf", "log_connections = on\n");
	file_make("/etc/postgresql/15/main/conf.d/.hidden.conf", "log_hostname = on\n");
	file_make("/etc/postgresql/15/main/conf.d/30-not.bak", "log_hostname = on\n");
	file_make("/etc/postgresql/15/common.conf", "\nlog_statement = 'mod'\n");
	look(ids, places, sizeof(ids));
	ck_assert_str_eq(ids, RAW "postgresql-statements:15/main ");
	ck_assert_ptr_nonnull(strstr(places, "/etc/postgresql/15/main/../common.conf:2 "));
	/* ALTER SYSTEM comes last */
	file_make("/srv/data/postgresql.auto.conf",
		"log_statement = 'none'\nlog_connections = 'on'\n");
	look(ids, places, sizeof(ids));
	ck_assert_str_eq(ids, RAW "postgresql-clients:15/main ");
	ck_assert_ptr_nonnull(strstr(places, "/srv/data/postgresql.auto.conf:2 "));
	tree_remove();
}
END_TEST

START_TEST(each_cluster_is_looked_at)
{
	char ids[1024], places[1024];

	tree_make();
	file_make("/etc/postgresql/14/old/postgresql.conf", COLLECTED);
	file_make("/etc/postgresql/14/old/start.conf", "# a\ndisabled\n");
	file_make("/etc/postgresql/15/main/postgresql.conf", "include 'postgresql.conf'\n");
	file_make("/etc/postgresql/15/main/start.conf", "auto\n");
	file_make("/var/lib/pgsql/16/data/postgresql.conf",
		"logging_collector = on\nlog_statement = all\n");
	look(ids, places, sizeof(ids));
	tree_remove();
	ck_assert_str_eq(ids,
		BARE "postgresql-log:/var/lib/pgsql/16/data/log/postgresql-%Y-%m-%d_%H%M%S.log "
		     "postgresql-age:/var/lib/pgsql/16/data/log/postgresql-%Y-%m-%d_%H%M%S.log "
		     "postgresql-statements:/var/lib/pgsql/16/data ");
}
END_TEST

#define BOX "/var/lib/docker/containers/0123abcd/"

/* A server in a container, called with ARGS, whose output goes to DRIVER. */
static void
container_make(const char *args, const char *driver)
{
	char text[2048];

	(void)snprintf(text, sizeof(text),
		"{\"ID\":\"0123abcd\",\"Name\":\"/greenlight-postgres\",\"Path\":\"docker-entrypoint.sh\","
		"\"Args\":[%s],\"Config\":{\"Image\":\"postgres:14\",\"Env\":[\"LANG=C\","
		"\"PGDATA=/var/lib/postgresql/data/14\"]},\"MountPoints\":{\"/var/lib\":{\"Source\":\"/no\"},"
		"\"/var/lib/postgresql/data\":{\"Source\":\"/root/greenlight-v3/data\"},"
		"\"/var/lib/postgresql/data/14/x\":{\"Source\":\"/no\"},\"/logs\":{\"Source\":\"/srv/log\"}}}",
		args);
	file_make(BOX "config.v2.json", text);
	(void)snprintf(
		text, sizeof(text), "{\"LogConfig\":{\"Type\":\"%s\",\"Config\":{}}}", driver);
	file_make(BOX "hostconfig.json", text);
}

#define QUIET                                                                                      \
	"\"-c\",\"log_min_error_statement=panic\",\"--log-error-verbosity=terse\","                \
	"\"-clog_parameter_max_length=0\""
#define SAID "postgresql-log:" BOX "0123abcd-json.log "

static const struct {
	const char *args, *driver, *conf, *ids;
} containers[] = {
	{ "\"postgres\"", "json-file", "", SAID },
	{ "\"postgres\"", "none", "", "" },
	{ "\"postgres\"", "journald", "", "postgresql-log:stderr " },
	{ "\"postgres\"," QUIET, "json-file", "", "" },
	{ "\"/usr/lib/postgresql/14/bin/postgres\"," QUIET ",\"-c\",\"log_statement=all\"", "local",
		"", "postgresql-statements:greenlight-postgres " },
	{ "\"postgres\"," QUIET ",\"--log-statement=all\"", "none", "log_statement = all\n", "" },
	{ "\"postgres\"," QUIET, "local", "log_connections = on\n",
		"postgresql-clients:greenlight-postgres " },
	{ "\"postgres\"," QUIET ",\"-c\",\"log_connections=off\"", "local",
		"log_connections = on\n", "" },
	{ "\"postgres\"", "none",
		"logging_collector = on\nlog_directory = '/logs/a'\nlog_filename = '%H.log'\n"
		"log_rotation_age = 1h\nlog_truncate_on_rotation = on\n",
		"postgresql-log:/srv/log/a/%H.log " },
	{ "\"redis-server\",\"-c\",\"log_statement=all\"", "json-file", "", "" },
	{ "\"postgres\",\"-c\"", "json-file", "", SAID },
};

START_TEST(a_server_in_a_container_is_judged_by_its_command)
{
	char ids[1024], places[1024];

	tree_make();
	container_make(containers[_i].args, containers[_i].driver);
	file_make("/root/greenlight-v3/data/14/postgresql.conf", containers[_i].conf);
	look(ids, places, sizeof(ids));
	tree_remove();
	ck_assert_str_eq(ids, containers[_i].ids);
}
END_TEST

#define COUNT(v) ((int)(sizeof(v) / sizeof((v)[0])))

static Suite *
suite(void)
{
	Suite *s = suite_create("doctor_postgres");
	TCase *t = tcase_create("doctor_postgres");

	tcase_add_loop_test(t, a_setting_means_what_the_server_takes_it_for, 0, COUNT(cases));
	tcase_add_loop_test(
		t, a_line_of_the_collector_grows_as_old_as_names_come_again, 0, COUNT(ages));
	tcase_add_test(t, files_are_included_in_the_order_of_the_server);
	tcase_add_test(t, each_cluster_is_looked_at);
	tcase_add_loop_test(
		t, a_server_in_a_container_is_judged_by_its_command, 0, COUNT(containers));
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return suite_run(suite());
}
