/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * notify.c - mails: a failure and holds near their end to the operator, signed heads to a witness
 *
 * retention-notify.service runs it behind each run (OnSuccess=, OnFailure=); systemd tells in $MONITOR_*
 * how the run ended. A failure goes on record, so that `check` and `report` know of it also where the
 * run itself got no word out. What was sent is remembered in state_dir/mailed, which proves nothing: if
 * it is lost, a mail comes twice.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <jansson.h>
#include <sodium.h>

#include "base/buf.h"
#include "base/options.h"
#include "evidence/hold.h"
#include "evidence/ledger.h"
#include "record/timestamp.h"
#include "retention/command.h"
#include "retention/mail.h"
#include "retention/session.h"
#include "retention/standing.h"

#define _(text) gettext(text)

struct notify {
	struct session *s;
	json_t *mailed; /* {"head": SEQ, "holds": {"ID": "EXPIRES"}} */
	int status;
};

static void
mail(struct notify *n, const char *to, const char *subject, const char *body)
{
	const struct conf *c = n->s->conf;
	const struct mail m = { c->sendmail, to, c->mail_from, subject, body };
	struct err e;

	if (mail_send(&m, &e) < 0)
		n->status = err_print(&e, "retention", stderr);
}

/* --- what was sent ---------------------------------------------------------------------------- */

static int
mailed_path(const struct session *s, const char *end, char **ret, struct err *e)
{
	return asprintf(ret, "%s/mailed%s", s->conf->state_dir, end) < 0 ? err_memory(e) : 0;
}

static int
mailed_read(struct notify *n, struct err *e)
{
	cleanup_mem char *path = NULL;

	if (mailed_path(n->s, "", &path, e) < 0)
		return -1;
	n->mailed = json_load_file(path, 0, NULL);
	if (!json_is_object(n->mailed)) {
		json_decref(n->mailed);
		n->mailed = json_pack("{s:{}}", "holds");
	}
	return 0;
}

static int
mailed_write(struct notify *n, struct err *e)
{
	cleanup_mem char *path = NULL, *new = NULL;

	if (mailed_path(n->s, "", &path, e) < 0 || mailed_path(n->s, ".new", &new, e) < 0)
		return -1;
	if (json_dump_file(n->mailed, new, JSON_COMPACT) == 0 && rename(new, path) == 0)
		return 0;
	return err_fail(e, EX_IOERR, errno, N_("cannot write"), NULL, "%s", path);
}

/* --- a failure -------------------------------------------------------------------------------- */

/* systemd's words, or ours: no more than letters, digits and hyphens get on record. */
static const char *
word(const char *text)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

	return text && *text && strlen(text) <= 32 && strspn(text, allowed) == strlen(text)
		       ? text
		       : "unknown";
}

static int
failure(struct notify *n, const char *result, const char *status, struct err *e)
{
	struct session *s = n->s;
	char body[1024];

	if (ledger_append(s->ledger, s->now_us, "failure",
		    json_pack("{s:s, s:s}", "result", word(result), "status", word(status)), NULL,
		    e) < 0 ||
		ledger_sign(s->ledger, s->sign, e) < 0)
		return -1;
	if (!s->conf->mail_to)
		return 0;
	(void)snprintf(body, sizeof(body),
		_("A run of retention has failed on this machine: %s, exit status %s.\n"
		  "What is past its period may not be gone.\n\n"
		  "  journalctl -u retention\n  retention status\n  retention report\n"),
		word(result), word(status));
	mail(n, s->conf->mail_to, _("retention has failed"), body);
	return 0;
}

/* --- holds near their end --------------------------------------------------------------------- */

static void
remind(struct notify *n, const struct hold *d)
{
	json_t *holds = json_object_get(n->mailed, "holds");
	char id[24], expires[28], body[1024];
	const char *told;

	(void)snprintf(id, sizeof(id), "%" PRIu64, d->id);
	timestamp_format(d->expires_us, expires);
	told = json_string_value(json_object_get(holds, id));
	if (told && strcmp(told, expires) == 0)
		return;
	(void)snprintf(body, sizeof(body),
		_("Hold %s ends on %.16sZ. What it keeps is erased with the next run after that.\n\n"
		  "  retention hold show %s\n  retention hold extend %s --expires +14d\n"
		  "  retention hold release %s\n"),
		id, expires, id, id, id);
	mail(n, n->s->conf->mail_to, _("a hold is about to end"), body);
	if (n->status == 0)
		(void)json_object_set_new(holds, id, json_string(expires));
}

static void
reminders(struct notify *n)
{
	const struct hold *list;
	size_t count = holds_list(n->s->holds, &list);

	for (size_t i = 0; n->s->conf->mail_to && i < count; i++)
		if (hold_is_ending(n->s, &list[i]))
			remind(n, &list[i]);
}

/* --- heads for the witness -------------------------------------------------------------------- */

struct newest {
	uint64_t seq;
	struct buf text;
};

static int
see_head(void *ctx, const struct ledger_head *h, struct err *e)
{
	struct newest *n = ctx;
	char hash[2 * LEDGER_HASH_LEN + 1];

	n->seq = h->seq;
	buf_clear(&n->text);
	(void)sodium_bin2hex(hash, sizeof(hash), h->hash, LEDGER_HASH_LEN);
	buf_printf(&n->text, "sparsam-head-1 %" PRIu64 " %s\n\n", h->seq, hash);
	buf_span(&n->text, h->signature);
	buf_char(&n->text, '\0');
	return n->text.failed ? err_memory(e) : 0;
}

static int
witness(struct notify *n, struct err *e)
{
	struct newest head = { .text = { .max = 32u << 10 } };
	int rc;

	if (!n->s->conf->witness)
		return 0;
	rc = ledger_heads(n->s->ledger, see_head, &head, e);
	if (rc == 0 &&
		head.seq > (uint64_t)json_integer_value(json_object_get(n->mailed, "head"))) {
		const int before = n->status;

		n->status = 0;
		mail(n, n->s->conf->witness, "sparsam-head-1", head.text.p);
		if (n->status == 0)
			(void)json_object_set_new(
				n->mailed, "head", json_integer((json_int_t)head.seq));
		n->status = n->status ? n->status : before;
	}
	buf_release(&head.text);
	return rc;
}

/* ---------------------------------------------------------------------------------------------- */

static void
help(void)
{
	fputs(_("Usage: retention notify [--failed STATUS]\n"
		"Mails a failed run and holds near their end to mail_to, and the newest signed head\n"
		"of the ledger to witness (sparsam.conf, section retention).\n"
		"retention-notify.service runs it behind each run.\n\n"
		"  --failed STATUS   the run ended so; under systemd it is in $MONITOR_EXIT_STATUS\n\n"
		"Example:  retention run || retention notify --failed $?\n"),
		stdout);
}

static int
options_read(int argc, char **argv, const char **ret_failed)
{
	const struct option_to table[] = {
		{ "failed", 0, ret_failed, NULL },
	};
	int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);

	if (rc != 0)
		return rc;
	return optind == argc ? 0 : -1;
}

int
notify_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct notify n = { .s = s };
	const char *result = getenv("MONITOR_SERVICE_RESULT"), *status = NULL;
	int rc = options_read(argc, argv, &status);

	if (rc != 0)
		return rc > 0 ? 0 : usage_fail(_("unknown option, or its value is missing"));
	if (status)
		result = "exit-code";
	else
		status = getenv("MONITOR_EXIT_STATUS");
	rc = mailed_read(&n, e);
	if (rc == 0 && result && strcmp(result, "success") != 0)
		rc = failure(&n, result, status, e);
	if (rc == 0) {
		reminders(&n);
		rc = witness(&n, e);
	}
	if (rc == 0)
		rc = mailed_write(&n, e);
	json_decref(n.mailed);
	return rc < 0 ? -1 : n.status;
}

int
notify_broken(const struct err *e)
{
	const char *result = getenv("MONITOR_SERVICE_RESULT");
	cleanup_mem char *body = NULL;
	struct err ignored;
	size_t len;
	FILE *f;

	/* by hand the person who typed it reads it anyway */
	f = result && strcmp(result, "success") != 0 ? open_memstream(&body, &len) : NULL;
	if (f) {
		struct mail m = { "/usr/sbin/sendmail", "root", NULL, _("retention has failed"),
			NULL };

		(void)err_print(e, "retention", f);
		(void)fclose(f);
		m.body = body;
		(void)mail_send(&m, &ignored); /* nobody else is left to be told */
	}
	return err_print(e, "retention", stderr);
}
