/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The new file is made beside the old one, gets all that belongs to it but the name, and takes the
 * name by rename(2), which is all or nothing. Data are on disk before the name points at them, and
 * the folder before the caller hears that it is done. The old one is set aside (replace_aside.c) until
 * nobody writes to it any more.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/acl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file/replace-private.h"
#include "base/file/walk.h"

#define XATTR_MAX (64u << 10) /* Linux's own limit for a list and for a value */

#define EXT4_MAGIC 0xef53
#define XFS_MAGIC  0x58465342

struct replace {
	int dirfd; /* our own descriptor of the folder */
	int old_fd, new_fd;
	char *name, *temporary;
	struct stat old;
	struct replace_folder *clean; /* or NULL */
	bool made;                    /* the temporary is there */
};

static int
failed(const char *name, const char *what, struct err *e)
{
	const int exit = errno == EACCES || errno == EPERM ? EX_NOPERM : EX_CANTCREAT;

	return err_fail(e, exit, errno, what, NULL, "%s", name);
}

static int
replace_failed(const struct replace *r, const char *what, struct err *e)
{
	return failed(r->name, what, e);
}

static int
old_open(struct replace *r, struct err *e)
{
	r->old_fd = walk_open(r->dirfd, r->name, O_RDONLY, 0, &r->old, e);
	if (r->old_fd < 0)
		return -1;
	if (r->old.st_nlink != 1)
		return err_fail(e, EX_NOPERM, 0, N_("will not replace a file with several links"),
			NULL, "%s", r->name);
	/* two of us would take each other's temporary file for their own */
	if (flock(r->old_fd, LOCK_EX | LOCK_NB) < 0)
		return err_fail(e, EX_TEMPFAIL, errno, N_("another program has locked the file"),
			N_("try again"), "%s", r->name);
	return replace_writer_check(r->old_fd, r->name, e);
}

static int
temporary_open(struct replace *r, struct err *e)
{
	r->new_fd = walk_open(r->dirfd, r->temporary, O_RDWR | O_CREAT | O_EXCL, 0600, NULL, e);
	if (r->new_fd < 0)
		return -1;
	r->made = true;
	(void)flock(r->new_fd, LOCK_EX | LOCK_NB); /* not one of a killed run: replace_finish() */
	return 0;
}

/* Looked for once in each folder: in one of a thousand logs, each of which is replaced, it would be a
 * million names. */
static int
left_finish(struct replace *r, struct err *e)
{
	struct stat st;
	int rc;

	if (fstat(r->dirfd, &st) < 0)
		return replace_failed(r, N_("cannot open the folder"), e);
	if (r->clean && r->clean->dev == st.st_dev && r->clean->ino == st.st_ino)
		return 0;
	rc = replace_finish_all(r->dirfd, r->name, e);
	if (rc == 0 && r->clean)
		*r->clean = (struct replace_folder){ st.st_dev, st.st_ino };
	return rc < 0 ? -1 : 0;
}

/* Another program may have been killed since. */
static int
temporary_open_anew(struct replace *r, struct err *e)
{
	if (temporary_open(r, e) == 0)
		return 0;
	if (e->errnum != EEXIST || replace_finish(r->dirfd, r->temporary, e) < 0)
		return -1;
	return temporary_open(r, e);
}

int
replace_begin(int dirfd, const char *name, struct replace_folder *clean, struct replace **ret,
	struct err *e)
{
	CLEANUP(replace_freep) struct replace *r = NULL;

	if (strchr(name, '/'))
		return err_fail(e, EX_NOINPUT, 0, N_("not the name of a file"), NULL, "%s", name);
	r = calloc(1, sizeof(*r));
	if (!r)
		return err_memory(e);
	*r = (struct replace){
		.dirfd = -1, .old_fd = -1, .new_fd = -1, .name = strdup(name), .clean = clean
	};
	if (!r->name || asprintf(&r->temporary, ".%s.sparsam-new", name) < 0) {
		r->temporary = NULL;
		return err_memory(e);
	}
	/* for fsync(), which wants more than a place */
	r->dirfd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->dirfd < 0)
		return replace_failed(r, N_("cannot open the folder"), e);
	if (left_finish(r, e) < 0 || old_open(r, e) < 0 || temporary_open_anew(r, e) < 0)
		return -1;
	*ret = TAKE(r);
	return 0;
}

int
replace_old_fd(const struct replace *r)
{
	return r->old_fd;
}

int
replace_new_fd(const struct replace *r)
{
	return r->new_fd;
}

static int
acl_copy(int from_fd, int to_fd)
{
	acl_t acl = acl_get_fd(from_fd);
	int rc;

	if (!acl)
		return errno == ENOTSUP ? 0 : -1;
	rc = acl_set_fd(to_fd, acl);
	(void)acl_free(acl);
	return rc;
}

/* What tells of the old content must not stand beside the new one. */
static bool
xattr_goes_along(const char *name)
{
	return strncmp(name, "system.posix_acl_", 17) != 0 && strcmp(name, "security.ima") != 0 &&
	       strcmp(name, "security.evm") != 0;
}

static int
xattr_copy(int from_fd, int to_fd, const char *name)
{
	cleanup_mem char *value = malloc(XATTR_MAX);
	ssize_t n;

	if (!value)
		return -1;
	n = fgetxattr(from_fd, name, value, XATTR_MAX);
	if (n < 0)
		return errno == ENODATA ? 0 : -1;
	if (fsetxattr(to_fd, name, value, (size_t)n, 0) == 0)
		return 0;
	/* labels that the system sets by itself, and only it may */
	return strncmp(name, "security.", 9) == 0 || strncmp(name, "trusted.", 8) == 0 ? 0 : -1;
}

static int
xattrs_copy(int from_fd, int to_fd)
{
	cleanup_mem char *names = malloc(XATTR_MAX);
	ssize_t n;

	if (!names)
		return -1;
	n = flistxattr(from_fd, names, XATTR_MAX);
	if (n < 0)
		return errno == ENOTSUP ? 0 : -1;
	for (const char *p = names; p < names + n; p += strlen(p) + 1) {
		if (xattr_goes_along(p) && xattr_copy(from_fd, to_fd, p) < 0)
			return -1;
	}
	return 0;
}

/* The owner comes before the mode, since chown(2) takes set-id bits away; the ACL after the mode,
 * which would change its mask; the times last. */
int
file_dress(int from_fd, const struct stat *from, int to_fd, const char *name, struct err *e)
{
	const struct timespec times[] = { from->st_atim, from->st_mtim };

	if (fchown(to_fd, from->st_uid, from->st_gid) < 0)
		return failed(name, N_("cannot keep the owner"), e);
	if (fchmod(to_fd, from->st_mode & 07777) < 0)
		return failed(name, N_("cannot keep the mode"), e);
	if (acl_copy(from_fd, to_fd) < 0)
		return failed(name, N_("cannot keep the ACL"), e);
	if (xattrs_copy(from_fd, to_fd) < 0)
		return failed(name, N_("cannot keep the extended attributes"), e);
	if (futimens(to_fd, times) < 0)
		return failed(name, N_("cannot keep the times"), e);
	return 0;
}

static bool
is_named(const struct replace *r, const char *name, const struct stat *st)
{
	struct stat named;

	return fstatat(r->dirfd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       named.st_dev == st->st_dev && named.st_ino == st->st_ino;
}

/* Are both names still the files that we have open, and the old one as it was? */
static int
names_check(const struct replace *r, struct err *e)
{
	struct stat old, new;

	if (fstat(r->old_fd, &old) < 0 || fstat(r->new_fd, &new) < 0)
		return replace_failed(r, N_("cannot look at the file again"), e);
	if (is_named(r, r->name, &r->old) && is_named(r, r->temporary, &new) &&
		old.st_size == r->old.st_size && old.st_mtim.tv_sec == r->old.st_mtim.tv_sec &&
		old.st_mtim.tv_nsec == r->old.st_mtim.tv_nsec)
		return 0;
	return err_fail(e, EX_TEMPFAIL, 0, N_("the file has changed meanwhile"), N_("try again"),
		"%s", r->name);
}

/* The new file takes the name, and the old one the name of what was set aside, in one step: whatever
 * ends us, a line that comes to the old one is found. */
static int
exchange(struct replace *r, bool *ret_aside, struct err *e)
{
	char aside[NAME_MAX + 1];
	char *name;

	*ret_aside = false;
	if (!replace_aside_name(r->name, &r->old, aside) || !(name = strdup(aside)))
		return 0;
	if (renameat(r->dirfd, r->temporary, r->dirfd, name) < 0) {
		free(name);
		return replace_failed(r, N_("cannot rename"), e);
	}
	free(r->temporary);
	r->temporary = name;
	if (renameat2(r->dirfd, name, r->dirfd, r->name, RENAME_EXCHANGE) < 0)
		return 0; /* a file system without it: NFS, some of FUSE */
	*ret_aside = is_named(r, name, &r->old);
	if (*ret_aside)
		return 0;
	/* somebody has put another file there since it was looked at: it is not ours to replace */
	if (renameat2(r->dirfd, name, r->dirfd, r->name, RENAME_EXCHANGE) < 0)
		return replace_failed(r, N_("cannot rename"), e);
	return err_fail(e, EX_TEMPFAIL, 0, N_("the file has changed meanwhile"), N_("try again"),
		"%s", r->name);
}

/* Who opened the name a moment before it was the new file's writes to the old one, and closes it
 * soon: otherwise it would have been there when we looked. Where nothing could be set aside, what was
 * written has to be taken now. */
static int
late_writer_wait(const struct replace *r, struct err *e)
{
	struct stat old;
	int rc = replace_writer_wait(r->old_fd, r->name, e);

	if (fstat(r->old_fd, &old) < 0)
		return replace_failed(r, N_("cannot look at the file again"), e);
	if (old.st_size > r->old.st_size && replace_tail_append(r->old_fd, r->new_fd,
						    r->old.st_size, old.st_size, r->name, e) < 0)
		return -1;
	return rc;
}

int
replace_commit(struct replace *r, struct err *e)
{
	bool aside;

	if (file_dress(r->old_fd, &r->old, r->new_fd, r->name, e) < 0)
		return -1;
	if (fsync(r->new_fd) < 0)
		return replace_failed(r, N_("cannot write"), e);
	if (replace_writer_check(r->old_fd, r->name, e) < 0 || names_check(r, e) < 0 ||
		exchange(r, &aside, e) < 0)
		return -1;
	if (!aside && renameat(r->dirfd, r->temporary, r->dirfd, r->name) < 0)
		return replace_failed(r, N_("cannot rename"), e);
	r->made = false;
	if (fsync(r->dirfd) < 0)
		return replace_failed(r, N_("cannot write the folder"), e);
	if (aside && replace_aside_end(r->dirfd, r->temporary, r->old_fd, e) < 0) {
		if (r->clean)
			r->clean->ino = 0;
		return -1;
	}
	return aside ? 0 : late_writer_wait(r, e);
}

struct replace *
replace_free(struct replace *r)
{
	if (!r)
		return NULL;
	if (r->made)
		(void)unlinkat(r->dirfd, r->temporary, 0); /* the next run removes it, too */
	fd_closep(&r->old_fd);
	fd_closep(&r->new_fd);
	fd_closep(&r->dirfd);
	free(r->name);
	free(r->temporary);
	free(r);
	return NULL;
}

bool
file_collapses(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (fs.f_type == EXT4_MAGIC || fs.f_type == XFS_MAGIC);
}
