/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * redis-private.h - what the files of the redis driver share
 *
 *   redis.c       the driver: keys found by SCAN, never by KEYS; plans and acts
 *   redis_link.c  the connection, and what a server's refusals mean
 *   redis_key.c   a key as a record: its age, its value
 *
 * A record is a key with its value, or (age = "score") a member of a sorted set. Keys' names may
 * name people: none is in a place or an error.
 */
#pragma once
#include <hiredis/hiredis.h>
#include <jansson.h>

#include "record/format/json.h"
#include "store/row.h"
#include "store/store-private.h"

enum redis_age {
	REDIS_FIELD, /* a field of a hash, or a member of JSON in a string */
	REDIS_SCORE, /* of each member of a sorted set */
	REDIS_IDLE,  /* since anybody read or wrote it */
	REDIS_NAME   /* the last digits in its name that can be a time */
};

struct redis {
	struct store store; /* first */
	struct row row;
	struct timestamp ts;
	redisContext *link;
	const char *keys, *field;
	char *patterns; /* those of `keys` */
	const char *pattern[ROW_NAMES_MAX];
	size_t n_patterns;
	enum redis_age age;
	enum row_time form;
	struct json_paths *json; /* to the field */
	char *place;             /* "DATABASE:PATTERN" */
	redisReply *value;       /* of the key in hand */
	json_t *document;        /* … where that is JSON */
};

/* --- the connection --------------------------------------------------------------------------- */

/* STORE_ABSENT: nothing listens there. */
int redis_link_open(struct redis *t, struct err *e);

/* The caller owns the reply (freeReplyObject); NULL: E is filled. Arguments as for redisCommand(). */
redisReply *redis_ask(struct redis *t, struct err *e, const char *format, ...);
/* The same with N arguments. */
redisReply *redis_ask_list(
	struct redis *t, size_t n, const char **argv, const size_t *len, struct err *e);
/* The same for a number, which OTHERWISE stands for where the server has none. */
int redis_ask_number(
	struct redis *t, int64_t otherwise, int64_t *ret, struct err *e, const char *format, ...);

static inline void
redis_replyp(redisReply **r)
{
	freeReplyObject(*r);
}
#define CLEANUP_REPLY CLEANUP(redis_replyp)

/* --- a key ------------------------------------------------------------------------------------ */

/* KEY as a record, with its value if TEXTS; borrowed until the next one. 1: it is gone. */
int redis_key_record(
	struct redis *t, struct span key, bool texts, struct record *ret, struct err *e);

/* MEMBER of the sorted set KEY. */
void redis_member_record(struct redis *t, struct span key, struct span member, const char *score,
	struct record *ret);
