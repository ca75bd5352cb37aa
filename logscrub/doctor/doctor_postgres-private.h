/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * doctor_postgres-private.h - what the files of the check share
 *
 *   doctor_postgres.c            a cluster's settings, and what they mean
 *   doctor_postgres_roles.c      … and those that single roles and databases have
 *   doctor_postgres_container.c  clusters in containers of Docker
 */
#pragma once
#include <limits.h>
#include <stddef.h>
#include <stdint.h>

struct doctor;

#define POSTGRES_OPTIONS_MAX 64

/* A server whose configuration lies beside its data; all of it is borrowed for the call. */
struct postgres_server {
	const char *name; /* as findings call it */
	const char *file; /* where its options stand, and what else has no file */
	const char *data; /* its data folder; "": it is not known */
	const char *
		stderr_file; /* what it says goes to that file; "": to the journal; NULL: nowhere */
	const char *option
		[POSTGRES_OPTIONS_MAX]; /* "name=value" of its command line, which come last */
	size_t n_options;
	/* Where its PATH is on this machine. */
	void (*place)(void *ctx, const char *path, char ret[PATH_MAX]);
	void *ctx;
};

void postgres_judge(struct doctor *d, const struct postgres_server *s);

/* Calls SEEN with each "name=value" that ALTER ROLE or ALTER DATABASE has set in the cluster whose data are at DATA. 0
 * for ROLE: of all roles; for DATABASE: in all. Returns the number of the file that says so, DATA/global/NUMBER. */
typedef void postgres_setting(void *ctx, uint32_t role, uint32_t database, const char *text);
uint32_t postgres_role_settings(
	struct doctor *d, const char *data, postgres_setting *seen, void *ctx);

/* All containers that run one. */
void postgres_containers(struct doctor *d);
