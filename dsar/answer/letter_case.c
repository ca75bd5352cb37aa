/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/answer/letter_case.h"

#include <errno.h>
#include <fcntl.h>
#include <libintl.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file/whole.h"
#include "dsar/answer/contents.h"
#include "dsar/session.h"

#define _(text) gettext(text)

#define PERSONAL (CASE_NEEDS_OPEN | CASE_NEEDS_VERIFIED)
#define WHOLE    (PERSONAL | CASE_NEEDS_SEARCHED | CASE_NEEDS_LOOKED)

/* The lines of TEXT, each a value of the place NAME. */
static int
put_lines(struct places *p, const char *name, struct span text, struct err *e)
{
	while (text.len > 0) {
		const char *lf = memchr(text.p, '\n', text.len);
		const size_t n = lf ? (size_t)(lf - text.p) : text.len;

		if (place_put(p, name, span_of(text.p, n), e) < 0)
			return -1;
		text = span_from(text, n + (lf != NULL));
	}
	return 0;
}

/* --- what is known of the case ---------------------------------------------------------------- */

static int
see_reasons(void *ctx, const char *kind, int64_t time_us, const json_t *data, struct err *e)
{
	const json_t *reasons = json_object_get(data, "reasons");

	(void)time_us;
	if (strcmp(kind, "refusal") != 0 || !reasons)
		return 0;
	return put_lines(ctx, "reasons",
		span_of(json_string_value(reasons), json_string_length(reasons)), e);
}

static int
fill_refusal(struct session *s, const struct case_file *c, struct places *p, struct err *e)
{
	return case_events(s->registry, c->number, see_reasons, p, e);
}

static int
see_extension(void *ctx, const char *kind, int64_t time_us, const json_t *data, struct err *e)
{
	const char *reason = json_string_value(json_object_get(data, "reason"));

	(void)time_us;
	if (strcmp(kind, "extension") != 0 || !reason)
		return 0;
	return place_put(ctx, "reasons",
		span_str(
			strcmp(reason, "number") == 0
				? _("We have a large number of requests at this time.")
				: _("Your request is complex: it concerns many parts of the service.")),
		e);
}

static int
fill_extension(struct session *s, const struct case_file *c, struct places *p, struct err *e)
{
	return case_events(s->registry, c->number, see_extension, p, e);
}

/* The least: a code to an address that the service knows already. */
static int
fill_question(struct session *s, const struct case_file *c, struct places *p, struct err *e)
{
	(void)s;
	(void)c;
	if (place_has(p, "questions"))
		return 0;
	return place_put(p, "questions",
		span_str(_(
			"the code that we are sending to the mail address of your account, so that "
			"nobody else gets your data")),
		e);
}

static int
fill_finds(struct session *s, const struct case_file *c, struct places *p, struct err *e)
{
	uint64_t n;

	return contents_finds(s, c, c->article == ARTICLE_PORTABILITY, p, &n, e);
}

const struct letter_kind letter_kinds[] = {
	{ "receipt", NULL, false, CASE_NEEDS_OPEN, NULL },
	{ "question", "questions", false, CASE_NEEDS_OPEN, fill_question },
	{ "key", "key", false, CASE_NEEDS_OPEN, NULL },
	{ "extension", "reasons", false, CASE_NEEDS_OPEN, fill_extension },
	{ "refusal", "reasons", false, CASE_NEEDS_OPEN, fill_refusal },
	{ "nothing", NULL, false, WHOLE, fill_finds },
	{ "access", "automated", false, WHOLE, fill_finds },
	{ "portability", NULL, false, WHOLE, fill_finds },
	{ "erasure", NULL, false, PERSONAL, contents_erasure },
	{ "restriction", "restricted", true, PERSONAL, NULL },
	{ "rectification", "changed", false, PERSONAL, contents_rectification },
	{ "objection", "done", false, PERSONAL, contents_objection },
	{ NULL, NULL, false, 0, NULL },
};

const struct letter_kind *
letter_kind_find(const char *name)
{
	for (const struct letter_kind *k = letter_kinds; k->name; k++)
		if (strcmp(k->name, name) == 0)
			return k;
	return NULL;
}

/* --- writing ---------------------------------------------------------------------------------- */

int
letter_write_places(struct session *s, const struct case_file *c, const char *name,
	const struct places *p, struct letter *ret, struct err *e)
{
	letter_init(ret, c->lang, s->now_us);
	return template_read(s->conf, name, p, ret, e);
}

static int
fill(struct session *s, const struct case_file *c, const struct letter_kind *k, struct span lines,
	struct places *p, struct err *e)
{
	if (k->given && lines.p && put_lines(p, k->given, lines, e) < 0)
		return -1;
	return k->fill ? k->fill(s, c, p, e) : 0;
}

int
letter_write(struct session *s, const struct case_file *c, const struct letter_kind *k,
	struct span lines, struct letter *ret, struct err *e)
{
	struct places p = { 0 };
	int rc;

	letter_init(ret, c->lang, s->now_us);
	letter_speak(c->lang);
	rc = contents_init(s, c, &p, e);
	if (rc == 0)
		rc = fill(s, c, k, lines, &p, e);
	if (rc == 0)
		rc = letter_write_places(s, c, k->name, &p, ret, e);
	places_release(&p);
	letter_speak(NULL);
	return rc;
}

int
letter_as(const struct letter *l, const char *form, struct buf *out, struct err *e)
{
	if (strcmp(form, "text") == 0 || strcmp(form, "txt") == 0)
		return letter_text(l, out, e);
	if (strcmp(form, "html") == 0)
		return letter_html(l, out, e);
	return strcmp(form, "pdf") == 0 ? letter_pdf(l, out, e) : 1;
}

/* --- files ------------------------------------------------------------------------------------ */

int
letter_save(const char *path, struct span bytes, struct err *e)
{
	cleanup_fd int fd = -1;

	if (!path)
		return whole_write(STDOUT_FILENO, bytes) < 0
			       ? err_fail(e, EX_IOERR, errno, N_("cannot write"), NULL, NULL)
			       : 0;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_fail(e, EX_CANTCREAT, errno, N_("cannot make a file"),
			N_("name one that is not there yet"), "%s", path);
	if (whole_write(fd, bytes) < 0 || fsync(fd) < 0) {
		const int failed = errno;

		(void)unlink(path); /* half a letter is none */
		return err_fail(e, EX_IOERR, failed, N_("cannot write"), NULL, "%s", path);
	}
	return 0;
}
