/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/order/queue.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file/walk.h"
#include "base/file/whole.h"
#include "dsar/order/order.h"

#define GROUP "sparsam-dpo"

static int
folder_make(const char *path, struct err *e)
{
	const struct group *g = getgrnam(GROUP);
	cleanup_fd int fd = -1;
	struct stat st;

	if (mkdir(path, 0700) < 0) {
		if (errno == EEXIST)
			return 0;
		return err_fail(
			e, EX_CANTCREAT, errno, N_("cannot make a folder"), NULL, "%s", path);
	}
	/* the group may write into the folder that it lies in: what is given away is what we have made */
	fd = g ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	if (g && (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != geteuid() || (st.st_mode & 077) ||
			 fchown(fd, (uid_t)-1, g->gr_gid) < 0 || fchmod(fd, 02770) < 0))
		return err_fail(e, EX_NOPERM, errno, N_("cannot give the queue to its group"),
			N_("say it as root"), "%s", path);
	return 0;
}

int
queue_make(const struct conf *c, struct err *e)
{
	cleanup_mem char *orders = NULL, *results = NULL;

	if (asprintf(&orders, "%s/%s", c->queue_dir, QUEUE_ORDERS) < 0 ||
		asprintf(&results, "%s/%s", c->queue_dir, QUEUE_RESULTS) < 0)
		return err_memory(e);
	return folder_make(c->queue_dir, e) < 0 || folder_make(orders, e) < 0
		       ? -1
		       : folder_make(results, e);
}

int
queue_open(const struct conf *c, const char *folder, struct err *e)
{
	cleanup_mem char *path = NULL;
	int fd;

	if (asprintf(&path, "%s/%s", c->queue_dir, folder) < 0)
		return err_memory(e);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_fail(e, errno == ENOENT ? EX_CONFIG : EX_NOPERM, errno,
			N_("cannot open the queue of orders"),
			N_("say `dsar init` or `dsar agent init`, as root"), "%s", path);
	return fd;
}

void
queue_name(const char *id, const char *suffix, char ret[QUEUE_NAME_MAX])
{
	(void)snprintf(ret, QUEUE_NAME_MAX, "%s%s", id, suffix);
}

/* --- writing ---------------------------------------------------------------------------------- */

static int
write_failed(const char *name, struct err *e)
{
	return err_fail(e, EX_CANTCREAT, errno, N_("cannot write into the queue of orders"), NULL,
		"%s", name);
}

int
queue_begin(int dirfd, const char *name, struct queue_file *ret, struct err *e)
{
	struct queue_file f = { .dirfd = dirfd };

	(void)snprintf(f.name, sizeof(f.name), "%s", name);
	(void)snprintf(f.part, sizeof(f.part), ".%s.part", f.name);
	(void)unlinkat(dirfd, f.part, 0); /* of one that was killed */
	f.fd = openat(dirfd, f.part, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0660);
	if (f.fd < 0)
		return write_failed(name, e);
	*ret = f;
	return 0;
}

int
queue_commit(struct queue_file *f, struct err *e)
{
	const bool done = fsync(f->fd) == 0 &&
			  renameat(f->dirfd, f->part, f->dirfd, f->name) == 0 &&
			  fsync(f->dirfd) == 0;
	const int why = errno;

	(void)close(f->fd);
	f->fd = -1;
	errno = why;
	return done ? 0 : write_failed(f->name, e);
}

void
queue_abandon(struct queue_file *f)
{
	if (f->fd < 0)
		return;
	(void)close(f->fd);
	(void)unlinkat(f->dirfd, f->part, 0); /* what stays is written over by the next one */
	f->fd = -1;
}

int
queue_put(int dirfd, const char *name, struct span text, struct err *e)
{
	struct queue_file f;

	if (queue_begin(dirfd, name, &f, e) < 0)
		return -1;
	if (whole_write(f.fd, text) < 0) {
		(void)write_failed(name, e);
		queue_abandon(&f);
		return -1;
	}
	return queue_commit(&f, e);
}

int
queue_remove(int dirfd, const char *name, struct err *e)
{
	if (unlinkat(dirfd, name, 0) < 0)
		return errno == ENOENT ? 0 : write_failed(name, e);
	return fsync(dirfd) == 0 ? 0 : write_failed(name, e);
}

/* --- reading ---------------------------------------------------------------------------------- */

int
queue_read(int dirfd, const char *name, size_t max, struct buf *out, struct err *e)
{
	struct stat st;
	cleanup_fd int fd = walk_open(dirfd, name, O_RDONLY, 0, &st, e);
	ssize_t n = 0;

	if (fd < 0)
		return e->exit == EX_NOINPUT ? 1 : -1;
	if ((uint64_t)st.st_size > max)
		return err_fail(
			e, EX_DATAERR, 0, N_("a file of the queue is too large"), NULL, "%s", name);
	if (!buf_room(out, (size_t)st.st_size + 1))
		return err_memory(e);
	while (out->len <= max && buf_room(out, 4096) &&
		(n = read(fd, out->p + out->len, out->cap - out->len)) > 0)
		out->len += (size_t)n;
	return n < 0 || out->failed || out->len > max
		       ? err_fail(e, EX_IOERR, errno, N_("cannot read a file of the queue"), NULL,
				 "%s", name)
		       : 0;
}

static int
is_named(const char *name, const char *suffix)
{
	const size_t id = ORDER_ID_HEX - 1;

	return strlen(name) == id + strlen(suffix) && strcmp(name + id, suffix) == 0 &&
	       order_is_id(span_of(name, id));
}

/* What is not written to its end (".NAME.part") beside what is. */
static int
by_name(const struct dirent **a, const struct dirent **b)
{
	const char *x = (*a)->d_name, *y = (*b)->d_name;

	return strcmp(x + (x[0] == '.'), y + (y[0] == '.'));
}

/* Calls SEEN with each name in the folder, in their order; it may write into NAME. */
typedef int name_seen(void *ctx, char *name, struct err *e);

static int
each_name(int dirfd, name_seen *seen, void *ctx, struct err *e)
{
	struct dirent **list = NULL;
	const int n = scandirat(dirfd, ".", &list, NULL, by_name);
	int rc = 0;

	if (n < 0)
		return err_fail(
			e, EX_IOERR, errno, N_("cannot read a file of the queue"), NULL, NULL);
	for (int i = 0; i < n; i++) {
		if (rc == 0)
			rc = seen(ctx, list[i]->d_name, e);
		free(list[i]);
	}
	free(list);
	return rc < 0 ? -1 : 0;
}

struct removing {
	int dirfd;
	const char *id;
};

static int
see_file(void *ctx, char *name, struct err *e)
{
	const struct removing *g = ctx;

	return strncmp(name + (name[0] == '.'), g->id, strlen(g->id)) == 0
		       ? queue_remove(g->dirfd, name, e)
		       : 0;
}

int
queue_remove_all(int dirfd, const char *id, struct err *e)
{
	struct removing g = { dirfd, id };

	return each_name(dirfd, see_file, &g, e);
}

int
queue_has(int dirfd, const char *name, struct err *e)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return S_ISREG(st.st_mode) || S_ISLNK(st.st_mode) ? 0 : 1;
	return errno == ENOENT ? 1
			       : err_fail(e, EX_IOERR, errno, N_("cannot read a file of the queue"),
					 NULL, "%s", name);
}

struct seeing {
	int dirfd;
	const char *suffix;
	queue_seen *seen;
	void *ctx;
};

static int
see_name(void *ctx, char *name, struct err *e)
{
	const struct seeing *g = ctx;
	int rc;

	if (!is_named(name, g->suffix))
		return 0;
	rc = queue_has(g->dirfd, name, e);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	name[ORDER_ID_HEX - 1] = '\0';
	return g->seen(g->ctx, name, e);
}

int
queue_each(int dirfd, const char *suffix, queue_seen *seen, void *ctx, struct err *e)
{
	struct seeing g = { dirfd, suffix, seen, ctx };

	return each_name(dirfd, see_name, &g, e);
}

struct grouping {
	int dirfd;
	queue_id_seen *seen;
	void *ctx;
	char id[ORDER_ID_HEX]; /* the one at hand; "": none yet */
	int64_t written_us;
};

static int
group_end(struct grouping *g, struct err *e)
{
	return *g->id ? g->seen(g->ctx, g->id, g->written_us, e) : 0;
}

static int
see_any(void *ctx, char *name, struct err *e)
{
	struct grouping *g = ctx;
	const char *id = name + (name[0] == '.');
	struct stat st;
	int64_t us;

	if (strlen(id) < ORDER_ID_HEX - 1 || !order_is_id(span_of(id, ORDER_ID_HEX - 1)) ||
		fstatat(g->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISDIR(st.st_mode))
		return 0;
	us = (int64_t)st.st_mtim.tv_sec * 1000000;
	if (strncmp(id, g->id, ORDER_ID_HEX - 1) == 0) {
		g->written_us = us > g->written_us ? us : g->written_us;
		return 0;
	}
	if (group_end(g, e) < 0)
		return -1;
	(void)snprintf(g->id, sizeof(g->id), "%.*s", ORDER_ID_HEX - 1, id);
	g->written_us = us;
	return 0;
}

int
queue_each_id(int dirfd, queue_id_seen *seen, void *ctx, struct err *e)
{
	struct grouping g = { .dirfd = dirfd, .seen = seen, .ctx = ctx };

	return each_name(dirfd, see_any, &g, e) < 0 ? -1 : group_end(&g, e);
}
