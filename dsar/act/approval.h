/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * approval.h - signatures under the plan of an erasure or a rectification
 *
 * Who may approve stands in the configuration, by the whole fingerprint of a primary key: dsar {
 * approvers = { … } }. An approval is that key's detached signature over the plan's text (erasure.h, rectification.h), kept
 * with the public key as it was, so that it can be checked by anybody, later, elsewhere. It counts for that
 * plan alone: another text has no signature. Where dsar { second_person = true }, two different primary
 * keys have to have signed.
 */
#pragma once
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "base/span.h"
#include "evidence/sign.h"

struct conf;
struct registry;
struct sign;

#define SIGNED_MAX (64u << 10) /* bytes of an armoured signature, and of an armoured key */

struct approved { /* a plan: of which case, and its hash */
	const char *number, *hash;
};

/* Signs TEXT, X's plan, with S, and keeps that. Within a transaction. */
int approval_make(struct registry *r, const struct approved *x, struct span text, struct sign *s,
	int64_t now_us, struct err *e);

/* Is TEXT, X's plan, approved as C asks for it? EX_NOPERM says what is missing; the refusal is on record. */
int approvals_guard(struct registry *r, const struct conf *c, const struct approved *x,
	struct span text, int64_t now_us, struct err *e);

/* Appends to LIST what was approved in case NUMBER, and when: {hash, fingerprint, time}. */
int approvals_list(struct registry *r, const char *number, json_t *list, struct err *e);

/* Is SIGNATURE a good one over TEXT by KEY, and is that one of C's approvers? 1: no. *ret_who is their place in
 * the list. EX_UNAVAILABLE: gpg does not work. */
int approver_signed(const struct conf *c, struct span text, struct span signature, struct span key,
	size_t *ret_who, char ret_fingerprint[FINGERPRINT_LEN + 1], struct err *e);
