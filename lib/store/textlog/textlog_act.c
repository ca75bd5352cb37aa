/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is done to a file depends on who writes to it:
 *
 *   nobody                       a new file with what stays takes its name (base/file/replace.h)
 *   by O_APPEND, on ext4 or xfs  the head is blanked, then taken out: FALLOC_FL_COLLAPSE_RANGE moves
 *                                what is behind it, and the writer goes on at the end as always
 *   otherwise                    blanked in place at equal length; whole blocks become a hole, and the
 *                                file keeps its size, which is told
 *
 * Never are lines copied while somebody may append to what they are copied from: that is how
 * copytruncate loses them. Blanking leaves line ends where they are.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file/input.h"
#include "base/file/replace.h"
#include "base/file/walk.h"
#include "store/textlog/textlog-private.h"

#define BLANK_LEN 65536u
#define LINE_US   (60 * INT64_C(1000000)) /* that a writer may take for one line */

/* --- nobody writes ---------------------------------------------------------------------------- */

/* All from ONE on, which EN has given already, or nothing where RC says that there was none. What can be
 * passed over goes as it is, many entries at once. */
static int
copy_rest(struct textlog *t, struct entries *en, struct entry_span one, int rc, struct output *out,
	const struct plan_step *step, const struct selector *which, struct store_result *ret,
	struct err *e)
{
	const int64_t bound_us = textlog_bound(t, which, step->place);
	uint64_t n;

	for (; rc == 0; rc = entries_next(en, &one, e)) {
		struct record r = entry_record(t, &one, step->place);

		n = selector_record(which, &r);
		ret->n_erased += n;
		ret->bytes += n ? one.text.len : 0;
		for (n = !n; n > 0; entries_pass(en, bound_us, &one, &n)) {
			ret->n_stayed += n;
			if (output_write(out, one.text.p, one.text.len, e) < 0)
				return -1;
		}
	}
	return rc < 0 ? -1 : 0;
}

static int
act_rewrite(struct textlog *t, int dirfd, const char *name, const struct plan_step *step,
	const struct selector *which, struct store_result *ret, struct err *e)
{
	CLEANUP(replace_freep) struct replace *r = NULL;
	CLEANUP(entries_freep) struct entries *en = NULL;
	CLEANUP(output_freep) struct output *out = NULL;
	struct entry_span first;
	struct stat st;
	int fd, rc;

	if (replace_begin(dirfd, name, &t->clean, &r, e) < 0)
		return -1;
	fd = fcntl(replace_old_fd(r), F_DUPFD_CLOEXEC, 0);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_fail(e, EX_OSERR, errno, N_("cannot open"), NULL, "%s", step->place);
	if (entries_open(t, fd, 0, &st, step->place, &en, e) < 0)
		return -1;
	rc = entries_next(en, &first, e); /* how it is packed is known after the first bytes */
	if (rc < 0 || output_open(replace_new_fd(r), entries_filter(en), &out, e) < 0 ||
		copy_rest(t, en, first, rc, out, step, which, ret, e) < 0)
		return -1;
	if (ret->n_erased == 0)
		return 0;
	/* an empty log keeps its place, owner and mode for its writer; an empty archive serves nobody, and a log
	 * of one meeting tells of it by its name */
	if (ret->n_stayed == 0 &&
		(*entries_filter(en) || t->empty_goes || textlog_is_copy(t, step->place)))
		return place_remove(dirfd, name, step->place, e);
	if (output_finish(out, e) < 0)
		return -1;
	return replace_commit(r, e);
}

/* --- somebody writes -------------------------------------------------------------------------- */

/* Overwrites FROM to TO with blanks; line ends stay. */
static int
blank(int fd, uint64_t from, uint64_t to, const char *place, struct err *e)
{
	char text[BLANK_LEN];

	while (from < to) {
		size_t n = to - from < sizeof(text) ? (size_t)(to - from) : sizeof(text);
		ssize_t got = pread(fd, text, n, (off_t)from);

		if (got <= 0)
			return err_fail(e, EX_IOERR, errno, N_("cannot read"), NULL, "%s", place);
		for (ssize_t i = 0; i < got; i++)
			if (text[i] != '\n')
				text[i] = ' ';
		if (pwrite(fd, text, (size_t)got, (off_t)from) != got)
			return err_fail(e, EX_IOERR, errno, N_("cannot write"), NULL, "%s", place);
		from += (uint64_t)got;
	}
	return 0;
}

/* The file's last line without its end; what nobody has gone on with since is as it will be. */
static bool
is_being_written(const struct textlog *t, const struct entries *en, const struct entry_span *one,
	const struct stat *st)
{
	return one->text.p[one->text.len - 1] != '\n' && entries_at_end(en) &&
	       mtime_us(st) > t->store.env->now_us - LINE_US;
}

/* Runs of selected entries are blanked, each at once; *RET_HEAD is how far they reach from the file's
 * beginning or its hole there; 0: they do not. */
static int
blank_selected(struct textlog *t, int fd, const struct stat *st, const struct plan_step *step,
	const struct selector *which, uint64_t *ret_head, struct store_result *ret, struct err *e)
{
	const int64_t bound_us = textlog_bound(t, which, step->place);
	CLEANUP(entries_freep) struct entries *en = NULL;
	struct entry_span one;
	uint64_t begin, head, from = 0, to = 0; /* from, to: of the run */
	int rc, copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (copy < 0)
		return err_fail(e, EX_OSERR, errno, N_("cannot open"), NULL, "%s", step->place);
	if (entries_open(t, copy, 0, st, step->place, &en, e) < 0)
		return -1;
	begin = head = entries_start(en);
	while ((rc = entries_next_before(en, bound_us, &ret->n_stayed, &one, e)) == 0) {
		struct record r = entry_record(t, &one, step->place);

		if (*entries_filter(en)) /* it has no lines in it that could be blanked */
			return err_fail(e, EX_TEMPFAIL, 0, N_("a program still writes to the file"),
				N_("rotate it first"), "%s", step->place);
		if (is_being_written(t, en, &one, st))
			break;
		if (!selector_record(which, &r)) {
			ret->n_stayed++;
			continue;
		}
		if (one.start != to) {
			if (blank(fd, from, to, step->place, e) < 0)
				return -1;
			from = one.start;
		}
		to = one.start + one.text.len;
		ret->n_erased++;
		ret->bytes += one.text.len;
		if (one.start == head)
			head = to;
	}
	if (rc < 0 || blank(fd, from, to, step->place, e) < 0)
		return -1;
	*ret_head = head > begin ? head : 0;
	if (ret->n_erased > 0 && fdatasync(fd) < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot write"), NULL, "%s", step->place);
	return 0;
}

/* Takes the HEAD bytes that are blank out of the file, as far as blocks allow. */
static int
drop_head(struct textlog *t, int fd, uint64_t head, bool collapse, const struct plan_step *step,
	struct err *e)
{
	struct stat st;
	uint64_t whole;

	if (fstat(fd, &st) < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot read"), NULL, "%s", step->place);
	whole = head - head % (uint64_t)st.st_blksize;
	if (whole == 0)
		return 0;
	/* a range that reaches the end would be a truncation, which EINVAL says: a block stays */
	if (whole >= (uint64_t)st.st_size)
		whole -= (uint64_t)st.st_blksize;
	if (whole > 0 && collapse && fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, (off_t)whole) == 0)
		return fsync(fd) == 0 ? 0
				      : err_fail(e, EX_IOERR, errno, N_("cannot write"), NULL, "%s",
						step->place);
	if (whole > 0 &&
		fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)whole) == 0)
		(void)fsync(fd); /* the blanks are on the disk; the hole only saves room */
	store_tell(&t->store, NOTE_NOT_SHRUNK, step->place,
		collapse ? "collapse refused"
			 : "its writer does not append, or the file system "
			   "cannot take a head out");
	return 0;
}

static int
act_in_place(struct textlog *t, int dirfd, const char *name, const struct stat *st,
	const struct plan_step *step, const struct selector *which, struct store_result *ret,
	struct err *e)
{
	struct stat now;
	cleanup_fd int fd = walk_open(dirfd, name, O_RDWR, 0, &now, e);
	const bool collapse = step->action == PLAN_CUT;
	uint64_t head;

	if (fd < 0)
		return -1;
	if (!plan_is_file(step, &now)) {
		ret->skipped = true;
		return 0;
	}
	ret->technique = PLAN_CLEARED;
	if (blank_selected(t, fd, st, step, which, &head, ret, e) < 0)
		return -1;
	return head > 0 ? drop_head(t, fd, head, collapse, step, e) : 0;
}

/* --- a whole file ----------------------------------------------------------------------------- */

/* Who opened it since the plan was made, or opens it for each of its lines, goes on with it. */
static int
act_closed(struct textlog *t, int dirfd, const char *name, const struct stat *st,
	const struct plan_step *step, const struct selector *which, struct store_result *ret,
	struct err *e)
{
	int rc = act_rewrite(t, dirfd, name, step, which, ret, e);

	if (rc == 0 || e->exit != EX_TEMPFAIL)
		return rc;
	*ret = (struct store_result){ 0 };
	return act_in_place(t, dirfd, name, st, step, which, ret, e);
}

static bool
has_writer(int dirfd, const char *name, const struct stat *st)
{
	struct err ignored;
	cleanup_fd int fd = walk_open(dirfd, name, O_RDONLY, 0, NULL, &ignored);

	return fd < 0 || textlog_writer(fd, st) != WRITER_NONE;
}

/* What nobody has read when it was planned has to be as old as it was then, and closed. */
static int
act_unlink(struct textlog *t, int dirfd, const char *name, const struct stat *st,
	const struct plan_step *step, const struct selector *which, struct store_result *ret,
	struct err *e)
{
	const struct select_block all = textlog_block(t, step->place, st);

	if (selector_block(which, &all) != SELECT_YES || has_writer(dirfd, name, st))
		return act_closed(t, dirfd, name, st, step, which, ret, e);
	if (replace_remove(dirfd, name, st, e) < 0)
		return -1;
	ret->n_erased = step->n_records;
	ret->bytes = (uint64_t)st->st_size;
	return 0;
}

int
textlog_act(struct store *s, const struct plan_step *step, const struct selector *which,
	struct store_result *ret, struct err *e)
{
	struct textlog *t = (struct textlog *)s;
	const char *name;
	struct stat st;
	int rc = textlog_left_act(t, step, e);

	*ret = (struct store_result){ .technique = PLAN_UNLINKED };
	if (rc <= 0)
		return rc;
	cleanup_fd int dirfd = place_open_folder(&t->paths, step->place, &name, e);
	if (dirfd < 0)
		return -1;
	if (!plan_stands(step, dirfd, name, &st)) {
		ret->skipped = true; /* rotated, or somebody else's by now: the next run sees it */
		return 0;
	}
	switch (step->action) {
	case PLAN_UNLINK:
		return act_unlink(t, dirfd, name, &st, step, which, ret, e);
	case PLAN_REWRITE:
		return act_closed(t, dirfd, name, &st, step, which, ret, e);
	default:
		return act_in_place(t, dirfd, name, &st, step, which, ret, e);
	}
}
