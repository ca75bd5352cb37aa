/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PostgreSQL's catalog of settings that roles and databases have: any bytes are taken as its file, the map of files and
 * the state of transactions. What it gives is text within its bound.
 *
 * An input's first two bytes say how much of it is the map and how much the transactions; the rest is the catalog's pages.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "logscrub/doctor/doctor.h"
#include "logscrub/doctor/doctor_postgres-private.h"

#define DATA    "/data"
#define CATALOG "data/global/2964"
#define MAP     "data/global/pg_filenode.map"
#define XACT    "data/pg_xact/0000"

static char root[] = "/tmp/sparsam-fuzz-XXXXXX";
static const char *const folders[] = { "data", "data/global", "data/pg_xact" };
#define N_FOLDERS (sizeof(folders) / sizeof(folders[0]))

static void
tree_remove(void)
{
	const int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = N_FOLDERS; i-- > 0;)
		(void)unlinkat(fd, folders[i], AT_REMOVEDIR);
	(void)close(fd);
	(void)rmdir(root);
}

static void
tree_make(void)
{
	int fd;

	if (!mkdtemp(root))
		abort();
	fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < N_FOLDERS; i++)
		if (mkdirat(fd, folders[i], 0700) < 0)
			abort();
	(void)close(fd);
	(void)atexit(tree_remove);
}

/* Writes the N bytes at P; none: there is no such file. */
static void
put(struct doctor *d, const char *name, const uint8_t *p, size_t n)
{
	int fd;

	if (n == 0)
		return;
	fd = openat(d->tree.fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, p, n) != (ssize_t)n)
		abort();
	(void)close(fd);
}

static void
seen(void *ctx, uint32_t role, uint32_t database, const char *text)
{
	size_t *n = ctx;

	(void)role;
	(void)database;
	if (strlen(text) >= 512)
		abort();
	(*n)++;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool made;
	struct doctor d = { .now_s = 1795000000 };
	size_t map, xact, n = 0;

	if (size < 2 || size > 1u << 16)
		return 0;
	if (!made)
		tree_make();
	made = true;
	if (tree_open(root, &d.tree, NULL) < 0)
		abort();
	map = data[0];
	xact = data[1];
	data += 2;
	size -= 2;
	map = map < size ? map : size;
	xact = xact < size - map ? xact : size - map;
	put(&d, MAP, data, map);
	put(&d, XACT, data + map, xact);
	put(&d, CATALOG, data + map + xact, size - map - xact);
	(void)postgres_role_settings(&d, DATA, seen, &n);
	if (n > size) /* each has a byte of its own at least */
		abort();
	(void)unlinkat(d.tree.fd, MAP, 0);
	(void)unlinkat(d.tree.fd, XACT, 0);
	(void)unlinkat(d.tree.fd, CATALOG, 0);
	tree_release(&d.tree);
	return 0;
}
