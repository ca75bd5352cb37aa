/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is kept says how often the database was added to, and has the numbers that are not in it
 * yet. The database says it, too. Whoever is killed between the two finds out by that at the next
 * start whether the numbers went in.
 */
#include "logscrub/stats/counting.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/conf/conf.h"

#define MAGIC        "spcens1\n"
#define NAME_MAX_LEN (STATS_NODE_MAX + 32)
#define FILE_MAX     (CENSUS_SLOTS_MAX * 32u + (1u << 20))

struct kept {
	char magic[8];
	uint8_t check[crypto_generichash_BYTES]; /* over all that follows */
	uint8_t salt[CENSUS_KEY_LEN];
	int64_t serial;
	uint64_t n_hours;
	/* the hours, then the census */
};
#define CHECKED_FROM offsetof(struct kept, salt)

static void
name_of(const struct counting *k, const char *end, char ret[NAME_MAX_LEN])
{
	(void)snprintf(ret, NAME_MAX_LEN, "census-%s-%s%s", stats_way_name(k->way), k->node, end);
}

static int
fail(const struct counting *k, int exit, const char *what, const char *todo, struct err *e)
{
	return err_fail(e, exit, errno, what, todo, "%s/census-%s-%s", k->conf->runtime_dir,
		stats_way_name(k->way), k->node);
}

/* --- the folder ------------------------------------------------------------------------------- */

static bool
is_in_memory(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

/* What root makes belongs to the folder's owner, who goes on with it. */
static int
give_to_owner(const struct counting *k, int fd)
{
	struct stat st;

	if (geteuid() != 0)
		return 0;
	return fstat(k->dir, &st) < 0 ? -1 : fchown(fd, st.st_uid, st.st_gid);
}

static int
open_folder(struct counting *k, struct err *e)
{
	char name[NAME_MAX_LEN];

	k->dir = open(k->conf->runtime_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (k->dir < 0)
		return fail(k, EX_UNAVAILABLE, N_("cannot keep who is there"),
			N_("make runtime_dir, as systemd-tmpfiles does"), e);
	if (!is_in_memory(k->dir)) {
		(void)close(k->dir);
		k->dir = -1;
		errno = 0;
		return k->way == WAY_LOG
			       ? 0
			       : fail(k, EX_CONFIG, N_("runtime_dir is not in memory"),
					 N_("let it be on a tmpfs: who is there is not to reach "
					    "a disk"),
					 e);
	}
	name_of(k, ".lock", name);
	k->lock = openat(k->dir, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (k->lock < 0 || give_to_owner(k, k->lock) < 0)
		return fail(k, EX_CANTCREAT, N_("cannot keep who is there"), NULL, e);
	if (flock(k->lock, LOCK_EX | LOCK_NB) < 0)
		return fail(k, EX_TEMPFAIL, N_("another process is counting"), NULL, e);
	return 0;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void
put_kept(const struct counting *k, struct buf *b)
{
	struct kept h = { .magic = MAGIC, .serial = k->serial, .n_hours = k->tally.n };

	memcpy(h.salt, k->salt, sizeof(h.salt));
	buf_put(b, &h, sizeof(h));
	buf_put(b, k->tally.v, k->tally.n * sizeof(k->tally.v[0]));
	census_save(k->census, b);
	if (!b->failed)
		(void)crypto_generichash((uint8_t *)b->p + offsetof(struct kept, check),
			sizeof(h.check), (uint8_t *)b->p + CHECKED_FROM, b->len - CHECKED_FROM,
			NULL, 0);
}

static int
write_kept(const struct counting *k, const char *name, const struct buf *b)
{
	cleanup_fd int fd = openat(
		k->dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || give_to_owner(k, fd) < 0)
		return -1;
	for (size_t at = 0; at < b->len;) {
		ssize_t n = write(fd, b->p + at, b->len - at);

		if (n < 0)
			return -1;
		at += (size_t)n;
	}
	return 0;
}

int
counting_save(struct counting *k, struct err *e)
{
	CLEANUP(buf_wipe) struct buf b = { .max = FILE_MAX };
	char name[NAME_MAX_LEN], new[NAME_MAX_LEN];

	if (!k->dirty || k->dir < 0)
		return 0;
	put_kept(k, &b);
	if (b.failed)
		return err_memory(e);
	name_of(k, "", name);
	name_of(k, ".new", new);
	if (write_kept(k, new, &b) < 0 || renameat(k->dir, new, k->dir, name) < 0)
		return fail(k, EX_CANTCREAT, N_("cannot keep who is there"), NULL, e);
	k->dirty = false;
	return 0;
}

int
counting_commit(struct counting *k, struct err *e)
{
	const struct stats_now now = {
		.node = k->node,
		.way = k->way,
		.counted_us = k->counted_us,
		.meetings = census_rooms(k->census),
		.participants = census_people(k->census),
		.microphones = k->media.microphones,
		.listeners = k->media.listeners,
		.cameras = k->media.cameras,
	};

	if (counting_save(k, e) < 0)
		return -1;
	if (k->tally.failed)
		return err_memory(e);
	if (!k->db && stats_db_open(k->conf, true, &k->db, e) < 0)
		return -1;
	if (stats_db_add(k->db, &now, k->serial + 1, &k->tally, e) < 0)
		return -1;
	k->serial++;
	tally_clear(&k->tally);
	k->dirty = true;
	return counting_save(k, e);
}

/* --- reading ---------------------------------------------------------------------------------- */

static int
read_kept(const struct counting *k, struct buf *b, struct err *e)
{
	char name[NAME_MAX_LEN];
	cleanup_fd int fd = -1;

	name_of(k, "", name);
	fd = openat(k->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return fail(k, EX_NOPERM, N_("cannot read who was there"), NULL, e);
	for (;;) {
		ssize_t n = buf_room(b, 65536) ? read(fd, b->p + b->len, 65536) : -1;

		if (n < 0)
			return fail(k, EX_IOERR, N_("cannot read who was there"), NULL, e);
		if (n == 0)
			return 0;
		b->len += (size_t)n;
	}
}

static bool
is_kept(const struct buf *b, struct kept *ret)
{
	uint8_t check[sizeof(ret->check)];

	if (b->len < sizeof(*ret))
		return false;
	memcpy(ret, b->p, sizeof(*ret));
	(void)crypto_generichash(check, sizeof(check), (uint8_t *)b->p + CHECKED_FROM,
		b->len - CHECKED_FROM, NULL, 0);
	return memcmp(ret->magic, MAGIC, sizeof(ret->magic)) == 0 &&
	       memcmp(ret->check, check, sizeof(check)) == 0 &&
	       ret->n_hours <= (b->len - sizeof(*ret)) / sizeof(struct tally_hour);
}

static void
make_key(struct counting *k, struct span secret)
{
	(void)crypto_generichash(k->key, sizeof(k->key), (const uint8_t *)secret.p, secret.len,
		k->salt, sizeof(k->salt));
}

/* The numbers that the database has not, if it is the one that they were meant for. */
static int
take_tally(struct counting *k, const struct kept *h, const struct buf *b, struct err *e)
{
	if (stats_db_serial(k->db, k->node, k->way, &k->serial, e) < 0)
		return -1;
	for (uint64_t i = 0; b->p && h->serial == k->serial && i < h->n_hours; i++) {
		struct tally_hour hour;

		memcpy(&hour, b->p + sizeof(*h) + i * sizeof(hour), sizeof(hour));
		for (unsigned f = 0; f < TALLY_FIELDS; f++)
			tally_add(&k->tally, hour.hour, (enum tally_field)f, hour.n[f]);
	}
	return 0;
}

static int
resume(struct counting *k, struct span secret, struct err *e)
{
	CLEANUP(buf_wipe) struct buf b = { .max = FILE_MAX + 65536 };
	struct kept h = { 0 };
	size_t at;

	if (k->dir >= 0 && read_kept(k, &b, e) < 0)
		return -1;
	if (!is_kept(&b, &h)) { /* the first time since the machine was started */
		h = (struct kept){ .serial = -1 };
		randombytes_buf(h.salt, sizeof(h.salt));
		buf_clear(&b);
	}
	memcpy(k->salt, h.salt, sizeof(k->salt));
	make_key(k, secret);
	if (census_new(k->key, &k->census, e) < 0 || take_tally(k, &h, &b, e) < 0)
		return -1;
	at = sizeof(h) + h.n_hours * sizeof(struct tally_hour);
	if (b.len > at)
		(void)census_load(k->census, span_of(b.p + at, b.len - at));
	return 0;
}

int
counting_open(const struct conf *c, const char *node, enum stats_way w, struct span secret,
	struct counting **ret, struct err *e)
{
	CLEANUP(counting_freep) struct counting *k = calloc(1, sizeof(*k));

	if (!k)
		return err_memory(e);
	k->conf = c;
	k->way = w;
	k->dir = k->lock = -1;
	(void)snprintf(k->node, sizeof(k->node), "%s", node);
	if (open_folder(k, e) < 0 || stats_db_open(c, true, &k->db, e) < 0 ||
		resume(k, secret, e) < 0)
		return -1;
	*ret = TAKE(k);
	return 0;
}

struct counting *
counting_free(struct counting *k)
{
	if (!k)
		return NULL;
	census_free(k->census);
	tally_release(&k->tally);
	stats_db_free(k->db);
	if (k->dir >= 0)
		(void)close(k->dir);
	if (k->lock >= 0)
		(void)close(k->lock);
	sodium_memzero(k, sizeof(*k));
	free(k);
	return NULL;
}
