/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Of a file that may be written to at any moment records are overwritten by blank ones, which last(1)
 * passes over, and where the file system allows, as many whole ones as fill whole blocks are taken out
 * of its head. Nothing is moved by us, so whoever appends goes on at the end and loses nothing; libc,
 * which looks for the end before it writes there, does both under the lock that we take meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/file/replace.h"
#include "base/file/walk.h"
#include "store/utmp/utmp-private.h"

#define LOCK_MS 5000 /* that others may hold the file's lock; libc itself waits for 10 s */

static int
io_failed(const char *place, const char *what, struct err *e)
{
	return err_fail(e, EX_IOERR, errno, what, NULL, "%s", place);
}

/* --- nobody writes ---------------------------------------------------------------------------- */

static int
copy_rest(struct utmp_file *f, const struct selector *which, struct output *out,
	struct store_result *ret, struct err *e)
{
	struct record r;
	int rc;

	while ((rc = utmp_file_next(f, &r, e)) == 0) {
		if (selector_record(which, &r)) {
			ret->n_erased++;
			ret->bytes += r.size;
			continue;
		}
		ret->n_stayed++;
		if (output_write(out, f->raw.bytes, f->size, e) < 0)
			return -1;
	}
	return rc < 0 ? -1 : 0;
}

static int
rewrite(const struct utmp_store *t, struct replace *r, const struct plan_step *step,
	const struct selector *which, struct store_result *ret, struct err *e)
{
	int fd = fcntl(replace_old_fd(r), F_DUPFD_CLOEXEC, 0), rc;
	CLEANUP(output_freep) struct output *out = NULL;
	struct utmp_file f;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return io_failed(step->place, N_("cannot open"), e);
	if (utmp_file_open(&f, t, fd, step->place, &st, e) < 0)
		return -1;
	rc = output_open(replace_new_fd(r), f.in ? input_filter(f.in) : "", &out, e);
	if (rc == 0)
		rc = copy_rest(&f, which, out, ret, e);
	if (rc == 0)
		rc = output_finish(out, e);
	utmp_file_release(&f);
	return rc;
}

static int
act_rewrite(const struct utmp_store *t, int dirfd, const char *name, const struct plan_step *step,
	const struct selector *which, struct store_result *ret, struct err *e)
{
	CLEANUP(replace_freep) struct replace *r = NULL;

	if (replace_begin(dirfd, name, NULL, &r, e) < 0 || rewrite(t, r, step, which, ret, e) < 0)
		return -1;
	if (ret->n_erased == 0)
		return 0;
	return ret->n_stayed == 0 ? place_remove(dirfd, name, step->place, e)
				  : replace_commit(r, e);
}

/* What nobody has read when it was planned has to be as old as it was then. */
static int
act_unlink(const struct utmp_store *t, int dirfd, const char *name, const struct stat *st,
	const struct plan_step *step, const struct selector *which, struct store_result *ret,
	struct err *e)
{
	const struct select_block all = utmp_block(t, step->place, st);

	if (selector_block(which, &all) != SELECT_YES)
		return act_rewrite(t, dirfd, name, step, which, ret, e);
	ret->n_erased = UINT64_MAX;
	ret->bytes = (uint64_t)st->st_size;
	return place_remove(dirfd, name, step->place, e);
}

/* --- somebody may write ----------------------------------------------------------------------- */

/* LEN bytes from AT (0: all), as libc locks them. A lock of the open file: closing another descriptor
 * of the file does not end it. */
static int
lock(int fd, short type, uint64_t at, size_t len, const char *place, struct err *e)
{
	const struct timespec nap = { .tv_nsec = 10 * 1000000 };
	struct flock l = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)at, .l_len = (off_t)len
	};

	for (int ms = 0; ms < LOCK_MS; ms += 10) {
		if (fcntl(fd, F_OFD_SETLK, &l) == 0)
			return 0;
		if (errno != EAGAIN && errno != EACCES)
			return io_failed(place, N_("cannot lock"), e);
		(void)nanosleep(&nap, NULL);
	}
	return err_fail(e, EX_TEMPFAIL, 0, N_("another program has locked the file"),
		N_("try again"), "%s", place);
}

/* The record in hand of F, which WHICH selects. lastlog's may be written anew at any time. */
static int
blank(struct utmp_file *f, int fd, const struct selector *which, struct store_result *ret,
	struct err *e)
{
	static const union utmp_record zeros;
	const uint64_t at = f->at;
	struct record now;
	int rc = 0;

	if (lock(fd, F_WRLCK, at, f->size, f->path, e) < 0)
		return -1;
	if (utmp_file_again(f, at, &now) == 0 && selector_record(which, &now)) {
		ret->n_erased++;
		ret->bytes += f->size;
		if (pwrite(fd, zeros.bytes, f->size, (off_t)at) != (ssize_t)f->size)
			rc = io_failed(f->path, N_("cannot write"), e);
	}
	if (rc == 0)
		return lock(fd, F_UNLCK, at, f->size, f->path, e);
	(void)lock(fd, F_UNLCK, at, f->size, f->path, NULL); /* ends with the descriptor, too */
	return rc;
}

/* *RET_HEAD: how many bytes from the beginning on are blank now. */
static int
blank_selected(struct utmp_file *f, int fd, const struct selector *which, uint64_t *ret_head,
	struct store_result *ret, struct err *e)
{
	bool stays = false;
	struct record r;
	int rc;

	*ret_head = 0;
	while ((rc = utmp_file_next(f, &r, e)) == 0) {
		if (!selector_record(which, &r)) {
			ret->n_stayed++;
			if (!stays)
				*ret_head = f->at;
			stays = true;
			continue;
		}
		if (blank(f, fd, which, ret, e) < 0)
			return -1;
	}
	if (rc < 0)
		return -1;
	if (!stays)
		*ret_head = f->next;
	if (ret->n_erased > 0 && fdatasync(fd) < 0)
		return io_failed(f->path, N_("cannot write"), e);
	return 0;
}

/* The least number of bytes that is whole records and whole blocks. */
static uint64_t
whole_of(uint64_t record, uint64_t block)
{
	uint64_t n = record;

	while (n % block != 0)
		n += record;
	return n;
}

/* Takes as much of the HEAD bytes that are blank out of the file as may go. */
static int
drop_head(const struct utmp_store *t, const struct utmp_file *f, int fd, uint64_t head,
	bool collapse, struct err *e)
{
	struct stat st;
	uint64_t unit, whole;
	int failed;

	if (fstat(fd, &st) < 0)
		return io_failed(f->path, N_("cannot read"), e);
	unit = collapse ? whole_of(f->size, (uint64_t)st.st_blksize) : (uint64_t)st.st_blksize;
	whole = head - head % unit;
	/* a range that reaches the end would be a truncation, which EINVAL says */
	if (collapse && whole >= (uint64_t)st.st_size)
		whole -= whole == 0 ? 0 : unit;
	if (whole == 0)
		return 0;
	if (collapse) {
		if (lock(fd, F_WRLCK, 0, 0, f->path, e) < 0)
			return -1;
		failed = fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, (off_t)whole);
		if (lock(fd, F_UNLCK, 0, 0, f->path, e) < 0)
			return -1;
		if (failed == 0)
			return fsync(fd) == 0 ? 0 : io_failed(f->path, N_("cannot write"), e);
	}
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)whole) == 0)
		(void)fsync(fd); /* the blanks are on the disk; the hole only saves room */
	store_tell(&t->store, NOTE_NOT_SHRUNK, f->path, "the file system cannot take a head out");
	return 0;
}

static int
act_in_place(const struct utmp_store *t, int dirfd, const char *name, const struct plan_step *step,
	const struct selector *which, struct store_result *ret, struct err *e)
{
	cleanup_fd int fd = -1;
	struct utmp_file f;
	struct stat st;
	uint64_t head;
	int rc, copy;

	fd = walk_open(dirfd, name, O_RDWR, 0, &st, e);
	if (fd < 0)
		return -1;
	if (!plan_is_file(step, &st)) {
		ret->skipped = true;
		return 0;
	}
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0)
		return io_failed(step->place, N_("cannot open"), e);
	if (utmp_file_open(&f, t, copy, step->place, &st, e) < 0)
		return -1;
	ret->technique = PLAN_CLEARED;
	rc = blank_selected(&f, fd, which, &head, ret, e);
	if (rc == 0 && !t->lastlog)
		rc = drop_head(t, &f, fd, head, step->action == PLAN_CUT, e);
	utmp_file_release(&f);
	return rc;
}

int
utmp_act(struct store *s, const struct plan_step *step, const struct selector *which,
	struct store_result *ret, struct err *e)
{
	struct utmp_store *t = (struct utmp_store *)s;
	const char *name;
	cleanup_fd int dirfd = place_open_folder(&t->paths, step->place, &name, e);
	struct stat st;

	*ret = (struct store_result){ .technique = PLAN_UNLINKED };
	if (dirfd < 0)
		return -1;
	if (!plan_stands(step, dirfd, name, &st)) {
		ret->skipped = true; /* rotated by now: the next run sees it */
		return 0;
	}
	switch (step->action) {
	case PLAN_UNLINK:
		return act_unlink(t, dirfd, name, &st, step, which, ret, e);
	case PLAN_REWRITE:
		return act_rewrite(t, dirfd, name, step, which, ret, e);
	default:
		return act_in_place(t, dirfd, name, step, which, ret, e);
	}
}
