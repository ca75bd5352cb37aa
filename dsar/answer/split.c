/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/answer/split.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/cleanup.h"
#include "dsar/answer/pack.h"

#define BLOCK    65536
#define MANIFEST "manifest.txt" /* each part has its own */

struct splitting {
	const char *spool;
	uint64_t max;
	struct split *ret;
	struct archive *from;
	int trial;     /* where a member is packed alone, to see how large it becomes */
	uint64_t used; /* of the last part */
};

static int
cannot_read(struct err *e)
{
	return err_fail(e, EX_DATAERR, 0, N_("what is too large for a mail is no archive"),
		N_("see `mail_max` in the section dsar, or give it another way"), NULL);
}

/* At the archive's begin. */
static int
from_open(struct splitting *s, int fd, struct err *e)
{
	if (s->from)
		(void)archive_read_free(s->from);
	s->from = archive_read_new();
	if (!s->from)
		return err_memory(e);
	if (lseek(fd, 0, SEEK_SET) < 0 ||
		archive_read_support_format_zip_seekable(s->from) != ARCHIVE_OK ||
		archive_read_open_fd(s->from, fd, BLOCK) != ARCHIVE_OK)
		return cannot_read(e);
	return 0;
}

/* The next member but the manifest. 1: there is none. */
static int
from_next(struct splitting *s, struct archive_entry **ret, struct err *e)
{
	int rc;

	do {
		rc = archive_read_next_header(s->from, ret);
		if (rc == ARCHIVE_EOF)
			return 1;
		if (rc != ARCHIVE_OK || !archive_entry_pathname(*ret))
			return cannot_read(e);
	} while (strcmp(archive_entry_pathname(*ret), MANIFEST) == 0);
	return 0;
}

static int
member_copy(struct splitting *s, struct archive_entry *entry, struct pack *to, struct err *e)
{
	char block[BLOCK];
	la_ssize_t n;

	if (pack_begin(to, archive_entry_pathname(entry), e) < 0)
		return -1;
	while ((n = archive_read_data(s->from, block, sizeof(block))) > 0)
		if (pack_write(to, span_of(block, (size_t)n), e) < 0)
			return -1;
	return n < 0 ? cannot_read(e) : pack_end(to, e);
}

/* --- sizes ------------------------------------------------------------------------------------ */

/* Alone, with a manifest: together they need less. */
static int
member_size(struct splitting *s, struct archive_entry *entry, uint64_t *ret, struct err *e)
{
	CLEANUP(pack_freep) struct pack *pack = NULL;
	struct stat st;

	if (ftruncate(s->trial, 0) < 0 || lseek(s->trial, 0, SEEK_SET) < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot make a file"), NULL, "%s", s->spool);
	if (pack_open(s->trial, 0, &pack, e) < 0 || member_copy(s, entry, pack, e) < 0 ||
		pack_finish(pack, e) < 0)
		return -1;
	if (fstat(s->trial, &st) < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot make a file"), NULL, "%s", s->spool);
	*ret = (uint64_t)st.st_size;
	return 0;
}

static int
part_add(struct splitting *s, struct err *e)
{
	struct split *r = s->ret;

	if (r->n == SPLIT_MAX)
		return err_fail(e, EX_DATAERR, 0, N_("the answer is too large for a mail"),
			N_("see `mail_max` in the section dsar, or give it another way"), NULL);
	r->part[r->n] = (struct split_part){ .fd = -1 };
	r->n++;
	s->used = 0;
	return 0;
}

static int
member_place(struct splitting *s, uint64_t size, struct err *e)
{
	if (size > s->max)
		return err_fail(e, EX_DATAERR, 0,
			N_("a file of the answer is too large for a mail"),
			N_("see `mail_max` in the section dsar, or give it another way"), NULL);
	if ((s->ret->n == 0 || s->used + size > s->max) && part_add(s, e) < 0)
		return -1;
	s->used += size;
	s->ret->part[s->ret->n - 1].n_files++;
	return 0;
}

static int
places_find(struct splitting *s, int fd, int64_t *ret_time_us, struct err *e)
{
	struct archive_entry *entry;
	uint64_t size;
	int rc = from_open(s, fd, e);

	while (rc == 0 && (rc = from_next(s, &entry, e)) == 0) {
		*ret_time_us = (int64_t)archive_entry_mtime(entry) * 1000000;
		if (member_size(s, entry, &size, e) < 0 || member_place(s, size, e) < 0)
			return -1;
	}
	return rc < 0 ? -1 : 0;
}

/* --- parts ------------------------------------------------------------------------------------ */

/* From where S->from stands. */
static int
part_write(struct splitting *s, struct split_part *part, int64_t time_us, struct err *e)
{
	CLEANUP(pack_freep) struct pack *pack = NULL;
	struct archive_entry *entry;

	part->fd = open(s->spool, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (part->fd < 0)
		return err_fail(
			e, EX_CANTCREAT, errno, N_("cannot make a file"), NULL, "%s", s->spool);
	if (pack_open(part->fd, time_us, &pack, e) < 0)
		return -1;
	for (unsigned i = 0; i < part->n_files; i++)
		if (from_next(s, &entry, e) != 0 || member_copy(s, entry, pack, e) < 0)
			return -1;
	if (pack_finish(pack, e) < 0)
		return -1;
	return made_hash_file(part->fd, part->hash, &part->len, e);
}

int
split_archive(int fd, const char *spool, uint64_t max, struct split *ret, struct err *e)
{
	cleanup_fd int trial = open(spool, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct splitting s = { .spool = spool, .max = max, .ret = ret, .trial = trial };
	int64_t time_us = 0;
	int rc;

	*ret = (struct split){ .part = calloc(SPLIT_MAX, sizeof(*ret->part)) };
	if (!ret->part)
		return err_memory(e);
	if (trial < 0)
		return err_fail(
			e, EX_CANTCREAT, errno, N_("cannot make a file"), NULL, "%s", spool);
	rc = places_find(&s, fd, &time_us, e);
	if (rc == 0)
		rc = from_open(&s, fd, e);
	for (size_t i = 0; rc == 0 && i < ret->n; i++)
		rc = part_write(&s, &ret->part[i], time_us, e);
	if (s.from)
		(void)archive_read_free(s.from);
	return rc;
}

void
split_release(struct split *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->part[i].fd >= 0)
			(void)close(s->part[i].fd);
	free(s->part);
	*s = (struct split){ 0 };
}
