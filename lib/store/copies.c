/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/copies.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <sodium.h>

#include "base/conf/conf.h"
#include "base/file/replace.h"

#define NAMES_MAX 100000 /* of one hold and store */

/* Open addressing; a slot with hash 0 is free, and no text has that hash. */
struct slot {
	uint64_t hash;
	uint32_t n;
};

struct copies {
	struct slot *slot;
	size_t used, size; /* a power of two */
	uint8_t key[crypto_shorthash_KEYBYTES];
};

char *
copies_pattern(const struct conf *c, const struct conf_store *s, const char *end)
{
	char *pattern;

	return asprintf(&pattern, "%s/hold/%s/hold-*%s", c->state_dir, s->name, end) < 0 ? NULL
											 : pattern;
}

int
copies_new(struct copies **ret, struct err *e)
{
	struct copies *c = calloc(1, sizeof(*c));

	if (!c)
		return err_memory(e);
	crypto_shorthash_keygen(c->key);
	*ret = c;
	return 0;
}

struct copies *
copies_free(struct copies *c)
{
	if (!c)
		return NULL;
	free(c->slot);
	free(c);
	return NULL;
}

static struct slot *
find(const struct copies *c, uint64_t hash)
{
	size_t i = hash & (c->size - 1);

	while (c->slot[i].hash != 0 && c->slot[i].hash != hash)
		i = (i + 1) & (c->size - 1);
	return &c->slot[i];
}

static uint64_t
hash_of(const struct copies *c, struct span text)
{
	uint8_t h[crypto_shorthash_BYTES];
	uint64_t hash;

	(void)crypto_shorthash(h, (const uint8_t *)text.p, text.len, c->key);
	memcpy(&hash, h, sizeof(hash));
	return hash ? hash : 1;
}

static int
grow(struct copies *c, struct err *e)
{
	const struct copies old = *c;

	c->size = old.size ? 2 * old.size : 1024;
	c->slot = calloc(c->size, sizeof(*c->slot));
	if (!c->slot) {
		*c = old;
		return err_memory(e);
	}
	for (size_t i = 0; i < old.size; i++)
		if (old.slot[i].hash != 0)
			*find(c, old.slot[i].hash) = old.slot[i];
	free(old.slot);
	return 0;
}

int
copies_add(struct copies *c, struct span text, struct err *e)
{
	struct slot *s;

	if (2 * c->used >= c->size && grow(c, e) < 0)
		return -1;
	s = find(c, hash_of(c, text));
	c->used += s->hash == 0;
	s->hash = hash_of(c, text);
	s->n += s->n < UINT32_MAX;
	return 0;
}

bool
copies_have(const struct copies *c, struct span text)
{
	return c->size && find(c, hash_of(c, text))->n > 0;
}

bool
copies_take(struct copies *c, struct span text)
{
	struct slot *s = c->size ? find(c, hash_of(c, text)) : NULL;

	if (!s || s->n == 0)
		return false;
	s->n--;
	return true;
}

int
copies_open(int dirfd, int *ret_fd, struct err *e)
{
	int fd = openat(dirfd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_fail(e, EX_CANTCREAT, errno, N_("cannot copy what is held"),
			N_("make room, then add the hold again"), NULL);
	*ret_fd = fd;
	return 0;
}

int
copies_name(int dirfd, const char *name, const char *end, int from_fd, const struct stat *from,
	int to_fd, struct err *e)
{
	char self[64], to[NAME_MAX + 1];

	if (file_dress(from_fd, from, to_fd, name, e) < 0)
		return -1;
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", to_fd);
	if (fsync(to_fd) < 0)
		return err_fail(e, EX_CANTCREAT, errno, N_("cannot copy what is held"),
			N_("make room, then add the hold again"), "%s", name);
	for (unsigned n = 1; n <= NAMES_MAX; n++) {
		(void)snprintf(to, sizeof(to), "%s-%u%s", name, n, end);
		if (linkat(AT_FDCWD, self, dirfd, to, AT_SYMLINK_FOLLOW) == 0)
			return fsync(dirfd) == 0
				       ? 0
				       : err_fail(e, EX_IOERR, errno, N_("cannot write the folder"),
						 NULL, "%s", to);
		if (errno != EEXIST)
			break;
	}
	return err_fail(e, EX_CANTCREAT, errno, N_("cannot copy what is held"), NULL, "%s", name);
}
