/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * intake.h - mails, from their bytes to their cases
 *
 * A mail is read and sealed; then it is kept and filed. It joins the case whose mail it answers or whose number its
 * subject has, or opens the cases that its text seems to ask for (a proposal: the DPO decides). Which
 * mail it is, is known by its digest: the same one again changes nothing. A delivery report goes into the
 * account of the case that its envelope names. A receipt goes out for new cases alone, and never to what
 * no person wrote (RFC 3834), to ourselves, or to an address that has had several today.
 *
 * What costs time beside the work is to make each mail's change durable. So many mails are one change of the register:
 * read one by one, each by a process of its own, then filed together, then answered by their receipts. Whoever
 * gives them has them until intake_file() has returned; what was ended before that comes again.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "dsar/case/case.h"

struct openpgp;
struct session;

struct intake { /* what came of a mail */
	char number[CASE_NUMBER_MAX];
	bool opened, again,
		report;     /* a case was opened; the mail was known; it is a delivery report */
	bool test;          /* it was dsar doctor's, and is of no case: NUMBER is "" */
	bool receipt;       /* one was sent */
	bool verified;      /* signed by the key that is pinned, and it names the case */
	char signed_by[41]; /* "": by nobody that counts */
	struct err unsent;  /* exit not 0: the mail server refused its receipt, for good */
	bool refused;       /* it is to be kept where it is, for … */
	struct err
		why; /* … this: EX_DATAERR: it is of no case; EX_TEMPFAIL: its receipt cannot be made yet */
};

struct taking; /* a mail on its way */

#define INTAKE_MAX 64 /* mails of one change */

/* Reads and seals the mail in FD, a file in memory that is given away, by OWN, our own keyring (openpgp.h), which is
 * borrowed. The caller owns *ret. EX_DATAERR: it cannot be read, and is not kept; EX_TEMPFAIL: try again. */
int taking_new(struct session *s, struct openpgp *own, int fd, struct taking **ret, struct err *e);
struct taking *taking_free(struct taking *t); /* wipes */
DEFINE_CLEANUP(struct taking, taking_free)

/* Has it anything of OpenPGP? Then its filing takes a second, in which nobody else can change the register: make it the
 * last of its change. */
bool taking_is_slow(const struct taking *t);
const struct intake *taking_result(const struct taking *t);

/* Files the N mails of T, at most INTAKE_MAX, as one change, and sends their receipts. *ret_n: the first so many are
 * done with, also on failure; those behind it come again. EX_TEMPFAIL: try again. */
int intake_file(struct session *s, struct taking *const *t, size_t n, size_t *ret_n, struct err *e);
