/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * gnupg.h - what whoever calls gpgme needs, whatever for
 */
#pragma once
#include <stdbool.h>
#include <sys/resource.h>

#include <gpgme.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"

static inline void
gnupg_data_end(gpgme_data_t *data)
{
	if (*data)
		gpgme_data_release(*data);
}
#define CLEANUP_DATA CLEANUP(gnupg_data_end)

/* WHY, in gpg's words, as EX_UNAVAILABLE at HOME. */
int gnupg_fail(gpgme_error_t why, const char *home, struct err *e);
#define gnupg_fail(why, home, e) ((void)(gnupg_fail)(why, home, e), -1) /* as in err.h */

/* Appends all that DATA holds to OUT. */
int gnupg_take(gpgme_data_t data, struct buf *out, struct err *e);

/* What gpg gives, as far as LEFT bytes into FD; more is an error of the operation, and not by gpg's own max-output: what
 * that cuts short it calls a success. B is borrowed until DATA is released. */
struct gnupg_bounded {
	int fd;
	size_t left;
};
gpgme_error_t gnupg_bounded(gpgme_data_t *data, struct gnupg_bounded *b);

/* Was the last decryption of CTX one to a key, and of text that nobody can have changed? */
bool gnupg_decrypted(gpgme_ctx_t ctx);

/* Ends the gpg-agent(1) of HOME, which stays in the background otherwise, for as long as its home is there. */
void gnupg_end(const char *home);

/* An operation of gpgme, from its …_start() to its end; CTX is borrowed until then. SIGPIPE is ignored from here on, as
 * gpgme wants it:
 *   gnupg_wait_begin(ctx, GNUPG_STRANGERS, &w); rc = gnupg_wait_end(ctx, &w, gpgme_op_…_start(ctx, …));
 *
 * While a stranger's bytes are with gpg, it has 10 s of processor time: a key of 16,000 names takes half a minute. A
 * gpg-agent(1) that it starts would have no more, for its whole life: one that outlives us has to run before. */
enum gnupg_bytes { GNUPG_OURS, GNUPG_STRANGERS };
#define GNUPG_PIPES 16
struct gnupg_wait {
	bool streams; /* may be long */
	bool limited;
	struct rlimit limit; /* as it was before */
	struct gnupg_pipe {
		int fd;
		short events;
		gpgme_io_cb_t call; /* NULL: free */
		void *data;
	} pipe[GNUPG_PIPES];
	bool done;
	gpgme_error_t rc;
};
void gnupg_wait_begin(gpgme_ctx_t ctx, enum gnupg_bytes whose, struct gnupg_wait *w);
gpgme_error_t gnupg_wait_end(gpgme_ctx_t ctx, struct gnupg_wait *w, gpgme_error_t begun);
