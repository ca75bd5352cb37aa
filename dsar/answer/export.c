/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * export.c - dsar export: the letter and the data, in one archive
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <libintl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/conf/conf.h"
#include "base/options.h"
#include "dsar/command.h"
#include "dsar/answer/contents.h"
#include "dsar/answer/export-private.h"
#include "dsar/answer/letter_case.h"
#include "dsar/case/made.h"
#include "dsar/register/registry.h"
#include "dsar/act/restriction.h"
#include "dsar/session.h"

#define _(text) gettext(text)

static void
help(void)
{
	fputs(_("Usage: dsar export CASE --to FILE\n"
		"Makes the answer to a request for access or portability: one ZIP archive with the letter\n"
		"(text, HTML, PDF), the data as JSON and CSV with their schema, files, and a manifest.\n"
		"Everything must have been searched and looked at, and the person's identity verified.\n\n"
		"Example:  dsar export 2026-0001 --to 2026-0001.zip\n"),
		stdout);
}

bool
export_takes(const struct export *x, const struct find *f)
{
	const struct conf_store *s = conf_find_store(x->s->conf, f->store);

	if (f->decision != FIND_KEEP && f->decision != FIND_BLACKEN)
		return false;
	if (restriction_bars(x->s->registry, x->c.number, f))
		return false;
	return !x->provided || (s && f->own && contents_is_portable(s));
}

/* --- members ---------------------------------------------------------------------------------- */

static int
put_letter(struct export *x, const struct letter *l, struct err *e)
{
	static const char *const forms[][2] = { { "text", "letter.txt" }, { "html", "letter.html" },
		{ "pdf", "letter.pdf" } };
	int rc = 0;

	for (size_t i = 0; i < 3 && rc == 0; i++) {
		struct buf b;

		buf_init(&b, LETTER_MAX);
		rc = letter_as(l, forms[i][0], &b, e);
		if (rc == 0)
			rc = pack_member(x->pack, forms[i][1], span_of(b.p, b.len), e);
		buf_wipe(&b);
	}
	return rc;
}

/* Nothing found is an answer, too (R15, Art. 11(2)). */
static int
write_letter(struct export *x, struct letter *ret, struct err *e)
{
	struct places p = { 0 };
	uint64_t n = 0;
	int rc;

	letter_init(ret, x->c.lang, x->s->now_us);
	letter_speak(x->c.lang);
	rc = contents_init(x->s, &x->c, &p, e);
	if (rc == 0)
		rc = contents_finds(x->s, &x->c, x->provided, &p, &n, e);
	if (rc == 0 && x->n_left_out > 0)
		rc = place_printf(&p, "excluded", e,
			ngettext("%" PRIu64
				 " file in which nothing can be blackened (picture, sound, film)",
				"%" PRIu64
				" files in which nothing can be blackened (pictures, sound, film)",
				(unsigned long)x->n_left_out),
			x->n_left_out);
	if (rc == 0)
		rc = letter_write_places(x->s, &x->c,
			n == 0        ? "nothing"
			: x->provided ? "portability"
				      : "access",
			&p, ret, e);
	places_release(&p);
	letter_speak(NULL);
	return rc;
}

static int
put_all(struct export *x, struct err *e)
{
	struct letter l = { 0 };
	int rc = export_data(x, e);

	if (rc == 0)
		rc = export_files(x, e);
	if (rc == 0)
		rc = write_letter(x, &l, e); /* last: it tells what was left out */
	if (rc == 0)
		rc = put_letter(x, &l, e);
	letter_release(&l);
	return rc < 0 ? -1 : pack_finish(x->pack, e);
}

/* --- the archive ------------------------------------------------------------------------------ */

/* Midnight of the day: the same answer of one day is the same archive. */
static int64_t
day_begin_us(int64_t us)
{
	return us - us % INT64_C(86400000000);
}

static int
build(struct export *x, int fd, struct err *e)
{
	CLEANUP(pack_freep) struct pack *pack = NULL;

	if (pack_open(fd, day_begin_us(x->s->now_us), &pack, e) < 0)
		return -1;
	x->pack = pack;
	if (put_all(x, e) < 0)
		return -1;
	return fsync(fd) < 0 ? err_fail(e, EX_IOERR, errno, N_("cannot write the archive"),
				       N_("make room; nothing was answered"), NULL)
			     : 0;
}

static int
announce(void *ctx, struct case_file *c, struct err *e)
{
	struct export *x = ctx;

	if (c->article != ARTICLE_ACCESS && c->article != ARTICLE_PORTABILITY)
		return err_fail(e, EX_USAGE, 0, N_("only access and portability are exported"),
			N_("see `dsar letter`"), "%s", c->number);
	if (case_guard(x->s->registry, c,
		    CASE_NEEDS_OPEN | CASE_NEEDS_VERIFIED | CASE_NEEDS_SEARCHED | CASE_NEEDS_LOOKED,
		    x->s->now_us, e) < 0)
		return -1;
	x->c = *c;
	x->provided = c->article == ARTICLE_PORTABILITY;
	return registry_record(x->s->registry, c->number, "export",
		json_pack("{s:s}", "what", "begun"), x->s->now_us, e);
}

struct result {
	struct export *x;
	char hash[SHA256_HEX];
	uint64_t len;
};

/* What was made is of the case as it was read then. */
static int
conclude(void *ctx, struct case_file *c, struct err *e)
{
	struct result *r = ctx;

	if (c->version != r->x->c.version)
		return err_fail(e, EX_TEMPFAIL, 0, N_("somebody else has changed the case"),
			N_("look at it again with `dsar case show`"), "%s", c->number);
	return made_put(
		r->x->s->registry, c->number, "archive", r->hash, r->len, r->x->s->now_us, e);
}

static void
say(struct export *x, const struct result *r)
{
	struct print *p = &x->s->out;

	if (!p->json)
		printf(_("%" PRIu64 " records, %" PRIu64 " files; SHA-256 %s\n"), x->n_records,
			x->n_files, r->hash);
	print_begin(p);
	print_str(p, "case", span_str(x->c.number));
	print_int(p, "records", (int64_t)x->n_records);
	print_int(p, "files", (int64_t)x->n_files);
	print_int(p, "left_out", (int64_t)x->n_left_out);
	print_int(p, "len", (int64_t)r->len);
	print_str(p, "sha256", span_str(r->hash));
	print_end(p);
}

static int
make(struct export *x, int fd, struct err *e)
{
	struct result r = { .x = x };
	int rc = known_read(x->s->conf, x->s->registry, x->c.number, &x->known, e);

	buf_init(&x->given, 2 * (size_t)BLACKEN_TEXT_MAX);
	if (rc == 0)
		rc = build(x, fd, e);
	if (rc == 0)
		rc = made_hash_file(fd, r.hash, &r.len, e);
	if (rc == 0)
		rc = case_within(x->s->registry, x->c.number, conclude, &r, e);
	if (rc == 0)
		say(x, &r);
	buf_wipe(&x->given);
	known_release(&x->known);
	return rc;
}

int
export_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct export x = { .s = s };
	const char *to = NULL;
	const struct option_to table[] = { { "to", 0, &to, NULL } };
	cleanup_fd int fd = -1;
	int rc = options_take(argc, argv, table, 1, help);

	if (rc > 0)
		return 0;
	if (rc < 0 || argc - optind != 1 || !to)
		return usage_fail(_("export takes the number of a case, and --to"));
	if (case_within(s->registry, argv[optind], announce, &x, e) < 0)
		return -1;
	fd = open(to, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_fail(e, EX_CANTCREAT, errno, N_("cannot make a file"),
			N_("name one that is not there yet"), "%s", to);
	rc = make(&x, fd, e);
	if (rc < 0)
		(void)unlink(to); /* half an archive is none */
	return rc;
}
