/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Docker: the log driver, of daemon.json for containers to come, of each container's own settings for
 * those that are there. json-file and local write raw lines to the disk, without an end unless it is
 * told; what the journal gets is judged as the journal is.
 */
#include <jansson.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "logscrub/doctor/doctor.h"
#include "logscrub/doctor/raw_off.h"

#define _(text) gettext(text)

#define DAEMON "/etc/docker/daemon.json"

static const char *
text_of(const json_t *object, const char *key, const char *otherwise)
{
	const json_t *v = json_object_get(object, key);

	return json_is_string(v) ? json_string_value(v) : otherwise;
}

/* The line that KEY is on; 0: it is not there. */
static unsigned
line_of(struct doctor *d, const char *path, const char *key)
{
	size_t len;
	cleanup_mem char *text = tree_text(&d->tree, path, &len);
	const char *at = text ? strstr(text, key) : NULL;
	unsigned line = 1;

	if (!at)
		return 0;
	for (const char *p = text; p < at; p++)
		line += *p == '\n';
	return line;
}

static bool
is_file_driver(const char *driver)
{
	return strcmp(driver, "json-file") == 0 || strcmp(driver, "local") == 0;
}

/* "json-file without max-size: no end" */
static void
driver_tell(const char *driver, const json_t *options, char *ret, size_t size)
{
	const char *max = text_of(options, "max-size", NULL);

	if (strcmp(driver, "json-file") == 0 && !max)
		(void)snprintf(ret, size, _("%s without max-size: grows without an end"), driver);
	else
		(void)snprintf(ret, size, _("%s, max-size %s, max-file %s: a size is no age"),
			driver, max ? max : "20m", text_of(options, "max-file", "1"));
}

static void
driver_report(struct doctor *d, const char *driver, const json_t *options, const char *subject,
	const char *file, unsigned line)
{
	const bool no_end = strcmp(driver, "json-file") == 0 && !text_of(options, "max-size", NULL);
	char proof[200];

	driver_tell(driver, options, proof, sizeof(proof));
	doctor_report(d,
		&(struct doctor_finding){
			.check = "docker-log-driver",
			.subject = subject,
			.severity = no_end ? DOCTOR_HIGH : DOCTOR_MEDIUM,
			.what = N_("Docker writes containers' raw lines to a disk"),
			.file = file,
			.line = line,
			.proof = proof,
			.row = ROW_LOGS,
			.mend = N_(
				"Give them to the journal, in daemon.json; restart Docker, and make the "
				"containers\nanew (docker compose up -d --force-recreate):"),
			.lines = raw_off(RAW_OFF_DOCKER),
		});
}

/* "tcp://host:514", "https://…": of drivers that send; unix sockets and this machine are none. */
static void
remote_judge(struct doctor *d, const char *driver, const json_t *options, const char *subject,
	const char *file)
{
	static const char *const keys[] = { "syslog-address", "gelf-address", "fluentd-address",
		"splunk-url", "awslogs-region", "gcp-project" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *to = text_of(options, keys[i], NULL);

		if (!to || strncmp(to, "unix", 4) == 0 || strstr(to, "//127.") ||
			strstr(to, "localhost"))
			continue;
		doctor_report(d,
			&(struct doctor_finding){
				.check = "docker-remote-log",
				.subject = subject,
				.severity = DOCTOR_MEDIUM,
				.what = N_("Docker sends containers' raw lines to another machine"),
				.file = file,
				.line = line_of(d, file, keys[i]),
				.proof = driver,
				.row = ROW_LOGS,
				.mend = N_(
					"Give them to the journal, and send what logscrub has written:"),
				.lines = raw_off(RAW_OFF_DOCKER),
			});
	}
}

static void
daemon_check(struct doctor *d)
{
	json_t *root = doctor_json(d, DAEMON);
	const char *driver = text_of(root, "log-driver", "json-file");
	const json_t *options = json_object_get(root, "log-opts");

	if (is_file_driver(driver))
		driver_report(
			d, driver, options, "daemon", DAEMON, line_of(d, DAEMON, "\"log-driver\""));
	else
		remote_judge(d, driver, options, "daemon", DAEMON);
	json_decref(root);
}

/* ".../containers/ID/hostconfig.json": a container keeps the driver that it was made with. */
static void
container_seen(void *ctx, const char *path)
{
	struct doctor *d = ctx;
	json_t *root = doctor_json(d, path);
	const json_t *log = json_object_get(root, "LogConfig");
	const char *driver = text_of(log, "Type", "");
	const json_t *options = json_object_get(log, "Config");
	const char *end = strrchr(path, '/'), *start = end;
	char id[16];

	while (start > path && start[-1] != '/')
		start--;
	(void)snprintf(id, sizeof(id), "%.*s", (int)(end - start < 12 ? end - start : 12), start);
	if (is_file_driver(driver))
		driver_report(d, driver, options, id, path, line_of(d, path, "\"LogConfig\""));
	else
		remote_judge(d, driver, options, id, path);
	json_decref(root);
}

void
doctor_docker(struct doctor *d)
{
	static const char *const signs[] = { "/etc/docker", "/var/lib/docker", "/usr/bin/dockerd",
		"/usr/sbin/dockerd" };
	bool any = false;

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		any |= tree_has(&d->tree, signs[i]);
	if (!any)
		return;
	daemon_check(d);
	tree_glob(&d->tree, "/var/lib/docker/containers/*/hostconfig.json", container_seen, d);
}
