/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * subject.h - the person of a case: the identifiers by which records are about her
 *
 * Kinds are the words that stores use in `subject "KIND"` and `link "KIND"` (base/conf/conf.h): email,
 * account, external-id, name, ip, phone, room, meeting, user, pattern, … New ones come with a store's
 * declaration. They grow along the links of what was found until nothing new comes.
 *
 * Each keeps whence it came. One that came over a path which leaves the person's own key (the owner
 * of a room that she was invited to, the card on which another one's order was paid) is not her own: it
 * waits, and nothing is searched by it until the DPO has confirmed it, so that a stranger's data is not even
 * gathered.
 *
 * Values are personal data: only in the register and in memory that is wiped, never in a message, an
 * argument or a file's name. Messages say "identifier 3 (email)".
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/span.h"

struct registry;

#define IDENTIFIER_MAX 1024 /* bytes of a value */

struct identifier {
	int64_t id;        /* in the register */
	const char *kind;  /* "email" */
	struct span value; /* as it was given or found; folded only when it is compared */
	int64_t from_us,
		to_us; /* when it was hers (an IP address, a name in a meeting); the ends of int64_t */
	int64_t parent;    /* the identifier by whose record it was found; 0: the person gave it */
	const char *store; /* … in this store, over */
	const char *link;  /* … this field; both "" where parent is 0 */
	bool own;          /* no link on its way left the person's own key */
	bool confirmed;    /* by the DPO; hers from then on */
};

struct subject {
	struct identifier *v;
	size_t n, max;
};

/* Reads the identifiers of case NUMBER into S, in order of their id. */
int subject_read(struct registry *r, const char *number, struct subject *s, struct err *e);
void subject_release(struct subject *s); /* wipes */

/* The same for those that the DPO has dropped. */
int subject_read_dropped(struct registry *r, const char *number, struct subject *s, struct err *e);

/* Puts I into case NUMBER as another register has it, id and all (order.h). EX_DATAERR, EX_USAGE: as above. */
int subject_adopt(struct registry *r, const char *number, const struct identifier *i, bool dropped,
	struct err *e);

/* Adds one to the register and to S, unless it is there (kind and folded value); *ret_new tells. One that
 * the DPO has dropped comes back only when it is given (parent 0). Call it within a transaction.
 * EX_DATAERR: empty, longer than IDENTIFIER_MAX, with NUL or control bytes, or nothing of its kind (an
 * address without an at sign, a pattern that does not compile). */
int subject_add(struct registry *r, const char *number, struct subject *s,
	const struct identifier *i, bool *ret_new, struct err *e);

/* The id of what is known as I is (kind and folded value). 1: nothing is. */
int subject_find(struct registry *r, const char *number, const struct identifier *i,
	int64_t *ret_id, struct err *e);

/* Is ID one of case NUMBER's, also of those that the DPO has dropped? 1: it is not. */
int subject_has(struct registry *r, const char *number, int64_t id, struct err *e);

/* Gives what was given for case NUMBER to the other cases of its letter that are not decided yet. */
int subject_share(struct registry *r, const char *number, struct err *e);

/* The DPO's word on identifier ID: it is hers; or it is not, and neither is what came over it alone. 1:
 * the case has no such identifier. */
int subject_confirm(struct registry *r, const char *number, int64_t id, struct err *e);
int subject_drop(struct registry *r, const char *number, int64_t id, struct err *e);

/* VALUE as it is compared: addresses of mail in lower case by UTF-8 and IDNA, without a +tag; IP
 * addresses and phone numbers canonical; names in one Unicode form, lower case, blanks as one. Appends
 * to OUT. */
struct buf;
int identifier_fold(const char *kind, struct span value, struct buf *out, struct err *e);
