/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/answer/answer_mail.h"

#include <inttypes.h>
#include <libintl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "dsar/answer/contents.h"
#include "dsar/case/identity.h"
#include "dsar/mail/mail_compose.h"
#include "dsar/openpgp/openpgp.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"
#include "dsar/answer/split.h"

#define _(text) gettext(text)

#define WHOLE (CASE_NEEDS_OPEN | CASE_NEEDS_VERIFIED | CASE_NEEDS_SEARCHED | CASE_NEEDS_LOOKED)

struct sending {
	struct session *s;
	const char *whole; /* the hash of the file */
	unsigned flags;
	struct case_file c;
	char fpr[FINGERPRINT_LEN + 1];
	struct buf to;
	struct split split;
	struct split_part alone;        /* where nothing has to be split */
	const struct split_part *part;  /* n of them … */
	size_t n, i;                    /* … and the one at hand */
	bool left_here, left_elsewhere; /* to the key and address of now; to others */
	size_t n_open;                  /* begun, and nobody knows whether they have left */
	size_t n_left;                  /* have left now */
};

/* --- on record -------------------------------------------------------------------------------- */

static int
was_made(struct sending *g, const char *hash, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(g->s->registry, "SELECT 1 FROM made WHERE number = ? AND sha256 = ?",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(g->c.number));
	statement_text(st, 2, span_str(hash));
	return registry_step(g->s->registry, st, e);
}

/* Was this for the key and the address that are the case's now? */
static bool
is_there(const struct sending *g, const json_t *data)
{
	const char *fpr = json_string_value(json_object_get(data, "fingerprint"));
	const json_t *to = json_object_get(data, "address");

	if (!fpr || strcmp(fpr, g->fpr) != 0)
		return false;
	return !to || (json_string_length(to) == g->to.len && /* not noted: an older register's */
			      memcmp(json_string_value(to), g->to.p, g->to.len) == 0);
}

/* What has left stays so, whatever was tried since; "not sent" takes back one "sending", and no more. */
static int
see_step(void *ctx, const char *kind, int64_t time_us, const json_t *data, struct err *e)
{
	struct sending *g = ctx;
	const char *hash = json_string_value(json_object_get(data, "hash"));
	const char *what = json_string_value(json_object_get(data, "what"));

	(void)time_us;
	(void)e;
	if (strcmp(kind, "mail") != 0 || !hash || !what || strcmp(hash, g->part[g->i].hash) != 0)
		return 0;
	if (strcmp(what, "sending") == 0)
		g->n_open++;
	else if (g->n_open > 0)
		g->n_open--;
	if (strcmp(what, "sent") == 0)
		*(is_there(g, data) ? &g->left_here : &g->left_elsewhere) = true;
	return 0;
}

static int
note(struct sending *g, const char *what, struct err *e)
{
	json_t *event = json_pack("{s:s, s:s, s:s, s:I, s:I}", "what", what, "hash",
		g->part[g->i].hash, "fingerprint", g->fpr, "part", (json_int_t)g->i + 1, "parts",
		(json_int_t)g->n);

	if (!event)
		return err_memory(e);
	if (registry_record(g->s->registry, g->c.number, "mail", json_deep_copy(event),
		    g->s->now_us, e) < 0) {
		json_decref(event);
		return -1;
	}
	/* the address is the account's alone */
	if (json_object_set_new(event, "address", json_stringn(g->to.p, g->to.len)) < 0) {
		json_decref(event);
		return err_memory(e);
	}
	return case_event(g->s->registry, g->c.number, "mail", event, g->s->now_us, e);
}

/* Whether it may go, to whom, and by which key: as it stands now. */
static int
check(void *ctx, struct case_file *c, struct err *e)
{
	struct sending *g = ctx;
	int rc;

	g->c = *c;
	buf_clear(&g->to);
	if (case_guard(g->s->registry, c, WHOLE, g->s->now_us, e) < 0 ||
		case_address(g->s->registry, c, &g->to, e) < 0)
		return -1;
	rc = was_made(g, g->whole, e);
	if (rc > 0)
		return err_fail(e, EX_DATAERR, 0,
			N_("this file was not made here for the case, or was changed since"),
			N_("make it with `dsar export` or `dsar letter`"), "%s: %.16s", c->number,
			g->whole);
	if (rc < 0)
		return -1;
	rc = identity_key(g->s->registry, c, g->fpr, e);
	return rc > 0 ? err_fail(e, EX_NOPERM, 0, N_("no key is confirmed for this person"),
				N_("see `dsar key`, and send her the letter `key`"), "%s",
				c->number)
		      : rc;
}

/* What was split off is made here, too: whoever has it can prove it. */
static int
parts_put(void *ctx, struct case_file *c, struct err *e)
{
	struct sending *g = ctx;

	for (size_t i = 0; i < g->n; i++) {
		const struct split_part *p = &g->part[i];
		const int rc = was_made(g, p->hash, e);

		if (rc < 0 || (rc > 0 && made_put(g->s->registry, c->number, "part", p->hash,
						 p->len, g->s->now_us, e) < 0))
			return -1;
	}
	return 0;
}

static int
part_begin(void *ctx, struct case_file *c, struct err *e)
{
	struct sending *g = ctx;

	g->left_here = g->left_elsewhere = false;
	g->n_open = 0;
	if (check(g, c, e) < 0 || case_events(g->s->registry, c->number, see_step, g, e) < 0)
		return -1;
	if (g->left_here)
		return 0;
	if (g->left_elsewhere && !(g->flags & ANSWER_AGAIN))
		return err_fail(e, EX_NOPERM, 0, N_("it was sent to another key or address"),
			N_("to send it to those of now as well, add --again"), "%s", c->number);
	if (g->n_open > 0 && !(g->flags & ANSWER_AGAIN))
		return err_fail(e, EX_NOPERM, 0, N_("it may have been sent already"),
			N_("look into the mail server's log; if it was not, add --again"), "%s",
			c->number);
	return note(g, "sending", e);
}

static int
part_sent(void *ctx, struct case_file *c, struct err *e)
{
	(void)c;
	return note(ctx, "sent", e);
}

static int
part_not_sent(void *ctx, struct case_file *c, struct err *e)
{
	(void)c;
	return note(ctx, "not sent", e);
}

/* --- parts ------------------------------------------------------------------------------------ */

/* FD as it is, where that fits into a mail, or else in parts that do. */
static int
parts_make(struct sending *g, int fd, struct err *e)
{
	const uint64_t max = (uint64_t)g->s->conf->request_mail_max;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_fail(e, EX_NOINPUT, 0, N_("cannot read what is to be sent"), NULL, NULL);
	if (mail_sealed_size((uint64_t)st.st_size) > max) {
		if (split_archive(fd, registry_dir(g->s->registry), mail_sealed_room(max),
			    &g->split, e) < 0)
			return err_within(e, "%s", g->c.number);
		g->part = g->split.part;
		g->n = g->split.n;
		return 0;
	}
	g->alone = (struct split_part){ .fd = fd, .len = (uint64_t)st.st_size };
	(void)snprintf(g->alone.hash, sizeof(g->alone.hash), "%s", g->whole);
	g->part = &g->alone;
	g->n = 1;
	return 0;
}

static void
say(const struct sending *g)
{
	struct print *p = &g->s->out;

	for (size_t i = 0; i < g->n; i++) {
		const uint64_t size = mail_sealed_size(g->part[i].len);

		if (!p->json)
			printf(_("mail %zu of %zu: at most %" PRIu64 " bytes\n"), i + 1, g->n,
				size);
		print_begin(p);
		print_str(p, "case", span_str(g->c.number));
		print_int(p, "part", (int64_t)i + 1);
		print_int(p, "parts", (int64_t)g->n);
		print_int(p, "len", (int64_t)g->part[i].len);
		print_int(p, "mail_len", (int64_t)size);
		print_str(p, "sha256", span_str(g->part[i].hash));
		print_end(p);
	}
}

/* --- one mail --------------------------------------------------------------------------------- */

/* What it says, in the language of the case, and what it is called. */
struct words {
	char subject[256], text[512], file[CASE_NUMBER_MAX + 32], envelope[CASE_NUMBER_MAX + 32];
};

static void
words_make(const struct sending *g, struct words *ret)
{
	const char *number = g->c.number;

	if (g->n == 1) {
		(void)snprintf(
			ret->subject, sizeof(ret->subject), "%s", _("Our answer to your request"));
		(void)snprintf(ret->text, sizeof(ret->text), "%s",
			_("Our answer to your request is attached. Its letter says what it holds.\n"));
		(void)snprintf(ret->file, sizeof(ret->file), "%s.zip", number);
		(void)snprintf(ret->envelope, sizeof(ret->envelope), "%s", number);
		return;
	}
	(void)snprintf(ret->subject, sizeof(ret->subject),
		_("Our answer to your request, part %zu of %zu"), g->i + 1, g->n);
	(void)snprintf(ret->text, sizeof(ret->text),
		_("Our answer to your request is too large for one mail. Part %zu of %zu is attached, an\n"
		  "archive of its own; one of the parts has the letter, which says what all of them hold.\n"),
		g->i + 1, g->n);
	(void)snprintf(ret->file, sizeof(ret->file), "%s.%zu-%zu.zip", number, g->i + 1, g->n);
	(void)snprintf(ret->envelope, sizeof(ret->envelope), "%s.%zu-%zu", number, g->i + 1, g->n);
}

static int
part_send(struct sending *g, struct openpgp *ring, struct err *e)
{
	struct words w;
	struct mail_draft m = { .sendmail = g->s->conf->sendmail,
		.from = g->s->conf->request_mail,
		.spool = registry_dir(g->s->registry),
		.case_number = g->c.number,
		.envelope = w.envelope,
		.to = span_of(g->to.p, g->to.len),
		.subject = w.subject,
		.attached = g->part[g->i].fd,
		.file_name = w.file,
		.now_us = g->s->now_us };
	int rc;

	letter_speak(g->c.lang);
	words_make(g, &w);
	m.text = span_str(w.text);
	rc = mail_send_sealed(ring, g->fpr, &m, e);
	letter_speak(NULL);
	return rc;
}

/* --- all of them ------------------------------------------------------------------------------ */

static int
part_do(struct sending *g, struct openpgp *ring, struct err *e)
{
	struct err ignored;
	int rc = case_within(g->s->registry, g->c.number, part_begin, g, e);

	if (rc != 0 || g->left_here)
		return rc;
	rc = part_send(g, ring, e);
	if (rc < 0)
		(void)case_within(g->s->registry, g->c.number, part_not_sent, g, &ignored);
	g->n_left += rc == 0;
	return rc < 0 ? -1 : case_within(g->s->registry, g->c.number, part_sent, g, e);
}

static int
parts_do(struct sending *g, struct err *e)
{
	CLEANUP(openpgp_freep) struct openpgp *ring = NULL;
	int rc = g->n > 1 ? case_within(g->s->registry, g->c.number, parts_put, g, e) : 0;

	if (rc == 0)
		rc = openpgp_open(registry_dir(g->s->registry), g->c.correspondence, &ring, e);
	for (g->i = 0; rc == 0 && g->i < g->n; g->i++)
		rc = part_do(g, ring, e);
	return rc;
}

int
answer_mail(struct session *s, const char *number, int fd, const char hash[SHA256_HEX],
	unsigned flags, bool *ret_left, struct err *e)
{
	struct sending g = { .s = s, .whole = hash, .flags = flags };
	int rc;

	if (!s->conf->request_mail)
		return err_fail(e, EX_CONFIG, 0, N_("there is no address for mail"),
			N_("set `mail` in the section dsar"), NULL);
	buf_init(&g.to, 1024);
	rc = case_within(s->registry, number, check, &g, e);
	if (rc == 0)
		rc = parts_make(&g, fd, e);
	if (rc == 0 && (flags & ANSWER_DRY))
		say(&g);
	else if (rc == 0)
		rc = parts_do(&g, e);
	if (rc == 0)
		*ret_left = g.n_left > 0;
	split_release(&g.split);
	buf_wipe(&g.to);
	return rc;
}
