/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hold-private.h - what the files of holds share
 *
 *   hold.c        the file: opened, locked, read anew, changed
 *   hold_match.c  does a hold cover a record?
 *   hold_text.c   a text in the ways in which programs write it
 *   hold_seal.c   patterns and identifiers, sealed on disk
 */
#pragma once
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/buf.h"
#include "evidence/hold.h"
#include "record/key/pseudonym.h"

#define HOLD_MATCH_MAX   1024       /* bytes of a pattern or identifier */
#define HOLD_TEXT_MAX    (4u << 20) /* … of a text that is not plain; what has more is held unread */
#define HOLD_RECORDS_MAX (1u << 26) /* … of digests: two million records */

/* What a hold looks for. Wiped by hold_match_release(). */
struct hold_needle {
	char *text; /* the pattern, identifier or digests, in their order; NULL: HOLD_ALL, or it cannot be unsealed */
	size_t len;
	pcre2_code *code; /* HOLD_PATTERN, on bytes */
	pcre2_code *utf8; /* … on letters; NULL: the pattern is none of letters */
	pcre2_match_data *data;
	struct buf folded; /* HOLD_IDENTIFIER, as hold_text_fold() has it */
	bool is_address;   /* HOLD_IDENTIFIER: its tokens count as well */
	struct address address;
	int32_t token_day; /* whose token is in `token` */
	char token[TOKEN_TEXT_MAX];
	size_t token_len;
};

struct hold_entry {
	struct hold hold;
	struct hold_needle needle;
	char *texts[4]; /* incident, reason, owner, the stores' names */
};

struct holds {
	const struct conf *conf;
	struct sqlite3 *db;
	char *path;
	int lock;        /* descriptor of the lock file */
	int64_t version; /* of the data read (PRAGMA data_version) */
	struct hold_entry *entry;
	struct hold *list; /* the same holds, for holds_list() */
	size_t n;
	struct keyring *keyring; /* for tokens; opened when a hold needs it */
	struct pseudonym *pseudonym;
	bool no_tokens;     /* … and could not be */
	struct buf text[3]; /* of the record in hand: escapes undone in turns, and as letters */
	int64_t now_us;
	uint64_t only; /* holds_ask_one(): that id; 0: all in force */
	struct select_question all, one;
};

/* Readies N for TEXT (copied). EX_DATAERR: a bad pattern. */
int hold_needle_init(struct hold_needle *n, enum hold_match m, struct span text, struct err *e);
void hold_needle_release(struct hold_needle *n);

/* The questions of H. */
void hold_questions(struct holds *h);

/* TEXT under the wrapping key of C, and back. EX_UNAVAILABLE: there is no such key. */
int hold_seal(const struct conf *c, struct span text, struct buf *out, struct err *e);
int hold_unseal(const struct conf *c, struct span sealed, struct buf *out, struct err *e);
