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

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

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
	int32_t received_day;      /* record/key/day.h's count, of the local date */
	int32_t due_day, raw_day;  /* never suspended; raw: not moved to a working day */
	int32_t due_suspended_day; /* recomputed from events (R12a, EDPB 01/2022 5.3) */
	bool extended;
	bool refused;                 /* wholly (R12c): answered by the letter that says why */
	char lang[3];                 /* "de" or "en": the person's */
	int64_t opened_us, closed_us; /* closed_us 0: it is not */
	int64_t gone_us;              /* when its file goes (2.5), from its closing on; else 0 */
	int64_t version;              /* of what was read: grows with each change */
};

/* One letter as it is entered: a case for each article that it invokes. */
struct case_letter {
	enum article article[7];
	size_t n;
	int32_t received_day;
	const char *lang;    /* "de" or "en" */
	struct span address; /* where the answer goes, as given; SPAN_NONE: not known. Personal. */
};

/* Opens the cases of a letter, all of one correspondence, in one transaction. *ret_first is the number of the
 * first; the others follow it. Withdrawal and objection stop the processing from here on (R7, R21), which
 * the account's event "stop" says. */
int case_open(struct registry *r, const struct case_letter *l, int64_t now_us,
	char ret_first[CASE_NUMBER_MAX], struct err *e);

/* The same within a transaction of the caller's. */
int case_open_within(struct registry *r, const struct case_letter *l, int64_t now_us,
	char ret_first[CASE_NUMBER_MAX], struct err *e);

/* Puts a case of another register, as an order has it (order.h), into this one: its person is verified, its state is
 * ready for a search. Within a transaction. */
struct order;
int case_adopt(struct registry *r, const struct order *o, int64_t now_us, struct err *e);

/* Takes all that the register knows of case NUMBER away, but tombstones. Within a transaction. */
int case_wipe(struct registry *r, const char *number, struct err *e);

/* Reads case NUMBER. 1: there is none. */
int case_read(struct registry *r, const char *number, struct case_file *ret, struct err *e);

/* The same; none is EX_USAGE. */
int case_get(struct registry *r, const char *number, struct case_file *ret, struct err *e);

/* Calls SEEN for each case, by number; C is borrowed until it returns; 1 from it ends early. */
typedef int case_seen(void *ctx, const struct case_file *c, struct err *e);
int cases_each(struct registry *r, case_seen *seen, void *ctx, struct err *e);

/* How near its date an open case is on local day TODAY; of one that is answered, whether it was in time. */
enum case_light case_light(const struct case_file *c, int32_t today);

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

/* Records that an act at case NUMBER was refused for want of what NEEDS names (ledger kind "refusal"): it is what an
 * attack would look like. Says WHAT and TODO, as EX_NOPERM. */
int case_forbid(struct registry *r, const char *number, const char *needs, int64_t now_us,
	const char *what, const char *todo, struct err *e);

/* Moves C to TO and records it, in the transaction of the act: to the next state, where a receipt may be left
 * out; back to searching or review, from any that is not answered; from any open one to answered, where
 * it was refused. What TO itself needs is looked at here as well: executing the identity, answered the
 * identity, the search and each find, unless it was refused. C's state and version follow. EX_TEMPFAIL:
 * somebody else has changed it since it was read; EX_NOPERM: not from its state. */
int case_move(
	struct registry *r, struct case_file *c, enum case_state to, int64_t now_us, struct err *e);

/* Moves C on, state by state, until it has reached TO. */
int case_reach(
	struct registry *r, struct case_file *c, enum case_state to, int64_t now_us, struct err *e);

/* case_move() for what is beside the state: SQL sets columns ("identity = 'asked'"), if C is as it was read. For
 * the files of the case's own noun. */
int case_change(struct registry *r, struct case_file *c, const char *sql, struct err *e);

/* Adds what happened to the case's own account: KIND and DATA as in the register's manual; may hold
 * personal data (the ledger never does). DATA is given away. */
int case_event(struct registry *r, const char *number, const char *kind, json_t *data,
	int64_t now_us, struct err *e);

/* The same, and before it in the ledger: DATA holds nothing personal. Within a transaction. */
int case_event_recorded(struct registry *r, const char *number, const char *kind, json_t *data,
	int64_t now_us, struct err *e);

/* One act at case NUMBER in one change: reads it, calls ACT, commits. What ACT returns, if it is not -1, is passed up
 * (a refusal that stays on record returns its exit status); -1: nothing was changed. */
typedef int case_act(void *ctx, struct case_file *c, struct err *e);
int case_within(struct registry *r, const char *number, case_act *act, void *ctx, struct err *e);

/* Appends the address of C, to which its answer goes. EX_NOPERM: it has none. */
int case_address(struct registry *r, const struct case_file *c, struct buf *out, struct err *e);

/* The open cases of C's letter, C among them. *ret_n at most CASE_SIBLINGS_MAX. */
#define CASE_SIBLINGS_MAX 7
int case_siblings(struct registry *r, const struct case_file *c,
	struct case_file ret[CASE_SIBLINGS_MAX], size_t *ret_n, struct err *e);

/* Calls SEEN for each event of case NUMBER, oldest first; DATA is borrowed. */
typedef int case_event_seen(
	void *ctx, const char *kind, int64_t time_us, const json_t *data, struct err *e);
int case_events(
	struct registry *r, const char *number, case_event_seen *seen, void *ctx, struct err *e);

int32_t day_local(int64_t us); /* record/key/day.h's count of the local date */
bool article_is(long number);
const char *article_name(enum article a); /* N_("access"), … */

const char *case_state_name(enum case_state s);       /* "received", … as stored and in JSON */
const char *case_identity_name(enum case_identity i); /* "open", … */
const char *case_light_name(enum case_light l);       /* "green", … */
