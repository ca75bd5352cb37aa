/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file/input.h"
#include "base/file/whole.h"

struct output {
	int fd;
	struct archive *pack; /* or NULL: plain */
	int errnum;           /* of the write that failed; from then on nothing is written */
};

static int
write_all(struct output *o, const char *p, size_t n)
{
	if (whole_write(o->fd, span_of(p, n)) == 0)
		return 0;
	o->errnum = errno;
	return -1;
}

/* libarchive (3.6.2) leaks what it has once it knows of a failure: it is told of none, and we ask
 * errnum. */
static la_ssize_t
pack_write(struct archive *a, void *ctx, const void *p, size_t n)
{
	struct output *o = ctx;

	(void)a;
	if (o->errnum == 0)
		(void)write_all(o, p, n);
	return (la_ssize_t)n;
}

static int
write_failed(const struct output *o, struct err *e)
{
	return err_fail(
		e, o->errnum ? EX_IOERR : EX_OSERR, o->errnum, N_("cannot write"), NULL, NULL);
}

/* A "raw" archive is one file's bytes without any frame but the filter's. */
static int
pack_begin(struct output *o, const char *filter)
{
	struct archive *a = o->pack;
	struct archive_entry *entry;
	int r;

	if (archive_write_add_filter_by_name(a, filter) != ARCHIVE_OK ||
		archive_write_set_format_raw(a) != ARCHIVE_OK ||
		archive_write_set_bytes_in_last_block(a, 1) != ARCHIVE_OK)
		return -1;
	/* the time of packing is nobody's business; other filters know no such option */
	(void)archive_write_set_filter_option(a, "gzip", "timestamp", NULL);
	entry = archive_entry_new();
	if (!entry)
		return -1;
	archive_entry_set_filetype(entry, AE_IFREG);
	r = archive_write_open(a, o, NULL, pack_write, NULL);
	if (r == ARCHIVE_OK)
		r = archive_write_header(a, entry);
	archive_entry_free(entry);
	return r == ARCHIVE_OK ? 0 : -1;
}

int
output_open(int fd, const char *filter, struct output **ret, struct err *e)
{
	CLEANUP(output_freep) struct output *o = calloc(1, sizeof(*o));

	if (!o)
		return err_memory(e);
	o->fd = fd;
	if (*filter) {
		o->pack = archive_write_new();
		if (!o->pack)
			return err_memory(e);
		if (pack_begin(o, filter) < 0)
			return write_failed(o, e);
	}
	*ret = TAKE(o);
	return 0;
}

int
output_write(struct output *o, const void *p, size_t n, struct err *e)
{
	if (!o->pack)
		return write_all(o, p, n) < 0 ? write_failed(o, e) : 0;
	while (n > 0) {
		const la_ssize_t w = archive_write_data(o->pack, p, n);

		if (w <= 0 || o->errnum != 0)
			return write_failed(o, e);
		p = (const char *)p + w;
		n -= (size_t)w;
	}
	return 0;
}

int
output_finish(struct output *o, struct err *e)
{
	if (o->pack && (archive_write_close(o->pack) != ARCHIVE_OK || o->errnum != 0))
		return write_failed(o, e);
	return 0;
}

struct output *
output_free(struct output *o)
{
	if (!o)
		return NULL;
	/* freeing closes, and closing would write a trailer, as if all were there */
	o->errnum = ECANCELED;
	(void)archive_write_free(o->pack); /* NULL is fine */
	free(o);
	return NULL;
}
