/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/answer/pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <sodium.h>

#include "base/buf.h"

#define NAME_MAX_    256
#define MANIFEST_MAX (64u << 20)

struct pack {
	struct archive *zip;
	int64_t time_s;
	char name[NAME_MAX_]; /* of the member at hand */
	crypto_hash_sha256_state hash;
	struct buf manifest;
};

static int
failed(struct pack *p, struct err *e)
{
	const int errnum = archive_errno(p->zip);

	/* no words of libarchive's: they may quote a name */
	return err_fail(e, EX_IOERR, errnum > 0 ? errnum : 0, N_("cannot write the archive"),
		N_("make room; nothing was answered"), NULL);
}

int
pack_open(int fd, int64_t time_us, struct pack **ret, struct err *e)
{
	CLEANUP(pack_freep) struct pack *p = calloc(1, sizeof(*p));

	if (!p)
		return err_memory(e);
	buf_init(&p->manifest, MANIFEST_MAX);
	p->time_s = time_us / 1000000;
	p->zip = archive_write_new();
	if (!p->zip)
		return err_memory(e);
	if (archive_write_set_format_zip(p->zip) != ARCHIVE_OK ||
		archive_write_set_format_option(p->zip, "zip", "compression", "deflate") !=
			ARCHIVE_OK ||
		archive_write_set_bytes_in_last_block(p->zip, 1) != ARCHIVE_OK ||
		archive_write_open_fd(p->zip, fd) != ARCHIVE_OK)
		return failed(p, e);
	*ret = TAKE(p);
	return 0;
}

struct pack *
pack_free(struct pack *p)
{
	if (!p)
		return NULL;
	(void)archive_write_free(p->zip);
	buf_wipe(&p->manifest);
	free(p);
	return NULL;
}

int
pack_begin(struct pack *p, const char *name, struct err *e)
{
	struct archive_entry *entry = archive_entry_new();
	int rc;

	if (!entry)
		return err_memory(e);
	(void)snprintf(p->name, sizeof(p->name), "%s", name);
	archive_entry_set_pathname(entry, p->name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_mtime(entry, p->time_s, 0);
	rc = archive_write_header(p->zip, entry);
	archive_entry_free(entry);
	if (rc != ARCHIVE_OK)
		return failed(p, e);
	(void)crypto_hash_sha256_init(&p->hash);
	return 0;
}

int
pack_write(struct pack *p, struct span bytes, struct err *e)
{
	(void)crypto_hash_sha256_update(&p->hash, (const unsigned char *)bytes.p, bytes.len);
	while (bytes.len > 0) {
		const la_ssize_t n = archive_write_data(p->zip, bytes.p, bytes.len);

		if (n <= 0)
			return failed(p, e);
		bytes = span_from(bytes, (size_t)n);
	}
	return 0;
}

int
pack_end(struct pack *p, struct err *e)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char text[2 * sizeof(hash) + 1];

	if (archive_write_finish_entry(p->zip) != ARCHIVE_OK)
		return failed(p, e);
	(void)crypto_hash_sha256_final(&p->hash, hash);
	(void)sodium_bin2hex(text, sizeof(text), hash, sizeof(hash));
	buf_printf(&p->manifest, "%s  %s\n", text, p->name);
	return p->manifest.failed ? err_memory(e) : 0;
}

int
pack_member(struct pack *p, const char *name, struct span bytes, struct err *e)
{
	return pack_begin(p, name, e) < 0 || pack_write(p, bytes, e) < 0 ? -1 : pack_end(p, e);
}

int
pack_finish(struct pack *p, struct err *e)
{
	const struct span manifest = span_of(p->manifest.p, p->manifest.len);

	if (pack_begin(p, "manifest.txt", e) < 0 || pack_write(p, manifest, e) < 0)
		return -1;
	if (archive_write_finish_entry(p->zip) != ARCHIVE_OK ||
		archive_write_close(p->zip) != ARCHIVE_OK)
		return failed(p, e);
	return 0;
}
