/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_openpgp_status.c - what gpg says of signatures, and of the key that made them: status lines and a listing by colons, which
 * carry words of strangers (user ids, notations, names of files)
 *
 * A gpg of our own says what the input stands for: signatures with their verdicts, as gpg writes them, with any words in them,
 * escaped as gpg does. (gpgme believes gpg: other lines, or in another order, end it.) A signature is good only where it is the
 * only one, its verdict is GOODSIG, its key the one in the listing, and its hash not weak. Each input costs three processes, so
 * that a run of this one is shorter (tests/fuzz/run).
 */
#include <fcntl.h>
#include <gpgme.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file/scratch.h"
#include "dsar/openpgp/openpgp-private.h"

#define CHECK(x)                                                                                   \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* "--status-fd N" as gpgme gives it; a listing goes to standard output. */
static const char stub[] = "#!/bin/sh\n"
			   "here=${0%/*}\n"
			   "for word; do\n"
			   "case $word in\n"
			   "--version) echo 'gpg (GnuPG) 2.2.40'; exit ;;\n"
			   "--with-colons) exec cat \"$here/listing\" ;;\n"
			   "esac\n"
			   "[ \"$last\" != --status-fd ] || fd=$word\n"
			   "last=$word\n"
			   "done\n"
			   "eval \"exec cat \\\"$here/status\\\" >&$fd\"\n";

static char folder[SCRATCH_MAX];
static struct openpgp *ring;

static void
put(const char *name, mode_t mode, const void *p, size_t len)
{
	char path[SCRATCH_MAX + 16];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	CHECK(fd >= 0 && write(fd, p, len) == (ssize_t)len);
}

static void
end(void)
{
	ring = openpgp_free(ring);
	scratch_remove(folder);
}

static void
begin(void)
{
	char path[4096], home[SCRATCH_MAX + 8];
	struct err e;

	CHECK(scratch_make(folder, &e) == 0 && atexit(end) == 0);
	put("gpg-said", 0700, stub, sizeof(stub) - 1);
	(void)snprintf(home, sizeof(home), "%s/home", folder);
	CHECK(mkdir(home, 0700) == 0);
	(void)snprintf(path, sizeof(path), "%s:/usr/bin:/bin", folder);
	CHECK(setenv("PATH", path, 1) == 0);
	CHECK(gpgme_set_global_flag("disable-gpgconf", "1") == 0);
	CHECK(gpgme_set_global_flag("gpg-name", "gpg-said") == 0);
	CHECK(openpgp_open_at(home, &ring, &e) == 0);
}

/* Two keys: ours is in the listing. */
static const struct key {
	const char *id, *fpr, *primary;
} keys[] = {
	{ "0123456701234567", "0123456789ABCDEF0123456701234567ABCDEF01",
		"89ABCDEF0123456789ABCDEF0123456789ABCDEF" },
	{ "FEDCBA98FEDCBA98", "FEDCBA98FEDCBA98FEDCBA98FEDCBA98FEDCBA98",
		"76543210FEDCBA9876543210FEDCBA9876543210" },
};

struct said {
	struct buf status;
	unsigned n;   /* signatures */
	bool is_good; /* the last one is */
};

static uint8_t
take(struct span *in)
{
	const uint8_t c = in->len > 0 ? (uint8_t)*in->p : 0;

	*in = span_from(*in, in->len > 0);
	return c;
}

/* As gpg does with what it prints of others: no line ends, no percent sign, for a listing no colon. */
static void
put_words(struct buf *out, struct span *in, char how)
{
	size_t n = take(in);

	for (; n > 0 && in->len > 0; n--) {
		const uint8_t c = take(in);

		if (c > ' ' && c != '%' && c != ':' && c != '\\' && c != 0x7f)
			buf_char(out, (char)c);
		else
			buf_printf(out, how == '%' ? "%%%02X" : "\\x%02x", c);
	}
}

static void
put_notation(struct buf *out, struct span *in)
{
	buf_printf(out, "[GNUPG:] NOTATION_NAME ");
	put_words(out, in, '%');
	buf_printf(out, "\n[GNUPG:] NOTATION_FLAGS 0 1\n[GNUPG:] NOTATION_DATA ");
	put_words(out, in, '%');
	buf_printf(out, "\n[GNUPG:] POLICY_URL ");
	put_words(out, in, '%');
	buf_char(out, '\n');
}

static void
put_signature(struct said *s, struct span *in)
{
	static const char *const verdicts[] = { "GOODSIG", "BADSIG", "EXPSIG", "EXPKEYSIG",
		"REVKEYSIG", "ERRSIG" };
	static const char *const hashes[] = { "10", "8", "2" }; /* SHA-512, SHA-256, SHA-1 */
	const char *verdict = verdicts[take(in) % (sizeof(verdicts) / sizeof(verdicts[0]))];
	const uint8_t choice = take(in);
	const struct key *k = &keys[choice & 1];
	const char *hash = hashes[(choice >> 1) % 3];

	s->n++;
	s->is_good = strcmp(verdict, "GOODSIG") == 0 && k == &keys[0] && *hash != '2';
	buf_printf(&s->status, "[GNUPG:] NEWSIG ");
	put_words(&s->status, in, '%');
	if (strcmp(verdict, "ERRSIG") == 0) {
		buf_printf(&s->status,
			"\n[GNUPG:] ERRSIG %s 22 %s 00 1700000000 9 %s\n[GNUPG:] NO_PUBKEY %s\n",
			k->id, hash, k->fpr, k->id);
		return;
	}
	buf_printf(&s->status, "\n[GNUPG:] KEY_CONSIDERED %s 0\n[GNUPG:] %s %s ", k->primary,
		verdict, k->id);
	put_words(&s->status, in, '%');
	buf_char(&s->status, '\n');
	if (choice & 0x40)
		put_notation(&s->status, in);
	if (strcmp(verdict, "BADSIG") != 0)
		buf_printf(&s->status,
			"[GNUPG:] VALIDSIG %s 2023-11-14 1700000000 0 4 0 22 %s 00 %s\n", k->fpr,
			hash, k->primary);
	if (choice & 0x80)
		buf_printf(&s->status, "[GNUPG:] TRUST_ULTIMATE 0 pgp\n");
}

static void
put_listing(struct buf *out, struct span *in)
{
	const struct key *k = &keys[0];
	const uint8_t choice = take(in); /* none, once, twice; in what state */

	for (unsigned n = 0; n < choice % 3u; n++) {
		buf_printf(out,
			"pub:%c:255:22:%s:1700000000:::-:::scESC::::ed25519:::0:\nfpr:::::::::%s:\nuid:-::::1700000000::X::",
			"-re"[choice / 3 % 3], k -> primary + OPENPGP_FPR_LEN - 16, k -> primary);
		put_words(out, in, '\\');
		buf_printf(out,
			"::::::::::0:\nsub:-:255:22:%s:1700000000::::::s::::ed25519::\nfpr:::::::::%s:\n",
			k->id, k->fpr);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of((const char *)data, size);
	struct said s = { .status = { .max = 1 << 20 } };
	struct openpgp_signature sig;
	struct buf listing;
	struct err e;

	if (!*folder)
		begin();
	buf_init(&listing, 1 << 20);
	put_listing(&listing, &in);
	while (in.len > 0)
		put_signature(&s, &in);
	put("status", 0600, s.status.p, s.status.len);
	put("listing", 0600, listing.p, listing.len);
	if (openpgp_verify(ring, SPAN("text\n"), SPAN("signature"), &sig, &e) == 0) {
		CHECK(!sig.good || (s.n == 1 && s.is_good && listing.len > 0));
		CHECK(!sig.good || strcmp(sig.fpr, keys[0].primary) == 0);
		CHECK(sig.good || s.n != 1 || !s.is_good || size == 0 || data[0] % 3 != 1);
	}
	buf_release(&listing);
	buf_release(&s.status);
	return 0;
}
