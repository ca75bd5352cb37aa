/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Lines that a glance passes over are treated as if they had been read: each question is asked twice, once
 * in a way that hides from the driver that it is about times, and the answers and files must be the same.
 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "record/format/format.h"
#include "record/detect/needles.h"
#include "record/record.h"
#include "record/timestamp.h"
#include "store/store.h"
#include "tests/unit/folder.h"
#include "tests/unit/suite.h"

#define NOW     (INT64_C(1795484429) * 1000000) /* 2026-11-24T01:40:29Z */
#define CUTOFF  (NOW - 7 * DAY_US)
#define N_LINES 3000

static const char *const extended_pattern[] = {
	"(?<remote_addr>[^ ]+) - (?<remote_user>.*?) \\[(?<time>[^\\]]+)\\] \"(?<request>[^\"]*)\" extended"
};
static const char *const time_list[] = { "time" };
static const char *const variants[] = { "combined", "extended" };
static const char *const app_pattern[] = { "(?<time>\\d{4}-\\S+) (?<text>.*)" };
static const char *const fixed_pattern[] = {
	"(?<time>\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ) (?<n>host)(?<text>.*)"
};
/* what stands before the time, its fraction and its zone may be missing; and two times by two ways */
static const char *const either_pattern[] = {
	"(?:(?<app>[a-z]{3}|host app\\[1\\]:) )?(?<time>\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,3})?(?:Z|[+-]\\d\\d:\\d\\d)?) (?<text>.*)",
	"[0-9.]{9} - . \\[(?<time>[^]]{26})\\] (?<text>.*)"
};
static const char *const ways[] = { "extended", "either" };
static const char *const known_ways[] = { "combined", "either" };
static struct conf_format formats[] = {
	{ { "t", 1 }, "combined", FORMAT_TEMPLATE,
		.template_ = "$remote_addr - $remote_user [$time_local] \"$request\" $status",
		.escape = ESCAPE_NGINX },
	{ { "t", 2 }, "extended", FORMAT_PATTERN, .pattern = { (const char **)extended_pattern, 1 },
		.time = { (const char **)time_list, 1 } },
	{ { "t", 3 }, "any", FORMAT_VARIANTS, .variant = { (const char **)variants, 2 } },
	{ { "t", 4 }, "app", FORMAT_PATTERN, .pattern = { (const char **)app_pattern, 1 },
		.time = { (const char **)time_list, 1 } },
	{ { "t", 5 }, "framed", FORMAT_SYSLOG, .message = "app", .escape = ESCAPE_RSYSLOG },
	{ { "t", 6 }, "syslog", FORMAT_SYSLOG, .escape = ESCAPE_RSYSLOG },
	{ { "t", 7 }, "fixed", FORMAT_PATTERN, .pattern = { (const char **)fixed_pattern, 1 },
		.time = { (const char **)time_list, 1 } },
	{ { "t", 8 }, "either", FORMAT_PATTERN, .pattern = { (const char **)either_pattern, 2 },
		.time = { (const char **)time_list, 1 } },
	{ { "t", 9 }, "ways", FORMAT_VARIANTS, .variant = { (const char **)ways, 2 } },
	{ { "t", 10 }, "known-ways", FORMAT_VARIANTS, .variant = { (const char **)known_ways, 2 } },
	{ { "t", 11 }, "header", FORMAT_SYSLOG, .message = "known-ways", .escape = ESCAPE_RSYSLOG },
};
#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

static char pattern[96], path[96];
static const char *paths[1] = { pattern };
static struct conf_store decl = { .where = { "t", 9 }, .name = "s", .type = "textlog" };
static struct conf conf = { .format = formats,
	.n_formats = N_FORMATS,
	.store = &decl,
	.n_stores = 1,
	.log_dir = "/nowhere" };
static struct store_env env = { .conf = &conf, .now_us = NOW };
static struct err e;

static void
setup(void)
{
	folder_make();
	(void)snprintf(pattern, sizeof(pattern), "%s/*.log", folder);
	(void)snprintf(path, sizeof(path), "%s/a.log", folder);
	decl.paths = (struct conf_list){ paths, 1 };
}

static void
teardown(void)
{
	folder_remove();
}

/* --- logs as no server would write them -------------------------------------------------------- */

static uint64_t state;

static unsigned
chance(unsigned n)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(state >> 33) % n;
}

/* Mostly going forward around the cut-off, sometimes days off. */
static int64_t
some_time(unsigned i)
{
	const int64_t us = CUTOFF + ((int64_t)i - N_LINES / 2) * 60 * 1000000;

	return chance(10) == 0 ? us + ((int64_t)chance(2000) - 1000) * 600 * 1000000 : us;
}

static void
put_clf(struct buf *b, int64_t us)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
		"Aug", "Sep", "Oct", "Nov", "Dec" };
	char iso[28];

	timestamp_format(us, iso);
	buf_printf(b, "%.2s/%s/%.4s:%.8s +0000", iso + 8,
		months[10 * (iso[5] - '0') + iso[6] - '1'], iso, iso + 11);
}

static void
put_iso(struct buf *b, int64_t us)
{
	char iso[28];

	timestamp_format(us, iso);
	buf_printf(b, "%.19sZ", iso);
}

static void
put_line(struct buf *b, unsigned i)
{
	const int64_t us = some_time(i);

	switch (chance(17)) {
	case 14:
	case 15:
		buf_printf(b, "%s", chance(2) ? "" : "abc ");
		put_iso(b, us);
		b->len--; /* its zone */
		buf_printf(b, "%s%s words\n", chance(2) ? "" : ".25",
			chance(3) == 0 ? ""
			: chance(2)    ? "-07:00"
				       : "+09:00");
		return;
	case 16:
		put_iso(b, us);
		buf_str(b, " host app[1]: 192.0.2.1 - - [");
		put_clf(b, some_time(i));
		buf_str(b, "] \"GET /\" 200\n");
		return;
	case 0:
		buf_str(b, "  at a.b.C(c.java:1)\n"); /* belongs to the line before */
		return;
	case 1:
		buf_str(b, "\n");
		return;
	case 2: /* begins like an entry and is none */
		buf_str(b, "192.0.2.1 - - [");
		put_clf(b, us);
		buf_str(b, "] \"GET /\" torn here \"\n");
		return;
	case 3: /* two times in a line */
		buf_str(b, "192.0.2.1 - x [");
		put_clf(b, us);
		buf_str(b, "] \"y [");
		put_clf(b, some_time(i));
		buf_str(b, "] \"GET /\" 200\n");
		return;
	case 4:
		buf_str(b, "192.0.2.1 - - [");
		put_clf(b, us);
		buf_str(b, "] \"GET /\" extended\n");
		return;
	case 5:
		put_iso(b, us);
		buf_str(b, " host app[1]: ");
		put_iso(b, some_time(i));
		buf_str(b, " x\n");
		return;
	case 6:
		put_iso(b, us);
		buf_str(b, " host app[1]: words\n");
		return;
	case 7:
		put_iso(b, us);
		buf_str(b, " no header\r\n");
		return;
	case 8:
		buf_str(b, "192.0.2.1 - - [-] \"GET /\" 200\n");
		return;
	default:
		buf_str(b, "192.0.2.1 - - [");
		put_clf(b, us);
		buf_str(b, "] \"GET /a\" 200\n");
	}
}

static void
write_log(const struct buf *b)
{
	const struct timespec ts = { NOW / 1000000, 0 }, both[2] = { ts, ts };
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, b->p, b->len), (ssize_t)b->len);
	ck_assert_int_eq(futimens(fd, both), 0);
	ck_assert_int_eq(close(fd), 0);
}

/* --- both ways --------------------------------------------------------------------------------- */

static bool
is_before(void *ctx, const struct record *r)
{
	return r->time_us != RECORD_NO_TIME && r->time_us < *(const int64_t *)ctx;
}

static int
see_least(void *ctx, const struct record *r, struct err *err)
{
	(void)err;
	if (r->time_us < *(int64_t *)ctx)
		*(int64_t *)ctx = r->time_us;
	return 0;
}

struct outcome {
	struct plan_step step; /* place: NULL, there was nothing to do */
	int64_t oldest_us;
	struct buf left;
};

static void
outcome_of(const struct selector *which, struct outcome *ret)
{
	CLEANUP(store_freep) struct store *store = NULL;
	struct store_result done;
	struct plan p;
	ssize_t n;
	int fd;

	ck_assert_int_eq(store_open(&env, &decl, &store, &e), 0);
	plan_init(&p);
	ck_assert_int_eq(store_plan(store, which, &p, &e), 0);
	ck_assert_uint_le(p.n, 1);
	if (p.n > 0) {
		ret->step = p.step[0];
		ck_assert_int_eq(store_act(store, &p.step[0], which, &done, &e), 0);
		ck_assert_uint_eq(done.n_erased, ret->step.n_records);
		ck_assert_uint_eq(done.n_stayed, ret->step.n_stay);
	}
	plan_release(&p);
	ret->oldest_us = RECORD_NO_TIME;
	(void)store_oldest(store, NULL, &ret->oldest_us, &e);
	buf_init(&ret->left, 1 << 24);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	for (char block[4096]; (n = read(fd, block, sizeof(block))) > 0;)
		buf_put(&ret->left, block, (size_t)n);
	ck_assert_int_eq(close(fd), 0);
}

/* --- what is passed over for its text ----------------------------------------------------------- */

static uint64_t seen_hash, n_seen;

static bool
has_word(void *ctx, const struct record *r)
{
	(void)ctx;
	return memmem(r->text.p, r->text.len, "7 17", 4) != NULL;
}

static int
see_text(void *ctx, const struct record *r, struct err *err)
{
	(void)ctx;
	(void)err;
	n_seen++;
	seen_hash = seen_hash * 31 + r->offset;
	seen_hash = seen_hash * 31 + r->text.len;
	seen_hash = seen_hash * 31 + (uint64_t)r->time_us;
	return 0;
}

/* The same records, to the byte, whether the driver knows what they have in them or asks each. */
START_TEST(needles_change_nothing)
{
	const struct needle word = { SPAN("7 17"), NEEDLE_ANY };
	CLEANUP(needles_freep) struct needles *needles = NULL;
	struct select_question q = { .record = has_word };
	const struct selector asked = select_ask(&q);
	uint64_t hash, n;
	struct buf text;

	state = (uint64_t)_i;
	decl.format = formats[(unsigned)_i % N_FORMATS].name;
	ck_assert_int_eq(formats_new(&conf, &env.formats, &e), 0);
	ck_assert_int_eq(needles_new(&word, 1, &needles, &e), 0);
	buf_init(&text, 1 << 24);
	for (unsigned i = 0; i < 4 * N_LINES; i++) {
		put_line(&text, i);
		if (chance(40) == 0)
			buf_printf(&text, "%s7 17%s", chance(2) ? "x " : "", chance(3) ? "\n" : "");
	}
	write_log(&text);
	for (int with = 0; with < 2; with++) {
		CLEANUP(store_freep) struct store *store = NULL;

		hash = seen_hash;
		n = n_seen;
		seen_hash = n_seen = 0;
		q.needles = with ? needles : NULL;
		ck_assert_int_eq(store_open(&env, &decl, &store, &e), 0);
		ck_assert_int_eq(store_scan(store, &asked, see_text, NULL, &e), 0);
	}
	ck_assert_uint_gt(n, 10);
	ck_assert_uint_eq(n_seen, n);
	ck_assert_uint_eq(seen_hash, hash);
	buf_release(&text);
	env.formats = formats_free(env.formats);
}
END_TEST

START_TEST(glance_changes_nothing)
{
	const int64_t cutoff = CUTOFF;
	const struct select_question q = { .ctx = (void *)&cutoff, .record = is_before };
	const struct selector by_time = select_before(CUTOFF), asked = select_ask(&q),
			      all = select_since(INT64_MIN + 1);
	CLEANUP(store_freep) struct store *store = NULL;
	struct outcome fast = { 0 }, slow = { 0 };
	struct buf text;
	int64_t least = INT64_MAX;

	state = (uint64_t)_i;
	decl.format = formats[(unsigned)_i % N_FORMATS].name;
	ck_assert_int_eq(formats_new(&conf, &env.formats, &e), 0);
	buf_init(&text, 1 << 24);
	for (unsigned i = 0; i < N_LINES; i++)
		put_line(&text, i);
	if (_i % 3 == 0)
		buf_str(&text, "torn");
	write_log(&text);
	outcome_of(&by_time, &fast);
	write_log(&text);
	outcome_of(&asked, &slow);
	ck_assert_uint_gt(slow.step.n_records, 0);
	ck_assert_uint_eq(fast.step.n_records, slow.step.n_records);
	ck_assert_uint_eq(fast.step.bytes, slow.step.bytes);
	ck_assert_int_eq(fast.step.oldest_us, slow.step.oldest_us);
	ck_assert_int_eq(fast.step.newest_us, slow.step.newest_us);
	ck_assert_uint_eq(fast.left.len, slow.left.len);
	ck_assert_mem_eq(fast.left.p, slow.left.p, slow.left.len);
	ck_assert_int_eq(store_open(&env, &decl, &store, &e), 0);
	ck_assert_int_eq(store_scan(store, &all, see_least, &least, &e), 0);
	ck_assert_int_eq(fast.oldest_us, least);
	buf_release(&text);
	buf_release(&fast.left);
	buf_release(&slow.left);
	env.formats = formats_free(env.formats);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("textlog_pass");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, glance_changes_nothing, 0, 55);
	tcase_add_loop_test(t, needles_change_nothing, 0, 33);
	suite_add_tcase(s, t);
	return suite_run(s);
}
