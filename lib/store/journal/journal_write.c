/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The new file is written beside the old one and looked at by ourselves and by journalctl before it takes the
 * old one's name, in one step: a reader that has the old one open reads on in it and finds the new one by
 * inotify, with its cursors.
 */
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file/replace.h"
#include "base/file/walk.h"
#include "store/journal/journal-private.h"

#define OUT    "out.journal"
#define CRTIME "user.crtime_usec" /* journald's own: when the file was made */

struct jwrite {
	int dirfd, scratch, fd; /* the folder, locked; ours below it; the file */
	struct journal_header header;
};

/* --- scratch ---------------------------------------------------------------------------------- */

/* What an earlier run has left there goes. */
static void
scratch_empty(int scratch)
{
	struct dirent **found = NULL;
	int n = scandirat(scratch, ".", &found, NULL, NULL);

	for (int i = 0; i < n; i++) {
		(void)unlinkat(scratch, found[i]->d_name, 0); /* "." and ".." say no */
		free(found[i]);
	}
	free(found);
}

uint64_t
journal_leftover_bytes(int dirfd, const char *name)
{
	struct err ignored;
	cleanup_fd int scratch = walk_open(dirfd, name, O_RDONLY | O_DIRECTORY, 0, NULL, &ignored);
	struct dirent **found = NULL;
	int n = scratch < 0 ? 0 : scandirat(scratch, ".", &found, NULL, NULL);
	uint64_t bytes = 0;

	for (int i = 0; i < n; i++) {
		struct stat st;

		if (fstatat(scratch, found[i]->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISREG(st.st_mode))
			bytes += (uint64_t)st.st_size;
		free(found[i]);
	}
	free(found);
	return bytes;
}

/* Whoever works in it has the lock of the folder that it lies in. */
int
journal_leftover_remove(int dirfd, const char *path, struct err *e)
{
	cleanup_fd int folder = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int scratch = -1;

	if (folder < 0 || flock(folder, LOCK_EX) < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot open the folder"), NULL, NULL);
	scratch = walk_open(folder, JOURNAL_SCRATCH, O_RDONLY | O_DIRECTORY, 0, NULL, e);
	if (scratch < 0)
		return e->errnum == ENOENT ? 1 : -1;
	scratch_empty(scratch);
	return unlinkat(folder, JOURNAL_SCRATCH, AT_REMOVEDIR) == 0 && fsync(folder) == 0
		       ? 0
		       : err_fail(e, EX_IOERR, errno, N_("cannot remove"), NULL, "%s", path);
}

/* A file without a name: in the folder, so that its pages are the disk's, and the folder is not changed. */
static int
unnamed(int dirfd, struct err *e)
{
	int fd = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0) /* a file system that has no such files, or is read only */
		fd = memfd_create("sparsam", MFD_CLOEXEC);
	return fd >= 0 ? fd
		       : err_fail(e, EX_CANTCREAT, errno, N_("no room for a scratch file"), NULL,
				 NULL);
}

static int
jwrite_begin(int dirfd, struct jwrite **ret, struct err *e)
{
	CLEANUP(jwrite_freep) struct jwrite *w = calloc(1, sizeof(*w));

	if (!w)
		return err_memory(e);
	*w = (struct jwrite){ .scratch = -1, .fd = -1 };
	w->dirfd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->dirfd < 0 || flock(w->dirfd, LOCK_EX) < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot open the folder"), NULL, NULL);
	if (mkdirat(w->dirfd, JOURNAL_SCRATCH, 0700) < 0 && errno != EEXIST)
		return err_fail(
			e, EX_CANTCREAT, errno, N_("cannot make a folder"), NULL, JOURNAL_SCRATCH);
	w->scratch = walk_open(w->dirfd, JOURNAL_SCRATCH, O_RDONLY | O_DIRECTORY, 0, NULL, e);
	if (w->scratch < 0)
		return -1;
	scratch_empty(w->scratch);
	w->fd = walk_open(w->scratch, OUT, O_RDWR | O_CREAT | O_EXCL, 0600, NULL, e);
	if (w->fd < 0)
		return -1;
	*ret = TAKE(w);
	return 0;
}

int
jwrite_fd(const struct jwrite *w)
{
	return w->fd;
}

struct jwrite *
jwrite_free(struct jwrite *w)
{
	if (!w)
		return NULL;
	fd_closep(&w->fd);
	if (w->scratch >= 0) {
		scratch_empty(w->scratch);
		(void)unlinkat(w->dirfd, JOURNAL_SCRATCH, AT_REMOVEDIR);
	}
	fd_closep(&w->scratch);
	fd_closep(&w->dirfd);
	free(w);
	return NULL;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* By ourselves: faster than journalctl, and of what it does not look at. */
static int
look_at_copy(struct jwrite *w, uint64_t n_stay, struct err *e)
{
	cleanup_fd int scratch = unnamed(w->dirfd, e);
	struct journal_map m;
	int rc;

	if (scratch < 0 || journal_map_open(w->fd, UINT32_MAX, &m, e) < 0)
		return -1;
	rc = journal_check(&m, scratch, e);
	if (rc == 0 && (le64toh(m.header.n_entries) != n_stay || m.header.state != JF_ARCHIVED))
		rc = err_fail(e, EX_SOFTWARE, 0, N_("a journal file was not copied whole"),
			N_("nothing was erased of it"), NULL);
	journal_map_release(&m);
	return rc < 0 ? -1 : journal_header(w->fd, &w->header);
}

/* What is found to be damaged is told, once, and is no failure. */
static int
told(struct jfile *f, const struct err *e)
{
	if (e->exit != EX_DATAERR)
		return -1;
	jfile_damaged(f, e->what);
	return 1;
}

int
jwrite_collect(struct jfile *f, int dirfd, const struct journal_judge *judge, bool always,
	struct jwrite **ret, struct journal_collected *ret_done, struct err *e)
{
	CLEANUP(journal_collect_freep) struct journal_collect *c = NULL;
	CLEANUP(jwrite_freep) struct jwrite *w = NULL;
	cleanup_fd int scratch = unnamed(dirfd, e);
	struct journal_collected done = { 0 };

	if (scratch < 0)
		return -1;
	if (journal_collect_new(jfile_map(f), scratch, &c, e) < 0 ||
		journal_collect_judge(c, judge, &done, e) < 0)
		return told(f, e);
	if (done.n_stay > 0 && (always || done.n_gone > 0)) {
		if (jwrite_begin(dirfd, &w, e) < 0)
			return -1;
		if (journal_collect_write(c, w->fd, e) < 0)
			return told(f, e);
		if (look_at_copy(w, done.n_stay, e) < 0)
			return told(f, e);
	}
	*ret = TAKE(w);
	*ret_done = done;
	return 0;
}

/* By it journald's vacuum judges the whole of an archive. Of one whose first entries are gone it must not be older
 * than those that it has now. */
static void
crtime_set(const struct jwrite *w, const struct journal_header *old)
{
	uint64_t made;

	if (fgetxattr(w->fd, CRTIME, &made, sizeof(made)) != sizeof(made) ||
		w->header.head_us <= old->head_us || le64toh(made) >= w->header.head_us)
		return;
	made = htole64(w->header.head_us);
	(void)fsetxattr(
		w->fd, CRTIME, &made, sizeof(made), 0); /* as it was: it is vacuumed earlier */
}

/* What journalctl does not pass is not put in the place of what it would; where it did not pass the old one
 * either, nobody can say whether the copy is good. */
static int
approve(const struct jwrite *w, struct jfile *f, struct err *e)
{
	int rc = journal_verify(w->fd, e);

	if (rc == 2)
		return 0; /* a newer systemd's file: we have looked at it ourselves */
	if (rc <= 0)
		return rc;
	rc = journal_verify(jfile_fd(f), e);
	if (rc > 0)
		jfile_damaged(f, "journalctl --verify does not pass it");
	return rc != 0 ? rc
		       : err_fail(e, EX_SOFTWARE, 0, N_("a journal file was not copied whole"),
				 N_("nothing was erased of it"), NULL);
}

int
jwrite_finish(
	struct jwrite *w, struct jfile *f, const struct stat *from, bool archive, struct err *e)
{
	const int rc = approve(w, f, e);

	if (rc != 0)
		return rc;
	if (file_dress(jfile_fd(f), from, w->fd, OUT, e) < 0)
		return -1;
	if (archive)
		crtime_set(w, jfile_header(f));
	return fsync(w->fd) == 0 ? 0
				 : err_fail(e, EX_IOERR, errno, N_("cannot write a journal file"),
					   N_("is the disk full?"), NULL);
}

int
jwrite_commit(struct jwrite *w, const char *name, bool replace, struct err *e)
{
	if (renameat2(w->scratch, OUT, w->dirfd, name, replace ? 0 : RENAME_NOREPLACE) < 0)
		return !replace && errno == EEXIST ? 1
						   : err_fail(e, EX_CANTCREAT, errno,
							     N_("cannot rename"), NULL, "%s", name);
	return fsync(w->dirfd) == 0 ? 0
				    : err_fail(e, EX_IOERR, errno, N_("cannot write the folder"),
					      NULL, "%s", name);
}

void
jwrite_name(const struct jwrite *w, const char *old, char *ret, size_t size)
{
	const char *at = strchr(old, '@');
	size_t n = at ? (size_t)(at - old) : 0;

	if (!at || n + 80 > size) {
		(void)snprintf(ret, size, "%s", old);
		return;
	}
	n = (size_t)snprintf(ret, size, "%.*s@", (int)n, old);
	for (size_t i = 0; i < sizeof(w->header.seqnum_id); i++)
		n += (size_t)snprintf(ret + n, size - n, "%02x", w->header.seqnum_id[i]);
	(void)snprintf(ret + n, size - n, "-%016llx-%016llx.journal",
		(unsigned long long)w->header.head_seqnum, (unsigned long long)w->header.head_us);
}
