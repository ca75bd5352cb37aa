/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "retention/seal.h"

#include <sodium.h>

#include "base/now.h"
#include "evidence/ledger.h"
#include "retention/session.h"

int
seal_note(struct session *s, const char *store, const char *plan, const struct store_result *r,
	struct err *e)
{
	char before[65], after[65];
	json_t *d;

	if (!r->seal_broken || !s->ledger)
		return 0;
	(void)sodium_bin2hex(before, sizeof(before), r->before, sizeof(r->before));
	(void)sodium_bin2hex(after, sizeof(after), r->after, sizeof(r->after));
	d = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "store", store, "plan", plan, "before",
		before, "after", after, "dropped", (json_int_t)r->n_erased, "stay",
		(json_int_t)r->n_stayed);
	return ledger_append(s->ledger, now_us(), "seal", d, NULL, e);
}
