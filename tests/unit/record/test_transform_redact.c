/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "transform_setup.h"

static const struct pair texts[] = {
	{ "nothing to see here", "nothing to see here" },
	{ "from 203.0.113.7, anna@b.example", "from <203.0.113.7>, [email]" },
	{ "client 203.0.113.7:38822 closed", "client <203.0.113.7>:38822 closed" },
	{ "[2001:DB8::7]:443", "[<2001:db8::7>]:443" },
	{ "smtp:2001:db8::7", "smtp:<2001:db8::7>" },
	{ "::ffff:203.0.113.7", "<203.0.113.7>" },
	{ "SRC=203.0.113.7 DST=198.51.100.2", "SRC=<203.0.113.7> DST=<198.51.100.2>" },
	{ "2001%3Adb8%3A%3A7", "<2001:db8::7>" },
	{ "7.113.0.203.in-addr.arpa", "<203.0.113.7>.in-addr.arpa" },
	{ "203-0-113-78.dip.example.net", "<203.0.113.78>.dip.example.net" },
	{ "call from +4915112345678 ended", "call from [phone] ended" },
	/* one number up to the address, which is seen only when that is gone */
	{ "+490.113452 1 203.0.13.7:80", "[phone] <203.0.13.7>:80" },
	{ "GET /join?sessionToken=zdc8cdw69a1nr7z0&x=1", "GET /join?sessionToken=[token]&x=1" },
	/* what comes to light only beside the placeholder */
	{ "GET /a?token=abc123)", "GET /a?token=[token]" },
	{ "token=abc123&amp;#61;hello", "token=[token]&amp;#61;[token]" },
	{ "6aa3ad04-aa86-34a0-2a50-621e22549eb8", "6aa3ad04-aa86-34a0-2a50-621e22549eb8" },
	{ "nginx 1.22.1, std::string, 10:42:07", "nginx 1.22.1, std::string, 10:42:07" },
	/* control bytes */
	{ "a\033[31mb\r\nc\177d\te", "a [31mb  c d\te" },
	{ "203.0.113.7\033[0m", "<203.0.113.7> [0m" },
	{ "-", "-" },
	{ "", "-" },
};

START_TEST(redact_replaces_what_the_detectors_find)
{
	struct conf_reduce d = reduce_to("redact");

	CHECK_ALL(&d, texts);
}
END_TEST

START_TEST(redact_finds_only_what_it_is_asked_for)
{
	static const char *types[] = { "email", "uuid" };
	static const struct pair pairs[] = {
		{ "203.0.113.7 anna@b.example 6aa3ad04-aa86-34a0-2a50-621e22549eb8",
			"203.0.113.7 [email] [uuid]" },
	};
	struct conf_reduce d = reduce_to("redact");

	d.detect = (struct conf_list){ types, 2 };
	CHECK_ALL(&d, pairs);
}
END_TEST

START_TEST(redact_leaves_networks_that_are_to_stay_readable)
{
	static const char *nets[] = { "10.0.0.0/8" };
	struct conf_reduce d = reduce_to("redact");
	struct work w = { .store.keep_networks = { nets, 1 } };

	work_begin(&w, &d);
	work_check(&w, SPAN("10.1.2.3:80 -> 11.1.2.3:80"), "10.1.2.3:80 -> <11.1.2.3>:80");
	ck_assert_uint_eq(w.env.hits[DETECT_IPV4], 1);
	work_end(&w);
}
END_TEST

/* In a text of any length, at any place. */
START_TEST(redact_makes_each_control_byte_a_blank)
{
	static const char bytes[] = { 0, 1, '\t', '\n', 0x1f, ' ', '~', 0x7f, (char)0x80,
		(char)0xff };
	struct conf_reduce d = reduce_to("redact");
	struct work w = { 0 };
	char in[71], want[72];

	work_begin(&w, &d);
	for (size_t len = 2; len < sizeof(in); len++)
		for (size_t i = 0; i < len * sizeof(bytes); i++) {
			const char c = bytes[i % sizeof(bytes)];

			memset(in, 'x', sizeof(in));
			in[i / sizeof(bytes)] = c;
			memcpy(want, in, len);
			if (((unsigned char)c < ' ' && c != '\t') || c == 0x7f)
				want[i / sizeof(bytes)] = ' ';
			want[len] = '\0';
			work_check(&w, span_of(in, len), want);
		}
	work_end(&w);
}
END_TEST

/* A pseudonym that is an address must not grow together with its neighbours into another. */
START_TEST(redact_renders_addresses_that_a_second_pass_leaves_alone)
{
	static const char *const in[] = { "0%::1)", "203.0.113.7:80", "x:203.0.113.7:x",
		"Token= ::7", "2001:db8::7,203.0.113.7" };
	struct conf_reduce d = reduce_to("redact");

	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++) {
		struct work w = { .store.render_address = true };
		struct err e = { 0 };

		work_begin(&w, &d);
		ck_assert_int_eq(
			transform_apply(w.transform, &w.env, span_str(in[i]), &w.out, &e), 0);
		ck_assert_int_eq(transform_apply(w.transform, &w.env, span_of(w.out.p, w.out.len),
					 &w.again, &e),
			0);
		ck_assert_msg(span_eq(span_of(w.out.p, w.out.len), span_of(w.again.p, w.again.len)),
			"%s", in[i]);
		work_end(&w);
	}
}
END_TEST

START_TEST(redact_counts_by_kind)
{
	struct conf_reduce d = reduce_to("redact");
	struct work w = { 0 };
	struct err e;

	work_begin(&w, &d);
	ck_assert_int_eq(transform_apply(w.transform, &w.env,
				 SPAN("203.0.113.7 2001:db8::1 a@b.example"), &w.out, &e),
		0);
	ck_assert_uint_eq(w.env.hits[DETECT_IPV4], 1);
	ck_assert_uint_eq(w.env.hits[DETECT_IPV6], 1);
	ck_assert_uint_eq(w.env.hits[DETECT_EMAIL], 1);
	work_end(&w);
}
END_TEST

int
main(void)
{
	TCase *t = tcase_create("redact");

	tcase_add_test(t, redact_replaces_what_the_detectors_find);
	tcase_add_test(t, redact_finds_only_what_it_is_asked_for);
	tcase_add_test(t, redact_leaves_networks_that_are_to_stay_readable);
	tcase_add_test(t, redact_renders_addresses_that_a_second_pass_leaves_alone);
	tcase_add_test(t, redact_makes_each_control_byte_a_blank);
	tcase_add_test(t, redact_counts_by_kind);
	return run_suite("transform_redact", t);
}
