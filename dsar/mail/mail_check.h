/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * mail_check.h - may this mail be parsed at all? a look at its bytes before a library sees it
 *
 * GMime 3.2.13 (Debian 12) can be ended by one mail: an address list "a:a:a:…" overflows its stack, a
 * million empty parts take 1.4 GB, a parameter's name of 70 to 72 bytes loops for ever (its issue 165).
 * So a mail is held against limits that no honest one meets, in one pass, with nothing kept of it but
 * the first bytes of a line. What looks like a header is judged wherever it stands, since a part may
 * be a mail again.
 *
 * Pure: no memory, no files. Feed it in pieces of any size; the answer does not depend on them.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct mail_limits {
	uint64_t size;     /* bytes of the mail */
	uint32_t head;     /* … of a block of headers */
	uint32_t header;   /* … of one header with its continuation lines */
	uint32_t headers;  /* of the first block */
	uint32_t delimits; /* lines that begin with "--": each may begin a part */
	uint32_t types;    /* headers Content-Type: each may hold a mail */
	uint32_t name;     /* bytes that stand before "=" in a header Content-… */
	uint32_t colons;   /* in a header that lists addresses: each may begin a group */
};

extern const struct mail_limits mail_limits; /* what is used; tests have smaller ones */

enum mail_fault {
	MAIL_FINE,
	MAIL_EMPTY,
	MAIL_NUL,
	MAIL_TOO_LARGE,
	MAIL_HEAD_TOO_LARGE,
	MAIL_HEADER_TOO_LARGE,
	MAIL_HEADERS_TOO_MANY,
	MAIL_PARTS_TOO_MANY,
	MAIL_NAME_TOO_LONG,
	MAIL_GROUPS_TOO_MANY,
	MAIL_FAULTS
};

/* A text for people, N_(). */
const char *mail_fault_text(enum mail_fault f);

#define MAIL_CHECK_NAME 32 /* no header's name that matters is longer */

struct mail_check {
	const struct mail_limits *limits;
	enum mail_fault fault; /* the first; nothing is looked at after it */
	uint64_t size;
	bool in_first, in_head; /* a block of headers: the mail's own, or perhaps a part's */
	uint32_t head, header, headers, delimits, types;
	/* of the line: */
	uint32_t column;
	bool continued;             /* it begins with a blank */
	bool named;                 /* its header's name is whole */
	char name[MAIL_CHECK_NAME]; /* in lower case */
	uint32_t name_len;
	bool is_content, is_addresses;
	bool cr, dash; /* the byte before was CR; the line began with "-" */
	/* of the header, over its lines: */
	uint32_t run, colons; /* bytes of a name so far */
	bool run_ended;       /* a blank came after it */
};

void mail_check_init(struct mail_check *m, const struct mail_limits *limits);
enum mail_fault mail_check_feed(struct mail_check *m, struct span s);

/* Its last word, when all was fed. */
enum mail_fault mail_check_end(struct mail_check *m);
