/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * restriction.h - a case's finds are kept from being deleted, used or given out (GDPR Art. 18)
 *
 * A hold of the finds, without an end (held.h): retention does not delete these records, another case's erasure or
 * rectification keeps them and names the case. The register has the same digests, so that whoever reviews and answers
 * sees them without the node's holds: in a letter of somebody else's they go out on a ground of Art. 18(2) alone. What
 * an erasure had to keep (erasure.h, ERASURE_KEEP) is restricted as well.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dsar/case/case.h"
#include "record/key/digest.h"

struct find;
struct registry;
struct session;

/* Restricts C's finds that are not excluded, and says so in its account; what is so already is added to. *ret_n: how
 * many records. 1: there are none. Fails as hold_add() does. */
int restriction_begin(struct session *s, const struct case_file *c, size_t *ret_n, struct err *e);

/* Is there one in force? */
bool restriction_is(const struct session *s, const char *number);

/* Notes WHAT ("told") in the case's account. */
int restriction_note(struct session *s, const char *number, const char *what, struct err *e);

/* Was the person told, or is it being lifted already? */
int restriction_told(struct registry *r, const char *number, bool *ret, struct err *e);

/* Lifts it; none is fine. Ended in between, it is lifted when said again. */
int restriction_lift(struct session *s, const char *number, struct err *e);

/* The record of digest FROM is of digest TO by now. Within a transaction. */
int restriction_became(struct registry *r, const uint8_t from[RECORD_DIGEST_LEN],
	const uint8_t to[RECORD_DIGEST_LEN], struct err *e);

/* Which case has that record restricted, but for those of NUMBER's own letter: these are by her own will, and so is the
 * answer (Art. 18(2)). 1: none has. */
int restriction_by(struct registry *r, const char *number, const uint8_t digest[RECORD_DIGEST_LEN],
	char ret[CASE_NUMBER_MAX], struct err *e);

/* How many of NUMBER's finds are such. */
int restriction_count(struct registry *r, const char *number, uint64_t *ret, struct err *e);

/* … that F of case NUMBER must not be given out: restricted, and decided without a ground of Art. 18(2). What cannot be
 * read bars. */
bool restriction_bars(struct registry *r, const char *number, const struct find *f);
