/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * gnupg.h - what whoever calls gpgme needs, whatever for
 */
#pragma once
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

/* Ends the gpg-agent(1) of HOME, which stays in the background otherwise, for as long as its home is there. */
void gnupg_end(const char *home);
