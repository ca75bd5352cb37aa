/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * transform_setup.h - one transform at work, for the tests of each family
 *
 * Keys are throw-away ones: the key folder does not exist. What is expected may name a token by
 * its address: "<203.0.113.7>", or "<net 2001:db8::1>" for the /64.
 */
#pragma once
#include <check.h>
#include <stdlib.h>

#include "record/key/keyring.h"
#include "record/key/pseudonym.h"
#include "record/timestamp.h"
#include "record/transform/transform.h"
#include "tests/unit/suite.h"

#define DAY 20781 /* 2026-11-24 */

struct work {
	struct keyring *keyring;
	struct pseudonym *pseudonym;
	struct timestamp timestamp;
	struct transform_env env;
	struct transform *transform;
	struct conf_store store;
	struct buf out, again, expected;
};

static void
ignore_notice(void *ctx, const char *text, const char *day)
{
	(void)ctx, (void)text, (void)day;
}

static struct conf_reduce
reduce_to(const char *to)
{
	return (struct conf_reduce){ .where = { "test.conf", 1 },
		.field = "f",
		.to = to,
		.segments = -1,
		.bits4 = -1,
		.bits6 = -1,
		.digits = -1 };
}

/* Readies W for D; W->store may have been set before (keep_networks, render_address). */
static void
work_begin(struct work *w, const struct conf_reduce *d)
{
	static const struct conf c = { .key_dir = "/nonexistent/keys", .longest_period_s = 604800 };
	static const struct address prefix = { { 0xfd, 0x53, 0x70, 0x61, 0x72, 0x73 }, 6 };
	struct err e = { 0 };

	ck_assert_int_eq(keyring_open(&c, ignore_notice, NULL, &w->keyring, &e), 0);
	ck_assert_int_eq(pseudonym_new(w->keyring, &prefix, &w->pseudonym, &e), 0);
	timestamp_init(&w->timestamp, "UTC");
	w->env = (struct transform_env){
		.pseudonym = w->pseudonym, .timestamp = &w->timestamp, .day = DAY
	};
	w->store.name = "test";
	ck_assert_msg(
		transform_new(d, &w->store, &w->transform, &e) == 0, "%s: %s", e.where, e.what);
	buf_init(&w->out, 1 << 20);
	buf_init(&w->again, 1 << 20);
	buf_init(&w->expected, 1 << 20);
}

static void
work_end(struct work *w)
{
	buf_release(&w->out);
	buf_release(&w->again);
	buf_release(&w->expected);
	transform_free(w->transform);
	pseudonym_free(w->pseudonym);
	keyring_free(w->keyring);
}

static void
expected_token(struct work *w, struct span name)
{
	char text[TOKEN_TEXT_MAX];
	bool net = span_starts(name, SPAN("net "));
	struct address a;
	struct err e;
	size_t n;

	ck_assert(address_parse(net ? span_from(name, 4) : name, &a));
	n = (net                          ? pseudonym_net_token
		: w->store.render_address ? pseudonym_address
					  : pseudonym_token)(w->pseudonym, DAY, &a, text, &e);
	ck_assert_uint_gt(n, 0);
	buf_put(&w->expected, text, n);
}

/* Fills W->expected from a text with <ADDRESS> in it. */
static void
expected_from(struct work *w, const char *text)
{
	const char *p;

	buf_clear(&w->expected);
	for (; (p = strchr(text, '<')); text = strchr(p, '>') + 1) {
		buf_put(&w->expected, text, (size_t)(p - text));
		expected_token(w, span_of(p + 1, (size_t)(strchr(p, '>') - p - 1)));
	}
	buf_str(&w->expected, text);
}

/* IN becomes EXPECTED, and EXPECTED stays so. */
static void
work_check(struct work *w, struct span in, const char *expected)
{
	struct err e = { 0 };

	expected_from(w, expected);
	buf_clear(&w->out);
	buf_clear(&w->again);
	ck_assert_int_eq(transform_apply(w->transform, &w->env, in, &w->out, &e), 0);
	ck_assert_msg(
		span_eq(span_of(w->out.p, w->out.len), span_of(w->expected.p, w->expected.len)),
		"%.*s\n  became   %.*s\n  expected %.*s", (int)in.len, in.p, (int)w->out.len,
		w->out.p, (int)w->expected.len, w->expected.p);
	ck_assert_int_eq(transform_apply(w->transform, &w->env, span_of(w->out.p, w->out.len),
				 &w->again, &e),
		0);
	ck_assert_msg(span_eq(span_of(w->out.p, w->out.len), span_of(w->again.p, w->again.len)),
		"%.*s\n  became   %.*s\n  and then %.*s", (int)in.len, in.p, (int)w->out.len,
		w->out.p, (int)w->again.len, w->again.p);
}

struct pair {
	const char *in, *out;
};

static __attribute__((unused)) void
work_check_all(const struct conf_reduce *d, const struct pair *pairs, size_t n)
{
	struct work w = { 0 };

	work_begin(&w, d);
	for (size_t i = 0; i < n; i++)
		work_check(&w, span_str(pairs[i].in), pairs[i].out);
	work_end(&w);
}

#define CHECK_ALL(d, pairs) work_check_all(d, pairs, sizeof(pairs) / sizeof((pairs)[0]))

static int
run_suite(const char *name, TCase *t)
{
	Suite *s = suite_create(name);

	suite_add_tcase(s, t);
	return suite_run(s);
}
