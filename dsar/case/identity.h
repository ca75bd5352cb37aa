/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * identity.h - is it really the person? (R12d)
 *
 * By the least that helps: a statement signed by a key that was known before, a code sent to the address that the
 * service has of her, or the DPO's own judgement with its reason. What is found out holds for all cases of one
 * letter that are open, and for no other: who asks again is looked at again.
 *
 * A key is pinned by its whole fingerprint and never looked up by an address. Of a code only a keyed hash is kept;
 * its key lies beside the register and in no backup.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"
#include "dsar/case/case.h"
#include "evidence/sign.h"

struct registry;

#define CODE_LEN      10 /* base32 characters: 50 bits */
#define CODE_TEXT_MAX (CODE_LEN + 2)
#define CODE_TRIES    5
#define CODES_MAX     5 /* of one letter */
#define CODE_LIFE_S   (14 * 86400)

/* Pins the OpenPGP PUBLIC_KEY to the letter of C. EX_DATAERR: it is not exactly one public key. */
int identity_pin(struct registry *r, const struct case_file *c, struct span public_key,
	int64_t now_us, char ret_fingerprint[FINGERPRINT_LEN + 1], struct err *e);

/* The key that is pinned: 1: there is none. */
int identity_key(struct registry *r, const struct case_file *c,
	char ret_fingerprint[FINGERPRINT_LEN + 1], struct err *e);

/* Is STATEMENT hers? SIGNATURE is detached, or SPAN_NONE: then STATEMENT is signed clear. It has to name C or another case
 * of the letter, so that nothing that was signed for another purpose serves. 0: verified, and so set; 1: no. EX_NOPERM: no
 * key is pinned. */
int identity_by_signature(struct registry *r, const struct case_file *c, struct span statement,
	struct span signature, int64_t now_us, struct err *e);

/* Makes a code, which replaces the one before. It is nowhere but in RET. */
int identity_code_new(struct registry *r, const struct case_file *c, int64_t now_us,
	char ret[CODE_TEXT_MAX], struct err *e);

/* Is TEXT the code? Dashes, blanks and case do not count. 0: verified, and so set; 1: no, and one try less. EX_NOPERM: there
 * is none, it has expired, or was tried too often. */
int identity_by_code(struct registry *r, const struct case_file *c, struct span text,
	int64_t now_us, struct err *e);

/* Sets the identity of C and the others of its letter, by METHOD ("hand", …), with a REASON that may be personal (SPAN_NONE:
 * none). */
int identity_set(struct registry *r, const struct case_file *c, enum case_identity to,
	const char *method, struct span reason, int64_t now_us, struct err *e);
