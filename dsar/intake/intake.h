/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * intake.h - one mail, from its bytes to its case
 *
 * First it is kept, sealed; then it is read. It joins the case whose mail it answers or whose number its
 * subject has, or opens the cases that its text seems to ask for (a proposal: the DPO decides). Which
 * mail it is, is known by its digest: the same one again changes nothing. A delivery report goes into the
 * account of the case that its envelope names. A receipt goes out for new cases alone, and never to what
 * no person wrote (RFC 3834), to ourselves, or to an address that has had several today.
 */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "dsar/case/case.h"

struct openpgp;
struct session;

struct intake { /* what came of it */
	char number[CASE_NUMBER_MAX];
	bool opened, again,
		report;     /* a case was opened; the mail was known; it is a delivery report */
	bool test;          /* it was dsar doctor's, and is of no case: NUMBER is "" */
	bool receipt;       /* one was sent */
	bool verified;      /* signed by the key that is pinned, and it names the case */
	char signed_by[41]; /* "": by nobody that counts */
};

/* Takes the mail in FD, a file in memory, by OWN, our own keyring (openpgp.h). EX_DATAERR: it cannot be read, and is not kept; EX_TEMPFAIL: try again. */
int intake_mail(struct session *s, struct openpgp *own, int fd, struct intake *ret, struct err *e);
