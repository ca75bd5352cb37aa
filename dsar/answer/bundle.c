/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bundle.c - dsar bundle: the answer to the supervisory authority about one case
 *
 * Letters are kept nowhere (made.h): whoever has them encloses them, and they are known by their hashes. An archive
 * of an answer is none of them: it holds what was found.
 */
#include <fcntl.h>
#include <errno.h>
#include <getopt.h>
#include <libintl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/conf/conf.h"
#include "base/options.h"
#include "base/file/scratch.h"
#include "dsar/answer/bundle-private.h"
#include "dsar/command.h"
#include "dsar/answer/letter_case.h"
#include "dsar/case/made.h"
#include "dsar/openpgp/openpgp.h"
#include "dsar/register/registry.h"
#include "dsar/order/seal.h"
#include "dsar/session.h"
#include "evidence/tar.h"

#define _(text) gettext(text)

#define ENCLOSED_MAX 16
#define OURS         8 /* members beside what is enclosed */

struct asked {
	struct session *s;
	const char *to;
	bool encrypt;
	char **enclosed; /* paths */
	int n_enclosed;

	struct openpgp *ring;
	json_t *facts;
	struct bundle_member member[OURS + ENCLOSED_MAX];
	size_t n, n_entries;
	struct buf archive;
	char hash[SHA256_HEX];
};

static void
help(void)
{
	fputs(_("Usage: dsar bundle CASE [FILE]... [--to ARCHIVE] [--encrypt]\n"
		"Makes the answer to the supervisory authority about one case: a tar file with what was\n"
		"done and why, the ledger's entries, and a statement that our own key has signed; nothing\n"
		"of what was found, and of no other case. FILEs are letters and certificates that were\n"
		"made here for the case, and are enclosed. Read the grounds before it goes out.\n\n"
		"  --to ARCHIVE  a new file (standard output)\n"
		"  --encrypt     to the key that `authority_key` names\n\n"
		"Example:  dsar bundle 2026-0001 letter.pdf --to 2026-0001-authority.tar\n"),
		stdout);
}

/* --- members ---------------------------------------------------------------------------------- */

static struct buf *
member(struct asked *a, const char *name)
{
	struct bundle_member *m = &a->member[a->n++];

	(void)snprintf(m->name, sizeof(m->name), "%s", name);
	buf_init(&m->bytes, BUNDLE_MAX);
	return &m->bytes;
}

static int
put_facts(struct asked *a, struct err *e)
{
	cleanup_mem char *text = json_dumps(a->facts, JSON_INDENT(1));
	struct buf *b = member(a, "case.json");

	if (!text)
		return err_memory(e);
	buf_str(b, text);
	buf_char(b, '\n');
	return b->failed ? err_memory(e) : 0;
}

static int
put_proof(struct asked *a, const struct case_file *c, struct err *e)
{
	struct buf *ledger = member(a, "ledger.jsonl"), *head = member(a, "head.txt"),
		   *signature = member(a, "head.asc");

	if (bundle_proof(a->s->registry, c, ledger, head, &a->n_entries, e) < 0)
		return -1;
	return openpgp_sign(a->ring, span_of(head->p, head->len), signature, e);
}

/* Which of what was made has HASH, as case.json has it; NULL: nothing. */
static const char *
made_of(const struct asked *a, const char *hash)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(a->facts, "made"), i,
		one) if (strcmp(json_string_value(json_object_get(one, "sha256")), hash) ==
			 0) return json_string_value(json_object_get(one, "what"));
	return NULL;
}

static bool
holds_finds(const char *what)
{
	return strcmp(what, "archive") == 0 || strcmp(what, "part") == 0 ||
	       strcmp(what, "bundle") == 0;
}

static const char *
ending_of(struct span s)
{
	return span_starts(s, SPAN("%PDF"))                     ? "pdf"
	       : span_starts(s, SPAN("<!"))                     ? "html"
	       : span_starts(s, SPAN("-----BEGIN PGP MESSAGE")) ? "pgp"
								: "txt";
}

static int
enclose(struct asked *a, const struct case_file *c, int i, struct err *e)
{
	const size_t at = a->n;
	struct buf *b = member(a, "");
	char hash[SHA256_HEX];
	const char *what;

	if (tar_read_file(a->enclosed[i], b, e) < 0)
		return -1;
	sha256_hex(span_of(b->p, b->len), hash);
	what = made_of(a, hash);
	if (!what)
		return err_fail(e, EX_DATAERR, 0,
			N_("this file was not made here for the case, or was changed since"),
			N_("enclose what `dsar letter`, `notify` or `certificate` wrote"),
			"%s: %.16s", c->number, hash);
	if (holds_finds(what))
		return err_fail(e, EX_NOPERM, 0, N_("what was found does not go to the authority"),
			N_("leave the archive of the answer out"), "%s: %.16s", c->number, hash);
	(void)snprintf(a->member[at].name, sizeof(a->member[at].name), "sent-%d.%s", i + 1,
		ending_of(span_of(b->p, b->len)));
	return 0;
}

static int
put_statement(struct asked *a, struct err *e)
{
	const size_t n = a->n;
	struct buf *text = member(a, "statement.txt"), *signature = member(a, "statement.txt.asc");

	if (bundle_text(a->facts, a->member, n, text, e) < 0)
		return -1;
	return openpgp_sign(a->ring, span_of(text->p, text->len), signature, e);
}

static int
put_all(struct asked *a, const struct case_file *c, struct err *e)
{
	if (bundle_facts(a->s, c, &a->facts, e) < 0)
		return -1;
	buf_str(member(a, "README.txt"), bundle_readme);
	if (openpgp_export(a->ring, openpgp_own(a->ring), member(a, "key.asc"), e) < 0 ||
		put_facts(a, e) < 0 || put_proof(a, c, e) < 0)
		return -1;
	for (int i = 0; i < a->n_enclosed; i++)
		if (enclose(a, c, i, e) < 0)
			return -1;
	return put_statement(a, e);
}

/* --- the archive ------------------------------------------------------------------------------ */

static int
archive_within(struct asked *a, const char *scratch, struct buf *out, struct err *e)
{
	struct tar_member m[OURS + ENCLOSED_MAX];
	char path[SCRATCH_MAX + 16];

	(void)snprintf(path, sizeof(path), "%s/bundle.tar", scratch);
	for (size_t i = 0; i < a->n; i++)
		m[i] = (struct tar_member){ a->member[i].name,
			span_of(a->member[i].bytes.p, a->member[i].bytes.len) };
	return tar_pack(path, m, a->n, a->s->now_us, e) < 0 ? -1 : tar_read_file(path, out, e);
}

static int
archive(struct asked *a, struct err *e)
{
	const struct conf *conf = a->s->conf;
	char scratch[SCRATCH_MAX];
	struct buf plain;
	int rc;

	if (scratch_make(scratch, e) < 0)
		return -1;
	buf_init(&plain, BUNDLE_MAX);
	rc = archive_within(a, scratch, a->encrypt ? &plain : &a->archive, e);
	scratch_remove(scratch);
	if (rc == 0 && a->encrypt)
		rc = seal_once(conf->authority_key, conf->authority_fingerprint,
			span_of(plain.p, plain.len), &a->archive, e);
	buf_wipe(&plain);
	return rc;
}

static void
say(struct asked *a, const struct case_file *c)
{
	struct print *p = &a->s->out;

	if (!p->json)
		printf(_("%zu entries of the ledger, %d files enclosed; SHA-256 %s\n"),
			a->n_entries, a->n_enclosed, a->hash);
	print_begin(p);
	print_str(p, "case", span_str(c->number));
	print_int(p, "entries", (int64_t)a->n_entries);
	print_int(p, "enclosed", a->n_enclosed);
	print_bool(p, "encrypted", a->encrypt);
	print_int(p, "len", (int64_t)a->archive.len);
	print_str(p, "sha256", span_str(a->hash));
	print_end(p);
}

static int
act(void *ctx, struct case_file *c, struct err *e)
{
	struct asked *a = ctx;
	struct span bytes;

	if (put_all(a, c, e) < 0 || archive(a, e) < 0)
		return -1;
	bytes = span_of(a->archive.p, a->archive.len);
	sha256_hex(bytes, a->hash);
	if (made_put(a->s->registry, c->number, "bundle", a->hash, bytes.len, a->s->now_us, e) <
			0 ||
		letter_save(a->to, bytes, e) < 0)
		return -1;
	if (a->to)
		say(a, c);
	return 0;
}

static int
run(struct asked *a, const char *number, struct err *e)
{
	int rc = openpgp_open(registry_dir(a->s->registry), OPENPGP_OWN, &a->ring, e);

	buf_init(&a->archive, 2 * BUNDLE_MAX);
	if (rc == 0 && !openpgp_own(a->ring))
		rc = err_fail(e, EX_CONFIG, 0, N_("there is no key of our own"),
			N_("make one with `dsar key own --make`"), NULL);
	if (rc == 0)
		rc = case_within(a->s->registry, number, act, a, e);
	for (size_t i = 0; i < a->n; i++)
		buf_wipe(&a->member[i].bytes);
	buf_wipe(&a->archive);
	json_decref(a->facts);
	openpgp_free(a->ring);
	return rc;
}

int
bundle_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct asked a = { .s = s };
	const struct option_to table[] = {
		{ "to", 0, &a.to, NULL },
		{ "encrypt", 0, NULL, &a.encrypt },
	};
	int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);

	if (rc > 0)
		return 0;
	if (rc < 0 || argc - optind < 1 || argc - optind > ENCLOSED_MAX + 1)
		return usage_fail(_("bundle takes the number of a case, and what is enclosed"));
	if (!a.to && (s->out.json || isatty(STDOUT_FILENO)))
		return usage_fail(_("say where the archive goes, with --to"));
	if (a.encrypt && !s->conf->authority_key)
		return err_fail(e, EX_CONFIG, 0,
			N_("no key of the supervisory authority is declared"),
			N_("set authority_fingerprint and authority_key in the section dsar"),
			NULL);
	a.enclosed = argv + optind + 1;
	a.n_enclosed = argc - optind - 1;
	return run(&a, argv[optind], e);
}
