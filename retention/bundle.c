/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "retention/bundle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <sodium.h>

#include "base/buf.h"
#include "base/file/scratch.h"
#include "evidence/ledger.h"
#include "evidence/sign.h"
#include "evidence/tar.h"
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

static const struct tar_member members[] = { { "ledger.db", SPAN_NONE }, { "key.asc", SPAN_NONE },
	{ "head.txt", SPAN_NONE }, { "head.asc", SPAN_NONE }, { "README", SPAN_NONE } };
#define N_MEMBERS (sizeof(members) / sizeof(members[0]))

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
write_from(struct session *s, const char *scratch, const char *path, struct err *e)
{
	struct newest head;
	struct buf db, key;
	char copy[96];
	int rc;

	buf_init(&head.text, 4096);
	buf_init(&head.signature, 64u << 10);
	buf_init(&db, TAR_FILE_MAX);
	buf_init(&key, 64u << 10);
	(void)snprintf(copy, sizeof(copy), "%s/ledger.db", scratch);
	rc = ledger_copy(s->ledger, copy, e);
	if (rc == 0)
		rc = tar_read_file(copy, &db, e);
	if (rc == 0)
		rc = ledger_heads(s->ledger, see_head, &head, e);
	if (rc == 0)
		rc = sign_export(s->sign, &key, e);
	const struct tar_member all[] = { { "ledger.db", span_of(db.p, db.len) },
		{ "key.asc", span_of(key.p, key.len) },
		{ "head.txt", span_of(head.text.p, head.text.len) },
		{ "head.asc", span_of(head.signature.p, head.signature.len) },
		{ "README", span_str(readme) } };
	if (rc == 0)
		rc = tar_pack(path, all, N_MEMBERS, s->now_us, e);
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

int
bundle_unpack(const char *path, const char *into, struct err *e)
{
	return tar_unpack(path, into, members, N_MEMBERS, e);
}
