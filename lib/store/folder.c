/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file/walk.h"
#include "base/file/watch.h"

#define PIECE_LEN    (4u << 20) /* of one folder whose files are looked at one by one */
#define ENTRY_LEAST  24u        /* bytes of a struct dirent64 */
#define LARGE_LEN    65536u
#define SMALL_LEN    4096u
#define LARGE_LEVELS 4u
#define ROUNDS_MAX   16 /* of looking again at a folder that is not empty yet */

/* One buffer for each level, kept for all folders of that level. */
struct levels {
	char *buffer[FOLDER_DEPTH_MAX];
};

static size_t
level_len(unsigned depth)
{
	return depth < LARGE_LEVELS ? LARGE_LEN : SMALL_LEN;
}

static char *
level_buffer(struct levels *l, unsigned depth)
{
	if (!l->buffer[depth])
		l->buffer[depth] = malloc(level_len(depth));
	return l->buffer[depth];
}

static void
levels_release(struct levels *l)
{
	for (unsigned i = 0; i < FOLDER_DEPTH_MAX; i++)
		free(l->buffer[i]);
}

static bool
is_dots(const char *name)
{
	return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

/* The whole of FD, from its beginning. */
static int
each_name(int fd, char *buffer, size_t len, folder_seen *seen, void *ctx, struct err *e)
{
	ssize_t n;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot read"), NULL, NULL);
	while ((n = getdents64(fd, buffer, len)) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *d = (const struct dirent64 *)(buffer + at);
			int rc = is_dots(d->d_name) ? 0 : seen(ctx, d->d_name, d->d_type, e);

			if (rc != 0)
				return rc;
			at += d->d_reclen;
		}
	}
	/* ENOENT: it was removed while it was read */
	if (n < 0 && errno != ENOENT)
		return err_fail(e, EX_IOERR, errno, N_("cannot read"), NULL, NULL);
	return 0;
}

/* The names that one call of getdents64() gave, by inode. */
struct piece {
	char *buffer;
	uint32_t *at;
	size_t n;
};

static const struct dirent64 *
entry_of(const char *buffer, uint32_t at)
{
	return (const struct dirent64 *)(buffer + at);
}

static int
by_inode(const void *a, const void *b, void *ctx)
{
	const uint64_t x = entry_of(ctx, *(const uint32_t *)a)->d_ino,
		       y = entry_of(ctx, *(const uint32_t *)b)->d_ino;

	return x < y ? -1 : x > y;
}

static void
piece_sort(struct piece *p, size_t len)
{
	p->n = 0;
	for (size_t at = 0; at < len; at += entry_of(p->buffer, (uint32_t)at)->d_reclen)
		if (!is_dots(entry_of(p->buffer, (uint32_t)at)->d_name))
			p->at[p->n++] = (uint32_t)at;
	qsort_r(p->at, p->n, sizeof(*p->at), by_inode, p->buffer);
}

/* A large folder gives its names in the order of their hashes, and whoever looks at each file in that order
 * jumps about in the table of inodes. */
int
folder_each(int fd, folder_seen *seen, void *ctx, struct err *e)
{
	cleanup_mem char *buffer = malloc(PIECE_LEN);
	cleanup_mem uint32_t *at = calloc(PIECE_LEN / ENTRY_LEAST, sizeof(*at));
	struct piece p = { buffer, at, 0 };
	ssize_t n;

	if (!buffer || !at)
		return err_memory(e);
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot read"), NULL, NULL);
	while ((n = getdents64(fd, buffer, PIECE_LEN)) > 0) {
		piece_sort(&p, (size_t)n);
		for (size_t i = 0; i < p.n; i++) {
			const struct dirent64 *d = entry_of(buffer, at[i]);
			int rc = seen(ctx, d->d_name, d->d_type, e);

			if (rc != 0)
				return rc;
		}
	}
	/* ENOENT: it was removed while it was read */
	if (n < 0 && errno != ENOENT)
		return err_fail(e, EX_IOERR, errno, N_("cannot read"), NULL, NULL);
	return 0;
}

/* --- removed ---------------------------------------------------------------------------------- */

struct removal {
	struct levels levels;
	const struct conf_list *last; /* those names are left out, at depth 0; or NULL */
	uint64_t n_files;
	bool stays;
};

struct sweep {
	struct removal *r;
	int fd;
	unsigned depth;
};

static int remove_folder(
	struct removal *r, int dirfd, const char *name, unsigned depth, struct err *e);

static bool
is_folder(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* NAME, which need not be what it was a moment ago. */
static int
remove_name(
	struct removal *r, int dirfd, const char *name, bool folder, unsigned depth, struct err *e)
{
	if (folder)
		return remove_folder(r, dirfd, name, depth, e);
	if (unlinkat(dirfd, name, 0) == 0) {
		r->n_files++;
		return 0;
	}
	if (errno == ENOENT)
		return 0;
	if (errno == EBUSY) { /* something is mounted on it */
		r->stays = true;
		return 0;
	}
	if ((errno == EISDIR || errno == EPERM) && is_folder(dirfd, name))
		return remove_folder(r, dirfd, name, depth, e);
	return err_fail(e, EX_IOERR, errno, N_("cannot remove"), NULL, "%s", name);
}

static int
sweep_name(void *ctx, const char *name, unsigned char type, struct err *e)
{
	const struct sweep *s = ctx;

	if (s->depth == 0 && s->r->last)
		for (size_t i = 0; i < s->r->last->n; i++)
			if (strcmp(s->r->last->v[i], name) == 0)
				return 0;
	return remove_name(s->r, s->fd, name, type == DT_DIR, s->depth + 1, e);
}

static int
sweep(struct removal *r, int fd, unsigned depth, struct err *e)
{
	struct sweep s = { .r = r, .fd = fd, .depth = depth };
	char *buffer = level_buffer(&r->levels, depth);

	if (!buffer)
		return err_memory(e);
	return each_name(fd, buffer, level_len(depth), sweep_name, &s, e);
}

/* The emptied folder NAME itself. 1: it is not empty. */
static int
remove_empty(struct removal *r, int dirfd, const char *name, struct err *e)
{
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	switch (errno) {
	case ENOTEMPTY:
	case EEXIST:
		return 1;
	case ENOTDIR: /* swapped for a file or a link, which lies inside and goes as such */
		return unlinkat(dirfd, name, 0) == 0 || errno == ENOENT ? 0 : 1;
	case EBUSY:
		r->stays = true;
		return 0;
	default:
		return err_fail(e, EX_IOERR, errno, N_("cannot remove"), NULL, "%s", name);
	}
}

static int
remove_folder(struct removal *r, int dirfd, const char *name, unsigned depth, struct err *e)
{
	struct err why;
	cleanup_fd int fd = -1;
	int rc = 1;

	if (depth >= FOLDER_DEPTH_MAX) {
		r->stays = true;
		return 0;
	}
	fd = walk_open(dirfd, name, O_RDONLY | O_DIRECTORY, 0, NULL, &why);
	if (fd < 0) {
		/* gone, swapped for a link or a file, or another mount, which rmdir() refuses */
		if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
			r->stays = true;
		return 0;
	}
	for (int round = 0; rc == 1 && round < ROUNDS_MAX; round++) {
		if (sweep(r, fd, depth, e) < 0)
			return -1;
		if (r->stays)
			return 0;
		if (depth == 0 && r->last) {
			r->last = NULL; /* now those, too */
			continue;
		}
		rc = remove_empty(r, dirfd, name, e);
	}
	r->stays |= rc == 1;
	return rc < 0 ? -1 : 0;
}

int
folder_remove(
	int dirfd, const char *name, const struct conf_list *last, uint64_t *ret_n, struct err *e)
{
	struct removal r = { .last = last && last->n > 0 ? last : NULL };
	int rc = remove_name(&r, dirfd, name, is_folder(dirfd, name), 0, e);

	levels_release(&r.levels);
	*ret_n += r.n_files;
	return rc < 0 ? -1 : r.stays ? FOLDER_STAYS : 0;
}

/* --- measured --------------------------------------------------------------------------------- */

static int64_t
last_write_us(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000000 + st->st_mtim.tv_nsec / 1000;
}

struct measure {
	struct levels levels;
	struct folder_measure *m;
};

struct look {
	struct measure *w;
	int fd;
	unsigned depth;
};

static int measure_folder(
	struct measure *w, int dirfd, const char *name, unsigned depth, struct err *e);

static int
measure_name(struct measure *w, int dirfd, const char *name, unsigned char type, unsigned depth,
	struct err *e)
{
	struct folder_measure *m = w->m;
	struct stat st;
	int64_t us;

	if (type == DT_DIR)
		return measure_folder(w, dirfd, name, depth, e);
	if (type != DT_REG && type != DT_UNKNOWN)
		return 0;
	if (type == DT_REG && m->n_seen >= m->budget) {
		m->n_files++;
		return 0;
	}
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (S_ISDIR(st.st_mode))
		return measure_folder(w, dirfd, name, depth, e);
	if (!S_ISREG(st.st_mode))
		return 0;
	if (st.st_nlink > 1 || depth == 0)
		watch_lost(m->watch, m->group);
	us = last_write_us(&st);
	m->n_files++;
	m->n_seen++;
	m->bytes += (uint64_t)st.st_blocks * 512;
	m->newest_us = us > m->newest_us ? us : m->newest_us;
	return us > m->enough_us;
}

static int
look_name(void *ctx, const char *name, unsigned char type, struct err *e)
{
	const struct look *l = ctx;

	return measure_name(l->w, l->fd, name, type, l->depth + 1, e);
}

static int
measure_folder(struct measure *w, int dirfd, const char *name, unsigned depth, struct err *e)
{
	struct err ignored;
	cleanup_fd int fd = -1;
	struct look l = { .w = w, .depth = depth };
	struct folder_measure *m = w->m;
	struct stat st;
	char *buffer;

	if (depth >= FOLDER_DEPTH_MAX)
		return 0;
	fd = walk_open(dirfd, name, O_RDONLY | O_DIRECTORY, 0, &st, &ignored);
	if (fd < 0)
		return 0;
	if (last_write_us(&st) < m->watch_us)
		watch_folder(m->watch, m->group, fd);
	else
		watch_lost(m->watch, m->group); /* it will stay, most probably */
	buffer = level_buffer(&w->levels, depth);
	if (!buffer)
		return err_memory(e);
	l.fd = fd;
	return each_name(fd, buffer, level_len(depth), look_name, &l, e);
}

int
folder_measure(int dirfd, const char *name, struct folder_measure *m, struct err *e)
{
	struct measure w = { .m = m };
	int rc = measure_name(&w, dirfd, name, DT_UNKNOWN, 0, e);

	levels_release(&w.levels);
	return rc < 0 && e->exit == EX_OSERR ? -1 : 0;
}

uint64_t
folder_bytes(const struct folder_measure *m)
{
	if (m->n_seen == 0)
		return 0;
	return m->bytes + (m->n_files - m->n_seen) * (m->bytes / m->n_seen);
}
