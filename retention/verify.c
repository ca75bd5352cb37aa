/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * verify.c - look for any edit, gap, reordering or cut in a bundle, trusting nothing in it
 */
#include <ctype.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include <sodium.h>

#include "base/file/scratch.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/options.h"
#include "evidence/ledger.h"
#include "evidence/sign.h"
#include "evidence/tar.h"
#include "retention/bundle.h"
#include "retention/command.h"
#include "retention/session.h"

#define _(text) gettext(text)

struct check {
	struct session *s;
	char scratch[64];
	const char *key;      /* --key: the fingerprint that it has to be */
	const char *old_head; /* --head: "SEQ HASH" kept elsewhere */
	struct ledger *ledger;
	struct sign_check *sign;               /* NULL: there is no key */
	struct buf canonical, head, signature; /* of an entry; of the newest head */
	uint8_t prev[LEDGER_HASH_LEN];
	uint64_t n_entries, n_heads, last_signed;
	int64_t last_us;
	bool old_head_seen;
	char fingerprint[FINGERPRINT_LEN + 1];
	unsigned n_findings;
};

static void
finding(struct check *c, const char *what, uint64_t seq)
{
	c->n_findings++;
	if (!c->s->out.json)
		printf("%s: %" PRIu64 "\n", _(what), seq);
	print_begin(&c->s->out);
	print_str(&c->s->out, "finding", span_str(what));
	print_int(&c->s->out, "entry", (int64_t)seq);
	print_end(&c->s->out);
}

/* "17 9f86…" or "sparsam-head-1 17 9f86…": is it H? */
static bool
is_old_head(const char *text, const struct ledger_head *h)
{
	char hash[2 * LEDGER_HASH_LEN + 1], *end;
	const char *p = strncmp(text, "sparsam-head-1 ", 15) == 0 ? text + 15 : text;

	(void)sodium_bin2hex(hash, sizeof(hash), h->hash, LEDGER_HASH_LEN);
	if (strtoull(p, &end, 10) != h->seq || *end != ' ')
		return false;
	return strncasecmp(end + 1, hash, sizeof(hash) - 1) == 0;
}

static int
see_entry(void *ctx, const struct ledger_entry *en, struct err *e)
{
	struct check *c = ctx;
	uint8_t hash[LEDGER_HASH_LEN];

	c->n_entries++;
	if (en->seq != c->n_entries) {
		finding(c, N_("entries are missing before"), en->seq);
		c->n_entries = en->seq;
	}
	if (memcmp(en->prev, c->prev, sizeof(c->prev)) != 0)
		finding(c, N_("entry does not follow the one before it"), en->seq);
	if (ledger_canonical(en, &c->canonical, e) < 0)
		return -1;
	ledger_hash(&c->canonical, hash);
	if (memcmp(hash, en->hash, sizeof(hash)) != 0)
		finding(c, N_("entry was edited"), en->seq);
	memcpy(c->prev, en->hash, sizeof(c->prev));
	c->last_us = en->time_us;
	return 0;
}

struct wanted {
	uint64_t seq;
	uint8_t hash[LEDGER_HASH_LEN];
	bool found;
};

static int
see_wanted(void *ctx, const struct ledger_entry *en, struct err *e)
{
	struct wanted *w = ctx;

	(void)e;
	w->found = en->seq == w->seq;
	memcpy(w->hash, en->hash, sizeof(w->hash));
	return 1;
}

static int
see_head(void *ctx, const struct ledger_head *h, struct err *e)
{
	struct check *c = ctx;
	struct wanted w = { .seq = h->seq };
	char text[128], hash[2 * LEDGER_HASH_LEN + 1];
	int rc;

	print_progress(_("signatures"), h->seq, c->n_entries + 1);
	c->n_heads++;
	c->last_signed = h->seq;
	if (c->old_head && is_old_head(c->old_head, h))
		c->old_head_seen = true;
	if (ledger_read(c->ledger, h->seq, see_wanted, &w, e) < 0)
		return -1;
	if (!w.found || memcmp(w.hash, h->hash, sizeof(w.hash)) != 0)
		finding(c, N_("signed head is not the entry's hash"), h->seq);
	(void)sodium_bin2hex(hash, sizeof(hash), h->hash, LEDGER_HASH_LEN);
	(void)snprintf(text, sizeof(text), "sparsam-head-1 %" PRIu64 " %s\n", h->seq, hash);
	buf_clear(&c->head);
	buf_clear(&c->signature);
	buf_str(&c->head, text);
	buf_span(&c->signature, h->signature);
	rc = c->sign ? sign_verify(c->sign, span_str(text), h->signature, e) : 1;
	if (rc > 0)
		finding(c, N_("signature is not good"), h->seq);
	return rc < 0 ? -1 : 0;
}

#define KEY_MAX  (64u << 10)
#define HEAD_MAX (64u << 10)

/* A bundle without a key has no good signature. */
static int
key_read(struct check *c, struct err *e)
{
	cleanup_mem char *key = malloc(KEY_MAX);
	cleanup_fd int fd = -1;
	char path[96];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/key.asc", c->scratch);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || !key)
		return err_fail(e, EX_NOINPUT, errno, N_("cannot open"), NULL, "%s", path);
	n = read(fd, key, KEY_MAX);
	if (n < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot read"), NULL, "%s", path);
	return sign_check_new(c->scratch, span_of(key, (size_t)n), &c->sign, c->fingerprint, e);
}

static bool
is_file(struct check *c, const char *name, const struct buf *wanted)
{
	char path[96];
	struct buf got;
	struct err ignored;
	bool same;

	(void)snprintf(path, sizeof(path), "%s/%s", c->scratch, name);
	buf_init(&got, 3 * HEAD_MAX); /* with room to read on */
	same = tar_read_file(path, &got, &ignored) == 0 && !wanted->failed &&
	       got.len == wanted->len &&
	       memcmp(got.p ? got.p : "", wanted->p ? wanted->p : "", got.len) == 0;
	buf_release(&got);
	return same;
}

static int
look(struct check *c, const char *bundle, struct err *e)
{
	char path[96];

	if (bundle_unpack(bundle, c->scratch, e) < 0 || key_read(c, e) < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/ledger.db", c->scratch);
	if (ledger_open_copy(path, &c->ledger, e) < 0 ||
		ledger_read(c->ledger, 0, see_entry, c, e) < 0 ||
		ledger_heads(c->ledger, see_head, c, e) < 0)
		return -1;
	print_progress("", 1, 1);
	if (c->n_heads == 0)
		finding(c, N_("no entry is signed"), c->n_entries);
	else if (c->last_signed != c->n_entries)
		finding(c, N_("entries behind the newest signed one"),
			c->n_entries - c->last_signed);
	/* what an auditor without us checks, and keeps for the next time */
	if (!is_file(c, "head.txt", &c->head) || !is_file(c, "head.asc", &c->signature))
		finding(c, N_("head.txt or head.asc is not the newest signed head"),
			c->last_signed);
	if (c->old_head && !c->old_head_seen)
		finding(c, N_("the head kept elsewhere is not in this ledger"), 0);
	if (c->key && strcasecmp(c->key, c->fingerprint) != 0)
		finding(c, N_("signed by another key than the one expected"), 0);
	return 0;
}

static void
result_print(struct check *c)
{
	struct print *o = &c->s->out;

	if (!o->json)
		printf(_("%" PRIu64 " entries, %" PRIu64 " signed heads, key %s: %s\n"),
			c->n_entries, c->n_heads, c->fingerprint,
			c->n_findings ? _("NOT good") : _("good"));
	print_begin(o);
	print_int(o, "entries", (int64_t)c->n_entries);
	print_int(o, "heads", (int64_t)c->n_heads);
	print_str(o, "key", span_str(c->fingerprint));
	print_bool(o, "good", c->n_findings == 0);
	print_end(o);
}

static void
help(void)
{
	fputs(_("Usage: retention verify [--key FINGERPRINT] [--head \"SEQ HASH\"] BUNDLE\n"
		"Checks what `retention export-ledger` wrote. Exit status 1: not good.\n\n"
		"  --key    the node's key, as you were told it\n"
		"  --head   an older head that you kept; it must still be in the ledger\n"),
		stdout);
}

static int
options_read(struct check *c, int argc, char **argv)
{
	const struct option_to table[] = {
		{ "key", 0, &c->key, NULL },
		{ "head", 0, &c->old_head, NULL },
	};
	int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);

	if (rc != 0)
		return rc;
	return optind == argc - 1 ? 0 : -1;
}

int
verify_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct check c = { .s = s, .fingerprint = "-" };
	int rc = options_read(&c, argc, argv);

	if (rc != 0)
		return rc > 0 ? 0 : usage_fail(_("verify takes one bundle"));
	buf_init(&c.canonical, 2u << 20);
	buf_init(&c.head, HEAD_MAX);
	buf_init(&c.signature, HEAD_MAX);
	rc = scratch_make(c.scratch, e);
	if (rc == 0) {
		rc = look(&c, argv[optind], e);
		ledger_free(c.ledger);
		sign_check_free(c.sign);
		scratch_remove(c.scratch);
	}
	buf_release(&c.canonical);
	buf_release(&c.head);
	buf_release(&c.signature);
	if (rc == 0)
		result_print(&c);
	return rc < 0 ? -1 : c.n_findings > 0;
}
