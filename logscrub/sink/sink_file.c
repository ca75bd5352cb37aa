/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sink_file.c - records as lines of a file, which carries the positions in an xattr
 *
 * A batch is one write, then fdatasync, then the xattr with the new size: whoever is killed in
 * between leaves a tail behind the recorded size, which is cut off and read again. On ext4 and xfs
 * the fdatasync of a batch also makes the xattr of the batch before it durable, so after a power
 * cut at most two batches lie behind the recorded size.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file/walk.h"
#include "logscrub/sink/sink-private.h"
#include "logscrub/sink/sink_tail.h"

#define LOOK_MS   1000 /* how often the name is compared with the open file */
#define RECORD_MS 1000 /* how often positions are recorded where nothing was written */

struct sink_file {
	struct sink k;
	int dir, fd;
	const char *base; /* into k.name */
	ino_t ino;
	dev_t dev;
	uint64_t size;     /* of the file without what is pending */
	size_t done;       /* bytes of pending that are in the file */
	uint64_t sequence; /* of the record set last */
	int64_t looked_ms, recorded_ms;
	struct sink_tail tail; /* what a predecessor left, until sink_recover() */
	bool recovered;
};

static struct sink_file *
file_of(struct sink *k)
{
	return (struct sink_file *)k;
}

/* Records POSITIONS for the file as it is now. Trouble or done. */
static int
file_record(struct sink_file *f, struct position_record *positions, struct err *e)
{
	int r;

	f->recorded_ms = sink_now_ms();
	if (!f->k.carries)
		return 0;
	positions->size = f->size;
	positions->inode = f->ino;
	positions->sequence = f->sequence + 1;
	r = position_record_write(f->fd, positions, e);
	if (r == 0)
		f->sequence++;
	if (r == 2) {
		f->k.carries = false;
		sink_add_notice(&f->k, N_("the file system takes no user xattrs: positions are not "
					  "carried over a restart"));
		return 0;
	}
	return r < 0 ? sink_fail_errno(&f->k, e ? e->errnum : EIO) : 0;
}

static int
file_open_name(struct sink_file *f, struct stat *ret_st, struct err *e)
{
	int fd = walk_open(f->dir, f->base, O_RDWR | O_APPEND | O_CREAT, 0640, ret_st, e);

	if (fd < 0)
		return err_within(e, "%s", f->k.name);
	return fd;
}

static void
file_adopt(struct sink_file *f, int fd, const struct stat *st)
{
	f->fd = fd;
	f->ino = st->st_ino;
	f->dev = st->st_dev;
	f->size = (uint64_t)st->st_size;
	f->done = 0;
}

/* Goes over to the file that has the name now. What is pending goes there. */
static int
file_swap(struct sink_file *f, struct err *e)
{
	struct stat st;
	int fd = file_open_name(f, &st, e);

	if (fd < 0)
		return sink_fail_errno(&f->k, e ? e->errnum : EIO);
	if (st.st_ino == f->ino && st.st_dev == f->dev) {
		(void)close(fd);
		return 0;
	}
	if (f->done > 0 && ftruncate(f->fd, (off_t)f->size) < 0)
		sink_add_notice(&f->k, N_("a rotated file ends in a torn line"));
	(void)close(f->fd); /* synced with each batch */
	file_adopt(f, fd, &st);
	return file_record(f, &f->k.written, e);
}

static int
file_look(struct sink_file *f, struct err *e)
{
	struct stat st;

	if (sink_now_ms() - f->looked_ms < LOOK_MS)
		return 0;
	f->looked_ms = sink_now_ms();
	if (fstatat(f->dir, f->base, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == f->ino &&
		st.st_dev == f->dev)
		return 0;
	return file_swap(f, e);
}

/* Somebody may have cut the file meanwhile (copytruncate, retention). The record has to be true
 * before more is written, or a crash in between would find a wrong tail. */
static int
file_measure(struct sink_file *f, struct err *e)
{
	struct stat st;

	if (fstat(f->fd, &st) < 0)
		return sink_fail_errno(&f->k, errno);
	if ((uint64_t)st.st_size == f->size + f->done)
		return 0;
	f->size = (uint64_t)st.st_size;
	f->done = 0;
	return file_record(f, &f->k.written, e);
}

static int
file_sync(struct sink_file *f)
{
	int saved;

	if (fdatasync(f->fd) == 0)
		return 0;
	/* The kernel forgets the pages that it could not write: the batch begins anew. */
	saved = errno;
	if (ftruncate(f->fd, (off_t)f->size) == 0)
		f->done = 0;
	return sink_fail_errno(&f->k, saved);
}

static int
file_put(struct sink_file *f, struct err *e)
{
	struct sink *k = &f->k;
	int r = file_measure(f, e);

	while (r == 0 && f->done < k->pending.len) {
		ssize_t n = write(f->fd, k->pending.p + f->done, k->pending.len - f->done);

		if (n > 0)
			f->done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			r = sink_fail_errno(k, n == 0 ? EIO : errno);
	}
	if (r == 0)
		r = file_sync(f);
	if (r != 0)
		return r;
	f->size += f->done;
	f->done = 0;
	if (sink_stored(k, e) < 0)
		return -1;
	return file_record(f, &k->written, e);
}

/* Positions that moved while nothing was written (sink_advance()). */
static bool
file_has_moved(const struct sink_file *f)
{
	return f->k.carries && !position_record_equal(&f->k.taken, &f->k.written);
}

static int
file_flush(struct sink *k, struct err *e)
{
	struct sink_file *f = file_of(k);
	int r = f->recovered ? 0 : sink_recover(k, false, e);

	if (r == 0)
		r = file_look(f, e);
	if (r != 0)
		return r;
	if (k->pending.len > 0 || k->trouble)
		return file_put(f, e);
	if (file_has_moved(f) && sink_now_ms() - f->recorded_ms >= RECORD_MS)
		return file_put(f, e);
	return 0;
}

static int
file_reopen(struct sink *k, struct err *e)
{
	struct sink_file *f = file_of(k);
	int r = f->recovered ? 0 : sink_recover(k, false, e);

	if (r == 0)
		r = file_swap(f, e);
	return r != 0 || k->pending.len == 0 ? r : file_put(f, e);
}

static int
file_recover(struct sink *k, bool rereadable, struct err *e)
{
	struct sink_file *f = file_of(k);
	struct stat st;
	int r;

	f->recovered = true;
	r = sink_tail_recover(&f->tail, k, f->fd, rereadable, e);
	if (r != 0)
		return r;
	if (fstat(f->fd, &st) < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot open"), NULL, "%s", k->name);
	f->size = (uint64_t)st.st_size;
	return file_record(f, &k->written, e);
}

static int
file_write(struct sink *k, const char *stream, const struct entry *en, struct span text,
	const struct rule_trace *trace, struct err *e)
{
	(void)trace;
	return sink_take_line(k, stream, en, text, e);
}

static void
file_close(struct sink *k)
{
	struct sink_file *f = file_of(k);

	if (f->fd >= 0 && (k->pending.len > 0 || file_has_moved(f)))
		(void)file_put(f, NULL); /* what stays behind is read again */
	if (f->fd >= 0)
		(void)close(f->fd);
	if (f->dir >= 0)
		(void)close(f->dir);
	sink_tail_release(&f->tail);
	sink_release(k);
	free(f);
}

static const struct sink_driver file_driver = {
	.recover = file_recover,
	.write = file_write,
	.flush = file_flush,
	.reopen = file_reopen,
	.close = file_close,
};

static int
file_start(struct sink_file *f, struct err *e)
{
	struct sink *k = &f->k;
	struct stat st;
	int fd;

	f->dir = walk_open_parent(k->name, &f->base, e);
	if (f->dir < 0)
		return -1;
	fd = file_open_name(f, &st, e);
	if (fd < 0)
		return -1;
	file_adopt(f, fd, &st);
	if (sink_tail_find(&f->tail, f->dir, f->base, f->fd, e) < 0)
		return -1;
	k->carries = f->tail.supported;
	f->sequence = f->tail.record.sequence;
	if (!k->carries)
		sink_add_notice(k, N_("the file system takes no user xattrs: positions are not "
				      "carried over a restart"));
	if (position_record_join(&k->written, &f->tail.record, e) < 0)
		return -1;
	return position_record_join(&k->taken, &f->tail.record, e);
}

int
sink_file_open(
	const struct conf_store *s, const struct conf_sink *d, struct sink **ret, struct err *e)
{
	struct sink_file *f = calloc(1, sizeof(*f));

	if (!f)
		return err_memory(e);
	f->dir = f->fd = f->tail.fd = -1;
	if (sink_init(&f->k, &file_driver, s, d->path, e) < 0 || file_start(f, e) < 0) {
		file_close(&f->k);
		return -1;
	}
	*ret = &f->k;
	return 0;
}
