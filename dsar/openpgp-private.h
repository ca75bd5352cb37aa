/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * openpgp-private.h - what the files of OpenPGP share
 */
#pragma once
#include <sys/resource.h>

#include "dsar/openpgp.h"
#include "evidence/gnupg.h"

struct openpgp {
	gpgme_ctx_t ctx;
	char *home;
	gpgme_key_t own; /* with its secret part; NULL: none */
};

static inline void
openpgp_key_end(gpgme_key_t *key)
{
	if (*key)
		gpgme_key_unref(*key);
}
#define CLEANUP_KEY CLEANUP(openpgp_key_end)

/* A ring in the folder HOME, which is there and empty, with no key of ours. */
int openpgp_open_at(const char *home, struct openpgp **ret, struct err *e);

/* gpg inherits a limit of processor time until it is put back. */
void openpgp_limit(struct rlimit *ret_old);
void openpgp_unlimit(const struct rlimit *old);

/* An operation of gpgme, from its …_start() to its end; the ring is borrowed until then:
 *   openpgp_wait_begin(p, &w); rc = openpgp_wait_end(p, &w, gpgme_op_…_start(p->ctx, …)); */
#define OPENPGP_PIPES 16
struct openpgp_wait {
	struct openpgp_pipe {
		int fd;
		short events;
		gpgme_io_cb_t call; /* NULL: free */
		void *data;
	} pipe[OPENPGP_PIPES];
	bool done;
	gpgme_error_t rc;
};
void openpgp_wait_begin(struct openpgp *p, struct openpgp_wait *w);
gpgme_error_t openpgp_wait_end(struct openpgp *p, struct openpgp_wait *w, gpgme_error_t begun);

/* Key FPR of the ring. 1: there is none. */
int openpgp_find(struct openpgp *p, const char *fpr, gpgme_key_t *ret, struct err *e);
