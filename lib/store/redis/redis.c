/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A key that is to go is watched, looked at again, and unlinked in a transaction, which the server
 * refuses if anybody has written to the key meanwhile.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/redis/redis-private.h"

#define SCAN_COUNT  500
#define MEMBERS_MAX 500 /* of a sorted set at once */

static void redis_free(struct store *s);

/* --- its declaration -------------------------------------------------------------------------- */

static int
fail_option(const struct redis *t, const char *what, const char *value, struct err *e)
{
	const struct conf_store *s = t->store.conf;

	return conf_fail(e, &s->where, what, N_("see redis in sparsam.conf(5)"), "store \"%s\": %s",
		s->name, value);
}

static int
read_age(struct redis *t, struct err *e)
{
	static const char *const words[] = { "field", "score", "idle", "name" };
	const char *otherwise = t->field ? "field" : t->store.conf->until_erased ? "name" : "";
	const char *word = store_option(t->store.conf, "age", otherwise);
	size_t i = 0;

	while (i < sizeof(words) / sizeof(words[0]) && strcmp(words[i], word) != 0)
		i++;
	if (i == sizeof(words) / sizeof(words[0]))
		return fail_option(
			t, N_("age is \"field\", \"score\", \"idle\" or \"name\""), word, e);
	t->age = (enum redis_age)i;
	if ((t->age == REDIS_FIELD) != (t->field != NULL))
		return fail_option(t, N_("age and field do not fit"), word, e);
	if (t->age == REDIS_NAME && t->form > ROW_TIME_US)
		return fail_option(t, N_("a time in a name is a number"), word, e);
	return 0;
}

static int
read_options(struct redis *t, struct err *e)
{
	const struct conf_store *s = t->store.conf;
	const char *rewrite = store_option(s, "rewrite", "no");

	t->keys = store_option(s, "keys", NULL);
	t->field = store_option(s, "field", NULL);
	if (asprintf(&t->place, "%s:%s", store_option(s, "database", "0"), t->keys ? t->keys : "") <
		0) {
		t->place = NULL;
		return err_memory(e);
	}
	t->patterns = strdup(t->keys ? t->keys : "");
	if (!t->patterns)
		return err_memory(e);
	t->n_patterns = row_names(t->patterns, t->pattern);
	if (t->n_patterns == 0)
		return fail_option(t, N_("keys are not declared"), "keys", e);
	if (strcmp(rewrite, "no") != 0 && strcmp(rewrite, "aof") != 0 &&
		strcmp(rewrite, "rdb") != 0 && strcmp(rewrite, "both") != 0)
		return fail_option(
			t, N_("rewrite is \"no\", \"aof\", \"rdb\" or \"both\""), rewrite, e);
	if (row_time_declared(s, ROW_TIME_S, &t->form, e) < 0 || read_age(t, e) < 0)
		return -1;
	if (!t->field)
		return 0;
	t->json = json_paths_new();
	if (!t->json)
		return err_memory(e);
	return json_paths_add(t->json, t->field, 0, e);
}

static int
redis_open(
	const struct store_env *env, const struct conf_store *s, struct store **ret, struct err *e)
{
	struct redis *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return err_memory(e);
	t->store.conf = s;
	t->store.env = env;
	row_init(&t->row, env->memory_max);
	timestamp_init(&t->ts, s->timezone ? s->timezone : "UTC");
	rc = read_options(t, e);
	if (rc == 0)
		rc = redis_link_open(t, e);
	if (rc != 0) {
		redis_free(&t->store);
		return rc;
	}
	*ret = &t->store;
	return 0;
}

static void
redis_free(struct store *s)
{
	struct redis *t = (struct redis *)s;

	freeReplyObject(t->value);
	json_decref(t->document);
	if (t->link)
		redisFree(t->link);
	json_paths_free(t->json);
	row_release(&t->row);
	free(t->place);
	free(t->patterns);
	free(t);
}

/* --- keys ------------------------------------------------------------------------------------- */

struct question {
	struct redis *t;
	const struct selector *which;
	bool texts;
	store_seen *seen;
	void *ctx;
	struct plan_step *step;
	struct store_result *result;
	struct store_size *size;
	uint64_t n_timeless;
	char least[24], most[24]; /* scores that are in reach */
};

/* Return 0 to go on, 1 to end, -1 to fail. */
typedef int key_seen(struct question *q, struct span key, struct err *e);

static int
each_of(struct question *q, const char *pattern, key_seen *seen, struct err *e)
{
	char cursor[24] = "0";
	int rc = 0;

	do {
		CLEANUP_REPLY redisReply *r = redis_ask(
			q->t, e, "SCAN %s MATCH %s COUNT %d", cursor, pattern, SCAN_COUNT);

		if (!r)
			return -1;
		(void)snprintf(cursor, sizeof(cursor), "%s", r->element[0]->str);
		for (size_t i = 0; rc == 0 && i < r->element[1]->elements; i++) {
			const redisReply *k = r->element[1]->element[i];

			rc = store_stopped(&q->t->store) ? 1 : seen(q, span_of(k->str, k->len), e);
		}
	} while (rc == 0 && strcmp(cursor, "0") != 0);
	return rc;
}

static int
each_key(struct question *q, key_seen *seen, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < q->t->n_patterns; i++)
		rc = each_of(q, q->t->pattern[i], seen, e);
	return rc < 0 ? -1 : 0;
}

/* The scores in reach, which may be more than what is asked for, never less. */
static void
reach_scores(struct question *q, int64_t from_us, int64_t to_us)
{
	const enum row_time form = q->t->form;

	strcpy(q->least, "-inf");
	strcpy(q->most, "+inf");
	if (form > ROW_TIME_US)
		return;
	if (from_us > INT64_MIN + 1)
		(void)snprintf(q->least, sizeof(q->least), "%" PRId64,
			row_time_units(form, from_us, false));
	if (to_us != INT64_MAX)
		(void)snprintf(
			q->most, sizeof(q->most), "%" PRId64, row_time_units(form, to_us, true));
}

/* Do records have to be read with their values, to answer WHICH? 1: it selects none. */
static int
begin(struct question *q, bool texts)
{
	struct select_block all = { .store = q->t->store.conf };
	enum select_answer answer = SELECT_MAYBE;
	int64_t from_us, to_us;
	bool timeless;

	selector_reach(q->which, &from_us, &to_us, &timeless);
	reach_scores(q, timeless ? INT64_MIN : from_us, timeless ? INT64_MAX : to_us);
	if (!timeless) {
		all.from_us = from_us == INT64_MIN ? INT64_MIN + 1 : from_us;
		all.to_us = to_us == INT64_MAX ? to_us : to_us - 1;
		answer = selector_block(q->which, &all);
	}
	q->texts = texts || answer == SELECT_MAYBE;
	return answer == SELECT_NO;
}

/* Calls SEEN for each member of the sorted set KEY whose score is in reach. */
static int
each_member(struct question *q, struct span key, store_seen *seen, void *ctx, struct err *e)
{
	size_t from = 0;
	int rc = 0;

	for (size_t n = MEMBERS_MAX; rc == 0 && n == MEMBERS_MAX; from += n) {
		CLEANUP_REPLY redisReply *r = redis_ask(q->t, e,
			"ZRANGEBYSCORE %b %s %s WITHSCORES LIMIT %llu %d", key.p, key.len, q->least,
			q->most, (unsigned long long)from, MEMBERS_MAX);

		if (!r)
			return -1;
		n = r->elements / 2;
		for (size_t i = 0; rc == 0 && i < n; i++) {
			const redisReply *m = r->element[2 * i];
			struct record rec;

			redis_member_record(q->t, key, span_of(m->str, m->len),
				r->element[2 * i + 1]->str, &rec);
			if (selector_record(q->which, &rec))
				rc = seen(ctx, &rec, e);
		}
	}
	return rc;
}

/* Only sorted sets have scores; other keys that the pattern names are none of ours. */
static int
is_sorted_set(struct redis *t, struct span key, bool *ret, struct err *e)
{
	CLEANUP_REPLY redisReply *r = redis_ask(t, e, "TYPE %b", key.p, key.len);

	if (!r)
		return -1;
	*ret = strcmp(r->str, "zset") == 0;
	return 0;
}

/* Calls q->seen for the records of KEY that are selected. */
static int
ask_key(struct question *q, struct span key, struct err *e)
{
	struct record r;
	bool sorted = false;
	int64_t ttl;
	int rc;

	if (q->t->age == REDIS_SCORE) {
		rc = is_sorted_set(q->t, key, &sorted, e);
		return rc == 0 && sorted ? each_member(q, key, q->seen, q->ctx, e) : rc;
	}
	rc = redis_key_record(q->t, key, q->texts, &r, e);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (r.time_us == RECORD_NO_TIME) {
		if (redis_ask_number(q->t, 0, &ttl, e, "PTTL %b", key.p, key.len) < 0)
			return -1;
		q->n_timeless += ttl == -1; /* others go by themselves */
	}
	return selector_record(q->which, &r) ? q->seen(q->ctx, &r, e) : 0;
}

static int
redis_scan(
	struct store *s, const struct selector *which, store_seen *seen, void *ctx, struct err *e)
{
	struct question q = { .t = (struct redis *)s, .which = which, .seen = seen, .ctx = ctx };

	return begin(&q, true) ? 0 : each_key(&q, ask_key, e);
}

/* SCAN goes through all keys of the database, whatever the pattern. */
static int
redis_cost(struct store *s, const struct selector *which, struct store_cost *ret, struct err *e)
{
	struct redis *t = (struct redis *)s;
	CLEANUP_REPLY redisReply *r = redis_ask(t, e, "INFO memory");
	const char *used = r && r->str ? strstr(r->str, "used_memory_dataset:") : NULL;

	(void)which;
	if (!r)
		return -1;
	ret->bytes = used ? strtoull(strchr(used, ':') + 1, NULL, 10) : 0;
	ret->indexed = false;
	return 0;
}

static int
size_key(struct question *q, struct span key, struct err *e)
{
	int64_t n;

	if (redis_ask_number(q->t, 0, &n, e, "MEMORY USAGE %b", key.p, key.len) < 0)
		return -1;
	q->size->bytes += (uint64_t)n;
	q->size->n_parts++;
	return 0;
}

static int
redis_size(struct store *s, struct store_size *ret, struct err *e)
{
	struct question q = { .t = (struct redis *)s, .size = ret };

	*ret = (struct store_size){ 0 };
	return each_key(&q, size_key, e);
}

static int
redis_oldest(struct store *s, const struct selector *which, int64_t *us, struct err *e)
{
	struct question q = {
		.t = (struct redis *)s, .which = which, .seen = store_see_oldest, .ctx = us
	};

	return begin(&q, false) == 0 && each_key(&q, ask_key, e) < 0 ? -1 : 0;
}

/* --- plans ------------------------------------------------------------------------------------ */

static int
count_record(void *ctx, const struct record *r, struct err *e)
{
	struct plan_step *step = ctx;

	(void)e;
	plan_count(step, r->time_us, r->size);
	return 0;
}

static int
redis_plan(struct store *s, const struct selector *which, struct plan *plan, struct err *e)
{
	struct redis *t = (struct redis *)s;
	struct plan_step step = { .store = s->conf->name,
		.action = PLAN_DELETE,
		.technique = PLAN_UNLINKED,
		.place = t->place,
		.n_stay = UINT64_MAX,
		.oldest_us = RECORD_NO_TIME,
		.newest_us = RECORD_NO_TIME };
	struct question q = { .t = t, .which = which, .seen = count_record, .ctx = &step };

	if (begin(&q, false) == 0 && each_key(&q, ask_key, e) < 0)
		return -1;
	if (q.n_timeless > 0)
		store_tell(s, NOTE_NO_TIME, t->place, "none: they have no TTL, and stay");
	return step.n_records > 0 ? plan_add(plan, &step, e) : 0;
}

/* --- acts ------------------------------------------------------------------------------------- */

/* The transaction's one command has been queued. 1: somebody wrote to the key; nothing was done. */
static int
carry_out(struct redis *t, struct err *e)
{
	CLEANUP_REPLY redisReply *r = redis_ask(t, e, "EXEC");

	if (!r)
		return -1;
	return r->type == REDIS_REPLY_ARRAY ? 0 : 1;
}

static int
run(struct redis *t, const char *command, struct err *e)
{
	CLEANUP_REPLY redisReply *r = redis_ask(t, e, command);

	return r ? 0 : -1;
}

static int
see_nothing(void *ctx, const struct record *r, struct err *e)
{
	(void)ctx;
	(void)r;
	(void)e;
	return 1; /* one is enough */
}

/* In a watch: is it still to go? */
static int
unlink_watched(struct question *q, struct span key, struct err *e)
{
	CLEANUP_REPLY redisReply *queued = NULL;
	struct record r;
	uint64_t size;
	int rc = redis_key_record(q->t, key, q->texts, &r, e);

	if (rc != 0)
		return rc;
	if (!selector_record(q->which, &r))
		return 1;
	size = r.size;
	if (run(q->t, "MULTI", e) < 0)
		return -1;
	queued = redis_ask(q->t, e, "UNLINK %b", key.p, key.len);
	if (!queued)
		return -1;
	rc = carry_out(q->t, e);
	if (rc == 0) {
		q->result->n_erased++;
		q->result->bytes += size;
	}
	return rc;
}

struct members {
	const char **argv;
	size_t *len, n;
	char *copy[MEMBERS_MAX];
	uint64_t bytes;
};

static int
take_member(void *ctx, const struct record *r, struct err *e)
{
	struct members *m = ctx;
	const struct span member = r->field(r, "member");

	if (m->n == MEMBERS_MAX)
		return 1;
	m->copy[m->n] = malloc(member.len + 1);
	if (!m->copy[m->n])
		return err_memory(e);
	memcpy(m->copy[m->n], member.p, member.len);
	m->argv[2 + m->n] = m->copy[m->n];
	m->len[2 + m->n] = member.len;
	m->n++;
	m->bytes += member.len;
	return 0;
}

/* Up to MEMBERS_MAX members of KEY, in a watch. 1: none is to go, or somebody wrote to the key. */
static int
remove_members(struct question *q, struct span key, struct members *m, struct err *e)
{
	CLEANUP_REPLY redisReply *queued = NULL;
	int rc = each_member(q, key, take_member, m, e);

	if (rc < 0 || m->n == 0)
		return rc < 0 ? -1 : 1;
	m->argv[0] = "ZREM";
	m->len[0] = 4;
	m->argv[1] = key.p;
	m->len[1] = key.len;
	if (run(q->t, "MULTI", e) < 0)
		return -1;
	queued = redis_ask_list(q->t, m->n + 2, m->argv, m->len, e);
	if (!queued)
		return -1;
	rc = carry_out(q->t, e);
	if (rc == 0) {
		q->result->n_erased += m->n;
		q->result->bytes += m->bytes;
	}
	return rc;
}

static int
remove_some(struct question *q, struct span key, struct err *e)
{
	const char *argv[MEMBERS_MAX + 2];
	size_t len[MEMBERS_MAX + 2];
	struct members m = { .argv = argv, .len = len };
	int rc = remove_members(q, key, &m, e);

	for (size_t i = 0; i < m.n; i++)
		free(m.copy[i]);
	return rc;
}

static int
watch(struct redis *t, struct span key, struct err *e)
{
	CLEANUP_REPLY redisReply *r = redis_ask(t, e, "WATCH %b", key.p, key.len);

	return r ? 0 : -1;
}

static int
act_key(struct question *q, struct span key, struct err *e)
{
	int rc = ask_key(q, key, e); /* 1: q->seen has seen one that is to go */

	while (rc == 1) {
		rc = watch(q->t, key, e);
		if (rc == 0)
			rc = q->t->age == REDIS_SCORE ? remove_some(q, key, e)
						      : unlink_watched(q, key, e);
		if (rc == 1) {
			q->result->n_stayed++;
			return run(q->t, "UNWATCH", e);
		}
		if (rc == 0 && q->t->age == REDIS_SCORE)
			rc = ask_key(q, key, e);
	}
	return rc;
}

static long
number_of(const char *info, const char *name)
{
	const char *p = strstr(info, name);

	return p ? strtol(p + strlen(name), NULL, 10) : 0;
}

/* The files that Redis writes hold what went until they are written anew. */
static int
tell_remains(struct redis *t, struct err *e)
{
	const char *rewrite = store_option(t->store.conf, "rewrite", "no");
	const bool both = strcmp(rewrite, "both") == 0;
	CLEANUP_REPLY redisReply *r = redis_ask(t, e, "INFO");
	char detail[160];

	if (!r)
		return -1;
	if ((both || strcmp(rewrite, "aof") == 0) && number_of(r->str, "\naof_enabled:") &&
		run(t, "BGREWRITEAOF", e) < 0)
		return -1;
	if ((both || strcmp(rewrite, "rdb") == 0) && run(t, "BGSAVE SCHEDULE", e) < 0)
		return -1;
	(void)snprintf(detail, sizeof(detail),
		"append-only file: %s; RDB: until the next save; replicas: %ld",
		number_of(r->str, "\naof_enabled:") ? "until it is rewritten" : "none",
		number_of(r->str, "\nconnected_slaves:"));
	store_tell(&t->store, NOTE_REMAINS, t->place, detail);
	return 0;
}

static int
redis_act(struct store *s, const struct plan_step *step, const struct selector *which,
	struct store_result *ret, struct err *e)
{
	struct question q = {
		.t = (struct redis *)s, .which = which, .seen = see_nothing, .result = ret
	};

	(void)step;
	*ret = (struct store_result){ .technique = PLAN_UNLINKED };
	if (begin(&q, false) == 0 && each_key(&q, act_key, e) < 0)
		return -1;
	return ret->n_erased > 0 ? tell_remains(q.t, e) : 0;
}

const struct store_driver store_redis = {
	.type = "redis",
	.open = redis_open,
	.free = redis_free,
	.scan = redis_scan,
	.cost = redis_cost,
	.plan = redis_plan,
	.act = redis_act,
	.oldest = redis_oldest,
	.size = redis_size,
};
