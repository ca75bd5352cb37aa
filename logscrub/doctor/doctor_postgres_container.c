/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PostgreSQL in a container of Docker, as docker compose and others make it: what it is called with stands in
 * config.v2.json, where its data lie in its mounts, and where its log goes in hostconfig.json. A compose
 * file tells of a container to come; this, of the one that is there.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "logscrub/doctor/doctor.h"
#include "logscrub/doctor/doctor_postgres-private.h"

#define DATA "/var/lib/postgresql/data" /* PGDATA of the official image */

struct container {
	const json_t *config, *mounts;
	const char *path; /* of its config.v2.json */
	char data[PATH_MAX], stderr_file[PATH_MAX];
	char *text[POSTGRES_OPTIONS_MAX]; /* the options of the server, ours */
	struct postgres_server server;
};

static const char *
string_of(const json_t *v)
{
	return json_is_string(v) ? json_string_value(v) : "";
}

/* --- its command ------------------------------------------------------------------------------ */

/* The NTH word: Path, then Args. */
static const char *
word(const struct container *c, size_t nth)
{
	if (nth == 0)
		return string_of(json_object_get(c->config, "Path"));
	return string_of(json_array_get(json_object_get(c->config, "Args"), nth - 1));
}

static size_t
n_words(const struct container *c)
{
	return 1 + json_array_size(json_object_get(c->config, "Args"));
}

static void
option_add(struct container *c, const char *text)
{
	char *own;

	if (c->server.n_options == POSTGRES_OPTIONS_MAX || !strchr(text, '='))
		return;
	own = strdup(text);
	if (!own)
		return;
	for (char *p = own; *p && *p != '='; p++) /* "--log-statement" */
		*p = *p == '-' ? '_' : *p;
	c->text[c->server.n_options] = own;
	c->server.option[c->server.n_options++] = own;
}

/* "-c name=value", "-cname=value", "--name=value", as postgres(1) takes them. False: it runs no server. */
static bool
command_read(struct container *c)
{
	size_t i = 0;

	for (;; i++) {
		const char *w = word(c, i), *slash = strrchr(w, '/');

		if (i == n_words(c))
			return false;
		if (strcmp(slash ? slash + 1 : w, "postgres") == 0)
			break;
	}
	for (i++; i < n_words(c); i++) {
		const char *w = word(c, i);

		if (strcmp(w, "-c") == 0 && i + 1 < n_words(c))
			option_add(c, word(c, ++i));
		else if (strncmp(w, "-c", 2) == 0 || strncmp(w, "--", 2) == 0)
			option_add(c, w + 2);
	}
	return true;
}

/* --- its folders ------------------------------------------------------------------------------ */

/* A path in it, on this machine, by the longest mount that has it. What lies in none is in a layer of Docker's. */
static void
place(void *ctx, const char *path, char ret[PATH_MAX])
{
	const struct container *c = ctx;
	const json_t *mount;
	const char *inside;
	size_t longest = 0;

	(void)snprintf(ret, PATH_MAX, "/var/lib/docker%s", path);
	json_object_foreach((json_t *)c->mounts, inside, mount)
	{
		const size_t n = strlen(inside);

		if (n <= longest || strncmp(path, inside, n) != 0 || (path[n] && path[n] != '/') ||
			snprintf(ret, PATH_MAX, "%s%s", string_of(json_object_get(mount, "Source")),
				path + n) >= PATH_MAX)
			continue;
		longest = n;
	}
}

/* PGDATA of its environment. */
static const char *
data_inside(const struct container *c)
{
	const json_t *env = json_object_get(json_object_get(c->config, "Config"), "Env"), *v;
	size_t i;

	json_array_foreach(
		env, i, v) if (strncmp(string_of(v), "PGDATA=", 7) == 0) return string_of(v) +
		7;
	return DATA;
}

/* Its standard error is the driver's. */
static const char *
stderr_of(struct doctor *d, struct container *c)
{
	const int len = (int)(strrchr(c->path, '/') - c->path);
	char path[PATH_MAX + 32];
	json_t *host;
	const char *type;
	bool is_file, is_journal;

	(void)snprintf(path, sizeof(path), "%.*s/hostconfig.json", len, c->path);
	host = doctor_json(d, path);
	type = string_of(json_object_get(json_object_get(host, "LogConfig"), "Type"));
	is_file = strcmp(type, "json-file") == 0 || strcmp(type, "local") == 0;
	is_journal = strcmp(type, "journald") == 0 || strcmp(type, "syslog") == 0;
	json_decref(host);
	(void)snprintf(c->stderr_file, sizeof(c->stderr_file), "%.*s/%.64s-json.log", len, c->path,
		string_of(json_object_get(c->config, "ID")));
	return is_file ? c->stderr_file : is_journal ? "" : NULL;
}

static void
container_seen(void *ctx, const char *path)
{
	struct doctor *d = ctx;
	json_t *config = doctor_json(d, path);
	struct container c = {
		.config = config, .mounts = json_object_get(config, "MountPoints"), .path = path
	};
	const char *name = string_of(json_object_get(config, "Name"));

	if (command_read(&c)) {
		place(&c, data_inside(&c), c.data);
		c.server.name = *name == '/' ? name + 1 : name;
		c.server.file = path;
		c.server.data = c.data;
		c.server.stderr_file = stderr_of(d, &c);
		c.server.place = place;
		c.server.ctx = &c;
		postgres_judge(d, &c.server);
	}
	for (size_t i = 0; i < c.server.n_options; i++)
		free(c.text[i]);
	json_decref(config);
}

void
postgres_containers(struct doctor *d)
{
	tree_glob(&d->tree, "/var/lib/docker/containers/*/config.v2.json", container_seen, d);
}
