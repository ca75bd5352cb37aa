/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * key_command.c - dsar key: our own key, and the keys that people send
 */
#include <getopt.h>
#include <libintl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/options.h"
#include "dsar/case/case.h"
#include "dsar/command.h"
#include "dsar/given.h"
#include "dsar/case/identity.h"
#include "dsar/mail/mail_box.h"
#include "dsar/openpgp/openpgp.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"
#include "dsar/openpgp/wkd.h"

#define _(text) gettext(text)

#define KEY_MAX     (1u << 20) /* bytes of a file with keys */
#define KEYS_A_FILE 8

struct asked {
	struct session *s;
	struct openpgp *ring;
	struct case_file c;
	char pinned[FINGERPRINT_LEN + 1];
	const char *from;
	bool make, replace;
};

static void
help(void)
{
	fputs(_("Usage: dsar key own [--make]\n"
		"       dsar key CASE list\n"
		"       dsar key CASE add --from FILE\n"
		"       dsar key CASE fetch\n"
		"       dsar key CASE confirm FINGERPRINT [--replace]\n"
		"Our own key, and those that people send: candidates, until the DPO confirms one.\n\n"
		"  --make       makes our own key; without it, it is printed\n"
		"  fetch        asks the web server of her mail's domain for the key of the case's address;\n"
		"               the domain learns of it\n"
		"  confirm      answers go to this key from now on; the identity must be verified\n"
		"  --replace    instead of the one that was confirmed before\n\n"
		"Example:  dsar key 2026-0001 list\n"),
		stdout);
}

static int
own_do(struct asked *a, struct err *e)
{
	struct buf key = { .max = KEY_MAX };
	int rc;

	if (a->make && !a->s->conf->request_mail)
		return err_fail(e, EX_CONFIG, 0, N_("there is no address for mail"),
			N_("set `mail` in the section dsar"), NULL);
	if (a->make && openpgp_own_make(a->ring, a->s->conf->request_mail, e) < 0)
		return -1;
	if (!openpgp_own(a->ring))
		return err_fail(e, EX_CONFIG, 0, N_("there is no key of our own"),
			N_("make one with `dsar key own --make`"), NULL);
	rc = openpgp_export(a->ring, openpgp_own(a->ring), &key, e);
	if (rc == 0 && !a->s->out.json)
		(void)fwrite(key.p, 1, key.len, stdout);
	print_begin(&a->s->out);
	print_str(&a->s->out, "fingerprint", span_str(openpgp_own(a->ring)));
	print_end(&a->s->out);
	buf_release(&key);
	return rc;
}

/* --- of a case -------------------------------------------------------------------------------- */

static int
see_key(void *ctx, const char *fpr, const char *source, int64_t seen_us, struct err *e)
{
	struct asked *a = ctx;
	const bool pinned = strcasecmp(fpr, a->pinned) == 0;
	struct openpgp_key k;

	if (openpgp_judge(a->ring, fpr, SPAN_NONE, &k, e) < 0)
		return -1;
	if (!a->s->out.json)
		printf("%s  %-10s %s%s\n", fpr, source, _(openpgp_fault_text(k.fault)),
			pinned ? _(", confirmed") : "");
	print_begin(&a->s->out);
	print_str(&a->s->out, "fingerprint", span_str(fpr));
	print_str(&a->s->out, "source", span_str(source));
	print_time(&a->s->out, "seen", seen_us);
	print_bool(&a->s->out, "usable", k.fault == KEY_USABLE);
	print_bool(&a->s->out, "confirmed", pinned);
	print_end(&a->s->out);
	return 0;
}

/* Takes the keys of BLOB as candidates. ADDRESS, unless it is SPAN_NONE, stands in each, or it is none. */
static int
take(struct asked *a, struct span blob, const char *source, struct span address, struct err *e)
{
	struct openpgp_key found[KEYS_A_FILE];
	enum openpgp_fault fault;
	size_t n = 0, taken = 0;

	if (openpgp_import(a->ring, blob, found, KEYS_A_FILE, &n, &fault, e) < 0)
		return -1;
	if (n == 0)
		return err_fail(
			e, EX_DATAERR, 0, openpgp_fault_text(fault), NULL, "%s", a->c.number);
	for (size_t i = 0; i < n; i++) {
		struct openpgp_key k;

		if (openpgp_judge(a->ring, found[i].fpr, address, &k, e) < 0)
			return -1;
		if (address.p && !k.has_address)
			continue;
		if (mail_box_key(a->s->registry, a->c.correspondence, &k, source, a->s->now_us, e) <
			0)
			return -1;
		taken++;
	}
	return taken > 0 ? 0
			 : err_fail(e, EX_DATAERR, 0, N_("the key is of another address"), NULL,
				   "%s", a->c.number);
}

static int
add_do(struct asked *a, struct err *e)
{
	struct buf blob = { 0 };
	int rc = given_bytes(a->from, KEY_MAX, &blob, e);

	if (rc == 0)
		rc = take(a, span_of(blob.p, blob.len), "file", SPAN_NONE, e);
	buf_wipe(&blob);
	return rc;
}

static int
fetch_note(struct asked *a, const char *what, struct err *e)
{
	return case_event_recorded(a->s->registry, a->c.number, "key",
		json_pack("{s:s, s:s}", "what", what, "source", "wkd"), a->s->now_us, e);
}

static int
fetch_end(struct asked *a, struct span keys, struct span address, struct err *e)
{
	int rc = registry_begin(a->s->registry, e);

	if (rc < 0)
		return -1;
	rc = take(a, keys, "wkd", address, e);
	if (rc == 0)
		rc = fetch_note(a, "fetched", e);
	return registry_end(a->s->registry, rc, e);
}

static int
fetch_tell(struct asked *a, const char *what, struct err *e)
{
	if (registry_begin(a->s->registry, e) < 0)
		return -1;
	return registry_end(a->s->registry, fetch_note(a, what, e), e);
}

/* While it is asked the register is free for others. */
static int
fetch_do(struct asked *a, struct err *e)
{
	struct buf to = { .max = 1024 }, blob = { .max = KEY_MAX };
	struct err ignored;
	int rc = case_address(a->s->registry, &a->c, &to, e);

	if (rc == 0)
		rc = fetch_tell(a, "fetch", e);
	if (rc == 0) {
		rc = wkd_fetch(span_of(to.p, to.len), a->s->conf->wkd_ca, &blob, e);
		if (rc > 0)
			rc = err_fail(e, EX_UNAVAILABLE, 0,
				N_("no key is published for that address"),
				N_("send her the letter `key`"), "%s", a->c.number);
		if (rc == 0)
			rc = fetch_end(a, span_of(blob.p, blob.len), span_of(to.p, to.len), e);
		if (rc < 0)
			(void)fetch_tell(a, "not fetched", &ignored);
	}
	buf_wipe(&to);
	buf_wipe(&blob);
	return rc;
}

/* A changed key is asked about, never used silently. */
static int
confirm_do(struct asked *a, const char *fpr, struct err *e)
{
	struct openpgp_key k;
	struct buf key = { .max = KEY_MAX };
	int rc;

	if (openpgp_judge(a->ring, fpr, SPAN_NONE, &k, e) < 0)
		return -1;
	if (k.fault != KEY_USABLE)
		return err_fail(
			e, EX_NOPERM, 0, openpgp_fault_text(k.fault), NULL, "%s", a->c.number);
	if (a->pinned[0] && strcasecmp(a->pinned, k.fpr) != 0 && !a->replace)
		return err_fail(e, EX_NOPERM, 0, N_("another key was confirmed for this person"),
			N_("ask her another way why it has changed, then add --replace"), "%s",
			a->pinned);
	rc = openpgp_export(a->ring, k.fpr, &key, e);
	if (rc == 0)
		rc = case_guard(a->s->registry, &a->c, CASE_NEEDS_OPEN | CASE_NEEDS_VERIFIED,
			a->s->now_us, e);
	if (rc == 0)
		rc = identity_pin(
			a->s->registry, &a->c, span_of(key.p, key.len), a->s->now_us, a->pinned, e);
	buf_release(&key);
	return rc;
}

static int
act(struct asked *a, const char *verb, const char *fpr, struct err *e)
{
	int rc;

	if (strcmp(verb, "list") == 0 && !fpr)
		return mail_box_keys(a->s->registry, a->c.correspondence, see_key, a, e);
	if (strcmp(verb, "fetch") == 0 && !fpr)
		return fetch_do(a, e);
	if (registry_begin(a->s->registry, e) < 0)
		return -1;
	if (strcmp(verb, "add") == 0 && a->from && !fpr)
		rc = add_do(a, e);
	else if (strcmp(verb, "confirm") == 0 && fpr)
		rc = confirm_do(a, fpr, e);
	else
		rc = usage_fail(
			_("key takes list, add --from FILE, fetch, or confirm and a fingerprint"));
	return registry_end(a->s->registry, rc, e);
}

int
key_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct asked a = { .s = s };
	const struct option_to table[] = {
		{ "from", 0, &a.from, NULL },
		{ "make", 0, NULL, &a.make },
		{ "replace", 0, NULL, &a.replace },
	};
	int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);
	bool own;

	if (rc > 0)
		return 0;
	own = rc == 0 && optind < argc && strcmp(argv[optind], OPENPGP_OWN) == 0;
	if (rc < 0 || argc - optind < (own ? 1 : 2) || argc - optind > (own ? 1 : 3))
		return usage_fail(_("key takes own, or the number of a case and what to do"));
	if (!own && case_get(s->registry, argv[optind], &a.c, e) < 0)
		return -1;
	if (!own && identity_key(s->registry, &a.c, a.pinned, e) < 0)
		return -1;
	if (openpgp_open(registry_dir(s->registry), own ? OPENPGP_OWN : a.c.correspondence, &a.ring,
		    e) < 0)
		return -1;
	rc = own ? own_do(&a, e)
		 : act(&a, argv[optind + 1], optind + 2 < argc ? argv[optind + 2] : NULL, e);
	openpgp_free(a.ring);
	return rc;
}
