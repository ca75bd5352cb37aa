/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * certificate.c - dsar certificate: an erasure, signed by the node
 *
 * What is signed names the newest entry of the register's ledger by its hash: so it says which account of steps it
 * belongs to, and an auditor who has that ledger finds the erasure in it.
 */
#include <getopt.h>
#include <inttypes.h>
#include <libintl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <sodium.h>

#include "base/options.h"
#include "dsar/command.h"
#include "dsar/answer/contents.h"
#include "dsar/answer/letter_case.h"
#include "dsar/case/made.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"
#include "evidence/ledger.h"
#include "evidence/sign.h"

#define _(text) gettext(text)

struct asked {
	struct session *s;
	const char *to;
};

static void
help(void)
{
	fputs(_("Usage: dsar certificate CASE --to FILE\n"
		"Writes a certificate of the case's erasure, and its signature by this machine's key to\n"
		"FILE.asc. Anybody checks it with: gpg --verify FILE.asc FILE\n\n"
		"Example:  dsar certificate 2026-0002 --to certificate.txt\n"),
		stdout);
}

static int
put_proof(struct asked *a, struct places *p, struct err *e)
{
	const struct ledger_entry *head;
	char hash[2 * LEDGER_HASH_LEN + 1];

	if (ledger_head(registry_ledger(a->s->registry), &head, e) != 0)
		return -1; /* what was erased is in it */
	(void)sodium_bin2hex(hash, sizeof(hash), head->hash, sizeof(head->hash));
	place_clear(p, "name");
	if (place_printf(p, "ledger_seq", e, "%" PRIu64, head->seq) < 0 ||
		place_put(p, "ledger_head", span_str(hash), e) < 0)
		return -1;
	return place_put(p, "key", span_str(sign_fingerprint(a->s->sign)), e);
}

static int
write_text(struct asked *a, const struct case_file *c, struct buf *out, struct err *e)
{
	struct places p = { 0 };
	struct letter l = { 0 };
	int rc;

	letter_speak(c->lang);
	rc = contents_init(a->s, c, &p, e);
	if (rc == 0)
		rc = contents_erasure(a->s, c, &p, e);
	if (rc == 0)
		rc = put_proof(a, &p, e);
	if (rc == 0)
		rc = letter_write_places(a->s, c, "certificate", &p, &l, e);
	if (rc == 0)
		rc = letter_text(&l, out, e);
	places_release(&p);
	letter_release(&l);
	letter_speak(NULL);
	return rc;
}

static int
save_both(struct asked *a, struct span text, struct span signature, struct err *e)
{
	cleanup_mem char *path = NULL;

	if (asprintf(&path, "%s.asc", a->to) < 0)
		return err_memory(e);
	return letter_save(a->to, text, e) < 0 ? -1 : letter_save(path, signature, e);
}

static int
act(void *ctx, struct case_file *c, struct err *e)
{
	struct asked *a = ctx;
	char hash[SHA256_HEX];
	struct buf text, signature;
	int rc = case_guard(a->s->registry, c, CASE_NEEDS_VERIFIED, a->s->now_us, e);

	buf_init(&text, LETTER_MAX);
	buf_init(&signature, 1u << 16);
	if (rc == 0)
		rc = write_text(a, c, &text, e);
	if (rc == 0)
		rc = sign_detached(a->s->sign, span_of(text.p, text.len), &signature, e);
	if (rc == 0) {
		sha256_hex(span_of(text.p, text.len), hash);
		rc = made_put(
			a->s->registry, c->number, "certificate", hash, text.len, a->s->now_us, e);
	}
	if (rc == 0)
		rc = save_both(
			a, span_of(text.p, text.len), span_of(signature.p, signature.len), e);
	buf_wipe(&text);
	buf_release(&signature);
	return rc;
}

int
certificate_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct asked a = { .s = s };
	const struct option_to table[] = { { "to", 0, &a.to, NULL } };
	const int rc = options_take(argc, argv, table, 1, help);

	if (rc > 0)
		return 0;
	if (rc < 0 || argc - optind != 1 || !a.to)
		return usage_fail(_("certificate takes the number of a case, and --to"));
	return case_within(s->registry, argv[optind], act, &a, e);
}
