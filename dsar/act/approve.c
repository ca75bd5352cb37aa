/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <libintl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "dsar/act/approval.h"
#include "dsar/case/case.h"
#include "dsar/command.h"
#include "dsar/act/erasure.h"
#include "dsar/act/rectification.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"
#include "evidence/sign.h"

#define _(text) gettext(text)

static void
help(void)
{
	fputs(_("Usage: dsar approve CASE HASH\n"
		"Signs the plan of that hash, of an erasure or a rectification, with your OpenPGP key.\n\n"
		"Who may do so stands in sparsam.conf: dsar { approvers = { … } }.\n"),
		stdout);
}

static int
approve(struct session *s, const struct approved *plan, struct buf *text, struct err *e)
{
	CLEANUP(sign_freep) struct sign *own = NULL;
	json_t *d;

	if (sign_open_own(&s->conf->approvers, &own, e) < 0)
		return -1;
	d = json_pack("{s:s, s:s}", "plan", plan->hash, "by", sign_fingerprint(own));
	if (registry_record(s->registry, plan->number, "approve", d, s->now_us, e) < 0 ||
		approval_make(s->registry, plan, span_of(text->p, text->len), own, s->now_us, e) <
			0)
		return -1;
	print_begin(&s->out);
	print_str(&s->out, "case", span_str(plan->number));
	print_str(&s->out, "plan", span_str(plan->hash));
	print_str(&s->out, "by", span_str(sign_fingerprint(own)));
	print_end(&s->out);
	if (!s->out.json)
		printf(_("Approved by %s\n"), sign_fingerprint(own));
	return 0;
}

/* The text of the plan that was shown under HASH, an erasure's or a rectification's. 1: there is none of that hash. What has
 * begun since, or was changed, has another one. */
static int
erasure_shown(struct session *s, const struct approved *plan, struct buf *text, struct err *e)
{
	struct erasure x;
	int rc = erasure_read(s->registry, plan->number, &x, e);

	if (rc == 0 && strcmp(x.hash, plan->hash) != 0)
		rc = 1;
	if (rc == 0 && (rc = erasure_text(&x, text, e)) == 0 && strcmp(x.hash, plan->hash) != 0)
		rc = 2;
	erasure_release(&x);
	return rc;
}

static int
rectification_shown(struct session *s, const struct approved *plan, struct buf *text, struct err *e)
{
	struct rectification x;
	int rc = rectification_read(s->registry, plan->number, &x, e);

	if (rc == 0 && strcmp(x.hash, plan->hash) != 0)
		rc = 1;
	if (rc == 0 && (rc = rectification_text(&x, text, e)) == 0 &&
		strcmp(x.hash, plan->hash) != 0)
		rc = 2;
	rectification_release(&x);
	return rc;
}

/* The plan that was shown is signed, or none. */
static int
approve_hash(struct session *s, const struct approved *plan, struct err *e)
{
	struct case_file c;
	struct buf text = { 0 };
	int rc;

	if (case_get(s->registry, plan->number, &c, e) < 0 ||
		case_guard(s->registry, &c, CASE_NEEDS_OPEN | CASE_NEEDS_VERIFIED, s->now_us, e) <
			0)
		return -1;
	rc = erasure_shown(s, plan, &text, e);
	if (rc == 1)
		rc = rectification_shown(s, plan, &text, e);
	if (rc == 1)
		rc = err_fail(e, EX_NOPERM, 0, N_("this is not the plan of the case"),
			N_("show it with `dsar erase CASE --dry-run`"), "%s", plan->number);
	if (rc == 2) /* it has begun since, or somebody has changed it */
		rc = err_fail(e, EX_NOPERM, 0, N_("the plan is not what its hash says"),
			N_("show it anew with `dsar erase CASE --dry-run`"), "%s", plan->number);
	if (rc == 0)
		rc = approve(s, plan, &text, e);
	buf_release(&text);
	return rc;
}

int
approve_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct approved plan;

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		help();
		return 0;
	}
	if (argc != 3)
		return usage_fail(_("approve takes a case and the hash of its plan"));
	plan = (struct approved){ argv[1], argv[2] };
	if (registry_begin(s->registry, e) < 0)
		return -1;
	return registry_end(s->registry, approve_hash(s, &plan, e), e);
}
