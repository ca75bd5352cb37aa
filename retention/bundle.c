/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "retention/bundle.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <sodium.h>

#include "base/buf.h"
#include "evidence/ledger.h"
#include "evidence/sign.h"
#include "retention/session.h"

static const char readme[] =
	"How to check this ledger without any program of sparsam\n\n"
	"1. The signature: is the newest entry the one that the node has signed?\n"
	"     gpg --import key.asc; gpg --verify head.asc head.txt\n"
	"   The fingerprint must be the one that you were given when the node was set up.\n\n"
	"2. The chain: does each entry hash, and name the one before it?\n"
	"     prev=$(printf '%064d' 0); n=0\n"
	"     sqlite3 -separator ' ' ledger.db 'SELECT seq, hash, prev FROM entry ORDER BY seq' |\n"
	"     while read -r seq hash was; do\n"
	"       n=$((n + 1)); [ $seq = $n ] && [ $was = $prev ] || echo \"gap at $seq\"\n"
	"       got=$(sqlite3 ledger.db \"SELECT 'sparsam-ledger-1' || char(10) || seq || char(10) || prev\n"
	"         || char(10) || time || char(10) || kind || char(10) || data FROM entry WHERE seq = $seq\" |\n"
	"         sha256sum | cut -d' ' -f1)\n"
	"       [ $got = $hash ] || echo \"edited: $seq\"\n"
	"       prev=$hash\n"
	"     done\n\n"
	"3. The end: head.txt names the newest entry that is signed, and an older head that you kept must\n"
	"   still be in the table `head` with the same hash: otherwise the ledger was cut or made anew.\n";

static const struct bundle_member members[] = { { "ledger.db", SPAN_NONE },
	{ "key.asc", SPAN_NONE }, { "head.txt", SPAN_NONE }, { "head.asc", SPAN_NONE },
	{ "README", SPAN_NONE } };
#define N_MEMBERS (sizeof(members) / sizeof(members[0]))

int
scratch_make(char ret[64], struct err *e)
{
	(void)snprintf(ret, 64, "%.40s/sparsam.XXXXXX",
		access("/run/sparsam", W_OK) == 0 ? "/run/sparsam" : "/tmp");
	if (!mkdtemp(ret))
		return err_fail(
			e, EX_CANTCREAT, errno, N_("cannot make a folder"), NULL, "%s", ret);
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	(void)flag;
	(void)f;
	return remove(path);
}

void
scratch_remove(const char *path)
{
	(void)nftw(path, remove_one, 16,
		FTW_DEPTH | FTW_PHYS); /* what is left is in /tmp, mode 0700 */
}

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
bundle_read_file(const char *path, struct buf *out, struct err *e)
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

struct newest {
	struct buf text, signature;
};

static int
see_head(void *ctx, const struct ledger_head *h, struct err *e)
{
	struct newest *n = ctx;
	char hash[2 * LEDGER_HASH_LEN + 1];

	buf_clear(&n->text);
	buf_clear(&n->signature);
	(void)sodium_bin2hex(hash, sizeof(hash), h->hash, LEDGER_HASH_LEN);
	buf_printf(&n->text, "sparsam-head-1 %" PRIu64 " %s\n", h->seq, hash);
	buf_span(&n->signature, h->signature);
	return n->text.failed || n->signature.failed ? err_memory(e) : 0;
}

static int
pack_into(struct archive *a, int fd, const char *path, const struct bundle_member *m, size_t n,
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
bundle_pack(
	const char *path, const struct bundle_member *m, size_t n, int64_t now_us, struct err *e)
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

static int
write_from(struct session *s, const char *scratch, const char *path, struct err *e)
{
	struct newest head;
	struct buf db, key;
	char copy[96];
	int rc;

	buf_init(&head.text, 4096);
	buf_init(&head.signature, 64u << 10);
	buf_init(&db, BUNDLE_FILE_MAX);
	buf_init(&key, 64u << 10);
	(void)snprintf(copy, sizeof(copy), "%s/ledger.db", scratch);
	rc = ledger_copy(s->ledger, copy, e);
	if (rc == 0)
		rc = bundle_read_file(copy, &db, e);
	if (rc == 0)
		rc = ledger_heads(s->ledger, see_head, &head, e);
	if (rc == 0)
		rc = sign_export(s->sign, &key, e);
	const struct bundle_member all[] = { { "ledger.db", span_of(db.p, db.len) },
		{ "key.asc", span_of(key.p, key.len) },
		{ "head.txt", span_of(head.text.p, head.text.len) },
		{ "head.asc", span_of(head.signature.p, head.signature.len) },
		{ "README", span_str(readme) } };
	if (rc == 0)
		rc = bundle_pack(path, all, N_MEMBERS, s->now_us, e);
	buf_release(&head.text);
	buf_release(&head.signature);
	buf_release(&db);
	buf_release(&key);
	return rc;
}

int
bundle_write(struct session *s, const char *path, struct err *e)
{
	char scratch[64];
	int rc;

	if (scratch_make(scratch, e) < 0)
		return -1;
	rc = write_from(s, scratch, path, e);
	scratch_remove(scratch);
	return rc;
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool
is_member(const struct bundle_member *m, size_t n, const char *name)
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
		N_("give a file that `retention export-ledger` has written"), "%s", path);
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
bundle_unpack_these(const char *path, const char *into, const struct bundle_member *m,
	size_t n_members, struct err *e)
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
			archive_entry_size(en) > BUNDLE_FILE_MAX)
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

int
bundle_unpack(const char *path, const char *into, struct err *e)
{
	return bundle_unpack_these(path, into, members, N_MEMBERS, e);
}
