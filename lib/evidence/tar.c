/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "evidence/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file/walk.h"
#include "base/file/whole.h"
#include "record/timestamp.h"

/* --- writing ---------------------------------------------------------------------------------- */

static int
archive_fail(struct archive *a, const char *path, struct err *e)
{
	return err_fail(e, EX_IOERR, archive_errno(a), N_("cannot write"), NULL, "%s", path);
}

static int
put_member(struct archive *a, const char *name, struct span bytes, int64_t now_us, const char *path,
	struct err *e)
{
	struct archive_entry *en = archive_entry_new();
	int rc = 0;

	if (!en)
		return err_memory(e);
	archive_entry_set_pathname(en, name);
	archive_entry_set_filetype(en, AE_IFREG);
	archive_entry_set_perm(en, 0640);
	archive_entry_set_mtime(en, now_us / 1000000, 0);
	archive_entry_set_size(en, (la_int64_t)bytes.len);
	if (archive_write_header(a, en) != ARCHIVE_OK ||
		archive_write_data(a, bytes.p, bytes.len) != (la_ssize_t)bytes.len)
		rc = archive_fail(a, path, e);
	archive_entry_free(en);
	return rc;
}

int
tar_read_file(const char *path, struct buf *out, struct err *e)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return err_fail(e, EX_NOINPUT, errno, N_("cannot open"), NULL, "%s", path);
	do {
		if (!buf_room(out, 64u << 10))
			return err_memory(e);
		n = read(fd, out->p + out->len, 64u << 10);
		out->len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	return n < 0 ? err_fail(e, EX_IOERR, errno, N_("cannot read"), NULL, "%s", path) : 0;
}

static int
pack_into(struct archive *a, int fd, const char *path, const struct tar_member *m, size_t n,
	int64_t now_us, struct err *e)
{
	if (archive_write_set_format_ustar(a) != ARCHIVE_OK ||
		archive_write_open_fd(a, fd) != ARCHIVE_OK)
		return archive_fail(a, path, e);
	for (size_t i = 0; i < n; i++)
		if (put_member(a, m[i].name, m[i].bytes, now_us, path, e) < 0)
			return -1;
	if (archive_write_close(a) != ARCHIVE_OK || fsync(fd) < 0)
		return archive_fail(a, path, e);
	return 0;
}

int
tar_pack(const char *path, const struct tar_member *m, size_t n, int64_t now_us, struct err *e)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	struct archive *a;
	int rc;

	if (fd < 0)
		return err_fail(
			e, EX_CANTCREAT, errno, N_("cannot make the bundle"), NULL, "%s", path);
	a = archive_write_new();
	rc = a ? pack_into(a, fd, path, m, n, now_us, e) : err_memory(e);
	archive_write_free(a);
	if (rc < 0)
		(void)unlink(path); /* half a bundle serves nobody */
	return rc;
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool
is_member(const struct tar_member *m, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(m[i].name, name) == 0)
			return true;
	return false;
}

static int
not_a_bundle(const char *path, struct err *e)
{
	return err_fail(e, EX_DATAERR, 0, N_("not a bundle"),
		N_("give a file that this program has written"), "%s", path);
}

static int
take_member(struct archive *a, const char *into, const char *name, const char *path, struct err *e)
{
	char target[128];
	cleanup_fd int fd = -1;

	(void)snprintf(target, sizeof(target), "%s/%s", into, name);
	fd = open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EEXIST ? not_a_bundle(path, e)
				       : err_fail(e, EX_CANTCREAT, errno, N_("cannot make a file"),
						 NULL, "%s", target);
	return archive_read_data_into_fd(a, fd) == ARCHIVE_OK ? 0 : not_a_bundle(path, e);
}

int
tar_unpack(const char *path, const char *into, const struct tar_member *m, size_t n_members,
	struct err *e)
{
	struct archive *a = archive_read_new();
	struct archive_entry *en;
	size_t n = 0;
	int rc = 0, got;

	if (!a)
		return err_memory(e);
	(void)archive_read_support_format_tar(a);
	if (access(path, R_OK) < 0)
		rc = err_fail(e, EX_NOINPUT, errno, N_("cannot open"), NULL, "%s", path);
	else if (archive_read_open_filename(a, path, 64u << 10) != ARCHIVE_OK)
		rc = not_a_bundle(path, e);
	while (rc == 0 && (got = archive_read_next_header(a, &en)) != ARCHIVE_EOF) {
		if (got != ARCHIVE_OK || archive_entry_filetype(en) != AE_IFREG ||
			!is_member(m, n_members, archive_entry_pathname(en)) ||
			archive_entry_size(en) > TAR_FILE_MAX)
			rc = not_a_bundle(path, e);
		else
			rc = take_member(a, into, archive_entry_pathname(en), path, e);
		n++;
	}
	if (rc == 0 && n != n_members)
		rc = not_a_bundle(path, e);
	archive_read_free(a);
	return rc;
}

/* --- back to its place ------------------------------------------------------------------------ */

static bool
is_there_no_more(const char *path)
{
	return unlink(path) == 0 || errno == ENOENT;
}

static bool
is_moved(const char *path, const char *to)
{
	return rename(path, to) == 0 || errno == ENOENT;
}

static int
write_synced(const char *path, mode_t mode, struct span bytes)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	return fd < 0 || whole_write(fd, bytes) < 0 || fsync(fd) < 0 ? -1 : 0;
}

static int
folder_sync(const char *path, struct err *e)
{
	const char *name;
	cleanup_fd int dir = walk_open_parent(path, &name, e);

	if (dir < 0)
		return -1;
	if (fsync(dir) < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot write"), NULL, "%s", path);
	return 0;
}

int
tar_put_back(const char *from, const char *path, mode_t mode, int64_t aside_us, struct err *e)
{
	cleanup_mem char *new = NULL, *old = NULL, *journal = NULL, *old_journal = NULL;
	struct buf bytes;
	char time[28];
	int rc;

	timestamp_format(aside_us, time);
	if (asprintf(&new, "%s.new", path) < 0 || asprintf(&journal, "%s-journal", path) < 0 ||
		asprintf(&old, "%s.damaged-%.19sZ", path, time) < 0 ||
		asprintf(&old_journal, "%s-journal", old) < 0)
		return err_memory(e);
	buf_init(&bytes, TAR_FILE_MAX);
	rc = tar_read_file(from, &bytes, e);
	if (rc == 0 && (!is_there_no_more(new) || /* of a restore that was cut short */
			       write_synced(new, mode, span_of(bytes.p, bytes.len)) < 0 ||
			       (aside_us != 0 &&
				       (!is_moved(path, old) || !is_moved(journal, old_journal))) ||
			       !is_there_no_more(journal) || rename(new, path) < 0))
		rc = err_fail(e, EX_CANTCREAT, errno, N_("cannot restore"), NULL, "%s", path);
	buf_wipe(&bytes);
	return rc == 0 ? folder_sync(path, e) : -1;
}
