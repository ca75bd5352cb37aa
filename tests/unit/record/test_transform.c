/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <malloc.h>

#include "record/format/escape.h"
#include "transform_setup.h"

static const struct pair classes[] = {
	{ "404", "4xx" },
	{ "200", "2xx" },
	{ "5xx", "5xx" },
	{ "099", "-" },
	{ "0", "-" },
	{ "40", "-" },
	{ "4040", "-" },
	{ "4x4", "-" },
	{ "anna", "-" },
	{ "xxx", "-" },
	{ "-", "-" },
	{ "", "-" },
};

START_TEST(class_leaves_the_first_digit)
{
	struct conf_reduce d = reduce_to("class");

	CHECK_ALL(&d, classes);
}
END_TEST

static const struct pair phones[] = {
	{ "+4915112345678", "***5678" },
	{ "%2B4915112345678", "***5678" },
	{ "0049 151 12345678", "***5678" },
	{ "(0151) 123-45.67/8", "***5678" },
	{ "tel:+4915112345678", "***5678" },
	{ "sip:+4915112345678@sip.example.net:5060", "***5678" },
	{ "sip:%2B4915112345678;user=phone", "***5678" },
	{ "1234567", "***4567" },
	{ "123456", "-" },
	{ "70248", "-" },
	{ "anonymous", "-" },
	{ "sip:anna@example.org", "-" },
	{ "w_soq1lxb6makb", "-" },
	{ "49+15112345678", "-" },
	{ "+", "-" },
	{ "***5678", "***5678" },
	{ "***56789", "-" },
	{ "203.0.113.77", "-" },
	{ "030.12.34.56", "***3456" },
	{ "%2B4915112345678", "***5678" },
	{ "+4915112345678 anna", "-" },
	{ "sip:anna@a.example", "-" },
	{ "***567", "-" },
	{ "12345678901234567890123456789012345678901234567890123456789012345", "-" },
	{ "-", "-" },
	{ "", "-" },
};

START_TEST(last4_leaves_four_digits_of_seven_and_more)
{
	static const struct pair two[] = { { "+4915112345678", "***78" }, { "12345", "***45" },
		{ "1234", "-" } };
	struct conf_reduce d = reduce_to("last4");

	CHECK_ALL(&d, phones);
	d.digits = 2;
	CHECK_ALL(&d, two);
}
END_TEST

START_TEST(coarse_time_keeps_the_shape)
{
	static const struct pair hours[] = {
		{ "24/Nov/2026:01:40:29 +0000", "24/Nov/2026:01:00:00 +0000" },
		{ "2026-11-24T01:40:29.123Z", "2026-11-24T01:00:00.000Z" },
		{ "yesterday", "-" },
		{ "24/Nov/2026:01:40:29 +0000 and a text that is longer than any time can be",
			"-" },
		{ "-", "-" },
	};
	static const struct pair quarters[] = {
		{ "24/Nov/2026:01:40:29 +0000", "24/Nov/2026:01:30:00 +0000" },
	};
	struct conf_reduce d = reduce_to("coarse-time");

	CHECK_ALL(&d, hours);
	d.interval = "15min";
	CHECK_ALL(&d, quarters);
}
END_TEST

START_TEST(keep_keeps_every_byte)
{
	struct conf_reduce d = reduce_to("keep");
	struct work w = { 0 };
	static const char all[] = "a\001\377 \"\\";

	work_begin(&w, &d);
	ck_assert(transform_is_keep(w.transform));
	ck_assert_str_eq(transform_name(w.transform), "keep");
	work_check(&w, span_str(all), all);
	work_end(&w);
}
END_TEST

static const struct pair words[] = {
	{ "info", "info" },
	{ "warn", "warn" },
	{ "Info", "-" },
	{ "inf", "-" },
	{ "information", "-" },
	{ "150 ms", "150 ms" },
	{ "150 ms, anna", "-" },
	{ "x150 ms", "-" },
	{ "-", "-" },
	{ "", "-" },
};

START_TEST(one_of_keeps_what_is_listed)
{
	static const char *values[] = { "warn", "~\\d+ ms", "info", "error" };
	struct conf_reduce d = reduce_to("one-of");

	d.values = (struct conf_list){ values, 4 };
	CHECK_ALL(&d, words);
}
END_TEST

static const struct pair sentences[] = {
	{ "room is full", "room is full" },
	{ "room 7 of anna is full.", "room - is full." },
	{ "anna and bert", "-" },
	{ "anna", "-" },
	{ " room\tis\nfull ", "room is full" },
	{ "[room] \"full\": 'is' (full)!", "[room] \"full\": 'is' (full)!" },
	{ "roomanna room-anna annaroom room_full Room", "-" },
	{ "room=anna is=full", "-" },
	{ "is in 150ms, anna", "is - 150ms, -" },
	{ "- room", "- room" },
	{ "room - -", "room -" },
	{ "=> room", "=> room" },
	{ ".. room", "- room" },
	{ " ", "-" },
	{ "-", "-" },
	{ "", "-" },
};

START_TEST(words_keeps_known_words_alone)
{
	static const char *values[] = { "room is", "~\\d+ms", " full  => " };
	struct conf_reduce d = reduce_to("words");

	d.values = (struct conf_list){ values, 3 };
	CHECK_ALL(&d, sentences);
}
END_TEST

static const struct pair numbers[] = {
	{ "0", "0" },
	{ "-1", "-1" },
	{ "123456789", "123456789" },
	{ "1234567890", "-" },
	{ "5.300000000745058", "5.300000000745058" },
	{ "1e-7", "1e-7" },
	{ "2.5E+10", "2.5E+10" },
	{ "1.", "-" },
	{ ".5", "-" },
	{ "1e", "-" },
	{ "030123456", "-" },
	{ "+49", "-" },
	{ "4915112345678", "-" },
	{ "0.123456789012345678", "-" },
	{ "12 anna", "-" },
	{ "NaN", "-" },
	{ "-", "-" },
	{ "", "-" },
};

START_TEST(number_keeps_no_telephone_number)
{
	struct conf_reduce d = reduce_to("number");

	CHECK_ALL(&d, numbers);
}
END_TEST

START_TEST(flag_keeps_true_and_false)
{
	static const struct pair flags[] = {
		{ "true", "true" },
		{ "false", "false" },
		{ "True", "-" },
		{ "trueanna", "-" },
		{ "1", "-" },
	};
	struct conf_reduce d = reduce_to("flag");

	CHECK_ALL(&d, flags);
}
END_TEST

static void
check_refused(struct conf_reduce d, struct conf_store s)
{
	struct transform *t = NULL;
	struct err e = { 0 };

	ck_assert_int_eq(transform_new(&d, &s, &t, &e), -1);
	ck_assert_int_eq(e.exit, EX_CONFIG);
	ck_assert_msg(strncmp(e.where, "test.conf:1", 11) == 0, "%s", e.where);
	ck_assert_ptr_null(t);
}

START_TEST(what_a_transform_does_not_have_is_refused)
{
	static const char *some[] = { "/x", "nothing", "~(" };
	struct conf_store s = { .where = { "test.conf", 1 }, .name = "test" };
	struct conf_reduce d;

	check_refused(reduce_to("encrypt"), s);
	d = reduce_to("class");
	d.mask = (struct conf_list){ some, 1 };
	check_refused(d, s);
	d = reduce_to("pseudonym");
	d.bits4 = 16;
	check_refused(d, s);
	d = reduce_to("truncate");
	d.bits4 = 33;
	check_refused(d, s);
	d = reduce_to("truncate");
	d.bits6 = 129;
	check_refused(d, s);
	d = reduce_to("last4");
	d.digits = 5;
	check_refused(d, s);
	d = reduce_to("last4");
	d.digits = 0;
	check_refused(d, s);
	d = reduce_to("coarse-time");
	d.interval = "soon";
	check_refused(d, s);
	d = reduce_to("redact");
	d.detect = (struct conf_list){ some + 1, 1 };
	check_refused(d, s);
	d = reduce_to("redact");
	d.segments = 1;
	check_refused(d, s);
	d = reduce_to("one-of");
	check_refused(d, s);
	check_refused(reduce_to("words"), s);
	d.values = (struct conf_list){ some + 2, 1 };
	check_refused(d, s);
	d = reduce_to("keep");
	d.values = (struct conf_list){ some, 1 };
	check_refused(d, s);
	s.keep_networks = (struct conf_list){ some, 1 };
	check_refused(reduce_to("pseudonym"), s);
}
END_TEST

static const struct {
	const char *to, *in;
} busy[] = {
	{ "keep", "some text" },
	{ "pseudonym", "203.0.113.%u, [2001:db8::%u]:443" },
	{ "prefix-pseudonym", "2001:db8:%u::1" },
	{ "pseudonym-id", "183f0bf3-%u" },
	{ "truncate", "203.0.113.%u:80" },
	{ "last4", "+4915112345%u" },
	{ "host-only", "https://%u.example.org:8443/x?y" },
	{ "method+path", "GET /bigbluebutton/api/%u/join?x=y HTTP/1.1" },
	{ "path", "/x/%u/y" },
	{ "browser-family", "Mozilla/5.0 (X11; Linux x86_64; rv:%u.0) Gecko Firefox/%u.0" },
	{ "coarse-time", "24/Nov/2026:01:40:29 +0000" },
	{ "class", "404" },
	{ "redact", "from 203.0.113.%u to anna%u@example.org\033[0m" },
	{ "one-of", "took %u ms" },
	{ "words", "room %u of anna took %u ms" },
	{ "number", "%u.5" },
	{ "flag", "true" },
};

/* The transform of row I, with values where it needs some. */
static struct conf_reduce
reduce_busy(int i)
{
	static const char *values[] = { "x", "~took \\d+ ms" };
	struct conf_reduce d = reduce_to(busy[i].to);

	if (strcmp(d.to, "one-of") == 0 || strcmp(d.to, "words") == 0)
		d.values = (struct conf_list){ values, 2 };
	return d;
}

static size_t
bytes_allocated(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

/* Patterns are those of the table above. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void
apply_many(struct work *w, const char *pattern, unsigned n)
{
	char text[256];
	struct err e = { 0 };

	for (unsigned i = 0; i < n; i++) {
		int len = snprintf(text, sizeof(text), pattern, i % 250, i % 250);

		buf_clear(&w->out);
		ck_assert_int_eq(transform_apply(w->transform, &w->env, span_of(text, (size_t)len),
					 &w->out, &e),
			0);
	}
}
#pragma GCC diagnostic pop

START_TEST(a_hundred_thousand_values_take_no_more_memory_than_a_few)
{
	struct conf_reduce d = reduce_busy(_i);
	struct work w = { 0 };
	size_t before;

	work_begin(&w, &d);
	apply_many(&w, busy[_i].in, 250);
	before = bytes_allocated();
	apply_many(&w, busy[_i].in, 100000);
	ck_assert_uint_eq(bytes_allocated(), before);
	work_end(&w);
}
END_TEST

START_TEST(a_full_buffer_fails_and_nothing_else)
{
	struct conf_reduce d = reduce_busy(_i);

	for (size_t max = 1; max < 40; max++) {
		struct work w = { 0 };
		struct buf small;
		struct err e = { 0 };
		int r;

		work_begin(&w, &d);
		buf_init(&small, max);
		r = transform_apply(w.transform, &w.env, span_str(busy[_i].in), &small, &e);
		ck_assert_int_eq(r, 0);
		ck_assert_int_eq(
			transform_apply(w.transform, &w.env, span_str(busy[_i].in), &w.out, &e), 0);
		ck_assert(small.failed ||
			  span_eq(span_of(small.p, small.len), span_of(w.out.p, w.out.len)));
		buf_release(&small);
		work_end(&w);
	}
}
END_TEST

/* --- what is remembered ----------------------------------------------------------------------- */

static const struct {
	const char *to, *in[4];
} remembered[] = {
	{ "pseudonym",
		{ "203.0.113.7", "2001:db8::7", "203.0.113.7, 2001:db8::7", "[2001:db8::7]:80" } },
	{ "host-only",
		{ "https://bbb.example.org/a", "http://203.0.113.7/b", "https://a.example", "x" } },
	{ "method+path",
		{ "GET /a/b?c=d HTTP/1.1", "GET /a/b HTTP/2.0", "GET /a/b?c HTTP/1", "GET /a" } },
#define LONG_ID "0123456789abcdef0123456789abcdef-1234567890"
	{ "method+path",
		{ "GET /b/" LONG_ID "/c HTTP/1.1", "GET /b/" LONG_ID "9/c?d HTTP/2.0",
			"GET /users/" LONG_ID "/" LONG_ID " HTTP/1.1", "GET /b/" LONG_ID } },
	{ "browser-family",
		{ "Mozilla/5.0 Firefox/128.0", "curl/7.88.1", "-", "Mozilla/5.0 (X11)" } },
};

static const char *const odd[] = { "\\", "\\x2F", "\\/", "\\\"", "\\u0041", "#012", "#", "?", "/",
	" ", " HTTP/1.1", "HTTP\\/1.1", "\\x20", ",", "@", "-", "0", "%2e" };

/* TEXT with something odd in it, or cut off. */
static size_t
make_raw(const char *text, char ret[128])
{
	size_t len = strlen(text), at = (size_t)random() % (len + 1);
	const char *extra = odd[(size_t)random() % (sizeof(odd) / sizeof(odd[0]))];

	switch (random() % 3) {
	case 0:
		return (size_t)snprintf(ret, 128, "%s", text);
	case 1:
		return (size_t)snprintf(ret, 128, "%.*s", (int)at, text);
	default:
		return (size_t)snprintf(ret, 128, "%.*s%s%s", (int)at, text, extra, text + at);
	}
}

/* What is known of a field as it stands in its line is what would come of it the long way. */
START_TEST(what_is_recalled_is_what_is_applied)
{
	struct conf_reduce d = reduce_to(remembered[_i].to);
	struct buf plain, made;
	struct work w = { 0 };
	unsigned n_recalled = 0;

	work_begin(&w, &d);
	buf_init(&plain, 1 << 10);
	buf_init(&made, 1 << 10);
	for (unsigned i = 0; i < 200000; i++) {
		enum conf_escape escape = (enum conf_escape)(i / 4 % (ESCAPE_SD + 1));
		char text[128];
		struct span raw = span_of(text, make_raw(remembered[_i].in[i % 4], text));
		struct transform_env env = w.env;
		struct transform_key key;
		struct err e = { 0 };
		bool known;

		buf_clear(&plain);
		buf_clear(&made);
		buf_clear(&w.out);
		buf_clear(&w.again);
		transform_key(w.transform, &env, raw, &key);
		known = transform_recall(w.transform, &env, &key, &w.again);
		escape_undo(escape, raw, &plain);
		ck_assert_int_eq(transform_apply(w.transform, &w.env, span_of(plain.p, plain.len),
					 &made, &e),
			0);
		if (!known)
			continue;
		n_recalled++;
		escape_redo(escape, span_of(made.p, made.len), &w.out);
		ck_assert_msg(span_eq(span_of(w.again.p, w.again.len), span_of(w.out.p, w.out.len)),
			"%s: recalled %.*s, applied %.*s", text, (int)w.again.len, w.again.p,
			(int)w.out.len, w.out.p);
		ck_assert_mem_eq(env.hits, w.env.hits, sizeof(env.hits));
	}
	ck_assert_uint_gt(n_recalled, 20000);
	buf_release(&plain);
	buf_release(&made);
	work_end(&w);
}
END_TEST

/* Tokens are remembered for all stores together, so those that differ must not take part. */
START_TEST(stores_with_other_tokens_remember_none)
{
	static const char *nets[] = { "203.0.113.0/24" };
	struct conf_reduce d = reduce_to("pseudonym");
	struct work w = { .store = { .keep_networks = { nets, 1 } } };

	work_begin(&w, &d);
	ck_assert(!transform_remembers(w.transform));
	work_end(&w);
	w = (struct work){ .store = { .render_address = true } };
	work_begin(&w, &d);
	ck_assert(!transform_remembers(w.transform));
	work_end(&w);
}
END_TEST

#define N(a) ((int)(sizeof(a) / sizeof(*(a))))

int
main(void)
{
	TCase *t = tcase_create("transform");

	tcase_add_test(t, class_leaves_the_first_digit);
	tcase_add_test(t, last4_leaves_four_digits_of_seven_and_more);
	tcase_add_test(t, coarse_time_keeps_the_shape);
	tcase_add_test(t, keep_keeps_every_byte);
	tcase_add_test(t, one_of_keeps_what_is_listed);
	tcase_add_test(t, words_keeps_known_words_alone);
	tcase_add_test(t, number_keeps_no_telephone_number);
	tcase_add_test(t, flag_keeps_true_and_false);
	tcase_add_test(t, what_a_transform_does_not_have_is_refused);
	tcase_add_loop_test(
		t, a_hundred_thousand_values_take_no_more_memory_than_a_few, 0, N(busy));
	tcase_add_loop_test(t, a_full_buffer_fails_and_nothing_else, 0, N(busy));
	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, what_is_recalled_is_what_is_applied, 0, N(remembered));
	tcase_add_test(t, stores_with_other_tokens_remember_none);
	return run_suite("transform", t);
}
