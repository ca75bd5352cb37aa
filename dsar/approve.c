/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <libintl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "dsar/approval.h"
#include "dsar/case.h"
#include "dsar/command.h"
#include "dsar/erasure.h"
#include "dsar/registry.h"
#include "dsar/session.h"
#include "evidence/sign.h"

#define _(text) gettext(text)

static void
help(void)
{
	fputs(_("Usage: dsar approve CASE HASH\n"
		"Signs the erasure's plan of that hash with your OpenPGP key.\n\n"
		"Who may do so stands in sparsam.conf: dsar { approvers = { … } }.\n"),
		stdout);
}

static int
approve(struct session *s, struct erasure *x, struct buf *text, struct err *e)
{
	CLEANUP(sign_freep) struct sign *own = NULL;
	json_t *d;

	if (sign_open_own(&s->conf->approvers, &own, e) < 0)
		return -1;
	d = json_pack("{s:s, s:s}", "plan", x->hash, "by", sign_fingerprint(own));
	if (registry_record(s->registry, x->number, "approve", d, s->now_us, e) < 0 ||
		approval_make(s->registry, x, span_of(text->p, text->len), own, s->now_us, e) < 0)
		return -1;
	print_begin(&s->out);
	print_str(&s->out, "case", span_str(x->number));
	print_str(&s->out, "plan", span_str(x->hash));
	print_str(&s->out, "by", span_str(sign_fingerprint(own)));
	print_end(&s->out);
	if (!s->out.json)
		printf(_("Approved by %s\n"), sign_fingerprint(own));
	return 0;
}

/* The plan that was shown is signed, or none. */
static int
approve_hash(
	struct session *s, const char *number, const char *hash, struct erasure *x, struct err *e)
{
	struct case_file c;
	struct buf text = { 0 };
	char shown[ERASURE_HASH_HEX];
	int rc;

	if (case_get(s->registry, number, &c, e) < 0 ||
		case_guard(s->registry, &c, CASE_NEEDS_OPEN | CASE_NEEDS_VERIFIED, s->now_us, e) <
			0)
		return -1;
	rc = erasure_read(s->registry, number, x, e);
	if (rc < 0)
		return -1;
	memcpy(shown, x->hash, sizeof(shown));
	if (rc > 0 || strcmp(hash, shown) != 0)
		return err_fail(e, EX_NOPERM, 0, N_("this is not the plan of the case"),
			N_("show it with `dsar erase CASE --dry-run`"), "%s", number);
	rc = erasure_text(x, &text, e);
	if (rc == 0 &&
		strcmp(shown, x->hash) != 0) /* it has begun since, or somebody has changed it */
		rc = err_fail(e, EX_NOPERM, 0, N_("the plan is not what its hash says"),
			N_("show it anew with `dsar erase CASE --dry-run`"), "%s", number);
	if (rc == 0)
		rc = approve(s, x, &text, e);
	buf_release(&text);
	return rc;
}

int
approve_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct erasure x;
	int rc;

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		help();
		return 0;
	}
	if (argc != 3)
		return usage_fail(_("approve takes a case and the hash of its plan"));
	erasure_init(&x, argv[1]);
	if (registry_begin(s->registry, e) < 0)
		return -1;
	rc = registry_end(s->registry, approve_hash(s, argv[1], argv[2], &x, e), e);
	erasure_release(&x);
	return rc;
}
