/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/doctor/disks.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf/settings.h"
#include "logscrub/doctor/words.h"

struct disks {
	char **v; /* folders of memory, without a slash at their end */
	size_t n;
	bool failed;
};

static void
folder_add(struct disks *k, const char *folder)
{
	size_t len = strlen(folder);
	char **v;

	while (len > 1 && folder[len - 1] == '/')
		len--;
	if (len < 2 || folder[0] != '/') /* a root in memory is what all lies on */
		return;
	v = reallocarray(k->v, k->n + 1, sizeof(*v));
	if (v) {
		k->v = v;
		v[k->n] = strndup(folder, len);
	}
	if (!v || !v[k->n])
		k->failed = true;
	else
		k->n++;
}

static bool
is_memory_type(const char *type)
{
	return strcmp(type, "tmpfs") == 0 || strcmp(type, "ramfs") == 0;
}

/* fstab and /proc/mounts: device, folder, type. */
static void
mounts_add(struct disks *k, struct tree *t, const char *path)
{
	size_t len;
	cleanup_mem char *text = tree_text(t, path, &len);
	struct words w;

	if (!text)
		return;
	words_init(&w, text, len, WORDS_LINES | WORDS_PLAIN);
	while (words_next(&w)) {
		if (is_memory_type(words_get(&w, 2)))
			folder_add(k, words_get(&w, 1));
	}
	words_release(&w);
}

struct units {
	struct disks *disks;
	struct tree *tree;
};

static void
unit_seen(void *ctx, const char *path)
{
	const struct units *u = ctx;
	struct settings s;
	const struct setting *type, *where;

	settings_init(&s, false);
	(void)settings_add(&s, u->tree, path);
	type = settings_find(&s, "Mount", "Type");
	where = settings_find(&s, "Mount", "Where");
	if (type && where && is_memory_type(type->value))
		folder_add(u->disks, where->value);
	settings_release(&s);
}

struct disks *
disks_read(struct tree *t)
{
	static const char *const units[] = { "/etc/systemd/system/*.mount",
		"/usr/local/lib/systemd/system/*.mount", "/usr/lib/systemd/system/*.mount" };
	struct disks *k = calloc(1, sizeof(*k));
	struct units u = { k, t };

	if (!k)
		return NULL;
	mounts_add(k, t, "/proc/self/mounts");
	mounts_add(k, t, "/etc/fstab");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		tree_glob(t, units[i], unit_seen, &u);
	return k->failed ? disks_free(k) : k;
}

struct disks *
disks_free(struct disks *k)
{
	for (size_t i = 0; k && i < k->n; i++)
		free(k->v[i]);
	if (k)
		free(k->v);
	free(k);
	return NULL;
}

static bool
is_below(const char *path, const char *folder)
{
	const size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static bool
path_is_memory(const struct disks *k, const char *path)
{
	static const char *const always[] = { "/dev", "/proc", "/sys", "/run", "/var/run" };

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
		if (is_below(path, always[i]))
			return true;
	}
	for (size_t i = 0; i < k->n; i++) {
		if (is_below(path, k->v[i]))
			return true;
	}
	return false;
}

bool
disks_is_memory(const struct disks *k, struct tree *t, const char *path)
{
	char real[PATH_MAX];

	if (path_is_memory(k, path))
		return true;
	tree_resolve(t, path, real);
	return path_is_memory(k, real);
}
