/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Compose files: what containers to come will log to, and which folders of this machine they fill with logs. Those are
 * looked at that running containers name in their labels, and those that lie where people put them. A service without a
 * log driver of its own takes Docker's, which doctor_docker.c judges; where there is no Docker yet, its default.
 */
#include <fcntl.h>
#include <jansson.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "logscrub/doctor/compose.h"
#include "logscrub/doctor/doctor.h"

#define _(text) gettext(text)

#define PROJECTS_MAX 256
#define FILES_MAX    16

struct projects {
	struct doctor *doctor;
	char *dir[PROJECTS_MAX]; /* those that were looked at, ours */
	size_t n;
	bool has_docker;
};

/* --- findings --------------------------------------------------------------------------------- */

/* The lines that belong below the service S of a compose file; owned by the caller; NULL: memory is out. */
static char *
below(const struct compose_service *s, const char *key, const char *value)
{
	char *text;

	return asprintf(&text, "services:\n  %s:\n    %s\n      %s\n", s->name, key, value) < 0
		       ? NULL
		       : text;
}

static void
subject_of(const struct compose_service *s, const char *file, char ret[PATH_MAX])
{
	(void)snprintf(ret, PATH_MAX, "%s:%s", file, s->name);
}

static void
file_driver_report(struct doctor *d, const struct compose_service *s)
{
	const bool is_json = !s->driver[0] || strcmp(s->driver, "json-file") == 0;
	cleanup_mem char *lines = below(s, "logging:", "driver: journald");
	char subject[PATH_MAX], proof[1024];

	if (is_json && !s->max_size[0])
		(void)snprintf(proof, sizeof(proof), _("%s without max-size: grows without an end"),
			"json-file");
	else
		(void)snprintf(proof, sizeof(proof),
			_("%s, max-size %s, max-file %s: a size is no age"), s->driver,
			s->max_size[0] ? s->max_size : "20m", s->max_file[0] ? s->max_file : "1");
	subject_of(s, s->file, subject);
	doctor_report(
		d, &(struct doctor_finding){
			   .check = "docker-compose-driver",
			   .subject = subject,
			   .severity = is_json && !s->max_size[0] ? DOCTOR_HIGH : DOCTOR_MEDIUM,
			   .what = N_("Docker will write a service's raw lines to a disk"),
			   .file = s->file,
			   .line = s->line,
			   .proof = proof,
			   .row = ROW_LOGS,
			   .mend = N_("Give them to the journal; then docker compose up -d:"),
			   .lines = lines,
		   });
}

static void
remote_report(struct doctor *d, const struct compose_service *s)
{
	cleanup_mem char *lines = below(s, "logging:", "driver: journald");
	char subject[PATH_MAX];

	subject_of(s, s->file, subject);
	doctor_report(d,
		&(struct doctor_finding){
			.check = "docker-compose-remote",
			.subject = subject,
			.severity = DOCTOR_MEDIUM,
			.what = N_("Docker will send a service's raw lines to another machine"),
			.file = s->file,
			.line = s->line,
			.proof = s->driver,
			.row = ROW_LOGS,
			.mend = N_("Give them to the journal, and send what logscrub has written:"),
			.lines = lines,
		});
}

static void
driver_judge(struct projects *p, const struct compose_service *s)
{
	const bool is_default = !s->driver[0];

	if (is_default ? !p->has_docker
		       : strcmp(s->driver, "json-file") == 0 || strcmp(s->driver, "local") == 0)
		file_driver_report(p->doctor, s);
	else if (s->address[0] && strncmp(s->address, "unix", 4) != 0 &&
		 !strstr(s->address, "//127.") && !strstr(s->address, "localhost"))
		remote_report(p->doctor, s);
}

/* Is it a folder or file in which a container keeps logs? */
static bool
is_for_logs(const char *target)
{
	static const char *const names[] = { "log", "logs", "pg_log" };
	const size_t len = strlen(target);

	if (strncmp(target, "/dev/", 5) == 0)
		return false;
	if (len > 4 && strcmp(target + len - 4, ".log") == 0)
		return true;
	for (const char *at = strchr(target, '/'); at; at = strchr(at + 1, '/')) {
		const size_t n = strcspn(at + 1, "/");

		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strlen(names[i]) == n && strncasecmp(at + 1, names[i], n) == 0)
				return true;
	}
	return false;
}

/* Does a store declare files below FOLDER, or FOLDER itself, which is one? */
static bool
is_declared(const struct doctor *d, const char *folder)
{
	const size_t n = strlen(folder);

	if (doctor_store_of(d, folder))
		return true;
	for (size_t i = 0; i < d->conf->n_stores; i++)
		for (size_t k = 0; k < d->conf->store[i].paths.n; k++) {
			const char *path = d->conf->store[i].paths.v[k];

			if (strncmp(path, folder, n) == 0 && path[n] == '/')
				return true;
		}
	return false;
}

static void
volume_judge(struct doctor *d, const struct compose_service *s, const struct compose_volume *v)
{
	cleanup_mem char *lines = NULL;
	char subject[PATH_MAX], entry[PATH_MAX], proof[2 * PATH_MAX];

	if (!is_for_logs(v->target) || !doctor_on_disk(d, v->source) || is_declared(d, v->source))
		return;
	(void)snprintf(subject, sizeof(subject), "%s:%s:%s", v->file, s->name, v->target);
	(void)snprintf(entry, sizeof(entry), "- %s:size=64m", v->target);
	(void)snprintf(proof, sizeof(proof), "%s → %s", v->target, v->source);
	lines = below(s, "tmpfs:", entry);
	doctor_report(d,
		&(struct doctor_finding){
			.check = "docker-compose-logs",
			.subject = subject,
			.severity = DOCTOR_MEDIUM,
			.what = N_("a container writes raw log files to a disk"),
			.file = v->file,
			.line = v->line,
			.proof = proof,
			.row = ROW_LOGS,
			.mend = N_(
				"Let it log to its standard output, or keep the files in memory in "
				"place of this\nvolume; or declare them as a store's paths:"),
			.lines = lines,
		});
}

static void
unread_report(struct doctor *d, const char *file, unsigned line, const char *proof)
{
	doctor_report(d,
		&(struct doctor_finding){
			.check = "docker-compose-unread",
			.subject = file,
			.severity = DOCTOR_LOW,
			.what = N_("a compose file could not be read"),
			.file = file,
			.line = line,
			.proof = proof,
			.row = ROW_LOGS,
			.mend = N_(
				"Look at the log drivers and volumes in it yourself, or mend it:"),
			.lines = "docker compose config",
		});
}

/* --- projects --------------------------------------------------------------------------------- */

static void
file_read(struct doctor *d, struct compose *c, const char *file)
{
	cleanup_fd int fd = tree_fd(&d->tree, file, O_RDONLY, NULL);
	cleanup_mem char *text = NULL;
	struct stat st;
	size_t len = 0;
	unsigned wrong;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && st.st_size <= COMPOSE_TEXT_MAX)
		text = tree_text(&d->tree, file, &len);
	if (!text) {
		unread_report(d, file, 0, _("larger than 1 MiB"));
		return;
	}
	wrong = compose_read(c, file, text, len);
	if (wrong > 0)
		unread_report(d, file, wrong, _("no YAML, or nested too deep"));
}

static void
project_judge(struct projects *p, const char *dir, const char *const file[], size_t n)
{
	char env_path[PATH_MAX];
	cleanup_mem char *env = NULL;
	CLEANUP(compose_freep) struct compose *c = NULL;
	size_t len;

	(void)snprintf(env_path, sizeof(env_path), "%s/.env", dir);
	env = tree_text(&p->doctor->tree, env_path, &len);
	c = compose_new(dir, env);
	if (!c) {
		p->doctor->failed = true;
		return;
	}
	for (size_t i = 0; i < n; i++)
		file_read(p->doctor, c, file[i]);
	for (size_t i = 0; i < compose_count(c); i++) {
		const struct compose_service *s = compose_service(c, i);

		driver_judge(p, s);
		for (size_t k = 0; k < s->n_volumes; k++)
			volume_judge(p->doctor, s, &s->volume[k]);
	}
	if (compose_is_cut(c) && n > 0)
		unread_report(p->doctor, file[0], 0, _("more than could be looked at"));
}

/* Has the project in DIR not been looked at yet? Notes that it has. */
static bool
project_is_new(struct projects *p, const char *dir)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->dir[i], dir) == 0)
			return false;
	if (p->n == PROJECTS_MAX || !(p->dir[p->n] = strdup(dir)))
		return false;
	p->n++;
	return true;
}

/* As docker compose looks for them: one of the first four, and what overrides it. */
static void
dir_judge(struct projects *p, const char *dir)
{
	static const char *const names[] = { "compose.yaml", "compose.yml", "docker-compose.yml",
		"docker-compose.yaml" };
	static const char *const overrides[] = { "compose.override.yml", "compose.override.yaml",
		"docker-compose.override.yml", "docker-compose.override.yaml" };
	char path[2][PATH_MAX];
	const char *const file[2] = { path[0], path[1] };
	size_t n = 0;

	for (size_t i = 0; n == 0 && i < sizeof(names) / sizeof(names[0]); i++)
		if (snprintf(path[0], PATH_MAX, "%s/%s", dir, names[i]) < PATH_MAX &&
			tree_has(&p->doctor->tree, path[0]))
			n = 1;
	for (size_t i = 0; n == 1 && i < sizeof(overrides) / sizeof(overrides[0]); i++)
		if (snprintf(path[1], PATH_MAX, "%s/%s", dir, overrides[i]) < PATH_MAX &&
			tree_has(&p->doctor->tree, path[1]))
			n = 2;
	if (n > 0 && project_is_new(p, dir))
		project_judge(p, dir, file, n);
}

static void
file_seen(void *ctx, const char *path)
{
	char dir[PATH_MAX];

	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(path, '/') - path), path);
	dir_judge(ctx, dir);
}

/* --- what containers name --------------------------------------------------------------------- */

static const char *
label(const json_t *labels, const char *name)
{
	const json_t *v = json_object_get(labels, name);

	return json_is_string(v) ? json_string_value(v) : "";
}

static void
container_seen(void *ctx, const char *path)
{
	struct projects *p = ctx;
	json_t *root = doctor_json(p->doctor, path);
	const json_t *labels = json_object_get(json_object_get(root, "Config"), "Labels");
	const char *dir = label(labels, "com.docker.compose.project.working_dir");
	const char *names = label(labels, "com.docker.compose.project.config_files");
	char file[FILES_MAX][PATH_MAX];
	const char *files[FILES_MAX];
	size_t n = 0;

	while (*names && *dir == '/' && n < FILES_MAX) {
		const size_t len = strcspn(names, ",");

		/* docker-compose 1 names them from the folder on */
		(void)snprintf(file[n], PATH_MAX, "%s%s%.*s", *names == '/' ? "" : dir,
			*names == '/' ? "" : "/", (int)(len < PATH_MAX ? len : PATH_MAX), names);
		files[n] = file[n];
		n++;
		names += len + (names[len] == ',');
	}
	if (n > 0 && project_is_new(p, dir))
		project_judge(p, dir, files, n);
	json_decref(root);
}

void
doctor_compose(struct doctor *d)
{
	static const char *const places[] = { "/root", "/root/*", "/root/*/*", "/opt/*", "/opt/*/*",
		"/srv", "/srv/*", "/srv/*/*", "/home/*", "/home/*/*", "/home/*/*/*",
		"/etc/docker/compose/*", "/etc/*", "/usr/local/*", "/usr/local/*/*", "/var/lib/*",
		"/var/www/*", "/docker/*", "/data/*", "/mnt/*", "/mnt/*/*" };
	static const char *const names[] = { "compose.y*ml", "docker-compose.y*ml" };
	struct projects p = { .doctor = d,
		.has_docker = tree_has(&d->tree, "/etc/docker") ||
			      tree_has(&d->tree, "/var/lib/docker") ||
			      tree_has(&d->tree, "/usr/bin/dockerd") ||
			      tree_has(&d->tree, "/usr/sbin/dockerd") };
	char pattern[128];

	tree_glob(&d->tree, "/var/lib/docker/containers/*/config.v2.json", container_seen, &p);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
			(void)snprintf(pattern, sizeof(pattern), "%s/%s", places[i], names[k]);
			tree_glob(&d->tree, pattern, file_seen, &p);
		}
	while (p.n > 0)
		free(p.dir[--p.n]);
}
