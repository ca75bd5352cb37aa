/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/openpgp/key_state.h"

#include "base/cleanup.h"
#include "dsar/case/identity.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"

int
key_state_own(struct session *s, key_state_seen *seen, void *ctx, struct err *e)
{
	CLEANUP(openpgp_freep) struct openpgp *ring = NULL;
	struct openpgp_key k;

	if (openpgp_open(registry_dir(s->registry), OPENPGP_OWN, &ring, e) < 0)
		return -1;
	if (!openpgp_own(ring))
		return 0;
	if (openpgp_judge(ring, openpgp_own(ring), SPAN_NONE, &k, e) < 0)
		return -1;
	return seen(ctx, NULL, &k, e) < 0 ? -1 : 0;
}

int
key_state_of(struct session *s, const struct case_file *c, key_state_seen *seen, void *ctx,
	struct err *e)
{
	CLEANUP(openpgp_freep) struct openpgp *ring = NULL;
	char fpr[FINGERPRINT_LEN + 1];
	struct openpgp_key k;
	const int rc = identity_key(s->registry, c, fpr, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (openpgp_open(registry_dir(s->registry), c->correspondence, &ring, e) < 0 ||
		openpgp_judge(ring, fpr, SPAN_NONE, &k, e) < 0)
		return -1;
	return k.fault == KEY_UNKNOWN ? 0 : seen(ctx, c->number, &k, e) < 0 ? -1 : 0;
}
