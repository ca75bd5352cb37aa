/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * openpgp-private.h - what the files of OpenPGP share
 */
#pragma once
#include <sys/resource.h>

#include <gpgme.h>

#include "dsar/openpgp.h"

struct openpgp {
	gpgme_ctx_t ctx;
	char *home;
	gpgme_key_t own; /* with its secret part; NULL: none */
};

static inline void
openpgp_data_end(gpgme_data_t *data)
{
	if (*data)
		gpgme_data_release(*data);
}
#define CLEANUP_DATA CLEANUP(openpgp_data_end)

static inline void
openpgp_key_end(gpgme_key_t *key)
{
	if (*key)
		gpgme_key_unref(*key);
}
#define CLEANUP_KEY CLEANUP(openpgp_key_end)

/* EX_UNAVAILABLE at P's home, with gpg's words. */
int openpgp_fail(const struct openpgp *p, gpgme_error_t why, struct err *e);

/* Appends all that DATA holds. */
int openpgp_data_take(gpgme_data_t data, struct buf *out, struct err *e);

/* gpg inherits a limit of processor time until it is put back. */
void openpgp_limit(struct rlimit *ret_old);
void openpgp_unlimit(const struct rlimit *old);

/* Key FPR of the ring. 1: there is none. */
int openpgp_find(struct openpgp *p, const char *fpr, gpgme_key_t *ret, struct err *e);
