/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * compose.h - where the services of a compose file log to, before there are containers
 *
 * Of each service its log driver, the options of it that say how long and where to, and the folders that it has of this
 * machine. Of several files of a project a later one overrides, as docker compose takes them. Anchors, merge keys
 * ("<<") and variables (${NAME:-default}, by the project's .env) are followed; `extends` within a file for the log driver.
 *
 * Any text is taken, also a hostile one: it is of bounded size, an alias is never written out, and what is looked up
 * has a bound, behind which nothing more is found and compose_is_cut() says so.
 * Source: the Compose specification; YAML by libyaml.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

#define COMPOSE_TEXT_MAX    (1u << 20) /* bytes of a file; a larger one is not to be read */
#define COMPOSE_SERVICES    256
#define COMPOSE_VOLUMES     64 /* of a service */
#define COMPOSE_VALUE_MAX   256
#define COMPOSE_VOLUMES_DIR "/var/lib/docker/volumes"

struct compose_volume {
	char *source; /* a path of this machine, absolute; owned */
	char *target; /* in the container; owned */
	const char *file;
	unsigned line;
};

struct compose_service {
	char name[COMPOSE_VALUE_MAX];
	const char *
		file; /* which says the driver, or else has the service first; borrowed from compose_read()'s caller */
	unsigned line;
	char driver[COMPOSE_VALUE_MAX]; /* "": Docker's own default */
	char max_size[COMPOSE_VALUE_MAX], max_file[COMPOSE_VALUE_MAX];
	char address[COMPOSE_VALUE_MAX]; /* of a driver that sends */
	size_t n_volumes;                /* that can be written to, and are no tmpfs */
	struct compose_volume volume[COMPOSE_VOLUMES];
};

struct compose;

/* A project in the folder DIR, whose .env has the text ENV; both are borrowed until the end. NULL: memory is out. */
struct compose *compose_new(const char *dir, const char *env);
struct compose *compose_free(struct compose *c);
DEFINE_CLEANUP(struct compose, compose_free)

/* Adds the file FILE with the LEN bytes at TEXT. Returns 0; the line where it turns out to be no YAML, or the last;
 * what was read before stays. */
unsigned compose_read(struct compose *c, const char *file, const char *text, size_t len);

size_t compose_count(const struct compose *c);
const struct compose_service *compose_service(const struct compose *c, size_t i);

/* Was there more than the bounds let in? */
bool compose_is_cut(const struct compose *c);
