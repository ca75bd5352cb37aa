/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * OBJECT, MEMORY USAGE, TYPE and PTTL leave a key's last use as it is; all that reads its value makes
 * it young again. So where the age is the idle time the value is not read, and what a hold's
 * pattern asks about it cannot be decided.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "store/redis/redis-private.h"

#define ELEMENTS_MAX 10000 /* of a value that is read */

static struct span
span_of_reply(const redisReply *r)
{
	return r && (r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS)
		       ? span_of(r->str, r->len)
		       : SPAN_NONE;
}

/* --- its age ---------------------------------------------------------------------------------- */

/* The last run of exactly as many digits as a time of this form has. */
static int64_t
time_in_name(struct redis *t, struct span key)
{
	const size_t want = t->form == ROW_TIME_S ? 10 : t->form == ROW_TIME_MS ? 13 : 16;
	size_t end = key.len;

	while (end > 0) {
		size_t from = end;

		while (from > 0 && isdigit((unsigned char)key.p[from - 1]))
			from--;
		if (end - from == want)
			return row_time_of_text(t->form, &t->ts, span_of(key.p + from, want));
		end = from == end ? end - 1 : from;
	}
	return RECORD_NO_TIME;
}

static int
see_time(void *ctx, const struct json_value *v)
{
	struct redis *t = ((void **)ctx)[0];
	int64_t *us = ((void **)ctx)[1];

	*us = row_time_of_text(t->form, &t->ts, v->raw);
	return 0;
}

static int
time_in_value(struct redis *t, struct span key, struct span type, int64_t *ret_us, struct err *e)
{
	CLEANUP_REPLY redisReply *r = NULL;
	void *ctx[] = { t, ret_us };

	*ret_us = RECORD_NO_TIME;
	if (span_eq(type, SPAN("hash"))) {
		r = redis_ask(t, e, "HGET %b %s", key.p, key.len, t->field);
		if (r && r->type == REDIS_REPLY_STRING)
			*ret_us = row_time_of_text(t->form, &t->ts, span_of_reply(r));
		return r ? 0 : -1;
	}
	if (!span_eq(type, SPAN("string")))
		return 0;
	r = redis_ask(t, e, "GET %b", key.p, key.len);
	if (r && r->type == REDIS_REPLY_STRING)
		(void)json_each(t->json, span_of_reply(r), see_time, ctx);
	return r ? 0 : -1;
}

static int
time_of(struct redis *t, struct span key, struct span type, int64_t *ret_us, struct err *e)
{
	int64_t idle_s;

	switch (t->age) {
	case REDIS_FIELD:
		return time_in_value(t, key, type, ret_us, e);
	case REDIS_IDLE:
		if (redis_ask_number(t, -1, &idle_s, e, "OBJECT IDLETIME %b", key.p, key.len) < 0)
			return -1;
		*ret_us = idle_s < 0 ? RECORD_NO_TIME : t->store.env->now_us - idle_s * 1000000;
		return 0;
	default:
		*ret_us = time_in_name(t, key);
		return 0;
	}
}

/* --- its value -------------------------------------------------------------------------------- */

static redisReply *
ask_value(struct redis *t, struct span key, struct span type, struct err *e)
{
	if (span_eq(type, SPAN("hash")))
		return redis_ask(t, e, "HGETALL %b", key.p, key.len);
	if (span_eq(type, SPAN("list")))
		return redis_ask(t, e, "LRANGE %b 0 %d", key.p, key.len, ELEMENTS_MAX);
	if (span_eq(type, SPAN("set")))
		return redis_ask(t, e, "SMEMBERS %b", key.p, key.len);
	if (span_eq(type, SPAN("zset")))
		return redis_ask(t, e, "ZRANGE %b 0 %d", key.p, key.len, ELEMENTS_MAX);
	if (span_eq(type, SPAN("stream")))
		return redis_ask(t, e, "XRANGE %b - + COUNT %d", key.p, key.len, ELEMENTS_MAX);
	return redis_ask(t, e, "GET %b", key.p, key.len);
}

/* Arrays within arrays (streams) are one value after the other. */
static void
add_value(struct row *row, const redisReply *r, bool pairs)
{
	if (r->type != REDIS_REPLY_ARRAY) {
		row_add(row, "value", span_of_reply(r));
		return;
	}
	if (r->elements > ELEMENTS_MAX)
		row->text.failed = true;
	for (size_t i = 0; i < r->elements && !row->text.failed; i++) {
		if (pairs && i + 1 < r->elements) {
			row_add(row, r->element[i]->str, span_of_reply(r->element[i + 1]));
			i++;
		} else {
			add_value(row, r->element[i], false);
		}
	}
}

/* Members of an object are fields by their names, a text stands without its quotes: so Etherpad writes all it has. One
 * that says a name twice, or has more members than a row has columns, is a value as it stands. */
static void
add_text(struct redis *t, const redisReply *r)
{
	const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES;
	const char *name;
	json_t *member;

	t->document = r->type == REDIS_REPLY_STRING ? json_loadb(r->str, r->len, flags, NULL)
						    : NULL;
	if (json_is_string(t->document)) {
		row_add(&t->row, "value",
			span_of(json_string_value(t->document), json_string_length(t->document)));
	} else if (json_is_object(t->document) &&
		   json_object_size(t->document) <= ROW_COLUMNS_MAX - 1) { /* and the key */
		json_object_foreach(t->document, name, member)
		{
			cleanup_mem char *text = json_dumps(member, JSON_COMPACT | JSON_ENCODE_ANY);

			row_add(&t->row, name,
				json_is_string(member) ? span_of(json_string_value(member),
								 json_string_length(member))
				: text                 ? span_str(text)
						       : SPAN_NONE);
		}
	} else {
		add_value(&t->row, r, false);
	}
}

static int
read_value(struct redis *t, struct span key, struct span type, uint64_t size, struct err *e)
{
	if (t->age == REDIS_IDLE || size > t->store.env->memory_max / 4) {
		t->row.text.failed = true;
		return 0;
	}
	t->value = ask_value(t, key, type, e);
	if (!t->value)
		return -1;
	if (span_eq(type, SPAN("string")))
		add_text(t, t->value);
	else
		add_value(&t->row, t->value, span_eq(type, SPAN("hash")));
	return 0;
}

/* --- as a record ------------------------------------------------------------------------------ */

static void
begin(struct redis *t, struct span key)
{
	freeReplyObject(t->value);
	t->value = NULL;
	json_decref(t->document);
	t->document = NULL;
	row_clear(&t->row);
	row_add(&t->row, "key", key);
}

int
redis_key_record(struct redis *t, struct span key, bool texts, struct record *ret, struct err *e)
{
	CLEANUP_REPLY redisReply *type = redis_ask(t, e, "TYPE %b", key.p, key.len);
	int64_t us = RECORD_NO_TIME, size = 0;

	if (!type)
		return -1;
	if (span_eq(span_of_reply(type), SPAN("none")))
		return 1;
	begin(t, key);
	if (time_of(t, key, span_of_reply(type), &us, e) < 0 ||
		redis_ask_number(t, 0, &size, e, "MEMORY USAGE %b", key.p, key.len) < 0)
		return -1;
	if (texts && read_value(t, key, span_of_reply(type), (uint64_t)size, e) < 0)
		return -1;
	t->row.size = (uint64_t)size;
	*ret = row_record(&t->row, t->store.conf, t->place, us, 0);
	return 0;
}

void
redis_member_record(
	struct redis *t, struct span key, struct span member, const char *score, struct record *ret)
{
	begin(t, key);
	row_add(&t->row, "member", member);
	t->row.size = member.len;
	*ret = row_record(&t->row, t->store.conf, t->place,
		row_time_of_text(t->form, &t->ts, span_str(score)), 0);
}
