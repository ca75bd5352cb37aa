/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * openpgp-private.h - what the files of OpenPGP share
 */
#pragma once
#include "dsar/openpgp/openpgp.h"
#include "dsar/openpgp/sealer.h"
#include "evidence/gnupg.h"

struct openpgp {
	gpgme_ctx_t ctx;
	char *home;
	gpgme_key_t own;       /* with its secret part; NULL: none */
	struct sealer *sealer; /* begun with the first that is sealed */
};

static inline void
openpgp_key_end(gpgme_key_t *key)
{
	if (*key)
		gpgme_key_unref(*key);
}
#define CLEANUP_KEY CLEANUP(openpgp_key_end)

/* Key FPR of the ring, by a run of gpg. 1: there is none, and *ret is as it was. */
int openpgp_find(struct openpgp *p, const char *fpr, gpgme_key_t *ret, struct err *e);

/* What of KEY? NULL: KEY_UNKNOWN. */
void openpgp_judge_key(gpgme_key_t key, struct span address, struct openpgp_key *ret);
