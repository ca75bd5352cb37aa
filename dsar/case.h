/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * case.h - one request of one person under one article, from its receipt until nothing of it is left
 *
 *   received -> receipted -> searching -> review -> decided -> executing -> answered -> closed ->
 *   shrunk -> gone
 *
 * beside it the identity (open, asked, verified, failed); reminder and extension are events, not
 * states. Several kinds in one letter are several cases of one correspondence; a reminder joins its
 * case. What a state asks for is looked at where the act happens, by case_guard(), and nowhere else:
 *
 *   nothing but letters without personal data leaves before the identity is verified (R12d);
 *   executing asks for an approved plan whose hash is the plan's that was shown;
 *   answered asks that every store has answered and every find was looked at (R15c);
 *   closed asks that recipients were told (R19).
 *
 * Dates follow Regulation 1182/71 (deadline.h). A case is named by its number, "2026-0001", which is
 * all that ledger, messages and file names ever say of it.
 *
 * Source: GDPR Art. 7(3), 12, 15 to 21. Times are microseconds since 1970-01-01 UTC, days are local.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"

struct registry;

#define CASE_NUMBER_MAX 16 /* "2026-0001" with its NUL */

enum article { /* of the GDPR, as it is stored: the article's number */
	ARTICLE_WITHDRAWAL = 7,
	ARTICLE_ACCESS = 15,
	ARTICLE_RECTIFICATION = 16,
	ARTICLE_ERASURE = 17,
	ARTICLE_RESTRICTION = 18,
	ARTICLE_PORTABILITY = 20,
	ARTICLE_OBJECTION = 21
};

enum case_state {
	CASE_RECEIVED,
	CASE_RECEIPTED,
	CASE_SEARCHING,
	CASE_REVIEW,
	CASE_DECIDED,
	CASE_EXECUTING,
	CASE_ANSWERED,
	CASE_CLOSED,
	CASE_SHRUNK,
	CASE_GONE,
	CASE_STATES
};

enum case_identity {
	IDENTITY_OPEN,
	IDENTITY_ASKED,
	IDENTITY_VERIFIED,
	IDENTITY_FAILED,
	IDENTITIES
};

enum case_light { LIGHT_GREEN, LIGHT_YELLOW, LIGHT_RED }; /* yellow past 2/3 of the time (R12a) */

struct case_file {
	char number[CASE_NUMBER_MAX];
	char correspondence[CASE_NUMBER_MAX]; /* the number of its first case */
	enum article article;
	enum case_state state;
	enum case_identity identity;
	int32_t received_day;      /* record/day.h's count, of the local date */
	int32_t due_day, raw_day;  /* never suspended; raw: not moved to a working day */
	int32_t due_suspended_day; /* recomputed from events (R12a, EDPB 01/2022 5.3) */
	bool extended;
	char lang[3]; /* "de" or "en": the person's */
	int64_t opened_us, closed_us;
};

/* Reads case NUMBER. 1: there is none. */
int case_read(struct registry *r, const char *number, struct case_file *ret, struct err *e);

/* What an act needs; several are or-ed. */
enum case_need {
	CASE_NEEDS_VERIFIED = 1, /* the person's identity */
	CASE_NEEDS_SEARCHED = 2, /* every store has answered in the newest search */
	CASE_NEEDS_LOOKED = 4,   /* every find was looked at */
	CASE_NEEDS_OPEN = 8      /* it is not closed yet */
};

/* May the act that NEEDS this be done in C? EX_NOPERM says what is missing; the refusal is on record
 * (ledger kind "refusal"). Call it within the transaction that does the act. */
int case_guard(struct registry *r, const struct case_file *c, unsigned needs, int64_t now_us,
	struct err *e);

/* Moves case NUMBER to TO, which must be its state's next (or, after a new search, an earlier one), and
 * records it. EX_TEMPFAIL: somebody else has moved it. */
int case_move(struct registry *r, const struct case_file *c, enum case_state to, int64_t now_us,
	struct err *e);

/* Adds what happened to the case's own account: KIND and DATA as in the register's manual; may hold
 * personal data (the ledger never does). DATA is given away. */
int case_event(struct registry *r, const char *number, const char *kind, json_t *data,
	int64_t now_us, struct err *e);

const char *case_state_name(enum case_state s);       /* "received", … as stored and in JSON */
const char *case_identity_name(enum case_identity i); /* "open", … */
